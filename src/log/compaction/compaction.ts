// Log compaction: of each key the last record stays, in Kafka's way. One object for each log.
//
//   |  clean, compacted before  |  dirty           |  not yet: active, undecided, too young  |
//   first segment               firstDirtyOffset   cleanable end
//
//   1  map     the dirty part's keys to their last offsets, as far as the map reaches
//   2  filter  every segment up to there into new ones (filter.ts, output.ts)
//   3  swap    each as soon as it is full (swap.ts); then firstDirtyOffset moves on
//
// A run (run.ts) is loaded when there is one: most brokers at rest have never had any.
//
// Beside traffic: reads are asynchronous, work comes in slices (pace.ts). Invariant: the
// active segment and whatever is above the last stable offset or the high watermark is not touched.
// Offsets never change. A compaction that stops half way has lost nothing: its next run begins
// anew.

import { assert } from "../../base/assert.ts";
import type { Offset } from "../../base/ids.ts";
import { subtractInt64 } from "../../base/int64.ts";
import { loading } from "../../base/loading.ts";
import type { CompactedLog, CompactedParts, CompactionOptions } from "./compacted_log.ts";
import { CompactionStopped } from "./pace.ts";
import { type DirtyPart, dirtyPart } from "./range.ts";

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
  /** The last swap; it has ended when this resolves. */
  #swapping: Promise<void> | undefined;
  /** How often the log was cut. */
  #cuts = 0;
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
    await this.#swapping;
  }

  /**
   * The log is about to be cut back to `offset`: what a run that is under way has read may be gone,
   * and the last of it be appended to again. It ends without another swap. Resolves when none is
   * half way.
   */
  async interrupt(offset: Offset): Promise<void> {
    this.#cuts++;
    if (this.#firstDirtyOffset !== undefined) {
      this.#firstDirtyOffset = Math.min(this.#firstDirtyOffset, offset);
    }
    await this.settled();
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
    const { clock, logger } = this.#parts.options;
    const cuts = this.#cuts;
    const part = await this.#dirtyPart(options.highWatermark);
    if (part.segments.length === 0) return { isComplete: false, bytesBefore: 0, bytesAfter: 0 };
    const startedMs = clock.monotonic();
    const { CompactionRun } = await loading(import("./run.ts"));
    const run = new CompactionRun(this.#parts, {
      ...options,
      part,
      isStopped: () => this.#isStopped || this.#cuts !== cuts,
      onSwapping: (swap) => this.#swapping = swap.catch(() => {}),
    });
    const { endOffset, bytesBefore, bytesAfter } = await run.done();
    if (this.#cuts !== cuts) throw new CompactionStopped("the log was cut");
    this.#firstDirtyOffset = endOffset;
    const { topic, partition } = this.#log;
    logger.log("info", "compacted a log", {
      topic,
      partition,
      firstDirtyOffset: endOffset,
      keys: run.keyCount,
      bytesBefore,
      bytesAfter,
      ms: Math.round(clock.monotonic() - startedMs),
    });
    return { isComplete: true, bytesBefore, bytesAfter };
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
