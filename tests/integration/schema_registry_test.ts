// Values whose schemas a registry has: the bytes on the wire, what the registry is asked and how
// often, and what becomes of refusals. The registry is a small one of our own, over HTTP.

import { assertEquals, assertRejects, assertThrows } from "@std/assert";
import {
  type Cluster,
  connect,
  decoded,
  registered,
  type SchemaCodec,
  schemaRegistry,
  SchemaRegistryFault,
  typed,
  UsageFault,
} from "../../client.ts";
import { Broker } from "../../testing.ts";
import { FakeRegistry } from "../harness/fake_registry.ts";

interface Order {
  readonly id: number;
}

const schema = JSON.stringify({ type: "record", name: "Order", fields: [] });

/** In place of an Avro library: JSON, and which schema it was written by. */
function codec(of: Partial<SchemaCodec<Order>> = {}): SchemaCodec<Order> & { writers: string[] } {
  const writers: string[] = [];
  return {
    type: "AVRO",
    schema,
    encode: ({ id }) => new TextEncoder().encode(`${id}`),
    decode(content, writer) {
      writers.push(`${writer.id} ${writer.type} ${writer.messageIndexes}`);
      return { id: Number(new TextDecoder().decode(content)) };
    },
    ...of,
    writers,
  };
}

async function withOrders(run: (cluster: Cluster, broker: Broker) => Promise<void>): Promise<void> {
  await using broker = await Broker.start({ topics: { orders: {} } });
  await using cluster = await connect({ bootstrap: broker.bootstrap });
  await run(cluster, broker);
}

Deno.test("values go out with the id of their schema, and are read by it", async () => {
  await using fake = new FakeRegistry();
  await withOrders(async (cluster, broker) => {
    const login = { user: "shop", password: "secret" };
    const value = registered(schemaRegistry({ url: `${fake.url}/`, login }), codec());
    const orders = typed(cluster.producer(), { value });
    await Promise.all([1, 2, 3].map((id) => orders.send({ topic: "orders", value: { id } })));
    await orders.send({ topic: "orders", value: null });
    const [first] = await broker.records("orders");
    assertEquals(first!.value!.slice(0, 5), "\0\0\0\0\x01");

    const reading = codec();
    const consumer = cluster.consumer({ autoOffsetReset: "earliest" });
    consumer.assign([{ topic: "orders", partition: 0 }]);
    const ids: (number | undefined)[] = [];
    const registry = schemaRegistry({ url: fake.url, token: "abc" });
    for await (const { value } of decoded(consumer, { value: registered(registry, reading) })) {
      ids.push(value?.id);
      if (ids.length === 4) break;
    }
    assertEquals(ids.sort(), [1, 2, 3, undefined]);
    assertEquals(reading.writers, Array(3).fill("1 AVRO 0"));
    assertEquals((await registry.latest("orders-value")).schema, schema);
  });
  assertEquals(fake.asked, [
    `POST /subjects/orders-value/versions Basic ${btoa("shop:secret")}`,
    "GET /schemas/ids/1 Bearer abc",
    "GET /subjects/orders-value/versions/latest Bearer abc",
  ]);
});

Deno.test("bytes of Protobuf say which message of the schema they are", async () => {
  await using fake = new FakeRegistry();
  const registry = schemaRegistry({ url: fake.url });
  const at = { topic: "orders", part: "value" } as const;
  const first = registered(registry, codec({ type: "PROTOBUF" }));
  const nested = codec({ type: "PROTOBUF", messageIndexes: [1, 0] });
  const other = registered(registry, nested);
  assertEquals([...await first.serialize({ id: 7 }, at)], [0, 0, 0, 0, 1, 0, 55]);
  const bytes = await other.serialize({ id: 7 }, at);
  assertEquals([...bytes], [0, 0, 0, 0, 1, 4, 2, 0, 55]);
  assertEquals(await other.deserialize(bytes, at), { id: 7 });
  assertEquals(nested.writers, ["1 PROTOBUF 1,0"]);
});

Deno.test("what the registry refuses is told, and asked again the next time", async () => {
  await using fake = new FakeRegistry();
  const registry = schemaRegistry({ url: fake.url });
  const at = { topic: "orders", part: "key" } as const;
  const strict = registered(registry, codec(), { registers: false, subject: () => "any" });
  const refused = await assertRejects(
    async () => await strict.serialize({ id: 1 }, at),
    SchemaRegistryFault,
    "the schema registry answers subjects/any with status 404: not found",
  );
  assertEquals([refused.errorCode, refused.isRetriable, refused.code], [
    40403,
    false,
    "SCHEMA_REGISTRY",
  ]);
  fake.trouble = 503;
  const troubled = await assertRejects(() => registry.schema(1), SchemaRegistryFault);
  assertEquals([troubled.status, troubled.isRetriable], [503, true]);
  fake.trouble = undefined;
  assertEquals(await registry.idOf("any", codec(), { registers: true }), 1);
  assertEquals((await registry.schema(1)).schema, schema);
  const noSchema = async () => await strict.deserialize(new Uint8Array([1, 2]), at);
  await assertRejects(noSchema, Error, "a key of orders names no schema of a registry");
  assertThrows(() => schemaRegistry({ url: "registry:8081" }), UsageFault);
});

Deno.test("no more schemas are kept than may be, and those that were used last", async () => {
  await using fake = new FakeRegistry();
  const registry = schemaRegistry({ url: fake.url, schemasMax: 2 });
  for (const subject of ["a", "b", "c"]) {
    await registry.idOf(subject, { type: "AVRO", schema: subject }, { registers: true });
  }
  fake.asked.length = 0;
  for (const id of [1, 2, 1, 3, 1, 2]) await registry.schema(id);
  assertEquals(fake.asked, [1, 2, 3, 2].map((id) => `GET /schemas/ids/${id}`));
});
