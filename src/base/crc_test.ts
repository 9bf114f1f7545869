import { assertEquals } from "@std/assert";
import fc from "fast-check";
import { crc32 as zlibCrc32 } from "node:zlib";
import { utf8 } from "./bytes.ts";
import { crc32, crc32c } from "./crc.ts";

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
