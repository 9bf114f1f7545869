// Every configuration key, once: Kafka's name, type, default, bounds, and a sentence in our words.
//
//   brokerKeys     set at start (flags, environment, file); `update` says which may change later
//   topicKeys      set per topic; without an override the value comes from `synonyms`, in order:
//                  retention.ms <- log.retention.ms <- log.retention.minutes <- log.retention.hours
//   configFamilies whole prefixes that nothing here reads, with the reason
//
// Invariant: a key without `ignored` or `refused` is acted upon. `ignored` keys are accepted with a
// warning, since a server.properties written for Kafka should start; `refused` ones are not, since
// running without what they ask for (encryption, authorization) would be a false promise.
// Defaults are those of Kafka 4.3 except where a `Differs from Kafka:` says otherwise.
// A data table: exempt from the size rule.

import { groupProtocolKeys } from "./group_protocols_table.ts";
import { peerKeys } from "./peers_table.ts";
import { remoteKeys } from "./remote_table.ts";
import { securityKeys } from "./security_table.ts";
import type { ConfigKey } from "./values.ts";
import { withoutIt } from "./reasons.ts";

const day = 86_400_000;
const longMax = "9223372036854775807";
const intMax = "2147483647";

/** Throttled replicas. */
const replicas = {
  pattern: /^(\*|\d+:\d+(,\d+:\d+)*)$/,
  said: '"*" or partitions with their brokers, such as "0:1,1:1"',
};
const acksAllSyncs = {
  pattern: /^(always|never|interval:[1-9]\d{0,9})$/,
  said: '"always", "never", or "interval:" and milliseconds, such as "interval:1000"',
};
const uncleanRecoveries = { pattern: /^(balanced|none)$/, said: '"balanced" or "none"' };
const eventLoop = "one event loop does the work of Kafka's thread pools";
const oneLz4Effort = "batches are packed with the one effort of the lz4 coder here";
const purgatory = "an answered request leaves the purgatory at once, so nothing is purged";
const removed = "Kafka 4 has removed it";
const sockets = "the operating system sizes socket queues and buffers";
const tiered = "tiered storage is not there yet";

const compressionTypes = ["uncompressed", "zstd", "lz4", "snappy", "gzip", "producer"];
const timestampTypes = ["CreateTime", "LogAppendTime"];
const cleanupPolicies = ["compact", "delete"];

