// The keys of groups (resource type 32) and of client metrics (16), with Kafka's types, defaults
// and bounds.
//
//   group            obeyed within what the broker allows (group.consumer.min.* and max.* ...)
//   client metrics   which metrics clients are asked to push: GetTelemetrySubscriptions
//
// A data table: exempt from the size rule.

import type { ResourceKey } from "./describe.ts";

const sessionTimeout = { type: "int", default: "45000", min: 45_000, max: 60_000 } as const;
const heartbeatInterval = { type: "int", default: "5000", min: 5_000, max: 15_000 } as const;
const assignmentInterval = { type: "int", default: "1000", min: 0, max: 15_000 } as const;

const sessionTimeoutDoc = "How long a silent member is taken to be alive.";
const heartbeatDoc = "How often members report to the coordinator.";
const assignmentDoc = "The least time between two computations of the assignment.";

export const groupKeys: Readonly<Record<string, ResourceKey>> = {
  "consumer.session.timeout.ms": {
    ...sessionTimeout,
    synonym: "group.consumer.session.timeout.ms",
    doc: sessionTimeoutDoc,
  },
  "consumer.heartbeat.interval.ms": {
    ...heartbeatInterval,
    synonym: "group.consumer.heartbeat.interval.ms",
    doc: heartbeatDoc,
  },
  "consumer.assignment.interval.ms": {
    ...assignmentInterval,
    synonym: "group.consumer.assignment.interval.ms",
    doc: assignmentDoc,
  },
  "share.session.timeout.ms": {
    ...sessionTimeout,
    synonym: "group.share.session.timeout.ms",
    doc: sessionTimeoutDoc,
  },
  "share.heartbeat.interval.ms": {
    ...heartbeatInterval,
    synonym: "group.share.heartbeat.interval.ms",
    doc: heartbeatDoc,
  },
  "share.assignment.interval.ms": {
    ...assignmentInterval,
    synonym: "group.share.assignment.interval.ms",
    doc: assignmentDoc,
  },
  "share.record.lock.duration.ms": {
    type: "int",
    default: "30000",
    min: 15_000,
    max: 60_000,
    synonym: "group.share.record.lock.duration.ms",
    doc: "How long a member of a share group holds a record that it was given.",
  },
  "share.delivery.count.limit": {
    type: "int",
    default: "5",
    min: 2,
    max: 10,
    synonym: "group.share.delivery.count.limit",
    doc: "How often a share group tries to deliver a record.",
  },
  "share.partition.max.record.locks": {
    type: "int",
    default: "2000",
    min: 100,
    max: 10_000,
    synonym: "group.share.partition.max.record.locks",
    doc: "Most records of a partition that a share group holds at a time.",
  },
  "share.auto.offset.reset": {
    type: "string",
    default: "latest",
    form: {
      pattern: /^(earliest|latest|by_duration:P(?=[\dT])(\d+D)?(T(\d+H)?(\d+M)?(\d+(\.\d+)?S)?)?)$/,
      said: "either 'earliest', 'latest' or of the format 'by_duration:<PnDTnHnMn.nS>'",
    },
    synonym: "share.auto.offset.reset",
    doc: "Where a share group begins in a partition that is new to it.",
  },
  "share.isolation.level": {
    type: "string",
    default: "read_uncommitted",
    oneOf: ["read_committed", "read_uncommitted"],
    synonym: "share.isolation.level",
    doc: "Whether a share group is given records of transactions that were aborted.",
  },
  "share.renew.acknowledge.enable": {
    type: "boolean",
    default: "true",
    synonym: "share.renew.acknowledge.enable",
    doc: "Whether members may hold a record for longer.",
  },
  "streams.session.timeout.ms": {
    ...sessionTimeout,
    synonym: "group.streams.session.timeout.ms",
    doc: sessionTimeoutDoc,
  },
  "streams.heartbeat.interval.ms": {
    ...heartbeatInterval,
    synonym: "group.streams.heartbeat.interval.ms",
    doc: heartbeatDoc,
  },
  "streams.assignment.interval.ms": {
    ...assignmentInterval,
    synonym: "group.streams.assignment.interval.ms",
    doc: assignmentDoc,
  },
  "streams.num.standby.replicas": {
    type: "int",
    default: "0",
    min: 0,
    max: 2,
    synonym: "group.streams.num.standby.replicas",
    doc: "Standby copies of each task's state.",
  },
  "streams.initial.rebalance.delay.ms": {
    type: "int",
    default: "3000",
    min: 0,
    synonym: "group.streams.initial.rebalance.delay.ms",
    doc: "How long the first rebalance of an empty group waits for further members.",
  },
};

/** What a client's `match` entries can be about. */
export const clientMatchKeys = [
  "client_instance_id",
  "client_id",
  "client_software_name",
  "client_software_version",
  "client_source_address",
  "client_source_port",
] as const;

export const clientMetricsKeys = {
  "metrics": {
    type: "list",
    default: "",
    doc: "Prefixes of the metrics that clients push, * for all of them.",
  },
  "interval.ms": {
    type: "int",
    default: "300000",
    min: 100,
    max: 3_600_000,
    doc: "How often clients push.",
  },
  "match": {
    type: "list",
    default: "",
    doc: `Which clients are asked, as KEY=PATTERN: ${clientMatchKeys.join(", ")}. None: all.`,
  },
} satisfies Readonly<Record<string, ResourceKey>>;
