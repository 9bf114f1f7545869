// Log compaction: of each key the last record stays, in Kafka's way. One object for each log.
//
//   |  clean, compacted before  |  dirty           |  not yet: active, undecided, too young  |
//   first segment               firstDirtyOffset   cleanable end
//
//   1  map     the dirty part's keys to their last offsets, as far as the map reaches
//   2  filter  every segment up to there into new ones (compaction_filter, compaction_output)
//   3  swap    each as soon as it is full (compaction_swap); then firstDirtyOffset moves on
//
// Beside traffic: reads are asynchronous, work comes in slices (compaction_pace). Invariant: the
// active segment and whatever is above the last stable offset or the high watermark is not touched.
// Offsets never change. A compaction that stops half way has lost nothing: its next run begins
// anew.

import { assert } from "../../base/assert.ts";
import { messageOf } from "../../base/faults.ts";
import type { Offset, PartitionId } from "../../base/ids.ts";
import { subtractInt64 } from "../../base/int64.ts";
import { itemAt, lastOf } from "../../base/items.ts";
import type { MemoryShare } from "../../base/memory_share.ts";
import { readControlRecord } from "../../records/mod.ts";
import type { Random, Timers } from "../../runtime/ports.ts";
import { visitBatches } from "./batches.ts";
import { filterBatch, type Filtered, type FilterOptions } from "./filter.ts";
import { HeavyBatches } from "./heavy_batches.ts";
import { mapBatch } from "./map_keys.ts";
import { CompactionOutput } from "./output.ts";
import { CompactionPace, CompactionStopped } from "./pace.ts";
import { type DirtyPart, dirtyPart } from "./range.ts";
import { swapIn, syncCleaned } from "./swap.ts";
import { CompactionTransactions } from "./transactions.ts";
import type { DeletedFiles } from "../directory/deleted_files.ts";
import type { DirectoryState } from "../directory/directory_state.ts";
import { KeyOffsets } from "./key_offsets.ts";
import type { LogOptions } from "../partition/log_options.ts";
import type { OpenHandles } from "../directory/open_handles.ts";
import type { ProducerState } from "../producers/producer_state.ts";
import type { Segment } from "../segment/segment.ts";
import type { Segments } from "../segment/segments.ts";

/** The log as its compaction sees it. */
export interface CompactedLog {
  readonly topic: string;
  readonly partition: PartitionId;
  readonly folder: string;
  readonly directory: Pick<DirectoryState, "goOffline">;
  readonly logStartOffset: Offset;
  readonly logEndOffset: Offset;
  readonly lastStableOffset: Offset;
  /** Why it takes nothing any more; undefined while it does. */
  readonly refusal: unknown;
}

/** What compaction needs of its log. */
export interface CompactedParts {
  readonly log: CompactedLog;
  readonly options: LogOptions;
  readonly handles: OpenHandles;
  readonly segments: Segments;
  readonly deleted: DeletedFiles;
  readonly producers: () => ProducerState;
  readonly roll: (nowMs: number) => void;
  /** Segments are not what they were: readers begin anew. */
  readonly onSwapped: () => void;
}

export interface CompactionOptions {
  readonly timers: Timers;
  readonly random: Random;
  /** Consumers have been able to read up to here. */
  readonly highWatermark: Offset;
  /** Memory for the map of keys. */
  readonly keyMapBytes: number;
  /** Share of the map's slots that may be used; 0.9 by default. */
  readonly keyMapLoad?: number;
  /** Bound of what is read and written; none by default. */
  readonly bytesPerSecond?: number;
  /** Where large batches, and what is unpacked of them, are claimed, in this order. */
  readonly memory?: { readonly answers: MemoryShare; readonly work: MemoryShare };
}

/** What both passes of a run work with. */
interface Run {
  readonly keys: KeyOffsets;
  readonly pace: CompactionPace;
  readonly heavy: HeavyBatches;
  /** For batches that are read alone. */
  readonly memory: MemoryShare | undefined;
}

/** How much a log has to be compacted. */
export interface CompactionOutlook {
  readonly dirtyBytes: number;
  /** Of all that could be compacted. */
  readonly dirtyRatio: number;
  /** By min.cleanable.dirty.ratio or max.compaction.lag.ms. */
  readonly isDue: boolean;
}

/** What a run came to. */
export interface CompactionSummary {
  /** False: it was stopped, or there was nothing to do. */
  readonly isComplete: boolean;
  readonly bytesBefore: number;
  readonly bytesAfter: number;
}

/** Compaction of one log. */
export class Compaction {
  readonly #log: CompactedLog;
  readonly #parts: CompactedParts;
  #firstDirtyOffset: Offset | undefined;
  #running: Promise<unknown> | undefined;
  #swapping: Promise<void> | undefined;
  #stopped = false;

  constructor(parts: CompactedParts) {
    this.#log = parts.log;
    this.#parts = parts;
    this.#firstDirtyOffset = parts.options.firstDirtyOffset;
  }

