// The sparse index from offset to file position of one segment (`.index`), 8 bytes an entry:
//
//   int32 offset - baseOffset (of the last record of a batch) | int32 position of that batch
//
// Invariant: offsets and positions increase strictly, every position is the start of a batch. An
// entry is made about every index.interval.bytes. In memory the active segment's index grows by
// doubling; its file is added to now and then, at last when the segment is sealed or the log is
// closed. It never needs to be trusted: a missing or damaged file is rebuilt from the log, and a
// look-up in an empty index says "from 0".

import { int32At, itemAt } from "../../base/items.ts";
import { putInt32 } from "../../records/batch.ts";

/** Bytes of an entry. */
const entryBytes = 8;
const empty = new Int32Array(0);

/** Offsets are relative to the segment's base offset here. */
export class OffsetIndex {
  #pairs: Int32Array = empty;
  #count = 0;

  readonly entryBytes = entryBytes;

  get entryCount(): number {
    return this.#count;
  }

  /** Relative offset and position of entry `i`. */
  entry(i: number): { relativeOffset: number; position: number } {
    return { relativeOffset: itemAt(this.#pairs, 2 * i), position: itemAt(this.#pairs, 2 * i + 1) };
  }

  append(relativeOffset: number, position: number): void {
    if (this.#pairs.length === 2 * this.#count) {
      const grown = new Int32Array(Math.max(16, this.#pairs.length * 2));
      grown.set(this.#pairs);
      this.#pairs = grown;
    }
    this.#pairs[2 * this.#count] = relativeOffset;
    this.#pairs[2 * this.#count + 1] = position;
    this.#count++;
  }

  /** A position at or before the batch with `relativeOffset`: of the last entry not beyond it. */
  lookup(relativeOffset: number): number {
    return this.floor(relativeOffset)?.position ?? 0;
  }

  /** The last entry not beyond `relativeOffset`; undefined when there is none. */
  floor(relativeOffset: number): { relativeOffset: number; position: number } | undefined {
    let low = 0;
    let high = this.#count;
    while (low < high) {
      const middle = (low + high) >>> 1;
      if (itemAt(this.#pairs, 2 * middle) <= relativeOffset) low = middle + 1;
      else high = middle;
    }
    return low === 0 ? undefined : this.entry(low - 1);
  }

  /** Drops the entries of batches at or after file position `size`. */
  truncate(size: number): void {
    while (this.#count > 0 && itemAt(this.#pairs, 2 * this.#count - 1) >= size) this.#count--;
  }

  /** The entries from `from` on. */
  encode(from = 0): Uint8Array {
    const bytes = new Uint8Array((this.#count - from) * entryBytes);
    const first = 2 * from;
    for (let i = first; i < 2 * this.#count; i++) {
      putInt32(bytes, 4 * (i - first), itemAt(this.#pairs, i));
    }
    return bytes;
  }
}

/**
 * Decodes an index file; undefined when it cannot be that of a log file of `logSize` bytes. Kafka
 * allocates index files ahead, so zeros after the last entry are no entries.
 */
export function decodeOffsetIndex(bytes: Uint8Array, logSize: number): OffsetIndex | undefined {
  if (bytes.length % entryBytes !== 0) return undefined;
  const index = new OffsetIndex();
  let lastOffset = -1;
  // The batch at position 0 needs no entry and never gets one.
  let lastPosition = 0;
  for (let p = 0; p < bytes.length; p += entryBytes) {
    const relativeOffset = int32At(bytes, p);
    const position = int32At(bytes, p + 4);
    if (relativeOffset <= lastOffset || position <= lastPosition || position >= logSize) {
      return bytes.subarray(p).every((byte) => byte === 0) ? index : undefined;
    }
    index.append(relativeOffset, position);
    lastOffset = relativeOffset;
    lastPosition = position;
  }
  return index;
}
