// zstd frames (RFC 8878) of every kind. The blocks of the compressed ones are what the runtime's
// zstd made, behind a frame header of ours; others are raw and run-length blocks of ours.

import { constants, zstdCompressSync } from "node:zlib";
import { concatBytes } from "../../../src/base/bytes.ts";
import { type Chance, type Content, int32le, type Variant } from "./chance.ts";

const magic = 0xfd2fb528;

interface Header {
  /** As a log: of a window descriptor; undefined for a single segment. */
  windowLog: number | undefined;
  contentSize: number | undefined;
  dictionary: number | undefined;
  checksum: boolean;
  reserved: boolean;
}

function headerBytes(header: Header): Uint8Array {
  const { windowLog, contentSize, dictionary } = header;
  const isSingle = windowLog === undefined;
  const sizeFlag = contentSize === undefined ? 0 : 2;
  const descriptor = (sizeFlag << 6) | (isSingle ? 0x20 : 0) | (header.reserved ? 8 : 0) |
    (header.checksum ? 4 : 0) | (dictionary === undefined ? 0 : 3);
  return concatBytes([
    int32le(magic),
    new Uint8Array([descriptor]),
    ...(isSingle ? [] : [new Uint8Array([(windowLog - 10) << 3])]),
    ...(dictionary === undefined ? [] : [int32le(dictionary)]),
    ...(contentSize === undefined
      ? (isSingle ? [new Uint8Array([0])] : [])
      : [int32le(contentSize)]),
  ]);
}

/** What the runtime packed, without its frame header. */
function blocksOf(bytes: Uint8Array, level: number): Uint8Array {
  const params = { [constants.ZSTD_c_compressionLevel]: level };
  const frame = new Uint8Array(zstdCompressSync(bytes, { params }));
  const descriptor = frame[4];
  const isSingle = (descriptor >> 5) & 1;
  const sizeBytes = [isSingle, 2, 4, 8][descriptor >> 6];
  return frame.subarray(5 + (1 - isSingle) + [0, 1, 2, 4][descriptor & 3] + sizeBytes);
}

function block(
  data: Uint8Array,
  { type, size, last }: { type: number; size: number; last: boolean },
) {
  const word = (size << 3) | (type << 1) | (last ? 1 : 0);
  return concatBytes([int32le(word).subarray(0, 3), data]);
}

function rawBlocks(bytes: Uint8Array, chance: Chance): Uint8Array {
  const size = chance.of([100, 4_096, 100_000]);
  const parts: Uint8Array[] = [];
  for (let at = 0; at < bytes.length; at += size) {
    const data = bytes.subarray(at, at + size);
    parts.push(block(data, { type: 0, size: data.length, last: false }));
  }
  parts.push(block(new Uint8Array(0), { type: 0, size: 0, last: true }));
  return concatBytes(parts);
}

function frame(bytes: Uint8Array, { chance, header }: { chance: Chance; header: Partial<Header> }) {
  const whole: Header = {
    windowLog: 21,
    contentSize: undefined,
    dictionary: undefined,
    checksum: false,
    reserved: false,
    ...header,
  };
  const blocks = chance.once(0.3) ? rawBlocks(bytes, chance) : blocksOf(bytes, 1 + chance.below(6));
  return concatBytes([headerBytes(whole), blocks]);
}

function usual(bytes: Uint8Array, chance: Chance): Uint8Array {
  const params = {
    [constants.ZSTD_c_compressionLevel]: chance.of([1, 3, 9, -5]),
    [constants.ZSTD_c_checksumFlag]: chance.below(2),
  };
  return new Uint8Array(zstdCompressSync(bytes, { params }));
}

type Packed = readonly [kind: string, packed: Uint8Array];

