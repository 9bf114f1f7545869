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
// Nor is a batch taken while the name that it would be found under, or an epoch, is not durable, or
// where somebody has removed the log's files.

import type { Offset, PartitionId, Uuid } from "../../base/ids.ts";
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

  /** `batch` was just appended at `from`: puts it into the journal where that may and should be. */
  take(batch: Uint8Array, from: Offset): void {
    const { directory: { journal, syncsRunning }, logEndOffset: end } = this.#log;
    const isAwaitedBefore = from === this.#awaitedEnd;
    this.#awaitedEnd = end;
    if (journal === undefined || !journal.isWorthIt(syncsRunning)) return;
    const goesOn = from === Math.max(this.#log.recoveryPoint, this.#end);
    if ((!goesOn && !isAwaitedBefore) || this.#files.isBehind) return;
    if (this.#presence.lookIfDue() !== undefined) return;
    const kept = journal.take(this, batch, end);
    if (kept === undefined) return;
    if (from !== this.#end) this.#begin = from;
    this.#kept = kept;
    this.#end = end;
  }

  /** Resolves with whether what lies below `end` is durable there; undefined: it is not in it. */
  kept(end: Offset): Promise<boolean> | undefined {
    if (end > this.#end) return undefined;
    if (this.#log.recoveryPoint >= this.#begin) return this.#kept;
    const before = this.#log.syncTo(this.#begin);
    return Promise.all([this.#kept, before]).then(([isKept]) => isKept === true);
  }
}
