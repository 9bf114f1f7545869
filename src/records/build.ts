// Builds a v2 batch from records: what the client sends and the coordinators append.
//
// Offsets in the batch are 0, 1, 2, ... from `baseOffset`; timestamps are deltas to the first
// record's. Invariant: what is built passes checkProducePayload, control batches apart.

import { assert } from "../base/assert.ts";
import { BytesWriter } from "../base/bytes.ts";
import type { LeaderEpoch, Offset, ProducerId } from "../base/ids.ts";
import { attributeBits, batchOverheadBytes, logOverheadBytes, renewCrc } from "./batch.ts";
import { compress, type CompressionType, compressionTypes } from "./compression.ts";
import type { RuntimeCodecs } from "./compression.ts";
import { type RecordBody, writeRecord } from "./record.ts";

/** A record to be sent; `timestamp` in milliseconds since the Unix epoch. */
export interface RecordInput extends RecordBody {
  readonly timestamp?: number;
}

export interface BatchInput {
  /** At least one. */
  readonly records: readonly RecordInput[];
  readonly baseOffset?: Offset;
  readonly partitionLeaderEpoch?: LeaderEpoch;
  readonly compression?: CompressionType;
  /** For records without one of their own; -1 (none) by default. */
  readonly timestamp?: number;
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
  assert(records.length > 0, "a batch needs a record");
  const baseTimestamp = records[0].timestamp ?? timestamp;
  let maxTimestamp = -1;
  const compression = input.compression ?? "none";
  const body = new BytesWriter(Math.min(records.length * 128, 64 * 1024));
  if (compression === "none") writeHeaderPlaceholder(body);
  records.forEach((record, offsetDelta) => {
    const at = record.timestamp ?? timestamp;
    if (at > maxTimestamp) maxTimestamp = at;
    writeRecord(body, { body: record, timestampDelta: at - baseTimestamp, offsetDelta });
  });
  let batch = body.finish();
  if (compression !== "none") {
    const packed = compress(batch, { type: compression, codecs });
    batch = new Uint8Array(batchOverheadBytes + packed.length);
    batch.set(packed, batchOverheadBytes);
  }
  fillHeader(batch, { input, compression, baseTimestamp, maxTimestamp });
  return batch;
}

function writeHeaderPlaceholder(writer: BytesWriter): void {
  for (let i = 0; i < 15; i++) writer.int32(0);
  writer.int8(0);
}

function fillHeader(
  batch: Uint8Array,
  facts: {
    input: BatchInput;
    compression: CompressionType;
    baseTimestamp: number;
    maxTimestamp: number;
  },
): void {
  const { input } = facts;
  const header = new BytesWriter(batchOverheadBytes);
  header.int64(input.baseOffset ?? 0);
  header.int32(batch.length - logOverheadBytes);
  header.int32(input.partitionLeaderEpoch ?? -1);
  header.int8(2);
  header.int32(0);
  header.int16(
    compressionTypes.indexOf(facts.compression) |
      (input.isTransactional ? attributeBits.transactional : 0) |
      (input.isControl ? attributeBits.control : 0),
  );
  header.int32(input.records.length - 1);
  header.int64(facts.baseTimestamp);
  header.int64(facts.maxTimestamp);
  header.int64(input.producerId ?? -1);
  header.int16(input.producerEpoch ?? -1);
  header.int32(input.baseSequence ?? -1);
  header.int32(input.records.length);
  batch.set(header.finish());
  renewCrc(batch);
}
