// Builds a v2 batch from records: what the client sends and the coordinators append.
//
// Offsets in the batch are 0, 1, 2, ... from `baseOffset`; timestamps are deltas to the first
// record's. Invariant: what is built passes checkProducePayload, control batches apart.

import { assert } from "../base/assert.ts";
import { BytesWriter } from "../base/bytes.ts";
import type { LeaderEpoch, Offset, ProducerId } from "../base/ids.ts";
import { type Int64, maxInt64, subtractInt64 } from "../base/int64.ts";
import {
  attributeBits,
  batchOverheadBytes,
  logOverheadBytes,
  renewCrc,
  setCompression,
  setMaxTimestamp,
} from "./batch.ts";
import { compress, type CompressionType, compressionTypes } from "./compression.ts";
import type { RuntimeCodecs } from "./compression.ts";
import { type RecordBody, writeRecord } from "./record.ts";

/** A record to be sent; `timestamp` in milliseconds since the Unix epoch. */
export interface RecordInput extends RecordBody {
  readonly timestamp?: Int64;
}

export interface BatchInput {
  /** At least one. */
  readonly records: readonly RecordInput[];
  readonly baseOffset?: Offset;
  readonly partitionLeaderEpoch?: LeaderEpoch;
  readonly compression?: CompressionType;
  /** For records without one of their own; -1 (none) by default. */
  readonly timestamp?: Int64;
  readonly producerId?: ProducerId;
  readonly producerEpoch?: number;
  readonly baseSequence?: number;
  readonly isTransactional?: boolean;
  readonly isControl?: boolean;
}

/**
 * One batch of `input.records`. gzip and zstd need `codecs`; snappy and lz4 need `loadCompression`
 * before.
 */
export function buildBatch(input: BatchInput, codecs?: RuntimeCodecs): Uint8Array {
  const { records, timestamp = -1 } = input;
  const batch = new BatchWriter(Math.min(records.length * 128, 64 * 1024));
  for (const record of records) batch.add(record, record.timestamp ?? timestamp);
  return batch.finish(input, codecs);
}

/** A batch that is written record by record, as they come: what is added is not held. */
export class BatchWriter {
  readonly #body: BytesWriter;
  #recordCount = 0;
  #baseTimestamp: Int64 = -1;
  #maxTimestamp: Int64 = -1;

  /** Begins with room for so many bytes, and grows. */
  constructor(capacityBytes: number) {
    this.#body = new BytesWriter(batchOverheadBytes + capacityBytes);
    writeHeaderPlaceholder(this.#body);
  }

  get recordCount(): number {
    return this.#recordCount;
  }

  /** Bytes of the batch so far, before compression. */
  get sizeBytes(): number {
    return this.#body.length;
  }

  add(body: RecordBody, timestamp: Int64): void {
    if (this.#recordCount === 0) this.#baseTimestamp = timestamp;
    this.#maxTimestamp = maxInt64(this.#maxTimestamp, timestamp);
    const timestampDelta = subtractInt64(timestamp, this.#baseTimestamp);
    writeRecord(this.#body, { body, timestampDelta, offsetDelta: this.#recordCount++ });
  }

  /** The batch with its header; nothing can be added any more. */
  finish(
    about: Omit<BatchInput, "records" | "timestamp">,
    codecs?: RuntimeCodecs,
  ): Uint8Array {
    assert(this.#recordCount > 0, "a batch needs a record");
    const batch = this.#body.finish();
    const facts = {
      ...about,
      recordCount: this.#recordCount,
      baseTimestamp: this.#baseTimestamp,
      maxTimestamp: this.#maxTimestamp,
    };
    if ((about.compression ?? "none") !== "none") {
      return packBatch(batch.subarray(batchOverheadBytes), { ...facts, codecs });
    }
    fillHeader(batch, facts);
    return batch;
  }
}

/** What a batch's header says; the records are there already. */
export interface BatchFacts extends Omit<BatchInput, "records" | "timestamp"> {
  readonly recordCount: number;
  readonly baseTimestamp: Int64;
  readonly maxTimestamp: Int64;
}

/** A batch of `records`, which are written already and are compressed here. */
export function packBatch(
  records: Uint8Array,
  facts: BatchFacts & { codecs: RuntimeCodecs | undefined; level?: number },
): Uint8Array {
  const { codecs, level, compression: type = "none" } = facts;
  return batchOfPacked(compress(records, { type, codecs, level }), facts);
}

/** A batch of what is compressed already. */
export function batchOfPacked(packed: Uint8Array, facts: BatchFacts): Uint8Array {
  const batch = behindHeader(packed);
  fillHeader(batch, facts);
  return batch;
}

/** `batch` with other records of the same number, or the same ones in another codec. */
export function withRecords(
  batch: Uint8Array,
  other: {
    /** Packed already. */
    records: Uint8Array;
    compression: CompressionType;
    maxTimestamp: Int64;
  },
): Uint8Array {
  const { compression: type } = other;
  const packed = behindHeader(other.records);
  packed.set(batch.subarray(0, batchOverheadBytes));
  setCompression(packed, compressionTypes.indexOf(type));
  setMaxTimestamp(packed, other.maxTimestamp);
  return packed;
}

function behindHeader(records: Uint8Array): Uint8Array {
  const batch = new Uint8Array(batchOverheadBytes + records.length);
  batch.set(records, batchOverheadBytes);
  return batch;
}

function writeHeaderPlaceholder(writer: BytesWriter): void {
  for (let i = 0; i < 15; i++) writer.int32(0);
  writer.int8(0);
}

function fillHeader(batch: Uint8Array, facts: BatchFacts): void {
  const header = new BytesWriter(batchOverheadBytes);
  header.int64(facts.baseOffset ?? 0);
  header.int32(batch.length - logOverheadBytes);
  header.int32(facts.partitionLeaderEpoch ?? -1);
  header.int8(2);
  header.int32(0);
  header.int16(
    compressionTypes.indexOf(facts.compression ?? "none") |
      (facts.isTransactional ? attributeBits.transactional : 0) |
      (facts.isControl ? attributeBits.control : 0),
  );
  header.int32(facts.recordCount - 1);
  header.int64(facts.baseTimestamp);
  header.int64(facts.maxTimestamp);
  header.int64(facts.producerId ?? -1);
  header.int16(facts.producerEpoch ?? -1);
  header.int32(facts.baseSequence ?? -1);
  header.int32(facts.recordCount);
  batch.set(header.finish());
  renewCrc(batch);
}
