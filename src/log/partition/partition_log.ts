// One partition's log: an append-only sequence of record batches in segment files.
//
//   logStartOffset <= lastStableOffset <= logEndOffset;   recoveryPoint <= logEndOffset is on disk
//
//   open --close--> closed       open --delete--> closed, folder gone
//   open --a sync or a cut-back fails--> failed
//   damage found at opening --> damaged: reads only
//
// Invariant: an append is in the file, whole, or not at all, before its offsets are given out;
// offsets, indexes, producers and epochs change only after the file did. Appends are synchronous,
// so nothing interleaves with them; who needs durability waits for syncTo. Batches pass through:
// only base offset, leader epoch and, for LogAppendTime, the timestamp are written into the given
// bytes.
// Longer than most files: every state change of a log is here, where the invariant is seen.

import { crc32c } from "../../base/crc.ts";
import { utf8 } from "../../base/bytes.ts";
import {
  messageOf,
  PartitionFault,
  partitionFault,
  throwUnlessStoreFault,
} from "../../base/faults.ts";
import type { LeaderEpoch, Offset, PartitionId, Uuid } from "../../base/ids.ts";
import type { Int64 } from "../../base/int64.ts";
import { itemAt } from "../../base/items.ts";
import type { ProduceRules } from "../../records/mod.ts";
import type { LogLevel } from "../../runtime/ports.ts";
import { noteEpochs, placeBatches } from "../appending/assign_offsets.ts";
import { Compaction } from "../compaction/compaction.ts";
import { beginAnew, cutBack, type CutEnd, type CutParts, dropBelowStart } from "./cutting.ts";
import { rollLimits } from "./config.ts";
import { DeletedFiles } from "../directory/deleted_files.ts";
import type { DirectoryState, UnsyncedLog } from "../directory/directory_state.ts";
import { DurableFiles } from "../files/durable_files.ts";
import { JournaledEnd } from "../journal/journaled_end.ts";
import { takeJournaled } from "../journal/taking.ts";
import type { EpochCache, EpochEnd } from "./epoch_cache.ts";
import { partitionFolderName } from "../directory/layout.ts";
import { type LoadedLog, loadLog } from "../recovery/loading.ts";
import { LogStart } from "./log_start.ts";
import {
  answerOfFirstTime,
  type AppendOptions,
  type AppendResult,
  directoryOf,
  loadOptions,
  type LogOptions,
  mayHaveGaps,
  storageError,
} from "./log_options.ts";
import { noteBatches } from "../appending/note_batches.ts";
import type { OpenHandles } from "../directory/open_handles.ts";
import { claimPartitionFolder, deletedPathOf } from "../directory/partition_metadata.ts";
import { checkPayload, produceRules } from "../appending/payload.ts";
import { Presence } from "../directory/presence.ts";
import type { ProducerState } from "../producers/producer_state.ts";
import type { Verification, VerificationStart } from "../producers/verifications.ts";
import type { ReadOptions, ReadResult } from "../reading/batch_reads.ts";
import { LogReader } from "../reading/reader.ts";
import { ResumePoints } from "../recovery/resume_points.ts";
import { settleLoaded } from "../recovery/settling.ts";
import { expiredSegmentCount } from "./retention.ts";
import { Segment } from "../segment/segment.ts";
import { Segments } from "../segment/segments.ts";
import type { Slices } from "../pacing/slices.ts";
import { SyncRounds } from "../files/sync_rounds.ts";
import {
  findMaxTimestamp,
  findTimestamp,
  type Lookup,
  type TimestampOffset,
} from "../reading/time_lookup.ts";
import type { AbortedTransaction } from "../segment/txn_index.ts";

