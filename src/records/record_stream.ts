// The walk of record_walk.ts over records that come in chunks, as a codec unpacks them: so a batch
// that unpacks to a hundred megabytes is judged with a window of them in memory.
//
//   chunk |record|record|rec  +  ord|record|...      whole ones by walkRun, the one that is cut
//                        \_ crossing _/              field by field, across as many chunks as it is
//
// Invariant: it comes to what walkRecords comes to, wherever the chunks are cut.

import { addInt64, fromZigZag, type Int64 } from "../base/int64.ts";
import {
  recordError,
  recordErrorsMax,
  recordLengthMin,
  type RecordWalk,
  type Walked,
  type WalkOptions,
  walkRun,
} from "./record_walk.ts";

/** What is read next of the record that goes across chunks, in the order of its bytes. */
type Field =
  | "length"
  | "attributes"
  | "timestamp"
  | "offset"
  | "key"
  | "value"
  | "headers"
  | "header name"
  | "header value";

const varintBytesMax = 5;
const varlongBytesMax = 10;

export class RecordStream {
  readonly #options: Omit<WalkOptions, "start">;
  readonly #walk: Walked = { maxTimestamp: -1, consecutive: true, breaksRules: false };
  /** Of the record that comes next, or that is under way. */
  #index = 0;
  #isCrossing = false;
  #field: Field = "length";
  /** Bytes of the record that are still to come. */
  #left = 0;
  /** Bytes of a key, value or name that are still to be stepped over. */
  #skip = 0;
  #headersLeft = 0;
  #timestamp: Int64 = 0;
  #hasKey = true;
  // The varint being read.
  #low = 0;
  #high = 0;
  #count = 0;

  constructor(options: Omit<WalkOptions, "start">) {
    this.#options = options;
  }

