import { assertEquals } from "@std/assert";
import { fromUtf8, utf8 } from "../../base/bytes.ts";
import type { ConsumerRecord } from "./partition_reader.ts";
import { contentOf, type ProducerRecord } from "../producer/producer_record.ts";
import { byHeaders, deadLetters } from "./record_handling.ts";

function recordOf(...headers: [string, string | null][]): ConsumerRecord {
  return {
    topic: "orders",
    partition: 2,
    offset: 40,
    timestamp: 1000,
    key: utf8("7"),
    value: null,
    headers: headers.map(([key, value]) => ({ key, value: value === null ? null : utf8(value) })),
  };
}

Deno.test("records are told apart by text, expression or a look at a header's bytes", () => {
  const isWanted = byHeaders({
    kind: "paid",
    trace: /^[0-9a-f]+$/,
    note: (bytes) => bytes === null,
  });
  assertEquals(isWanted(recordOf(["kind", "paid"], ["trace", "00ff"], ["note", null])), true);
  assertEquals(isWanted(recordOf(["kind", "open"], ["trace", "00ff"], ["note", null])), false);
  assertEquals(isWanted(recordOf(["kind", "paid"], ["note", null])), false);
  const last = byHeaders({ kind: "paid" });
  assertEquals(last(recordOf(["kind", "paid"], ["kind", "open"])), false);
  assertEquals(last(recordOf(["kind", null])), false);
});

Deno.test("a record that was put aside says where it was and what went wrong", async () => {
  const sent: ProducerRecord[] = [];
  const sink = { send: (record: ProducerRecord) => Promise.resolve(sent.push(record)) };
  const putAside = deadLetters(sink, { topic: ({ topic }) => `${topic}.failed` });
  await putAside(recordOf(["kind", "paid"]), new TypeError("no such customer"));
  const [record] = sent as [ProducerRecord];
  assertEquals([record.topic, record.timestamp], ["orders.failed", 1000]);
  const { key, value, headers } = contentOf(record);
  assertEquals([fromUtf8(key!), value], ["7", null]);
  assertEquals(headers.map(({ key, value }) => [key, fromUtf8(value!)]), [
    ["kind", "paid"],
    ["__connect.errors.topic", "orders"],
    ["__connect.errors.partition", "2"],
    ["__connect.errors.offset", "40"],
    ["__connect.errors.exception.class.name", "TypeError"],
    ["__connect.errors.exception.message", "no such customer"],
  ]);
});
