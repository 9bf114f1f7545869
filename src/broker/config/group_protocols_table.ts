// Broker keys of the newer group protocols: consumer groups (KIP-848), share groups (KIP-932) and
// streams groups (KIP-1071). Those that are known, and without effect so far, say so.
// A data table.

import type { ConfigKey } from "./values.ts";

const eventLoop = "one event loop does the work of Kafka's thread pools";
const atOnce = "coordinators write each change at once, and one sync serves all who wait";
const noPurge = "who has been answered is not in the purgatory any more";

export const groupProtocolKeys = {
  "group.consumer.assignment.interval.ms": {
    type: "int",
    default: "1000",
    update: "cluster-wide",
    doc: "Shortest time between two assignments of a consumer group.",
  },
  "group.consumer.assignors": {
    type: "list",
    default: "uniform,range",
    oneOf: ["uniform", "range"],
    doc: "Assignors of consumer groups, the default one first.",
  },
  "group.consumer.heartbeat.interval.ms": {
    type: "int",
    default: "5000",
    doc:
      "How often members of a consumer group send a heartbeat; they are told to come back sooner " +
      "while they wait for partitions of others.",
  },
  "group.consumer.max.assignment.interval.ms": {
    type: "int",
    default: "15000",
    doc: "Longest assignment interval that a group may have.",
  },
  "group.consumer.max.heartbeat.interval.ms": {
    type: "int",
    default: "15000",
    doc: "Longest heartbeat interval that a group may have.",
  },
  "group.consumer.max.session.timeout.ms": {
    type: "int",
    default: "60000",
    doc: "Longest session timeout that a group may have.",
  },
  "group.consumer.max.size": {
    type: "int",
    default: "2147483647",
    doc: "Most members of a consumer group.",
  },
  "group.consumer.migration.policy": {
    type: "string",
    default: "bidirectional",
    oneOf: ["disabled", "upgrade", "downgrade", "bidirectional"],
    doc: "Which way a group may move between the classic and the consumer protocol.",
  },
  "group.consumer.min.assignment.interval.ms": {
    type: "int",
    default: "0",
    doc: "Shortest assignment interval that a group may have.",
  },
  "group.consumer.min.heartbeat.interval.ms": {
    type: "int",
    default: "5000",
    doc: "Shortest heartbeat interval that a group may have.",
  },
  "group.consumer.min.session.timeout.ms": {
    type: "int",
    default: "45000",
    doc: "Shortest session timeout that a group may have.",
  },
  "group.consumer.regex.refresh.interval.ms": {
    type: "int",
    default: "600000",
    min: 10_000,
    doc: "How often the topics that regular expressions stand for are looked at, at least.",
  },
  "group.consumer.session.timeout.ms": {
    type: "int",
    default: "45000",
    doc: "How long a member of a consumer group may be silent.",
  },
  "group.share.assignment.interval.ms": {
    type: "int",
    default: "1000",
    update: "cluster-wide",
    doc: "Shortest time between two assignments of a share group.",
  },
  "group.share.assignors": {
    type: "list",
    default: "simple",
    oneOf: ["simple"],
    doc: "Assignors of share groups.",
  },
  "group.share.delivery.count.limit": {
    type: "int",
    default: "5",
    doc: "How often a record is handed out before it is given up.",
  },
  "group.share.heartbeat.interval.ms": {
    type: "int",
    default: "5000",
    doc: "How often members of a share group send a heartbeat; they are told to come back sooner " +
      "while they wait for what they are to read.",
  },
  "group.share.max.assignment.interval.ms": {
    type: "int",
    default: "15000",
    doc: "Longest assignment interval that a share group may have.",
  },
  "group.share.max.delivery.count.limit": {
    type: "int",
    default: "10",
    doc: "Largest delivery count limit that a share group may have.",
  },
  "group.share.max.heartbeat.interval.ms": {
    type: "int",
    default: "15000",
    doc: "Longest heartbeat interval that a share group may have.",
  },
  "group.share.max.partition.max.record.locks": {
    type: "int",
    default: "4000",
    doc: "Largest number of records under way that a share group may have in a partition.",
  },
  "group.share.max.record.lock.duration.ms": {
    type: "int",
    default: "60000",
    doc: "Longest time that a share group may lock a record.",
  },
  "group.share.max.session.timeout.ms": {
    type: "int",
    default: "60000",
    doc: "Longest session timeout that a share group may have.",
  },
  "group.share.max.share.sessions": {
    type: "int",
    default: "2000",
    doc: "Most share sessions at a time.",
  },
  "group.share.max.size": {
    type: "int",
    default: "200",
    doc: "Most members of a share group.",
  },
  "group.share.min.assignment.interval.ms": {
    type: "int",
    default: "0",
    doc: "Shortest assignment interval that a share group may have.",
  },
  "group.share.min.delivery.count.limit": {
    type: "int",
    default: "2",
    doc: "Smallest delivery count limit that a share group may have.",
  },
  "group.share.min.heartbeat.interval.ms": {
    type: "int",
    default: "5000",
    doc: "Shortest heartbeat interval that a share group may have.",
  },
  "group.share.min.partition.max.record.locks": {
    type: "int",
    default: "100",
    doc: "Smallest number of records under way that a share group may be limited to.",
  },
  "group.share.min.record.lock.duration.ms": {
    type: "int",
    default: "15000",
    doc: "Shortest time that a share group may lock a record.",
  },
  "group.share.min.session.timeout.ms": {
    type: "int",
    default: "45000",
    doc: "Shortest session timeout that a share group may have.",
  },
  "group.share.partition.max.record.locks": {
    type: "int",
    default: "2000",
    doc: "Records of a partition that may be under way in a share group.",
  },
  "group.share.record.lock.duration.ms": {
    type: "int",
    default: "30000",
    doc: "How long a record is locked for the member that got it.",
  },
  "group.share.session.timeout.ms": {
    type: "int",
    default: "45000",
    doc: "How long a member of a share group may be silent.",
  },
  "group.streams.assignment.interval.ms": {
    type: "int",
    default: "1000",
    update: "cluster-wide",
    doc: "Shortest time between two assignments of a streams group.",
  },
  "group.streams.heartbeat.interval.ms": {
    type: "int",
    default: "5000",
    doc:
      "How often members of a streams group send a heartbeat; they are told to come back sooner " +
      "while they wait for tasks of others.",
  },
  "group.streams.initial.rebalance.delay.ms": {
    type: "int",
    default: "3000",
    doc: "How long a new streams group waits for more members.",
  },
  "group.streams.max.assignment.interval.ms": {
    type: "int",
    default: "15000",
    doc: "Longest assignment interval that a streams group may have.",
  },
  "group.streams.max.heartbeat.interval.ms": {
    type: "int",
    default: "15000",
    doc: "Longest heartbeat interval that a streams group may have.",
  },
  "group.streams.max.session.timeout.ms": {
    type: "int",
    default: "60000",
    doc: "Longest session timeout that a streams group may have.",
  },
  "group.streams.max.size": {
    type: "int",
    default: "2147483647",
    doc: "Most members of a streams group.",
  },
  "group.streams.max.standby.replicas": {
    type: "int",
    default: "2",
    doc: "Largest number of standby tasks that a streams group may have.",
  },
  "group.streams.min.assignment.interval.ms": {
    type: "int",
    default: "0",
    doc: "Shortest assignment interval that a streams group may have.",
  },
  "group.streams.min.heartbeat.interval.ms": {
    type: "int",
    default: "5000",
    doc: "Shortest heartbeat interval that a streams group may have.",
  },
  "group.streams.min.session.timeout.ms": {
    type: "int",
    default: "45000",
    doc: "Shortest session timeout that a streams group may have.",
  },
  "group.streams.num.standby.replicas": {
    type: "int",
    default: "0",
    doc: "Standby tasks of each stateful task.",
  },
  "group.streams.session.timeout.ms": {
    type: "int",
    default: "45000",
    doc: "How long a member of a streams group may be silent.",
  },
  "share.coordinator.append.linger.ms": {
    type: "int",
    default: "-1",
    ignored: atOnce,
    doc: "How long the share coordinator gathers records before it writes them; -1 is as long as " +
      "a write takes.",
  },
  "share.coordinator.cached.buffer.max.bytes": {
    type: "int",
    default: "1048588",
    update: "cluster-wide",
    ignored: "nothing is gathered in buffers",
    doc: "Size up to which a buffer of the share coordinator is kept for the next write.",
  },
  "share.coordinator.load.buffer.size": {
    type: "int",
    default: "5242880",
    ignored: "logs are loaded as they lie on disk",
    doc: "Bytes read at a time while share state is loaded.",
  },
  "share.coordinator.snapshot.update.records.per.snapshot": {
    type: "int",
    default: "500",
    doc: "Updates of a share partition between two snapshots of it.",
  },
  "share.coordinator.state.topic.compression.codec": {
    type: "int",
    default: "0",
    ignored: "coordinators write small batches uncompressed",
    doc: "Compression of the topic of share state, as a number.",
  },
  "share.coordinator.state.topic.min.isr": {
    type: "short",
    default: "2",
    min: 1,
    doc: "min.insync.replicas of __share_group_state.",
  },
  "share.coordinator.state.topic.num.partitions": {
    type: "int",
    default: "50",
    min: 1,
    doc: "Partitions of __share_group_state when it is created.",
  },
  "share.coordinator.state.topic.replication.factor": {
    type: "short",
    default: "3",
    min: 1,
    doc: "Replicas of __share_group_state, or as many as there are brokers.",
  },
  "share.coordinator.state.topic.segment.bytes": {
    type: "int",
    default: "104857600",
    min: 1,
    doc: "Segment size of __share_group_state.",
  },
  "share.coordinator.threads": {
    type: "int",
    default: "1",
    ignored: eventLoop,
    doc: "Threads of the share coordinator.",
  },
  "share.coordinator.write.timeout.ms": {
    type: "int",
    default: "5000",
    ignored: atOnce,
    doc: "How long a write of the share coordinator may take.",
  },
  "share.fetch.purgatory.purge.interval.requests": {
    type: "int",
    default: "1000",
    ignored: noPurge,
    doc: "Answered share fetches after which the purgatory is purged.",
  },
} as const satisfies Readonly<Record<string, ConfigKey>>;
