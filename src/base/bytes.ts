// Kafka's primitive encodings over a byte range: big-endian integers, zig-zag varints, UUIDs, text.
//
// Invariant of the reader: position <= end <= bytes.length; every read is checked against `end`
// before it happens and throws a DecodeFault otherwise, so no input can make it read or allocate
// past what was received. Slices are views, never copies.
//
// The writer grows by doubling. A large payload is kept by reference instead of being copied, so a
// Fetch response of megabytes is a list of chunks, not one more buffer. Patch positions count from
// the start of the message and must lie in the first chunk's range or in a later copied one. What
// is short and soon gone is written one behind the other into memory that they share: for each its
// own would cost more than to write it.

import { assert } from "./assert.ts";
import { DecodeFault } from "./faults.ts";
import { asBytes, type Chunk, isInMemory } from "./file_part.ts";
import { type Uuid, uuidFromBytes, uuidToBytes } from "./ids.ts";
import { fromZigZag, type Int64, int64Of, toZigZag } from "./int64.ts";
import { byteAt, itemAt } from "./items.ts";

const textDecoder = new TextDecoder("utf-8", { ignoreBOM: true });
const textEncoder = new TextEncoder();
const float = new DataView(new ArrayBuffer(8));

/** Text up to this many bytes is encoded by hand: faster than the platform's call. */
const shortTextMax = 32;
/** Ids that clients and we make of a name and a UUID are no longer. */
const recentTextMax = 64;
/**
 * Short texts that were read lately. Names come again and again, and to find one here takes a third
 * as long as to make it anew; as a key of maps it is then the same string, hashed already. There is
 * room for those of ten thousand members of groups.
 */
const recentTexts: string[] = new Array(32_768).fill("");

/** Payloads from this size on are referenced by a writer instead of copied. */
export const referenceBytesMin = 8 * 1024;

/** UTF-8 bytes of `text`. */
export function utf8(text: string): Uint8Array<ArrayBuffer> {
  if (text.length > shortTextMax) return textEncoder.encode(text);
  const bytes = new Uint8Array(text.length);
  for (let i = 0; i < text.length; i++) {
    const code = text.charCodeAt(i);
    if (code >= 0x80) return textEncoder.encode(text);
    bytes[i] = code;
  }
  return bytes;
}

/** Text of UTF-8 `bytes`; malformed sequences become U+FFFD, as in Kafka's Java clients. */
export function fromUtf8(bytes: Uint8Array): string {
  return textDecoder.decode(bytes);
}

/** Whether two byte strings are equal; null equals null. */
export function bytesEqual(a: Uint8Array | null, b: Uint8Array | null): boolean {
  if (a === null || b === null) return a === b;
  if (a.length !== b.length) return false;
  for (let i = 0; i < a.length; i++) if (a[i] !== b[i]) return false;
  return true;
}

/** One array of all `chunks`; the chunk itself when there is just one. */
export function concatBytes(chunks: readonly Chunk[]): Uint8Array {
  const [first] = chunks;
  if (first !== undefined && chunks.length === 1) return asBytes(first);
  let length = 0;
  for (const chunk of chunks) length += chunk.length;
  const whole = new Uint8Array(length);
  let position = 0;
  for (const chunk of chunks) {
    whole.set(asBytes(chunk), position);
    position += chunk.length;
  }
  return whole;
}

/** Bytes that zig-zag varint `value` takes. */
export function varintSize(value: number): number {
  return uvarintSize(value >= 0 ? value * 2 : -value * 2 - 1);
}

/** Bytes that `value` takes as a zig-zag varint of up to 64 bits. */
export function varlongSize(value: Int64): number {
  const zigZag = toZigZag(value);
  if (typeof zigZag === "number") return uvarintSize(zigZag);
  return zigZag < 2n ** 56n ? 8 : zigZag < 2n ** 63n ? 9 : 10;
}

/** Bytes that unsigned varint `value` takes. */
export function uvarintSize(value: number): number {
  let size = 1;
  while (value >= 0x80) {
    value = Math.floor(value / 128);
    size++;
  }
  return size;
}

