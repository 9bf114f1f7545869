// What the logs of one data directory share: whether its disk works, whether it has room, and how
// much lies on it that no sync has covered.
//
//   works --a sync, a write or a cut-back failed--> offline, until a restart
//   works --a read failed, and other brokers have replicas--> offline, too
//   roomy --free bytes below freeBytesMin, or NoSpace--> full --a fourth more than that--> roomy
//   held --the broker is registered--> not held: until then only its metadata is written
//   frozen: nothing is, and nothing deleted, until another broker takes the directory
//   synced bytes since the last checkpoint: past a bound it is time for one
//   unsynced bytes: past `soft` the logs that wait longest are synced, past `hard` answers wait
//
// Differs from Kafka: a full disk does not take its data directory offline. Records are refused
// until there is room; in a cluster other in-sync replicas that have room lead meanwhile.
//
// Differs from Kafka: a failed read takes the data directory offline only if other brokers have
// replicas of what is in it. Otherwise that request fails, and all that can be read is still
// served.
//
// Invariant: nothing is synced, and so nothing acknowledged to acks=all, once it is offline. While
// it is full only clients' records are refused, with copies of them: what brokers must write
// themselves (metadata, group offsets, checkpoints) has the last freeBytesMin for itself, here and
// where it is copied, and deletes need no room.

import { utf8 } from "../../base/bytes.ts";
import { isPlatformFault, isStoreFault, messageOf, PartitionFault } from "../../base/faults.ts";
import { RareLine } from "../../base/rare_line.ts";
import type { Files, Logger, Timers } from "../../runtime/ports.ts";
import { fileNames } from "./layout.ts";
import type { AppendOrigin } from "../appending/payload.ts";
import { Journal, type JournalTerms } from "../journal/journal.ts";
import { encodeName } from "../journal/rounds.ts";
import { Reserve } from "./reserve.ts";
import { SharedSync } from "../files/shared_sync.ts";

/** Kept free for the broker's own records unless the caller says otherwise. */
const freeBytesMinDefault = 64 * 1024 * 1024;

/**
 * Syncs at a time. More make each other slower on one disk, and take the threads that cold reads
 * need; whoever waits for its turn shares it with more appends.
 */
const syncsMax = 8;

/** Well below the kernel's own dirty limits, past which a write would block the event loop. */
const unsyncedSoftBytes = 64 * 1024 * 1024;
const unsyncedHardBytes = 256 * 1024 * 1024;

/**
 * After so many synced bytes it is time to write down that they are: an unclean stop costs a look
 * at all that was not written down, and time alone would let that grow with the load.
 */
const uncheckpointedBytesMax = 256 * 1024 * 1024;

/** Room is looked for after as many appended bytes at most, and whenever half of it may be gone. */
const uncheckedBytesMax = 64 * 1024 * 1024;
const firstCheckBytes = 1024 * 1024;

export interface DirectoryOptions {
  readonly path: string;
  readonly files: Files;
  readonly logger: Logger;
  /** Clients' records are refused while less is free; 0: only when the disk is really full. */
  readonly freeBytesMin?: number;
  /** Given up for what makes room on a full disk; none by default. */
  readonly reserve?: Reserve;
  /**
   * Whether other brokers have what is here, so that one read that fails is reason enough to leave
   * it to them; where nobody has, all that can be read is served.
   */
  readonly hasReplicasElsewhere?: boolean | undefined;
  /** Milliseconds of a clock that does not jump; without it what goes on is said once. */
  readonly monotonic?: () => number;
  /** This boot of the machine; undefined where nothing tells. */
  readonly bootId?: string;
  /** Syncs begin behind what is ready by now; absent: at once. */
  readonly soon?: Timers["soon"];
  /** For small batches whose answers wait for the disk; without it each log has its own sync. */
  readonly journal?: (JournalTerms & { readonly first: number }) | undefined;
}

/** A log as its directory sees it. */
export interface UnsyncedLog {
  /** Appended and not yet covered by a sync; kept by the directory. */
  unsyncedBytes: number;
  /** Starts a sync that nobody waits for, unless one runs. */
  startSync(): void;
}

