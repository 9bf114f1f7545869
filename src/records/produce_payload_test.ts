import { assert, assertEquals } from "@std/assert";
import fc from "fast-check";
import { BytesWriter, utf8 } from "../base/bytes.ts";
import { missing } from "../base/items.ts";
import { zlibCodecs as codecs } from "../runtime/codecs.ts";
import { crcHolds, readBatchHeader, renewCrc } from "./batch.ts";
import { type BatchInput, buildBatch, packBatch } from "./build.ts";
import { type CompressionType, compressionTypes, loadCompression } from "./compression.ts";
import { checkProducePayload } from "./produce_payload.ts";
import { anyProduceRules, type ProduceRules } from "./produce_rules.ts";
import { readRecords, writeRecord } from "./record.ts";

for (const type of compressionTypes) await loadCompression(type);

const noTimes = { timestampMin: 1000, timestampMax: 2000 };
const compressed = compressionTypes.filter((type) => type !== "none");

function sent(input: Partial<BatchInput> = {}): Uint8Array {
  const records = ["a", "b", "c"].map((text) => ({
    key: utf8(text),
    value: utf8(text.repeat(50)),
  }));
  return buildBatch({ records, timestamp: 1500, ...input }, codecs);
}

function check(payload: Uint8Array, rules: Partial<ProduceRules> = {}) {
  return checkProducePayload(payload, { ...anyProduceRules, codecs, ...rules });
}

function stored(payload: Uint8Array, rules: Partial<ProduceRules> = {}) {
  const result = check(payload, rules);
  if ("refusal" in result) throw new Error(result.refusal.message);
  assertEquals(result.header, readBatchHeader(result.batch));
  assert(crcHolds(result.batch));
  return result.batch;
}

function refusal(payload: Uint8Array, rules: Partial<ProduceRules> = {}) {
  const result = check(payload, rules);
  if (!("refusal" in result)) throw new Error("it was accepted");
  return result.refusal;
}

Deno.test("a sound batch passes through as the very bytes that came", () => {
  for (const compression of compressionTypes) {
    const payload = sent({ compression });
    const copy = payload.slice();
    assert(stored(payload) === payload);
    assertEquals(payload, copy);
  }
});

Deno.test("a topic's codec replaces the producer's, and the records stay", () => {
  const header = { producerId: 7, producerEpoch: 2, baseSequence: 9 };
  for (const compression of compressionTypes) {
    for (const target of compressionTypes) {
      const payload = sent({ compression, ...header });
      const batch = stored(payload.slice(), { compression: target });
      assertEquals(readRecords(batch, { codecs }), readRecords(payload, { codecs }));
      const { attributes, producerId, producerEpoch, baseSequence } = readBatchHeader(batch);
      assertEquals(compressionTypes[attributes & 7], target);
      assertEquals({ producerId, producerEpoch, baseSequence }, header);
    }
  }
});

Deno.test("gzip and zstd pack as hard as they are told", () => {
  const records = Array.from({ length: 200 }, (_, i) => ({ value: utf8(`${i * i}`.repeat(9)) }));
  const payload = buildBatch({ records, timestamp: 1500 });
  for (const compression of ["gzip", "zstd"] as const) {
    const [fast = missing(), small = missing()] = [1, 9].map((compressionLevel) =>
      stored(payload.slice(), { compression, compressionLevel }).length
    );
    assert(small < fast, `${compression}: ${small} bytes, ${fast} with less effort`);
  }
});

