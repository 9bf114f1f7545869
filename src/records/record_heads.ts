// The heads of records that come in chunks, as a codec unpacks them: what compaction has to know of
// each, with a window of the records in memory, however large one of them is.
//
//   |length|attributes|timestampDelta|offsetDelta|keyLength|key|valueLength|value, headers|
//                                                          ^onKey, in parts  ^onHead
//
// Invariant: where the chunks are cut makes no difference. Anything malformed throws DecodeFault.

import { DecodeFault } from "../base/faults.ts";
import { fromZigZag, type Int64 } from "../base/int64.ts";

/** What is read next of a record, in the order of its bytes. */
type Field = "length" | "attributes" | "timestamp" | "offset" | "keyLength" | "key" | "valueLength";

const lengthMin = 6;
const varintBytesMax = 5;
const varlongBytesMax = 10;

export interface HeadVisitor {
  /** The next part of the key of the record under way. */
  onKey(bytes: Uint8Array, start: number, end: number): void;
  /** The head is whole, and its fields are this record's. Returns false to look at no more. */
  onHead(): boolean;
}

export class RecordHeads {
  /** Of the record whose head was read last. */
  timestampDelta: Int64 = 0;
  offsetDelta = 0;
  /** -1 for null. */
  keyLength = -1;
  /** -1 for null: a tombstone. */
  valueLength = -1;
  /** How many there were. */
  count = 0;
  #field: Field = "length";
  /** Bytes of the record under way that are still to come. */
  #left = 0;
  /** Of them, those that nobody looks at, and those of its key. */
  #skip = 0;
  #keyLeft = 0;
  // The varint being read.
  #low = 0;
  #high = 0;
  #bytes = 0;

  /** Looks at the next bytes; false: the visitor wants no more. */
  push(chunk: Uint8Array, visitor: HeadVisitor): boolean {
    let at = 0;
    while (at < chunk.length) {
      if (this.#skip > 0) {
        const step = Math.min(this.#skip, chunk.length - at);
        this.#skip -= step;
        at += step;
      } else if (this.#field === "key") {
        const step = Math.min(this.#keyLeft, chunk.length - at);
        visitor.onKey(chunk, at, at + step);
        this.#keyLeft -= step;
        at += step;
        if (this.#keyLeft === 0) this.#field = "valueLength";
      } else if (!this.#onByte(chunk[at++]!, visitor)) return false;
    }
    return true;
  }

  /** Throws DecodeFault when a record was cut off. */
  end(): void {
    const isBetween = this.#field === "length" && this.#bytes === 0 && this.#skip === 0;
    if (!isBetween) throw this.#malformed();
  }

  #onByte(byte: number, visitor: HeadVisitor): boolean {
    if (this.#field !== "length" && --this.#left < 0) throw this.#malformed();
    if (this.#field === "attributes") {
      this.#field = "timestamp";
      return true;
    }
    const isLong = this.#field === "timestamp";
    // Of a long one the first 28 bits are low.
    if (isLong && this.#bytes >= 4) this.#high += (byte & 0x7f) * 128 ** (this.#bytes - 4);
    else this.#low |= (byte & 0x7f) << (7 * this.#bytes);
    this.#bytes++;
    if (byte >= 0x80) {
      if (this.#bytes >= (isLong ? varlongBytesMax : varintBytesMax)) throw this.#malformed();
      return true;
    }
    const value = (this.#low >>> 1) ^ -(this.#low & 1);
    const delta = isLong && this.#bytes > 4 ? fromZigZag(this.#high, this.#low) : value;
    this.#low = this.#high = this.#bytes = 0;
    return this.#onVarint(value, delta, visitor);
  }

  #onVarint(value: number, delta: Int64, visitor: HeadVisitor): boolean {
    switch (this.#field) {
      case "length":
        if (value < lengthMin) throw this.#malformed();
        this.#left = value;
        this.#field = "attributes";
        return true;
      case "timestamp":
        this.timestampDelta = delta;
        this.#field = "offset";
        return true;
      case "offset":
        this.offsetDelta = value;
        this.#field = "keyLength";
        return true;
      case "keyLength":
        if (value < -1 || value > this.#left) throw this.#malformed();
        this.keyLength = value;
        this.#keyLeft = Math.max(0, value);
        this.#left -= this.#keyLeft;
        this.#field = value > 0 ? "key" : "valueLength";
        return true;
      default:
        // A byte at least follows: the number of headers.
        if (value < -1 || Math.max(0, value) >= this.#left) throw this.#malformed();
        this.valueLength = value;
        this.#skip = this.#left;
        this.#field = "length";
        this.count++;
        return visitor.onHead();
    }
  }

  #malformed(): DecodeFault {
    return new DecodeFault(`record ${this.count} of a batch is malformed`);
  }
}
