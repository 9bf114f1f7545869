import { assert, assertEquals, assertThrows } from "@std/assert";
import fc from "fast-check";
import { anyInt64 } from "../../tests/harness/any_int64.ts";
import { concatBytes, utf8 } from "../base/bytes.ts";
import { DecodeFault } from "../base/faults.ts";
import { firstOf, itemAt } from "../base/items.ts";
import {
  anyProduceRules,
  buildBatch,
  buildEndTransactionMarker,
  checkProducePayload,
  type CompressionType,
  compressionTypes,
  ControlType,
  crcHolds,
  loadCompression,
  readAllRecords,
  readBatchHeader,
  readControlRecord,
  readRecords,
  stampLogAppendTime,
} from "./mod.ts";
import { zlibCodecs as codecs } from "../runtime/codecs.ts";

for (const type of compressionTypes) await loadCompression(type);

Deno.test("a batch reads back as it was built", () => {
  const batch = buildBatch({
    baseOffset: 7,
    records: [
      { key: utf8("k"), value: utf8("v"), timestamp: 1000 },
      { key: null, value: null, timestamp: 990, headers: [{ key: "h", value: null }] },
    ],
  });
  const header = readBatchHeader(batch);
  assertEquals(
    [header.baseOffset, header.lastOffset, header.recordCount, header.sizeBytes],
    [7, 8, 2, batch.length],
  );
  assertEquals([header.baseTimestamp, header.maxTimestamp], [1000, 1000]);
  const records = readRecords(batch);
  assertEquals(records.map((r) => [r.offset, r.timestamp]), [[7, 1000], [8, 990]]);
  assertEquals(firstOf(records).value, utf8("v"));
  assertEquals(itemAt(records, 1).headers, [{ key: "h", value: null }]);
});

Deno.test("any records survive a round trip in every compression", () => {
  const bytes = fc.option(fc.uint8Array({ maxLength: 300 }), { nil: null });
  const record = fc.record({
    key: bytes,
    value: bytes,
    timestamp: fc.oneof(fc.integer({ min: 0, max: 4e12 }), anyInt64),
    headers: fc.array(fc.record({ key: fc.string(), value: bytes }), { maxLength: 3 }),
  });
  fc.assert(fc.property(
    fc.array(record, { minLength: 1, maxLength: 20 }),
    fc.constantFrom<CompressionType>(...compressionTypes),
    fc.nat(),
    (records, compression, baseOffset) => {
      const sent = buildBatch({ records, compression }, codecs);
      assertEquals("header" in checkProducePayload(sent, { ...anyProduceRules, codecs }), true);
      const batch = buildBatch({ records, compression, baseOffset }, codecs);
      const read = readRecords(batch, { codecs });
      assertEquals(read, records.map((r, i) => ({ ...r, offset: baseOffset + i })));
    },
  ));
});

Deno.test("several batches read in order and a cut one at the end is left out", () => {
  const first = buildBatch({ records: [{ value: utf8("a"), timestamp: 1 }] });
  const second = buildBatch({ records: [{ value: utf8("b"), timestamp: 2 }], baseOffset: 1 });
  const bytes = concatBytes([first, second, second.subarray(0, 65)]);
  assertEquals(readAllRecords(bytes).map((r) => r.offset), [0, 1]);
});

Deno.test("log append time replaces the records' own and renews the checksum", () => {
  const batch = buildBatch({ records: [{ timestamp: 5 }, { timestamp: 6 }] });
  stampLogAppendTime(batch, { position: 0, timestampMs: 99 });
  assert(crcHolds(batch));
  assertEquals(readRecords(batch).map((r) => r.timestamp), [99, 99]);
});

Deno.test("a payload that lies about itself is refused with Kafka's code", () => {
  const good = buildBatch({ records: [{ key: utf8("k"), value: utf8("v"), timestamp: 5 }] });
  const codeOf = (bytes: Uint8Array, keysRequired = false) => {
    const check = checkProducePayload(bytes, { ...anyProduceRules, keysRequired });
    return "refusal" in check ? check.refusal.errorCode : 0;
  };
  assertEquals(codeOf(good), 0);
  assertEquals(codeOf(new Uint8Array(0)), 87);
  assertEquals(codeOf(concatBytes([good, good])), 87);
  assertEquals(codeOf(good.subarray(0, good.length - 1)), 87);
  const corrupt = good.slice();
  corrupt[good.length - 1]! ^= 1;
  assertEquals(codeOf(corrupt), 2);
  const unknown = good.slice();
  unknown[16] = 3;
  assertEquals(codeOf(unknown), 2);
  assertEquals(codeOf(buildBatch({ records: [{}], isControl: true })), 87);
  assertEquals(codeOf(buildBatch({ records: [{ timestamp: 1 }] }), true), 87);
  assertEquals(codeOf(good, true), 0);
  assertEquals(codeOf(buildBatch({ records: [{}], producerId: 1, baseSequence: -1 })), 87);
});

Deno.test("kafkajs's producer id -1 with epoch 0 counts as no producer", () => {
  const batch = buildBatch({ records: [{ timestamp: 1 }], producerId: -1, producerEpoch: 0 });
  assert("header" in checkProducePayload(batch));
});

Deno.test("no bytes make the record reader do anything but read or throw DecodeFault", () => {
  fc.assert(fc.property(fc.uint8Array({ minLength: 0, maxLength: 60 }), fc.nat(20), (body, n) => {
    const batch = buildBatch({ records: [{ timestamp: 1, value: body }] });
    const spoiled = new Uint8Array(61 + body.length);
    spoiled.set(batch.subarray(0, 61));
    spoiled.set(body, 61);
    const view = new DataView(spoiled.buffer);
    view.setInt32(8, spoiled.length - 12);
    view.setInt32(57, n);
    try {
      readRecords(spoiled);
    } catch (error) {
      assert(error instanceof DecodeFault, String(error));
    }
  }));
});

Deno.test("a commit marker names its kind and coordinator epoch", () => {
  const marker = buildEndTransactionMarker({
    committed: true,
    producerId: 4,
    producerEpoch: 2,
    coordinatorEpoch: 9,
    timestamp: 1,
  });
  assertEquals(readControlRecord(marker), { type: ControlType.COMMIT, coordinatorEpoch: 9 });
  assertThrows(() => readControlRecord(buildBatch({ records: [{}] })), DecodeFault);
});
