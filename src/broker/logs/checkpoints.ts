// The checkpoints of the data directories: one of a directory is written at a time, by whoever
// needs it first.
//
//   may say less than is true by now    shared by all who ask while it is written
//   must say what is true by now        begun after the one that is being written
//   where logs begin, alone             shared by all who ask before it is written

import {
  isShortage,
  isStoreFault,
  messageOf,
  PartitionFault,
  type StoreFault,
} from "../../base/faults.ts";
import type { LogFolder, PartitionLog, Slices } from "../../log/mod.ts";

/** A log's chores are about as much work as looking at so many bytes. */
const choreWeight = 16 * 1024;

/** Does `chore` with each log, and lets others have their turn in between. */
export async function doChores(
  logs: readonly PartitionLog[],
  { slices, chore }: { readonly slices: Slices; readonly chore: (log: PartitionLog) => void },
): Promise<void> {
  for (const log of logs) {
    chore(log);
    slices.spend(choreWeight);
    if (slices.isOver) await slices.next();
  }
}

/**
 * Writes some of a directory's own small files: a shortage is waited for, any other failure ends
 * the directory. Resolves to what kept them from being written.
 */
export async function tryWritingIn(
  { state }: LogFolder,
  write: () => Promise<void>,
): Promise<StoreFault | undefined> {
  try {
    await write();
    return undefined;
  } catch (error) {
    if (!isStoreFault(error)) throw error;
    if (isShortage(error)) state.noteUnwritten(error);
    else state.goOffline(messageOf(error));
    return error;
  }
}

export class Checkpoints {
  readonly #slices: Slices;
  readonly #logsOf: (folder: LogFolder) => readonly PartitionLog[];
  /** Those that are being written. */
  readonly #writing = new Map<LogFolder, Promise<StoreFault | undefined>>();
  /** Those whose log starts are to be written next. */
  readonly #startsDue = new Map<LogFolder, Promise<StoreFault | undefined>>();

  constructor(slices: Slices, logsOf: (folder: LogFolder) => readonly PartitionLog[]) {
    this.#slices = slices;
    this.#logsOf = logsOf;
  }

  /** Writes them, unless that is being done. Resolves to what kept them from being written. */
  write(folder: LogFolder): Promise<StoreFault | undefined> {
    const running = this.#writing.get(folder);
    if (running !== undefined) return running;
    folder.state.noteCheckpoint();
    const writing = tryWritingIn(folder, async () => {
      const chore = (log: PartitionLog) => log.noteRecoveryStart();
      await doChores(this.#logsOf(folder), { slices: this.#slices, chore });
      await folder.writeCheckpoints(this.#logsOf(folder));
    }).finally(() => this.#writing.delete(folder));
    this.#writing.set(folder, writing);
    return writing;
  }

  /** Writes where the logs begin by now. Resolves to what kept it from being written. */
  writeLogStarts(folder: LogFolder): Promise<StoreFault | undefined> {
    const due = this.#startsDue.get(folder);
    if (due !== undefined) return due;
    const writing = tryWritingIn(folder, () =>
      folder.writeLogStarts(() => {
        this.#startsDue.delete(folder);
        return this.#logsOf(folder);
      }));
    this.#startsDue.set(folder, writing);
    return writing;
  }

  /** Writes what is true by now. Resolves to what kept them from being written. */
  async writeAnew(folder: LogFolder): Promise<StoreFault | undefined> {
    await this.settled(folder);
    return await this.write(folder);
  }

  /** Writes what is true by now. Throws PartitionFault where that cannot be written. */
  async requireAnew(folder: LogFolder): Promise<void> {
    const cause = await this.writeAnew(folder);
    if (cause === undefined) return;
    const message = `the checkpoints of ${folder.path} cannot be written: ${cause.message}`;
    throw new PartitionFault(message, { cause });
  }

  /** Resolves once none is being written. */
  async settled(folder: LogFolder): Promise<void> {
    await this.#writing.get(folder);
  }
}
