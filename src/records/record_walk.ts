// A walk over the records of a v2 batch, unpacked, that looks at everything a broker judges and
// makes nothing: no objects, no views. It runs over every batch that is produced.
//
//   length | attributes | timestampDelta | offsetDelta | key | value | headers   (record.ts)
//
// Invariant: every varint is bounded by its record. One that is cut or too long leaves the cursor
// behind the end, so that the check at the record's end catches it.
// Differs from Kafka: an answer lists at most 1000 of a batch's record errors; Kafka lists all.
//
// Differs from Kafka: a record whose key or value has a length below -1 is refused; Kafka reads it
// as null.

import { addInt64, fromZigZag, type Int64 } from "../base/int64.ts";
import { drained, type Pieces } from "../base/pieces.ts";
import type { RecordError } from "./validation.ts";

/** What records must satisfy beyond their structure. */
export interface RecordRules {
  /** Of a compacted topic. */
  readonly keysRequired: boolean;
  /** Bounds of a record's own time; -1 (none) is always allowed. */
  readonly timestampMin: number;
  readonly timestampMax: number;
}

/** What a walk saw. */
export interface RecordWalk {
  /** -1 when no record has a time. */
  readonly maxTimestamp: Int64;
  /** Whether the offset deltas are 0, 1, 2, ... */
  readonly consecutive: boolean;
  /** Whether a record breaks the rules. */
  readonly breaksRules: boolean;
}

export interface WalkOptions {
  /** Where the first record begins; the last one must end where `bytes` does. */
  readonly start: number;
  readonly recordCount: number;
  readonly baseTimestamp: Int64;
  readonly rules: RecordRules;
  /** Filled with the records that break the rules; a second walk does that. */
  readonly errors?: RecordError[];
}

/** So many of a batch's record errors are told. */
export const recordErrorsMax = 1000;
/** Attributes, timestamp, offset, key, value and header count take a byte each at least. */
export const recordLengthMin = 6;

const behindAnyEnd = 2 ** 40;

/** Where the varint functions read next: a second result without an object. */
let cursor = 0;

/** A record is a look at so many bytes and more. */
const recordWeight = 80;
/** Records of a piece. */
const pieceRecords = 8192;

/** Steps over the records of a batch; a sentence when they are not what the batch claims. */
export function walkRecords(bytes: Uint8Array, options: WalkOptions): RecordWalk | string {
  return drained(walkPieces(bytes, options));
}

/** The same, some records a piece. */
export function* walkPieces(bytes: Uint8Array, options: WalkOptions): Pieces<RecordWalk | string> {
  const { recordCount, start } = options;
  const walk: Walked = { maxTimestamp: -1, consecutive: true, breaksRules: false };
  let position = start;
  for (let from = 0; from < recordCount; from += pieceRecords) {
    const to = Math.min(recordCount, from + pieceRecords);
    const wrong = walkRun(bytes, { ...options, from, to, position, walk });
    if (wrong !== undefined) return wrong;
    position = cursor;
    // Others may walk in between.
    if (to < recordCount) yield pieceRecords * recordWeight;
  }
  if (position !== bytes.length) return "the records do not fill their batch";
  return walk;
}

export type Walked = { -readonly [Name in keyof RecordWalk]: RecordWalk[Name] };

/** Some records of a batch, for who walks them part by part. */
export interface WalkPart extends WalkOptions {
  readonly from: number;
  readonly to: number;
  /** Of record `from`. */
  readonly position: number;
  /** What the walk saw so far. */
  readonly walk: Walked;
}

/** Records `from` up to, not including, `to`. Leaves the cursor behind them. */
export function walkRun(bytes: Uint8Array, part: WalkPart): string | undefined {
  const { to, baseTimestamp, errors, walk } = part;
  const { keysRequired, timestampMin, timestampMax } = part.rules;
  let { maxTimestamp, consecutive, breaksRules } = walk;
  cursor = part.position;
  for (let i = part.from; i < to; i++) {
    const length = varint(bytes, bytes.length);
    if (length < recordLengthMin || length > bytes.length - cursor) {
      return `record ${i} has no valid length`;
    }
    const end = cursor + length;
    cursor++;
    const timestamp = addInt64(baseTimestamp, varlong(bytes, end));
    if (varint(bytes, end) !== i) consecutive = false;
    const keyLength = varint(bytes, end);
    if (keyLength > 0) cursor += keyLength;
    const valueLength = varint(bytes, end);
    if (valueLength > 0) cursor += valueLength;
    const headerCount = varint(bytes, end);
    if (headerCount > 0) skipHeaders(bytes, { end, headerCount });
    if (cursor !== end || keyLength < -1 || valueLength < -1 || headerCount < 0) {
      return `record ${i} does not fit its length`;
    }
    if (timestamp > maxTimestamp) maxTimestamp = timestamp;
    const noKey = keysRequired && keyLength < 0;
    const badTime = (timestamp < timestampMin || timestamp > timestampMax) && timestamp !== -1;
    if (!noKey && !badTime) continue;
    breaksRules = true;
    if (errors === undefined || errors.length >= recordErrorsMax) continue;
    errors.push(recordError(i, noKey ? undefined : timestamp, part.rules));
  }
  walk.maxTimestamp = maxTimestamp;
  walk.consecutive = consecutive;
  walk.breaksRules = breaksRules;
  return undefined;
}

