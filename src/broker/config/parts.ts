// Parts of the configuration in the form in which other folders take them.

import type { InternalTopic } from "../../cluster/mod.ts";
import type { AnyCoordinator, ShareStateConfig, TransactionConfig } from "../../coordinator/mod.ts";
import type { LogConfig } from "../../log/mod.ts";
import type { BrokerKeyName } from "./broker_table.ts";
import type { BrokerConfig } from "./mod.ts";
import type { SnapshotConfig } from "../metadata/snapshots.ts";
import type { ConnectionBounds } from "../network/connection_counts.ts";
import type { ConnectionRatesOptions } from "../network/connection_rates.ts";
import type { RateWindows } from "../limits/quota_rate.ts";

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

/** How many connections there may be, where the process has files for `descriptorsMax`. */
export function connectionBoundsOf(
  config: BrokerConfig,
  descriptorsMax: number,
): ConnectionBounds {
  return {
    descriptorsMax,
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
