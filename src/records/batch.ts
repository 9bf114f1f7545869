// The header of a v2 record batch (KIP-98), read and patched in place over the bytes it stands in.
//
//    0 baseOffset int64          23 lastOffsetDelta int32    53 baseSequence int32
//    8 batchLength int32         27 baseTimestamp int64      57 recordCount int32
//   12 partitionLeaderEpoch      35 maxTimestamp int64       61 records (compressed as a whole)
//   16 magic int8 (2)            43 producerId int64
//   17 crc uint32                51 producerEpoch int16
//   21 attributes int16: 0-2 compression, 3 LogAppendTime, 4 transactional, 5 control, 6 horizon
//
// batchLength counts from byte 12 on; the CRC-32C covers byte 21 to the end. So base offset and
// leader epoch may be overwritten freely, which is what lets a broker pass batches through.
// Invariant: reading functions never look past `position + batchOverheadBytes`; the caller checks.

import { crc32c } from "../base/crc.ts";
import type { LeaderEpoch, Offset, ProducerId } from "../base/ids.ts";
import { type Int64, int64Of } from "../base/int64.ts";
import { int16At, int32At } from "../base/items.ts";
import { type CompressionType, compressionTypes } from "./compression.ts";

/** Bytes of a batch before its records. */
export const batchOverheadBytes = 61;
/** Bytes before `batchLength` begins to count: base offset and the length itself. */
export const logOverheadBytes = 12;
/** Where the CRC's coverage begins. */
export const crcStart = 21;

/** Bits of `attributes`. */
export const attributeBits = {
  compression: 0x07,
  logAppendTime: 0x08,
  transactional: 0x10,
  control: 0x20,
  deleteHorizon: 0x40,
} as const;

/** Positions of header fields, from the start of the batch. */
const at = {
  batchLength: 8,
  partitionLeaderEpoch: 12,
  magic: 16,
  crc: 17,
  attributes: 21,
  lastOffsetDelta: 23,
  baseTimestamp: 27,
  maxTimestamp: 35,
  producerId: 43,
  producerEpoch: 51,
  baseSequence: 53,
  recordCount: 57,
} as const;

/**
 * A batch header, decoded. Timestamps are milliseconds since the Unix epoch, -1 for none, or what
 * else a client takes them for: any 64 bits.
 */
export interface BatchHeader {
  readonly baseOffset: Offset;
  readonly lastOffset: Offset;
  /** Bytes of the whole batch, header included. */
  readonly sizeBytes: number;
  readonly partitionLeaderEpoch: LeaderEpoch;
  readonly magic: number;
  readonly crc: number;
  readonly attributes: number;
  readonly lastOffsetDelta: number;
  readonly baseTimestamp: Int64;
  readonly maxTimestamp: Int64;
  readonly producerId: ProducerId;
  readonly producerEpoch: number;
  readonly baseSequence: number;
  readonly recordCount: number;
  readonly isTransactional: boolean;
  readonly isControl: boolean;
}

/** The int64 at `position`. */
export function int64At(bytes: Uint8Array, position: number): Int64 {
  return int64Of(int32At(bytes, position), int32At(bytes, position + 4) >>> 0);
}

/** A log's own int64 at `position`; rounded outside the safe range, where no log gets. */
export function offsetAt(bytes: Uint8Array, position: number): Offset {
  return int32At(bytes, position) * 0x1_0000_0000 + (int32At(bytes, position + 4) >>> 0);
}

/** Overwrites the int32 (or uint32) at `position`. */
export function putInt32(bytes: Uint8Array, position: number, value: number): void {
  bytes[position] = value >> 24;
  bytes[position + 1] = value >> 16;
  bytes[position + 2] = value >> 8;
  bytes[position + 3] = value;
}

/** Overwrites the int64 at `position`. */
export function putInt64(bytes: Uint8Array, position: number, value: Int64): void {
  if (typeof value === "bigint") {
    putInt32(bytes, position, Number(value >> 32n));
    putInt32(bytes, position + 4, Number(BigInt.asIntN(32, value)));
    return;
  }
  putInt32(bytes, position, Math.floor(value / 0x1_0000_0000));
  putInt32(bytes, position + 4, value >>> 0);
}

/** Base offset of the batch at `position`. */
export function baseOffsetOf(bytes: Uint8Array, position = 0): Offset {
  return offsetAt(bytes, position);
}

/** Offset of the last record that the batch at `position` stands for. */
export function lastOffsetOf(bytes: Uint8Array, position = 0): Offset {
  return offsetAt(bytes, position) + int32At(bytes, position + at.lastOffsetDelta);
}

