// The configuration keys of groups, for the type system to complete and check. Written
// by `deno task docs` from src/broker/config/group_table.ts; not to be edited.
// A data table: exempt from the size rule.

import type { Configs } from "./config_values.ts";

/** Configurations of a group by the keys that Ottla knows. */
export interface KnownGroupConfigs {
  /** How long a silent member is taken to be alive. Default `45000`. */
  readonly "consumer.session.timeout.ms"?: number | bigint | string;
  /** How often members report to the coordinator. Default `5000`. */
  readonly "consumer.heartbeat.interval.ms"?: number | bigint | string;
  /** The least time between two computations of the assignment. Default `1000`. */
  readonly "consumer.assignment.interval.ms"?: number | bigint | string;
  /** How long a silent member is taken to be alive. Default `45000`. */
  readonly "share.session.timeout.ms"?: number | bigint | string;
  /** How often members report to the coordinator. Default `5000`. */
  readonly "share.heartbeat.interval.ms"?: number | bigint | string;
  /** The least time between two computations of the assignment. Default `1000`. */
  readonly "share.assignment.interval.ms"?: number | bigint | string;
  /** How long a member of a share group holds a record that it was given. Default `30000`. */
  readonly "share.record.lock.duration.ms"?: number | bigint | string;
  /** How often a share group tries to deliver a record. Default `5`. */
  readonly "share.delivery.count.limit"?: number | bigint | string;
  /** Most records of a partition that a share group holds at a time. Default `2000`. */
  readonly "share.partition.max.record.locks"?: number | bigint | string;
  /** Where a share group begins in a partition that is new to it. Default `latest`. */
  readonly "share.auto.offset.reset"?: string;
  /**
   * Whether a share group is given records of transactions that were aborted. Default
   * `read_uncommitted`.
   */
  readonly "share.isolation.level"?: "read_committed" | "read_uncommitted";
  /** Whether members may hold a record for longer. Default `true`. */
  readonly "share.renew.acknowledge.enable"?: boolean | "true" | "false";
  /** How long a silent member is taken to be alive. Default `45000`. */
  readonly "streams.session.timeout.ms"?: number | bigint | string;
  /** How often members report to the coordinator. Default `5000`. */
  readonly "streams.heartbeat.interval.ms"?: number | bigint | string;
  /** The least time between two computations of the assignment. Default `1000`. */
  readonly "streams.assignment.interval.ms"?: number | bigint | string;
  /** Standby copies of each task's state. Default `0`. */
  readonly "streams.num.standby.replicas"?: number | bigint | string;
  /** How long the first rebalance of an empty group waits for further members. Default `3000`. */
  readonly "streams.initial.rebalance.delay.ms"?: number | bigint | string;
}

/** Configurations of a group: Kafka's keys, and any other that its broker may know. */
export interface GroupConfigs extends KnownGroupConfigs, Configs {}

/** A key of Kafka's. */
export type GroupConfigName =
  | "consumer.session.timeout.ms"
  | "consumer.heartbeat.interval.ms"
  | "consumer.assignment.interval.ms"
  | "share.session.timeout.ms"
  | "share.heartbeat.interval.ms"
  | "share.assignment.interval.ms"
  | "share.record.lock.duration.ms"
  | "share.delivery.count.limit"
  | "share.partition.max.record.locks"
  | "share.auto.offset.reset"
  | "share.isolation.level"
  | "share.renew.acknowledge.enable"
  | "streams.session.timeout.ms"
  | "streams.heartbeat.interval.ms"
  | "streams.assignment.interval.ms"
  | "streams.num.standby.replicas"
  | "streams.initial.rebalance.delay.ms";
