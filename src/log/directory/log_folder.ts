// A data directory: who it belongs to, whether it was closed cleanly, and how far each log is on
// disk.
//
//   open:   lock -> meta.properties and checkpoints are read
//   claim:  meta.properties, where it lacks something -> take the clean marker away (durably,
//           before any append) -> remove what was being deleted
//   noteRecovered, once every log is open and whole: this boot of the machine is written down, by
//           which the next start knows whether unsynced data can have been lost
//   close:  checkpoints -> clean marker, only when every log was closed cleanly -> unlock
//
// Invariant: until it is claimed nothing in it has changed, so a start that is refused leaves it as
// it was. While the directory is claimed there is no clean marker, so a crash at any time leads to
// recovery. A damaged or missing checkpoint costs a longer scan, never data.

import {
  isPlatformFault,
  isStoreFault,
  messageOf,
  PlatformFault,
  UsageFault,
} from "../../base/faults.ts";
import { fromUtf8, utf8 } from "../../base/bytes.ts";
import { type BrokerId, type PartitionId, type Uuid, uuidFromRandom } from "../../base/ids.ts";
import type { Files, FolderLock, Logger, Random, Timers } from "../../runtime/ports.ts";
import { DirectoryState } from "./directory_state.ts";
import {
  type CheckpointedLog,
  FolderCheckpoints,
  type LogCheckpoint,
  type LogName,
} from "./folder_checkpoints.ts";
import { fileNames, parsePartitionFolderName, partitionFolderName } from "./layout.ts";
import { decodeMetaProperties, encodeMetaProperties, withDirectoryId } from "./meta_properties.ts";
import type { JournalTerms } from "../journal/journal.ts";
import { type LeftBatches, LeftJournals } from "../journal/left_journals.ts";
import { ColdReads } from "../reading/cold_reads.ts";
import { OpenHandles } from "./open_handles.ts";
import { readPartitionMetadata } from "./partition_metadata.ts";
import { parentOf } from "./paths.ts";
import { Reserve, reserveBytes } from "./reserve.ts";
import { UnsettledLogs } from "./unsettled_logs.ts";
import {
  readWholeFile,
  writeSyncedFile,
  writeWholeFile,
  writeWholeFileDurably,
} from "../files/whole_file.ts";

export interface LogFolderOptions {
  readonly files: Files;
  readonly random: Random;
  readonly logger: Logger;
  readonly nodeId: BrokerId;
  /** Whether nobody chose `nodeId`: then an existing directory's own counts instead. */
  readonly adoptsNodeId?: boolean;
  /** For a new directory; a random one by default. An existing directory keeps its own. */
  readonly clusterId?: string;
  /** This boot of the machine; undefined where the system does not tell. */
  readonly bootId?: string;
  /** Clients' records are refused while less is free. */
  readonly freeBytesMin?: number;
  /** Whether some room is kept for what makes room on a full disk. */
  readonly keepsReserve?: boolean;
  /** For small batches whose answers wait for the disk; absent: each log has its own sync. */
  readonly journal?: JournalTerms | undefined;
  /** Files that its logs may hold open; 500 by default. */
  readonly handlesMax?: number;
  /** Whether other brokers have what is here, as {@link DirectoryOptions} has it. */
  readonly hasReplicasElsewhere?: boolean | undefined;
  /** Milliseconds of a clock that does not jump: by it lines about a disk are kept few. */
  readonly monotonic?: () => number;
  /** As {@link DirectoryOptions} has it. */
  readonly soon?: Timers["soon"];
}

/** A closed log, and whether nothing needs to be scanned when it is opened again. */
export interface ClosedLog extends CheckpointedLog {
  readonly isClosedCleanly: boolean;
}

