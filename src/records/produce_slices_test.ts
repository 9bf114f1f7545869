import { assert, assertEquals } from "@std/assert";
import fc from "fast-check";
import { utf8 } from "../base/bytes.ts";
import { MemoryShare } from "../base/memory_share.ts";
import { messageSetOf } from "../../tests/harness/message_sets.ts";
import { zlibCodecs as codecs } from "../runtime/codecs.ts";
import {
  anyProduceRules,
  buildBatch,
  checkBatch,
  checkFramedSliced,
  checkProducePayload,
  type CompressionType,
  compressionTypes,
  type FramedBatch,
  type FramedPayload,
  framePayload,
  isHeavyPayload,
  loadCompression,
  type ProduceRules,
} from "./mod.ts";
import { renewCrc } from "./batch.ts";
import { decompress } from "./compression.ts";
import { unpackingMemory } from "./unpacking_memory.ts";

for (const type of compressionTypes) await loadCompression(type);

/** Slices of so much weight, and how many have ended. */
function countedSlices(weightMax = 4 * 1024 * 1024) {
  let weight = 0;
  return {
    turns: 0,
    spend: (more: number) => void (weight += more),
    get isOver() {
      return weight >= weightMax;
    },
    next() {
      weight = 0;
      this.turns++;
      return Promise.resolve();
    },
  };
}

/** Text that packs somewhat, of `bytes` bytes in all. */
function batchOf(o: { bytes: number; recordBytes: number; compression: CompressionType }) {
  let seed = 1;
  const letters = Uint8Array.from({ length: 1 << 16 }, () => {
    seed = Math.imul(seed, 48271) & 0x7fff_ffff;
    return 97 + ((seed >> 8) & (seed >> 12) & 15);
  });
  const records = Array.from({ length: Math.ceil(o.bytes / o.recordBytes) }, (_, i) => {
    const start = Math.imul(i, 7919) & 0x7fff;
    return { key: utf8(`key-${i % 100}`), value: letters.subarray(start, start + o.recordBytes) };
  });
  return buildBatch({ records, timestamp: 1000, compression: o.compression }, codecs);
}

const rulesOf = (rules: Partial<ProduceRules>): ProduceRules => {
  return { ...anyProduceRules, codecs, ...rules };
};

function framed(batch: Uint8Array): FramedBatch {
  const payload = framePayload(batch);
  if ("refusal" in payload || payload.magic !== 2) throw new Error("it is no batch");
  return payload;
}

async function bothWays(batch: Uint8Array, rules: ProduceRules) {
  const slices = countedSlices();
  const sliced = await checkFramedSliced(framed(batch.slice()), { rules, slices });
  return { sliced, now: checkProducePayload(batch.slice(), rules), slices };
}

Deno.test("a large batch comes to the same in slices, and in many of them", async () => {
  for (const compression of compressionTypes) {
    for (const stored of ["producer", ...compressionTypes] as const) {
      const batch = batchOf({ bytes: 4_000_000, recordBytes: 300, compression });
      const rules = rulesOf({ compression: stored });
      const { sliced, now, slices } = await bothWays(batch, rules);
      if ("refusal" in now || "refusal" in sliced) throw new Error(`${compression} as ${stored}`);
      // gzip and zstd need not make the same bytes of the same data in pieces.
      const codec = { codecs, type: stored === "producer" ? compression : stored };
      const unpacked = ({ batch: b }: { batch: Uint8Array }) => decompress(b.subarray(61), codec);
      assertEquals(unpacked(sliced), unpacked(now));
      assert("header" in checkBatch(sliced.batch), "its checksum holds");
      assertEquals(sliced.header.maxTimestamp, now.header.maxTimestamp);
      const isWork = compression !== "none" || (stored !== "producer" && stored !== "none");
      if (isWork) assert(slices.turns >= 2, `${slices.turns} turns for ${compression}, ${stored}`);
    }
  }
});

Deno.test("what is refused at once is refused in slices, in the same words", async () => {
  const heavy = { bytes: 300_000, recordBytes: 200 } as const;
  for (const compression of compressionTypes) {
    const batch = batchOf({ ...heavy, compression });
    const tooMuch = await bothWays(batch, rulesOf({ unpackedBytesMax: 100_000 }));
    assertEquals(tooMuch.sliced, tooMuch.now, compression);
    const noKeys = await bothWays(batch, rulesOf({ timestampMin: 2000 }));
    assert("refusal" in noKeys.now);
    assertEquals(noKeys.sliced, noKeys.now, compression);
  }
});

