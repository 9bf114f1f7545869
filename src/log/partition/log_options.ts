// What a partition's log is opened with and what an append answers: the face's plain data.

import type { Int64 } from "../../base/int64.ts";
import type { LeaderEpoch, Offset, PartitionId, Uuid } from "../../base/ids.ts";
import type { FramedPayload, ProducePayload, RuntimeCodecs } from "../../records/mod.ts";
import type { Clock, Files, Logger, Timers } from "../../runtime/ports.ts";
import type { LogConfig } from "./config.ts";
import type { LogCounters } from "./counters.ts";
import { DirectoryState } from "../directory/directory_state.ts";
import { LogError } from "../appending/errors.ts";
import type { LeftBatches } from "../journal/left_journals.ts";
import type { LoadOptions } from "../recovery/load_state.ts";
import type { ColdReads } from "../reading/cold_reads.ts";
import type { ReadAhead } from "../reading/read_ahead.ts";
import { OpenHandles } from "../directory/open_handles.ts";
import type { SaveLogStart } from "./log_start.ts";
import type { AppendOrigin } from "../appending/payload.ts";
import type { ProducerBatch } from "../producers/producer_state.ts";
import type { Verification } from "../producers/verifications.ts";
import type { Slices } from "../pacing/slices.ts";

export interface LogOptions {
  /** The data directory; the partition's own folder is made in it. */
  readonly folder: string;
  readonly topic: string;
  readonly partition: PartitionId;
  readonly topicId: Uuid;
  /** Asked at each use, so that a change takes effect at once. */
  readonly config: () => LogConfig;
  readonly files: Files;
  readonly clock: Clock;
  /** For syncs that are due later; without it they come with the chores. */
  readonly timers?: Timers;
  readonly logger: Logger;
  /** Shared by all logs of a data directory (LogFolder has them); bounds open files. */
  readonly handles?: OpenHandles;
  /** Likewise: whether the directory works and has room, and when a log may sync. */
  readonly directory?: DirectoryState;
  /** Likewise: bounds what is read at once. */
  readonly coldReads?: ColdReads;
  /** Counts what this log does, with others; without it nobody asks. */
  readonly counters?: LogCounters;
  /** Recovery may have to look at so much besides what was not synced; 1 MiB by default. */
  readonly recoveryBytesMax?: number;
  /** Shared by all logs: their long work is done in these. Without them in one go. */
  readonly slices?: Slices;
  /** To look into compressed batches, and to compress as the topic wants it. */
  readonly codecs?: RuntimeCodecs;
  /** Where cold readers keep what they read ahead; shared by logs. Without it none is. */
  readonly readAhead?: ReadAhead;
  /** From the data directory's checkpoints; 0 when there is none. */
  readonly recoveryPoint?: Offset;
  readonly logStartOffset?: Offset;
  /** What lies below it is kept elsewhere, too, so that it may be missing here; 0 by default. */
  readonly coveredTo?: Offset;
  /** Whether those may be of a topic that had the name before: then they prove no loss. */
  readonly checkpointMayBeStale?: boolean;
  /** Where compaction goes on; likewise. */
  readonly firstDirtyOffset?: Offset;
  /** Called before segments below the log's start are deleted, and before others hear of it. */
  readonly saveLogStart?: SaveLogStart;
  /** Makes the recovery points durable: called before what they promise is cut. */
  readonly saveRecoveryPoint?: () => Promise<void>;
  /** Where consumers' view ended, by the checkpoint; absent: where the log ends. */
  readonly highWatermark?: Offset;
  /** Whether the data directory was closed cleanly: then nothing is scanned. */
  readonly cleanShutdown: boolean;
  /**
   * Whether the machine was started anew since the directory was last used, so that what was not
   * synced may be lost. Undefined: nobody knows.
   */
  readonly machineRestarted?: boolean;
  /**
   * Whether what a mere kill has left may wait for the next sync: no earlier recovery can have cut
   * what is not synced. Otherwise it is synced when the log is opened.
   */
  readonly settlesLater?: boolean;
  /** It is about to be cut, or owes the sync of that for want of room. */
  readonly onUnsettled?: () => void;
  /** What was cut is durable. */
  readonly onSettled?: () => void;
  /** Its files were removed while it is open. */
  readonly onGone?: () => void;
  /** What the directory's journal has of it. */
  readonly journaled?: LeftBatches | undefined;
  /** Whether a sync failed since then, so that reads may see what is not on disk. */
  readonly isSuspect?: boolean;
}