/** One partition's log. Open with {@link PartitionLog.open}, end with close or delete. */
export class PartitionLog implements UnsyncedLog {
  readonly topic: string;
  readonly partition: PartitionId;
  readonly topicId: Uuid;
  readonly folder: string;
  readonly #options: LogOptions;
  readonly #handles: OpenHandles;
  /** What it shares with the other logs of the data directory. */
  readonly directory: DirectoryState;
  /** Appended and not yet synced; kept by the directory. */
  unsyncedBytes = 0;
  readonly #segments: Segments;
  readonly #epochs: EpochCache;
  readonly #reader: LogReader;
  readonly #rounds: SyncRounds;
  readonly #journaled: JournaledEnd;
  readonly #deleted: DeletedFiles;
  readonly #durable: DurableFiles;
  readonly #presence: Presence;
  readonly #jitter: number;
  readonly #wasDamaged: boolean;
  /** Bytes whose checksums were computed when the log was opened. */
  readonly bytesChecked: number;
  #compaction: Compaction | undefined;
  #producers: ProducerState;
  readonly #start: LogStart;
  #logEndOffset: Offset;
  /** Why appends are refused; undefined while they are not. */
  #refusal: string | undefined;
  #closed = false;
  #cutting: Promise<void> | undefined;
  readonly #resumePoints: ResumePoints;