Deno.test("whatever is spoiled, both ways agree on whether it is a batch", async () => {
  const batches = compressionTypes.map((compression) =>
    batchOf({ bytes: 40_000, recordBytes: 100, compression })
  );
  await fc.assert(
    fc.asyncProperty(
      fc.constantFrom(...batches),
      fc.nat(),
      fc.integer({ min: 1, max: 255 }),
      async (whole, place, change) => {
        const batch = whole.slice();
        const position = 61 + (place % (batch.length - 61));
        batch[position]! ^= change;
        renewCrc(batch);
        const { sliced, now } = await bothWays(batch, rulesOf({}));
        assertEquals("refusal" in sliced, "refusal" in now);
        if ("refusal" in sliced && "refusal" in now) {
          assertEquals(sliced.refusal.errorCode, now.refusal.errorCode);
        }
      },
    ),
    { numRuns: 300 },
  );
});

Deno.test("small batches, and those that pass through as they are, are not heavy", () => {
  const large = { bytes: 1_000_000, recordBytes: 1000 } as const;
  const isHeavy = (batch: Uint8Array, compression: ProduceRules["compression"] = "producer") =>
    isHeavyPayload(framed(batch), rulesOf({ compression }));
  assert(!isHeavy(batchOf({ ...large, compression: "none" })));
  assert(isHeavy(batchOf({ ...large, compression: "none" }), "zstd"));
  for (const compression of ["snappy", "lz4", "zstd"] as const) {
    assert(isHeavy(batchOf({ ...large, compression })), compression);
    assert(!isHeavy(batchOf({ bytes: 300_000, recordBytes: 1000, compression })), compression);
  }
  assert(isHeavy(batchOf({ bytes: 300_000, recordBytes: 1000, compression: "lz4" }), "zstd"));
  assert(isHeavy(batchOf({ bytes: 1_000_000, recordBytes: 10, compression: "none" })));
  assert(!isHeavy(batchOf({ bytes: 10_000, recordBytes: 100, compression: "gzip" }), "zstd"));
});

Deno.test("a batch of a few kilobytes that unpacks to megabytes is heavy", () => {
  const value = new Uint8Array(20_000_000);
  const rules = rulesOf({});
  for (const compression of ["gzip", "zstd"] as const) {
    const batch = buildBatch({ records: [{ key: null, value, headers: [] }], compression }, codecs);
    assert(batch.length < 24_000, `${compression}: ${batch.length} bytes`);
    assert(isHeavyPayload(framed(batch), rules), compression);
  }
});

Deno.test("of what zstd unpacks in a stream, its window is claimed, not the whole", () => {
  const streamed = codecs.zstd(new Uint8Array(20_000_000));
  const { windowBytes, unpackedBytes } = unpackingMemory(streamed, "zstd");
  assert(unpackedBytes >= 20_000_000, `${unpackedBytes}`);
  assert(windowBytes < 4_000_000, `${windowBytes}`);
  // A frame of one segment may refer back to all of itself: 28 b5 2f fd, descriptor, its size.
  const single = Uint8Array.of(0x28, 0xb5, 0x2f, 0xfd, 0xa0, 0, 0, 0x30, 1, ...runs(200));
  assert(unpackingMemory(single, "zstd").windowBytes >= 200 * 128 * 1024);
});

/** So many blocks of 128 KiB of one byte each, the last of them marked. */
function runs(count: number): number[] {
  const header = (isLast: boolean) => (128 * 1024) << 3 | 1 << 1 | (isLast ? 1 : 0);
  return Array.from({ length: count }, (_, i) => {
    const bits = header(i === count - 1);
    return [bits & 255, (bits >> 8) & 255, bits >> 16, 0];
  }).flat();
}

function framedSet(set: Uint8Array): FramedPayload {
  const payload = framePayload(set.slice());
  if ("refusal" in payload || payload.magic === 2) throw new Error("it is no set");
  return payload;
}

Deno.test("a set of an old producer is converted in slices, within the memory for it", async () => {
  const value = new Uint8Array(1000);
  const messages = Array.from({ length: 6000 }, () => ({ timestamp: 1, key: null, value }));
  for (const compression of ["none", "gzip", "snappy", "lz4"] as const) {
    const set = messageSetOf(messages, { magic: 1, compression });
    const rules = rulesOf({});
    assert(isHeavyPayload(framedSet(set), rules), compression);
    const now = checkProducePayload(set.slice(), rules);
    const slices = countedSlices();
    const memory = new MemoryShare(() => 40_000_000);
    const sliced = await checkFramedSliced(framedSet(set), { rules, slices, memory });
    if ("refusal" in now || "refusal" in sliced) throw new Error(compression);
    const codec = { codecs, type: compression };
    const unpacked = ({ batch: b }: { batch: Uint8Array }) => decompress(b.subarray(61), codec);
    assertEquals(unpacked(sliced), unpacked(now));
    assert(slices.turns >= 2, `${slices.turns} turns for ${compression}`);
    assertEquals(memory.bytes, 0);
    const tooLittle = { rules, slices, memory: new MemoryShare(() => 4_000_000) };
    const refused = await checkFramedSliced(framedSet(set), tooLittle);
    assert("refusal" in refused, compression);
    assertEquals(tooLittle.memory.bytes, 0);
  }
});
