// A record as a program hands it to a producer: looked at before anything is done with it, since
// JavaScript lets anything through, then turned into bytes.

import { utf8 } from "../../base/bytes.ts";
import type { Offset, PartitionId } from "../../base/ids.ts";
import { type Int64, isInt64 } from "../../base/int64.ts";
import { show } from "../../base/options.ts";
import type { RecordHeader } from "../../records/mod.ts";

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

/** The content of a record, as it will be encoded. */
export interface RecordContent {
  /** Decides the partition, and what compaction keeps. */
  readonly key: Uint8Array | null;
  /** Null deletes the record of the key in a compacted topic. */
  readonly value: Uint8Array | null;
  /** Pairs in order. */
  readonly headers: readonly RecordHeader[];
}

const recordFields = "topic, partition, key, value, headers, timestamp";

/**
 * Why `record` is none, in a sentence; undefined when it is. Programs without types hand over other
 * clients' shapes, which would else be sent as records of nothing.
 */
export function recordProblem(record: ProducerRecord): string | undefined {
  if (typeof record !== "object" || record === null || Array.isArray(record)) {
    return `send takes a record, an object with ${recordFields}, not ${show(record)}`;
  }
  for (const name in record) {
    if (isRecordField(name)) continue;
    const hint = name === "messages" ? ", or a list of them" : "";
    return `send does not know ${name}: it takes a record with ${recordFields}${hint}`;
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

/** The bytes of `record`. */
export function contentOf(record: ProducerRecord): RecordContent {
  return {
    key: toBytes(record.key),
    value: toBytes(record.value),
    headers: headersOf(record.headers),
  };
}

/** At most so many bytes does `content` take in a batch. */
export function sizeBound({ key, value, headers }: RecordContent): number {
  let size = 36 + (key?.length ?? 0) + (value?.length ?? 0);
  // A character of a name is three bytes at most.
  for (const header of headers) size += 10 + 3 * header.key.length + (header.value?.length ?? 0);
  return size;
}

const noHeaders: readonly RecordHeader[] = [];

function toBytes(value: Uint8Array | string | null | undefined): Uint8Array | null {
  if (value === undefined || value === null) return null;
  return typeof value === "string" ? utf8(value) : value;
}

function headersOf(headers: ProducerRecord["headers"]): readonly RecordHeader[] {
  if (headers === undefined) return noHeaders;
  const pairs = Array.isArray(headers)
    ? headers as readonly (readonly [string, Uint8Array | string | null])[]
    : Object.entries(headers);
  return pairs.map(([key, value]) => ({ key, value: toBytes(value) }));
}
