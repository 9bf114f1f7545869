// The sparse index from time to offset of one segment (`.timeindex`), 12 bytes an entry:
//
//   int64 timestamp (the largest so far, in ms) | int32 offset - baseOffset of the batch that has
//   it
//
// It says: no record up to that offset is later than the timestamp. Invariant: timestamps increase
// strictly, offsets do not decrease. A last entry for the segment's largest timestamp is added
// when the segment is sealed or the log closed, so that the last entry tells it without reading
// the log.

import type { Int64 } from "../../base/int64.ts";
import { int32At, itemAt } from "../../base/items.ts";
import { int64At, putInt32, putInt64 } from "../../records/batch.ts";

const entryBytes = 12;
const emptyOffsets = new Int32Array(0);

/** Offsets are relative to the segment's base offset here. */
export class TimeIndex {
  readonly #timestamps: Int64[] = [];
  #offsets: Int32Array = emptyOffsets;
  #count = 0;

  readonly entryBytes = entryBytes;

  get entryCount(): number {
    return this.#count;
  }

  /** The last entry, undefined when there is none. */
  get last(): { timestamp: Int64; relativeOffset: number } | undefined {
    const i = this.#count - 1;
    if (i < 0) return undefined;
    return { timestamp: itemAt(this.#timestamps, i), relativeOffset: itemAt(this.#offsets, i) };
  }

  /** Adds an entry when it is later than the last one. */
  maybeAppend(timestamp: Int64, relativeOffset: number): void {
    if (timestamp < 0) return;
    if (timestamp <= (this.last?.timestamp ?? -1)) return;
    if (this.#count === this.#offsets.length) {
      const offsets = new Int32Array(Math.max(8, this.#count * 2));
      offsets.set(this.#offsets);
      this.#offsets = offsets;
    }
    this.#timestamps[this.#count] = timestamp;
    this.#offsets[this.#count] = relativeOffset;
    this.#count++;
  }

  /** The relative offset up to which all records are before `timestamp`, 0 when none is known. */
  lookup(timestamp: Int64): number {
    let low = 0;
    let high = this.#count;
    while (low < high) {
      const middle = (low + high) >>> 1;
      if (itemAt(this.#timestamps, middle) < timestamp) low = middle + 1;
      else high = middle;
    }
    return low === 0 ? 0 : itemAt(this.#offsets, low - 1);
  }

  /** Drops the entries of batches from `relativeOffset` on. */
  truncate(relativeOffset: number): void {
    while ((this.last?.relativeOffset ?? -1) >= relativeOffset) this.#count--;
  }

  /** The entries from `from` on. */
  encode(from = 0): Uint8Array {
    const bytes = new Uint8Array((this.#count - from) * entryBytes);
    for (let i = from, at = 0; i < this.#count; i++, at += entryBytes) {
      putInt64(bytes, at, itemAt(this.#timestamps, i));
      putInt32(bytes, at + 8, itemAt(this.#offsets, i));
    }
    return bytes;
  }
}

/** Decodes a time index file; undefined when it is damaged. Zeros at its end are no entries. */
export function decodeTimeIndex(bytes: Uint8Array): TimeIndex | undefined {
  if (bytes.length % entryBytes !== 0) return undefined;
  const index = new TimeIndex();
  for (let p = 0; p < bytes.length; p += entryBytes) {
    const timestamp = int64At(bytes, p);
    const relativeOffset = int32At(bytes, p + 8);
    const { last } = index;
    const ordered = last === undefined ||
      (timestamp > last.timestamp && relativeOffset >= last.relativeOffset);
    // A time of 0 is 1970's first millisecond: taken for the zeros that a file was allocated with.
    if (!ordered || timestamp <= 0 || relativeOffset < 0) {
      return bytes.subarray(p).every((byte) => byte === 0) ? index : undefined;
    }
    index.maybeAppend(timestamp, relativeOffset);
  }
  return index;
}
