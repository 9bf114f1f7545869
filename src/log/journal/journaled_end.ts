// Up to where a log is in its directory's journal. A start appends the entries behind the end that
// the log has on its disk, one after the other, so all that no sync of the log covers has to be in
// the journal, without a gap: a batch whose answer waits for no disk, or a large one, is not, and
// what comes behind it waits for the log's own sync.
//
//   |--- synced ---|--- in the journal ---|- acks=1 -|- not taken, synced -|- in the journal ...
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
}

export class JournaledEnd implements JournaledLog {
  readonly #log: GrowingLog;
  readonly #files: DurableFiles;
  readonly #presence: Presence;
  #name: Uint8Array | undefined;
  #end: Offset = -1;
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
    const log = this.#log;
    const { journal, syncsRunning } = log.directory;
    if (journal === undefined || !journal.isWorthIt(syncsRunning)) return;
    if (from !== Math.max(log.recoveryPoint, this.#end) || this.#files.isBehind) return;
    if (this.#presence.lookIfDue() !== undefined) return;
    const kept = journal.take(this, batch, log.logEndOffset);
    if (kept === undefined) return;
    this.#kept = kept;
    this.#end = log.logEndOffset;
  }

  /** Resolves with whether what lies below `end` is durable there; undefined: it is not in it. */
  kept(end: Offset): Promise<boolean> | undefined {
    return end <= this.#end ? this.#kept : undefined;
  }
}
