// Our own client against the broker in a process of its own, through stops and kills: what it
// acknowledged is there once, in order; a group shares it, hands over and comes back.

import { assert, assertEquals } from "@std/assert";
import { fromUtf8 } from "../../src/base/bytes.ts";
import { INT64_MAX } from "../../src/base/int64.ts";
import {
  Client,
  committedOffsets,
  type CompressionType,
  Consumer,
  createPartitions,
  createTopic,
  describeCluster,
  describeConfigs,
  describeGroup,
  listGroups,
  listOffsets,
  Producer,
} from "../../src/client/mod.ts";
import { denoRuntime } from "../../src/runtime/deno.ts";
import { BrokerProcess } from "../harness/broker_process.ts";
import { within } from "../harness/deadline.ts";

const runtime = denoRuntime();

function connect(broker: BrokerProcess): Promise<Client> {
  return Client.connect(runtime, { bootstrap: broker.bootstrap });
}

/** Values of the next `count` records. */
async function read(consumer: Consumer, count: number): Promise<string[]> {
  const values: string[] = [];
  const reading = (async () => {
    while (values.length < count) {
      const records = await consumer.poll({ recordsMax: count - values.length });
      for (const { value } of records) values.push(fromUtf8(value!));
    }
  })();
  await within(reading, { ms: 60_000, what: () => `record ${values.length} of ${count}` });
  return values;
}

Deno.test("an idempotent producer sends each record once through kill -9 and SIGTERM", async () => {
  await using broker = await BrokerProcess.start();
  const client = await connect(broker);
  await createTopic(client, { name: "orders", partitions: 2 });
  const producer = new Producer(client, { batchBytes: 4096 });
  const count = 20_000;
  const acknowledged: Promise<unknown>[] = [];
  const outages = new Map([[6000, "kill"], [13_000, "stop"]]);
  for (let i = 0; i < count; i++) {
    acknowledged.push(producer.send({ topic: "orders", partition: i % 2, value: `${i}` }));
    if (i % 100 === 0) await acknowledged[Math.max(0, i - 2000)];
    if (!outages.has(i)) continue;
    if (outages.get(i) === "kill") await broker.kill();
    else await broker.stop();
    await broker.restart();
  }
  const what = () => `every acknowledgement\n${broker.output}`;
  await within(Promise.all(acknowledged), { ms: 60_000, what });
  await producer.close();
  for (const partition of [0, 1]) {
    const consumer = new Consumer(client);
    consumer.assign([{ topic: "orders", partition, at: "earliest" }]);
    const expected = Array.from({ length: count / 2 }, (_, i) => `${2 * i + partition}`);
    assertEquals(await read(consumer, count / 2), expected);
    const [end] = await listOffsets(client, [{ topic: "orders", partition }], { spec: "latest" });
    assertEquals(end.offset, count / 2, "none twice");
    await consumer.close();
  }
  client.close();
});

Deno.test("every codec comes back as it was sent", async () => {
  await using broker = await BrokerProcess.start();
  const client = await connect(broker);
  await createTopic(client, { name: "orders", partitions: 1 });
  const types: CompressionType[] = ["none", "gzip", "snappy", "lz4", "zstd"];
  const sent: string[] = [];
  for (const compression of types) {
    const producer = new Producer(client, { compression });
    const values = Array.from({ length: 500 }, (_, i) => `${compression} ${i} `.repeat(20));
    await Promise.all(values.map((value) => producer.send({ topic: "orders", value })));
    sent.push(...values);
    await producer.close();
  }
  const consumer = new Consumer(client, { autoOffsetReset: "earliest" });
  consumer.assign([{ topic: "orders", partition: 0 }]);
  assertEquals(await read(consumer, sent.length), sent);
  await consumer.close();
  client.close();
});

