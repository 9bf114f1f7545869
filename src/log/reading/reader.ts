// Reads of a log: finds the place, reads once where that is enough, synchronously from the hot
// tail and asynchronously from anything older, so that a consumer that replays from a slow disk
// stalls nobody.
//
//   hot: written by this process, within the last 32 MiB of the log: surely in the page cache;
//        and not so much at once that the event loop would be held
//   cold: the rest, index files included
//
// Invariant: a reader never enters a damaged stretch: it stops before, and one that begins inside
// is told so. Truncation and deletion during a cold read make it start over.

import { messageOf, PartitionFault, partitionFault } from "../../base/faults.ts";
import type { Offset } from "../../base/ids.ts";
import {
  type ReadOptions,
  ReadPositions,
  type ReadResult,
  type Spot,
  takeBatches,
  type Taken,
} from "./batch_reads.ts";
import { ColdReads } from "./cold_reads.ts";
import { aheadBytes, type ReadAhead } from "./read_ahead.ts";
import { filePartAt } from "./segment_parts.ts";
import type { Damage } from "../recovery/recovery.ts";
import type { Segment } from "../segment/segment.ts";
import type { Segments } from "../segment/segments.ts";

const hotTailBytes = 32 * 1024 * 1024;
/** Reading more in one go would hold the event loop, for the memory's sake alone. */
const hotReadBytesMax = 2 * 1024 * 1024;
/** Read besides what was asked for when the exact position is not known: an index interval. */
const searchBytes = 8 * 1024;
const nothing = new Uint8Array(0);

/** One file read that is due. */
interface Step {
  readonly spot: Spot;
  readonly bytes: number;
}

export class LogReader {
  readonly #segments: Segments;
  readonly #damage: readonly Damage[];
  readonly #positions = new ReadPositions();
  readonly #ahead: ReadAhead | undefined;
  readonly #cold: ColdReads;
  /** Whether no offsets are missing in it, as compaction leaves it. */
  readonly #isDense: () => boolean;
  readonly #onFailed: (error: unknown) => void;
  /** No batch begins below it. */
  readonly #firstOffset: Offset;
  /** Changes whenever bytes that were in the log are no longer there. */
  #generation = 0;

  constructor(
    segments: Segments,
    o: {
      readonly damage: readonly Damage[];
      readonly ahead?: ReadAhead;
      readonly cold?: ColdReads;
      readonly isDense: () => boolean;
      /** Hears of each read of a file that fails. */
      readonly onFailed?: (error: unknown) => void;
      /** Where the first batch begins, if that is behind the first segment's name. */
      readonly lateStart?: Offset;
    },
  ) {
    this.#segments = segments;
    this.#isDense = o.isDense;
    this.#onFailed = o.onFailed ?? (() => {});
    this.#firstOffset = o.lateStart ?? 0;
    this.#damage = o.damage;
    this.#ahead = o.ahead;
    this.#cold = o.cold ?? new ColdReads();
  }

