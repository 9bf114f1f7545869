// Steps through the records of an unpacked batch without making an object for each: compaction
// looks at every key of a log, and writes most records back as the bytes that they are.
//
//   |length|attributes|timestampDelta|offsetDelta|keyLength|key|valueLength|value|headers|
//   ^start                           ^tail        keyStart--^                             ^end
//
// Invariant: after `next` returned true, the fields speak of one record that lies whole within the
// bytes. Anything malformed throws DecodeFault.

import { DecodeFault } from "../base/faults.ts";
import { fromZigZag, type Int64 } from "../base/int64.ts";

export class RecordCursor {
  readonly bytes: Uint8Array;
  /** Where the record begins, and where the next one does. */
  start = 0;
  end = 0;
  /** Behind the timestamp delta: what follows does not depend on the batch's base timestamp. */
  tail = 0;
  timestampDelta: Int64 = 0;
  offsetDelta = 0;
  keyStart = 0;
  /** -1 for null. */
  keyLength = -1;
  valueStart = 0;
  /** -1 for null: a tombstone. */
  valueLength = -1;
  readonly #limit: number;
  #position: number;

  constructor(bytes: Uint8Array, start = 0, end = bytes.length) {
    this.bytes = bytes;
    this.end = start;
    this.#position = start;
    this.#limit = end;
  }

  /** Moves to the next record; false when there is none. */
  next(): boolean {
    if (this.end === this.#limit) return false;
    this.start = this.end;
    this.#position = this.end;
    const length = this.#varint();
    const bodyStart = this.#position;
    // attributes, timestamp, offset, key, value and header count take a byte each at least
    if (length < 6 || length > this.#limit - bodyStart) {
      throw new DecodeFault(`record of ${length} bytes at ${bodyStart}`);
    }
    this.end = bodyStart + length;
    this.#position++;
    this.timestampDelta = this.#varlong();
    this.tail = this.#position;
    this.offsetDelta = this.#varint();
    this.keyLength = this.#varint();
    this.keyStart = this.#position;
    this.#position += Math.max(0, this.keyLength);
    // A key beyond the record is found here: reading the next field stops at the limit.
    this.valueLength = this.#varint();
    this.valueStart = this.#position;
    const valueEnd = this.#position + Math.max(0, this.valueLength);
    if (this.keyLength < -1 || this.valueLength < -1 || valueEnd >= this.end) {
      throw new DecodeFault(`record at ${this.start} does not hold its key and value`);
    }
    return true;
  }

  #varint(): number {
    const { bytes } = this;
    let value = 0;
    for (let shift = 0; shift < 35; shift += 7) {
      if (this.#position >= this.#limit) break;
      const byte = bytes[this.#position++]!;
      value |= (byte & 0x7f) << shift;
      if (byte < 0x80) return (value >>> 1) ^ -(value & 1);
    }
    throw new DecodeFault(`no varint at ${this.#position}`);
  }

  #varlong(): Int64 {
    let low = 0;
    for (let shift = 0; shift < 28; shift += 7) {
      const byte = this.#byte();
      low |= (byte & 0x7f) << shift;
      if (byte < 0x80) return (low >>> 1) ^ -(low & 1);
    }
    let high = 0;
    for (let scale = 1; scale < 2 ** 42; scale *= 128) {
      const byte = this.#byte();
      high += (byte & 0x7f) * scale;
      if (byte < 0x80) return fromZigZag(high, low);
    }
    throw new DecodeFault(`no varlong at ${this.#position}`);
  }

  #byte(): number {
    if (this.#position >= this.#limit) throw new DecodeFault(`no varlong at ${this.#position}`);
    return this.bytes[this.#position++]!;
  }
}