for (const compression of compressionTypes) {
  Deno.test(`records without a due key are named, compression ${compression}`, () => {
    const records = [{ key: utf8("k") }, { key: null }, { key: utf8("k") }, { key: null }];
    const payload = buildBatch({ records, timestamp: 1500, compression }, codecs);
    const { errorCode, recordErrors } = refusal(payload, { keysRequired: true });
    assertEquals(errorCode, 87);
    assertEquals(recordErrors!.map(({ batchIndex }) => batchIndex), [1, 3]);
    stored(payload);
  });

  Deno.test(`each record out of time is named, compression ${compression}`, () => {
    const records = [999, 1000, -1, 2000, 2001].map((timestamp) => ({ timestamp }));
    const payload = buildBatch({ records, compression }, codecs);
    const { errorCode, recordErrors } = refusal(payload, noTimes);
    assertEquals(errorCode, 32);
    assertEquals(recordErrors!.map(({ batchIndex }) => batchIndex), [0, 4]);
    stored(payload);
  });

  Deno.test(`a largest timestamp that is a lie is set right, compression ${compression}`, () => {
    const payload = sent({ compression });
    new DataView(payload.buffer, payload.byteOffset).setBigInt64(35, 9_999n);
    renewCrc(payload);
    assertEquals(readBatchHeader(stored(payload)).maxTimestamp, 1500);
  });

  Deno.test(`offset deltas that are not 0, 1, 2 are set right, compression ${compression}`, () => {
    const records = new BytesWriter();
    const bodies = [0, 70_000, 5].map((offsetDelta) => {
      const body = { key: utf8(`${offsetDelta}`), value: null };
      writeRecord(records, { body, timestampDelta: offsetDelta, offsetDelta });
      return body;
    });
    const facts = { recordCount: 3, baseTimestamp: 1000, maxTimestamp: 71_000, compression };
    const read = readRecords(stored(packBatch(records.finish(), { ...facts, codecs })), { codecs });
    assertEquals(read.map(({ offset }) => offset), [0, 1, 2]);
    assertEquals(read.map(({ timestamp }) => timestamp), [1000, 71_000, 1005]);
    assertEquals(read.map(({ key }) => key), bodies.map(({ key }) => key));
  });

  Deno.test(`a count that is not the records' is refused, compression ${compression}`, () => {
    for (const count of [2, 4]) {
      const payload = sent({ compression });
      const view = new DataView(payload.buffer, payload.byteOffset);
      view.setInt32(57, count);
      view.setInt32(23, count - 1);
      renewCrc(payload);
      assertEquals(refusal(payload).errorCode, 87);
    }
  });
}

for (const compression of compressed) {
  Deno.test(`a ${compression} bomb is refused at the bound, before it unfolds`, () => {
    const zeros = { value: new Uint8Array(3_000_000) };
    const payload = buildBatch({ records: [zeros], timestamp: 1500, compression }, codecs);
    assert(payload.length < 200_000);
    assertEquals(refusal(payload, { unpackedBytesMax: 1_000_000 }).errorCode, 10);
    assert(stored(payload, { unpackedBytesMax: 3_000_100 }) === payload);
  });

  Deno.test(`a batch of ${compression} data that does not unpack is refused`, () => {
    const payload = sent({ compression });
    payload.fill(0xff, 61);
    renewCrc(payload);
    const { errorCode } = refusal(payload);
    assert(errorCode === 87 || errorCode === 10, `${errorCode}`);
  });
}

Deno.test("what is packed anew must not exceed the topic's largest batch either", () => {
  const payload = sent({ compression: "gzip" });
  const { errorCode } = refusal(payload, { compression: "none", batchBytesMax: 200 });
  assertEquals([errorCode, payload.length <= 200], [10, true]);
});

Deno.test("no bytes behind a sound header do more than be accepted or refused", () => {
  const types = fc.constantFrom<CompressionType>(...compressionTypes);
  fc.assert(
    fc.property(types, fc.nat(400), fc.nat(255), fc.boolean(), (compression, at, to, cut) => {
      const payload = sent({ compression });
      const position = 61 + at % (payload.length - 61);
      payload[position] = to;
      const bytes = cut ? payload.subarray(0, position) : payload;
      if (!cut) renewCrc(payload);
      const result = check(bytes, { unpackedBytesMax: 10_000 });
      if ("refusal" in result) return;
      assert(!cut);
      readRecords(result.batch, { codecs });
    }),
  );
});
