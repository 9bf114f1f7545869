// Walks the batches of a log file from front to back in chunks and slices of time, without blocking
// the event loop for long: for recovery (with checksums), for rebuilding what is missing (headers
// alone), for searches.
//
// A batch is judged by its own 61 bytes, its CRC, and by what came before: base offsets must go on
// where the last batch ended (or, in a log that was compacted, beyond), leader epochs must not
// fall. Those checks matter since the CRC does not cover the first 21 bytes.

import { crc32c } from "../../base/crc.ts";
import type { LeaderEpoch, Offset } from "../../base/ids.ts";
import { crcStart } from "../../records/batch.ts";
import {
  type BatchHeader,
  batchOverheadBytes,
  checkBatch,
  readBatchHeader,
} from "../../records/mod.ts";
import type { SegmentFile } from "../segment/segment_file.ts";
import type { Slices } from "../pacing/slices.ts";

const windowBytes = 512 * 1024;
/** What a look at a batch costs besides its bytes, in bytes. */
const lookWeight = 2048;
/** Searched for a batch at a time. */
const searchedBytes = 32 * 1024;
/** Indexes hold offsets from the segment's first in 31 bits. */
const segmentOffsetsMax = 2 ** 31;
/** Control batches are tiny; a larger one cannot be read as a whole here and counts as bad. */
const controlBytesMax = 64 * 1024;

/** What a mere kill has left is in the page cache: so much of it is read at once. */
const warmBytesMax = 64 * 1024;

/** What a window looks at: a segment's file, or any other that is open. */
type Readable =
  & Pick<SegmentFile, "size" | "readAtAsync">
  & Partial<Pick<SegmentFile, "readAt" | "slices">>;

/** A sliding view of a file. Looking at one with slices gives way to others in between. */
export class FileWindow {
  readonly #file: Readable;
  readonly #slices: Slices | undefined;
  readonly size: number;
  #bytes: Uint8Array = new Uint8Array(0);
  #start = 0;
  #buffer: Uint8Array | undefined;
  readonly #isWarm: boolean;

  readonly #bytesMin: number;

  /**
   * `mayHaveLostWrites`: the machine was started anew, so that nothing is in its page cache.
   * `bytesMin`: so much is read at once, at least.
   */
  constructor(
    file: Readable,
    o: { readonly mayHaveLostWrites?: boolean; readonly bytesMin?: number } = {},
  ) {
    this.#bytesMin = o.bytesMin ?? windowBytes;
    this.#file = file;
    this.#isWarm = o.mayHaveLostWrites === false;
    this.#slices = file.slices;
    this.size = file.size;
  }