  /** Steps over the next bytes; a sentence when they are not what the batch claims. */
  push(chunk: Uint8Array): string | undefined {
    let position = 0;
    if (this.#isCrossing) {
      const end = this.#cross(chunk, 0);
      if (typeof end === "string") return end;
      position = end;
    }
    if (position === chunk.length) return undefined;
    const { count, end } = wholeRecords(chunk, {
      position,
      countMax: this.#options.recordCount - this.#index,
    });
    if (count > 0) {
      const [from, to, walk] = [this.#index, this.#index + count, this.#walk];
      const wrong = walkRun(chunk, { ...this.#options, start: 0, from, to, position, walk });
      if (wrong !== undefined) return wrong;
      this.#index = to;
    }
    if (end === chunk.length) return undefined;
    if (this.#index === this.#options.recordCount) return unfilled;
    this.#begin();
    const crossed = this.#cross(chunk, end);
    return typeof crossed === "string" ? crossed : undefined;
  }

  /** What the whole came to. */
  end(): RecordWalk | string {
    const { recordCount } = this.#options;
    if (this.#index < recordCount) return `record ${this.#index} has no valid length`;
    return this.#walk;
  }

  #begin(): void {
    this.#isCrossing = true;
    this.#field = "length";
    this.#left = Infinity;
    this.#hasKey = true;
    this.#newVarint();
  }

  #newVarint(): void {
    this.#low = 0;
    this.#high = 0;
    this.#count = 0;
  }

  /** Reads on in the record under way; where it ended in `chunk`, which may be its end. */
  #cross(chunk: Uint8Array, start: number): number | string {
    let at = start;
    while (at < chunk.length) {
      if (this.#skip > 0) {
        const step = Math.min(this.#skip, chunk.length - at);
        this.#skip -= step;
        at += step;
      } else {
        const byte = chunk[at++]!;
        this.#left--;
        if (this.#left < 0) return this.#misfit();
        if (this.#field === "attributes") this.#field = "timestamp";
        else {
          const isWhole = this.#addByte(byte);
          if (isWhole === undefined) return this.#misfit();
          if (!isWhole) continue;
          const wrong = this.#onVarint();
          if (wrong !== undefined) return wrong;
        }
      }
      if (this.#isCrossing && this.#skip === 0 && this.#isAtEnd()) {
        const wrong = this.#onRecord();
        if (wrong !== undefined) return wrong;
      }
      if (!this.#isCrossing) return at;
    }
    return at;
  }

  /** Whether the varint is whole now; undefined: it is none. */
  #addByte(byte: number): boolean | undefined {
    const isLong = this.#field === "timestamp";
    // Of a long one the first 28 bits are low.
    if (isLong && this.#count >= 4) this.#high += (byte & 0x7f) * 128 ** (this.#count - 4);
    else this.#low |= (byte & 0x7f) << (7 * this.#count);
    this.#count++;
    if (byte < 0x80) return true;
    return this.#count < (isLong ? varlongBytesMax : varintBytesMax) ? false : undefined;
  }

  #onVarint(): string | undefined {
    const value = (this.#low >>> 1) ^ -(this.#low & 1);
    const field = this.#field;
    const isShort = this.#count <= 4;
    const [high, low] = [this.#high, this.#low];
    this.#newVarint();
    switch (field) {
      case "length":
        if (value < recordLengthMin) return `record ${this.#index} has no valid length`;
        this.#left = value;
        this.#field = "attributes";
        return undefined;
      case "timestamp": {
        const delta = isShort ? value : fromZigZag(high, low);
        this.#timestamp = addInt64(this.#options.baseTimestamp, delta);
        this.#field = "offset";
        return undefined;
      }
      case "offset":
        if (value !== this.#index) this.#walk.consecutive = false;
        this.#field = "key";
        return undefined;
      case "key":
        this.#hasKey = value >= 0;
        this.#field = "value";
        return this.#stepOver(value);
      case "value":
        this.#field = "headers";
        return this.#stepOver(value);
      case "headers":
        if (value < 0 || value > this.#left) return this.#misfit();
        this.#headersLeft = value;
        this.#field = "header name";
        return undefined;
      case "header name":
        this.#field = "header value";
        return value < 0 ? this.#misfit() : this.#stepOver(value);
      default:
        this.#headersLeft--;
        this.#field = "header name";
        return this.#stepOver(value);
    }
  }

  /** `length` is -1 for null. */
  #stepOver(length: number): string | undefined {
    if (length < -1 || length > this.#left) return this.#misfit();
    this.#skip = Math.max(0, length);
    this.#left -= this.#skip;
    return undefined;
  }

  #isAtEnd(): boolean {
    return this.#field === "header name" && this.#headersLeft === 0;
  }

  #onRecord(): string | undefined {
    if (this.#left !== 0) return this.#misfit();
    this.#isCrossing = false;
    const { rules, errors } = this.#options;
    const walk = this.#walk;
    const timestamp = this.#timestamp;
    if (timestamp > walk.maxTimestamp) walk.maxTimestamp = timestamp;
    const noKey = rules.keysRequired && !this.#hasKey;
    const isOutside = timestamp < rules.timestampMin || timestamp > rules.timestampMax;
    if (noKey || (isOutside && timestamp !== -1)) {
      walk.breaksRules = true;
      if (errors !== undefined && errors.length < recordErrorsMax) {
        errors.push(recordError(this.#index, noKey ? undefined : timestamp, rules));
      }
    }
    this.#index++;
    return undefined;
  }

  #misfit(): string {
    return `record ${this.#index} does not fit its length`;
  }
}

const unfilled = "the records do not fill their batch";

/** How many records of `chunk` from `position` on are whole, and where the last of them ends. */
function wholeRecords(chunk: Uint8Array, o: { position: number; countMax: number }) {
  let count = 0;
  let end = o.position;
  while (count < o.countMax && end < chunk.length) {
    let at = end;
    let value = 0;
    let shift = 0;
    let byte = 0x80;
    while (byte >= 0x80 && shift < 7 * varintBytesMax && at < chunk.length) {
      byte = chunk[at++]!;
      value |= (byte & 0x7f) << shift;
      shift += 7;
    }
    const length = (value >>> 1) ^ -(value & 1);
    // What is no length at all is found by whoever looks into the record.
    if (byte >= 0x80 || length < 0 || length > chunk.length - at) break;
    end = at + length;
    count++;
  }
  return { count, end };
}
