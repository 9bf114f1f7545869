import { assert, assertEquals } from "@std/assert";
import fc from "fast-check";
import { crc32 as zlibCrc32 } from "node:zlib";
import { utf8 } from "./bytes.ts";
import { crc32, crc32c, slicedCrc32c } from "./crc.ts";
import { crc32cFold, foldedBytesMin } from "./crc_folding.ts";

Deno.test("CRC-32 gives the published check value", () => {
  assertEquals(crc32(utf8("123456789")), 0xcbf43926);
  assertEquals(crc32(new Uint8Array(0)), 0);
});

Deno.test("CRC-32 is zlib's for any bytes, in one piece or in several", () => {
  fc.assert(fc.property(fc.uint8Array({ maxLength: 200 }), fc.nat(200), (bytes, at) => {
    const cut = Math.min(at, bytes.length);
    assertEquals(crc32(bytes), zlibCrc32(bytes));
    assertEquals(crc32(bytes, cut, bytes.length, crc32(bytes, 0, cut)), zlibCrc32(bytes));
  }));
});

Deno.test("CRC-32C gives the published check value, in one piece or in several", () => {
  assertEquals(crc32c(utf8("123456789")), 0xe3069283);
  assertEquals(crc32c(new Uint8Array(32)), 0x8a9136aa);
  fc.assert(fc.property(fc.uint8Array({ maxLength: 200 }), fc.nat(200), (bytes, at) => {
    const cut = Math.min(at, bytes.length);
    assertEquals(crc32c(bytes, cut, bytes.length, crc32c(bytes, 0, cut)), crc32c(bytes));
  }));
});

Deno.test("it does not matter where in memory the bytes lie", () => {
  const bytes = Uint8Array.from({ length: 1000 }, (_, i) => i * 7 + (i >> 3));
  for (let start = 0; start < 9; start++) {
    for (const length of [0, 15, 63, 64, 65, 79, 80, 81, 500]) {
      const part = bytes.subarray(start, start + length);
      assertEquals(crc32(part), zlibCrc32(part), `${length} from ${start}`);
      assertEquals(crc32c(bytes, start, start + length), crc32c(part.slice()));
    }
  }
});

Deno.test("the CRC-32C of much is the same by folding as by tables", () => {
  const bytes = new Uint8Array(200_000);
  for (let i = 0, word = 1; i < bytes.length; i++) {
    word = Math.imul(word, 0x19660d) + 0x3c6ef35f;
    bytes[i] = word >>> 24;
  }
  const fold = crc32cFold()!;
  assert(fold, "this engine has WebAssembly");
  // About the fewest that can be folded, what a piece holds, and several pieces.
  const lengths = [foldedBytesMin, foldedBytesMin + 1, foldedBytesMin + 63, foldedBytesMin + 64];
  for (const length of [...lengths, 12_287, 65_471, 65_472, 65_473, 65_600, 190_001]) {
    for (const start of [0, 1, 7, 4_096]) {
      const end = start + length;
      const rest = fold(bytes, start, end, ~length);
      const folded = slicedCrc32c(rest, 0, rest.length, 0xffff_ffff);
      assertEquals(folded, slicedCrc32c(bytes, start, end, length), `${length} from ${start}`);
      assertEquals(crc32c(bytes, start, end, length), folded);
    }
  }
});
