// The records inside a v2 batch, once decompressed. Each is
//
//   varint length | int8 attributes (0) | varlong timestampDelta | varint offsetDelta |
//   varint keyLength, key (-1: null) | varint valueLength, value (-1: null) |
//   varint headerCount | per header: varint nameLength, name, varint valueLength, value (-1: null)
//
// Reading gives views of the bytes read (of a decompressed copy for a compressed batch). Invariant:
// a batch reads as a whole or throws DecodeFault; counts are checked against what remains.

import {
  BytesReader,
  type BytesWriter,
  utf8,
  uvarintSize,
  varintSize,
  varlongSize,
} from "../base/bytes.ts";
import { DecodeFault } from "../base/faults.ts";
import type { Offset } from "../base/ids.ts";
import { addInt64, type Int64 } from "../base/int64.ts";
import {
  attributeBits,
  type BatchHeader,
  batchOverheadBytes,
  batchSizeOf,
  compressionOf,
  readBatchHeader,
} from "./batch.ts";
import { decompress, type RuntimeCodecs } from "./compression.ts";

/** A header of a record; names may repeat. */
export interface RecordHeader {
  /** Its name; names may repeat. */
  readonly key: string;
  /** Its bytes. */
  readonly value: Uint8Array | null;
}

/** One record. `timestamp` is in milliseconds since the Unix epoch, -1 for none; any 64 bits. */
export interface LogRecord {
  /** Its position in the partition. */
  readonly offset: Offset;
  /** Milliseconds since the Unix epoch, as the producer or the broker set it. */
  readonly timestamp: Int64;
  /** The key's bytes. */
  readonly key: Uint8Array | null;
  /** The value's bytes; null is a tombstone. */
  readonly value: Uint8Array | null;
  /** Pairs in the order in which they were sent. */
  readonly headers: readonly RecordHeader[];
}

const noHeaders: readonly RecordHeader[] = [];
const noNames: readonly { name: Uint8Array; value: Uint8Array | null }[] = [];
const textDecoder = new TextDecoder();

/** How records are unpacked and how far. */
export interface ReadRecordsOptions {
  readonly position?: number;
  readonly codecs?: RuntimeCodecs;
  readonly bytesMax?: number;
}

/**
 * The records of the batch at `position`, which must be whole. snappy and lz4 need
 * `loadCompression` before. Throws DecodeFault when the batch is malformed.
 */
export function readRecords(bytes: Uint8Array, options: ReadRecordsOptions = {}): LogRecord[] {
  const { reader, facts, recordCount } = unpackBatch(bytes, options);
  const records: LogRecord[] = [];
  for (let i = 0; i < recordCount; i++) records.push(readRecord(reader, facts));
  return records;
}

/** The records one by one of a batch with this `header`, whose `records` are unpacked. */
export function* eachUnpacked(records: Uint8Array, header: BatchHeader): Generator<LogRecord> {
  const { reader, facts, recordCount } = unpacked(records, header);
  for (let i = 0; i < recordCount; i++) yield readRecord(reader, facts);
}

/** What a record's own numbers are deltas to. */
interface BatchFacts {
  readonly baseOffset: Offset;
  readonly baseTimestamp: Int64;
  /** Instead of the records' own; undefined for create time. */
  readonly logAppendTime: Int64 | undefined;
}

function unpackBatch(bytes: Uint8Array, options: ReadRecordsOptions) {
  const position = options.position ?? 0;
  const header = readBatchHeader(bytes, position);
  const type = compressionOf(header.attributes);
  if (type === undefined) throw new DecodeFault("batch has an unknown compression");
  const packed = bytes.subarray(position + batchOverheadBytes, position + header.sizeBytes);
  const { codecs, bytesMax } = options;
  return unpacked(decompress(packed, { type, codecs, bytesMax }), header);
}

function unpacked(records: Uint8Array, header: BatchHeader) {
  const { baseOffset, baseTimestamp, recordCount } = header;
  const reader = new BytesReader(records);
  // The smallest record takes 7 bytes, so a count beyond what remains is a lie.
  if (recordCount < 0 || recordCount > reader.remaining) {
    throw new DecodeFault(`batch claims ${recordCount} records`);
  }
  const isLogAppendTime = (header.attributes & attributeBits.logAppendTime) !== 0;
  const logAppendTime = isLogAppendTime ? header.maxTimestamp : undefined;
  const facts: BatchFacts = { baseOffset, baseTimestamp, logAppendTime };
  return { reader, recordCount, facts };
}

