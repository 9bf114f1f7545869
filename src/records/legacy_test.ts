import { assert, assertEquals } from "@std/assert";
import fc from "fast-check";
import { anyInt64 } from "../../tests/harness/any_int64.ts";
import { BytesWriter, concatBytes, utf8 } from "../base/bytes.ts";
import type { Int64 } from "../base/int64.ts";
import { zlibCodecs as codecs } from "../runtime/codecs.ts";
import {
  messageSetOf,
  messagesIn,
  type SentMessage,
  shallowMessages,
} from "../../tests/harness/message_sets.ts";
import { firstOf } from "../base/items.ts";
import { putInt64, renewCrc } from "./batch.ts";
import { buildBatch } from "./build.ts";
import { type CompressionType, loadCompression } from "./compression.ts";
import { buildEndTransactionMarker } from "./control.ts";
import { type DownConversion, downConvert } from "./down_conversion.ts";
import { runNow } from "./heavy_steps.ts";
import { type LegacyMagic, writeMessage } from "./legacy.ts";
import { checkProducePayload } from "./produce_payload.ts";
import { anyProduceRules, type ProduceRules } from "./produce_rules.ts";
import { readRecords } from "./record.ts";

await loadCompression("snappy");
await loadCompression("lz4");

const magics: readonly LegacyMagic[] = [0, 1];
const legacyTypes = ["none", "gzip", "snappy", "lz4"] as const;
const bytes = fc.option(fc.uint8Array({ maxLength: 200 }), { nil: null });
const anyMessages = fc.array(
  fc.record({
    key: bytes,
    value: bytes,
    timestamp: fc.oneof(fc.integer({ min: 0, max: 4e12 }), anyInt64),
  }),
  { minLength: 1, maxLength: 20 },
);
const three: readonly SentMessage[] = [1, 2, 3].map((each) => {
  return { key: utf8(`key ${each}`), value: utf8(`value ${each}`), timestamp: 1000 * each };
});

function check(payload: Uint8Array, rules: Partial<ProduceRules> = {}) {
  return checkProducePayload(payload, { ...anyProduceRules, codecs, ...rules });
}

function stored(payload: Uint8Array, rules: Partial<ProduceRules> = {}): Uint8Array {
  const result = check(payload, rules);
  if ("refusal" in result) throw new Error(result.refusal.message);
  return result.batch;
}

function refusal(payload: Uint8Array, rules: Partial<ProduceRules> = {}) {
  const result = check(payload, rules);
  if (!("refusal" in result)) throw new Error("it was accepted");
  return result.refusal;
}

function converted(
  batches: Uint8Array,
  { unpackedBytesMax = 1_000_000, ...options }: Partial<DownConversion> & {
    unpackedBytesMax?: number;
  } = {},
) {
  const from: DownConversion = { magic: 1, fromOffset: 0, bytesMax: 1_000_000, ...options };
  return runNow(downConvert(batches, from), { codecs, bytesMax: unpackedBytesMax });
}

const offsetsIn = (set: Uint8Array) => messagesIn(set).map(({ offset }) => offset);

Deno.test("messages come back as they were sent: up to v2 batches and down again", () => {
  fc.assert(fc.property(
    anyMessages,
    fc.constantFrom(...magics),
    fc.constantFrom<CompressionType>(...legacyTypes),
    fc.constantFrom<CompressionType | "producer">(...legacyTypes, "producer"),
    (messages, magic, compression, topic) => {
      const batch = stored(messageSetOf(messages, { magic, compression }), { compression: topic });
      const expected = messages.map((message, offset) => {
        return { ...message, offset, timestamp: magic === 0 ? -1 : message.timestamp };
      });
      assertEquals(
        readRecords(batch, { codecs }),
        expected.map((message) => ({ ...message, headers: [] })),
      );
      assertEquals(messagesIn(converted(batch, { magic }).set), expected);
    },
  ));
});