/** Bytes of the whole batch at `position`. */
export function batchSizeOf(bytes: Uint8Array, position = 0): number {
  return int32At(bytes, position + at.batchLength) + logOverheadBytes;
}

/** The format version of the batch or message set at `position`. */
export function magicOf(bytes: Uint8Array, position = 0): number {
  return (bytes[position + at.magic]! << 24) >> 24;
}

export function attributesOf(bytes: Uint8Array, position = 0): number {
  return int16At(bytes, position + at.attributes);
}

/**
 * How the records of a batch with these `attributes` are compressed; undefined for an unknown id.
 */
export function compressionOf(attributes: number): CompressionType | undefined {
  return compressionTypes[attributes & attributeBits.compression];
}

/** Decodes the header at `position`; {@link batchOverheadBytes} bytes must be there. */
export function readBatchHeader(bytes: Uint8Array, position = 0): BatchHeader {
  const baseOffset = offsetAt(bytes, position);
  const lastOffsetDelta = int32At(bytes, position + at.lastOffsetDelta);
  const attributes = int16At(bytes, position + at.attributes);
  return {
    baseOffset,
    lastOffset: baseOffset + lastOffsetDelta,
    sizeBytes: batchSizeOf(bytes, position),
    partitionLeaderEpoch: int32At(bytes, position + at.partitionLeaderEpoch),
    magic: magicOf(bytes, position),
    crc: int32At(bytes, position + at.crc) >>> 0,
    attributes,
    lastOffsetDelta,
    baseTimestamp: int64At(bytes, position + at.baseTimestamp),
    maxTimestamp: int64At(bytes, position + at.maxTimestamp),
    producerId: int64At(bytes, position + at.producerId),
    producerEpoch: int16At(bytes, position + at.producerEpoch),
    baseSequence: int32At(bytes, position + at.baseSequence),
    recordCount: int32At(bytes, position + at.recordCount),
    isTransactional: (attributes & attributeBits.transactional) !== 0,
    isControl: (attributes & attributeBits.control) !== 0,
  };
}

/** Whether the CRC of the batch at `position` holds; the whole batch must be there. */
export function crcHolds(bytes: Uint8Array, position = 0): boolean {
  const end = position + batchSizeOf(bytes, position);
  return crc32c(bytes, position + crcStart, end) === int32At(bytes, position + at.crc) >>> 0;
}

/** Overwrites what the CRC does not cover: base offset and leader epoch. */
export function assignBatch(
  bytes: Uint8Array,
  assigned: { position: number; baseOffset: Offset; leaderEpoch: LeaderEpoch },
): void {
  putInt64(bytes, assigned.position, assigned.baseOffset);
  putInt32(bytes, assigned.position + at.partitionLeaderEpoch, assigned.leaderEpoch);
}

/** Stamps the batch with LogAppendTime `timestampMs` and renews its CRC. */
export function stampLogAppendTime(
  bytes: Uint8Array,
  stamp: { position: number; timestampMs: number },
): void {
  const { position } = stamp;
  const low = position + at.attributes + 1;
  bytes[low] = bytes[low]! | attributeBits.logAppendTime;
  putInt64(bytes, position + at.maxTimestamp, stamp.timestampMs);
  renewCrc(bytes, position);
}

/**
 * Sets the id of the codec, and with it the length of the batch, which is all of `bytes`. Leaves
 * the CRC as it is.
 */
export function setCompression(bytes: Uint8Array, id: number): void {
  putInt32(bytes, at.batchLength, bytes.length - logOverheadBytes);
  const low = at.attributes + 1;
  bytes[low] = (bytes[low]! & ~attributeBits.compression) | id;
}

/** Sets the batch's largest create time right and renews its CRC. */
export function setMaxTimestamp(bytes: Uint8Array, timestampMs: Int64): void {
  putInt64(bytes, at.maxTimestamp, timestampMs);
  renewCrc(bytes);
}

/** Computes and writes the CRC of the whole batch at `position`. */
export function renewCrc(bytes: Uint8Array, position = 0): void {
  const end = position + batchSizeOf(bytes, position);
  putInt32(bytes, position + at.crc, crc32c(bytes, position + crcStart, end));
}

/** A copy of `batch` by another producer, or with another sequence number. */
export function withProducer(
  batch: Uint8Array,
  by: { producerId: ProducerId; producerEpoch: number; baseSequence: number },
): Uint8Array {
  const copy = batch.slice();
  putInt64(copy, at.producerId, by.producerId);
  copy[at.producerEpoch] = by.producerEpoch >> 8;
  copy[at.producerEpoch + 1] = by.producerEpoch;
  putInt32(copy, at.baseSequence, by.baseSequence);
  renewCrc(copy);
  return copy;
}
