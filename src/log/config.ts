// What a partition's log works by, in numbers: Kafka's topic configuration, already parsed. It is
// read through a function, so that a change of the topic's configuration takes effect at once.

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
  readonly messageTimestampType: "CreateTime" | "LogAppendTime";
  readonly messageTimestampBeforeMaxMs: number;
  readonly messageTimestampAfterMaxMs: number;
  readonly cleanupPolicy: readonly ("delete" | "compact")[];
  /** Records after which a sync is started. */
  readonly flushMessages: number;
  /** Age of an unsynced record after which a sync is started. */
  readonly flushMs: number;
  readonly fileDeleteDelayMs: number;
  /** An idle producer's sequence numbers are forgotten after this. */
  readonly producerIdExpirationMs: number;
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
  messageTimestampType: "CreateTime",
  messageTimestampBeforeMaxMs: Number.MAX_SAFE_INTEGER,
  messageTimestampAfterMaxMs: 60 * 60 * 1000,
  cleanupPolicy: ["delete"],
  flushMessages: Number.MAX_SAFE_INTEGER,
  flushMs: Number.MAX_SAFE_INTEGER,
  fileDeleteDelayMs: 60 * 1000,
  producerIdExpirationMs: 24 * 60 * 60 * 1000,
};
