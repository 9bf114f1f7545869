// The batches of a segment one after another, for compaction: large asynchronous reads, the next
// one under way while the batches of the last are looked at.
//
//   chunk: |batch|batch|batch|bat...     the cut batch begins the next chunk
//          |a batch that is larger|      is read alone, into memory that is claimed for it
//
// Invariant: `visit` gets whole batches whose CRC holds, in order; the bytes are good until it
// returns. Anything else in a sealed segment is damage: DecodeFault.

import { DecodeFault } from "../../base/faults.ts";
import { freeMemory } from "../../base/free_memory.ts";
import type { MemoryShare } from "../../base/memory_share.ts";
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
  readonly visit: (bytes: Uint8Array, header: BatchHeader) => boolean | Promise<boolean>;
  /** Where large batches are claimed; absent: they are not. */
  readonly memory?: MemoryShare;
}

/** Hands the batches of `segment` to `visit`. */
export async function visitBatches(segment: Segment, options: BatchVisit): Promise<void> {
  const { size } = segment;
  let [next, other] = [new Uint8Array(Math.min(chunkBytes, size)), new Uint8Array(0)];
  let { position } = options;
  let reading = position < size ? readChunk(segment, { position, into: next }) : undefined;
  while (reading !== undefined) {
    const chunk = await reading;
    const wholeBytes = wholeBatches(chunk, segment, position);
    position += wholeBytes;
    const largeBytes = largeBatchBytes(chunk, wholeBytes);
    const readNext = () => {
      [next, other] = [other, next];
      const wanted = Math.min(size - position, chunkBytes);
      if (next.length < wanted) next = new Uint8Array(wanted);
      const into = next.subarray(0, wanted);
      reading = wanted > 0 ? readChunk(segment, { position, into }) : undefined;
      // When a visit throws, nobody waits for this read any more.
      reading?.catch(() => {});
    };
    if (largeBytes === 0) readNext();
    if (!await visitAll(chunk.subarray(0, wholeBytes), segment, options)) return;
    if (largeBytes === 0) continue;
    if (!await visitLarge(segment, { position, length: largeBytes, options })) return;
    position += largeBytes;
    readNext();
  }
}

/** Whether to go on behind the batches that `chunk` consists of. */
async function visitAll(
  chunk: Uint8Array,
  segment: Segment,
  { pace, visit, settle }: BatchVisit,
): Promise<boolean> {
  pace.spend(chunk.length);
  for (let at = 0; at < chunk.length;) {
    const batch = chunk.subarray(at, at + batchSizeOf(chunk, at));
    const header = checkedHeader(batch, segment);
    const type = compressionOf(header.attributes);
    if (type !== undefined && !isCompressionLoaded(type)) await loadCompression(type);
    const goesOn = visit(batch, header);
    if (!(goesOn instanceof Promise ? await goesOn : goesOn)) return false;
    at += batch.length;
    if (!pace.isDue) continue;
    await settle?.();
    await pace.rest();
  }
  return true;
}

/** The same for the batch at `position`, in memory of its own. */
async function visitLarge(
  segment: Segment,
  o: { position: number; length: number; options: BatchVisit },
): Promise<boolean> {
  const { position, length, options } = o;
  const { memory } = options;
  const wait = memory?.take(length);
  if (wait !== undefined && !await wait.granted) throw new CompactionStopped("closing");
  const into = new Uint8Array(length);
  try {
    const batch = await readChunk(segment, { position, into });
    const wholeBytes = wholeBatches(batch, segment, position);
    return await visitAll(batch.subarray(0, wholeBytes), segment, options);
  } finally {
    freeMemory(into.buffer);
    memory?.give(length);
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

/** The size of the batch behind the whole ones, where it is larger than a chunk; 0 otherwise. */
function largeBatchBytes(chunk: Uint8Array, wholeBytes: number): number {
  if (chunk.length - wholeBytes < batchOverheadBytes) return 0;
  const size = batchSizeOf(chunk, wholeBytes);
  return size > chunkBytes ? size : 0;
}

function checkedHeader(batch: Uint8Array, segment: Segment): BatchHeader {
  const check = checkBatch(batch);
  if ("header" in check) return check.header;
  throw new DecodeFault(`${segment.file.path} is damaged: ${check.refusal.message}`);
}
