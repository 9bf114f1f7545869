import { assert, assertEquals, assertThrows } from "@std/assert";
import fc from "fast-check";
import { anyInt64 } from "../../tests/harness/any_int64.ts";
import { BytesWriter, utf8 } from "../base/bytes.ts";
import { DecodeFault } from "../base/faults.ts";
import { maxInt64 } from "../base/int64.ts";
import { itemAt } from "../base/items.ts";
import { zlibCodecs } from "../runtime/codecs.ts";
import { crcHolds, readBatchHeader } from "./batch.ts";
import { buildBatch } from "./build.ts";
import { compressionTypes, loadCompression } from "./compression.ts";
import { readRecords, writeRecord } from "./record.ts";
import { RecordCursor } from "./record_cursor.ts";
import { deleteHorizonOf, emptyBatch, thinnedBatch, unpackedRecords } from "./thinning.ts";

const bytes = fc.option(fc.uint8Array({ maxLength: 40 }));
const record = fc.record({
  key: bytes,
  value: bytes,
  headers: fc.array(fc.record({ key: fc.string(), value: bytes }), { maxLength: 2 }),
  timestamp: fc.oneof(fc.integer({ min: 0, max: 2 ** 41 }), anyInt64),
});

Deno.test("a thinned batch holds the kept records as they were, horizon or not", async () => {
  for (const compression of compressionTypes) await loadCompression(compression);
  fc.assert(fc.property(
    fc.array(fc.tuple(record, fc.boolean()), { minLength: 1 }),
    fc.constantFrom(...compressionTypes),
    fc.option(fc.integer({ min: 0, max: 2 ** 41 }), { nil: undefined }),
    (chosen, compression, deleteHorizonMs) => {
      const batch = buildBatch(
        { records: chosen.map(([each]) => each), baseOffset: 70, compression, producerId: 4 },
        zlibCodecs,
      );
      const header = readBatchHeader(batch);
      const codecs = zlibCodecs;
      const records = unpackedRecords(batch, { header, codecs });
      const spans: number[] = [];
      const cursor = new RecordCursor(records);
      for (const [, isKept] of chosen) {
        assert(cursor.next());
        if (isKept) spans.push(cursor.start, cursor.end);
      }
      assertEquals(cursor.next(), false);
      const expected = readRecords(batch, { codecs }).filter((_, i) => itemAt(chosen, i)[1]);
      if (expected.length === 0) return;
      const maxTimestamp = expected.map(({ timestamp }) => timestamp).reduce(maxInt64);
      const kept = { records, spans, count: expected.length, maxTimestamp, deleteHorizonMs };
      const thinned = thinnedBatch(header, { kept, codecs });
      assert(crcHolds(thinned));
      assertEquals(readRecords(thinned, { codecs }), expected);
      const now = readBatchHeader(thinned);
      assertEquals(deleteHorizonOf(now), deleteHorizonMs);
      assertEquals([now.baseOffset, now.lastOffset], [header.baseOffset, header.lastOffset]);
    },
  ));
});

Deno.test("an empty batch keeps offsets, producer and flags", () => {
  const records = [{ value: utf8("a"), timestamp: 5 }, { value: utf8("b"), timestamp: 9 }];
  const producer = { producerId: 7, producerEpoch: 1, baseSequence: 3, isTransactional: true };
  const batch = buildBatch(
    { records, baseOffset: 40, compression: "gzip", ...producer },
    zlibCodecs,
  );
  const empty = emptyBatch(readBatchHeader(batch));
  assert(crcHolds(empty));
  assertEquals(readRecords(empty), []);
  const { baseOffset, lastOffset, maxTimestamp, recordCount, ...header } = readBatchHeader(empty);
  assertEquals([baseOffset, lastOffset, maxTimestamp, recordCount], [40, 41, 9, 0]);
  assertEquals([header.producerId, header.producerEpoch, header.baseSequence], [7, 1, 3]);
  assertEquals([header.isTransactional, header.isControl, header.attributes & 7], [true, false, 0]);
});

Deno.test("a cursor over bytes that were cut or changed throws DecodeFault or steps on", () => {
  const writer = new BytesWriter();
  const body = { key: utf8("key"), value: utf8("value") };
  for (let i = 0; i < 3; i++) writeRecord(writer, { body, timestampDelta: i, offsetDelta: i });
  const whole = writer.finish();
  const walk = (some: Uint8Array) => {
    const cursor = new RecordCursor(some);
    while (cursor.next()) assert(cursor.end <= some.length);
  };
  walk(whole);
  for (let length = 1; length < whole.length; length++) {
    if (length % (whole.length / 3) === 0) continue;
    assertThrows(() => walk(whole.subarray(0, length)), DecodeFault);
  }
  fc.assert(fc.property(fc.uint8Array({ maxLength: 60 }), (some) => {
    try {
      walk(some);
    } catch (error) {
      assert(error instanceof DecodeFault);
    }
  }));
});
