// Snappy in its forms: raw blocks (format_description.txt) of every element, and xerial's streams
// (SnappyCodec of snappy-java) with headers, versions and chunks right and wrong.

import snappy from "snappyjs";
import { concatBytes } from "../../../src/base/bytes.ts";
import { type Chance, type Content, int32le, type Variant } from "./chance.ts";

function int32be(value: number): Uint8Array {
  return new Uint8Array(int32le(value)).reverse();
}

function uvarint(value: number): Uint8Array {
  const bytes: number[] = [];
  let rest = value;
  for (; rest >= 0x80; rest = Math.floor(rest / 128)) bytes.push((rest % 128) | 0x80);
  return new Uint8Array([...bytes, rest]);
}

function literal(bytes: Uint8Array, lengthBytes: number): Uint8Array {
  const last = bytes.length - 1;
  if (lengthBytes === 0) return concatBytes([new Uint8Array([last << 2]), bytes]);
  const head = new Uint8Array([(59 + lengthBytes) << 2]);
  return concatBytes([head, int32le(last).subarray(0, lengthBytes), bytes]);
}

function copy(kind: 1 | 2 | 4, { distance, length }: { distance: number; length: number }) {
  if (kind === 1) {
    return new Uint8Array([((distance >> 8) << 5) | ((length - 4) << 2) | 1, distance]);
  }
  const tag = ((length - 1) << 2) | (kind === 2 ? 2 : 3);
  return concatBytes([new Uint8Array([tag]), int32le(distance).subarray(0, kind)]);
}

/** `bytes` by elements of every kind that can say it, after the length `claim`. */
function anyElements(bytes: Uint8Array, { chance, claim }: { chance: Chance; claim: number }) {
  const parts = [uvarint(claim)];
  for (let at = 0; at < bytes.length;) {
    const distance = 1 + chance.below(Math.min(at, 2_000));
    let alike = 0;
    while (
      at > 0 && alike < 64 && at + alike < bytes.length &&
      bytes[at + alike] === bytes[at + alike - distance]
    ) alike++;
    if (alike > 0) {
      const kinds = alike >= 4 && alike <= 11 ? [1, 2, 4] as const : [2, 4] as const;
      parts.push(copy(chance.of(kinds), { distance, length: alike }));
      at += alike;
      continue;
    }
    const length = Math.min(bytes.length - at, 1 + chance.below(chance.of([60, 60, 300, 70_000])));
    const least = length <= 60 ? 0 : length <= 256 ? 1 : length <= 65_536 ? 2 : 3;
    const lengthBytes = least + chance.below(5 - least);
    parts.push(literal(bytes.subarray(at, at + length), lengthBytes));
    at += length;
  }
  return concatBytes(parts);
}

function rawBlock(bytes: Uint8Array, chance: Chance): Uint8Array {
  if (chance.once(0.3)) return anyElements(bytes, { chance, claim: bytes.length });
  return new Uint8Array(snappy.compress(bytes));
}

const magic = new Uint8Array([0x82, 0x53, 0x4e, 0x41, 0x50, 0x50, 0x59, 0]);

function header(version: number, compatible: number): Uint8Array {
  return concatBytes([magic, int32be(version), int32be(compatible)]);
}

function chunks(bytes: Uint8Array, chance: Chance): Uint8Array {
  const size = chance.of([1_000, 32_768, 65_536, 10 ** 6]);
  const parts: Uint8Array[] = [];
  for (let at = 0; at < bytes.length; at += size) {
    const block = rawBlock(bytes.subarray(at, at + size), chance);
    parts.push(int32be(block.length), block);
  }
  return concatBytes(parts);
}

function stream(bytes: Uint8Array, chance: Chance): Uint8Array {
  return concatBytes([header(1, 1), chunks(bytes, chance)]);
}

type Packed = readonly [kind: string, packed: Uint8Array];

