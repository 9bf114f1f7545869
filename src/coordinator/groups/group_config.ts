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
  /** message.max.bytes: a group whose record would be larger is not stored */
  readonly recordBytesMax: number;
  /** What consumer groups obey besides. */
  readonly consumer: () => ConsumerGroupConfig;
  /** What streams groups obey besides. */
  readonly streams: () => StreamsGroupConfig;
  /** What share groups obey besides. */
  readonly share: () => ShareGroupConfig;
}

/** What a group of its own may set, the broker's word otherwise. Times in milliseconds. */
export interface ModernGroupSettings {
  /** consumer.session.timeout.ms, group.consumer.session.timeout.ms; the same for share groups */
  readonly sessionTimeoutMs: number;
  /** consumer.heartbeat.interval.ms, group.consumer.heartbeat.interval.ms */
  readonly heartbeatIntervalMs: number;
  /** consumer.assignment.interval.ms, group.consumer.assignment.interval.ms */
  readonly assignmentIntervalMs: number;
}

/** What consumer groups obey (KIP-848). */
export interface ConsumerGroupConfig {
  /** Whether group.coordinator.rebalance.protocols names them. */
  readonly isEnabled: boolean;
  /** group.consumer.assignors: the default one first. */
  readonly assignors: readonly string[];
  /** group.consumer.max.size */
  readonly groupSizeMax: number;
  /** group.consumer.migration.policy */
  readonly canUpgrade: boolean;
  readonly canDowngrade: boolean;
  /** group.consumer.regex.refresh.interval.ms */
  readonly regexRefreshIntervalMs: number;
  readonly settingsOf: (groupId: string) => ModernGroupSettings;
}

/** What share groups obey (KIP-932). */
export interface ShareGroupConfig {
  /** Whether share.version allows them. */
  readonly isEnabled: boolean;
  /** group.share.assignors */
  readonly assignor: string;
  /** group.share.max.size */
  readonly groupSizeMax: number;
  readonly settingsOf: (groupId: string) => ModernGroupSettings;
}

/** Kafka's defaults for whoever is assigned by the coordinator. */
const modernGroupSettingsDefaults: ModernGroupSettings = {
  sessionTimeoutMs: 45_000,
  heartbeatIntervalMs: 5_000,
  assignmentIntervalMs: 1_000,
};

/** What a streams group of its own may set besides, the broker's word otherwise. */
export interface StreamsGroupSettings extends ModernGroupSettings {
  /** streams.num.standby.replicas, group.streams.num.standby.replicas */
  readonly standbyReplicas: number;
  /** streams.initial.rebalance.delay.ms, group.streams.initial.rebalance.delay.ms */
  readonly initialRebalanceDelayMs: number;
}

/** What streams groups obey (KIP-1071). */
export interface StreamsGroupConfig {
  /** Whether group.coordinator.rebalance.protocols names them, and streams.version is 1. */
  readonly isEnabled: boolean;
  /** group.streams.max.size */
  readonly groupSizeMax: number;
  readonly settingsOf: (groupId: string) => StreamsGroupSettings;
}

/** Kafka's defaults. */
const consumerGroupConfigDefaults: ConsumerGroupConfig = {
  isEnabled: true,
  assignors: ["uniform", "range"],
  groupSizeMax: 2_147_483_647,
  canUpgrade: true,
  canDowngrade: true,
  regexRefreshIntervalMs: 600_000,
  settingsOf: () => modernGroupSettingsDefaults,
};

/** Kafka's defaults. */
const shareGroupConfigDefaults: ShareGroupConfig = {
  isEnabled: true,
  assignor: "simple",
  groupSizeMax: 200,
  settingsOf: () => modernGroupSettingsDefaults,
};

/** Kafka's defaults. */
const streamsGroupConfigDefaults: StreamsGroupConfig = {
  isEnabled: true,
  groupSizeMax: 2_147_483_647,
  settingsOf: () => ({
    ...consumerGroupConfigDefaults.settingsOf(""),
    standbyReplicas: 0,
    initialRebalanceDelayMs: 3_000,
  }),
};

/** Kafka's defaults. */
export const groupConfigDefaults: GroupConfig = {
  sessionTimeoutMinMs: 6_000,
  sessionTimeoutMaxMs: 1_800_000,
  groupSizeMax: 2_147_483_647,
  initialRebalanceDelayMs: 3_000,
  offsetMetadataBytesMax: 4_096,
  offsetsRetentionMs: 7 * 24 * 60 * 60 * 1_000,
  offsetsRetentionCheckIntervalMs: 600_000,
  recordBytesMax: 1_048_588,
  consumer: () => consumerGroupConfigDefaults,
  streams: () => streamsGroupConfigDefaults,
  share: () => shareGroupConfigDefaults,
};
