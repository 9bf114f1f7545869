// Keys of tiered storage (KIP-405): known, and without effect until it is there.
// A data table.

import type { ConfigKey } from "./values.ts";

const tiered = "tiered storage is not there yet";

export const remoteKeys = {
  "remote.fetch.max.wait.ms": {
    type: "int",
    default: "500",
    update: "cluster-wide",
    ignored: tiered,
    doc: "How long a fetch waits for remote storage.",
  },
  "remote.list.offsets.request.timeout.ms": {
    type: "long",
    default: "30000",
    update: "cluster-wide",
    ignored: tiered,
    doc: "How long a look-up of an offset waits for remote storage.",
  },
  "remote.log.index.file.cache.total.size.bytes": {
    type: "long",
    default: "1073741824",
    update: "cluster-wide",
    ignored: tiered,
    doc: "Bytes of remote index files that are kept on the local disk.",
  },
  "remote.log.manager.copier.thread.pool.size": {
    type: "int",
    default: "10",
    update: "cluster-wide",
    ignored: tiered,
    doc: "Threads that copy segments to remote storage.",
  },
  "remote.log.manager.copy.max.bytes.per.second": {
    type: "long",
    default: "9223372036854775807",
    update: "cluster-wide",
    ignored: tiered,
    doc: "Most bytes that are copied to remote storage in a second.",
  },
  "remote.log.manager.copy.quota.window.num": {
    type: "int",
    default: "11",
    ignored: tiered,
    doc: "Windows over which the copying is measured.",
  },
  "remote.log.manager.copy.quota.window.size.seconds": {
    type: "int",
    default: "1",
    ignored: tiered,
    doc: "Length of such a window.",
  },
  "remote.log.manager.expiration.thread.pool.size": {
    type: "int",
    default: "10",
    update: "cluster-wide",
    ignored: tiered,
    doc: "Threads that delete expired remote segments.",
  },
  "remote.log.manager.fetch.max.bytes.per.second": {
    type: "long",
    default: "9223372036854775807",
    update: "cluster-wide",
    ignored: tiered,
    doc: "Most bytes that are fetched from remote storage in a second.",
  },
  "remote.log.manager.fetch.quota.window.num": {
    type: "int",
    default: "11",
    ignored: tiered,
    doc: "Windows over which the fetching is measured.",
  },
  "remote.log.manager.fetch.quota.window.size.seconds": {
    type: "int",
    default: "1",
    ignored: tiered,
    doc: "Length of such a window.",
  },
  "remote.log.manager.follower.thread.pool.size": {
    type: "int",
    default: "2",
    update: "cluster-wide",
    ignored: tiered,
    doc: "Threads that keep followers' view of remote storage.",
  },
  "remote.log.manager.task.interval.ms": {
    type: "long",
    default: "30000",
    ignored: tiered,
    doc: "How often segments to copy or to delete are looked for.",
  },
  "remote.log.manager.thread.pool.size": {
    type: "int",
    default: "2",
    ignored: tiered,
    doc: "Threads of remote storage's tasks.",
  },
  "remote.log.metadata.custom.metadata.max.bytes": {
    type: "int",
    default: "128",
    ignored: tiered,
    doc: "Most bytes that a storage plugin may add to a segment's metadata.",
  },
  "remote.log.metadata.manager.class.name": {
    type: "string",
    default:
      "org.apache.kafka.server.log.remote.metadata.storage.TopicBasedRemoteLogMetadataManager",
    ignored: tiered,
    doc: "The class that keeps the metadata of remote segments.",
  },
  "remote.log.metadata.manager.class.path": {
    type: "string",
    default: null,
    ignored: tiered,
    doc: "Where that class is found.",
  },
  "remote.log.metadata.manager.impl.prefix": {
    type: "string",
    default: "rlmm.config.",
    ignored: tiered,
    doc: "Prefix of that class's own configuration.",
  },
  "remote.log.metadata.manager.listener.name": {
    type: "string",
    default: null,
    ignored: tiered,
    doc: "The listener by which it reaches the brokers.",
  },
  "remote.log.reader.max.pending.tasks": {
    type: "int",
    default: "100",
    ignored: tiered,
    doc: "Most reads of remote storage that may wait.",
  },
  "remote.log.reader.threads": {
    type: "int",
    default: "10",
    update: "cluster-wide",
    ignored: tiered,
    doc: "Threads that read remote storage.",
  },
  "remote.log.storage.manager.class.name": {
    type: "string",
    default: null,
    ignored: tiered,
    doc: "The class that stores remote segments.",
  },
  "remote.log.storage.manager.class.path": {
    type: "string",
    default: null,
    ignored: tiered,
    doc: "Where that class is found.",
  },
  "remote.log.storage.manager.impl.prefix": {
    type: "string",
    default: "rsm.config.",
    ignored: tiered,
    doc: "Prefix of that class's own configuration.",
  },
  "remote.log.storage.system.enable": {
    type: "boolean",
    default: "false",
    refused: tiered,
    doc: "Whether old segments move to remote storage.",
  },
} as const satisfies Readonly<Record<string, ConfigKey>>;