/**
 * Bounded reader over `bytes[start, end)`. Every method throws {@link DecodeFault} past the end.
 */
export class BytesReader {
  readonly bytes: Uint8Array;
  readonly end: number;
  position: number;
  /** What may still be made of the bytes, for who keeps an account: see protocol/reading.ts. */
  objectBytesLeft = Infinity;

  constructor(bytes: Uint8Array, start = 0, end = bytes.length) {
    assert(start >= 0 && start <= end && end <= bytes.length, "reader range out of bounds");
    this.bytes = bytes;
    this.position = start;
    this.end = end;
  }

  get remaining(): number {
    return this.end - this.position;
  }

  /** Steps over `length` bytes and returns the position where they begin. */
  take(length: number): number {
    const start = this.position;
    if (length < 0 || length > this.end - start) {
      throw new DecodeFault(`needs ${length} bytes at ${start}, ${this.end - start} remain`);
    }
    this.position = start + length;
    return start;
  }

  int8(): number {
    return (this.bytes[this.take(1)]! << 24) >> 24;
  }

  uint8(): number {
    return this.bytes[this.take(1)]!;
  }

  boolean(): boolean {
    return this.uint8() !== 0;
  }

  int16(): number {
    const p = this.take(2);
    return ((this.bytes[p]! << 24) | (this.bytes[p + 1]! << 16)) >> 16;
  }

  uint16(): number {
    const p = this.take(2);
    return (this.bytes[p]! << 8) | this.bytes[p + 1]!;
  }

  int32(): number {
    const p = this.take(4);
    const b = this.bytes;
    return (b[p]! << 24) | (b[p + 1]! << 16) | (b[p + 2]! << 8) | b[p + 3]!;
  }

  uint32(): number {
    return this.int32() >>> 0;
  }

  /** A signed 64-bit integer. */
  int64(): Int64 {
    const high = this.int32();
    return int64Of(high, this.uint32());
  }

  float64(): number {
    const p = this.take(8);
    for (let i = 0; i < 8; i++) float.setUint8(i, byteAt(this.bytes, p + i));
    return float.getFloat64(0);
  }

  /** An unsigned varint of up to 32 bits. */
  uvarint(): number {
    let value = 0;
    for (let shift = 0; shift < 35; shift += 7) {
      const byte = this.uint8();
      value |= (byte & 0x7f) << shift;
      if (byte < 0x80) {
        if (shift === 28 && byte > 0x0f) break;
        return value >>> 0;
      }
    }
    throw new DecodeFault(`varint of more than 32 bits at ${this.position}`);
  }

  /** A zig-zag varint of up to 32 bits. */
  varint(): number {
    const value = this.uvarint();
    return (value >>> 1) ^ -(value & 1);
  }

  /** A zig-zag varint of up to 64 bits. */
  varlong(): Int64 {
    let low = 0;
    for (let shift = 0; shift < 28; shift += 7) {
      const byte = this.uint8();
      low |= (byte & 0x7f) << shift;
      if (byte < 0x80) return (low >>> 1) ^ -(low & 1);
    }
    let high = 0;
    for (let scale = 1; scale < 2 ** 42; scale *= 128) {
      const byte = this.uint8();
      high += (byte & 0x7f) * scale;
      if (byte < 0x80) return fromZigZag(high, low);
    }
    throw new DecodeFault(`varlong of more than 64 bits at ${this.position}`);
  }

  uuid(): Uuid {
    return uuidFromBytes(this.bytes, this.take(16));
  }

  /** A view of the next `length` bytes. */
  slice(length: number): Uint8Array {
    const start = this.take(length);
    return this.bytes.subarray(start, start + length);
  }

  /** UTF-8 text of the next `length` bytes. */
  text(length: number): string {
    const start = this.take(length);
    const end = start + length;
    if (length > recentTextMax) return textDecoder.decode(this.bytes.subarray(start, end));
    let hash = length;
    for (let i = start; i < end; i++) hash = (Math.imul(hash, 31) + byteAt(this.bytes, i)) | 0;
    const slot = (hash ^ (hash >>> 12)) & (recentTexts.length - 1);
    const recent = recentTexts[slot];
    if (recent?.length === length && isTextAt(recent, this.bytes, start)) return recent;
    const text = textDecoder.decode(this.bytes.subarray(start, end));
    if (text.length === length) recentTexts[slot] = text;
    return text;
  }
}

