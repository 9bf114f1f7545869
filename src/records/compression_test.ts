import { assert, assertEquals, assertThrows } from "@std/assert";
import fc from "fast-check";
import { concatBytes, utf8 } from "../base/bytes.ts";
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

function fromBase64(base64: string): Uint8Array<ArrayBuffer> {
  return Uint8Array.from(atob(base64), (character) => character.charCodeAt(0));
}

Deno.test("an lz4 frame is read; its header is checked and its content is not", () => {
  const frame = fromBase64("BCJNGGRApxAAAABvaGVsbG8gBgAAUGVsbG8KAAAAAC2CAzk=");
  assertEquals(decompress(frame, { type: "lz4", codecs }), hello);
  const header = frame.slice();
  header[6]! ^= 1;
  assertThrows(() => decompress(header, { type: "lz4", codecs }), DecodeFault, "header checksum");
  // Kafka's reader asks for the content's checksum and does not look at it.
  const content = frame.slice();
  content[frame.length - 1]! ^= 1;
  assertEquals(decompress(content, { type: "lz4", codecs }), hello);
  const cut = frame.slice(0, -1);
  assertThrows(() => decompress(cut, { type: "lz4", codecs }), DecodeFault, "cut");
});

Deno.test("an lz4 frame of dependent blocks is refused, as Java's reader refuses it", () => {
  const frame = fromBase64("BCJNGHRAvRAAAABvaGVsbG8gBgAAUGVsbG8Kj/EtTwAAAAAtggM5");
  assertEquals(decompress(frame, { type: "lz4", codecs }), hello);
  const independent = 0x20;
  frame[4]! &= ~independent;
  frame[6] = xxh32(frame.subarray(4, 6)) >>> 8;
  assertThrows(() => decompress(frame, { type: "lz4", codecs }), DecodeFault, "dependent blocks");
});

Deno.test("an lz4 frame takes no more memory than it holds, whatever its blocks may hold", () => {
  const small = compress(hello, { type: "lz4", codecs });
  small[5] = 7 << 4; // blocks of up to 4 MiB
  small[6] = xxh32(small.subarray(4, 6)) >>> 8;
  const unpacked = decompress(small, { type: "lz4", codecs });
  assertEquals(unpacked, hello);
  assert(unpacked.buffer.byteLength < 100, `${unpacked.buffer.byteLength} bytes`);
});

Deno.test("a snappy block that is not what it says is refused, and every one has an end", () => {
  const literalOfNearly4GiB = [0xfc, 0x9c, 0xff, 0xff, 0xff];
  const hanging = new Uint8Array(200);
  hanging.set([100]);
  hanging.set(literalOfNearly4GiB, 151);
  const tooShort = new Uint8Array([9, 4 << 2, ...utf8("hello")]);
  const tooLong = new Uint8Array([4, 4 << 2, ...utf8("hello")]);
  for (const raw of [hanging, tooShort, tooLong, new Uint8Array(0)]) {
    assertThrows(() => decompress(raw, { type: "snappy", codecs }), DecodeFault);
  }
});

Deno.test("snappy streams in a row are read as one, and a few bytes behind are left", () => {
  const stream = compress(hello, { type: "snappy", codecs });
  const packed = concatBytes([stream, stream, new Uint8Array(3)]);
  assertEquals(decompress(packed, { type: "snappy", codecs }), concatBytes([hello, hello]));
});
