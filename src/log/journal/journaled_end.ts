// Up to where a log is in its directory's journal. A start appends the entries behind the end that
// the log has on its disk, one after the other, so all that no sync of the log covers has to be in
// the journal, without a gap, before an answer counts on that.
//
//   |--- synced ---|--- in the journal ---|- acks=1 -|- not taken, synced -|- in the journal ...
//
// A log that has several batches under way goes over to the journal behind any of them: answers
// then wait for both, until a sync of its own has covered what lies before the first batch that was
// taken (`begin`), which the batch before waits for anyhow. Behind one whose answer waits for no
// disk that would be a sync more.
//
// A log that is to be cut has it forgotten first, once its own files have all of it.
//
// Nor is a batch taken while the name that it would be found under, or an epoch, is not durable, or
// where somebody has removed the log's files.

import type { Offset, PartitionId, Uuid } from "../../base/ids.ts";
import type { PlacedBatches } from "../appending/assign_offsets.ts";
import type { DirectoryState } from "../directory/directory_state.ts";
import type { Presence } from "../directory/presence.ts";
import type { DurableFiles } from "../files/durable_files.ts";
import type { JournaledLog } from "./journal.ts";
import { encodeName } from "./rounds.ts";

interface GrowingLog {
  readonly topicId: Uuid;
  readonly partition: PartitionId;
  readonly directory: DirectoryState;
  readonly logEndOffset: Offset;
  /** Everything below is in its own files, durable. */
  readonly recoveryPoint: Offset;
  settleTo(end: Offset): Promise<void>;
  syncTo(end: Offset): Promise<void>;
}

export class JournaledEnd implements JournaledLog {
  readonly #log: GrowingLog;
  readonly #files: DurableFiles;
  readonly #presence: Presence;
  #name: Uint8Array | undefined;
  /** Everything from `#begin` to `#end` is in it. */
  #begin: Offset = -1;
  #end: Offset = -1;
  /** The end of the last batch whose answer waits for a disk. */
  #awaitedEnd: Offset = -1;
  #kept: Promise<boolean> | undefined;
  /** From `#begin` to there it is durable. */
  #durableEnd: Offset = -1;
  #keptEnd: Offset = -1;

  constructor(log: GrowingLog, parts: { files: DurableFiles; presence: Presence }) {
    this.#log = log;
    this.#files = parts.files;
    this.#presence = parts.presence;
  }

  get name(): Uint8Array {
    return this.#name ??= encodeName(this.#log);
  }

  settleTo(end: Offset): Promise<void> {
    return this.#log.settleTo(end);
  }

  /**
   * `records` were just appended: puts them into the journal where that may and should be.
   * `together`: so many logs have something to be kept by now.
   */
  take(records: Uint8Array, { batches, baseOffset: from }: PlacedBatches, together = 1): void {
    const { directory: { journal, syncsRunning }, logEndOffset } = this.#log;
    const isAwaitedBefore = from === this.#awaitedEnd;
    this.#awaitedEnd = logEndOffset;
    const costs = { bytes: records.length, together: Math.max(syncsRunning, together) };
    if (journal === undefined || !journal.isWorthIt(costs)) return;
    const goesOn = from === Math.max(this.#log.recoveryPoint, this.#end);
    if ((!goesOn && !isAwaitedBefore) || this.#files.isBehind) return;
    if (this.#presence.lookIfDue() !== undefined) return;
    let [next, position] = [from, 0];
    for (const { baseOffset, lastOffset, sizeBytes } of batches) {
      // What was compacted away is a gap, and ends what a start takes.
      if (baseOffset !== next) return;
      next = lastOffset + 1;
      const kept = journal.take(this, records.subarray(position, position += sizeBytes), next);
      if (kept === undefined) return;
      if (baseOffset !== this.#end) this.#begin = baseOffset;
      this.#end = next;
      this.#noteKept(kept, next);
    }
  }

  #noteKept(kept: Promise<boolean>, end: Offset): void {
    this.#kept = kept;
    kept.then((isKept) => {
      if (isKept) this.#durableEnd = Math.max(this.#durableEnd, end);
    });
  }

  /** What lies below it is durable, there or in the log's own files. */
  get keptEnd(): Offset {
    if (this.#log.recoveryPoint >= this.#begin) this.#keptEnd = this.#durableEnd;
    return Math.max(this.#keptEnd, this.#log.recoveryPoint);
  }

  /**
   * The log is to be cut: what the journal has of it counts no longer once this resolves. Throws
   * PartitionFault or PlatformFault where that cannot be.
   */
  async forget(): Promise<void> {
    if (this.#end > this.#log.recoveryPoint) await this.#log.syncTo(this.#log.logEndOffset);
    await this.#log.directory.journal?.forget(this);
    this.#begin =
      this.#end =
      this.#awaitedEnd =
      this.#durableEnd =
      this.#keptEnd =
        -1;
  }

  /** Resolves with whether what lies below `end` is durable there; undefined: it is not in it. */
  kept(end: Offset): Promise<boolean> | undefined {
    if (end > this.#end) return undefined;
    this.#log.directory.journal?.start();
    if (this.#log.recoveryPoint >= this.#begin) return this.#kept;
    const before = this.#log.syncTo(this.#begin);
    return Promise.all([this.#kept, before]).then(([isKept]) => isKept === true);
  }
}
