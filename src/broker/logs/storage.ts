// Where the broker's logs live: the data directories, or memory for an ephemeral broker.
//
//   open:    every directory (data_folders.ts) > metadata tried > claim > logs, each where it is
//            found or placed
//   beside:  room is looked for, checkpoints are written, unsynced data is bounded
//   close:   logs > checkpoints > clean-shutdown markers
//
// Every log is opened here, so that the checkpoints and the clean-shutdown markers speak of all of
// them. A directory that fails takes its logs with it and leaves the others alone.

import {
  isPlatformFault,
  isShortage,
  isStoreFault,
  messageOf,
  PartitionFault,
  UsageFault,
} from "../../base/faults.ts";
import type { BrokerId, Offset, PartitionId, Uuid } from "../../base/ids.ts";
import {
  type HomeNote,
  isDirectory,
  type MetadataImage,
  type PlacedReplica,
} from "../../cluster/mod.ts";
import { isInternalTopic } from "../../coordinator/mod.ts";
import {
  type LogConfig,
  LogCounters,
  type LogFolder,
  type LogOptions,
  PartitionLog,
  ReadAhead,
  type ReadBuffers,
  restartLog,
  Slices,
  sparingFiles,
  TrialFiles,
  tryWriting,
  writeHomeNote,
} from "../../log/mod.ts";
import type { Files, Logger, Runtime } from "../../runtime/ports.ts";
import type { BrokerConfig } from "../config/mod.ts";
import { Checkpoints, doChores, tryWritingIn } from "./checkpoints.ts";
import { type DataFolderState, describeFolders } from "./data_folder_states.ts";
import { DataFolders, ofDataFolder } from "./data_folders.ts";
import { holdLines } from "./held_lines.ts";
import { descriptorShares } from "../limits/descriptors.ts";
import { memoryBudgetOf } from "../limits/memory_budget.ts";
import { metadataTopic } from "../metadata/log.ts";
import { PlannedLogs } from "./planned_logs.ts";
import { Strays } from "./strays.ts";

/** The folder's name while there is no disk. */
const memoryFolder = "/ottla";

export interface StorageOptions {
  readonly runtime: Runtime;
  readonly config: BrokerConfig;
  readonly logger: Logger;
  /** The files are a trial of others, and nothing that changes in them is kept. */
  readonly isTrial?: boolean;
  /** Other brokers have what is here. */
  readonly hasReplicasElsewhere?: boolean;
}

/** What all consumers of old records together may have read ahead; less where memory is short. */
const readAheadBytesMax = 32 * 1024 * 1024;
const readAheadParts = 8;

/** Which log to open, and what it works by. */
export interface LogRequest {
  readonly topic: string;
  readonly partition: PartitionId;
  readonly topicId: Uuid;
  readonly config: () => LogConfig;
  /** Just created: no directory can have it yet. */
  readonly isNew: boolean;
  /** Where the metadata says that it is. */
  readonly directoryId: Uuid | undefined;
  /** In a cluster: it counts as having records. */
  readonly isEligible?: boolean;
  /** In a cluster: others have all that was here. */
  readonly mayBeginAnew?: boolean;
  /** What lies below it is kept elsewhere, too, in this folder of its own. */
  readonly coveredTo?: (folder: string) => Offset;
}

/** A log of the last run, as the metadata knows it. */
type KnownLog = Pick<LogRequest, "topic" | "topicId" | "partition" | "directoryId">;

/** Logs being closed at the same time, so that their syncs overlap and the event loop breathes. */
const closedAtATime = 64;

/** Closes all of them; throws what the first one that could not be closed threw. */
async function closeAll(logs: readonly PartitionLog[]): Promise<void> {
  const due = logs.values();
  const failures: unknown[] = [];
  const closeNext = async () => {
    for (const log of due) await log.close().catch((error) => failures.push(error));
  };
  await Promise.all(Array.from({ length: closedAtATime }, closeNext));
  if (failures.length > 0) throw failures[0];
}

/** Below what offset a log was on disk, as its directory's checkpoints know; 0: they do not. */
function checkpointedEnd(folder: LogFolder, log: Omit<KnownLog, "directoryId">): Offset {
  const { recoveryPoint, logStartOffset } = folder.checkpointOf(log);
  return Math.max(recoveryPoint, logStartOffset);
}