Deno.test("three share the records through a leave and a join, none is read twice", async () => {
  await using broker = await BrokerProcess.start();
  const client = await connect(broker);
  await createTopic(client, { name: "orders", partitions: 6 });
  const seen = new Map<string, number>();
  const assignments = new Map<Consumer, number>();
  const start = () => {
    const consumer: Consumer = new Consumer(client, {
      groupId: "billing",
      autoOffsetReset: "earliest",
      heartbeatIntervalMs: 100,
      onAssigned: (partitions) => assignments.set(consumer, partitions.length),
    });
    consumer.subscribe(["orders"]);
    const done = (async () => {
      for await (const { partition, offset } of consumer) {
        const at = `${partition}/${offset}`;
        seen.set(at, (seen.get(at) ?? 0) + 1);
      }
    })();
    return { consumer, done };
  };
  const producer = new Producer(client);
  let sent = 0;
  const shared = async (sizes: number[]) => {
    const what = () => `${sizes} partitions each, not ${[...assignments.values()]}`;
    const reached = async () => {
      while ([...assignments.values()].sort().join() !== sizes.join() || seen.size < sent) {
        await producer.send({ topic: "orders", key: `${sent++}`, value: "x" });
      }
    };
    await within(reached(), { ms: 30_000, what });
  };
  const members = [start(), start(), start()];
  await shared([2, 2, 2]);
  await members[0].consumer.close();
  assignments.delete(members[0].consumer);
  await shared([3, 3]);
  members.push(start());
  await shared([2, 2, 2]);
  assertEquals((await describeGroup(client, "billing")).members.length, 3);
  await producer.close();
  const everything = async () => {
    while (seen.size < sent) await runtime.timers.turn();
  };
  await within(everything(), { ms: 30_000, what: () => `${seen.size} of ${sent}` });
  await Promise.all(members.map((each) => each.consumer.close()));
  await Promise.all(members.map((each) => each.done));
  assertEquals([...seen.values()].filter((times) => times > 1).length, 0);
  const resumed = new Consumer(client, { groupId: "billing", autoOffsetReset: "none" });
  resumed.subscribe(["orders"]);
  assertEquals(await resumed.poll({ timeoutMs: 1000 }), [], "all of it was committed");
  await resumed.close();
  client.close();
});

Deno.test("a group comes back to where it was after the broker was killed", async () => {
  await using broker = await BrokerProcess.start();
  const client = await connect(broker);
  await createTopic(client, { name: "orders", partitions: 1 });
  const producer = new Producer(client);
  for (const value of ["a", "b", "c"]) await producer.send({ topic: "orders", value });
  const options = { groupId: "billing", autoOffsetReset: "earliest" } as const;
  const consumer = new Consumer(client, { ...options, heartbeatIntervalMs: 100 });
  consumer.subscribe(["orders"]);
  assertEquals(await read(consumer, 2), ["a", "b"]);
  await consumer.commit();
  await broker.kill();
  await broker.restart();
  await producer.send({ topic: "orders", value: "d" });
  assertEquals(await read(consumer, 2), ["c", "d"], "the same consumer goes on");
  await consumer.close();
  await producer.send({ topic: "orders", value: "e" });
  const next = new Consumer(client, options);
  next.subscribe(["orders"]);
  assertEquals(await read(next, 1), ["e"]);
  assertEquals((await listGroups(client)).map((each) => each.groupId), ["billing"]);
  await next.close();
  await producer.close();
  client.close();
});

Deno.test("a group takes up partitions that a topic gains", async () => {
  await using broker = await BrokerProcess.start();
  const client = await Client.connect(runtime, {
    bootstrap: broker.bootstrap,
    metadataAgeMsMax: 100,
  });
  await createTopic(client, { name: "orders", partitions: 1 });
  const grown = Promise.withResolvers<void>();
  const consumer = new Consumer(client, {
    groupId: "billing",
    heartbeatIntervalMs: 100,
    onAssigned: (partitions) => partitions.length === 3 && grown.resolve(),
  });
  consumer.subscribe(["orders"]);
  await consumer.poll();
  await createPartitions(client, { topic: "orders", count: 3 });
  let isOpen = true;
  const polling = (async () => {
    while (isOpen) await consumer.poll({ timeoutMs: 100 });
  })();
  await within(grown.promise, { ms: 30_000, what: () => "three partitions" });
  isOpen = false;
  await polling;
  await consumer.close();
  client.close();
});

