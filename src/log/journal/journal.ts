// A journal of a data directory: small batches of many logs whose answers wait for the disk are
// written into one file, and one sync covers them all. The logs' own files get theirs later.
//
//   take, take, take --start--> round --append, sync--> kept: answers go out
//   (the next round gathers meanwhile)
//
//   file n: full --> file n+1;   once each log in file n has synced its own files so far, it is
//   spare, and becomes file n+2, written over what it has: to sync that changes no size, which
//   takes half as much of the kernel and does not wait for what else the file system has to do
//
//   forget(log) --an entry that says so, synced--> a start passes over all that lies before it
//
// What is in it is in the logs' files as well, where all readers are; only a start that finds that
// a log has lost its end reads it (left_journals.ts).
//
// Invariant: a round is kept once a sync of its file, and of the file's name, has begun behind its
// last byte. A write that fails ends the journal, not the directory: who waits has the log synced.
// Bounds: two files of `fileBytesMax` and two rounds; what has no room is not taken.

import {
  isPlatformFault,
  messageOf,
  PartitionFault,
  throwUnlessStoreFault,
} from "../../base/faults.ts";
import type { Offset } from "../../base/ids.ts";
import type { Files, OpenFile, Timers } from "../../runtime/ports.ts";
import { journalFileName } from "../directory/layout.ts";
import { removeJournals } from "./left_journals.ts";
import { forgotten, RoundWriter } from "./rounds.ts";

/** Past this a file is full: the logs in it are to sync, which costs each a sync. */
const fileBytesMaxDefault = 8 * 1024 * 1024;
/** What a sync takes at most, and what is not waited with. */
const roundBytesMax = 128 * 1024;
const roundBytesSoft = 64 * 1024;
/** Larger batches cost more to write twice than to sync. */
const batchBytesMax = 16 * 1024;
/** Of a round that only says what is forgotten of one log. */
const forgottenBytesMax = 64;

/** A log as its directory's journal sees it. */
export interface JournaledLog {
  /** As `encodeName` in rounds.ts has it. */
  readonly name: Uint8Array;
  /** Resolves once its own files have what lies below `end`, or it is gone. */
  settleTo(end: Offset): Promise<void>;
}

/** When batches go into a journal, and how large it becomes. */
export interface JournalTerms {
  /** While so many syncs are under way, they are worth taking. */
  readonly fromSyncs: number;
  /** Of each of its two files; 8 MiB by default. */
  readonly fileBytesMax?: number;
}

export interface JournalOptions extends JournalTerms {
  readonly files: Files;
  /** The data directory. */
  readonly folder: string;
  /** The number of its first file. */
  readonly first: number;
  /** Resolves behind what is ready by now; absent: nothing is. */
  readonly soon?: Timers["soon"] | undefined;
  /** Makes the names in the directory durable. */
  readonly syncNames: () => Promise<void>;
  /** A sync failed: the directory is offline. */
  readonly onFailed: (reason: string) => void;
  /** It cannot be written, and has ended. */
  readonly onUnwritten: (reason: string) => void;
}

/** Where the logs that have entries in a file end there. */
type Ends = Map<JournaledLog, Offset>;

/** What one sync covers. */
interface Round {
  readonly writer: RoundWriter;
  readonly ends: Ends;
  readonly kept: PromiseWithResolvers<boolean>;
}

interface JournalFile {
  readonly number: number;
  readonly path: string;
  readonly handle: OpenFile;
  readonly ends: Ends;
  isNamed: boolean;
}

function newRound(writer = new RoundWriter(roundBytesMax)): Round {
  writer.clear();
  return { writer, ends: new Map(), kept: Promise.withResolvers() };
}

export class Journal {
  readonly #options: JournalOptions;
  readonly #fileBytesMax: number;
  #number: number;
  #file: JournalFile | undefined;
  /** The file before: its logs sync. */
  #releasing: Promise<void> | undefined;
  /** Path of one that nothing in it is needed of. */
  #spare: string | undefined;
  /** What gathers now, and the one that is written or spare. */
  #round = newRound();
  #other = newRound();
  #running: Promise<void> | undefined;
  /** Whether somebody waits for what gathers now. */
  #isDue = false;
  /** So many logs have had a batch in a round, or a sync of their own at the same time. */
  #lastLogs = 0;
  #isEnded = false;
  /** A sync has failed, or the directory is closed. */
  #isOver = false;
  /** Files of this life that are there, in their order. */
  readonly #paths = new Set<string>();

  constructor(options: JournalOptions) {
    this.#options = options;
    this.#fileBytesMax = options.fileBytesMax ?? fileBytesMaxDefault;
    this.#number = options.first;
  }

