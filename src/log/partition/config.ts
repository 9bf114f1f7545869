// What a partition's log works by, in numbers: Kafka's topic configuration, already parsed. It is
// read through a function, so that a change of the topic's configuration takes effect at once.

import type { TopicCompression } from "../../records/mod.ts";

/** Sizes in bytes, times in milliseconds; -1 is unlimited where Kafka allows it. */
export interface LogConfig {
  readonly segmentBytes: number;
  readonly segmentMs: number;
  /** At most this much is taken off `segmentMs`, so that partitions do not all roll at once. */
  readonly segmentJitterMs: number;
  readonly segmentIndexBytes: number;
  readonly indexIntervalBytes: number;
  readonly retentionMs: number;
  readonly retentionBytes: number;
  readonly maxMessageBytes: number;
  /** The codec of stored batches; "producer" leaves them as they come. */
  readonly compression: TopicCompression;
  /** That codec's effort; undefined leaves it to the codec. */
  readonly compressionLevel: number | undefined;
  /** Records of one batch may not unpack to more than this. */
  readonly unpackedBytesMax: number;
  readonly messageTimestampType: "CreateTime" | "LogAppendTime";
  readonly messageTimestampBeforeMaxMs: number;
  readonly messageTimestampAfterMaxMs: number;
  readonly cleanupPolicy: readonly ("delete" | "compact")[];
  /** Share of a log that must be uncompacted before it is compacted. */
  readonly minCleanableDirtyRatio: number;
  /** A record is not compacted before it has this age, */
  readonly minCompactionLagMs: number;
  /** and no later than at this one. */
  readonly maxCompactionLagMs: number;
  /** How long a tombstone, or the marker of an emptied transaction, outlives its compaction. */
  readonly deleteRetentionMs: number;
  /** So many unsynced records, and who appends more waits for a sync. */
  readonly flushMessages: number;
  /** Age of an unsynced record after which a sync is started. */
  readonly flushMs: number;
  /** How long a record that was acknowledged to acks=all may wait for its sync; 0: not at all. */
  readonly acksAllSyncMs: number;
  readonly fileDeleteDelayMs: number;
  /** An idle producer's sequence numbers are forgotten after this. */
  readonly producerIdExpirationMs: number;
  /** A transaction's first batch is taken only if its coordinator knows of it (KIP-890). */
  readonly transactionsAreVerified: boolean;
}

/** Kafka's defaults. */
export const logConfigDefaults: LogConfig = {
  segmentBytes: 1024 * 1024 * 1024,
  segmentMs: 7 * 24 * 60 * 60 * 1000,
  segmentJitterMs: 0,
  segmentIndexBytes: 10 * 1024 * 1024,
  indexIntervalBytes: 4096,
  retentionMs: 7 * 24 * 60 * 60 * 1000,
  retentionBytes: -1,
  maxMessageBytes: 1024 * 1024 + 12,
  compression: "producer",
  compressionLevel: undefined,
  unpackedBytesMax: 100 * 1024 * 1024,
  messageTimestampType: "CreateTime",
  messageTimestampBeforeMaxMs: Number.MAX_SAFE_INTEGER,
  messageTimestampAfterMaxMs: 60 * 60 * 1000,
  cleanupPolicy: ["delete"],
  minCleanableDirtyRatio: 0.5,
  minCompactionLagMs: 0,
  maxCompactionLagMs: Number.MAX_SAFE_INTEGER,
  deleteRetentionMs: 24 * 60 * 60 * 1000,
  flushMessages: Number.MAX_SAFE_INTEGER,
  flushMs: Number.MAX_SAFE_INTEGER,
  acksAllSyncMs: 0,
  fileDeleteDelayMs: 60 * 1000,
  producerIdExpirationMs: 24 * 60 * 60 * 1000,
  transactionsAreVerified: true,
};

/** When a segment is full. */
export interface RollLimits
  extends Pick<LogConfig, "segmentBytes" | "segmentMs" | "segmentIndexBytes"> {
  /** How much younger than `segmentMs` it may be. */
  readonly jitterMs: number;
}

/**
 * When a segment is rolled: of a compacted log no later than its records must be compacted.
 * `jitter`: which part of the configured one is this log's.
 */
export function rollLimits(config: LogConfig, jitter: number): RollLimits {
  const { segmentBytes, segmentIndexBytes, cleanupPolicy, segmentJitterMs } = config;
  const isCompacted = cleanupPolicy.includes("compact");
  const ageMsMax = isCompacted ? config.maxCompactionLagMs : Infinity;
  const segmentMs = Math.min(config.segmentMs, ageMsMax);
  const jitterMs = Math.min(segmentJitterMs, segmentMs) * jitter;
  return { segmentBytes, segmentIndexBytes, segmentMs, jitterMs };
}
