// Where each leader epoch began in this log (KIP-101), in memory and in leader-epoch-checkpoint:
//
//   0                 version
//   2                 entries
//   0 0               epoch, start offset
//   3 1500
//
// Invariant: epochs and start offsets both increase strictly. The file may lag behind the log:
// what is missing is found again in the batches by recovery, since it is synced before the
// recovery point passes.

import { DecodeFault } from "../../base/faults.ts";
import type { LeaderEpoch, Offset } from "../../base/ids.ts";
import { itemAt } from "../../base/items.ts";
import { checkpointLines, encodeLines } from "../directory/checkpoints.ts";

/** The first offset of an epoch. */
export interface EpochStart {
  readonly epoch: LeaderEpoch;
  readonly startOffset: Offset;
}

/** Answer to OffsetForLeaderEpoch; both -1 when the epoch is not known. */
export interface EpochEnd {
  readonly leaderEpoch: LeaderEpoch;
  readonly endOffset: Offset;
}

export class EpochCache {
  #starts: EpochStart[];
  #changed = false;

  constructor(starts: readonly EpochStart[] = []) {
    this.#starts = [...starts];
  }

  /** The newest epoch, -1 when there is none. */
  get latestEpoch(): LeaderEpoch {
    return this.#starts.at(-1)?.epoch ?? -1;
  }

  get starts(): readonly EpochStart[] {
    return this.#starts;
  }

  /** Whether there is anything that the file does not have. */
  get changed(): boolean {
    return this.#changed;
  }

  /** The file lacks what is here: it is missing or damaged. */
  markChanged(): void {
    this.#changed = true;
  }

  /** Tells that the file is about to have all there is. */
  encodeForFile(): Uint8Array {
    this.#changed = false;
    return encodeLines(this.#starts.map((start) => `${start.epoch} ${start.startOffset}`));
  }

  /**
   * Notes that records of `epoch` begin at `startOffset`; older and known epochs change nothing.
   */
  assign(epoch: LeaderEpoch, startOffset: Offset): void {
    if (epoch <= this.latestEpoch || epoch < 0) return;
    // An epoch that got no record is replaced: it began where this one begins.
    while (this.#starts.length > 0 && this.#starts.at(-1)!.startOffset >= startOffset) {
      this.#starts.pop();
    }
    this.#starts.push({ epoch, startOffset });
    this.#changed = true;
  }

  /** Where `epoch` ended, after Kafka's LeaderEpochFileCache.endOffsetFor. */
  endOffsetFor(epoch: LeaderEpoch, logEndOffset: Offset): EpochEnd {
    const latest = this.latestEpoch;
    if (epoch < 0 || epoch > latest) return { leaderEpoch: -1, endOffset: -1 };
    if (epoch === latest) return { leaderEpoch: epoch, endOffset: logEndOffset };
    const higher = this.#starts.findIndex((start) => start.epoch > epoch);
    const endOffset = itemAt(this.#starts, higher).startOffset;
    return { leaderEpoch: this.#starts[higher - 1]?.epoch ?? epoch, endOffset };
  }

  /** The epoch that the record at `offset` belongs to, -1 when unknown. */
  epochAt(offset: Offset): LeaderEpoch {
    let epoch = -1;
    for (const start of this.#starts) {
      if (start.startOffset > offset) break;
      epoch = start.epoch;
    }
    return epoch;
  }

  /** Forgets what began at or after `endOffset`. */
  truncateFromEnd(endOffset: Offset): void {
    const kept = this.#starts.filter((start) => start.startOffset < endOffset);
    if (kept.length < this.#starts.length) this.#replace(kept);
  }

  /** Forgets what ended at or before `startOffset`; the epoch it lies in begins there now. */
  truncateFromStart(startOffset: Offset): void {
    const epoch = this.epochAt(startOffset);
    const kept = this.#starts.filter((start) => start.startOffset > startOffset);
    const cut = this.#starts.find((start) => start.epoch === epoch);
    if (cut === undefined || cut.startOffset === startOffset) {
      if (kept.length + (cut === undefined ? 0 : 1) === this.#starts.length) return;
    }
    this.#replace(cut === undefined ? kept : [{ epoch, startOffset }, ...kept]);
  }

  #replace(starts: EpochStart[]): void {
    this.#starts = starts;
    this.#changed = true;
  }
}

/** Decodes leader-epoch-checkpoint; throws DecodeFault when it is damaged. */
export function decodeEpochs(bytes: Uint8Array): EpochStart[] {
  const starts = checkpointLines(bytes).map((fields) => ({
    epoch: Number(fields[0]),
    startOffset: Number(fields[1]),
  }));
  starts.forEach((start, i) => {
    const before = starts[i - 1];
    const ordered = before === undefined ||
      (before.epoch < start.epoch && before.startOffset < start.startOffset);
    if (!Number.isInteger(start.epoch) || !Number.isSafeInteger(start.startOffset) || !ordered) {
      throw new DecodeFault("leader epochs are not in order");
    }
  });
  return starts;
}