  /**
   * Whether to take so many bytes of a log now costs less than a sync of it: where as many as that
   * have waited of late, they are about to come again. `together`: so many logs have syncs
   * under way, or something to be kept by now.
   */
  isWorthIt({ bytes, together }: { readonly bytes: number; readonly together: number }): boolean {
    if (bytes > batchBytesMax) return false;
    if (this.#running !== undefined) return true;
    return Math.max(together, this.#lastLogs) >= this.#options.fromSyncs;
  }

  /** So many logs had a sync at the same time: where that goes up and down, the most counts. */
  noteSyncs(count: number): void {
    this.#lastLogs = Math.max(count, this.#lastLogs >> 1);
  }

  /**
   * Takes `batch`, the last one of `log` so far, which now ends at `end`. Resolves with true once
   * it is durable, with false where it will not be by this: after a {@link start}. Undefined: it
   * was not taken.
   */
  take(log: JournaledLog, batch: Uint8Array, end: Offset): Promise<boolean> | undefined {
    if (this.#isEnded || this.#isFull || batch.length > batchBytesMax) return undefined;
    const round = this.#round;
    const isTaken = round.writer.add(log.name, batch);
    if (!isTaken || round.writer.length > roundBytesSoft) this.start();
    if (!isTaken) return undefined;
    round.ends.set(log, end);
    return round.kept.promise;
  }

  /** What was taken so far is waited for. */
  start(): void {
    if (this.#round.writer.isEmpty) return;
    this.#isDue = true;
    this.#running ??= this.#run();
  }

  /**
   * What it has of `log` counts no longer once this resolves: the log is about to be cut, or is
   * another one of that name. The log's own files have all that is to be kept. Throws
   * PartitionFault or PlatformFault where that cannot be written.
   */
  async forget(log: JournaledLog): Promise<void> {
    const isUsed = this.#isUsed;
    while (isUsed && !this.#isEnded) {
      const kept = this.take(log, forgotten, 0);
      this.start();
      if (kept === undefined) await (this.#running ?? this.#releasing);
      else if (await kept) return;
    }
    if (isUsed) await this.#forgetAlone(log);
  }

  /** Where nothing else is taken any more: in a file of its own. */
  async #forgetAlone({ name }: JournaledLog): Promise<void> {
    if (this.#isOver) throw new PartitionFault("the journal of its directory is closed");
    const { files, folder, syncNames } = this.#options;
    const number = this.#number++;
    const path = `${folder}/${journalFileName(number)}`;
    const writer = new RoundWriter(forgottenBytesMax);
    writer.add(name, forgotten);
    const handle = files.open(path, "create");
    this.#paths.add(path);
    try {
      handle.append(writer.finish(number));
      await handle.sync();
    } finally {
      handle.close();
    }
    await syncNames();
  }

  /** Ends it; its files go where `isNeeded` is false, since the logs have all of it. */
  async end({ isNeeded }: { readonly isNeeded: boolean }): Promise<void> {
    this.#isEnded = this.#isOver = true;
    this.start();
    await this.#running;
    await this.#releasing;
    this.#file?.handle.close();
    this.#file = undefined;
    if (isNeeded) return;
    const { files, folder } = this.#options;
    await removeJournals(files, { folder, paths: this.#paths });
  }

  /** Whether there is anything in a file, or on its way there. */
  get #isUsed(): boolean {
    if (this.#options.first > 0 || this.#paths.size > 0) return true;
    return this.#running !== undefined || !this.#round.writer.isEmpty;
  }

  /** Whether no file has room, since the one before is still needed. */
  get #isFull(): boolean {
    if (this.#releasing === undefined || this.#file === undefined) return false;
    return this.#file.handle.size + this.#round.writer.length >= this.#fileBytesMax;
  }

  async #run(): Promise<void> {
    while (this.#isDue) {
      // Behind what is ready by now: the first of many is not to be synced alone.
      await this.#options.soon?.();
      this.#isDue = false;
      const round = this.#round;
      this.#round = this.#other;
      this.noteSyncs(round.ends.size);
      round.kept.resolve(await this.#keep(round));
      this.#other = newRound(round.writer);
    }
    this.#running = undefined;
  }

  /** Whether `round` is durable now. */
  async #keep(round: Round): Promise<boolean> {
    if (this.#isEnded) return false;
    let file: JournalFile;
    try {
      file = this.#fileWithRoom();
      file.handle.append(round.writer.finish(file.number));
    } catch (error) {
      throwUnlessStoreFault(error);
      this.#endFor(error);
      return false;
    }
    for (const [log, end] of round.ends) file.ends.set(log, end);
    try {
      await file.handle.sync();
      if (!file.isNamed) await this.#options.syncNames();
      file.isNamed = true;
      return true;
    } catch (error) {
      throwUnlessStoreFault(error);
      // Its folder could not be opened: no sync has failed.
      if (isPlatformFault(error, "TooManyFiles")) this.#endFor(error);
      else {
        this.#isEnded = this.#isOver = true;
        this.#options.onFailed(messageOf(error));
      }
      return false;
    }
  }

  #fileWithRoom(): JournalFile {
    const full = this.#file;
    if (full !== undefined && full.handle.size < this.#fileBytesMax) return full;
    const { folder } = this.#options;
    const number = this.#number++;
    const path = `${folder}/${journalFileName(number)}`;
    const handle = this.#open(path);
    this.#paths.add(path);
    this.#file = { number, path, handle, ends: new Map(), isNamed: false };
    if (full !== undefined) this.#releasing = this.#release(full);
    return this.#file;
  }

  #open(path: string): OpenFile {
    const { files } = this.#options;
    const spare = this.#spare;
    if (spare === undefined) return files.open(path, "create");
    this.#spare = undefined;
    files.rename(spare, path);
    this.#paths.delete(spare);
    return files.open(path, "overwrite");
  }

  /** Has each log in it sync its own files, so that it can be used again. Or else it stays. */
  async #release({ path, handle, ends }: JournalFile): Promise<void> {
    try {
      await Promise.all([...ends].map(([log, end]) => log.settleTo(end)));
      this.#spare = path;
    } catch (error) {
      throwUnlessStoreFault(error);
      // The next start finds the file, and reads it. There are to be no more of them meanwhile.
      this.#endFor(error);
    } finally {
      handle.close();
      this.#releasing = undefined;
    }
  }

  #endFor(error: Error): void {
    if (this.#isEnded) return;
    this.#isEnded = true;
    this.#options.onUnwritten(messageOf(error));
  }
}