  private constructor(
    options: LogOptions,
    loaded: LoadedLog & { folder: string; claimed: boolean; handles: OpenHandles },
  ) {
    this.topic = options.topic;
    this.partition = options.partition;
    this.topicId = options.topicId;
    this.folder = loaded.folder;
    this.#options = options;
    this.#handles = loaded.handles;
    this.directory = directoryOf(options);
    this.#segments = new Segments(loaded.segments);
    this.#epochs = loaded.epochs;
    this.#producers = loaded.producers;
    this.#reader = new LogReader(this.#segments, {
      damage: loaded.damage,
      ahead: options.readAhead,
      cold: options.coldReads,
      isDense: () => !mayHaveGaps(options),
      onFailed: (error) => this.directory.noteUnread(error),
      lateStart: loaded.lateStart,
    });
    this.#deleted = new DeletedFiles(options.files, options.logger);
    const where = { folder: loaded.folder, segments: this.#segments };
    this.#presence = new Presence({ ...options, ...where });
    this.#durable = new DurableFiles({
      options,
      folder: loaded.folder,
      directory: this.directory,
      segments: this.#segments,
      epochs: loaded.epochs,
      presence: this.#presence,
      isNew: loaded.claimed,
      isUnclean: !loaded.isSynced,
    });
    this.bytesChecked = loaded.bytesChecked;
    this.#logEndOffset = loaded.logEndOffset;
    this.#start = new LogStart(loaded.logStartOffset, loaded.epochs, options.saveLogStart);
    this.#jitter = crc32c(utf8(`${options.topicId}${options.partition}`)) / 0x1_0000_0000;
    const [damage] = loaded.damage;
    this.#wasDamaged = damage !== undefined;
    if (damage !== undefined) this.#refusal = `damaged: ${damage.reason}`;
    this.#resumePoints = new ResumePoints({
      files: options.files,
      folder: loaded.folder,
      segments: this.#segments,
      newest: loaded.isSynced ? loaded.logEndOffset : -1,
      bytesMax: options.recoveryBytesMax,
    });
    const syncedTo = loaded.isSynced
      ? loaded.logEndOffset
      : Math.min(options.recoveryPoint ?? 0, loaded.logEndOffset);
    this.#journaled = new JournaledEnd(this, { files: this.#durable, presence: this.#presence });
    this.#rounds = new SyncRounds({
      logEndOffset: () => this.#logEndOffset,
      inTurn: (sync) => this.directory.runSync(this, sync),
      sync: () => this.#durable.sync(),
      timers: options.timers,
      kept: (end) => this.#journaled.kept(end),
      keptEnd: () => this.#journaled.keptEnd,
      onFailure: (fault) => {
        if (!this.#presence.look()) this.directory.goOffline(`${this.folder}: ${fault.message}`);
      },
    }, syncedTo);
  }

  /**
   * Loads the log of a partition, or makes it: one folder and one small file until the first
   * append. After an unclean stop it is checked, and what holds is made durable.
   * Throws PartitionFault when the folder cannot be used.
   */
  static async open(options: LogOptions): Promise<PartitionLog> {
    const { files, topicId } = options;
    const folder = `${options.folder}/${partitionFolderName(options.topic, options.partition)}`;
    try {
      const claimed = claimPartitionFolder(files, { folder, topicId });
      const load = loadOptions(options, folder);
      const loaded = await loadLog(load);
      const log = new PartitionLog(options, { ...load, ...loaded, claimed });
      await settleLoaded(log, log.#rounds, { loaded, options });
      if (options.journaled !== undefined && await takeJournaled(log, options)) {
        log.#start.raise(Math.min(options.logStartOffset ?? 0, log.#logEndOffset));
      }
      return log;
    } catch (error) {
      if (error instanceof PartitionFault) throw error;
      throw partitionFault(error, `cannot open ${folder}: ${messageOf(error)}`);
    }
  }

  get logStartOffset(): Offset {
    return this.#start.offset;
  }

  /** Where it begins, and how much of that a crash would leave. */
  get start(): Pick<LogStart, "keptOffset" | "keep"> {
    return this.#start;
  }

  /** Offset of the next record. */
  get logEndOffset(): Offset {
    return this.#logEndOffset;
  }

  /** The first record of the oldest open transaction; the log's end when none is open. */
  get lastStableOffset(): Offset {
    const { firstUndecidedOffset } = this.#producers;
    if (firstUndecidedOffset === undefined) return this.#logEndOffset;
    // What was deleted of an open transaction holds nobody up.
    return Math.max(firstUndecidedOffset, this.logStartOffset) as Offset;
  }

  get sizeBytes(): number {
    return this.#segments.sizeBytes;
  }

  /** Where consumers' view ends, for the checkpoint; undefined: where the log does. */
  highWatermark: Offset | undefined;

  /** Where it ended when the checkpoint was written. */
  get checkpointedHighWatermark(): Offset {
    return this.#options.highWatermark ?? 0;
  }

  /** Everything below it is on disk. */
  get recoveryPoint(): Offset {
    return this.#rounds.syncedTo;
  }

  /** Its compaction, which whoever has the time calls for. */
  get compaction(): Compaction {
    return this.#compaction ??= new Compaction({
      log: this,
      options: this.#options,
      handles: this.#handles,
      segments: this.#segments,
      deleted: this.#deleted,
      producers: () => this.#producers,
      roll: (nowMs) => this.#roll(nowMs),
      onNewFile: () => this.#durable.noteNewFile(),
      onSwapped: () => this.#reader.invalidate(),
    });
  }

  /** Where compaction goes on, for the data directory's checkpoint; undefined: it never began. */
  get firstDirtyOffset(): Offset | undefined {
    return this.#compaction?.firstDirtyOffset ?? this.#options.firstDirtyOffset;
  }

  /** Why appends are refused with KAFKA_STORAGE_ERROR; undefined while the log is well. */
  get refusal(): string | undefined {
    const { offlineReason, frozenReason } = this.directory;
    return this.#refusal ?? this.#presence.gone ?? offlineReason ?? frozenReason;
  }

  /** Whether it was found damaged when it was opened, or has lost its files since. */
  get isDamaged(): boolean {
    return this.#wasDamaged || this.#presence.gone !== undefined;
  }

  /** Whether it was closed with everything on disk, so that nothing need be scanned next time. */
  get isClosedCleanly(): boolean {
    return this.#refusal === "closed";
  }

  /** For who checks a client's payload before {@link append}, in slices. */
  get produceChecks(): { readonly rules: ProduceRules; readonly slices: Slices | undefined } {
    const { config, clock, codecs, slices } = this.#options;
    return { rules: produceRules({ config: config(), nowMs: clock.now(), codecs }), slices };
  }

  /**
   * Appends a payload, whose header bytes it overwrites. Never throws for bad input or a full
   * disk: those are error codes. `client`: exactly one batch, or a message set, checked in full,
   * whose codec must be loaded (codecToLoad in src/records); `coordinator`: our own batches;
   * `replica`, `journal`: batches of the leader's log or of our own, which keep their offsets and
   * epochs.
   */
  append(payload: Uint8Array, options: AppendOptions): AppendResult {
    const { origin, isOwn } = options;
    const refusal = this.#refusal ?? this.#presence.gone ?? this.#rounds.owed ??
      this.directory.refusal(origin, isOwn);
    if (refusal !== undefined) return storageError(refusal);
    const { codecs, clock } = this.#options;
    const [config, nowMs] = [this.#options.config(), clock.now()];
    const producers = this.#producers;
    const logEndOffset = this.#logEndOffset;
    const context = { ...options, config, producers, nowMs, codecs, logEndOffset };
    const accepted = checkPayload(payload, context);
    if ("refusal" in accepted) return { ok: false, ...accepted.refusal };
    const { records } = accepted;
    const logStartOffset = this.#start.offset;
    if (accepted.duplicate !== undefined) {
      return answerOfFirstTime(accepted.duplicate, { config, logStartOffset });
    }
    const placed = placeBatches(records, accepted.batches, context);
    const { batches, baseOffset, lastOffset, maxTimestampMs, logAppendTimeMs } = placed;
    try {
      const write = () => {
        const addition = { bytes: records.length, maxTimestampMs, lastOffset, nowMs };
        const limits = rollLimits(config, this.#jitter);
        if (this.#segments.active.isFullFor(addition, limits)) this.#roll(nowMs);
        this.#write(records);
      };
      if (options.spendsReserve === true) {
        this.directory.reserve.spend(write);
        this.#durable.noteMakesRoom();
      } else write();
    } catch (error) {
      throwUnlessStoreFault(error);
      if (!this.directory.noteUnwritten(error) && !this.#presence.look()) {
        this.#log("error", "append failed", error);
      }
      return storageError(messageOf(error));
    }
    this.directory.noteAppended(this, records.length);
    this.#presence.noteAppended();
    const noted = { segment: this.#segments.active, batches, interval: config.indexIntervalBytes };
    if (noteBatches(records, { ...noted, producers })) this.#durable.noteNames();
    noteEpochs(this.#epochs, placed, options);
    this.#logEndOffset = lastOffset + 1;
    const isAwaited = options.isAwaited === true && config.acksAllSyncMs === 0;
    if (isAwaited) this.#journaled.take(records, placed, options.together);
    const isDue = this.#durable.isFirstDue || this.#rounds.unsynced >= config.flushMessages;
    if (isDue) this.#rounds.startInBackground();
    return { ok: true, baseOffset, lastOffset, logAppendTimeMs, logStartOffset, duplicate: false };
  }

  /** Resolves once every record below `offset` is on disk. Once one failed, all reject for ever. */
  syncTo(offset: Offset): Promise<void> {
    return this.#rounds.syncTo(offset);
  }

  /** The same for the directory's journal, which is done with a log that is closed or gone. */
  settleTo(offset: Offset): Promise<void> {
    const isOver = this.#closed || this.#refusal === "deleted" || this.#presence.gone !== undefined;
    return isOver ? Promise.resolve() : this.syncTo(offset);
  }

  /** Whether all that was appended is durable. */
  get isSynced(): boolean {
    return this.#rounds.isSyncedTo(this.#logEndOffset);
  }

  /** What acks=all may count on here: what is on disk, where the configuration asks for that. */
  get keptEndOffset(): Offset {
    return this.#rounds.keptEnd(this.#options.config());
  }

  /** What an answer about records below `end` waits for; undefined: for nothing. */
  answerable(end: Offset, toAll: boolean): Promise<void> | undefined {
    return this.#rounds.answerable(end, { toAll, config: this.#options.config() });
  }

  startSync(): void {
    this.#rounds.startInBackground();
  }

  /**
   * Whole batches from the one that holds `offset` on; synchronous from the hot tail. The caller
   * has checked that `offset` is in the log. Throws or rejects with PartitionFault when a file
   * cannot be read.
   */
  read(options: ReadOptions): ReadResult | Promise<ReadResult> {
    if (this.#closed) throw new PartitionFault(`${this.folder} is closed`);
    return this.#reader.read(options);
  }

  /** The first record at or after a time in ms; undefined when there is none. */
  offsetForTimestamp(timestampMs: Int64): Promise<TimestampOffset | undefined> {
    return findTimestamp({ ...this.#lookup(), timestampMs });
  }

  /** The record with the largest timestamp; undefined for a log without any. */
  maxTimestamp(): Promise<TimestampOffset | undefined> {
    return findMaxTimestamp(this.#lookup());
  }

  /** Where `epoch` ended, as OffsetForLeaderEpoch answers; both -1 when it is not known. */
  endOffsetForEpoch(epoch: LeaderEpoch): EpochEnd {
    return this.#epochs.endOffsetFor(epoch, this.#logEndOffset);
  }

  /** The epoch of the last record, -1 where there is none. */
  get latestEpoch(): LeaderEpoch {
    return this.#epochs.latestEpoch;
  }

  /** Epoch of the record at `offset`, undefined when not known. */
  epochOfOffset(offset: Offset): LeaderEpoch | undefined {
    const epoch = this.#epochs.epochAt(offset);
    return epoch < 0 ? undefined : epoch;
  }

  /** Aborted transactions with records in `[from, to)`, as read_committed consumers need them. */
  abortedTransactions(from: Offset, to: Offset): AbortedTransaction[] {
    return this.#segments.abortedTransactions(from, to);
  }

  /**
   * Begins to verify the transaction of a batch that is to be appended (KIP-890); undefined when it
   * is open here, so that there is nothing to ask its coordinator.
   */
  beginVerification(of: Omit<VerificationStart, "nowMs">): Verification | undefined {
    return this.#producers.beginVerification({ ...of, nowMs: this.#options.clock.now() });
  }

  /** Producers whose sequence numbers it remembers, and their transactions. */
  get producers(): Pick<ProducerState, "entries" | "isInTransaction"> {
    return this.#producers;
  }

  /** Moves the log's start to `offset`; segments wholly below it go. PartitionFault: frozen. */
  async deleteRecordsBefore(offset: Offset): Promise<void> {
    const to = Math.min(offset, this.#logEndOffset);
    const { frozenReason } = this.directory;
    if (frozenReason !== undefined) throw new PartitionFault(frozenReason);
    if (this.#start.raise(to)) await dropBelowStart(this.#cutParts());
  }

  /** Deletes segments by time, size and log start. Returns how many. */
  async applyRetention(nowMs: number, o: { highWatermark?: Offset } = {}): Promise<number> {
    if (this.refusal !== undefined) return 0;
    const config = this.#options.config();
    for (const segment of [...this.#segments.all]) await segment.loadMaxTimestamp();
    await this.#compaction?.settled();
    const { logStartOffset, logEndOffset } = this;
    const ends = { logStartOffset, logEndOffset, highWatermark: o.highWatermark ?? logEndOffset };
    const count = expiredSegmentCount({ segments: this.#segments.all, config, nowMs, ...ends });
    if (count === 0) return 0;
    if (count === this.#segments.all.length) this.#roll(nowMs);
    this.#start.raise(itemAt(this.#segments.all, count).baseOffset);
    await dropBelowStart(this.#cutParts());
    return count;
  }

  /**
   * Chores, to be called every few seconds: flush.ms, idle producers, deleted files whose time has
   * come, file handles and indexes that nobody used since the last call.
   */
  maintain(nowMs: number): void {
    if (this.#closed) return;
    const config = this.#options.config();
    const isDue = this.#rounds.unsynced > 0 && this.#durable.unsyncedMs >= config.flushMs;
    if (isDue || this.#rounds.owed !== undefined) this.#rounds.startInBackground();
    this.#presence.lookIfDue();
    this.#producers.expire(nowMs, config.producerIdExpirationMs);
    this.#deleted.removeDue(nowMs);
    for (const segment of this.#segments.all) {
      segment.releaseIdle(segment === this.#segments.active);
    }
  }

  /**
   * Writes what lets recovery begin near the recovery point instead of at the active segment's
   * start, where enough was appended since the last time. To be called before each checkpoint.
   */
  noteRecoveryStart(): void {
    if (this.refusal !== undefined) return;
    this.#resumePoints.note(this.#producers, this);
  }

  /** Cuts the log at the batch that holds `offset`; a follower does, to agree with its leader. */
  async truncateTo(offset: Offset): Promise<void> {
    if (offset < this.#logEndOffset) await this.#cut(cutBack(this.#cutParts(), offset));
  }

  /**
   * Throws everything away and begins at `offset`, where its leader begins: behind its end, or
   * before it where nothing is in it.
   */
  async restartAt(offset: Offset): Promise<void> {
    await this.#cut(beginAnew(this.#cutParts(), offset));
    if (this.#start.raise(offset)) await this.#start.keep();
  }

  /** Until it is over the log's end is not that of its files: whoever closes it waits. */
  #cut(running: Promise<CutEnd>): Promise<void> {
    return this.#cutting = running.then(async (end) => {
      [this.#logEndOffset, this.#producers] = [end.logEndOffset, end.producers];
      this.#start.lower(end.logEndOffset);
      await this.#rounds.settle();
      if (this.#rounds.owed === undefined) this.#options.onSettled?.();
    });
  }

  #cutParts(): CutParts {
    return {
      options: this.#options,
      folder: this.folder,
      handles: this.#handles,
      segments: this.#segments,
      epochs: this.#epochs,
      rounds: this.#rounds,
      journaled: this.#journaled,
      deleted: this.#deleted,
      durable: this.#durable,
      reader: this.#reader,
      resumePoints: this.#resumePoints,
      start: this.#start,
      compaction: () => this.#compaction,
    };
  }

  /** Syncs, writes what makes a clean start quick, and lets go of all files. */
  async close(): Promise<void> {
    if (this.#closed) return;
    await this.#cutting?.catch(throwUnlessStoreFault);
    try {
      await this.#compaction?.stop();
      await this.#deleted.settled();
      await this.#rounds.idle();
      this.#presence.look();
      if (this.refusal === undefined) {
        this.#segments.active.writeIndexes();
        this.#resumePoints.takeSnapshot(this.#producers, this.#logEndOffset);
        if (this.#durable.isBehind) await this.#rounds.again();
        await this.#rounds.syncTo(this.#logEndOffset);
      }
    } finally {
      this.#end(this.refusal ?? "closed");
    }
  }

  /**
   * Closes the log and removes its folder; a crash meanwhile leaves a folder that is removed later.
   */
  async delete(): Promise<void> {
    if (this.#closed) return;
    this.#refusal = "deleted";
    await this.#compaction?.stop();
    await this.#deleted.settled();
    await this.#rounds.idle();
    this.#end("deleted");
    const deleted = deletedPathOf(this.#options);
    this.#options.files.remove(deleted);
    this.directory.reserve.spend(() => this.#options.files.rename(this.folder, deleted));
    await this.#durable.syncOwnName();
    await this.#options.files.removeAsync(deleted);
  }

  #end(state: string): void {
    this.#closed = true;
    this.#refusal ??= state;
    this.#rounds.stop();
    this.directory.forget(this, this.unsyncedBytes);
    for (const segment of this.#segments.all) {
      segment.retired = true;
      segment.file.retire();
    }
    this.#reader.invalidate();
  }

  /** The file first: a failure here has changed nothing. */
  #write(records: Uint8Array): void {
    const { active } = this.#segments;
    if (active.size === 0) this.#durable.noteNewFile();
    active.append(records);
  }

  /** Seals the active segment and begins the next; its file is made by the first append. */
  #roll(nowMs: number): void {
    const sealed = this.#segments.active;
    try {
      sealed.writeIndexes();
      this.#resumePoints.takeSnapshot(this.#producers, this.#logEndOffset);
    } catch (error) {
      throwUnlessStoreFault(error);
      // Both are built again when the log is opened without them.
      this.#log("warn", "cannot write an index or snapshot", error);
    }
    sealed.unsynced = true;
    this.#durable.noteNames();
    const { files, slices } = this.#options;
    const at = { folder: this.folder, baseOffset: this.#logEndOffset, size: 0, createdMs: nowMs };
    this.#segments.push(new Segment({ files, slices, handles: this.#handles, ...at }));
    this.#rounds.startInBackground();
  }

  #lookup(): Lookup {
    const { codecs } = this.#options;
    return { segments: () => this.#segments.all, logStartOffset: this.#start.offset, codecs };
  }

  #log(level: LogLevel, message: string, cause: unknown): void {
    const { topic, partition } = this;
    this.#options.logger.log(level, message, { topic, partition, reason: messageOf(cause) });
  }
}
