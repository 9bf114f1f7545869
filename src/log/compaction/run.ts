// One run over the dirty part of a log, loaded when the first log is compacted: its two passes, and
// the swap of what they have made.
//
// Invariant: segments stay in place until what replaces them is synced.

import { messageOf } from "../../base/faults.ts";
import type { Offset } from "../../base/ids.ts";
import { itemAt, lastOf } from "../../base/items.ts";
import type { MemoryShare } from "../../base/memory_share.ts";
import { readControlRecord } from "../../records/mod.ts";
import type { Segment } from "../segment/segment.ts";
import { visitBatches } from "./batches.ts";
import type { CompactedParts, CompactionOptions } from "./compaction.ts";
import { filterBatch, type Filtered, type FilterOptions } from "./filter.ts";
import { HeavyBatches } from "./heavy_batches.ts";
import { KeyOffsets } from "./key_offsets.ts";
import { mapBatch } from "./map_keys.ts";
import { CompactionOutput } from "./output.ts";
import { CompactionPace, CompactionStopped } from "./pace.ts";
import type { DirtyPart } from "./range.ts";
import { swapIn, syncCleaned } from "./swap.ts";
import { CompactionTransactions } from "./transactions.ts";

export interface RunOptions extends CompactionOptions {
  /** Not empty. */
  readonly part: DirtyPart;
  readonly isStopped: () => boolean;
  /** Until it has ended, one way or the other, no segment may be taken out of the log. */
  readonly onSwapping: (swap: Promise<void>) => void;
}

/** What both passes work with. */
interface Passes {
  readonly keys: KeyOffsets;
  readonly pace: CompactionPace;
  readonly heavy: HeavyBatches;
  /** For batches that are read alone. */
  readonly memory: MemoryShare | undefined;
}

export class CompactionRun {
  readonly #parts: CompactedParts;
  readonly #options: RunOptions;
  readonly #passes: Passes;

  constructor(parts: CompactedParts, options: RunOptions) {
    this.#parts = parts;
    this.#options = options;
    const { timers, random, memory, bytesPerSecond = Infinity, isStopped } = options;
    const { clock, codecs } = parts.options;
    const pace = new CompactionPace({ clock, timers }, { bytesPerSecond, isStopped });
    const keys = new KeyOffsets({
      bytesMax: options.keyMapBytes,
      loadMax: options.keyMapLoad,
      seed: Int32Array.from({ length: 4 }, () => random.uint32()),
    });
    const heavy = new HeavyBatches({ pace, codecs, memory: memory?.work });
    this.#passes = { keys, pace, heavy, memory: memory?.answers };
  }

  /** Keys that were found in the dirty part. */
  get keyCount(): number {
    return this.#passes.keys.count;
  }

  /** Compacts as far as the memory for keys reaches, which is up to `endOffset`. */
  async done(): Promise<{ endOffset: Offset; bytesBefore: number; bytesAfter: number }> {
    const endOffset = await this.#mapKeys();
    const { all, active } = this.#parts.segments;
    const sources = all.filter((each) => each !== active && each.baseOffset < endOffset);
    const bytesBefore = sources.reduce((sum, { size }) => sum + size, 0);
    return { endOffset, bytesBefore, bytesAfter: await this.#filter(sources, endOffset) };
  }

  /** Fills `keys` from the dirty part; returns up to where it came. */
  async #mapKeys(): Promise<Offset> {
    const { codecs } = this.#parts.options;
    const { part } = this.#options;
    const { fromOffset } = part;
    const passes = this.#passes;
    const aborted = this.#parts.segments.abortedTransactions(fromOffset, part.endOffset);
    const transactions = new CompactionTransactions(aborted);
    let endOffset = fromOffset;
    let isFull = false;
    for (const [i, segment] of part.segments.entries()) {
      await segment.indexes.load();
      const position = segment.indexes.offsets.lookup(fromOffset - segment.baseOffset);
      await visitBatches(segment, {
        ...passes,
        position,
        visit: async (bytes, header) => {
          if (header.isControl) {
            if (header.recordCount > 0) transactions.onMarker(header, readControlRecord(bytes));
          } else if (!transactions.isAborted(header)) {
            const mapped = mapBatch({ bytes, header, codecs }, { ...passes, fromOffset });
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
  async #filter(sources: readonly Segment[], endOffset: Offset): Promise<number> {
    const { options, handles, segments } = this.#parts;
    const passes = this.#passes;
    const config = options.config();
    const ends = sources.map((source) => segments.after(source)!.baseOffset);
    const lastEnd = lastOf(ends);
    const filter: FilterOptions = {
      keys: passes.keys,
      heavy: passes.heavy,
      endOffset,
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
        const { pace } = passes;
        const { folder } = this.#parts.log;
        const { files } = options;
        output ??= new CompactionOutput(source, { files, folder, handles, config, pace });
        const target = output;
        target.sources.push(source);
        await visitBatches(source, {
          ...passes,
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
      folder: this.#parts.log.folder,
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
      if (isGone || this.#options.isStopped()) {
        throw new CompactionStopped("segments were deleted");
      }
    } catch (error) {
      await output.discard();
      throw error;
    }
    const swapping = swapIn(swap);
    this.#options.onSwapping(swapping);
    try {
      await swapping;
    } catch (error) {
      this.#parts.log.directory.goOffline(messageOf(error));
      throw error;
    }
    return cleaned.size;
  }
}
