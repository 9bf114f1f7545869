// A batch with fewer records than it had: what compaction leaves of it.
//
//   kept as it is:  base and last offset, leader epoch, producer, sequence, flags, codec
//   made anew:      records, their count, the largest timestamp, length, CRC
//   delete horizon: attribute bit 6, and baseTimestamp says when its tombstones (or its marker) may
//                   go (KIP-534); the records' timestamp deltas count from there
//
// Invariant: the offsets of the records that stay are what they were, and so is the last offset, so
// that the last sequence number of a producer can be told from a batch without records.

import { BytesWriter, concatBytes, varlongSize } from "../base/bytes.ts";
import {
  attributeBits,
  type BatchHeader,
  batchOverheadBytes,
  compressionOf,
  logOverheadBytes,
  renewCrc,
} from "./batch.ts";
import { compress, type CompressionType, decompress, type RuntimeCodecs } from "./compression.ts";
import { DecodeFault } from "../base/faults.ts";
import { addInt64, type Int64, subtractInt64 } from "../base/int64.ts";
import { RecordCursor } from "./record_cursor.ts";

/** When a batch's tombstones or its marker may go, in ms since the epoch; undefined: not said. */
export function deleteHorizonOf(header: BatchHeader): Int64 | undefined {
  const isSet = (header.attributes & attributeBits.deleteHorizon) !== 0;
  return isSet ? header.baseTimestamp : undefined;
}

/**
 * The records of the batch in `bytes`, which it fills, unpacked. snappy and lz4 need
 * `loadCompression` before. Throws DecodeFault when they do not unpack.
 */
export function unpackedRecords(
  bytes: Uint8Array,
  options: { header: BatchHeader; codecs: RuntimeCodecs | undefined },
): Uint8Array {
  const type = compressionOf(options.header.attributes);
  if (type === undefined) throw new DecodeFault("batch has an unknown compression");
  const packed = bytes.subarray(batchOverheadBytes);
  return type === "none" ? packed : decompress(packed, { type, codecs: options.codecs });
}

/** What stays of a batch. */
export interface KeptRecords {
  /** The unpacked records of the whole batch. */
  readonly records: Uint8Array;
  /** Where kept records begin and end in it: pairs, in order, neighbours joined. */
  readonly spans: readonly number[];
  readonly count: number;
  /** The largest timestamp of those that stay. */
  readonly maxTimestamp: Int64;
  /** A horizon to be set; undefined leaves the base timestamp as it is. */
  readonly deleteHorizonMs?: number;
}

/** The batch of `header` with only the records in `kept`; at least one. */
export function thinnedBatch(
  header: BatchHeader,
  options: { kept: KeptRecords; codecs: RuntimeCodecs | undefined },
): Uint8Array {
  const { kept } = options;
  const { deleteHorizonMs } = kept;
  const body = deleteHorizonMs === undefined
    ? joinedSpans(kept)
    : shiftedRecords(kept, horizonShiftMs(header, deleteHorizonMs));
  const type = compressionOf(header.attributes) as CompressionType;
  return rebuiltBatch(header, { ...kept, packed: compress(body, { type, ...options }) });
}

/** What is added to timestamp deltas where a horizon takes the base timestamp's place. */
export function horizonShiftMs(
  { baseTimestamp }: BatchHeader,
  deleteHorizonMs: number | undefined,
): Int64 {
  return deleteHorizonMs === undefined ? 0 : subtractInt64(baseTimestamp, deleteHorizonMs);
}

/** The batch of `header` with fewer records, which are packed already. */
export function rebuiltBatch(
  header: BatchHeader,
  kept: Omit<KeptRecords, "records" | "spans"> & { readonly packed: Uint8Array },
): Uint8Array {
  const { deleteHorizonMs, packed } = kept;
  const horizonBit = deleteHorizonMs === undefined ? 0 : attributeBits.deleteHorizon;
  return assembled(header, {
    attributes: header.attributes | horizonBit,
    baseTimestamp: deleteHorizonMs ?? header.baseTimestamp,
    maxTimestamp: kept.maxTimestamp,
    recordCount: kept.count,
    packed,
  });
}

/** The batch of `header` without any record: it keeps offsets and a producer's sequence. */
export function emptyBatch(header: BatchHeader): Uint8Array {
  return assembled(header, {
    attributes: header.attributes & ~(attributeBits.compression | attributeBits.deleteHorizon),
    baseTimestamp: -1,
    maxTimestamp: header.maxTimestamp,
    recordCount: 0,
    packed: new Uint8Array(0),
  });
}

function joinedSpans({ records, spans }: KeptRecords): Uint8Array {
  const kept: Uint8Array[] = [];
  for (let i = 0; i < spans.length; i += 2) kept.push(records.subarray(spans[i], spans[i + 1]));
  return concatBytes(kept);
}

/** The kept records with `shiftMs` added to their timestamp deltas. */
function shiftedRecords({ records, spans }: KeptRecords, shiftMs: Int64): Uint8Array {
  const writer = new BytesWriter(records.length);
  for (let i = 0; i < spans.length; i += 2) {
    const cursor = new RecordCursor(records, spans[i], spans[i + 1]);
    while (cursor.next()) {
      const delta = addInt64(cursor.timestampDelta, shiftMs);
      writer.varint(1 + varlongSize(delta) + cursor.end - cursor.tail);
      writer.int8(0);
      writer.varlong(delta);
      writer.bytes(records.subarray(cursor.tail, cursor.end));
    }
  }
  return writer.finish();
}

function assembled(
  header: BatchHeader,
  parts: {
    attributes: number;
    baseTimestamp: Int64;
    maxTimestamp: Int64;
    recordCount: number;
    packed: Uint8Array;
  },
): Uint8Array {
  const sizeBytes = batchOverheadBytes + parts.packed.length;
  const writer = new BytesWriter(sizeBytes);
  writer.int64(header.baseOffset);
  writer.int32(sizeBytes - logOverheadBytes);
  writer.int32(header.partitionLeaderEpoch);
  writer.int8(header.magic);
  writer.int32(0);
  writer.int16(parts.attributes);
  writer.int32(header.lastOffsetDelta);
  writer.int64(parts.baseTimestamp);
  writer.int64(parts.maxTimestamp);
  writer.int64(header.producerId);
  writer.int16(header.producerEpoch);
  writer.int32(header.baseSequence);
  writer.int32(parts.recordCount);
  const batch = new Uint8Array(sizeBytes);
  batch.set(writer.finish());
  batch.set(parts.packed, batchOverheadBytes);
  renewCrc(batch);
  return batch;
}