Deno.test("down-conversion begins at the wanted offset, and goes on where it ended", () => {
  fc.assert(fc.property(
    anyMessages,
    fc.constantFrom<CompressionType>(...legacyTypes),
    fc.integer({ min: 1, max: 2000 }),
    fc.nat(19),
    (records, compression, bytesMax, from) => {
      const batch = buildBatch({ records, compression }, codecs);
      const seen: Int64[] = [];
      let fromOffset = from % records.length;
      const wanted = records.map((_, i) => i).slice(fromOffset);
      while (fromOffset < records.length) {
        const { set, nextOffset } = converted(batch, { fromOffset, bytesMax });
        assert(nextOffset > fromOffset && set.length > 0);
        assert(set.length <= bytesMax || shallowMessages(set).length === 1);
        seen.push(...offsetsIn(set));
        fromOffset = nextOffset;
      }
      assertEquals(seen, wanted);
    },
  ));
});

Deno.test("a set of whatever bytes is accepted or refused, and nothing else", () => {
  const types = fc.constantFrom<CompressionType>(...legacyTypes);
  fc.assert(
    fc.property(
      fc.constantFrom(...magics),
      types,
      fc.nat(),
      fc.nat(7),
      fc.boolean(),
      (magic, compression, at, bit, cut) => {
        const set = messageSetOf(three, { magic, compression });
        const position = at % set.length;
        set[position]! ^= 1 << bit;
        const result = check(cut ? set.subarray(0, position) : set);
        // A cut between two messages leaves a set that is shorter, and whole.
        const count = cut && compression === "none"
          ? shallowOffsets(magic).filter((start) => start < position).length
          : three.length;
        if ("batch" in result) assertEquals(readRecords(result.batch, { codecs }).length, count);
        // Only what no checksum covers may change without notice: an offset.
        const isOffset = compression === "none"
          ? shallowOffsets(magic).some((start) => position >= start && position < start + 8)
          : position < 8;
        assert("refusal" in result || isOffset || cut, `byte ${position}`);
      },
    ),
    { examples: [[1, "none", 1402405358, 0, true]] },
  );
});

function shallowOffsets(magic: LegacyMagic): number[] {
  let position = 0;
  return shallowMessages(messageSetOf(three, { magic })).map(({ sizeBytes }) => {
    const start = position;
    position += sizeBytes;
    return start;
  });
}

Deno.test("whatever offsets a set has, its records get 0, 1, 2, as old clients count on", () => {
  const set = messageSetOf(three, { magic: 1 });
  for (const start of shallowOffsets(1)) putInt64(set, start, 0);
  assertEquals(readRecords(stored(set)).map(({ offset }) => offset), [0, 1, 2]);
});

Deno.test("what a set may not hold is refused with Kafka's code", () => {
  const plain = messageSetOf(three, { magic: 1 });
  const wrapped = messageSetOf(three, { magic: 1, compression: "gzip" });
  const codeOf = (set: Uint8Array) => refusal(set).errorCode;
  assertEquals(codeOf(concatBytes([plain, messageSetOf(three, { magic: 0 })])), 87);
  assertEquals(codeOf(concatBytes([plain, buildBatch({ records: [{}] })])), 87);
  assertEquals(codeOf(concatBytes([wrapped, wrapped])), 87);
  assertEquals(codeOf(concatBytes([plain, wrapped])), 87);
  assertEquals(codeOf(plain.subarray(0, plain.length - 1)), 87);
  assertEquals(codeOf(messageSetOf(three, { magic: 1, compression: "zstd" })), 87);
  const nested = new BytesWriter();
  const value = codecs.gzip(wrapped);
  writeMessage(nested, { offset: 0, magic: 1, compression: 1, timestamp: 1, key: null, value });
  assertEquals(codeOf(nested.finish()), 87);
});