/** Why a record is refused: its key, or else its `timestamp`. */
export function recordError(
  batchIndex: number,
  timestamp: Int64 | undefined,
  { timestampMin, timestampMax }: RecordRules,
): RecordError {
  if (timestamp === undefined) {
    const message = `record ${batchIndex} has no key, which a compacted topic requires`;
    return { batchIndex, isTimestamp: false, message };
  }
  const message = `timestamp ${timestamp} of record ${batchIndex} is out of range: it must be ` +
    `within [${timestampMin}, ${timestampMax}]`;
  return { batchIndex, isTimestamp: true, message };
}

/**
 * The records of a batch with the offset deltas 0, 1, 2, ... in place of their own. They must have
 * passed {@link walkRecords}.
 */
export function renumberRecords(records: Uint8Array, recordCount: number): Uint8Array {
  // A delta takes 5 bytes at most where it took 1 at least, and the length before it may grow, too.
  const out = new Uint8Array(records.length + recordCount * 8);
  let written = 0;
  cursor = 0;
  for (let i = 0; i < recordCount; i++) {
    const length = varint(records, records.length);
    const start = cursor;
    const end = start + length;
    cursor++;
    varlong(records, end);
    const deltaStart = cursor;
    varint(records, end);
    const deltaEnd = cursor;
    const newLength = length - (deltaEnd - deltaStart) + varintBytes(i);
    written = putVarint(out, written, newLength);
    out.set(records.subarray(start, deltaStart), written);
    written = putVarint(out, written + deltaStart - start, i);
    out.set(records.subarray(deltaEnd, end), written);
    written += end - deltaEnd;
    cursor = end;
  }
  return out.subarray(0, written);
}

function skipHeaders(bytes: Uint8Array, o: { end: number; headerCount: number }): void {
  const { end, headerCount } = o;
  if (headerCount > end - cursor) cursor = behindAnyEnd;
  for (let i = 0; i < headerCount && cursor <= end; i++) {
    const nameLength = varint(bytes, end);
    cursor += nameLength < 0 ? behindAnyEnd : nameLength;
    const valueLength = varint(bytes, end);
    if (valueLength < -1) cursor = behindAnyEnd;
    else if (valueLength > 0) cursor += valueLength;
  }
}

/** The zig-zag varint at the cursor, of up to 32 bits, before `end`. */
function varint(bytes: Uint8Array, end: number): number {
  if (cursor < end) {
    const byte = bytes[cursor]!;
    if (byte < 0x80) {
      cursor++;
      return (byte >>> 1) ^ -(byte & 1);
    }
  }
  let value = 0;
  for (let shift = 0; shift < 35 && cursor < end; shift += 7) {
    const byte = bytes[cursor++]!;
    value |= (byte & 0x7f) << shift;
    if (byte < 0x80) return (value >>> 1) ^ -(value & 1);
  }
  cursor = behindAnyEnd;
  return 0;
}

/** The zig-zag varint at the cursor, of up to 64 bits. */
function varlong(bytes: Uint8Array, end: number): Int64 {
  let low = 0;
  for (let shift = 0; shift < 28 && cursor < end; shift += 7) {
    const byte = bytes[cursor++]!;
    low |= (byte & 0x7f) << shift;
    if (byte < 0x80) return (low >>> 1) ^ -(low & 1);
  }
  return longVarlong(bytes, { low, end });
}

/** Goes on behind the first 28 bits. Apart, since its arithmetic is that of doubles. */
function longVarlong(bytes: Uint8Array, { low, end }: { low: number; end: number }): Int64 {
  let high = 0;
  for (let scale = 1; scale < 2 ** 42 && cursor < end; scale *= 128) {
    const byte = bytes[cursor++]!;
    high += (byte & 0x7f) * scale;
    if (byte < 0x80) return fromZigZag(high, low);
  }
  cursor = behindAnyEnd;
  return 0;
}

function varintBytes(value: number): number {
  let size = 1;
  for (let rest = value * 2; rest >= 0x80; rest = Math.floor(rest / 128)) size++;
  return size;
}

function putVarint(out: Uint8Array, position: number, value: number): number {
  let at = position;
  let rest = value * 2;
  for (; rest >= 0x80; rest = Math.floor(rest / 128)) out[at++] = (rest % 128) | 0x80;
  out[at++] = rest;
  return at;
}
