// Batches that unpack to much: compaction looks at them, and packs what it keeps, in chunks,
// so that a window of the records is in memory and the result, whatever they unpack to.
//
//   look    batch --unpacked--> chunk chunk chunk --> the heads of its records
//   select  batch --unpacked--> chunk chunk chunk --> those that are kept --packed--> bytes
//
// Invariant: what is unpacked is claimed from the memory for work before, and nothing is waited for
// meanwhile but turns of the event loop.

import type { MemoryShare } from "../../base/memory_share.ts";
import type { Int64 } from "../../base/int64.ts";
import type { WorkSlices } from "../../base/pieces.ts";
import {
  compressChunks,
  compressionOf,
  type HeadVisitor,
  recordChunks,
  type RecordHeads,
  RecordSelection,
  type RuntimeCodecs,
  type StoredBatch,
  unpackingBytes,
} from "../../records/mod.ts";
import { type CompactionPace, CompactionStopped } from "./pace.ts";

/** Packing anew may come to more than what was packed before, by another's level. */
const packedFactor = 2;
/** Of a large chunk so much is looked at in one go. */
const partBytes = 64 * 1024;

export interface HeavyOptions {
  readonly pace: CompactionPace;
  readonly codecs: RuntimeCodecs | undefined;
  /** Absent: nothing is claimed. */
  readonly memory: MemoryShare | undefined;
}

export class HeavyBatches {
  readonly #options: HeavyOptions;
  readonly #slices: WorkSlices;

  constructor(options: HeavyOptions) {
    this.#options = options;
    const { pace } = options;
    this.#slices = {
      spend: () => {},
      get isOver() {
        return pace.isPauseDue;
      },
      next: () => pace.pause(),
    };
  }

  /** Runs `work`, with the memory that it takes to look at `batch` and to keep a part of it. */
  async withMemory<T>(batch: StoredBatch, work: () => Promise<T>): Promise<T> {
    const { memory } = this.#options;
    const verdictBytes = batch.header.recordCount / 8;
    const bytes = unpackingBytes(batch) + packedFactor * batch.bytes.length + verdictBytes;
    const wait = memory?.take(bytes);
    if (wait !== undefined && !await wait.granted) throw new CompactionStopped("closing");
    try {
      return await work();
    } finally {
      memory?.give(bytes);
    }
  }

  /** Shows `visitor` each record, whose fields are those of `heads`. */
  async look(batch: StoredBatch, heads: RecordHeads, visitor: HeadVisitor): Promise<void> {
    for await (const chunk of recordChunks(batch)) {
      for (let start = 0; start < chunk.length; start += partBytes) {
        if (!heads.push(chunk.subarray(start, start + partBytes), visitor)) return;
        if (this.#slices.isOver) await this.#slices.next();
      }
    }
    heads.end();
  }

  /** The records that are kept, packed as the batch is. */
  async select(
    batch: StoredBatch,
    options: { readonly isKept: (index: number) => boolean; readonly shiftMs: Int64 },
  ): Promise<Uint8Array> {
    const slices = this.#slices;
    const selection = new RecordSelection(options);
    async function* kept() {
      for await (const chunk of recordChunks(batch)) {
        for (let start = 0; start < chunk.length; start += partBytes) {
          yield* selection.push(chunk.subarray(start, start + partBytes));
          if (slices.isOver) await slices.next();
        }
      }
    }
    const type = compressionOf(batch.header.attributes)!;
    return await compressChunks(kept(), { type, codecs: this.#options.codecs, slices });
  }
}
