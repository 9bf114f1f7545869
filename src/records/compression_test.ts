import { assert, assertEquals, assertThrows } from "@std/assert";
import fc from "fast-check";
import { utf8 } from "../base/bytes.ts";
import { DecodeFault } from "../base/faults.ts";
import { compress, decompress, loadCompression } from "./compression.ts";
import { xxh32 } from "./xxh32.ts";

await loadCompression("snappy");
await loadCompression("lz4");
const codecs = undefined;

Deno.test("xxh32 gives the published values", () => {
  assertEquals(xxh32(utf8("")), 0x02cc5d05);
  assertEquals(xxh32(utf8("abc")), 0x32d153ff);
  assertEquals(xxh32(utf8("Nobody inspects the spammish repetition")), 0xe2293b2f);
});

for (const type of ["snappy", "lz4"] as const) {
  Deno.test(`${type} unpacks what it packed, whatever it is`, () => {
    const text = fc.array(fc.constantFrom("kafka", "log", "\n", "0123"), { maxLength: 40_000 })
      .map((words) => utf8(words.join("")));
    const noise = fc.uint8Array({ maxLength: 70_000 });
    fc.assert(
      fc.property(fc.oneof(text, noise), (bytes) => {
        const packed = compress(bytes, { type, codecs });
        assertEquals(decompress(packed, { type, codecs }).length, bytes.length);
        assert(decompress(packed, { type, codecs }).every((byte, i) => byte === bytes[i]));
      }),
      { numRuns: 40 },
    );
  });

  Deno.test(`${type} makes repetition small and stops at the bound`, () => {
    const zeros = new Uint8Array(1_000_000);
    const packed = compress(zeros, { type, codecs });
    assert(packed.length < 60_000, `${packed.length} bytes`);
    assertEquals(decompress(packed, { type, codecs, bytesMax: 1_000_000 }).length, 1_000_000);
    assertThrows(() => decompress(packed, { type, codecs, bytesMax: 999_999 }), DecodeFault);
  });

  Deno.test(`spoiled ${type} data throws DecodeFault or gives other bytes, and ends`, () => {
    const packed = compress(utf8("a broker ".repeat(500)), { type, codecs });
    fc.assert(fc.property(fc.nat(packed.length - 1), fc.nat(255), (position, value) => {
      const spoiled = packed.slice();
      spoiled[position] = value;
      try {
        assert(decompress(spoiled, { type, codecs, bytesMax: 100_000 }).length <= 100_000);
      } catch (error) {
        assert(error instanceof DecodeFault, String(error));
      }
    }));
  });
}

Deno.test("a bare snappy block, as librdkafka sends it, is read", () => {
  // preamble: 5 bytes; one literal of 5 bytes
  const raw = new Uint8Array([5, 4 << 2, ...utf8("hello")]);
  assertEquals(decompress(raw, { type: "snappy", codecs }), utf8("hello"));
});

const hello = utf8("hello hello hello hello hello\n");
const lz4Written = {
  "with a content checksum": "BCJNGGRApxAAAABvaGVsbG8gBgAAUGVsbG8KAAAAAC2CAzk=",
  "with dependent blocks and block checksums":
    "BCJNGHRAvRAAAABvaGVsbG8gBgAAUGVsbG8Kj/EtTwAAAAAtggM5",
};

for (const [form, base64] of Object.entries(lz4Written)) {
  Deno.test(`an lz4 frame that the lz4 tool wrote ${form} is read and its checks hold`, () => {
    const frame = Uint8Array.from(atob(base64), (character) => character.charCodeAt(0));
    assertEquals(decompress(frame, { type: "lz4", codecs }), hello);
    for (const position of [6, frame.length - 1]) {
      const spoiled = frame.slice();
      spoiled[position] ^= 1;
      assertThrows(() => decompress(spoiled, { type: "lz4", codecs }), DecodeFault, "checksum");
    }
  });
}
