// The broker settings that groups obey, under Kafka's own names in comments. They are read at each
// use, so that a dynamic change counts from the next decision on.

/** Times in milliseconds. */
export interface GroupConfig {
  /** group.min.session.timeout.ms */
  readonly sessionTimeoutMinMs: number;
  /** group.max.session.timeout.ms */
  readonly sessionTimeoutMaxMs: number;
  /** group.max.size */
  readonly groupSizeMax: number;
  /** group.initial.rebalance.delay.ms */
  readonly initialRebalanceDelayMs: number;
  /** offset.metadata.max.bytes */
  readonly offsetMetadataBytesMax: number;
  /** offsets.retention.minutes, in milliseconds */
  readonly offsetsRetentionMs: number;
  /** offsets.retention.check.interval.ms */
  readonly offsetsRetentionCheckIntervalMs: number;
}

/** Kafka's defaults. */
export const groupConfigDefaults: GroupConfig = {
  sessionTimeoutMinMs: 6_000,
  sessionTimeoutMaxMs: 1_800_000,
  groupSizeMax: 2_147_483_647,
  initialRebalanceDelayMs: 3_000,
  offsetMetadataBytesMax: 4_096,
  offsetsRetentionMs: 7 * 24 * 60 * 60 * 1_000,
  offsetsRetentionCheckIntervalMs: 600_000,
};