  /** Whole batches from the one that holds `options.offset` on. */
  read(options: ReadOptions): ReadResult | Promise<ReadResult> {
    const isBefore = options.offset < this.#firstOffset;
    const from = isBefore ? { ...options, offset: this.#firstOffset } : options;
    const bounded = this.#damage.length === 0 ? from : this.#bounded(from);
    if ("damage" in bounded) return bounded;
    if (bounded.offset >= bounded.endOffset) return emptyAt(options.offset);
    const spot = this.#positions.get(bounded.offset);
    const segment = spot?.segment ?? this.#segments.holding(bounded.offset);
    if (spot === undefined && !segment.indexes.areLoaded) return this.#readCold(bounded, undefined);
    if (options.takesFileParts && spot !== undefined) {
      const found = this.#filePart(bounded, spot);
      if (found !== undefined) return found;
    }
    let step = this.#firstStep(bounded, spot ?? this.#look(segment, bounded.offset));
    while (step !== undefined) {
      const isNow = step.bytes <= hotReadBytesMax && this.#isHot(step.spot);
      const chunk = isNow ? this.#readNow(step) : this.#readBefore(step);
      if (chunk === undefined) return this.#readCold(bounded, step.spot);
      const next = this.#take(bounded, { step, chunk });
      if (isMisled(next, step.spot)) return this.#readAnew(bounded, step.spot.segment);
      if ("nextOffset" in next) return next;
      step = this.#follow(bounded, next);
    }
    return emptyAt(options.offset);
  }

  /** What was read ahead is given out before. */
  #filePart(options: ReadOptions, spot: Spot): ReadResult | undefined {
    const { segment, position } = spot;
    if (this.#ahead?.has(segment, position)) return undefined;
    const found = filePartAt(spot, { ...options, isDense: this.#isDense() });
    if (found === undefined) return undefined;
    const { filePart, nextOffset, endPosition } = found;
    const next = { segment, position: endPosition, exact: true, due: nextOffset };
    this.#positions.remember(nextOffset, next);
    return { bytes: nothing, filePart, nextOffset };
  }

  /** The bytes that were there are gone: remembered positions and reads under way start over. */
  invalidate(): void {
    this.#generation++;
    this.#positions.clear();
    this.#ahead?.forget(this.#segments.all);
  }

  async #readCold(options: ReadOptions, known: Spot | undefined): Promise<ReadResult> {
    for (;;) {
      const generation = this.#generation;
      const segments = this.#segments;
      const segment = known?.segment ?? segments.holding(options.offset);
      if (known === undefined) await this.#loadIndexes(segment);
      const result = await this.#tryCold(options, known ?? this.#look(segment, options.offset));
      if (result !== undefined && generation === this.#generation) return result;
      if (options.offset < segments.first.baseOffset) return emptyAt(options.offset);
      // All of a closed log are retired, and no others come in their place.
      const { retired, file: { path } } = segments.holding(options.offset);
      if (retired) throw new PartitionFault(`cannot read ${path}: its log is closed`);
      known = undefined;
    }
  }

  async #loadIndexes(segment: Segment): Promise<void> {
    try {
      await segment.indexes.load();
    } catch (error) {
      this.#onFailed(error);
      throw error;
    }
  }

  /** An index file led nowhere: it is spoiled, the log need not be. */
  async #readAnew(options: ReadOptions, segment: Segment): Promise<ReadResult> {
    if (segment === this.#segments.active) segment.indexes.dropOffsets();
    else await segment.rebuildIndexes();
    return await this.#readCold(options, { segment, position: 0, exact: true });
  }

  /** Undefined when the log was cut meanwhile and the result means nothing. */
  async #tryCold(options: ReadOptions, spot: Spot): Promise<ReadResult | undefined> {
    let step = this.#firstStep(options, spot);
    while (step !== undefined) {
      const { segment, position } = step.spot;
      if (segment.retired) return undefined;
      const generation = this.#generation;
      const chunk = this.#memory(this.#bytesToRead(step));
      let count: number;
      try {
        count = await this.#cold.read({ file: segment.file, position }, chunk);
      } catch (error) {
        if (segment.retired) return undefined;
        throw this.#fault(step, error);
      }
      const got = chunk.subarray(0, count);
      if (got.length > step.bytes && generation === this.#generation) {
        this.#ahead?.put(segment, position, got);
      }
      const next = this.#take(options, { step, chunk: got });
      if (!spot.exact && isMisled(next, step.spot)) return this.#readAnew(options, segment);
      if ("nextOffset" in next) return next;
      step = this.#follow(options, next);
    }
    return emptyAt(options.offset);
  }

  /** A reader that goes on where it stopped gets more than it asked for. */
  #bytesToRead({ spot, bytes }: Step): number {
    if (this.#ahead === undefined || !spot.exact) return bytes;
    return Math.min(aheadBytes(bytes), spot.segment.size - spot.position);
  }

  #readNow(step: Step): Uint8Array {
    const chunk = this.#memory(step.bytes);
    try {
      return chunk.subarray(0, step.spot.segment.file.readAt(step.spot.position, chunk));
    } catch (error) {
      throw this.#fault(step, error);
    }
  }

