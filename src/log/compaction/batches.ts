// The batches of a segment one after another, for compaction: large asynchronous reads, the next
// one under way while the batches of the last are looked at.
//
//   chunk: |batch|batch|batch|bat...     the cut batch begins the next chunk
//
// Invariant: `visit` gets whole batches whose CRC holds, in order; the bytes are good until it
// returns. Anything else in a sealed segment is damage: DecodeFault.

import { DecodeFault } from "../../base/faults.ts";
import {
  type BatchHeader,
  batchOverheadBytes,
  batchSizeOf,
  checkBatch,
  compressionOf,
  isCompressionLoaded,
  loadCompression,
} from "../../records/mod.ts";
import { type CompactionPace, CompactionStopped } from "./pace.ts";
import type { Segment } from "../segment/segment.ts";

const chunkBytes = 512 * 1024;

export interface BatchVisit {
  readonly pace: CompactionPace;
  /** Where to begin: a batch's position. */
  readonly position: number;
  /** Called at each rest, while nothing is visited. */
  readonly settle?: () => Promise<void>;
  /** Returns false to end here. */
  readonly visit: (bytes: Uint8Array, header: BatchHeader) => boolean;
}

/** Hands the batches of `segment` to `visit`. */
export async function visitBatches(segment: Segment, options: BatchVisit): Promise<void> {
  const { pace, visit } = options;
  const { size } = segment;
  const buffers = [new Uint8Array(Math.min(chunkBytes, size)), new Uint8Array(0)];
  let position = options.position;
  let reading = position < size ? readChunk(segment, { position, into: buffers[0] }) : undefined;
  while (reading !== undefined) {
    const chunk = await reading;
    pace.spend(chunk.length);
    const wholeBytes = wholeBatches(chunk, segment, position);
    position += wholeBytes;
    buffers.reverse();
    const wanted = Math.min(size - position, nextChunkBytes(chunk, wholeBytes));
    if (buffers[0].length < wanted) buffers[0] = new Uint8Array(wanted);
    const into = buffers[0].subarray(0, wanted);
    reading = wanted > 0 ? readChunk(segment, { position, into }) : undefined;
    // When a visit throws, nobody waits for this read any more.
    reading?.catch(() => {});
    for (let at = 0; at < wholeBytes;) {
      const batch = chunk.subarray(at, at + batchSizeOf(chunk, at));
      const header = checkedHeader(batch, segment);
      const type = compressionOf(header.attributes);
      if (type !== undefined && !isCompressionLoaded(type)) await loadCompression(type);
      if (!visit(batch, header)) return;
      at += batch.length;
      if (!pace.isDue) continue;
      await options.settle?.();
      await pace.rest();
    }
  }
}

async function readChunk(
  segment: Segment,
  read: { position: number; into: Uint8Array },
): Promise<Uint8Array> {
  try {
    const count = await segment.file.readAtAsync(read.position, read.into);
    return read.into.subarray(0, count);
  } catch (error) {
    if (segment.retired) throw new CompactionStopped("the segment was deleted");
    throw error;
  }
}

/** Bytes of the whole batches that `chunk`, read at `position`, begins with. */
function wholeBatches(chunk: Uint8Array, segment: Segment, position: number): number {
  let at = 0;
  while (chunk.length - at >= batchOverheadBytes) {
    const size = batchSizeOf(chunk, at);
    if (size < batchOverheadBytes || position + at + size > segment.size) {
      throw new DecodeFault(`${segment.file.path} has no batch at ${position + at}`);
    }
    if (size > chunk.length - at) break;
    at += size;
  }
  if (at === 0 && position + chunk.length >= segment.size) {
    throw new DecodeFault(`${segment.file.path} has no batch at ${position}`);
  }
  return at;
}

/** How much to read next, so that at least the batch that was cut fits. */
function nextChunkBytes(chunk: Uint8Array, wholeBytes: number): number {
  const isSizeThere = chunk.length - wholeBytes >= batchOverheadBytes;
  return isSizeThere ? Math.max(chunkBytes, batchSizeOf(chunk, wholeBytes)) : chunkBytes;
}

function checkedHeader(batch: Uint8Array, segment: Segment): BatchHeader {
  const check = checkBatch(batch);
  if ("header" in check) return check.header;
  throw new DecodeFault(`${segment.file.path} is damaged: ${check.refusal.message}`);
}
