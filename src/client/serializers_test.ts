import { assertEquals, assertRejects } from "@std/assert";
import { fromUtf8, utf8 } from "../base/bytes.ts";
import type { ConsumerRecord } from "./consumer/partition_reader.ts";
import type { ProducerRecord } from "./producer/producer_record.ts";
import { decoded, json, type Serializer, text, typed } from "./serializers.ts";

interface Order {
  readonly id: number;
  readonly paid: boolean;
}

Deno.test("values go out as bytes and come back as values, null as null", async () => {
  const sent: ProducerRecord[] = [];
  const send = (record: ProducerRecord) => {
    sent.push(record);
    return Promise.resolve({ topic: "orders", partition: 0, offset: 0, timestamp: 0 });
  };
  const orders = typed({ send }, { key: text, value: json<Order>() });
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
  const sent: ProducerRecord[] = [];
  const send = (record: ProducerRecord) => {
    sent.push(record);
    return Promise.resolve({ topic: "orders", partition: 0, offset: 0, timestamp: 0 });
  };
  const numbers = typed({ send }, { value: slow });
  await numbers.send({ topic: "orders", key: "as it is", value: 42 });
  const [record] = sent as [ProducerRecord];
  assertEquals([record.key, fromUtf8(record.value as Uint8Array)], ["as it is", "42"]);
  const wrong = () => numbers.send({ topic: "orders", value: -1 });
  await assertRejects(wrong, RangeError, "no schema");
  assertEquals([sent.length, told], [1, ["orders value", "orders value"]]);
});