  #memory(bytes: number): Uint8Array<ArrayBuffer> {
    return this.#ahead?.buffers.take(bytes) ?? new Uint8Array(bytes);
  }

  #readBefore({ spot, bytes }: Step): Uint8Array | undefined {
    return this.#ahead?.get(spot.segment, spot.position, bytes);
  }

  #look(segment: Segment, offset: Offset): Spot {
    const entry = segment.indexes.offsets.floor(offset - segment.baseOffset);
    let position = entry?.position ?? 0;
    let lastOffsetMax = entry && segment.baseOffset + entry.relativeOffset;
    for (const hole of this.#damage) {
      const isBehind = hole.segment === segment && offset >= hole.fromOffset;
      if (!isBehind || position >= hole.endPosition) continue;
      position = hole.endPosition;
      lastOffsetMax = undefined;
    }
    return { segment, position, exact: false, lastOffsetMax };
  }

  /** The read at `spot`; in the next segment when this one has nothing there. */
  #firstStep(options: ReadOptions, spot: Spot): Step | undefined {
    if (spot.position < spot.segment.size) return this.#stepAt(options, spot);
    const next = this.#segments.after(spot.segment);
    if (next === undefined || next.size === 0) return undefined;
    return this.#stepAt(options, { segment: next, position: 0, exact: true });
  }

  #stepAt(options: ReadOptions, spot: Spot & { bytesMin?: number }): Step {
    const wanted = spot.exact ? options.maxBytes : options.maxBytes + searchBytes;
    const bytes = Math.max(wanted, spot.bytesMin ?? 0, searchBytes);
    return { spot, bytes: Math.min(bytes, spot.segment.size - spot.position) };
  }

  #take(
    options: ReadOptions,
    got: { step: Step; chunk: Uint8Array },
  ): ReadResult | Step | Spot {
    const { chunk } = got;
    const { segment, position } = got.step.spot;
    const taken: Taken = takeBatches(chunk, {
      ...options,
      isDense: this.#isDense(),
      due: got.step.spot.due ?? (position === 0 ? this.#beginOf(segment) : undefined),
      lastOffsetMax: got.step.spot.lastOffsetMax,
    });
    switch (taken.kind) {
      case "batches": {
        const { start, end, nextOffset } = taken;
        this.#positions.remember(nextOffset, {
          segment,
          position: position + end,
          exact: true,
          due: nextOffset,
        });
        this.#ahead?.buffers.hold(chunk);
        return { bytes: chunk.subarray(start, end), nextOffset };
      }
      case "nothing":
        return emptyAt(options.offset);
      case "damaged": {
        const { reason } = taken;
        return this.#damagedAt(options, { segment, position: position + taken.position, reason });
      }
      case "more": {
        const spot = { segment, position: position + taken.position, exact: true };
        if (spot.position === segment.size) return spot;
        if (spot.position + taken.bytes > segment.size) {
          const reason = `a batch of ${taken.bytes} bytes where the segment ends`;
          return this.#damagedAt(options, { segment, position: spot.position, reason });
        }
        return this.#stepAt(options, { ...spot, bytesMin: taken.bytes });
      }
    }
  }

  #beginOf({ baseOffset }: Segment): Offset {
    return Math.max(baseOffset, this.#firstOffset);
  }

  #damagedAt(
    { offset: nextOffset }: ReadOptions,
    at: { segment: Segment; position: number; reason: string },
  ): ReadResult {
    const damage = `${at.segment.file.path} at ${at.position}: ${at.reason}`;
    return { bytes: nothing, nextOffset, damage };
  }

  #follow(options: ReadOptions, next: Step | Spot): Step | undefined {
    return "spot" in next ? next : this.#firstStep(options, next);
  }

  #fault({ spot: { segment, position } }: Step, error: unknown): PartitionFault {
    this.#onFailed(error);
    const message = `cannot read ${segment.file.path} at ${position}: ${messageOf(error)}`;
    return partitionFault(error, message);
  }

  #isHot(spot: Spot): boolean {
    const { segment, position } = spot;
    if (position < segment.coldBytes) return false;
    const { active } = this.#segments;
    const toEnd = segment.size - position;
    if (segment === active) return toEnd <= hotTailBytes;
    return this.#segments.after(segment) === active && toEnd + active.size <= hotTailBytes;
  }

  /** `options` stopped before the next damaged stretch, or the answer for one inside of it. */
  #bounded(options: ReadOptions): ReadOptions | (ReadResult & { damage: string }) {
    let { endOffset } = options;
    for (const hole of this.#damage) {
      const toOffset = hole.toOffset ?? Infinity;
      if (options.offset >= hole.fromOffset && options.offset < toOffset) {
        const damage = `offsets ${hole.fromOffset} to ${toOffset} are unreadable: ${hole.reason}`;
        return { bytes: nothing, nextOffset: options.offset, damage };
      }
      if (hole.fromOffset > options.offset) endOffset = Math.min(endOffset, hole.fromOffset);
    }
    return { ...options, endOffset };
  }
}

/** Whether a place that an index named turned out to be none. */
function isMisled(next: ReadResult | Step | Spot, spot: Spot): boolean {
  return "damage" in next && !spot.exact && spot.position > 0;
}

function emptyAt(offset: Offset): ReadResult {
  return { bytes: nothing, nextOffset: offset };
}