  /**
   * Bytes from `position` on: at least `length`, or fewer at the end of the file. The view is good
   * until the next call.
   */
  async view(position: number, length: number): Promise<Uint8Array> {
    const wanted = Math.min(length, this.size - position);
    const slices = this.#slices;
    if (slices !== undefined) {
      slices.spend(wanted + lookWeight);
      if (slices.isOver) await slices.next();
    }
    if (position < this.#start || position + wanted > this.#start + this.#bytes.length) {
      const capacity = Math.min(Math.max(this.#bytesMin, wanted), this.size - position);
      if (this.#buffer === undefined || this.#buffer.length < capacity) {
        this.#buffer = new Uint8Array(capacity);
      }
      const into = this.#buffer.subarray(0, capacity);
      const isQuick = this.#isWarm && capacity <= warmBytesMax;
      const count = (isQuick ? this.#file.readAt?.(position, into) : undefined) ??
        await this.#file.readAtAsync(position, into);
      this.#start = position;
      this.#bytes = into.subarray(0, count);
    }
    return this.#bytes.subarray(position - this.#start);
  }
}

/** What must hold between a batch and those before it. */
export interface Expectation {
  /** Offset at which the next batch begins, at least. */
  nextOffset: Offset;
  /** The newest leader epoch so far. */
  leaderEpoch: LeaderEpoch;
  /** Whether offsets may be missing, as compaction leaves it. */
  gapsAllowed: boolean;
}

/** Why the batch at `position` cannot be there; undefined when it can. `expected` moves past it. */
export async function judgeBatch(
  window: FileWindow,
  at: { position: number; expected: Expectation; skipCrc?: boolean },
): Promise<{ header: BatchHeader } | { reason: string }> {
  const { position, expected } = at;
  const head = await window.view(position, batchOverheadBytes);
  if (head.length < batchOverheadBytes) {
    return { reason: `${window.size - position} bytes are too few for a batch` };
  }
  const header = readBatchHeader(head);
  const remaining = window.size - position;
  if (header.magic !== 2) return { reason: `magic ${header.magic} is not 2` };
  if (header.sizeBytes < batchOverheadBytes || header.sizeBytes > remaining) {
    return { reason: `batch of ${header.sizeBytes} bytes where ${remaining} remain` };
  }
  const { baseOffset } = header;
  const fits = expected.gapsAllowed
    ? baseOffset >= expected.nextOffset
    : baseOffset === expected.nextOffset;
  if (!fits || !Number.isSafeInteger(baseOffset)) {
    return { reason: `base offset ${baseOffset} where ${expected.nextOffset} is due` };
  }
  if (header.lastOffsetDelta < 0) return { reason: "last offset delta is negative" };
  if (header.partitionLeaderEpoch < expected.leaderEpoch) {
    const { partitionLeaderEpoch: epoch } = header;
    return { reason: `leader epoch ${epoch} after ${expected.leaderEpoch}` };
  }
  if (header.isControl && header.sizeBytes > controlBytesMax) {
    return { reason: `control batch of ${header.sizeBytes} bytes` };
  }
  if (
    at.skipCrc !== true &&
    await crcOf(window, { position, sizeBytes: header.sizeBytes }) !== header.crc
  ) {
    return { reason: "checksum does not match" };
  }
  expected.nextOffset = header.lastOffset + 1;
  expected.leaderEpoch = header.partitionLeaderEpoch;
  return { header };
}

/** Where the batches of a file may lie. */
export interface OffsetRange {
  readonly baseOffset: Offset;
  /** First offset of the next segment, where there is one. */
  readonly endOffset?: Offset;
}

/**
 * Whether the offset or the epoch of a batch, which its checksum does not cover, is beyond those of
 * what follows: then it is this one that is wrong, and not everything behind it.
 */
export async function misplaced(
  window: FileWindow,
  batch: { header: BatchHeader; endPosition: number; before: Expectation; range: OffsetRange },
): Promise<{ problem: string; toOffset: Offset } | undefined> {
  const { header, endPosition, before, range } = batch;
  const { baseOffset, lastOffset, partitionLeaderEpoch: epoch } = header;
  const view = await window.view(endPosition, batchOverheadBytes);
  const next = view.length < batchOverheadBytes ? undefined : readBatchHeader(view);
  if (next !== undefined && next.magic === 2) {
    const toOffset = next.baseOffset;
    const fits = toOffset >= before.nextOffset && next.partitionLeaderEpoch >= before.leaderEpoch;
    if (fits && toOffset <= lastOffset) {
      return { problem: `base offset ${baseOffset} before ${toOffset}`, toOffset };
    }
    if (fits && next.partitionLeaderEpoch < epoch) {
      return { problem: `leader epoch ${epoch} before ${next.partitionLeaderEpoch}`, toOffset };
    }
  }
  const end = range.endOffset ?? range.baseOffset + segmentOffsetsMax;
  if (lastOffset < end) return undefined;
  return {
    problem: `base offset ${baseOffset} where the segment ends at ${end}`,
    toOffset: before.nextOffset + header.lastOffsetDelta + 1,
  };
}

/** The CRC that a batch of `sizeBytes` at `position` should have; -1 when the file ends before. */
export async function crcOf(
  window: FileWindow,
  batch: { readonly position: number; readonly sizeBytes: number },
): Promise<number> {
  const end = batch.position + batch.sizeBytes;
  let crc = 0;
  for (let position = batch.position + crcStart; position < end;) {
    const wanted = Math.min(end - position, windowBytes);
    const view = await window.view(position, wanted);
    const count = Math.min(view.length, end - position);
    if (count === 0) return -1;
    crc = crc32c(view, 0, count, crc);
    position += count;
  }
  return crc;
}

/**
 * Position of the next batch behind `from` that could follow: whole, with a CRC that holds and an
 * offset near what is due. undefined when there is none. Tells a torn tail from damage.
 */
export async function findBatchBehind(
  window: FileWindow,
  at: { from: number; nextOffset: Offset },
): Promise<number | undefined> {
  for (let base = at.from; base + batchOverheadBytes <= window.size;) {
    const view = await window.view(base, searchedBytes);
    const last = Math.min(view.length - batchOverheadBytes, searchedBytes - 1);
    for (let p = 0; p <= last; p++) {
      if (view[p + 16] !== 2) continue;
      const header = readBatchHeader(view, p);
      const size = header.sizeBytes;
      if (size < batchOverheadBytes || size > window.size - base - p) continue;
      if (header.baseOffset < at.nextOffset) continue;
      if (header.baseOffset > at.nextOffset + 0x7fff_ffff || header.lastOffsetDelta < 0) continue;
      const whole = size <= view.length - p ? view.subarray(p, p + size) : undefined;
      if (whole === undefined) {
        const batch = { position: base + p, sizeBytes: size };
        if (await crcOf(window, batch) === header.crc) return base + p;
        return findBatchBehind(window, { from: base + p + 1, nextOffset: at.nextOffset });
      }
      if ("header" in checkBatch(whole)) return base + p;
    }
    base += Math.max(1, last + 1);
  }
  return undefined;
}

/**
 * The batch that holds `offset`, walking from the batch at `position`; undefined when none does.
 */
export async function findOffset(
  window: FileWindow,
  at: { position: number; offset: Offset },
): Promise<{ position: number; baseOffset: Offset } | undefined> {
  const expected = { nextOffset: 0, leaderEpoch: -1, gapsAllowed: true };
  for (let position = at.position; position < window.size;) {
    const verdict = await judgeBatch(window, { position, expected, skipCrc: true });
    if ("reason" in verdict) return undefined;
    const { baseOffset, lastOffset, sizeBytes } = verdict.header;
    if (lastOffset >= at.offset) return { position, baseOffset };
    position += sizeBytes;
  }
  return undefined;
}

/** Steps over the headers in `segment` until its end, or the first thing that is no batch. */
export async function walkHeaders(
  segment: { readonly file: SegmentFile; readonly baseOffset: Offset },
  visit: (header: BatchHeader, position: number, window: FileWindow) => void | Promise<void>,
): Promise<void> {
  const window = new FileWindow(segment.file);
  const expected = { nextOffset: segment.baseOffset, leaderEpoch: -1, gapsAllowed: true };
  for (let position = 0; position < window.size;) {
    const verdict = await judgeBatch(window, { position, expected, skipCrc: true });
    if ("reason" in verdict) return;
    await visit(verdict.header, position, window);
    position += verdict.header.sizeBytes;
  }
}