export class DirectoryState {
  readonly path: string;
  /** For what makes room where there is none. */
  readonly reserve: Reserve;
  /** What many logs have synced at once. */
  readonly journal: Journal | undefined;
  readonly #options: DirectoryOptions;
  readonly #freeBytesMin: number;
  readonly #names: SharedSync;
  readonly #noRoom: RareLine;
  readonly #noFiles: RareLine;
  readonly #offlineListeners = new Set<(reason: string) => unknown>();
  #onFull: () => void = () => {};
  #offlineReason: string | undefined;
  #fullReason: string | undefined;
  #heldReason: string | undefined;
  #frozenReason: string | undefined;
  /** Bytes that may be appended before room is looked for again. */
  #unchecked = firstCheckBytes;
  /** Logs with unsynced bytes, the one that waits longest first. */
  readonly #unsynced = new Set<UnsyncedLog>();
  #unsyncedBytes = 0;
  /** Of those: what running syncs will cover. */
  #coveredBytes = 0;
  #syncsRunning = 0;
  /** So many logs had one under way, or waited for it, since there was none. */
  #syncsTogether = 0;
  /** Synced since the last checkpoint. */
  #uncheckpointedBytes = 0;
  #onCheckpointDue: () => void = () => {};
  readonly #turns: (() => void)[] = [];
  readonly #roomWaits: (() => void)[] = [];