/** An open data directory. */
export class LogFolder {
  readonly path: string;
  /** Whether it was closed cleanly the last time, or is new: then nothing needs to be scanned. */
  readonly cleanShutdown: boolean;
  readonly nodeId: BrokerId;
  readonly clusterId: string;
  readonly directoryId: Uuid;
  /**
   * Whether the machine was started anew since the logs here were last recovered; undefined where
   * nothing tells.
   */
  readonly machineRestarted: boolean | undefined;
  /** Whether a sync failed since the machine was started: reads may see what is not on disk. */
  readonly isSuspect: boolean;
  /** For the logs in this directory: whether it works and has room, and when they may sync. */
  readonly state: DirectoryState;
  /** For the logs in this directory: bounds the files that they hold open. */
  readonly handles: OpenHandles;
  /** For the logs in this directory: bounds what they read at once. */
  readonly coldReads = new ColdReads();
  readonly #files: Files;
  readonly #logger: Logger;
  readonly #lock: FolderLock;
  readonly #bootId: string | undefined;
  /** Folders of the logs that could not be opened. */
  readonly #unopened = new Set<string>();
  #isRecovered = false;
  /** Whether this boot of the machine is written down. */
  #isBootNoted: boolean;
  readonly #unsettled: UnsettledLogs;
  readonly #checkpoints: FolderCheckpoints;
  readonly #meta: MetaFile;
  readonly #journals: LeftJournals;
  #isClaimed = false;
  /** meta.properties, where it is to be written and there was no room for it. */
  #due: Uint8Array | undefined;
  #writing: Promise<void> = Promise.resolve();

  private constructor(
    path: string,
    state: LogFolderOptions & {
      lock: FolderLock;
      reserve: Reserve;
      machineRestarted: boolean | undefined;
      cleanShutdown: boolean;
      meta: MetaFile;
      checkpoints: FolderCheckpoints;
      journals: LeftJournals;
    },
  ) {
    this.path = path;
    this.cleanShutdown = state.cleanShutdown;
    this.nodeId = state.meta.nodeId;
    this.clusterId = state.meta.clusterId;
    this.directoryId = state.meta.directoryId;
    this.machineRestarted = state.machineRestarted;
    this.isSuspect = hasSyncFailed(path, state);
    const { journals } = state;
    this.#journals = journals;
    const journal = state.journal && { ...state.journal, first: journals.next };
    this.state = new DirectoryState({ ...state, path, journal });
    this.handles = new OpenHandles(state.handlesMax);
    this.#files = state.files;
    this.#logger = state.logger;
    this.#meta = state.meta;
    this.#due = state.meta.due;
    this.#bootId = state.bootId;
    this.#isBootNoted = state.machineRestarted === false;
    this.#lock = state.lock;
    this.#checkpoints = state.checkpoints;
    this.#unsettled = new UnsettledLogs(state.files, path);
  }

  /**
   * Opens or makes the directory at `path`, to be claimed or released. Throws UsageFault when it
   * belongs to another node, and PlatformFault Denied when another process has it open.
   */
  static async open(path: string, options: LogFolderOptions): Promise<LogFolder> {
    const { files, random } = options;
    const made = missingAbove(files, path);
    files.makeFolder(path);
    const kept = { path: `${path}/${fileNames.reserve}`, bytes: reserveBytes, random };
    const reserve = new Reserve(files, options.keepsReserve === true ? kept : undefined);
    const lock = reserve.spend(() => files.lock(path));
    if (!lock.isExclusive) {
      const advice = "start no other broker in it while this one reads";
      options.logger.log("warn", "no lock keeps others out of a data directory", {
        directory: path,
        advice,
      });
    }
    try {
      // Before meta.properties: where that is, the folders above are durable already.
      if (files.stat(`${path}/${fileNames.metaProperties}`) === undefined) {
        for (const folder of new Set([path, ...made])) {
          await files.syncFolder(parentOf(folder, files));
        }
      }
      const meta = readMetaFile(path, options);
      const isNew = meta.isNew && partitionsIn(files, path).length === 0;
      const marker = files.stat(`${path}/${fileNames.cleanShutdown}`);
      const cleanShutdown = isNew || marker !== undefined;
      const checkpoints = new FolderCheckpoints({ ...options, path, cleanShutdown });
      const machineRestarted = hasRestarted(path, options);
      const journals = new LeftJournals(files, path);
      const read = { meta, checkpoints, journals };
      const state = { lock, reserve, cleanShutdown, machineRestarted, ...read };
      return new LogFolder(path, { ...options, ...state });
    } catch (error) {
      lock.release();
      throw error;
    }
  }