function anyRaw(bytes: Uint8Array, chance: Chance): Packed {
  switch (chance.below(8)) {
    case 0:
      return [
        "raw, claims more",
        anyElements(bytes, { chance, claim: bytes.length + 1 + chance.below(99) }),
      ];
    case 1:
      return [
        "raw, claims less",
        anyElements(bytes, { chance, claim: chance.below(bytes.length) }),
      ];
    case 2: {
      const claim = chance.of([2 ** 28, 2 ** 31 - 1, 2 ** 31, 2 ** 32 - 1, 2 ** 32, 2 ** 35]);
      return ["raw, claims gigabytes", anyElements(bytes, { chance, claim })];
    }
    case 3: {
      const front = anyElements(bytes, { chance, claim: bytes.length });
      const wild = chance.of([
        copy(2, { distance: 0, length: 5 }),
        copy(4, { distance: 2 ** 31, length: 9 }),
        copy(4, { distance: 0, length: 9 }),
        literal(bytes.subarray(0, 2), 4),
      ]);
      return ["raw, an odd element behind", concatBytes([front, wild])];
    }
    case 4: {
      const back = new Uint8Array([0xfc, ...int32le(-2 - chance.below(200))]);
      return [
        "raw, a literal of nearly 2^32",
        concatBytes([uvarint(bytes.length), literal(bytes.subarray(0, 9), 0), back, bytes]),
      ];
    }
    default:
      return ["raw", rawBlock(bytes, chance)];
  }
}

function anyXerial(bytes: Uint8Array, chance: Chance): Packed {
  const [first, second] = chance.once(0.5)
    ? [bytes, bytes.subarray(0, 0)]
    : [bytes.subarray(0, bytes.length >> 1), bytes.subarray(bytes.length >> 1)];
  switch (chance.below(12)) {
    case 0:
      return ["xerial, two streams", concatBytes([stream(first, chance), stream(second, chance)])];
    case 1: {
      const [version, compatible] = chance.of(
        [[0, 0], [0, 1], [2, 1], [2, 2], [-1, 1], [1, 0], [1, 9]] as const,
      );
      return [
        `xerial, version ${version}, ${compatible}`,
        concatBytes([header(version, compatible), chunks(bytes, chance)]),
      ];
    }
    case 2:
      return [
        "xerial, second stream of another version",
        concatBytes([stream(first, chance), header(chance.below(2), 1), chunks(second, chance)]),
      ];
    case 3:
      return [
        "xerial, an empty block",
        concatBytes([stream(first, chance), int32be(1), new Uint8Array(1), chunks(second, chance)]),
      ];
    case 4:
      return [
        "xerial, a block of no bytes",
        concatBytes([stream(first, chance), int32be(0), chunks(second, chance)]),
      ];
    case 5:
      return [
        "xerial, a chunk of a wrong length",
        concatBytes([
          stream(first, chance),
          int32be(chance.of([-1, -5, 2 ** 31 - 1, 2 ** 29, 99_999])),
          chunks(second, chance),
        ]),
      ];
    case 6:
      return [
        "xerial, a few bytes behind",
        concatBytes([stream(bytes, chance), chance.bytes(1 + chance.below(3))]),
      ];
    case 7:
      return [
        "xerial, header alone",
        concatBytes([header(1, 1)]).subarray(0, chance.of([16, 15, 9, 8, 7, 1, 0])),
      ];
    case 8: {
      const [, block] = anyRaw(bytes, chance);
      return ["xerial, an odd block", concatBytes([header(1, 1), int32be(block.length), block])];
    }
    case 9: {
      const head = header(1, 1);
      head[1 + chance.below(7)] ^= 4;
      return ["xerial, magic spoiled", concatBytes([head, chunks(bytes, chance)])];
    }
    default:
      return ["xerial", stream(bytes, chance)];
  }
}

/** Some records as snappy. */
export function snappyVariant(chance: Chance, content: Content): Omit<Variant, "codec" | "magic"> {
  const { recordCount, bytes } = content;
  const [kind, packed] = chance.once(0.4) ? anyRaw(bytes, chance) : anyXerial(bytes, chance);
  return { recordCount, kind, packed };
}
