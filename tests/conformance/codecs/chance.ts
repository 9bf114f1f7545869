// What the variants of packed records are made of: seeded chance, and records for their content.

import { BytesWriter, concatBytes } from "../../../src/base/bytes.ts";
import { writeRecord } from "../../../src/records/record.ts";
import { SeededRandom } from "../../../src/runtime/simulated_time.ts";

/** Packed records of one kind. */
export interface Variant {
  readonly codec: "gzip" | "snappy" | "lz4" | "zstd";
  readonly magic: 0 | 2;
  readonly recordCount: number;
  /** What is special about it: differences are told by it. */
  readonly kind: string;
  readonly packed: Uint8Array;
}

/** Records as a batch holds them, unpacked. */
export interface Content {
  readonly recordCount: number;
  readonly bytes: Uint8Array;
}

export class Chance {
  readonly #random: SeededRandom;

  constructor(seed: number, name: string) {
    this.#random = new SeededRandom(seed, name);
  }

  /** A whole number in [0, limit). */
  below(limit: number): number {
    return Math.floor(this.#random.between(0, limit));
  }

  once(probability: number): boolean {
    return this.#random.chance(probability);
  }

  of<T>(choices: readonly T[]): T {
    return choices[this.below(choices.length)];
  }

  bytes(length: number): Uint8Array<ArrayBuffer> {
    return this.#random.bytes(length);
  }

  /** Records that pack well in places: of a few bytes to some hundred kilobytes. */
  content(): Content {
    const recordCount = 1 + this.below(this.once(0.5) ? 3 : 40);
    const valueBytesMax = this.of([20, 200, 3_000, 20_000]);
    const writer = new BytesWriter();
    for (let offsetDelta = 0; offsetDelta < recordCount; offsetDelta++) {
      const length = this.below(valueBytesMax);
      const value = this.once(0.3) ? this.bytes(length) : this.#words(length);
      writeRecord(writer, { body: { value }, offsetDelta, timestampDelta: 0 });
    }
    return { recordCount, bytes: new Uint8Array(writer.finish()) };
  }

  #words(length: number): Uint8Array<ArrayBuffer> {
    const words = Array.from({ length: 4 }, () => this.bytes(3 + this.below(9)));
    const bytes = new Uint8Array(length);
    for (let at = 0; at < length;) {
      const word = this.of(words).subarray(0, length - at);
      bytes.set(word, at);
      at += word.length;
    }
    return bytes;
  }

  /** `bytes` in up to `partsMax` parts, some of them empty. */
  cut(bytes: Uint8Array, partsMax: number): Uint8Array[] {
    const cuts = Array.from({ length: this.below(partsMax) }, () => this.below(bytes.length + 1));
    const edges = [0, ...cuts.sort((a, b) => a - b), bytes.length];
    return edges.slice(1).map((edge, i) => bytes.subarray(edges[i], edge));
  }
}

/** Something done to what is packed already. */
export interface Spoiled {
  readonly kind: string;
  readonly packed: Uint8Array;
}

/** Nothing in most cases; else cut short, changed in a byte, or followed by junk. */
export function spoil(packed: Uint8Array, chance: Chance): Spoiled {
  switch (chance.below(9)) {
    case 0:
      return { kind: ", cut", packed: packed.slice(0, chance.below(packed.length)) };
    case 1: {
      const near = chance.once(0.5) ? Math.min(packed.length, 32) : packed.length;
      const changed = packed.slice();
      changed[chance.below(near)] ^= 1 << chance.below(8);
      return { kind: ", a bit changed", packed: changed };
    }
    case 2: {
      const end = packed.slice();
      end[packed.length - 1 - chance.below(Math.min(packed.length, 12))] ^= 1 + chance.below(255);
      return { kind: ", changed near its end", packed: end };
    }
    case 3: {
      const junk = chance.once(0.5)
        ? chance.bytes(1 + chance.below(40))
        : new Uint8Array(1 + chance.below(40));
      return { kind: ", junk behind", packed: concatBytes([packed, junk]) };
    }
    default:
      return { kind: "", packed };
  }
}

export function int32le(value: number): Uint8Array {
  return new Uint8Array([value, value >> 8, value >> 16, value >> 24]);
}
