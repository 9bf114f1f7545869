// Parts of the configuration in the form in which other folders take them.

import type { InternalTopic, MetadataImage } from "../../cluster/mod.ts";
import {
  groupVersionFeature,
  ResourceType,
  shareVersionFeature,
  streamsVersionFeature,
} from "../../cluster/mod.ts";
import type {
  AnyCoordinator,
  ConsumerGroupConfig,
  GroupConfig,
  ModernGroupSettings,
  ShareGroupConfig,
  ShareStateConfig,
  StreamsGroupConfig,
  TransactionConfig,
} from "../../coordinator/mod.ts";
import type { LogConfig } from "../../log/mod.ts";
import type { BrokerKeyName } from "./broker_table.ts";
import type { BrokerConfig } from "./mod.ts";
import type { SnapshotConfig } from "../metadata/snapshots.ts";
import type { ConnectionBounds } from "../network/connection_counts.ts";
import type { ConnectionRatesOptions } from "../network/connection_rates.ts";
import type { RateWindows } from "../quota_rate.ts";

const msPerMinute = 60_000;
const intMax = 0x7fff_ffff;

/** What the group coordinator works by. */
export function groupConfigOf(config: BrokerConfig, image: () => MetadataImage): GroupConfig {
  return {
    sessionTimeoutMinMs: config.get("group.min.session.timeout.ms"),
    sessionTimeoutMaxMs: config.get("group.max.session.timeout.ms"),
    groupSizeMax: config.get("group.max.size"),
    initialRebalanceDelayMs: config.get("group.initial.rebalance.delay.ms"),
    offsetMetadataBytesMax: config.get("offset.metadata.max.bytes"),
    offsetsRetentionMs: config.get("offsets.retention.minutes") * msPerMinute,
    offsetsRetentionCheckIntervalMs: config.get("offsets.retention.check.interval.ms"),
    recordBytesMax: config.get("message.max.bytes"),
    consumer: () => consumerGroupConfigOf(config, image),
    share: () => shareGroupConfigOf(config, image),
    streams: () => streamsGroupConfigOf(config, image),
  };
}

/** What consumer groups obey; a group's own settings come before the broker's. */
function consumerGroupConfigOf(
  config: BrokerConfig,
  image: () => MetadataImage,
): ConsumerGroupConfig {
  const policy = config.get("group.consumer.migration.policy").toLowerCase();
  const isOfVersion = (image().features.get(groupVersionFeature) ?? 0) >= 1;
  return {
    isEnabled: isOfVersion &&
      config.get("group.coordinator.rebalance.protocols").includes("consumer"),
    assignors: config.get("group.consumer.assignors"),
    groupSizeMax: config.get("group.consumer.max.size"),
    canUpgrade: policy === "bidirectional" || policy === "upgrade",
    canDowngrade: policy === "bidirectional" || policy === "downgrade",
    regexRefreshIntervalMs: config.get("group.consumer.regex.refresh.interval.ms"),
    settingsOf: modernSettings(config, { kind: "consumer", image }),
  };
}

/** What share groups obey; a group's own settings come before the broker's. */
function shareGroupConfigOf(config: BrokerConfig, image: () => MetadataImage): ShareGroupConfig {
  return {
    isEnabled: (image().features.get(shareVersionFeature) ?? 0) >= 1,
    // There is one for all groups.
    assignor: config.get("group.share.assignors")[0] ?? "",
    groupSizeMax: config.get("group.share.max.size"),
    settingsOf: modernSettings(config, { kind: "share", image }),
  };
}

/** What streams groups obey; a group's own settings come before the broker's. */
function streamsGroupConfigOf(
  config: BrokerConfig,
  image: () => MetadataImage,
): StreamsGroupConfig {
  const isOfVersion = (image().features.get(streamsVersionFeature) ?? 0) >= 1;
  const settingsOf = modernSettings(config, { kind: "streams", image });
  return {
    isEnabled: isOfVersion &&
      config.get("group.coordinator.rebalance.protocols").includes("streams"),
    groupSizeMax: config.get("group.streams.max.size"),
    settingsOf(groupId) {
      const own = image().configs(ResourceType.GROUP, groupId);
      const terms = groupTerms(config);
      const inForce = (name: keyof GroupSettings) => within(own.get(name), terms[name]);
      return {
        ...settingsOf(groupId),
        standbyReplicas: inForce("streams.num.standby.replicas"),
        initialRebalanceDelayMs: inForce("streams.initial.rebalance.delay.ms"),
      };
    },
  };
}

