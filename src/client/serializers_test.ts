import { assertEquals, assertRejects } from "@std/assert";
import { fromUtf8, utf8 } from "../base/bytes.ts";
import type { ConsumerRecord } from "./consumer/partition_reader.ts";
import type { ProducerRecord } from "./producer/producer_record.ts";
import { type ByteSink, decoded, json, type Serializer, text, typed } from "./serializers.ts";

interface Order {
  readonly id: number;
  readonly paid: boolean;
}

/** A sink that keeps what it is given, one at a time and in lists. */
function keeping() {
  const sent: ProducerRecord[] = [];
  const put = { topic: "orders", partition: 0, offset: 0, timestamp: 0 };
  const send = (given: ProducerRecord | readonly ProducerRecord[]) => {
    const records = Array.isArray(given) ? given : [given];
    sent.push(...records);
    return Promise.resolve(Array.isArray(given) ? records.map(() => put) : put);
  };
  return { sent, sink: { send } as ByteSink };
}

Deno.test("values go out as bytes and come back as values, null as null", async () => {
  const { sent, sink } = keeping();
  const orders = typed(sink, { key: text, value: json<Order>() });
  await orders.send({ topic: "orders", key: "7", value: { id: 7, paid: true }, partition: 1 });
  await orders.send({ topic: "orders", key: "7", value: null });
  assertEquals(sent.map(({ partition }) => partition), [1, undefined]);
  assertEquals(fromUtf8(sent[0]!.value as Uint8Array), '{"id":7,"paid":true}');
  assertEquals(sent[1]!.value, null);

  async function* received(): AsyncGenerator<ConsumerRecord> {
    for (const [offset, { key, value }] of sent.entries()) {
      const parts = { key: key as Uint8Array, value: value as Uint8Array | null };
      yield { topic: "orders", partition: 0, offset, timestamp: 0, headers: [], ...parts };
    }
  }
  const values: unknown[] = [];
  const parts = { key: text, value: json<Order>() };
  for await (const { key, value } of decoded(received(), parts)) {
    values.push([key, value?.paid]);
  }
  assertEquals(values, [["7", true], ["7", undefined]]);
});

Deno.test("a serializer is told where the value is, may take time, and may refuse", async () => {
  const told: string[] = [];
  const slow: Serializer<number> = {
    async serialize(value, { topic, part }) {
      told.push(`${topic} ${part}`);
      await Promise.resolve();
      if (value < 0) throw new RangeError("no schema for this");
      return utf8(`${value}`);
    },
    deserialize: (bytes) => Number(fromUtf8(bytes)),
  };
  const { sent, sink } = keeping();
  const numbers = typed(sink, { value: slow });
  await numbers.send({ topic: "orders", key: "as it is", value: 42 });
  const [record] = sent as [ProducerRecord];
  assertEquals([record.key, fromUtf8(record.value as Uint8Array)], ["as it is", "42"]);
  const wrong = () => numbers.send({ topic: "orders", value: -1 });
  await assertRejects(wrong, RangeError, "no schema");
  assertEquals([sent.length, told], [1, ["orders value", "orders value"]]);
});

Deno.test("values keep the order of the calls, one at a time and in lists", async () => {
  const { sent, sink } = keeping();
  const orders = typed(sink, { value: json<number>() });
  const topic = "orders";
  const all = [
    orders.send({ topic, value: 1 }),
    orders.send([{ topic, value: 2 }, { topic, value: 3 }]),
    orders.send({ topic, value: 4 }),
  ];
  const [, two] = await Promise.all(all);
  assertEquals((two as unknown[]).length, 2);
  assertEquals(sent.map(({ value }) => fromUtf8(value as Uint8Array)), ["1", "2", "3", "4"]);
});

Deno.test("of a list that cannot be serialized or is given up nothing is sent", async () => {
  const { sent, sink } = keeping();
  const never: Serializer<number> = {
    serialize: (value) => value > 0 ? new Promise(() => {}) : Promise.reject(new RangeError("no")),
    deserialize: Number,
  };
  const numbers = typed(sink, { value: never });
  const topic = "orders";
  const wrong = numbers.send([{ topic, value: 1 }, { topic, value: -1 }]);
  await assertRejects(() => wrong, RangeError, "no");
  const stop = new AbortController();
  const waiting = numbers.send({ topic, value: 1 }, { signal: stop.signal });
  stop.abort(new Error("enough"));
  await assertRejects(() => waiting, Error, "enough");
  assertEquals(sent, []);
});