const ownKeys = {
  // Identity and place.
  "node.id": {
    type: "int",
    // Differs from Kafka: the default is 1; Kafka has none and requires a value.
    default: "1",
    min: 0,
    doc: "Id of this node in its cluster. It is stored in the data folder and must not change.",
  },
  "broker.id": {
    type: "int",
    default: "-1",
    doc: "Older name of node.id; -1 leaves it to node.id.",
  },
  "broker.rack": {
    type: "string",
    default: null,
    doc: "Where this broker stands. Replicas are spread over racks.",
  },
  "cluster.id": {
    type: "string",
    default: null,
    doc: "Id given to a new cluster, 22 characters of base64url. Random when absent; an existing " +
      "data folder keeps its own.",
  },
  "process.roles": {
    type: "list",
    // Differs from Kafka: the default is both roles; Kafka has none and requires a value.
    default: "broker,controller",
    oneOf: ["broker", "controller"],
    doc: "What this process does. One node does both.",
  },
  "log.dirs": {
    type: "list",
    default: null,
    doc: "The data directories. The first one keeps the cluster's metadata; new partitions go " +
      "where the fewest are. log.dir holds when this is absent.",
  },
  "log.dir": {
    type: "list",
    // Differs from Kafka: the default is `ottla-data` in the working directory, which survives a
    // reboot, unlike Kafka's /tmp/kafka-logs.
    default: "ottla-data",
    doc: "The data directory when log.dirs is absent.",
  },
  "ottla.log.dirs.free.bytes.min": {
    type: "long",
    default: "67108864",
    min: 0,
    doc: "If less than this is free on the disk of a data directory, its partitions refuse " +
      "records, until a fourth more is free. Reads, deletes and what the broker itself must " +
      "write go on.",
  },
  "ottla.acks.all.sync": {
    type: "string",
    default: "always",
    form: acksAllSyncs,
    update: "cluster-wide",
    doc: "What the answer to acks=all waits for. always: a sync that covers the batch. " +
      "interval:MS: the write to the file; a sync begins within so many milliseconds. never: " +
      "the write to the file, as in Kafka. docs/durability.md says what a loss of power " +
      "takes.",
  },
  "ottla.acks.all.journal.from.syncs": {
    type: "int",
    default: "4",
    min: 0,
    doc: "From so many syncs under way in a data directory on, small batches with acks=all go " +
      "into its journal as well, where one sync covers those of all partitions. 0: always. " +
      "2147483647: never.",
  },
  "ottla.memory.bytes.max": {
    type: "long",
    default: "-1",
    min: 67108864,
    orNumber: -1,
    doc: "How much memory clients' requests and answers may take together: requests being " +
      "received, records being unpacked, answers being read and sent. When it is used up, " +
      "further requests wait in turn. -1 is a quarter of the memory of the machine or its " +
      "control group, but at least 64 MiB and at most 1 GiB.",
  },
  "ottla.fetch.memory.bytes.max": {
    type: "long",
    default: "268435456",
    min: 0,
    doc: "How much memory the answers to all consumers may take together while they are read and " +
      "sent; never more than three sixteenths of ottla.memory.bytes.max. When it is used up, " +
      "by consumers that ask for much and take it slowly, further Fetch requests wait in " +
      "turn, and a consumer that takes nothing is disconnected.",
  },
  "ottla.metadata.version": {
    type: "int",
    default: "30",
    min: 7,
    max: 30,
    doc: "The metadata.version of a new cluster, which decides which Kafkas can open its data: " +
      "30 is 4.3-IV0, 21 is 3.9-IV0. An existing cluster keeps its own until UpdateFeatures " +
      "raises it.",
  },
  "ottla.ephemeral": {
    type: "boolean",
    default: "false",
    doc: "Keeps everything in memory: nothing is on disk and nothing survives the process. Set " +
      "by --ephemeral.",
  },
  "ottla.cluster": {
    type: "string",
    default: null,
    doc: "Where the metadata of this broker's cluster is: etcd://HOST:2379,HOST:2379/NAME, or " +
      "etcds:// for TLS. Without it, this broker is alone and keeps its own metadata. Set by " +
      "--cluster.",
  },
  "ottla.accept.metadata.rollback": {
    type: "list",
    default: "",
    form: { pattern: /^\d{1,9}(,\d{1,9})*$/, said: "a list of broker ids, such as 1,2,3" },
    doc: "For one start after etcd was restored from a backup that is older than what brokers " +
      "have seen since: the ids of the brokers that start again now. Each waits for the " +
      "others, and the replica of each partition that has the most records leads. Set by " +
      "--accept-metadata-rollback.",
  },
  "ottla.etcd.username": {
    type: "string",
    default: null,
    doc: "The user name of this broker at an etcd that asks for a password.",
  },
  "ottla.etcd.password": {
    type: "password",
    default: null,
    doc: "The password of ottla.etcd.username.",
  },
  "ottla.etcd.ca.file": {
    type: "string",
    default: null,
    doc: "PEM file of the certificates by which etcd is trusted behind etcds://. Without it, " +
      "those that the runtime trusts.",
  },
  "ottla.etcd.certificate.file": {
    type: "string",
    default: null,
    doc: "PEM file of the certificate that is shown to an etcd which asks for one.",
  },
  "ottla.etcd.key.file": {
    type: "string",
    default: null,
    doc: "PEM file of the private key of ottla.etcd.certificate.file.",
  },
  "ottla.audit.log": {
    type: "string",
    default: null,
    doc: "File to which logins, denials and changes by clients are written, a line of JSON each; " +
      "or stderr.",
  },
  "ottla.audit.log.bytes": {
    type: "long",
    default: "67108864",
    min: 4096,
    doc: "Size at which the audit log is begun anew; the older files get numbers.",
  },
  "ottla.audit.log.older": {
    type: "int",
    default: "5",
    min: 0,
    max: 100,
    doc: "How many older files of the audit log are kept.",
  },
  "ottla.metrics.port": {
    type: "int",
    default: null,
    min: 0,
    max: 65535,
    doc: "Port on which metrics and health are served over HTTP; 0 picks a free one. Without it " +
      "they are not served. Set by --metrics-port.",
  },
  "ottla.metrics.token": {
    type: "password",
    default: null,
    mayNotBeEmpty: true,
    doc: "The token that requests for metrics or connections have to send, as Authorization: " +
      "Bearer TOKEN. Health needs none.",
  },
  "ottla.metrics.certificate.file": {
    type: "string",
    default: null,
    doc: "PEM file of the certificate with which metrics and health are served over HTTPS.",
  },
  "ottla.metrics.key.file": {
    type: "string",
    default: null,
    doc: "PEM file of the private key of ottla.metrics.certificate.file.",
  },
  "ottla.metrics.ca.file": {
    type: "string",
    default: null,
    doc: "PEM file of certificates: requests for metrics or health have to come with a " +
      "certificate that one of them has signed.",
  },
  "ottla.metrics.host": {
    type: "string",
    default: null,
    doc: "The address for ottla.metrics.port. Without it, that of the first listener.",
  },

  // Network.
  "listeners": {
    type: "list",
    // Differs from Kafka: read at the start only, as is listener.security.protocol.map; Kafka lets
    // both be changed while the broker runs.
    default: "PLAINTEXT://:9092",
    doc: "Where to listen, as NAME://HOST:PORT. An empty host means all addresses, port 0 a free " +
      "one. Set by --host and --port.",
  },
  "advertised.listeners": {
    type: "list",
    default: null,
    doc:
      "The addresses that clients are told, as NAME://HOST:PORT. Without it that is the host which " +
      "the listener names, and the address that a client has reached where it names none.",
  },
  "listener.security.protocol.map": {
    type: "string",
    default: "SASL_SSL:SASL_SSL,PLAINTEXT:PLAINTEXT,SSL:SSL,SASL_PLAINTEXT:SASL_PLAINTEXT",
    doc: "The security protocol of each listener name.",
  },
  "inter.broker.listener.name": {
    type: "string",
    default: null,
    doc: "The listener that brokers use among themselves; where there are others, it takes in " +
      "connections beyond max.connections, and those of others give way.",
  },
  "security.inter.broker.protocol": {
    type: "string",
    default: "PLAINTEXT",
    oneOf: ["PLAINTEXT", "SSL", "SASL_PLAINTEXT", "SASL_SSL"],
    doc: "The security protocol that brokers use among themselves.",
  },
  "controller.listener.names": {
    type: "list",
    // Differs from Kafka: the default is CONTROLLER; Kafka has none and requires a value.
    default: "CONTROLLER",
    doc: "Listeners of the controller. They are not opened: the controller is in this process.",
  },
  "controller.quorum.voters": {
    type: "list",
    default: "",
    doc: "The controllers, as ID@HOST:PORT. At most this node itself.",
  },
  "controller.quorum.bootstrap.servers": {
    type: "list",
    default: "",
    doc: "Where to find a controller. At most one address, which is taken to be this node's.",
  },
  "socket.request.max.bytes": {
    type: "int",
    default: "104857600",
    min: 1,
    doc: "Largest request in bytes. A connection that announces a larger one is closed.",
  },
  "socket.listen.backlog.size": {
    type: "int",
    default: "50",
    min: 1,
    ignored: sockets,
    doc: "Connections that may wait to be accepted.",
  },
  "socket.receive.buffer.bytes": {
    type: "int",
    default: "102400",
    ignored: sockets,
    doc: "Size of a socket's receive buffer.",
  },
  "socket.send.buffer.bytes": {
    type: "int",
    default: "102400",
    ignored: sockets,
    doc: "Size of a socket's send buffer.",
  },
  "connections.max.idle.ms": {
    type: "long",
    default: "600000",
    doc: "A connection without a request for this long is closed.",
  },
  "max.connections": {
    type: "int",
    default: intMax,
    min: 0,
    update: "cluster-wide",
    doc: "Most connections at a time; further ones are closed at once. Of one listener: " +
      "listener.name.NAME.max.connections.",
  },
  "max.connections.per.ip": {
    type: "int",
    default: intMax,
    min: 0,
    update: "cluster-wide",
    doc: "Most connections at a time from one address.",
  },
  "max.connections.per.ip.overrides": {
    type: "string",
    default: "",
    update: "cluster-wide",
    doc: "Limits for single addresses, as ADDRESS:COUNT with commas between.",
  },
  "max.connection.creation.rate": {
    type: "int",
    default: intMax,
    min: 0,
    update: "cluster-wide",
    doc: "Most new connections per second; further ones wait. Of one listener: " +
      "listener.name.NAME.max.connection.creation.rate.",
  },
  "queued.max.requests": {
    type: "int",
    default: "500",
    min: 1,
    ignored: "each connection bounds its own requests; there is no queue in common",
    doc: "Requests that may wait for a free thread.",
  },
  "queued.max.request.bytes": {
    type: "long",
    default: "-1",
    ignored: "each connection bounds its own requests; there is no queue in common",
    doc: "Bytes of requests that may wait for a free thread.",
  },
  "request.timeout.ms": {
    type: "int",
    default: "30000",
    ignored: withoutIt,
    doc: "How long this broker waits for the answer of another.",
  },
  "num.network.threads": {
    type: "int",
    default: "3",
    min: 1,
    update: "cluster-wide",
    ignored: eventLoop,
    doc: "Threads that read requests and write answers.",
  },
  "num.io.threads": {
    type: "int",
    default: "8",
    min: 1,
    update: "cluster-wide",
    ignored: eventLoop,
    doc: "Threads that carry out requests.",
  },
  "background.threads": {
    type: "int",
    default: "10",
    min: 1,
    update: "cluster-wide",
    ignored: eventLoop,
    doc: "Threads for background work.",
  },
  "num.recovery.threads.per.data.dir": {
    type: "int",
    default: "2",
    min: 1,
    update: "cluster-wide",
    ignored: eventLoop,
    doc: "Threads that open logs at start and flush them at shutdown.",
  },

  // Topics.
  "auto.create.topics.enable": {
    type: "boolean",
    default: "true",
    doc: "Whether asking for the metadata of an unknown topic creates it.",
  },
  "delete.topic.enable": {
    type: "boolean",
    default: "true",
    doc: "Whether DeleteTopics deletes.",
  },
  "num.partitions": {
    type: "int",
    default: "1",
    min: 1,
    doc: "Partitions of a topic whose creation names no number.",
  },
  "default.replication.factor": {
    type: "int",
    default: "1",
    min: 1,
    doc: "Replicas of a topic whose creation names no number.",
  },
  "min.insync.replicas": {
    type: "int",
    default: "1",
    min: 1,
    update: "cluster-wide",
    doc: "In-sync replicas without which a write with acks=all is refused.",
  },
  "ottla.unclean.recovery.strategy": {
    type: "string",
    default: "balanced",
    form: uncleanRecoveries,
    update: "cluster-wide",
    doc: "What becomes of a partition without a replica that surely has all records. balanced: " +
      "once all replicas that were eligible last are back, the live one whose log goes " +
      "furthest leads (KIP-966). none: nobody leads until an operator says so.",
  },
  "unclean.leader.election.enable": {
    type: "boolean",
    default: "false",
    update: "cluster-wide",
    doc: "Whether a replica that is not in sync may become leader, at the price of losing records.",
  },
  "message.max.bytes": {
    type: "int",
    default: "1048588",
    min: 0,
    update: "cluster-wide",
    doc: "Largest record batch in bytes, compressed as it is.",
  },
  "compression.type": {
    type: "string",
    default: "producer",
    oneOf: compressionTypes,
    update: "cluster-wide",
    doc: "How stored batches are compressed; producer keeps what the producer chose.",
  },
  "compression.gzip.level": {
    type: "int",
    default: "-1",
    min: 1,
    max: 9,
    orNumber: -1,
    update: "cluster-wide",
    doc: "Effort of gzip; -1 is its own default.",
  },
  "compression.lz4.level": {
    type: "int",
    default: "9",
    min: 1,
    max: 17,
    update: "cluster-wide",
    ignored: oneLz4Effort,
    doc: "Effort of lz4.",
  },
  "compression.zstd.level": {
    type: "int",
    default: "3",
    min: -131072,
    max: 22,
    update: "cluster-wide",
    doc: "Effort of zstd.",
  },
  "create.topic.policy.class.name": {
    type: "class",
    default: null,
    refused: "Java classes cannot be loaded here",
    doc: "A class that may refuse new topics.",
  },
  "alter.config.policy.class.name": {
    type: "class",
    default: null,
    refused: "Java classes cannot be loaded here",
    doc: "A class that may refuse configuration changes.",
  },

  // The log. Most of these are the defaults of topic keys.
  "log.segment.bytes": {
    type: "int",
    default: "1073741824",
    min: 1048576,
    update: "cluster-wide",
    doc: "A segment that would grow past this is closed and the next one begun.",
  },
  "log.roll.ms": {
    type: "long",
    default: null,
    min: 1,
    update: "cluster-wide",
    doc: "A segment older than this is closed even if small. Absent: log.roll.hours.",
  },
  "log.roll.hours": {
    type: "int",
    default: "168",
    min: 1,
    unitMs: day / 24,
    doc: "log.roll.ms in hours.",
  },
  "log.roll.jitter.ms": {
    type: "long",
    default: null,
    min: 0,
    update: "cluster-wide",
    doc:
      "Most that is taken off log.roll.ms at random, so that segments do not close all at once. " +
      "Absent: log.roll.jitter.hours.",
  },
  "log.roll.jitter.hours": {
    type: "int",
    default: "0",
    min: 0,
    unitMs: day / 24,
    doc: "log.roll.jitter.ms in hours.",
  },
  "log.retention.bytes": {
    type: "long",
    default: "-1",
    update: "cluster-wide",
    doc: "A partition larger than this loses its oldest segments; -1 is unlimited.",
  },
  "log.retention.ms": {
    type: "long",
    default: null,
    update: "cluster-wide",
    doc: "A segment whose newest record is older than this is deleted; -1 is never. " +
      "Absent: log.retention.minutes.",
  },
  "log.retention.minutes": {
    type: "int",
    default: null,
    unitMs: 60_000,
    doc: "log.retention.ms in minutes. Absent: log.retention.hours.",
  },
  "log.retention.hours": {
    type: "int",
    default: "168",
    unitMs: day / 24,
    doc: "log.retention.ms in hours.",
  },
  "log.retention.check.interval.ms": {
    type: "long",
    default: "300000",
    min: 1,
    doc: "How often segments are checked for retention.",
  },
  "log.segment.delete.delay.ms": {
    type: "long",
    default: "60000",
    min: 0,
    update: "cluster-wide",
    doc: "How long a deleted segment's files stay on disk under a .deleted name.",
  },
  "log.index.interval.bytes": {
    type: "int",
    default: "4096",
    min: 0,
    update: "cluster-wide",
    doc: "Bytes of log between two index entries.",
  },
  "log.index.size.max.bytes": {
    type: "int",
    default: "10485760",
    min: 4,
    update: "cluster-wide",
    doc: "A segment whose index reaches this is closed.",
  },
  "log.message.timestamp.type": {
    type: "string",
    default: "CreateTime",
    oneOf: timestampTypes,
    update: "cluster-wide",
    doc: "Whether records keep the producer's time or get the time of their append.",
  },
  "log.message.timestamp.before.max.ms": {
    type: "long",
    default: longMax,
    min: 0,
    update: "cluster-wide",
    doc: "How far a record's time may lie behind the broker's clock.",
  },
  "log.message.timestamp.after.max.ms": {
    type: "long",
    default: "3600000",
    min: 0,
    update: "cluster-wide",
    doc: "How far a record's time may lie ahead of the broker's clock.",
  },
  "log.flush.interval.messages": {
    type: "long",
    default: longMax,
    min: 1,
    update: "cluster-wide",
    doc: "Unsynced records at which a partition is synced to disk without being asked.",
  },
  "log.flush.interval.ms": {
    type: "long",
    default: null,
    update: "cluster-wide",
    doc: "Age of the oldest unsynced record at which a partition is synced to disk. " +
      "Absent: log.flush.scheduler.interval.ms.",
  },
  "log.flush.scheduler.interval.ms": {
    type: "long",
    default: longMax,
    doc: "The default of log.flush.interval.ms.",
  },
  "log.flush.offset.checkpoint.interval.ms": {
    type: "int",
    default: "60000",
    min: 0,
    doc: "How often the offset up to which each log is synced is written to disk.",
  },
  "log.flush.start.offset.checkpoint.interval.ms": {
    type: "int",
    default: "60000",
    min: 0,
    ignored: "start offsets are written together with the recovery points",
    doc: "How often each log's start offset is written to disk.",
  },
  "log.preallocate": {
    type: "boolean",
    default: "false",
    update: "cluster-wide",
    ignored: "files grow as they are written",
    doc: "Whether a segment's file gets its full size when it is created.",
  },
  "log.cleanup.policy": {
    type: "list",
    default: "delete",
    oneOf: cleanupPolicies,
    update: "cluster-wide",
    doc: "delete drops old segments, compact keeps the last record of each key, and both may be " +
      "named.",
  },
  "log.cleaner.enable": {
    type: "boolean",
    default: "true",
    doc: "Whether compacted topics are compacted.",
  },
  "log.cleaner.backoff.ms": {
    type: "long",
    default: "15000",
    min: 0,
    update: "cluster-wide",
    doc: "How long the cleaner waits when nothing is left to compact.",
  },
  "log.cleaner.dedupe.buffer.size": {
    type: "long",
    default: "134217728",
    min: 24,
    update: "cluster-wide",
    doc: "Memory for the keys of one compaction, 24 bytes each, at most; and no more than " +
      "a sixteenth of ottla.memory.bytes.max.",
  },
  "log.cleaner.delete.retention.ms": {
    type: "long",
    default: "86400000",
    min: 0,
    update: "cluster-wide",
    doc: "How long a tombstone outlives its compaction.",
  },
  "log.cleaner.io.buffer.load.factor": {
    type: "double",
    default: "0.9",
    min: 0,
    max: 1,
    update: "cluster-wide",
    doc: "How full the memory for keys may be.",
  },
  "log.cleaner.io.buffer.size": {
    type: "int",
    default: "524288",
    min: 0,
    update: "cluster-wide",
    ignored: "compaction reads and writes in pieces of its own choice",
    doc: "Memory of the cleaner for reading and writing.",
  },
  "log.cleaner.io.max.bytes.per.second": {
    type: "double",
    default: "1.7976931348623157E308",
    min: 0.001,
    update: "cluster-wide",
    doc: "What compaction may read and write in a second, taken together.",
  },
  "log.cleaner.min.cleanable.ratio": {
    type: "double",
    default: "0.5",
    min: 0,
    max: 1,
    update: "cluster-wide",
    doc: "Share of a log that must be uncompacted before it is worth compacting.",
  },
  "log.cleaner.min.compaction.lag.ms": {
    type: "long",
    default: "0",
    min: 0,
    update: "cluster-wide",
    doc: "How long a record stays uncompacted at least.",
  },
  "log.cleaner.max.compaction.lag.ms": {
    type: "long",
    default: longMax,
    min: 1,
    update: "cluster-wide",
    doc: "How long a record may stay uncompacted at most.",
  },
  "log.cleaner.threads": {
    type: "int",
    default: "1",
    min: 0,
    update: "cluster-wide",
    ignored: eventLoop,
    doc: "How many logs are compacted at a time.",
  },
  "log.local.retention.bytes": {
    type: "long",
    default: "-2",
    min: -2,
    update: "cluster-wide",
    ignored: tiered,
    doc: "What stays on local disk of a tiered partition; -2 is log.retention.bytes.",
  },
  "log.local.retention.ms": {
    type: "long",
    default: "-2",
    min: -2,
    update: "cluster-wide",
    ignored: tiered,
    doc: "How long a tiered segment stays on local disk; -2 is log.retention.ms.",
  },
  "log.dir.failure.timeout.ms": {
    type: "long",
    default: "30000",
    min: 1,
    ignored: withoutIt,
    doc: "How long to try to tell the controller that a data folder has failed.",
  },

  // Produce and fetch.
  "fetch.max.bytes": {
    type: "int",
    default: "57671680",
    min: 1024,
    doc: "Most bytes of records in one Fetch answer, whatever the client asks for.",
  },
  "max.incremental.fetch.session.cache.slots": {
    type: "int",
    default: "1000",
    min: 0,
    doc: "Most incremental fetch sessions kept at a time (KIP-227).",
  },
  "max.request.partition.size.limit": {
    type: "int",
    default: "2000",
    min: 1,
    doc: "Most partitions in one DescribeTopicPartitions answer.",
  },
  "producer.id.expiration.ms": {
    type: "int",
    default: "86400000",
    min: 1,
    update: "cluster-wide",
    doc: "How long a partition remembers the sequence numbers of a silent idempotent producer.",
  },
  "producer.id.expiration.check.interval.ms": {
    type: "int",
    default: "600000",
    min: 1,
    internal: true,
    ignored: "silent producers are forgotten as they are met",
    doc: "How often silent producers are looked for.",
  },
  "fetch.purgatory.purge.interval.requests": {
    type: "int",
    default: "1000",
    ignored: purgatory,
    doc: "Answered fetches after which the purgatory is swept.",
  },
  "producer.purgatory.purge.interval.requests": {
    type: "int",
    default: "1000",
    ignored: purgatory,
    doc: "Answered produce requests after which the purgatory is swept.",
  },
  "delete.records.purgatory.purge.interval.requests": {
    type: "int",
    default: "1",
    ignored: purgatory,
    doc: "Answered DeleteRecords requests after which the purgatory is swept.",
  },

  // Groups and committed offsets.
  "group.initial.rebalance.delay.ms": {
    type: "int",
    default: "3000",
    min: 0,
    doc: "How long the first rebalance of an empty group waits for further members.",
  },
  "group.min.session.timeout.ms": {
    type: "int",
    default: "6000",
    doc: "Shortest session timeout that a member may ask for.",
  },
  "group.max.session.timeout.ms": {
    type: "int",
    default: "1800000",
    doc: "Longest session timeout that a member may ask for.",
  },
  "group.max.size": {
    type: "int",
    default: intMax,
    min: 1,
    doc: "Most members of a group.",
  },
  "group.coordinator.rebalance.protocols": {
    type: "list",
    default: "classic,consumer,streams",
    oneOf: ["classic", "consumer", "share", "streams"],
    doc: "The group protocols on offer.",
  },
  "group.coordinator.threads": {
    type: "int",
    default: "4",
    min: 1,
    ignored: eventLoop,
    doc: "Threads of the group coordinator.",
  },
  "group.coordinator.background.threads": {
    type: "int",
    default: "2",
    min: 1,
    ignored: eventLoop,
    doc: "Background threads of the group coordinator.",
  },
  "group.coordinator.append.linger.ms": {
    type: "int",
    default: "-1",
    min: -1,
    ignored: "records of a coordinator are appended at once and synced together",
    doc: "How long the group coordinator collects records before it appends them.",
  },
  "group.coordinator.cached.buffer.max.bytes": {
    type: "int",
    default: "1048588",
    min: 524288,
    update: "cluster-wide",
    ignored: "append buffers are not kept",
    doc: "Largest append buffer that the group coordinator keeps for reuse.",
  },
  "offset.metadata.max.bytes": {
    type: "int",
    default: "4096",
    doc: "Longest metadata string of a committed offset.",
  },
  "offsets.topic.num.partitions": {
    type: "int",
    default: "50",
    min: 1,
    doc: "Partitions of __consumer_offsets, fixed once it exists.",
  },
  "offsets.topic.replication.factor": {
    type: "short",
    default: "3",
    min: 1,
    doc: "Replicas of __consumer_offsets, or as many as there are brokers.",
  },
  "offsets.topic.segment.bytes": {
    type: "int",
    default: "104857600",
    min: 1,
    doc: "segment.bytes of __consumer_offsets.",
  },
  "offsets.topic.compression.codec": {
    type: "int",
    default: "0",
    ignored: "coordinators write small batches uncompressed",
    doc: "Codec of the batches in __consumer_offsets.",
  },
  "offsets.retention.minutes": {
    type: "int",
    default: "10080",
    min: 1,
    doc: "How long the offsets of an empty group are kept.",
  },
  "offsets.retention.check.interval.ms": {
    type: "long",
    default: "600000",
    min: 1,
    doc: "How often expired offsets are looked for.",
  },
  "offsets.commit.timeout.ms": {
    type: "int",
    default: "5000",
    min: 1,
    ignored: "a commit is answered when it is on disk, with no replica to wait for",
    doc: "How long an offset commit waits for its replicas.",
  },
  "offsets.load.buffer.size": {
    type: "int",
    default: "5242880",
    min: 1,
    ignored: "loading reads in steps of its own",
    doc: "Bytes read at a time when a coordinator loads.",
  },

  // Transactions.
  "transactional.id.expiration.ms": {
    type: "int",
    default: "604800000",
    min: 1,
    doc: "How long an unused transactional id is remembered.",
  },
  "transaction.max.timeout.ms": {
    type: "int",
    default: "900000",
    min: 1,
    doc: "Longest transaction timeout that a producer may ask for.",
  },
  "transaction.state.log.num.partitions": {
    type: "int",
    default: "50",
    min: 1,
    doc: "Partitions of __transaction_state, fixed once it exists.",
  },
  "transaction.state.log.replication.factor": {
    type: "short",
    default: "3",
    min: 1,
    doc: "Replicas of __transaction_state, or as many as there are brokers.",
  },
  "transaction.state.log.min.isr": {
    type: "int",
    default: "2",
    min: 1,
    doc: "min.insync.replicas of __transaction_state.",
  },
  "transaction.state.log.segment.bytes": {
    type: "int",
    default: "104857600",
    min: 1,
    doc: "segment.bytes of __transaction_state.",
  },

  // Quotas: who has which one is set with AlterClientQuotas.
  "quota.window.num": {
    type: "int",
    default: "11",
    min: 1,
    doc: "Windows over which a client's use is measured for its quotas.",
  },
  "quota.window.size.seconds": {
    type: "int",
    default: "1",
    min: 1,
    doc: "Length of each of these windows.",
  },
  "telemetry.max.bytes": {
    type: "int",
    default: "1048576",
    min: 1,
    doc: "Most bytes of metrics that a client may push at once, compressed or not.",
  },

  // Replication: kafka-reassign-partitions sets these while it moves replicas.
  "leader.replication.throttled.rate": {
    type: "long",
    default: longMax,
    min: 0,
    update: "cluster-wide",
    listedWhenSet: true,
    doc: "Bytes per second that throttled leaders give to their followers.",
  },
  "follower.replication.throttled.rate": {
    type: "long",
    default: longMax,
    min: 0,
    update: "cluster-wide",
    listedWhenSet: true,
    doc: "Bytes per second that throttled followers take from their leaders.",
  },
  "replica.alter.log.dirs.io.max.bytes.per.second": {
    type: "long",
    default: longMax,
    min: 0,
    update: "cluster-wide",
    listedWhenSet: true,
    ignored: "replicas are not moved between the data directories of a broker",
    doc: "Bytes per second that replicas move at between data directories.",
  },

  // Security.
  "authorizer.class.name": {
    type: "string",
    default: "",
    doc: "What decides who may do what: Kafka's StandardAuthorizer, by the access rules (ACLs) " +
      "that are kept in the metadata. Empty lets everyone do everything.",
  },
  "super.users": {
    type: "string",
    default: "",
    doc: "Principals that may do everything, separated by semicolons.",
  },
  "allow.everyone.if.no.acl.found": {
    type: "boolean",
    default: "false",
    doc: "Whether a resource without rules is open to everyone.",
  },
  "principal.builder.class": {
    type: "class",
    default: "org.apache.kafka.common.security.authenticator.DefaultKafkaPrincipalBuilder",
    update: "per-broker",
    refused: "Java classes cannot be loaded here",
    doc: "What names the user behind a connection.",
  },

  // The cluster, of which this broker is all.
  "auto.leader.rebalance.enable": {
    type: "boolean",
    default: "true",
    doc: "Whether leadership goes back to the preferred replicas by itself.",
  },
  "broker.heartbeat.interval.ms": {
    type: "int",
    default: "2000",
    ignored: withoutIt,
    doc: "How often a broker reports to the controller.",
  },
  "broker.session.timeout.ms": {
    type: "int",
    default: "9000",
    min: 2000,
    doc: "How long a silent broker of a cluster is taken to be alive, in whole seconds.",
  },
  "controlled.shutdown.enable": {
    type: "boolean",
    default: "true",
    ignored: withoutIt,
    doc: "Whether a stopping broker hands over its leaderships first.",
  },
  "inter.broker.protocol.version": {
    type: "string",
    // Tools read a broker's age from it; it names the metadata.version of a new cluster.
    default: "3.9-IV0",
    ignored: removed,
    doc: "The feature level that brokers agree upon; metadata.version has taken its place.",
  },
  "log.message.format.version": {
    type: "string",
    default: "3.0-IV1",
    internal: true,
    ignored: removed,
    doc: "The record format in older Kafka; it is version 2 since.",
  },
  "log.message.downconversion.enable": {
    type: "boolean",
    default: "true",
    internal: true,
    ignored: removed,
    doc: "Whether old consumers get records converted.",
  },
  "log.message.timestamp.difference.max.ms": {
    type: "long",
    default: longMax,
    min: 0,
    internal: true,
    ignored: "Kafka 4 has replaced it by log.message.timestamp.before.max.ms and .after.max.ms",
    doc: "How far a record's time may be from the broker's clock.",
  },
} as const satisfies Readonly<Record<string, ConfigKey>>;