  /**
   * Makes it this broker's: from now on only a clean end makes for a clean start. A disk without
   * room is no obstacle: what there is no room for waits for {@link settle}. Throws PlatformFault
   * NoSpace when there is nothing to read yet.
   */
  async claim(): Promise<void> {
    if (this.#isClaimed) return;
    const { path } = this;
    try {
      await this.state.reserve.spendAsync(() => this.#writeDue());
    } catch (error) {
      if (!isPlatformFault(error, "NoSpace")) throw error;
      if (this.#meta.isNew) throw noRoomToBegin(path, error);
      this.state.noteNoRoomFor(messageOf(error));
    }
    this.#isClaimed = true;
    this.#files.remove(`${path}/${fileNames.cleanShutdown}`);
    for (const name of this.#files.list(path)) {
      if (parsePartitionFolderName(name)?.state === "deleted") this.#removeDeleted(name);
    }
    await this.#files.syncFolder(path);
    this.state.checkRoom();
  }

  /** One that somebody keeps from being removed is in nobody's way. */
  #removeDeleted(name: string): void {
    try {
      this.#files.remove(`${this.path}/${name}`);
    } catch (error) {
      if (!isStoreFault(error)) throw error;
      const message = "a deleted partition's folder cannot be removed; the next start tries again";
      this.#logger.log("warn", message, { folder: name, reason: messageOf(error) });
    }
  }

  /** Writes what {@link claim} had no room for. PlatformFault NoSpace: there still is none. */
  async settle(): Promise<void> {
    if (await this.#writeDue()) await this.#files.syncFolder(this.path);
  }

  /** Whether there was something to write; it is durable once the folder is synced. */
  async #writeDue(): Promise<boolean> {
    if (this.#due === undefined) return false;
    await writeSyncedFile(this.#files, `${this.path}/${fileNames.metaProperties}`, this.#due);
    this.#due = undefined;
    return true;
  }

  /** A log could not be opened: until it is, the next start is to check it as this one has. */
  noteUnopened(topic: string, partition: PartitionId): void {
    this.#unopened.add(partitionFolderName(topic, partition));
  }

  noteOpened(topic: string, partition: PartitionId): void {
    this.#unopened.delete(partitionFolderName(topic, partition));
  }

  /**
   * A log is about to be cut, or owes a sync: until that is done, and all are recovered, the next
   * start is to sync what it finds of it; of all, where there is no room to tell of one.
   */
  noteUnsettled(topic: string, partition: PartitionId): void {
    const name = partitionFolderName(topic, partition);
    this.#unsettled.add(name);
    this.#isRecovered = false;
    if (!this.#isBootNoted || this.#unsettled.tell(name)) return;
    this.#files.remove(`${this.path}/${fileNames.bootId}`);
    this.#isBootNoted = false;
  }

  /** What was cut of a log is durable, or the log is gone. */
  noteSettled(topic: string, partition: PartitionId): void {
    this.#unsettled.settle(partitionFolderName(topic, partition));
  }

  /**
   * Whether the machine was started anew since a log was last recovered; undefined where nothing
   * tells, or where the last run has cut it and may not have come to the sync of that.
   */
  hasRestartedSince(topic: string, partition: PartitionId): boolean | undefined {
    const isLeft = this.#unsettled.wasLeft(partitionFolderName(topic, partition));
    return isLeft ? undefined : this.machineRestarted;
  }

  /**
   * Every log here was tried. Where all are open, and what they hold is on disk, a crash that
   * leaves the machine running loses nothing of it from now on. It is written down without a sync:
   * while the machine runs, which is how long it counts, a file needs none.
   */
  async noteRecovered(): Promise<void> {
    if (this.#unsettled.areThere || this.#unopened.size > 0) return;
    await this.#journals.remove(() => this.#logs());
    if (this.#isRecovered) return;
    await this.#removeSyncFailed();
    // A log may have begun to be cut meanwhile.
    if (this.#unsettled.areThere) return;
    if (this.#bootId !== undefined && !this.#isBootNoted) {
      writeWholeFile(this.#files, `${this.path}/${fileNames.bootId}`, utf8(`${this.#bootId}\n`));
      this.#isBootNoted = true;
    }
    this.#unsettled.clear();
    this.#isRecovered = true;
  }

  /** For good: one that came back without what was in it would be believed. */
  async #removeSyncFailed(): Promise<void> {
    const mark = `${this.path}/${fileNames.syncFailed}`;
    if (this.#files.stat(mark) === undefined) return;
    this.#files.remove(mark);
    await this.#files.syncFolder(this.path);
  }

  *#logs() {
    for (const { topic, partition } of this.partitionNames()) {
      const topicId = this.topicIdOf(topic, partition);
      if (topicId !== undefined) yield { topicId, partition };
    }
  }

  /** What a journal has of a log; undefined: nothing. */
  journaledOf(topicId: Uuid, partition: PartitionId): LeftBatches | undefined {
    return this.#journals.of({ topicId, partition });
  }

  /** Which topic a partition's folder belongs to; undefined where nothing there tells. */
  topicIdOf(topic: string, partition: PartitionId): Uuid | undefined {
    const folder = `${this.path}/${partitionFolderName(topic, partition)}`;
    return readPartitionMetadata(this.#files, folder);
  }

  /** Topic and index of the partitions that have a folder here; reads no file of theirs. */
  partitionNames(): readonly { readonly topic: string; readonly partition: PartitionId }[] {
    return partitionsIn(this.#files, this.path);
  }

  /** What to open a log with: from the checkpoints, 0 when they do not know it. */
  checkpointOf(log: LogName): LogCheckpoint {
    return this.#checkpoints.of(log);
  }

  /** Whether the checkpoint files still speak of an earlier log of a name and topic. */
  hasInCheckpoints(log: LogName): boolean {
    return this.#checkpoints.isInFiles(log);
  }

  /** Whether a partition has a folder here. */
  has(topic: string, partition: PartitionId): boolean {
    const folder = `${this.path}/${partitionFolderName(topic, partition)}`;
    return this.#files.stat(folder)?.isDirectory === true;
  }

  /** The partition is gone: a later one of its name has nothing to do with its checkpoints. */
  forget(topic: string, partition: PartitionId): void {
    this.#checkpoints.forgetOne(topic, partition);
    this.noteOpened(topic, partition);
    this.noteSettled(topic, partition);
  }

  /** Forgets what the checkpoints say of the partitions that `isGone` names. */
  forgetWhere(isGone: (topic: string, partition: PartitionId) => boolean): void {
    this.#checkpoints.forget(isGone);
  }

  /**
   * Writes the checkpoints of all logs, `logs` being every one that is open; durable when it
   * resolves.
   */
  writeCheckpoints(logs: Iterable<CheckpointedLog>): Promise<void> {
    const all = [...logs];
    return this.#inTurn(async () => {
      if (this.state.offlineReason === undefined) await this.#checkpoints.write(all);
    });
  }

  /**
   * Writes where all logs begin, asked for when its turn has come; durable when it resolves.
   */
  writeLogStarts(logs: () => Iterable<CheckpointedLog>): Promise<void> {
    return this.#inTurn(() => this.#checkpoints.writeLogStarts([...logs()]));
  }

  #inTurn(write: () => Promise<void>): Promise<void> {
    const written = this.#writing.then(write);
    this.#writing = written.catch(() => {});
    return written;
  }

  /** Lets go of it without a word: nothing was changed. */
  release(): void {
    this.#lock.release();
  }

  /** Ends it: checkpoints, the clean marker when every log deserves it, and the lock. */
  async close(logs: Iterable<ClosedLog>, end: { brokerEpoch?: number } = {}): Promise<void> {
    const all = [...logs];
    try {
      if (!this.#isClaimed) return;
      await this.writeCheckpoints(all);
      const isOffline = this.state.offlineReason !== undefined || this.#unopened.size > 0;
      const isClean = !isOffline && all.every((log) => log.isClosedCleanly);
      await this.state.journal?.end({ isNeeded: !isClean || this.#journals.isLeft });
      if (!isClean) return;
      // By its epoch a Kafka that opens the directory knows that no other broker came between.
      const bytes = utf8(JSON.stringify({ version: 0, brokerEpoch: end.brokerEpoch ?? -1 }));
      const name = fileNames.cleanShutdown;
      await writeWholeFileDurably(this.#files, { folder: this.path, name, bytes });
    } finally {
      this.#lock.release();
    }
  }
}

function noRoomToBegin(path: string, cause: unknown): PlatformFault {
  const message = `${path} is new and its disk is full, so there is nothing to read or delete: ` +
    "make room, then start again";
  return new PlatformFault("NoSpace", message, { cause });
}

/** Whether another boot of the machine was written down than this one. */
function hasRestarted(path: string, { files, bootId }: LogFolderOptions): boolean | undefined {
  const bytes = readWholeFile(files, `${path}/${fileNames.bootId}`);
  if (bytes === undefined || bootId === undefined) return undefined;
  return fromUtf8(bytes).trim() !== bootId;
}

/** Whether a sync failed in this boot of the machine; a mark that names none may be of it. */
function hasSyncFailed(path: string, { files, bootId }: LogFolderOptions): boolean {
  const mark = readWholeFile(files, `${path}/${fileNames.syncFailed}`);
  if (mark === undefined) return false;
  return mark.length === 0 || bootId === undefined || fromUtf8(mark) === bootId;
}

function partitionsIn(files: Files, path: string) {
  return files.list(path).flatMap((name) => {
    const parsed = parsePartitionFolderName(name);
    return parsed?.state === "live" ? [parsed] : [];
  });
}

/** The folders on the way to `path` that are not there yet, itself included, the deepest first. */
function missingAbove(files: Files, path: string): string[] {
  const missing: string[] = [];
  let folder = path;
  while (files.stat(folder) === undefined && parentOf(folder, files) !== folder) {
    missing.push(folder);
    folder = parentOf(folder, files);
  }
  return missing;
}

/** What meta.properties says, or will say. */
interface MetaFile {
  readonly clusterId: string;
  readonly nodeId: BrokerId;
  readonly directoryId: Uuid;
  readonly isNew: boolean;
  /** To be written, where something is missing. */
  readonly due: Uint8Array | undefined;
}

/** Reads meta.properties and checks that it is ours. */
function readMetaFile(path: string, options: LogFolderOptions): MetaFile {
  const { files, random } = options;
  const file = `${path}/${fileNames.metaProperties}`;
  const bytes = readWholeFile(files, file);
  const found = bytes === undefined ? undefined : decodeMetaProperties(bytes, file);
  const adopted = options.adoptsNodeId === true ? found?.nodeId : undefined;
  const nodeId = adopted ?? options.nodeId;
  if (found !== undefined && found.nodeId !== nodeId) {
    throw new UsageFault(
      `${path} belongs to node ${found.nodeId} and this is node ${nodeId}; ` +
        `set node.id=${found.nodeId} or choose another --data-dir`,
    );
  }
  if (
    found !== undefined && options.clusterId !== undefined && found.clusterId !== options.clusterId
  ) {
    throw new UsageFault(
      `${path} belongs to cluster ${found.clusterId}, not ${options.clusterId}; ` +
        `choose another --data-dir`,
    );
  }
  const newId = () => uuidFromRandom(random.bytes(16));
  const properties = {
    clusterId: found?.clusterId ?? options.clusterId ?? newId(),
    nodeId,
    directoryId: found?.directoryId ?? newId(),
  };
  let due: Uint8Array | undefined;
  if (bytes === undefined) due = encodeMetaProperties(properties);
  else if (found?.directoryId === undefined) due = withDirectoryId(bytes, properties.directoryId);
  return { ...properties, isNew: found === undefined, due };
}
