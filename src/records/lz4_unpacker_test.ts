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