/** Every key of a broker. */
export const brokerKeys = {
  ...ownKeys,
  ...peerKeys,
  ...groupProtocolKeys,
  ...remoteKeys,
  ...securityKeys,
} as const satisfies Readonly<Record<string, ConfigKey>>;

/** A key that topics may override. */
export interface TopicConfigKey extends ConfigKey {
  /** Broker keys that give the value of a topic without an override; the first that is set wins. */
  readonly synonyms: readonly BrokerKeyName[];
}

export type BrokerKeyName = keyof typeof brokerKeys;

export const topicKeys = {
  "cleanup.policy": {
    type: "list",
    default: "delete",
    oneOf: cleanupPolicies,
    synonyms: ["log.cleanup.policy"],
    doc: "delete drops old segments, compact keeps the last record of each key; none keeps all.",
  },
  "compression.type": {
    type: "string",
    default: "producer",
    oneOf: compressionTypes,
    synonyms: ["compression.type"],
    doc: "How stored batches are compressed; producer keeps what the producer chose.",
  },
  "compression.gzip.level": {
    type: "int",
    default: "-1",
    min: 1,
    max: 9,
    orNumber: -1,
    synonyms: ["compression.gzip.level"],
    doc: "Effort of gzip; -1 is its own default.",
  },
  "compression.lz4.level": {
    type: "int",
    default: "9",
    min: 1,
    max: 17,
    synonyms: ["compression.lz4.level"],
    ignored: oneLz4Effort,
    doc: "Effort of lz4.",
  },
  "compression.zstd.level": {
    type: "int",
    default: "3",
    min: -131072,
    max: 22,
    synonyms: ["compression.zstd.level"],
    doc: "Effort of zstd.",
  },
  "delete.retention.ms": {
    type: "long",
    default: "86400000",
    min: 0,
    synonyms: ["log.cleaner.delete.retention.ms"],
    doc: "How long a tombstone outlives its compaction.",
  },
  "file.delete.delay.ms": {
    type: "long",
    default: "60000",
    min: 0,
    synonyms: ["log.segment.delete.delay.ms"],
    doc: "How long a deleted segment's files stay on disk under a .deleted name.",
  },
  "flush.messages": {
    type: "long",
    default: longMax,
    min: 1,
    synonyms: ["log.flush.interval.messages"],
    doc: "Unsynced records at which the partition is synced to disk without being asked.",
  },
  "flush.ms": {
    type: "long",
    default: longMax,
    min: 0,
    synonyms: ["log.flush.interval.ms", "log.flush.scheduler.interval.ms"],
    doc: "Age of the oldest unsynced record at which the partition is synced to disk.",
  },
  "ottla.acks.all.sync": {
    type: "string",
    default: "always",
    form: acksAllSyncs,
    synonyms: ["ottla.acks.all.sync"],
    doc: "What the answer to acks=all waits for. always: a sync that covers the batch. " +
      "interval:MS: the write to the file; a sync begins within so many milliseconds. never: " +
      "the write to the file, as in Kafka.",
  },
  "follower.replication.throttled.replicas": {
    type: "list",
    default: "",
    synonyms: [],
    form: replicas,
    doc: "Followers whose replication is throttled.",
  },
  "index.interval.bytes": {
    type: "int",
    default: "4096",
    min: 0,
    synonyms: ["log.index.interval.bytes"],
    doc: "Bytes of log between two index entries.",
  },
  "internal.segment.bytes": {
    type: "int",
    default: null,
    min: 14,
    synonyms: [],
    internal: true,
    doc: "segment.bytes without its lower bound, for tests.",
  },
  "leader.replication.throttled.replicas": {
    type: "list",
    default: "",
    synonyms: [],
    form: replicas,
    doc: "Leaders whose replication is throttled.",
  },
  "local.retention.bytes": {
    type: "long",
    default: "-2",
    min: -2,
    synonyms: ["log.local.retention.bytes"],
    ignored: tiered,
    doc: "What stays on local disk of a tiered partition; -2 is retention.bytes.",
  },
  "local.retention.ms": {
    type: "long",
    default: "-2",
    min: -2,
    synonyms: ["log.local.retention.ms"],
    ignored: tiered,
    doc: "How long a tiered segment stays on local disk; -2 is retention.ms.",
  },
  "max.compaction.lag.ms": {
    type: "long",
    default: longMax,
    min: 1,
    synonyms: ["log.cleaner.max.compaction.lag.ms"],
    doc: "How long a record may stay uncompacted at most.",
  },
  "max.message.bytes": {
    type: "int",
    default: "1048588",
    min: 0,
    synonyms: ["message.max.bytes"],
    doc: "Largest record batch in bytes, compressed as it is.",
  },
  "message.timestamp.after.max.ms": {
    type: "long",
    default: "3600000",
    min: 0,
    synonyms: ["log.message.timestamp.after.max.ms"],
    doc: "How far a record's time may lie ahead of the broker's clock.",
  },
  "message.timestamp.before.max.ms": {
    type: "long",
    default: longMax,
    min: 0,
    synonyms: ["log.message.timestamp.before.max.ms"],
    doc: "How far a record's time may lie behind the broker's clock.",
  },
  "message.timestamp.type": {
    type: "string",
    default: "CreateTime",
    oneOf: timestampTypes,
    synonyms: ["log.message.timestamp.type"],
    doc: "Whether records keep the producer's time or get the time of their append.",
  },
  "min.cleanable.dirty.ratio": {
    type: "double",
    default: "0.5",
    min: 0,
    max: 1,
    synonyms: ["log.cleaner.min.cleanable.ratio"],
    doc: "Share of the log that must be uncompacted before it is worth compacting.",
  },
  "min.compaction.lag.ms": {
    type: "long",
    default: "0",
    min: 0,
    synonyms: ["log.cleaner.min.compaction.lag.ms"],
    doc: "How long a record stays uncompacted at least.",
  },
  "min.insync.replicas": {
    type: "int",
    default: "1",
    min: 1,
    synonyms: ["min.insync.replicas"],
    doc: "In-sync replicas without which a write with acks=all is refused.",
  },
  "preallocate": {
    type: "boolean",
    default: "false",
    synonyms: ["log.preallocate"],
    ignored: "files grow as they are written",
    doc: "Whether a segment's file gets its full size when it is created.",
  },
  "remote.log.copy.disable": {
    type: "boolean",
    default: "false",
    synonyms: [],
    refused: tiered,
    doc: "Stops copying segments to the remote tier.",
  },
  "remote.log.delete.on.disable": {
    type: "boolean",
    default: "false",
    synonyms: [],
    refused: tiered,
    doc: "Whether leaving the remote tier deletes what is there.",
  },
  "remote.storage.enable": {
    type: "boolean",
    default: "false",
    synonyms: [],
    refused: tiered,
    doc: "Whether old segments move to the remote tier.",
  },
  "retention.bytes": {
    type: "long",
    default: "-1",
    synonyms: ["log.retention.bytes"],
    doc: "A partition larger than this loses its oldest segments; -1 is unlimited.",
  },
  "retention.ms": {
    type: "long",
    default: "604800000",
    min: -1,
    synonyms: ["log.retention.ms", "log.retention.minutes", "log.retention.hours"],
    doc: "A segment whose newest record is older than this is deleted; -1 is never.",
  },
  "segment.bytes": {
    type: "int",
    default: "1073741824",
    min: 1048576,
    synonyms: ["log.segment.bytes"],
    doc: "A segment that would grow past this is closed and the next one begun.",
  },
  "segment.index.bytes": {
    type: "int",
    default: "10485760",
    min: 4,
    synonyms: ["log.index.size.max.bytes"],
    doc: "A segment whose index reaches this is closed.",
  },
  "segment.jitter.ms": {
    type: "long",
    default: "0",
    min: 0,
    synonyms: ["log.roll.jitter.ms", "log.roll.jitter.hours"],
    doc: "Most that is taken off segment.ms at random.",
  },
  "segment.ms": {
    type: "long",
    default: "604800000",
    min: 1,
    synonyms: ["log.roll.ms", "log.roll.hours"],
    doc: "A segment older than this is closed even if small.",
  },
  "unclean.leader.election.enable": {
    type: "boolean",
    default: "false",
    synonyms: ["unclean.leader.election.enable"],
    doc: "Whether a replica that is not in sync may become leader, at the price of losing records.",
  },
} as const satisfies Readonly<Record<string, TopicConfigKey>>;

export type TopicKeyName = keyof typeof topicKeys;

/** Keys known by their prefix alone. */
export interface ConfigFamily {
  readonly prefix: string;
  readonly ignored?: string;
  readonly refused?: string;
}

export const configFamilies: readonly ConfigFamily[] = [
  { prefix: "listener.name.", ignored: "a listener has no value of its own for that key yet" },
  { prefix: "controller.", ignored: withoutIt },
  { prefix: "unclean.leader.election.interval.", ignored: withoutIt },
  { prefix: "auto.include.jmx.reporter", ignored: "there is no JVM" },
  { prefix: "server.max.startup.", ignored: withoutIt },
  { prefix: "unstable.", ignored: "unfinished features are not on offer" },
  { prefix: "zookeeper.", ignored: "ZooKeeper has no part here" },
  { prefix: "password.encoder.", ignored: removed },
];