/** What each group of this kind has, as things stand when it is asked. */
function modernSettings(
  config: Pick<BrokerConfig, "get">,
  { kind, image }: { readonly kind: ModernKind; readonly image: () => MetadataImage },
): (groupId: string) => ModernGroupSettings {
  return (groupId) => {
    const own = image().configs(ResourceType.GROUP, groupId);
    const inForce = (name: ModernSetting) => {
      const text = own.get(`${kind}.${name}`);
      // Asked with each heartbeat, and hardly any group has settings of its own.
      if (text === undefined) return config.get(`group.${kind}.${name}`);
      return within(text, groupTerms(config)[`${kind}.${name}`]);
    };
    return {
      sessionTimeoutMs: inForce("session.timeout.ms"),
      heartbeatIntervalMs: inForce("heartbeat.interval.ms"),
      assignmentIntervalMs: inForce("assignment.interval.ms"),
    };
  };
}

/** What a setting of a group may be, and what it is where the group has none. */
export interface GroupTerms {
  readonly min: number;
  readonly max: number;
  readonly otherwise: number;
}

/** The kinds of groups whose members the coordinator assigns. */
type ModernKind = "consumer" | "share" | "streams";
type ModernSetting = "session.timeout.ms" | "heartbeat.interval.ms" | "assignment.interval.ms";

/** What a share group may have under way in a partition. */
type ShareSetting =
  | "share.record.lock.duration.ms"
  | "share.delivery.count.limit"
  | "share.partition.max.record.locks";

/** What a streams group may have besides. */
type StreamsSetting = "streams.num.standby.replicas" | "streams.initial.rebalance.delay.ms";

/** The settings of groups for which the broker has bounds, by name. */
export type GroupSettings = Readonly<
  Record<`${ModernKind}.${ModernSetting}` | ShareSetting | StreamsSetting, GroupTerms>
>;

/** What the broker says now of the settings of groups. */
export function groupTerms(config: Pick<BrokerConfig, "get">): GroupSettings {
  return { ...consumerTerms(config), ...shareTerms(config), ...streamsTerms(config) };
}

function consumerTerms(config: Pick<BrokerConfig, "get">) {
  return {
    "consumer.session.timeout.ms": {
      min: config.get("group.consumer.min.session.timeout.ms"),
      max: config.get("group.consumer.max.session.timeout.ms"),
      otherwise: config.get("group.consumer.session.timeout.ms"),
    },
    "consumer.heartbeat.interval.ms": {
      min: config.get("group.consumer.min.heartbeat.interval.ms"),
      max: config.get("group.consumer.max.heartbeat.interval.ms"),
      otherwise: config.get("group.consumer.heartbeat.interval.ms"),
    },
    "consumer.assignment.interval.ms": {
      min: config.get("group.consumer.min.assignment.interval.ms"),
      max: config.get("group.consumer.max.assignment.interval.ms"),
      otherwise: config.get("group.consumer.assignment.interval.ms"),
    },
  };
}

function shareTerms(config: Pick<BrokerConfig, "get">) {
  return {
    "share.session.timeout.ms": {
      min: config.get("group.share.min.session.timeout.ms"),
      max: config.get("group.share.max.session.timeout.ms"),
      otherwise: config.get("group.share.session.timeout.ms"),
    },
    "share.heartbeat.interval.ms": {
      min: config.get("group.share.min.heartbeat.interval.ms"),
      max: config.get("group.share.max.heartbeat.interval.ms"),
      otherwise: config.get("group.share.heartbeat.interval.ms"),
    },
    "share.assignment.interval.ms": {
      min: config.get("group.share.min.assignment.interval.ms"),
      max: config.get("group.share.max.assignment.interval.ms"),
      otherwise: config.get("group.share.assignment.interval.ms"),
    },
    "share.record.lock.duration.ms": {
      min: config.get("group.share.min.record.lock.duration.ms"),
      max: config.get("group.share.max.record.lock.duration.ms"),
      otherwise: config.get("group.share.record.lock.duration.ms"),
    },
    "share.delivery.count.limit": {
      min: config.get("group.share.min.delivery.count.limit"),
      max: config.get("group.share.max.delivery.count.limit"),
      otherwise: config.get("group.share.delivery.count.limit"),
    },
    "share.partition.max.record.locks": {
      min: config.get("group.share.min.partition.max.record.locks"),
      max: config.get("group.share.max.partition.max.record.locks"),
      otherwise: config.get("group.share.partition.max.record.locks"),
    },
  };
}

function streamsTerms(config: Pick<BrokerConfig, "get">) {
  return {
    "streams.session.timeout.ms": {
      min: config.get("group.streams.min.session.timeout.ms"),
      max: config.get("group.streams.max.session.timeout.ms"),
      otherwise: config.get("group.streams.session.timeout.ms"),
    },
    "streams.heartbeat.interval.ms": {
      min: config.get("group.streams.min.heartbeat.interval.ms"),
      max: config.get("group.streams.max.heartbeat.interval.ms"),
      otherwise: config.get("group.streams.heartbeat.interval.ms"),
    },
    "streams.assignment.interval.ms": {
      min: config.get("group.streams.min.assignment.interval.ms"),
      max: config.get("group.streams.max.assignment.interval.ms"),
      otherwise: config.get("group.streams.assignment.interval.ms"),
    },
    "streams.num.standby.replicas": {
      min: 0,
      max: config.get("group.streams.max.standby.replicas"),
      otherwise: config.get("group.streams.num.standby.replicas"),
    },
    "streams.initial.rebalance.delay.ms": {
      min: 0,
      max: intMax,
      otherwise: config.get("group.streams.initial.rebalance.delay.ms"),
    },
  };
}

