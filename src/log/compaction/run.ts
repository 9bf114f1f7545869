// One run over the dirty part of a log, loaded when the first log is compacted: its two passes, and
// the swap of what they have made.
//
// Invariant: segments stay in place until what replaces them is synced.

import { messageOf } from "../../base/faults.ts";
import type { Offset } from "../../base/ids.ts";
import { itemAt, lastOf } from "../../base/items.ts";
import type { MemoryShare } from "../../base/memory_share.ts";
import { type BatchHeader, readControlRecord } from "../../records/mod.ts";
import type { Segment } from "../segment/segment.ts";
import { visitBatches } from "./batches.ts";
import type { CompactedParts, CompactionOptions } from "./compacted_log.ts";
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
    const { fromOffset, endOffset: dirtyEnd, segments } = this.#options.part;
    const aborted = this.#parts.segments.abortedTransactions(fromOffset, dirtyEnd);
    const transactions = new CompactionTransactions(aborted);
    let endOffset = fromOffset;
    for (const [i, segment] of segments.entries()) {
      await segment.indexes.load();
      let isFull = false;
      await visitBatches(segment, {
        ...this.#passes,
        position: segment.indexes.offsets.lookup(fromOffset - segment.baseOffset),
        visit: async (bytes, header) => {
          const fullAt = await this.#mapBatch({ bytes, header }, transactions);
          isFull = fullAt !== undefined;
          endOffset = Math.max(endOffset, (fullAt ?? header.lastOffset) + 1);
          return !isFull;
        },
      });
      if (isFull) return endOffset;
      endOffset = segments[i + 1]?.baseOffset ?? dirtyEnd;
    }
    return endOffset;
  }

  /** Notes the keys of a batch. Returns the last offset that had room, where not all had. */
  async #mapBatch(
    { bytes, header }: { readonly bytes: Uint8Array; readonly header: BatchHeader },
    transactions: CompactionTransactions,
  ): Promise<Offset | undefined> {
    if (header.isControl) {
      if (header.recordCount > 0) transactions.onMarker(header, readControlRecord(bytes));
      return undefined;
    }
    if (transactions.isAborted(header)) return undefined;
    const { codecs } = this.#parts.options;
    const { fromOffset } = this.#options.part;
    return await mapBatch({ bytes, header, codecs }, { ...this.#passes, fromOffset });
  }

  /** Writes the segments anew; returns the bytes that are left of them. */
  async #filter(sources: readonly Segment[], endOffset: Offset): Promise<number> {
    const { segments } = this.#parts;
    const ends = sources.map((source) => segments.after(source)!.baseOffset);
    const filter = this.#filterTo(endOffset, lastOf(ends));
    let bytesAfter = 0;
    // The last file of a log has no gaps, which is how recovery knows a wrong offset there.
    if (!segments.active.hasFile) this.#parts.onNewFile();
    segments.active.createFile();
    let output: CompactionOutput | undefined;
    try {
      for (const [i, source] of sources.entries()) {
        if (output !== undefined && !output.fits(source, itemAt(ends, i))) {
          bytesAfter += await this.#putIn(output);
          output = undefined;
        }
        output ??= this.#newOutput(source);
        await this.#filterInto(output, { source, filter });
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

  /** What decides about records below `endOffset`, of segments that end at `lastEnd`. */
  #filterTo(endOffset: Offset, lastEnd: Offset): FilterOptions {
    const { options, segments, producers } = this.#parts;
    const { keys, heavy } = this.#passes;
    return {
      keys,
      heavy,
      endOffset,
      transactions: new CompactionTransactions(segments.abortedTransactions(0, lastEnd)),
      producerOf: (producerId) => producers().get(producerId),
      codecs: options.codecs,
      nowMs: options.clock.now(),
      deleteRetentionMs: options.config().deleteRetentionMs,
    };
  }

  #newOutput(first: Segment): CompactionOutput {
    const { options: { files, config }, handles, log: { folder } } = this.#parts;
    const { pace } = this.#passes;
    return new CompactionOutput(first, { files, folder, handles, config: config(), pace });
  }

  /** Adds what is left of `source` to `output`. */
  async #filterInto(
    output: CompactionOutput,
    { source, filter }: { readonly source: Segment; readonly filter: FilterOptions },
  ): Promise<void> {
    output.sources.push(source);
    await visitBatches(source, {
      ...this.#passes,
      position: 0,
      settle: () => output.settle(),
      visit: (bytes, header) => {
        const add = (filtered: Filtered) => {
          output.add(bytes, header, filtered);
          return true;
        };
        const filtered = filterBatch(bytes, header, filter);
        return filtered instanceof Promise ? filtered.then(add) : add(filtered);
      },
    });
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
