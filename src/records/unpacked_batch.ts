// The unpacked records of a batch that is in a log already: whole where they are few, in chunks
// where they are many. What an lz4 batch unpacks to is not known before it is unpacked, so that the
// first way is tried, up to a bound.

import { DecodeFault } from "../base/faults.ts";
import { type BatchHeader, batchOverheadBytes, compressionOf } from "./batch.ts";
import {
  type CompressionType,
  decompress,
  type RuntimeCodecs,
  unpackedChunks,
} from "./compression.ts";
import { unpackingMemory } from "./unpacking_memory.ts";

/** So much is unpacked, and what stays of it packed again, in a millisecond or two. */
const lightBytesMax: Readonly<Record<CompressionType, number>> = {
  none: 1024 * 1024,
  gzip: 64 * 1024,
  snappy: 256 * 1024,
  lz4: 256 * 1024,
  zstd: 256 * 1024,
};
/** Its frames say what they hold before they are unpacked; an lz4 block does not. */
const tellsSize: ReadonlySet<CompressionType> = new Set(["gzip", "snappy", "zstd"]);
/** Records of one batch may not unpack to more than this. */
const recordsBytesMax = 256 * 1024 * 1024;

export interface StoredBatch {
  /** The batch fills them. */
  readonly bytes: Uint8Array;
  readonly header: BatchHeader;
  readonly codecs: RuntimeCodecs | undefined;
}

/** The records of `batch`; undefined where to work on all of them at once would take long. */
export function lightRecords(batch: StoredBatch): Uint8Array | undefined {
  const { bytes, codecs } = batch;
  const type = typeOf(batch);
  const bytesMax = lightBytesMax[type];
  if (bytes.length > bytesMax) return undefined;
  const packed = bytes.subarray(batchOverheadBytes);
  if (type === "none") return packed;
  if (tellsSize.has(type) && unpackingMemory(packed, type).unpackedBytes > bytesMax) {
    return undefined;
  }
  try {
    return decompress(packed, { type, codecs, bytesMax });
  } catch (error) {
    if (error instanceof DecodeFault && error.isPastBound) return undefined;
    throw error;
  }
}

/** The same in chunks, each of which is good until the next is asked for. */
export function recordChunks(batch: StoredBatch): AsyncGenerator<Uint8Array> {
  const { bytes, codecs } = batch;
  const packed = bytes.subarray(batchOverheadBytes);
  return unpackedChunks(packed, { type: typeOf(batch), codecs, bytesMax: recordsBytesMax });
}

/** What it takes to unpack it in chunks. */
export function unpackingBytes(batch: StoredBatch): number {
  const packed = batch.bytes.subarray(batchOverheadBytes);
  return unpackingMemory(packed, typeOf(batch)).windowBytes;
}

function typeOf({ header }: StoredBatch): CompressionType {
  const type = compressionOf(header.attributes);
  if (type === undefined) throw new DecodeFault("batch has an unknown compression");
  return type;
}
