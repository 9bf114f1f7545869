// Some of the records that come in chunks, as chunks again: what compaction keeps of a batch that
// is not held whole. Their timestamps may be counted from another time.
//
//   |record|record|record|  --isKept, by their number-->  |record|       |record|
//
// Invariant: but for the timestamps, what is kept is kept byte by byte.

import { BytesWriter, varlongSize } from "../base/bytes.ts";
import { DecodeFault } from "../base/faults.ts";
import { addInt64, fromZigZag, type Int64 } from "../base/int64.ts";

export interface SelectionOptions {
  /** Whether the record that is so many behind the first is kept. */
  readonly isKept: (index: number) => boolean;
  /** Is added to every timestamp delta. */
  readonly shiftMs: Int64;
}

/** A length of five bytes, attributes, and a timestamp of ten. */
const headBytesMax = 16;
const noBytes = new Uint8Array(0);

export class RecordSelection {
  readonly #options: SelectionOptions;
  #index = 0;
  /** The head of the record under way, as far as it is here. */
  readonly #head = new Uint8Array(headBytesMax);
  #headBytes = 0;
  /** Behind the head: bytes still to come, and whether they are kept. */
  #left = 0;
  #isKept = false;

  constructor(options: SelectionOptions) {
    this.#options = options;
  }

  /** What is kept of the next bytes; views of them are good as long as they are. */
  *push(chunk: Uint8Array): Generator<Uint8Array> {
    let at = 0;
    while (at < chunk.length) {
      if (this.#left > 0) {
        const end = Math.min(chunk.length, at + this.#left);
        this.#left -= end - at;
        if (this.#isKept) yield chunk.subarray(at, end);
        at = end;
        continue;
      }
      if (this.#headBytes === headBytesMax) throw new DecodeFault("a record has no valid head");
      this.#head[this.#headBytes++] = chunk[at++]!;
      const head = this.#wholeHead();
      if (head.length > 0) yield head;
    }
  }

  /** The head as it is kept, once it is whole: nothing before, and of what is not kept. */
  #wholeHead(): Uint8Array {
    const head = this.#head.subarray(0, this.#headBytes);
    const length = varintOf(head, 0);
    if (length === undefined) return noBytes;
    const time = varintOf(head, length.end + 1);
    if (time === undefined) return noBytes;
    this.#headBytes = 0;
    const bodyBytes = Number(length.value);
    this.#left = bodyBytes - (time.end - length.end);
    if (this.#left < 0) throw new DecodeFault("a record has no valid length");
    this.#isKept = this.#options.isKept(this.#index++);
    if (!this.#isKept) return noBytes;
    const delta = addInt64(time.value, this.#options.shiftMs);
    const writer = new BytesWriter(headBytesMax);
    writer.varint(1 + varlongSize(delta) + this.#left);
    writer.int8(head[length.end]!);
    writer.varlong(delta);
    return writer.finish();
  }
}

/** The number that begins at `start`, and where it ends; undefined where it is not all here. */
function varintOf(bytes: Uint8Array, start: number): { value: Int64; end: number } | undefined {
  let low = 0;
  let high = 0;
  for (let i = start; i < bytes.length; i++) {
    const byte = bytes[i]!;
    const count = i - start;
    if (count < 4) low |= (byte & 0x7f) << (7 * count);
    else high += (byte & 0x7f) * 128 ** (count - 4);
    if (byte < 0x80) return { value: fromZigZag(high, low), end: i + 1 };
  }
  return undefined;
}
