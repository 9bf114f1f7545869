import { assertEquals } from "@std/assert";
import fc from "fast-check";
import { BytesWriter, utf8 } from "../base/bytes.ts";
import { toInt64 } from "../base/int64.ts";
import { RecordStream } from "./record_stream.ts";
import { type RecordRules, walkRecords } from "./record_walk.ts";
import { writeRecord } from "./record.ts";
import type { RecordError } from "./validation.ts";

const rules: RecordRules = { keysRequired: true, timestampMin: 900, timestampMax: 1100 };

function packed(records: readonly Parameters<typeof writeRecord>[1][]): Uint8Array {
  const writer = new BytesWriter(1024);
  for (const record of records) writeRecord(writer, record);
  return writer.finish().slice();
}

/** What the stream and the walk in one go make of the same bytes. */
function bothWays(bytes: Uint8Array, o: { recordCount: number; cuts: readonly number[] }) {
  const common = { recordCount: o.recordCount, baseTimestamp: 1000, rules };
  const errors = { whole: [] as RecordError[], streamed: [] as RecordError[] };
  const whole = walkRecords(bytes, { ...common, start: 0, errors: errors.whole });
  const stream = new RecordStream({ ...common, errors: errors.streamed });
  let wrong: string | undefined;
  const ends = [...o.cuts.map((cut) => cut % (bytes.length + 1)).sort((a, b) => a - b)];
  let start = 0;
  for (const end of [...ends, bytes.length]) {
    wrong ??= stream.push(bytes.subarray(start, end));
    start = end;
  }
  return { whole, streamed: wrong ?? stream.end(), errors };
}

const bytesOf = fc.option(fc.uint8Array({ maxLength: 300 }));
const recordOf = fc.record({
  timestampDelta: fc.oneof(
    fc.integer({ min: -200, max: 200 }),
    fc.maxSafeInteger(),
    fc.bigInt({ min: -(2n ** 63n), max: 2n ** 63n - 1n }).map(toInt64),
  ),
  body: fc.record({
    key: bytesOf,
    value: bytesOf,
    headers: fc.array(fc.record({ key: fc.string({ maxLength: 9 }), value: bytesOf })),
  }),
});

Deno.test("records that come in chunks are judged as in one go, wherever they are cut", () => {
  const property = fc.property(
    fc.array(recordOf, { maxLength: 20 }),
    fc.array(fc.nat(), { maxLength: 30 }),
    fc.constantFrom(0, 1, 7),
    (records, cuts, shift) => {
      const bytes = packed(records.map((record, i) => ({ ...record, offsetDelta: i + shift })));
      const { whole, streamed, errors } = bothWays(bytes, { recordCount: records.length, cuts });
      assertEquals(streamed, whole);
      assertEquals(errors.streamed, errors.whole);
    },
  );
  fc.assert(property, { numRuns: 500 });
});

Deno.test("what is refused in one go is refused in chunks", () => {
  const property = fc.property(
    fc.array(recordOf, { minLength: 1, maxLength: 6 }),
    fc.array(fc.nat(), { maxLength: 20 }),
    fc.record({ at: fc.nat(), byte: fc.nat(255), cut: fc.nat(3), more: fc.integer({ max: 1 }) }),
    (records, cuts, spoilt) => {
      const bytes = packed(records.map((record, i) => ({ ...record, offsetDelta: i })));
      bytes[spoilt.at % bytes.length] = spoilt.byte;
      const spoiltBytes = bytes.subarray(0, bytes.length - spoilt.cut);
      const recordCount = Math.max(1, records.length + Math.max(-1, spoilt.more));
      const { whole, streamed } = bothWays(spoiltBytes, { recordCount, cuts });
      assertEquals(typeof streamed, typeof whole, `${streamed} instead of ${whole}`);
      if (typeof whole !== "string") assertEquals(streamed, whole);
    },
  );
  fc.assert(property, { numRuns: 2000 });
});

Deno.test("a record of many chunks is stepped over", () => {
  const value = new Uint8Array(1_000_000);
  const bytes = packed([{ timestampDelta: 1, offsetDelta: 0, body: { key: utf8("k"), value } }]);
  const cuts = Array.from({ length: 100 }, (_, i) => i * 9_999);
  const { whole, streamed } = bothWays(bytes, { recordCount: 1, cuts });
  assertEquals(streamed, whole);
  assertEquals(streamed, { maxTimestamp: 1001, consecutive: true, breaksRules: false });
});