/** Whether the bytes from `start` on are `text`, all of it ASCII. */
function isTextAt(text: string, bytes: Uint8Array, start: number): boolean {
  for (let i = 0; i < text.length; i++) {
    const code = text.charCodeAt(i);
    if (code !== bytes[start + i] || code >= 0x80) return false;
  }
  return true;
}

/** What is longer is written in chunks of so much, none of which is copied to make room. */
const chunkBytes = 256 * 1024;

/** Small, since the last one of its messages that is held holds all of it. */
const sharedBytes = 4 * 1024;
/** With less room a message would move before it is done. */
const sharedBytesMin = 128;

/** What short messages share; undefined while one of them is written. */
let shared: Uint8Array<ArrayBuffer> | undefined;
/** From where on it is not written. */
let sharedStart = 0;

/** Growing writer. Integers are expected in range: ours are asserted where they are made. */
export class BytesWriter {
  #buffer: Uint8Array<ArrayBuffer>;
  /** Where in the buffer the chunk begins that is written, and where it ends so far. */
  #start = 0;
  #position = 0;
  #done: Chunk[] = [];
  #doneLength = 0;
  readonly #isShared: boolean;

  /**
   * "shared": for a short message that is finished in this turn of the event loop. Its chunks are
   * not to be kept; what `finish` returns is a copy.
   */
  constructor(capacity: number | "shared" = 256) {
    this.#isShared = capacity === "shared";
    if (capacity !== "shared") {
      this.#buffer = new Uint8Array(capacity);
      return;
    }
    if (shared !== undefined) this.#start = this.#position = sharedStart;
    this.#buffer = shared ?? new Uint8Array(sharedBytes);
    shared = undefined;
  }

  /** Bytes written so far. */
  get length(): number {
    return this.#doneLength + this.#position - this.#start;
  }

  #reserve(length: number): number {
    if (this.#position + length > this.#buffer.length) this.#grow(length);
    const start = this.#position;
    this.#position += length;
    return start;
  }

  /** Doubles a small buffer; a large one is a chunk of its own, and the next one begins. */
  #grow(length: number): void {
    const written = this.#position - this.#start;
    if (written >= chunkBytes) {
      this.#seal();
      this.#buffer = new Uint8Array(Math.max(length, chunkBytes));
      this.#start = this.#position = 0;
      return;
    }
    const capacity = this.#buffer.length - this.#start;
    const grown = new Uint8Array(Math.max(written + length, capacity * 2));
    grown.set(this.#buffer.subarray(this.#start, this.#position));
    this.#position = this.#start;
    this.#giveBack();
    this.#buffer = grown;
    this.#start = 0;
    this.#position = written;
  }

  int8(value: number): void {
    const p = this.#reserve(1);
    this.#buffer[p] = value;
  }

  boolean(value: boolean): void {
    this.int8(value ? 1 : 0);
  }

  int16(value: number): void {
    const p = this.#reserve(2);
    const b = this.#buffer;
    b[p] = value >> 8;
    b[p + 1] = value;
  }

  uint16(value: number): void {
    this.int16(value);
  }

  int32(value: number): void {
    const p = this.#reserve(4);
    const b = this.#buffer;
    b[p] = value >> 24;
    b[p + 1] = value >> 16;
    b[p + 2] = value >> 8;
    b[p + 3] = value;
  }

  uint32(value: number): void {
    this.int32(value);
  }

  int64(value: Int64): void {
    if (typeof value !== "number") return this.#wideInt64(value);
    this.int32(Math.floor(value / 0x1_0000_0000));
    this.int32(value >>> 0);
  }