function anyFrame(bytes: Uint8Array, chance: Chance): Packed {
  const made = (header: Partial<Header>) => frame(bytes, { chance, header });
  switch (chance.below(12)) {
    case 0:
      return ["no content size", made({})];
    case 1:
      return ["content size", made({ contentSize: bytes.length })];
    case 2:
      return ["single segment", made({ windowLog: undefined, contentSize: bytes.length })];
    case 3: {
      const off = chance.of([1, -1, 1_000, 2 ** 20, 2 ** 31]);
      const windowLog = chance.once(0.5) ? 21 : undefined;
      return ["content size wrong", made({ windowLog, contentSize: Math.abs(bytes.length + off) })];
    }
    case 4: {
      const windowLog = chance.of([10, 12, 17, 22, 25, 27, 28, 30, 31, 41]);
      return [`window of 2^${windowLog}`, made({ windowLog })];
    }
    case 5: {
      const dictionary = chance.of([0, 1, 99_999]);
      return [`dictionary ${dictionary}`, made({ dictionary })];
    }
    case 6:
      return ["reserved bit", made({ reserved: true })];
    case 7: {
      const params = { [constants.ZSTD_c_checksumFlag]: 1 };
      const packed = new Uint8Array(zstdCompressSync(bytes, { params }));
      if (!(packed[4] & 4)) return ["checksum, wanted", packed];
      if (chance.once(0.5)) return ["checksum", packed];
      packed[packed.length - 1 - chance.below(4)] ^= 1 + chance.below(255);
      return ["checksum wrong", packed];
    }
    case 8: {
      const odd = chance.of([
        block(new Uint8Array(1), { type: 3, size: 1, last: true }),
        block(bytes.subarray(0, 200_000), {
          type: 0,
          size: Math.min(bytes.length, 200_000),
          last: true,
        }),
        block(new Uint8Array(1), { type: 1, size: 200_000, last: true }),
        block(new Uint8Array(0), { type: 2, size: 0, last: true }),
      ]);
      return [
        "an odd block",
        concatBytes([
          headerBytes({
            windowLog: 21,
            contentSize: undefined,
            dictionary: undefined,
            checksum: false,
            reserved: false,
          }),
          odd,
        ]),
      ];
    }
    default:
      return ["usual", usual(bytes, chance)];
  }
}

function skippable(chance: Chance): Uint8Array {
  const length = chance.below(30);
  return concatBytes([
    int32le(0x184d2a50 + chance.below(16)),
    int32le(length),
    chance.bytes(length),
  ]);
}

function several(bytes: Uint8Array, chance: Chance): Packed {
  switch (chance.below(8)) {
    case 0:
      return [
        "several frames",
        concatBytes(chance.cut(bytes, 5).map((part) => usual(part, chance))),
      ];
    case 1: {
      const [kind, packed] = anyFrame(bytes.subarray(5), chance);
      return [`second frame: ${kind}`, concatBytes([usual(bytes.subarray(0, 5), chance), packed])];
    }
    case 2:
      return ["skippable first", concatBytes([skippable(chance), usual(bytes, chance)])];
    case 3:
      return ["skippable last", concatBytes([usual(bytes, chance), skippable(chance)])];
    case 4:
      return [
        "skippable cut",
        concatBytes([usual(bytes, chance), skippable(chance).subarray(0, chance.below(12))]),
      ];
    case 5:
      return [
        "half a frame behind",
        concatBytes([usual(bytes, chance), usual(bytes, chance).subarray(0, chance.below(12))]),
      ];
    case 6: {
      const version = 0x22 + chance.below(6);
      const packed = usual(bytes, chance);
      packed[0] = version;
      return [`legacy magic ${version.toString(16)}`, packed];
    }
    default:
      return ["empty", new Uint8Array(chance.below(6))];
  }
}

/** Some records as zstd frames. */
export function zstdVariant(chance: Chance, content: Content): Omit<Variant, "codec" | "magic"> {
  const { recordCount, bytes } = content;
  const [kind, packed] = chance.once(0.35) ? several(bytes, chance) : anyFrame(bytes, chance);
  return { recordCount, kind, packed };
}