  /**
   * Below it every record was compacted; undefined: none was. For cleaner-offset-checkpoint.
   */
  get firstDirtyOffset(): Offset | undefined {
    return this.#firstDirtyOffset;
  }

  /**
   * How dirty the log is; undefined when it is not compacted. Rolls the active segment when
   * max.compaction.lag.ms asks for it.
   */
  async assess(at: { highWatermark: Offset }): Promise<CompactionOutlook | undefined> {
    const config = this.#parts.options.config();
    if (!config.cleanupPolicy.includes("compact")) return undefined;
    if (this.#log.refusal !== undefined) return undefined;
    this.#rollOverdue();
    const part = await this.#dirtyPart(at.highWatermark);
    const dirtyRatio = part.dirtyBytes / Math.max(1, part.cleanBytes + part.dirtyBytes);
    const isDue = part.dirtyBytes > 0 &&
      (dirtyRatio > config.minCleanableDirtyRatio || part.isOverdue);
    return { dirtyBytes: part.dirtyBytes, dirtyRatio, isDue };
  }

  /**
   * Compacts as far as the memory for keys reaches. Rejects with DecodeFault when the log holds
   * what cannot be read, with PlatformFault or PartitionFault when a file cannot be written.
   */
  async run(options: CompactionOptions): Promise<CompactionSummary> {
    assert(this.#running === undefined, "a log is compacted once at a time");
    const running = this.#compact(options);
    this.#running = running.catch(() => {});
    try {
      return await running;
    } catch (error) {
      if (!(error instanceof CompactionStopped)) throw error;
      return { isComplete: false, bytesBefore: 0, bytesAfter: 0 };
    } finally {
      this.#running = undefined;
    }
  }

  /** Resolves when segments may be taken out of the log: no swap is half way. */
  async settled(): Promise<void> {
    await this.#swapping?.catch(() => {});
  }

  /** Ends a run that is under way, and resolves when it has ended. No other follows. */
  async stop(): Promise<void> {
    this.#stopped = true;
    await this.#running;
  }

  get #isStopped(): boolean {
    return this.#stopped || this.#log.refusal !== undefined;
  }

  async #compact(options: CompactionOptions): Promise<CompactionSummary> {
    const { segments } = this.#parts;
    const { clock, logger } = this.#parts.options;
    const pace = new CompactionPace({ clock, timers: options.timers }, {
      bytesPerSecond: options.bytesPerSecond ?? Infinity,
      isStopped: () => this.#isStopped,
    });
    const part = await this.#dirtyPart(options.highWatermark);
    if (part.segments.length === 0) return { isComplete: false, bytesBefore: 0, bytesAfter: 0 };
    const startedMs = clock.monotonic();
    const keys = new KeyOffsets({
      bytesMax: options.keyMapBytes,
      loadMax: options.keyMapLoad,
      seed: Int32Array.from({ length: 4 }, () => options.random.uint32()),
    });
    const { codecs } = this.#parts.options;
    const { memory } = options;
    const heavy = new HeavyBatches({ pace, codecs, memory: memory?.work });
    const run: Run = { keys, pace, heavy, memory: memory?.answers };
    const endOffset = await this.#mapKeys(part, run);
    const { all, active } = segments;
    const sources = all.filter((each) => each !== active && each.baseOffset < endOffset);
    const bytesBefore = sources.reduce((sum, { size }) => sum + size, 0);
    const bytesAfter = await this.#filter(sources, { ...run, endOffset });
    this.#firstDirtyOffset = endOffset;
    const { topic, partition } = this.#log;
    logger.log("info", "compacted a log", {
      topic,
      partition,
      firstDirtyOffset: endOffset,
      keys: keys.count,
      bytesBefore,
      bytesAfter,
      ms: Math.round(clock.monotonic() - startedMs),
    });
    return { isComplete: true, bytesBefore, bytesAfter };
  }