  #wideInt64(value: bigint): void {
    this.int32(Number(value >> 32n));
    this.int32(Number(BigInt.asIntN(32, value)));
  }

  float64(value: number): void {
    float.setFloat64(0, value);
    const p = this.#reserve(8);
    for (let i = 0; i < 8; i++) this.#buffer[p + i] = float.getUint8(i);
  }

  uvarint(value: number): void {
    while (value >= 0x80) {
      this.int8((value % 128) | 0x80);
      value = Math.floor(value / 128);
    }
    this.int8(value);
  }

  /** A zig-zag varint of up to 32 bits. */
  varint(value: number): void {
    this.uvarint(value >= 0 ? value * 2 : -value * 2 - 1);
  }

  /** A zig-zag varint of up to 64 bits. */
  varlong(value: Int64): void {
    let rest = toZigZag(value);
    if (typeof rest === "number") return this.uvarint(rest);
    for (; rest >= 0x80n; rest >>= 7n) this.int8(Number(rest & 0x7fn) | 0x80);
    this.int8(Number(rest));
  }

  uuid(value: Uuid): void {
    const p = this.#reserve(16);
    uuidToBytes(value, this.#buffer, p);
  }

  /** Appends `bytes`: copied when small, referenced from {@link referenceBytesMin} on. */
  bytes(bytes: Chunk): void {
    if (bytes.length >= referenceBytesMin || !isInMemory(bytes)) {
      this.#seal();
      this.#done.push(bytes);
      this.#doneLength += bytes.length;
      return;
    }
    const p = this.#reserve(bytes.length);
    this.#buffer.set(bytes, p);
  }

  /** UTF-8 `text` without a length. */
  text(text: string): void {
    const p = this.#reserve(text.length);
    for (let i = 0; i < text.length; i++) {
      const code = text.charCodeAt(i);
      if (code >= 0x80) {
        this.#position = p;
        this.bytes(textEncoder.encode(text));
        return;
      }
      this.#buffer[p + i] = code;
    }
  }

  /** Overwrites the int32 at `position`, counted from the start of the message. */
  patchInt32(position: number, value: number): void {
    let chunk: Chunk = this.#buffer;
    let start = this.#doneLength;
    for (let i = this.#done.length - 1; position < start; i--) {
      chunk = itemAt(this.#done, i);
      start -= chunk.length;
    }
    const p = position - start + (chunk === this.#buffer ? this.#start : 0);
    const bytes = asBytes(chunk);
    bytes[p] = value >> 24;
    bytes[p + 1] = value >> 16;
    bytes[p + 2] = value >> 8;
    bytes[p + 3] = value;
  }

  /** The message as chunks in order. The writer must not be used afterwards. */
  chunks(): Uint8Array[] {
    return this.parts().map(asBytes);
  }

  /** The same of a message that may have parts of files in it. */
  parts(): Chunk[] {
    this.#seal();
    this.#giveBack();
    return this.#done;
  }

  /** The message as one array. The writer must not be used afterwards. */
  finish(): Uint8Array {
    if (this.#done.length > 0) return concatBytes(this.chunks());
    if (!this.#isShared) return this.#buffer.subarray(0, this.#position);
    const whole = this.#buffer.slice(this.#start, this.#position);
    this.#position = this.#start;
    this.#giveBack();
    return whole;
  }

  /** Others may write behind what was sealed, unless it has moved elsewhere. */
  #giveBack(): void {
    const { length } = this.#buffer;
    if (!this.#isShared || length !== sharedBytes) return;
    if (length - this.#position < sharedBytesMin) return;
    shared = this.#buffer;
    sharedStart = this.#position;
  }

  #seal(): void {
    if (this.#position === this.#start) return;
    const sealed = this.#buffer.subarray(this.#start, this.#position);
    // Most messages are one chunk, and a literal has room for no more.
    if (this.#done.length === 0) this.#done = [sealed];
    else this.#done.push(sealed);
    this.#doneLength += sealed.length;
    this.#start = this.#position;
  }
}

/** Whether two secrets are the same, in a time that does not tell how much of them is. */
export function secretsEqual(a: Uint8Array, b: Uint8Array): boolean {
  if (a.length !== b.length) return false;
  let difference = 0;
  for (const [i, byte] of a.entries()) difference |= byte ^ (b[i] ?? 0);
  return difference === 0;
}