/**
 * A group's own number, within the bounds that the broker sets now; the broker's where it has none.
 */
export function within(
  text: string | undefined,
  { min, max, otherwise }: GroupTerms,
): number {
  const number = Number(text);
  if (text === undefined || !Number.isInteger(number)) return otherwise;
  return Math.min(Math.max(number, min), max);
}

/** What the transaction coordinator works by, at a level of the feature transaction.version. */
export function transactionConfigOf(
  config: BrokerConfig,
  transactionVersion: number,
): TransactionConfig {
  return {
    timeoutMaxMs: config.get("transaction.max.timeout.ms"),
    abortIntervalMs: config.get("transaction.abort.timed.out.transaction.cleanup.interval.ms"),
    expirationMs: config.get("transactional.id.expiration.ms"),
    expirationIntervalMs: config.get("transaction.remove.expired.transaction.cleanup.interval.ms"),
    transactionVersion,
  };
}

/** How clients' rates are measured for their quotas. */
export function quotaWindowsOf(config: BrokerConfig): RateWindows {
  return {
    count: config.get("quota.window.num"),
    ms: config.get("quota.window.size.seconds") * 1000,
  };
}

/** How many connections there may be. */
export function connectionBoundsOf(config: BrokerConfig): ConnectionBounds {
  return {
    connectionsMax: () => config.get("max.connections"),
    listenerMax: (listener) => config.ofListener("max.connections", { listener }),
    isProtected: (listener) =>
      listener === config.interBrokerListener && config.listeners.length > 1,
    perAddressMax: () => config.get("max.connections.per.ip"),
    overrides: () => config.get("max.connections.per.ip.overrides"),
  };
}

/** How fast they may come. */
export function connectionRatesOf(
  config: BrokerConfig,
): Pick<ConnectionRatesOptions, "windows" | "brokerMax" | "listenerMax"> {
  const key = "max.connection.creation.rate";
  return {
    windows: quotaWindowsOf(config),
    brokerMax: () => config.get(key),
    listenerMax: (listener) => config.ofListener(key, { listener }),
  };
}

/** By which changes of topics are measured. */
export function mutationWindowsOf(config: BrokerConfig): RateWindows {
  return {
    count: config.get("controller.quota.window.num"),
    ms: config.get("controller.quota.window.size.seconds") * 1000,
  };
}

/**
 * What the metadata log works by: retention does not concern it, since snapshots stand for what is
 * deleted, and a change of it is one batch of any size.
 */
export function metadataLogConfig(config: BrokerConfig): LogConfig {
  const log = config.topicLogConfig(
    new Map([
      ["max.message.bytes", String(0x7fffffff)],
      ["retention.ms", "-1"],
      ["retention.bytes", "-1"],
      ["message.timestamp.type", "CreateTime"],
    ]),
  );
  // A segment goes as a whole: one that is larger than what lies between two snapshots would keep
  // what both of them stand for.
  const between = Math.max(config.get("metadata.log.max.record.bytes.between.snapshots"), 1024);
  return {
    ...log,
    segmentBytes: Math.min(config.get("metadata.log.segment.bytes"), between),
    segmentMs: config.get("metadata.log.segment.ms"),
  };
}

/** When the metadata gets snapshots, and how long they stay. */
export function snapshotConfigOf(config: BrokerConfig): SnapshotConfig {
  return {
    recordBytesBetween: config.get("metadata.log.max.record.bytes.between.snapshots"),
    intervalMs: config.get("metadata.log.max.snapshot.interval.ms"),
    retentionBytes: config.get("metadata.max.retention.bytes"),
    retentionMs: config.get("metadata.max.retention.ms"),
  };
}

/** What the share coordinator works by. */
export function shareStateConfigOf(config: BrokerConfig): ShareStateConfig {
  const updatesPerSnapshot = config.get("share.coordinator.snapshot.update.records.per.snapshot");
  return { updatesPerSnapshot };
}

/** The topic of a coordinator, as it is created when somebody first needs it. */
export function internalTopicOf(
  config: Pick<BrokerConfig, "get">,
  { topic, created }: Pick<AnyCoordinator, "topic" | "created">,
): InternalTopic {
  // That they are keys, and what they are of, parts_test.ts says.
  const setting = (name: string) => config.get(name as BrokerKeyName);
  const configs = Object.entries(created.configs).map(([name, value]) =>
    [name, typeof value === "string" ? value : String(setting(value.setting))] as const
  );
  return {
    name: topic,
    partitionCount: Number(setting(created.partitionCount)),
    replicationFactor: Number(setting(created.replicationFactor)),
    configs: new Map(configs),
  };
}