Deno.test("keys and times are asked of old messages, too", () => {
  const mixed = three.with(1, { key: null, value: null, timestamp: 2000 });
  for (const compression of legacyTypes) {
    const set = messageSetOf(mixed, { magic: 1, compression });
    const keyless = refusal(set, { keysRequired: true });
    assertEquals([keyless.errorCode, keyless.recordErrors?.[0]?.batchIndex], [87, 1]);
    const late = refusal(set, { timestampMin: 0, timestampMax: 2999 });
    assertEquals([late.errorCode, late.recordErrors?.[0]?.batchIndex], [32, 2]);
    const timeless = messageSetOf(mixed, { magic: 0, compression });
    stored(timeless, { timestampMin: 5000, timestampMax: 6000 });
  }
});

Deno.test("a message, and the batch that a set becomes, must not exceed the largest batch", () => {
  const large = messageSetOf([{ key: null, value: new Uint8Array(500) }], { magic: 0 });
  assertEquals(refusal(large, { batchBytesMax: 400 }).errorCode, 10);
  const many = messageSetOf(Array(50).fill(three[0]), { magic: 0 });
  assertEquals(refusal(many, { batchBytesMax: 400 }).errorCode, 10);
});

for (const compression of ["gzip", "snappy", "lz4"] as const) {
  Deno.test(`a wrapper that is a ${compression} bomb is refused at the bound`, () => {
    const zeros = [{ key: null, value: new Uint8Array(3_000_000) }];
    const set = messageSetOf(zeros, { magic: 1, compression });
    assertEquals(refusal(set, { unpackedBytesMax: 1_000_000 }).errorCode, 10);
    assertEquals(firstOf(readRecords(stored(set), { codecs })).value?.length, 3_000_000);
  });
}

Deno.test("a large compressed batch becomes several wrappers, each of bounded size", () => {
  const records = Array.from({ length: 40 }, () => ({ value: new Uint8Array(100_000) }));
  const batch = buildBatch({ records, compression: "gzip", timestamp: 5 }, codecs);
  for (const magic of magics) {
    const { set } = converted(batch, { magic, unpackedBytesMax: 5_000_000 });
    const wrappers = shallowMessages(set).map(({ offset }) => offset);
    assertEquals(wrappers, [...Array.from({ length: 13 }, (_, i) => 3 * i + 2), 39]);
    assertEquals(offsetsIn(set), records.map((_, i) => i));
  }
});

Deno.test("markers are skipped, and a zstd batch ends the set before it", () => {
  const at = (baseOffset: number, compression: CompressionType = "none") =>
    buildBatch({ records: [{ value: utf8("v"), timestamp: 1 }], baseOffset, compression }, codecs);
  const marker = buildEndTransactionMarker({
    committed: true,
    producerId: 4,
    producerEpoch: 0,
    coordinatorEpoch: 0,
    timestamp: 1,
  });
  putInt64(marker, 0, 1);
  const skipped = converted(concatBytes([at(0), marker, at(2)]));
  assertEquals([offsetsIn(skipped.set), skipped.nextOffset], [[0, 2], 3]);
  const alone = converted(marker, { fromOffset: 1 });
  assertEquals([alone.set.length, alone.nextOffset, alone.ending], [0, 2, undefined]);
  const before = converted(concatBytes([at(0), at(1, "zstd"), at(2)]));
  assertEquals([offsetsIn(before.set), before.nextOffset], [[0], 1]);
  assertEquals(before.ending, "unsupported codec");
});

Deno.test("a stored batch that does not unpack ends the set, and says so", () => {
  const sound = buildBatch({ records: [{ value: utf8("v"), timestamp: 1 }] });
  const input = { records: [{ value: utf8("v"), timestamp: 1 }], baseOffset: 1 };
  const spoiled = buildBatch({ ...input, compression: "gzip" }, codecs);
  spoiled.fill(0, 61);
  renewCrc(spoiled);
  const { set, nextOffset, ending } = converted(concatBytes([sound, spoiled]));
  assertEquals([offsetsIn(set), nextOffset, ending], [[0], 1, "does not unpack"]);
});