/** Metadata beside the data directories must not be overlooked: topics would be set aside. */
function checkMetadataFolder(
  config: BrokerConfig,
  { paths, files }: { readonly paths: readonly string[]; readonly files: Files },
): void {
  const path = config.get("metadata.log.dir");
  if (path === null || config.ephemeral || paths.includes(path)) return;
  if (files.stat(`${path}/${metadataTopic}-0`) === undefined) return;
  throw new UsageFault(
    `metadata.log.dir=${path} holds the cluster's metadata and is none of the data directories; ` +
      `add it to log.dirs`,
  );
}

export class Storage {
  readonly nodeId: BrokerId;
  /** The file system that the logs are in. */
  readonly files: Files;
  /** What all logs together have done. */
  readonly counters = new LogCounters();
  #noting: Promise<void> = Promise.resolve();
  readonly #options: StorageOptions;
  readonly #folders: DataFolders;
  readonly #logger: Logger;
  readonly #strays: Strays;
  readonly #readAhead: ReadAhead;
  readonly #logs = new Map<PartitionLog, LogFolder>();
  /** Long work on logs is done in these. */
  readonly slices: Slices;
  readonly #checkpoints: Checkpoints;
  #onLogGone: () => void = () => {};
  #isClosing = false;

  private constructor(options: StorageOptions, o: { files: Files; folders: DataFolders }) {
    this.nodeId = o.folders.first.nodeId;
    this.files = o.files;
    this.#options = options;
    this.#folders = o.folders;
    this.#logger = options.logger.child("log");
    this.slices = new Slices(options.runtime);
    this.#checkpoints = new Checkpoints(this.slices, (folder) => this.#logsOf(folder));
    const { bytesMax } = memoryBudgetOf(options.config, options.runtime.process);
    this.#readAhead = new ReadAhead(Math.min(readAheadBytesMax, bytesMax / readAheadParts));
    this.#strays = new Strays({
      nodeId: this.nodeId,
      files: o.files,
      clock: options.runtime.clock,
      slices: this.slices,
      logger: this.#logger,
    });
    for (const folder of o.folders.opened) {
      folder.state.onCheckpointDue(() => {
        if (!this.#isClosing) this.#checkpoints.write(folder);
      });
    }
  }

  /**
   * Opens the data directories, to be claimed. Throws when one is another broker's or in use, or
   * all failed.
   */
  static async open(options: StorageOptions): Promise<Storage> {
    const { runtime, config, logger } = options;
    const holders: LogFolder[] = [];
    const spare = () => holders.map(({ handles }) => handles.giveUpHalf()).includes(true);
    const files = config.ephemeral ? runtime.memoryFiles() : sparingFiles(runtime.files, spare);
    const paths = config.ephemeral ? [memoryFolder] : config.dataFolders;
    checkMetadataFolder(config, { paths, files });
    const isKept = !config.ephemeral && options.isTrial !== true;
    const folders = await DataFolders.open(paths, {
      files,
      random: runtime.random,
      logger: logger.child("log"),
      nodeId: config.nodeId,
      adoptsNodeId: !config.isSet("node.id") && !config.isSet("broker.id"),
      clusterId: config.get("cluster.id") ?? undefined,
      bootId: config.ephemeral ? undefined : runtime.process.bootId,
      freeBytesMin: config.get("ottla.log.dirs.free.bytes.min"),
      keepsReserve: isKept,
      journal: isKept ? { fromSyncs: config.get("ottla.acks.all.journal.from.syncs") } : undefined,
      handlesMax: descriptorShares(runtime.process, paths.length).handlesMax,
      hasReplicasElsewhere: options.hasReplicasElsewhere,
      monotonic: () => runtime.clock.monotonic(),
      soon: runtime.timers.soon,
    });
    holders.push(...folders.opened);
    return new Storage(options, { files, folders });
  }

  get clusterId(): string {
    return this.#folders.first.clusterId;
  }

  /** The directories as tools are told of them: those that work, then those that failed. */
  describeFolders(): DataFolderState[] {
    return describeFolders(this.#folders, this.files);
  }

  /** To ask whether new logs have room. */
  planLogs(): PlannedLogs {
    return new PlannedLogs(this.files, this.#folders.counts);
  }

  /** Whether some directory refuses clients' records for want of room. */
  get isFull(): boolean {
    return this.#folders.online.some(({ state }) => state.fullReason !== undefined);
  }

  /** The directory that the cluster's metadata is in. */
  get metadataDirectoryId(): Uuid {
    for (const [log, { directoryId }] of this.#logs) {
      if (log.topic === metadataTopic) return directoryId;
    }
    return this.#folders.first.directoryId;
  }

  /** Ids of the directories that work. */
  get directoryIds(): readonly Uuid[] {
    return this.#folders.online.map(({ directoryId }) => directoryId);
  }

  /** Whether nothing can have been lost since the last stop. */
  get wasShutDownCleanly(): boolean {
    return this.#folders.opened.every(({ cleanShutdown }) => cleanShutdown) &&
      this.#folders.failed.length === 0;
  }

  /** Whether what no sync has covered may be gone: a process that is killed leaves it in place. */
  get mayHaveLostWrites(): boolean {
    return this.#folders.failed.length > 0 ||
      this.#folders.opened.some((each) => !each.cleanShutdown && each.machineRestarted !== false);
  }

  /**
   * Calls `listener` with the logs of each directory that fails from now on, once who has found it
   * out has come to the end of what it was about.
   */
  onFolderFailed(listener: (logs: readonly PartitionLog[]) => void): void {
    for (const folder of this.#folders.opened) {
      folder.state.onOffline(() => Promise.resolve().then(() => listener(this.#logsOf(folder))));
    }
  }

  /** Calls `listener` when the files of a log are gone, once who has found it out is done. */
  onLogGone(listener: () => void): void {
    this.#onLogGone = () => void Promise.resolve().then(listener);
  }

  /**
   * Throws PlatformFault where the metadata in its folder cannot be written, before anything has
   * changed. For want of room alone nobody is refused.
   */
  checkWritable(): void {
    for (const { path } of this.#folders.online) {
      const folder = `${path}/${metadataTopic}-0`;
      if (this.files.stat(folder) === undefined) continue;
      try {
        tryWriting(this.files, folder);
      } catch (error) {
        if (!isPlatformFault(error, "NoSpace")) throw ofDataFolder(error);
      }
    }
  }

  /** The directories that work. */
  get folders(): readonly LogFolder[] {
    return this.#folders.online;
  }

  /** Has the directories remember how far the home of the metadata has come, a note at a time. */
  noteHome(note: HomeNote): Promise<void> {
    return this.#noting = this.#noting.then(async () => {
      for (const folder of this.#folders.online) {
        await tryWritingIn(folder, () => writeHomeNote(this.files, folder.path, note));
      }
    });
  }

  /** The directories are this broker's from now on. */
  claim(): Promise<void> {
    return this.#folders.claim();
  }

  /**
   * Runs `work` on a log as {@link openLog} would open it, without a change to any file. Where it
   * fails, the directories can still be let go of as they were found.
   */
  async tryLog<T>(
    request: LogRequest,
    work: (opened: { log: PartitionLog; files: Files }) => Promise<T>,
  ): Promise<T> {
    const files = new TrialFiles(this.files);
    const held = holdLines(this.#logger);
    try {
      const folder = this.#locate(request);
      const options = this.#logOptions(request, folder);
      const log = await PartitionLog.open({
        ...options,
        files,
        logger: held.logger,
        journaled: undefined,
        // A sync that failed makes the real one write the file anew: no news for the trial.
        isSuspect: false,
      });
      return await work({ log, files });
    } catch (error) {
      held.release();
      throw error;
    } finally {
      files.close();
    }
  }

  /**
   * Opens a partition's log, or creates it. Throws PartitionFault when it cannot be opened, or may
   * be in a directory that failed.
   */
  async openLog(request: LogRequest): Promise<PartitionLog> {
    const folder = this.#locate(request);
    const path = `${folder.path}/${request.topic}-${request.partition}`;
    const isMadeHere = request.isNew && this.files.stat(path) === undefined;
    const options = this.#logOptions(request, folder);
    await this.#forgetEarlier(request, folder);
    const opening = PartitionLog.open({
      ...options,
      counters: this.counters,
      readAhead: this.#readAhead,
      handles: folder.handles,
      coldReads: folder.coldReads,
      directory: folder.state,
      onUnsettled: () => folder.noteUnsettled(request.topic, request.partition),
      onSettled: () => folder.noteSettled(request.topic, request.partition),
      onGone: () => this.#onLogGone(),
      saveLogStart: () => this.#checkpoints.writeLogStarts(folder),
      saveRecoveryPoint: () => this.#checkpoints.requireAnew(folder),
    });
    // What was begun and not finished would keep the topic from being created anew.
    const log = await opening.catch(async (error) => {
      if (await this.#strays.setOtherAside(folder, request)) {
        this.#folders.delete(request, folder);
        return await this.openLog(request);
      }
      if (isMadeHere) this.#removeLeft(path);
      else folder.noteUnopened(request.topic, request.partition);
      const { cause } = error as PartitionFault;
      if (isShortage(cause)) folder.state.noteUnwritten(cause);
      throw error;
    });
    folder.noteOpened(log.topic, log.partition);
    this.#logs.set(log, folder);
    this.#folders.add(log, folder);
    return log;
  }

  /** Has the files of a directory say nothing of a replica that was moved away, and comes back. */
  async #forgetEarlier(request: LogRequest, folder: LogFolder): Promise<void> {
    if (folder.has(request.topic, request.partition) || !folder.hasInCheckpoints(request)) return;
    await this.#checkpoints.requireAnew(folder);
  }

  /** Begins a log, which is not open, anew at `offset`. */
  async restartLog(request: LogRequest, offset: Offset): Promise<void> {
    const { path } = this.#locate(request);
    await restartLog(this.files, `${path}/${request.topic}-${request.partition}`, offset);
  }

  /** Whether a log that was in some directory once is in none of those that work. */
  hasLost(log: KnownLog): boolean {
    const folder = this.#folders.locate({ ...log, isNew: false, isEligible: true });
    if ("reason" in folder) return true;
    return !folder.has(log.topic, log.partition) && checkpointedEnd(folder, log) > 0;
  }

  /** Whether a log of the last run is where it is to be, with whatever it has. */
  hasFolder(log: KnownLog): boolean {
    const folder = this.#folders.locate({ ...log, isNew: false });
    if ("reason" in folder || !folder.has(log.topic, log.partition)) return false;
    // Without the directory that had it, what another has may be of an earlier time.
    return !isDirectory(log.directoryId) || this.directoryIds.includes(log.directoryId);
  }

  /** Whether some directory that works is where a log of the last run is, or may go. */
  hasPlace(log: KnownLog): boolean {
    return !("reason" in this.#folders.locate({ ...log, isNew: false }));
  }

  #locate(request: LogRequest): LogFolder {
    const folder = this.#folders.locate(request);
    if (!("reason" in folder)) return folder;
    throw new PartitionFault(folder.reason, { cause: folder.cause });
  }

  /** What does not tie a log to the others of its directory. Throws when it should be there. */
  #logOptions(request: LogRequest, folder: LogFolder): LogOptions {
    const { topic, partition, topicId, config } = request;
    const { clock, timers, codecs } = this.#options.runtime;
    if (request.isNew) folder.forget(topic, partition);
    if (!folder.has(topic, partition)) this.#refuseVanished(folder, request);
    const { mayBeStale, ...checkpoint } = folder.checkpointOf(request);
    const journaled = folder.journaledOf(topicId, partition);
    const machineRestarted = folder.hasRestartedSince(topic, partition);
    return {
      folder: folder.path,
      topic,
      partition,
      topicId,
      config,
      coveredTo: request.coveredTo?.(`${folder.path}/${topic}-${partition}`),
      files: this.files,
      clock,
      timers,
      logger: this.#logger,
      slices: this.slices,
      codecs,
      ...checkpoint,
      checkpointMayBeStale: mayBeStale,
      cleanShutdown: folder.cleanShutdown,
      machineRestarted,
      journaled,
      // What the broker itself works by is nothing but what is on disk.
      settlesLater: machineRestarted === false && topic !== metadataTopic &&
        !isInternalTopic(topic) && journaled === undefined,
      // What a trial writes anew, nobody reads back.
      isSuspect: folder.isSuspect && this.#options.isTrial !== true,
    };
  }

  #removeLeft(path: string): void {
    try {
      this.files.remove(path);
    } catch (error) {
      if (!isStoreFault(error)) throw error;
      this.#logger.log("warn", "a partition that could not be made is left on its disk", {
        folder: path,
        reason: messageOf(error),
      });
    }
  }

  /** Throws PartitionFault when a log that has no folder was on disk once. */
  #refuseVanished(folder: LogFolder, request: LogRequest): void {
    const { topic, partition, mayBeginAnew = false } = request;
    const endOffset = checkpointedEnd(folder, request);
    if (endOffset === 0) return;
    const path = `${folder.path}/${topic}-${partition}`;
    if (!mayBeginAnew && !folder.checkpointOf(request).mayBeStale) {
      throw new PartitionFault(
        `its folder ${path} is gone, with the records below offset ${endOffset}: put it back, or ` +
          `accept the loss with ottla log repair ${path}`,
      );
    }
    folder.forget(topic, partition);
    this.#logger.log("warn", "a partition has no folder, and a checkpoint names one", {
      folder: path,
      recoveryPoint: endOffset,
    });
  }

  /** Deletes a log with its files. Those in a directory that failed stay, to be set aside later. */
  async deleteLog(log: PartitionLog): Promise<void> {
    const folder = this.#leave(log);
    if (log.directory.offlineReason !== undefined) return;
    folder?.forget(log.topic, log.partition);
    await log.delete();
  }

  /** Closes a damaged log, of which another is to take the place, and renames its folder. */
  async setAside(log: PartitionLog): Promise<void> {
    const folder = this.#leave(log);
    await log.close();
    if (log.directory.offlineReason !== undefined || folder === undefined) return;
    const { topic, partition } = log;
    folder.forget(topic, partition);
    if (folder.has(topic, partition)) return await this.#strays.setDamagedAside(folder, log);
    const message = "a partition whose files are gone begins anew, from others in sync";
    this.#logger.log("warn", message, { partition: `${topic}-${partition}` });
  }

  #leave(log: PartitionLog): LogFolder | undefined {
    const folder = this.#logs.get(log);
    this.#logs.delete(log);
    if (folder !== undefined) this.#folders.delete(log, folder);
    return folder;
  }

  /** The memory of what logs have given to read. */
  get readBuffers(): ReadBuffers {
    return this.#readAhead.buffers;
  }

  /** Where the logs are, of one topic or of all. */
  placements(topic?: string): PlacedReplica[] {
    const placed: PlacedReplica[] = [];
    for (const [log, { directoryId }] of this.#logs) {
      if (log.topic === metadataTopic || (topic ?? log.topic) !== log.topic) continue;
      placed.push({ topic: log.topic, partition: log.partition, directoryId });
    }
    return placed;
  }

  /** The logs that are open. */
  get logs(): Iterable<PartitionLog> {
    return this.#logs.keys();
  }

  /** Bytes that were looked at to open the logs: what an unclean stop has cost. */
  get bytesChecked(): number {
    let bytes = 0;
    for (const log of this.#logs.keys()) bytes += log.bytesChecked;
    return bytes;
  }

  /**
   * Every log of the last run was tried. Where all are open and on disk, a crash that leaves the
   * machine running can lose nothing of them from now on. To be called again until that is so.
   */
  async noteRecovered(): Promise<void> {
    for (const folder of this.#folders.online) {
      await tryWritingIn(folder, async () => {
        await folder.settle();
        await folder.noteRecovered();
      });
    }
  }

  /** From now on only the metadata is written, for this reason; undefined: everything is again. */
  hold(reason: string | undefined): void {
    for (const folder of this.#folders.opened) folder.state.hold(reason);
  }

  /** From now on nothing is written or deleted, for this reason. */
  freeze(reason: string): void {
    for (const folder of this.#folders.opened) folder.state.freeze(reason);
  }

  /**
   * Renames aside the folders of partitions that the metadata does not know here. Never deletes
   * them.
   */
  async setStraysAside(image: MetadataImage): Promise<void> {
    const open = new Map<string, LogFolder>();
    for (const [{ topic, partition }, folder] of this.#logs) {
      open.set(`${topic}-${partition}`, folder);
    }
    const aside = await this.#strays.setAllAside(this.#folders.online, { image, open });
    for (const { folder, ...name } of aside) this.#folders.delete(name, folder);
  }

  /**
   * Writes down how far each log is on disk, so that the next start need not look at all of it.
   * Returns the directories that could not take it.
   */
  async checkpoint(): Promise<ReadonlySet<string>> {
    const failed = new Set<string>();
    for (const folder of this.#folders.online) {
      if (await this.#checkpoints.writeAnew(folder) !== undefined) failed.add(folder.path);
    }
    return failed;
  }

  /** Looks for room on the disks and in memory, and gives each log the time for its chores. */
  async maintain(): Promise<void> {
    this.#readAhead.sweep();
    for (const folder of this.#folders.online) folder.state.checkRoom();
    const { clock } = this.#options.runtime;
    const chore = (log: PartitionLog) => log.maintain(clock.now());
    await doChores([...this.#logs.keys()], { slices: this.slices, chore });
  }

  /** Closes every log and directory; leaves the clean-shutdown marker where all is on disk. */
  async close(end: { brokerEpoch?: number } = {}): Promise<void> {
    this.#isClosing = true;
    for (const folder of this.#folders.opened) {
      await this.#checkpoints.settled(folder);
      const logs = this.#logsOf(folder);
      await tryWritingIn(folder, async () => {
        try {
          await closeAll(logs);
        } finally {
          await folder.close(logs, end);
        }
      });
    }
  }

  #logsOf(folder: LogFolder): PartitionLog[] {
    return [...this.#logs].flatMap(([log, where]) => where === folder ? [log] : []);
  }
}
