import { assert, assertEquals } from "@std/assert";
import fc from "fast-check";
import { utf8 } from "../base/bytes.ts";
import { DecodeFault } from "../base/faults.ts";
import { compressBlock } from "./lz4_block.ts";
import { fastUnpacker, plainUnpacker, type Unpacker } from "./lz4_unpacker.ts";

const blockBytes = 65_536;

/** What comes of a block: its content, or what is wrong with it. */
function outcomeOf(unpacker: Unpacker, block: Uint8Array): Uint8Array | string {
  try {
    const length = unpacker.unpack(block);
    return unpacker.content.slice(0, length);
  } catch (error) {
    assert(error instanceof DecodeFault, String(error));
    return (error as DecodeFault).message;
  }
}

/** The one in WebAssembly, which every engine of the tests has. */
function fastOne(): Unpacker {
  const fast = fastUnpacker(blockBytes);
  assert(fast !== undefined, "this engine has WebAssembly");
  return fast as Unpacker;
}

function packed(content: Uint8Array): Uint8Array {
  const into = new Uint8Array(content.length + content.length / 255 + 32);
  return into.slice(0, compressBlock(content, into));
}

/** Runs that come again at every distance, near and far, long and short. */
const contents = fc.oneof(
  fc.array(
    fc.record({
      word: fc.oneof(fc.uint8Array({ maxLength: 40 }), fc.constant(utf8("a broker, a log, "))),
      times: fc.oneof(fc.nat(5), fc.nat(200)),
    }),
    { maxLength: 40 },
  ).map((runs) => {
    const all = runs.flatMap(({ word, times }) => Array(times).fill([...word]).flat());
    return Uint8Array.from(all.slice(0, blockBytes));
  }),
  fc.uint8Array({ maxLength: 2_000 }),
);

Deno.test("an lz4 block unpacks to the same in WebAssembly and in JavaScript", () => {
  const fast = fastOne();
  const plain = plainUnpacker(blockBytes);
  fc.assert(
    fc.property(contents, (content) => {
      const block = packed(content);
      assertEquals(
        outcomeOf(fast, block),
        content.length === 0 ? outcomeOf(plain, block) : content,
      );
      assertEquals(outcomeOf(plain, block), outcomeOf(fast, block));
    }),
    { numRuns: 200 },
  );
});

Deno.test("a spoiled lz4 block comes to the same in WebAssembly and in JavaScript", () => {
  const fast = fastOne();
  const plain = plainUnpacker(blockBytes);
  const spoiling = fc.array(fc.record({ at: fc.nat(), byte: fc.nat(255) }), { maxLength: 4 });
  fc.assert(
    fc.property(contents, spoiling, fc.nat(20), (content, changes, cut) => {
      const whole = packed(content);
      const block = whole.slice(0, Math.max(1, whole.length - cut));
      for (const { at, byte } of changes) block[at % block.length] = byte;
      assertEquals(outcomeOf(fast, block), outcomeOf(plain, block));
    }),
    { numRuns: 1_000 },
  );
});

interface Sequence {
  readonly literals: number;
  readonly match: number;
  /** Where the match comes from: so far back, or so far behind the content's beginning. */
  readonly back?: number;
  readonly from?: number;
}

const counts = fc.record({
  literals: fc.oneof(fc.nat(18), fc.nat(40)),
  match: fc.oneof(fc.integer({ min: 4, max: 22 }), fc.integer({ min: 4, max: 60 })),
});
const sequences = fc.array(
  fc.tuple(
    counts,
    fc.oneof(
      fc.record({ back: fc.integer({ min: 1, max: 40 }) }),
      fc.record({ from: fc.integer({ min: -1, max: 3 }) }),
    ),
  ).map(([counts, origin]): Sequence => ({ ...counts, ...origin })),
  { maxLength: 40, size: "max" },
);

/** A block as no compressor writes it: what its sequences say may be wrong. */
function blockOf(all: readonly Sequence[], lastLiterals: number) {
  const bytes: number[] = [];
  let length = 0;
  const rest = (count: number) => {
    if (count < 15) return;
    let left = count - 15;
    for (; left >= 255; left -= 255) bytes.push(255);
    bytes.push(left);
  };
  const putLiterals = (literals: number, match: number) => {
    bytes.push((Math.min(literals, 15) << 4) | Math.min(match, 15));
    rest(literals);
    for (let i = 0; i < literals; i++) bytes.push((bytes.length * 37) & 0xff);
    length += literals;
  };
  for (const { literals, match, back, from = 0 } of all) {
    putLiterals(literals, match - 4);
    const distance = back ?? Math.max(0, length - from);
    bytes.push(distance & 0xff, distance >> 8);
    rest(match - 4);
    length += match;
  }
  putLiterals(lastLiterals, 0);
  return { block: Uint8Array.from(bytes), length };
}

Deno.test("any sequences come to the same in WebAssembly and in JavaScript", () => {
  const roomBytes = 4096;
  const fast = fastUnpacker(roomBytes)!;
  const plain = plainUnpacker(roomBytes);
  let good = 0;
  const nearTheEnd = fc.integer({ min: -30, max: 60 });
  fc.assert(
    fc.property(sequences, fc.nat(20), nearTheEnd, (all, lastLiterals, left) => {
      // The first is as long as it takes to come near the room's end.
      const { length: least } = blockOf([{ literals: 0, match: 4, back: 1 }, ...all], lastLiterals);
      const first = { literals: Math.max(1, roomBytes - left - least), match: 4, back: 1 };
      const { block, length } = blockOf([first, ...all], lastLiterals);
      const outcome = outcomeOf(plain, block);
      assertEquals(outcomeOf(fast, block), outcome);
      if (typeof outcome === "string") return;
      assertEquals(outcome.length, length);
      good++;
    }),
    { numRuns: 3_000 },
  );
  assert(good > 100, `${good} of them are good`);
});

Deno.test("a block may unpack to all that its frame allows, and to no byte more", () => {
  for (const unpacker of [fastOne(), plainUnpacker(blockBytes)]) {
    assertEquals(
      outcomeOf(unpacker, packed(new Uint8Array(blockBytes))),
      new Uint8Array(blockBytes),
    );
    const larger = packed(new Uint8Array(blockBytes + 1));
    assertEquals(outcomeOf(unpacker, larger), "lz4 block has a match out of place");
  }
});