function readRecord(reader: BytesReader, facts: BatchFacts): LogRecord {
  const length = reader.varint();
  const start = reader.position;
  reader.take(1);
  const timestamp = addInt64(facts.baseTimestamp, reader.varlong());
  const record = readBody(reader, {
    baseOffset: facts.baseOffset,
    timestamp: facts.logAppendTime ?? timestamp,
  });
  if (reader.position !== start + length) throw new DecodeFault("record length does not fit");
  return record;
}

/** The records of all whole batches in `bytes`, in order; a cut batch at the end is left out. */
export function readAllRecords(
  bytes: Uint8Array,
  options: { codecs?: RuntimeCodecs; bytesMax?: number } = {},
): LogRecord[] {
  const records: LogRecord[] = [];
  for (const position of batchPositions(bytes)) {
    for (const record of readRecords(bytes, { ...options, position })) records.push(record);
  }
  return records;
}

/** Positions of the whole batches in `bytes`. Throws DecodeFault at a length that cannot be. */
export function batchPositions(bytes: Uint8Array): number[] {
  const positions: number[] = [];
  let position = 0;
  while (bytes.length - position >= batchOverheadBytes) {
    const size = batchSizeOf(bytes, position);
    if (size < batchOverheadBytes) throw new DecodeFault(`batch length ${size} is too small`);
    if (size > bytes.length - position) break;
    positions.push(position);
    position += size;
  }
  return positions;
}

function readBody(
  reader: BytesReader,
  known: { baseOffset: Offset; timestamp: Int64 },
): LogRecord {
  const { timestamp } = known;
  const offset = known.baseOffset + reader.varint();
  const key = readNullable(reader);
  const value = readNullable(reader);
  const headerCount = reader.varint();
  if (headerCount < 0 || headerCount > reader.remaining) {
    throw new DecodeFault(`record claims ${headerCount} headers`);
  }
  if (headerCount === 0) return { offset, timestamp, key, value, headers: noHeaders };
  const headers: RecordHeader[] = [];
  for (let i = 0; i < headerCount; i++) {
    const name = readNullable(reader);
    if (name === null) throw new DecodeFault("record header has no name");
    headers.push({ key: textDecoder.decode(name), value: readNullable(reader) });
  }
  return { offset, timestamp, key, value, headers };
}

function readNullable(reader: BytesReader): Uint8Array | null {
  const length = reader.varint();
  if (length < -1) throw new DecodeFault(`length ${length}`);
  return length === -1 ? null : reader.slice(length);
}

/** What is needed to write a record; `headers` in order. */
export interface RecordBody {
  readonly key?: Uint8Array | null;
  readonly value?: Uint8Array | null;
  readonly headers?: readonly RecordHeader[];
}

/** Appends one record to `writer`. */
export function writeRecord(
  writer: BytesWriter,
  record: { body: RecordBody; timestampDelta: Int64; offsetDelta: number },
): void {
  const { body } = record;
  const key = body.key ?? null;
  const value = body.value ?? null;
  const headers = body.headers === undefined || body.headers.length === 0
    ? noNames
    : body.headers.map((h) => ({ name: utf8(h.key), value: h.value }));
  let length = 1 + varlongSize(record.timestampDelta) + varintSize(record.offsetDelta) +
    nullableSize(key) + nullableSize(value) + uvarintSize(headers.length * 2);
  for (const header of headers) length += nullableSize(header.name) + nullableSize(header.value);
  writer.varint(length);
  writer.int8(0);
  writer.varlong(record.timestampDelta);
  writer.varint(record.offsetDelta);
  writeNullable(writer, key);
  writeNullable(writer, value);
  writer.varint(headers.length);
  for (const header of headers) {
    writeNullable(writer, header.name);
    writeNullable(writer, header.value);
  }
}

function nullableSize(bytes: Uint8Array | null): number {
  return bytes === null ? 1 : varintSize(bytes.length) + bytes.length;
}

function writeNullable(writer: BytesWriter, bytes: Uint8Array | null): void {
  writer.varint(bytes === null ? -1 : bytes.length);
  if (bytes !== null) writer.bytes(bytes);
}