/** Who appends, and as whom. */
export interface AppendOptions {
  readonly leaderEpoch: LeaderEpoch;
  readonly origin: AppendOrigin;
  /** The payload of a client, where its frame was checked before. */
  readonly framed?: FramedPayload;
  /** What checking all of it came to, where that was done before. */
  readonly checked?: ProducePayload;
  /** What {@link PartitionLog.beginVerification} gave, once the coordinator has agreed. */
  readonly verification?: Verification;
  /** Of a marker: the version of its transaction's protocol; 0 by default. */
  readonly transactionVersion?: number;
  /** Whether the answer waits for the disk, so that the directory's journal may have it first. */
  readonly isAwaited?: boolean;
  /** So many logs, this one among them, have something that is awaited by now; 1 by default. */
  readonly together?: number;
  /** Whether it is the brokers' own, so that what is kept for that on a full disk takes it. */
  readonly isOwn?: boolean;
  /** Whether it makes room: then it may use what is kept for that. */
  readonly spendsReserve?: boolean;
}

/** `logAppendTimeMs` is -1 for CreateTime. A failed append has changed nothing. */
export type AppendResult =
  | {
    readonly ok: true;
    readonly baseOffset: Offset;
    readonly lastOffset: Offset;
    readonly logAppendTimeMs: Int64;
    readonly logStartOffset: Offset;
    /** The producer had sent it before; these are the offsets that it got then. */
    readonly duplicate: boolean;
  }
  | { readonly ok: false; readonly errorCode: number; readonly message: string };

/** The answer to a batch that was appended before. */
export function answerOfFirstTime(
  { lastOffset, offsetDelta, timestampMs }: ProducerBatch,
  log: { readonly config: LogConfig; readonly logStartOffset: Offset },
): AppendResult {
  const { config, logStartOffset } = log;
  const logAppendTimeMs = config.messageTimestampType === "LogAppendTime" ? timestampMs : -1;
  const baseOffset = lastOffset - offsetDelta;
  return { ok: true, baseOffset, lastOffset, logAppendTimeMs, logStartOffset, duplicate: true };
}

/** The answer while a log is offline. */
export function storageError(message: string): AppendResult {
  return { ok: false, errorCode: LogError.KAFKA_STORAGE_ERROR, message };
}

/** The directory that `options` name, or one that the log has for itself. */
export function directoryOf(options: LogOptions): DirectoryState {
  const { folder: path, files, logger, clock } = options;
  const monotonic = () => clock.monotonic();
  return options.directory ?? new DirectoryState({ path, files, logger, monotonic });
}

/** Whether offsets may be missing between batches: a log that was compacted once has gaps. */
export function mayHaveGaps(options: LogOptions): boolean {
  const { cleanupPolicy } = options.config();
  return cleanupPolicy.includes("compact") || options.firstDirtyOffset !== undefined;
}

/** What loading needs of them. */
export function loadOptions(options: LogOptions, folder: string): LoadOptions {
  const { topic, partition, logger } = options;
  const config = options.config();
  return {
    files: options.files,
    handles: options.handles ?? new OpenHandles(),
    folder,
    recoveryPoint: options.recoveryPoint ?? 0,
    logStartOffset: options.logStartOffset ?? 0,
    coveredTo: options.coveredTo ?? 0,
    recoveryPointMayBeStale: options.checkpointMayBeStale ?? false,
    firstDirtyOffset: options.firstDirtyOffset,
    cleanShutdown: options.cleanShutdown,
    mayHaveLostWrites: options.machineRestarted !== false,
    isSuspect: options.isSuspect ?? false,
    onCut: () => options.onUnsettled?.(),
    gapsAllowed: mayHaveGaps(options),
    indexIntervalBytes: config.indexIntervalBytes,
    nowMs: options.clock.now(),
    slices: options.slices,
    log: (level, message, fields) => logger.log(level, message, { topic, partition, ...fields }),
  };
}
