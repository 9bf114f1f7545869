// The unpacked records of a batch that is in a log already: whole where they are few, in chunks
// where they are many. What a batch unpacks to is not known before it is unpacked, so that the
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

/** They are unpacked in a millisecond or two. */
const lightBytesMax = 1024 * 1024;
/** Records of one batch may not unpack to more than this. */
const bytesMax = 256 * 1024 * 1024;

export interface StoredBatch {
  /** The batch fills them. */
  readonly bytes: Uint8Array;
  readonly header: BatchHeader;
  readonly codecs: RuntimeCodecs | undefined;
}

/** The records of `batch`; undefined where they are more than a megabyte. */
export function lightRecords(batch: StoredBatch): Uint8Array | undefined {
  const { bytes, codecs } = batch;
  if (bytes.length > lightBytesMax) return undefined;
  const type = typeOf(batch);
  const packed = bytes.subarray(batchOverheadBytes);
  if (type === "none") return packed;
  try {
    return decompress(packed, { type, codecs, bytesMax: lightBytesMax });
  } catch (error) {
    if (error instanceof DecodeFault && error.isPastBound) return undefined;
    throw error;
  }
}

/** The same in chunks, each of which is good until the next is asked for. */
export function recordChunks(batch: StoredBatch): AsyncGenerator<Uint8Array> {
  const { bytes, codecs } = batch;
  const packed = bytes.subarray(batchOverheadBytes);
  return unpackedChunks(packed, { type: typeOf(batch), codecs, bytesMax });
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
