// Records on their way to one partition: filled, encoded once, sent until there is a verdict.
//
// Invariant: the bytes of a batch, its producer id and its sequence stay what they were at the
// first attempt, so that a broker recognises a repetition. They may change only after an answer
// that says nothing was appended (`ambiguous` is false): then the records may be encoded anew.

import type { Offset, PartitionId, ProducerId } from "../base/ids.ts";
import { utf8 } from "../base/bytes.ts";
import { type Int64, isInt64 } from "../base/int64.ts";
import { show } from "../base/options.ts";
import {
  buildBatch,
  type CompressionType,
  type RecordHeader,
  type RecordInput,
} from "../records/mod.ts";
import type { Codecs } from "../runtime/ports.ts";

/** A record to send. Text stands for its UTF-8 bytes. */
export interface ProducerRecord {
  /** The topic, which the broker may create. */
  readonly topic: string;
  /** Without one, the key decides; without a key, the producer does. */
  readonly partition?: PartitionId;
  /** Decides the partition, and what compaction keeps. */
  readonly key?: Uint8Array | string | null;
  /** Null deletes the record of the key in a compacted topic. */
  readonly value?: Uint8Array | string | null;
  /** Pairs when names repeat or order matters. */
  readonly headers?:
    | Readonly<Record<string, Uint8Array | string | null>>
    | readonly (readonly [string, Uint8Array | string | null])[];
  /** Milliseconds since the Unix epoch; the time of sending by default. */
  readonly timestamp?: Int64;
}

/** Where a record ended up. `offset` is -1 when it is not known: acks 0, or a repeated request. */
export interface RecordMetadata {
  /** The topic. */
  readonly topic: string;
  /** The partition that it went to. */
  readonly partition: PartitionId;
  /** Its offset there. */
  readonly offset: Offset;
  /** The record's timestamp as stored. */
  readonly timestamp: Int64;
}

/** A record of a batch, and who waits for it. */
export interface PendingRecord {
  readonly record: RecordInput & { readonly timestamp: Int64 };
  resolve(metadata: RecordMetadata): void;
  reject(error: Error): void;
}

/** Sequence numbers of an idempotent producer for one batch. */
export interface BatchSequence {
  readonly producerId: ProducerId;
  readonly producerEpoch: number;
  readonly baseSequence: number;
}

/** A batch; see the header. */
export interface ProduceBatch {
  readonly topic: string;
  readonly partition: PartitionId;
  readonly createdAtMs: number;
  readonly records: PendingRecord[];
  sizeBytes: number;
  /** Set by the first attempt. */
  encoded: Uint8Array | undefined;
  sequence: BatchSequence | undefined;
  /** An attempt ended without a verdict: the batch may have been appended. */
  ambiguous: boolean;
  attempts: number;
  /** Not to be sent before, by the monotonic clock. */
  notBeforeMs: number;
}

/** An empty batch. */
export function newBatch(
  at: { topic: string; partition: PartitionId; createdAtMs: number },
): ProduceBatch {
  return {
    ...at,
    records: [],
    sizeBytes: 0,
    encoded: undefined,
    sequence: undefined,
    ambiguous: false,
    attempts: 0,
    notBeforeMs: 0,
  };
}

const recordFields = "topic, partition, key, value, headers, timestamp";

/**
 * Why `record` is none, in a sentence; undefined when it is. Programs without types hand over other
 * clients' shapes, which would else be sent as records of nothing.
 */
export function recordProblem(record: ProducerRecord): string | undefined {
  if (typeof record !== "object" || record === null || Array.isArray(record)) {
    return `send takes one record, an object with ${recordFields}, not ${show(record)}`;
  }
  for (const name in record) {
    if (isRecordField(name)) continue;
    const hint = name === "messages" ? ", and is called once for each" : "";
    return `send does not know ${name}: it takes one record with ${recordFields}${hint}`;
  }
  const { topic, partition, key, value, headers, timestamp } = record;
  if (typeof topic !== "string" || topic === "") {
    return `a record needs its topic as text, not ${show(topic)}`;
  }
  if (partition !== undefined && !(Number.isInteger(partition) && partition >= 0)) {
    return `a record's partition is a whole number from 0 on, not ${show(partition)}`;
  }
  if (value === undefined && "value" in record) {
    return "a record's value is undefined: give text or bytes, or null to delete the key's record";
  }
  if (!isContent(key) || !isContent(value)) {
    const [name, content] = isContent(key) ? ["value", value] : ["key", key];
    return `a record's ${name} is text, bytes (Uint8Array) or null, not ${show(content)}`;
  }
  if (timestamp !== undefined && !isInt64(timestamp)) {
    return `a record's timestamp is in whole milliseconds since 1970, not ${show(timestamp)}`;
  }
  return headers === undefined ? undefined : headersProblem(headers);
}