  /** Fills `keys` from the dirty part; returns up to where it came. */
  async #mapKeys(part: DirtyPart, run: Run): Promise<Offset> {
    const { codecs } = this.#parts.options;
    const { fromOffset } = part;
    const aborted = this.#parts.segments.abortedTransactions(fromOffset, part.endOffset);
    const transactions = new CompactionTransactions(aborted);
    let endOffset = fromOffset;
    let isFull = false;
    for (const [i, segment] of part.segments.entries()) {
      await segment.indexes.load();
      const position = segment.indexes.offsets.lookup(fromOffset - segment.baseOffset);
      await visitBatches(segment, {
        ...run,
        position,
        visit: async (bytes, header) => {
          if (header.isControl) {
            if (header.recordCount > 0) transactions.onMarker(header, readControlRecord(bytes));
          } else if (!transactions.isAborted(header)) {
            const mapped = mapBatch({ bytes, header, codecs }, { ...run, fromOffset });
            const lastOffset = mapped instanceof Promise ? await mapped : mapped;
            if (lastOffset !== undefined) {
              isFull = true;
              endOffset = Math.max(endOffset, lastOffset + 1);
              return false;
            }
          }
          endOffset = Math.max(endOffset, header.lastOffset + 1);
          return true;
        },
      });
      if (isFull) return endOffset;
      endOffset = part.segments[i + 1]?.baseOffset ?? part.endOffset;
    }
    return endOffset;
  }

  /** Writes the segments anew; returns the bytes that are left of them. */
  async #filter(
    sources: readonly Segment[],
    o: Run & { endOffset: Offset },
  ): Promise<number> {
    const { options, handles, segments } = this.#parts;
    const config = options.config();
    const ends = sources.map((source) => segments.after(source)!.baseOffset);
    const lastEnd = lastOf(ends);
    const filter: FilterOptions = {
      keys: o.keys,
      heavy: o.heavy,
      endOffset: o.endOffset,
      transactions: new CompactionTransactions(segments.abortedTransactions(0, lastEnd)),
      producerOf: (producerId) => this.#parts.producers().get(producerId),
      codecs: options.codecs,
      nowMs: options.clock.now(),
      deleteRetentionMs: config.deleteRetentionMs,
    };
    let bytesAfter = 0;
    // The last file of a log has no gaps, which is how recovery knows a wrong offset there.
    segments.active.createFile();
    let output: CompactionOutput | undefined;
    try {
      for (const [i, source] of sources.entries()) {
        if (output !== undefined && !output.fits(source, itemAt(ends, i))) {
          bytesAfter += await this.#putIn(output);
          output = undefined;
        }
        const { pace } = o;
        const { folder } = this.#log;
        const { files } = options;
        output ??= new CompactionOutput(source, { files, folder, handles, config, pace });
        const target = output;
        target.sources.push(source);
        await visitBatches(source, {
          ...o,
          position: 0,
          settle: () => target.settle(),
          visit: (bytes, header) => {
            const add = (filtered: Filtered) => {
              target.add(bytes, header, filtered);
              return true;
            };
            const filtered = filterBatch(bytes, header, filter);
            return filtered instanceof Promise ? filtered.then(add) : add(filtered);
          },
        });
      }
      const last = output;
      output = undefined;
      if (last !== undefined) bytesAfter += await this.#putIn(last);
    } catch (error) {
      await output?.discard();
      throw error;
    }
    return bytesAfter;
  }

  /** Puts `output` in the place of its sources; returns the bytes that are there now. */
  async #putIn(output: CompactionOutput): Promise<number> {
    const { segments, deleted, options, onSwapped } = this.#parts;
    const { files, clock, config } = options;
    const { segment: cleaned, sources } = output;
    const swap = {
      files,
      folder: this.#log.folder,
      cleaned,
      sources,
      deleted,
      deletedDueMs: clock.now() + config().fileDeleteDelayMs,
      onSwapped: () => {
        segments.replace(sources, cleaned);
        onSwapped();
      },
    };
    try {
      output.finish();
      const [first] = sources;
      if (first !== undefined && sources.length === 1 && !output.changed) {
        await output.discard();
        return first.size;
      }
      await syncCleaned(swap);
      const isGone = sources.some((source) => source.retired);
      if (isGone || this.#isStopped) {
        throw new CompactionStopped("segments were deleted");
      }
    } catch (error) {
      await output.discard();
      throw error;
    }
    this.#swapping = swapIn(swap);
    try {
      await this.#swapping;
    } catch (error) {
      this.#log.directory.goOffline(messageOf(error));
      throw error;
    } finally {
      this.#swapping = undefined;
    }
    return cleaned.size;
  }

  /** The dirty part as it is now. */
  async #dirtyPart(highWatermark: Offset): Promise<DirtyPart> {
    const { logStartOffset, logEndOffset, lastStableOffset } = this.#log;
    const { options, segments } = this.#parts;
    let firstDirtyOffset = this.#firstDirtyOffset ?? 0;
    const isInLog = firstDirtyOffset >= logStartOffset && firstDirtyOffset <= logEndOffset;
    if (!isInLog) firstDirtyOffset = logStartOffset;
    return await dirtyPart({
      segments: segments.all,
      config: options.config(),
      nowMs: options.clock.now(),
      firstDirtyOffset,
      stableOffset: Math.min(lastStableOffset, highWatermark),
    });
  }

  #rollOverdue(): void {
    const { segments, options, roll } = this.#parts;
    const { maxCompactionLagMs } = options.config();
    const { active } = segments;
    if (maxCompactionLagMs === Number.MAX_SAFE_INTEGER || active.size === 0) return;
    const nowMs = options.clock.now();
    const first = active.firstTimestampMs;
    const firstMs = first > 0 ? first : active.createdMs;
    if (subtractInt64(nowMs, firstMs) <= maxCompactionLagMs) return;
    roll(nowMs);
  }
}
