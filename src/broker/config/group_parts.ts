// What groups are coordinated by: the broker's word, and within its bounds that of a group of its
// own.
//
//   configuration ──> GroupConfig    getters, so that each use reads what is in force
//        └─ and what is set of a group ──> settings of a group, at each use
//
// Invariant: what is kept here is derived from a configuration that is still in force.

import {
  groupVersionFeature,
  type MetadataImage,
  ResourceType,
  shareVersionFeature,
  streamsVersionFeature,
} from "../../cluster/mod.ts";
import type {
  ConsumerGroupConfig,
  GroupConfig,
  ModernGroupSettings,
  ShareGroupConfig,
  StreamsGroupConfig,
} from "../../coordinator/mod.ts";
import type { BrokerConfig } from "./mod.ts";

const msPerMinute = 60_000;
const intMax = 0x7fff_ffff;

/**
 * What the group coordinator works by. Made once, and read at each use: a heartbeat asks for some
 * of it a dozen times.
 */
export function groupConfigOf(config: BrokerConfig, image: () => MetadataImage): GroupConfig {
  const consumer = consumerGroupConfigOf(config, image);
  const share = shareGroupConfigOf(config, image);
  const streams = streamsGroupConfigOf(config, image);
  return {
    get sessionTimeoutMinMs() {
      return config.get("group.min.session.timeout.ms");
    },
    get sessionTimeoutMaxMs() {
      return config.get("group.max.session.timeout.ms");
    },
    get groupSizeMax() {
      return config.get("group.max.size");
    },
    get initialRebalanceDelayMs() {
      return config.get("group.initial.rebalance.delay.ms");
    },
    get offsetMetadataBytesMax() {
      return config.get("offset.metadata.max.bytes");
    },
    get offsetsRetentionMs() {
      return config.get("offsets.retention.minutes") * msPerMinute;
    },
    get offsetsRetentionCheckIntervalMs() {
      return config.get("offsets.retention.check.interval.ms");
    },
    get recordBytesMax() {
      return config.get("message.max.bytes");
    },
    consumer: () => consumer,
    share: () => share,
    streams: () => streams,
  };
}

/** What consumer groups obey; a group's own settings come before the broker's. */
function consumerGroupConfigOf(
  config: BrokerConfig,
  image: () => MetadataImage,
): ConsumerGroupConfig {
  const policy = () => config.get("group.consumer.migration.policy").toLowerCase();
  return {
    get isEnabled() {
      return (image().features.get(groupVersionFeature) ?? 0) >= 1 &&
        config.get("group.coordinator.rebalance.protocols").includes("consumer");
    },
    get assignors() {
      return config.get("group.consumer.assignors");
    },
    get groupSizeMax() {
      return config.get("group.consumer.max.size");
    },
    get canUpgrade() {
      return ["bidirectional", "upgrade"].includes(policy());
    },
    get canDowngrade() {
      return ["bidirectional", "downgrade"].includes(policy());
    },
    get regexRefreshIntervalMs() {
      return config.get("group.consumer.regex.refresh.interval.ms");
    },
    settingsOf: settingsOf(config, image, (inForce) => modernSettings(inForce, "consumer")),
  };
}

/** What share groups obey; a group's own settings come before the broker's. */
function shareGroupConfigOf(config: BrokerConfig, image: () => MetadataImage): ShareGroupConfig {
  return {
    get isEnabled() {
      return (image().features.get(shareVersionFeature) ?? 0) >= 1;
    },
    // There is one for all groups.
    get assignor() {
      return config.get("group.share.assignors")[0] ?? "";
    },
    get groupSizeMax() {
      return config.get("group.share.max.size");
    },
    settingsOf: settingsOf(config, image, (inForce) => modernSettings(inForce, "share")),
  };
}

/** What streams groups obey; a group's own settings come before the broker's. */
function streamsGroupConfigOf(
  config: BrokerConfig,
  image: () => MetadataImage,
): StreamsGroupConfig {
  return {
    get isEnabled() {
      return (image().features.get(streamsVersionFeature) ?? 0) >= 1 &&
        config.get("group.coordinator.rebalance.protocols").includes("streams");
    },
    get groupSizeMax() {
      return config.get("group.streams.max.size");
    },
    settingsOf: settingsOf(config, image, (inForce) => ({
      ...modernSettings(inForce, "streams"),
      standbyReplicas: inForce("streams.num.standby.replicas"),
      initialRebalanceDelayMs: inForce("streams.initial.rebalance.delay.ms"),
    })),
  };
}

/** What a setting of a group comes to. */
type InForce = (name: keyof GroupSettings) => number;

function modernSettings(inForce: InForce, kind: ModernKind): ModernGroupSettings {
  return {
    sessionTimeoutMs: inForce(`${kind}.session.timeout.ms`),
    heartbeatIntervalMs: inForce(`${kind}.heartbeat.interval.ms`),
    assignmentIntervalMs: inForce(`${kind}.assignment.interval.ms`),
  };
}

/** What each group has, as things stand when it is asked: hardly any has settings of its own. */
function settingsOf<T>(
  config: BrokerConfig,
  image: () => MetadataImage,
  make: (inForce: InForce) => T,
): (groupId: string) => T {
  const terms = derived(config, () => groupTerms(config));
  const ofTheBroker = derived(config, () => make((name) => terms()[name].otherwise));
  return (groupId) => {
    const own = image().configs(ResourceType.GROUP, groupId);
    if (own.size === 0) return ofTheBroker();
    return make((name) => within(own.get(name), terms()[name]));
  };
}

/** What `make` derives from the configuration: made again once that is another. */
function derived<T>(config: BrokerConfig, make: () => T): () => T {
  let made: { readonly generation: number; readonly value: T } | undefined;
  return () => {
    const { generation } = config;
    if (made?.generation !== generation) made = { generation, value: make() };
    return made.value;
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