  constructor(options: DirectoryOptions) {
    this.path = options.path;
    this.#options = options;
    this.reserve = options.reserve ?? new Reserve(options.files);
    this.#freeBytesMin = options.freeBytesMin ?? freeBytesMinDefault;
    this.#noRoom = new RareLine({
      monotonic: options.monotonic ?? (() => 0),
      say: (reason, times) => {
        const message = "a data directory has no room for what is due; it will be tried again";
        options.logger.log("warn", message, { directory: this.path, reason, times });
      },
    });
    this.#noFiles = new RareLine({
      monotonic: options.monotonic ?? (() => 0),
      say: (reason, times) => {
        const message = "a file of a data directory cannot be opened; it will be tried again";
        options.logger.log("error", message, { directory: this.path, reason, times });
      },
    });
    this.journal = options.journal && new Journal({
      ...options.journal,
      files: options.files,
      folder: this.path,
      soon: options.soon,
      syncNames: () => this.syncNames(),
      onFailed: (reason) => this.goOffline(`its journal: ${reason}`),
      onUnwritten: (reason) => {
        const message = "the journal of a data directory cannot be written; until the next start " +
          "each partition has a sync of its own";
        options.logger.log("warn", message, { directory: this.path, reason });
      },
    });
    this.#names = new SharedSync(async () => {
      if (this.#offlineReason !== undefined) throw new PartitionFault(this.#offlineReason);
      await options.files.syncFolder(this.path);
    });
  }

  /** Why nothing here can be used until the broker starts again; undefined while it can. */
  get offlineReason(): string | undefined {
    return this.#offlineReason;
  }

  /** Why clients' records are refused for now; undefined while there is room. */
  get fullReason(): string | undefined {
    return this.#fullReason;
  }

  /** Why nothing is changed here, not even by deleting; undefined while it may be. */
  get frozenReason(): string | undefined {
    return this.#frozenReason;
  }

  get unsyncedBytes(): number {
    return this.#unsyncedBytes;
  }

  get syncsRunning(): number {
    return this.#syncsRunning;
  }

  /**
   * Why an append is refused with KAFKA_STORAGE_ERROR. `isOwn`: what is copied are the brokers' own
   * records.
   */
  refusal(origin: AppendOrigin, isOwn = false): string | undefined {
    if (this.#frozenReason !== undefined) return this.#frozenReason;
    if (origin === "client" || origin === "replica") {
      return this.#offlineReason ?? this.#heldReason ?? (isOwn ? undefined : this.#fullReason);
    }
    return this.#offlineReason ?? (origin === "coordinator" ? this.#heldReason : undefined);
  }

  /** The disk failed: nothing of it is used any more until the broker starts again. */
  goOffline(reason: string): void {
    if (this.#offlineReason !== undefined) return;
    this.#offlineReason = `data directory ${this.path} is offline: ${reason}`;
    this.#options.logger.log(
      "error",
      "a data directory failed and is offline until the broker starts again",
      { directory: this.path, reason },
    );
    this.#mark();
    this.#endRoomWaits();
    for (const listener of this.#offlineListeners) listener(reason);
  }

  onOffline(listener: (reason: string) => unknown): void {
    this.#offlineListeners.add(listener);
  }

  /** Calls `listener` each time that it has become full. */
  onFull(listener: () => void): void {
    this.#onFull = listener;
  }

  /** Calls `listener` each time that much was synced since {@link noteCheckpoint}. */
  onCheckpointDue(listener: () => void): void {
    this.#onCheckpointDue = listener;
  }

  /** What was synced so far is about to be written down. */
  noteCheckpoint(): void {
    this.#uncheckpointedBytes = 0;
  }

  /** From now on only the metadata is written; undefined: everything is again. */
  hold(reason: string | undefined): void {
    this.#heldReason = reason;
  }

  /** From now on nothing is written or deleted. */
  freeze(reason: string): void {
    this.#frozenReason = reason;
  }

  /** A write found no space. Appends are refused from now on, until a check finds room. */
  noteNoSpace(): void {
    this.#setFull("no space is left on its disk");
  }

  /** The same, of one that will be tried again and again: said less often as it lasts. */
  noteNoRoomFor(reason: string): void {
    this.noteNoSpace();
    this.#noRoom.note(reason);
  }

  /** A write failed. Whether that is for want of something, or the end of the directory. */
  noteUnwritten(error: unknown): boolean {
    if (isPlatformFault(error, "NoSpace")) this.noteNoRoomFor(messageOf(error));
    else if (isPlatformFault(error, "TooManyFiles")) this.#noFiles.note(messageOf(error));
    else if (error instanceof PartitionFault || isOfDisk(error)) this.goOffline(messageOf(error));
    else return false;
    return true;
  }

  /** A read of a log failed, and not since its bytes are spoiled. */
  noteUnread(error: unknown): void {
    if (isPlatformFault(error, "TooManyFiles")) this.#noFiles.note(messageOf(error));
    else if (this.#options.hasReplicasElsewhere === true && isOfDisk(error)) {
      this.goOffline(messageOf(error));
    }
  }

  /** Looks for room; the caller does so every few seconds, and appends do every so often. */
  checkRoom(): void {
    let free: number;
    try {
      free = this.#options.files.freeBytes(this.path);
    } catch (error) {
      if (!isStoreFault(error)) throw error;
      this.#unchecked = uncheckedBytesMax;
      this.#options.logger.log("warn", "cannot ask a data directory for its free space", {
        directory: this.path,
        reason: messageOf(error),
      });
      return;
    }
    const min = this.#freeBytesMin;
    if (free < min) {
      this.#setFull(`${free} bytes are free, fewer than ottla.log.dirs.free.bytes.min ${min}`);
    } else if (this.#fullReason !== undefined && free >= min + min / 4 && free > 0) {
      this.#fullReason = undefined;
      this.#options.logger.log("info", "a data directory has room again and takes records", {
        directory: this.path,
        freeBytes: free,
      });
    }
    this.#unchecked = Math.min(uncheckedBytesMax, Math.max(0, free - min) / 2);
    const isUsed = this.#offlineReason === undefined && this.#frozenReason === undefined;
    if (isUsed) this.reserve.fill(free, min + min / 4);
  }

  /** `bytes` were appended to `log`. */
  noteAppended(log: UnsyncedLog, bytes: number): void {
    this.#unsynced.add(log);
    log.unsyncedBytes += bytes;
    this.#unsyncedBytes += bytes;
    this.#unchecked -= bytes;
    if (this.#unchecked < 0) this.checkRoom();
    if (this.#unsyncedBytes - this.#coveredBytes > unsyncedSoftBytes) this.#syncOldest();
  }

  /** `bytes` of `log` need no sync any more: one has covered them, or the log is gone. */
  forget(log: UnsyncedLog, bytes: number): void {
    this.#unsyncedBytes -= bytes;
    log.unsyncedBytes -= bytes;
    this.#unsynced.delete(log);
    if (log.unsyncedBytes > 0) this.#unsynced.add(log);
    if (this.#unsyncedBytes <= unsyncedHardBytes) this.#endRoomWaits();
  }

  /** Resolves once unsynced bytes are within bounds; undefined while they are. */
  withinBounds(): Promise<void> | undefined {
    if (this.#unsyncedBytes <= unsyncedHardBytes || this.#offlineReason !== undefined) return;
    return new Promise((resolve) => this.#roomWaits.push(resolve));
  }

  /**
   * Runs `sync`, of `log`, when it is its turn: soon when few others run, so that it covers what
   * has come with the batch that asks for it, too. Throws PartitionFault when the directory is
   * offline by then.
   */
  async runSync(log: UnsyncedLog, sync: () => Promise<void>): Promise<void> {
    let bytes = 0;
    const cover = () => {
      this.#coveredBytes += log.unsyncedBytes - bytes;
      bytes = log.unsyncedBytes;
    };
    if (this.#syncsRunning < syncsMax) {
      this.#syncsRunning++;
      cover();
      const { soon } = this.#options;
      if (soon !== undefined) await soon();
    } else {
      this.#noteTogether(1);
      await new Promise<void>((resolve) => this.#turns.push(resolve));
    }
    this.#noteTogether(0);
    cover();
    try {
      if (this.#offlineReason !== undefined) throw new PartitionFault(this.#offlineReason);
      await sync();
      this.forget(log, bytes);
      this.#uncheckpointedBytes += bytes;
      if (this.#uncheckpointedBytes >= uncheckpointedBytesMax) this.#onCheckpointDue();
    } finally {
      this.#coveredBytes -= bytes;
      // The next one takes this one's place, so that a newcomer cannot come between.
      const next = this.#turns.shift();
      if (next !== undefined) next();
      else if (--this.#syncsRunning === 0) {
        this.journal?.noteSyncs(this.#syncsTogether);
        this.#syncsTogether = 0;
      }
    }
  }

  #noteTogether(more: number): void {
    const together = this.#syncsRunning + this.#turns.length + more;
    this.#syncsTogether = Math.max(this.#syncsTogether, together);
  }

  /**
   * A new log is `name`. A replica that had gone from here and comes again has had that name: what
   * the journal has of the earlier one counts no longer.
   */
  async forgetNamesake(name: Parameters<typeof encodeName>[0]): Promise<void> {
    if (this.#options.hasReplicasElsewhere !== true) return;
    await this.journal?.forget({ name: encodeName(name), settleTo: () => Promise.resolve() });
  }

  /** Makes the names of the directory's own folders and files durable. */
  syncNames(): Promise<void> {
    return this.#names.run();
  }

  #syncOldest(): void {
    if (this.#turns.length >= syncsMax) return;
    for (const log of this.#unsynced) {
      if (this.#unsyncedBytes - this.#coveredBytes <= unsyncedSoftBytes / 2) return;
      log.startSync();
    }
  }

  /**
   * For the next start in this boot of the machine, which must not believe the page cache. It needs
   * to outlive us, no more.
   */
  #mark(): void {
    const { files, bootId = "" } = this.#options;
    try {
      const file = files.open(`${this.path}/${fileNames.syncFailed}`, "create");
      try {
        file.append(utf8(bootId));
      } finally {
        file.close();
      }
    } catch (error) {
      if (!isStoreFault(error)) throw error;
      // The disk takes nothing at all: what it has is what the next start reads.
    }
  }

  #setFull(reason: string): void {
    const isNews = this.#fullReason === undefined;
    if (isNews) {
      this.#options.logger.log(
        "error",
        "a data directory is nearly full: it refuses records until there is room",
        { directory: this.path, reason },
      );
    }
    this.#fullReason = `data directory ${this.path} is nearly full: ${reason}`;
    if (isNews) this.#onFull();
  }

  #endRoomWaits(): void {
    for (const resolve of this.#roomWaits.splice(0)) resolve();
  }
}

/** Whether the disk, or its file system, has failed: what comes next will fare no better. */
function isOfDisk(error: unknown): boolean {
  return isPlatformFault(error, "Io") || isPlatformFault(error, "ReadOnly");
}