function headersProblem(headers: NonNullable<ProducerRecord["headers"]>): string | undefined {
  if (typeof headers !== "object" || headers === null) {
    return `a record's headers are an object or a list of pairs, not ${show(headers)}`;
  }
  for (const pair of Array.isArray(headers) ? headers : Object.entries(headers)) {
    if (!Array.isArray(pair) || pair.length !== 2 || typeof pair[0] !== "string") {
      return `a header is a pair of a name and a value, not ${show(pair)}`;
    }
    if (pair[1] === undefined || !isContent(pair[1])) {
      return `header ${pair[0]} is text, bytes (Uint8Array) or null, not ${show(pair[1])}`;
    }
  }
  return undefined;
}

function isContent(value: unknown): boolean {
  return value === undefined || value === null || typeof value === "string" ||
    value instanceof Uint8Array;
}

function isRecordField(name: string): boolean {
  switch (name) {
    case "topic":
    case "partition":
    case "key":
    case "value":
    case "headers":
    case "timestamp":
      return true;
    default:
      return false;
  }
}

/** The record as it will be encoded, with its timestamp. */
export function recordInput(
  record: ProducerRecord,
  nowMs: number,
): RecordInput & { readonly timestamp: Int64 } {
  return {
    key: toBytes(record.key),
    value: toBytes(record.value),
    headers: headersOf(record.headers),
    timestamp: record.timestamp ?? nowMs,
  };
}

/** About the bytes that `record` takes in a batch. */
export function recordSize(record: RecordInput): number {
  let size = 24 + (record.key?.length ?? 0) + (record.value?.length ?? 0);
  for (const header of record.headers ?? []) {
    size += 8 + header.key.length + (header.value?.length ?? 0);
  }
  return size;
}

/** The batch's bytes; the same at each call until {@link forgetEncoding}. */
export function encodeBatch(
  batch: ProduceBatch,
  options: { compression: CompressionType; codecs: Codecs; sequence?: BatchSequence },
): Uint8Array {
  if (batch.encoded === undefined) {
    batch.sequence = options.sequence;
    batch.encoded = buildBatch({
      records: batch.records.map((each) => each.record),
      compression: options.compression,
      ...options.sequence,
    }, options.codecs);
  }
  return batch.encoded;
}

/** Lets the batch be encoded anew, with other sequence numbers. Only after a definite refusal. */
export function forgetEncoding(batch: ProduceBatch): void {
  batch.encoded = undefined;
  batch.sequence = undefined;
}

/** The records in two batches of half the size, in order. */
export function splitBatch(batch: ProduceBatch): [ProduceBatch, ProduceBatch] {
  const half = Math.ceil(batch.records.length / 2);
  const batchOf = (records: ProduceBatch["records"]): ProduceBatch => ({
    ...newBatch(batch),
    records,
    sizeBytes: records.reduce((sum, each) => sum + recordSize(each.record), 0),
  });
  return [batchOf(batch.records.slice(0, half)), batchOf(batch.records.slice(half))];
}

/**
 * Tells every waiter where its record is. `logAppendTimeMs` is -1 when the topic keeps
 * CreateTime.
 */
export function deliver(
  batch: ProduceBatch,
  verdict: { baseOffset: Offset; logAppendTimeMs: Int64 },
): void {
  const { topic, partition } = batch;
  batch.records.forEach(({ record, resolve }, index) =>
    resolve({
      topic,
      partition,
      offset: verdict.baseOffset < 0 ? -1 : verdict.baseOffset + index,
      timestamp: verdict.logAppendTimeMs >= 0 ? verdict.logAppendTimeMs : record.timestamp,
    })
  );
}

function toBytes(value: Uint8Array | string | null | undefined): Uint8Array | null {
  if (value === undefined || value === null) return null;
  return typeof value === "string" ? utf8(value) : value;
}

function headersOf(headers: ProducerRecord["headers"]): readonly RecordHeader[] {
  if (headers === undefined) return [];
  const pairs = Array.isArray(headers)
    ? headers as readonly (readonly [string, Uint8Array | string | null])[]
    : Object.entries(headers);
  return pairs.map(([key, value]) => ({ key, value: toBytes(value) }));
}