Deno.test("records are found by time, and a position may be set", async () => {
  await using broker = await BrokerProcess.start();
  const client = await connect(broker);
  await createTopic(client, { name: "orders", partitions: 1 });
  const producer = new Producer(client);
  for (const second of [1, 2, 3]) {
    await producer.send({ topic: "orders", value: `${second}`, timestamp: second * 1000 });
  }
  const at = { topic: "orders", partition: 0 };
  const found = async (timestampMs: number) =>
    (await listOffsets(client, [at], { spec: { timestampMs } }))[0].offset;
  assertEquals([await found(0), await found(1500), await found(9000)], [0, 1, -1]);
  const consumer = new Consumer(client);
  consumer.assign([{ ...at, at: { timestampMs: 1500 } }]);
  assertEquals(await read(consumer, 2), ["2", "3"]);
  consumer.seek({ ...at, offset: 0 });
  assertEquals(await read(consumer, 1), ["1"]);
  assertEquals([consumer.position(at), consumer.highWatermark(at)], [1, 3]);
  await consumer.close();
  await producer.close();
  client.close();
});

Deno.test("the cluster and its configuration are described", async () => {
  await using broker = await BrokerProcess.start();
  const client = await connect(broker);
  const cluster = await describeCluster(client);
  const [node] = cluster.brokers;
  assertEquals([cluster.brokers.length, node.host, node.port], [1, broker.host, broker.port]);
  await createTopic(client, { name: "orders", configs: { "retention.ms": "1000" } });
  const names = ["retention.ms", "segment.bytes"];
  const configs = await describeConfigs(client, { topic: "orders" }, { names });
  assertEquals(configs.map(({ name, source }) => [name, source]), [
    ["retention.ms", "topic"],
    ["segment.bytes", "default"],
  ]);
  assert((await describeConfigs(client, { broker: node.id })).length > 50);
  client.close();
});

Deno.test("offsets and times of any 64 bits go through the client exactly", async () => {
  await using broker = await BrokerProcess.start();
  const client = await connect(broker);
  const configs = { "message.timestamp.after.max.ms": `${INT64_MAX}` };
  await createTopic(client, { name: "orders", partitions: 1, configs });
  const at = { topic: "orders", partition: 0 };
  const nanoseconds = 1_700_000_000_000_000_001n;
  const producer = new Producer(client);
  for (const timestamp of [5, nanoseconds, INT64_MAX]) {
    const sent = await producer.send({ ...at, value: `${timestamp}`, timestamp });
    assertEquals(sent.timestamp, timestamp);
  }
  await producer.close();

  const consumer = new Consumer(client, { groupId: "readers", autoOffsetReset: "earliest" });
  consumer.assign([{ ...at, at: { timestampMs: nanoseconds } }]);
  const seen = [];
  while (seen.length < 2) seen.push(...await consumer.poll());
  assertEquals(seen.map(({ timestamp }) => timestamp), [nanoseconds, INT64_MAX]);
  const [late] = await listOffsets(client, [at], { spec: { timestampMs: INT64_MAX } });
  assertEquals([late.offset, late.timestampMs], [2, INT64_MAX]);
  const [none] = await listOffsets(client, [at], { spec: { timestampMs: 2n ** 62n + 1n } });
  assertEquals(none.offset, 2);

  // No such offset: it begins again where it is told to.
  consumer.seek({ ...at, offset: INT64_MAX });
  assertEquals(consumer.position(at), INT64_MAX);
  assertEquals(await read(consumer, 1), ["5"]);

  for (const offset of [INT64_MAX, 2n ** 53n + 1n]) {
    await consumer.commit([{ ...at, offset }]);
    const [committed] = await committedOffsets(client, "readers", { partitions: [at] });
    assertEquals(committed.offset, offset);
  }
  await consumer.close();
  client.close();
});
