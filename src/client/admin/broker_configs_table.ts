// The configuration keys of brokers, for the type system to complete and check. Written
// by `deno task docs` from src/broker/config/broker_table.ts; not to be edited.
// A data table: exempt from the size rule.

import type { Configs, ConfigValue } from "./config_values.ts";

/** Configurations of a broker by the keys that Ottla knows. */
export interface KnownBrokerConfigs {
  /**
   * Id of this node in its cluster. It is stored in the data folder and must not change. Default
   * `1`.
   */
  readonly "node.id"?: number | bigint | string;
  /** Older name of node.id; -1 leaves it to node.id. Default `-1`. */
  readonly "broker.id"?: number | bigint | string;
  /** Where this broker stands. Replicas are spread over racks. Empty by default. */
  readonly "broker.rack"?: string;
  /**
   * Id given to a new cluster, 22 characters of base64url. Random when absent; an existing data
   * folder keeps its own. Empty by default.
   */
  readonly "cluster.id"?: string;
  /** What this process does. One node does both. Default `broker,controller`. */
  readonly "process.roles"?:
    | ""
    | "broker"
    | "controller"
    | "broker,controller"
    | "controller,broker";
  /**
   * The data directories. The first one keeps the cluster's metadata; new partitions go where the
   * fewest are. log.dir holds when this is absent. Empty by default.
   */
  readonly "log.dirs"?: string;
  /** The data directory when log.dirs is absent. Default `ottla-data`. */
  readonly "log.dir"?: string;
  /**
   * If less than this is free on the disk of a data directory, its partitions refuse records, until
   * a fourth more is free. Reads, deletes and what the broker itself must write go on. Default
   * `67108864`.
   */
  readonly "ottla.log.dirs.free.bytes.min"?: number | bigint | string;
  /**
   * What the answer to acks=all waits for. always: a sync that covers the batch. interval:MS: the
   * write to the file; a sync begins within so many milliseconds. never: the write to the file, as
   * in Kafka. docs/durability.md says what a loss of power takes. Default `always`.
   */
  readonly "ottla.acks.all.sync"?: string;
  /**
   * From so many syncs under way in a data directory on, small batches with acks=all go into its
   * journal as well, where one sync covers those of all partitions. 0: always. 2147483647: never.
   * Default `4`.
   */
  readonly "ottla.acks.all.journal.from.syncs"?: number | bigint | string;
  /**
   * How much memory clients' requests and answers may take together: requests being received,
   * records being unpacked, answers being read and sent. When it is used up, further requests wait
   * in turn. -1 is a quarter of the memory of the machine or its control group, but at least 64 MiB
   * and at most 1 GiB. Default `-1`.
   */
  readonly "ottla.memory.bytes.max"?: number | bigint | string;
  /**
   * How much memory the answers to all consumers may take together while they are read and sent;
   * never more than three sixteenths of ottla.memory.bytes.max. When it is used up, by consumers
   * that ask for much and take it slowly, further Fetch requests wait in turn, and a consumer that
   * takes nothing is disconnected. Default `268435456`.
   */
  readonly "ottla.fetch.memory.bytes.max"?: number | bigint | string;
  /**
   * The metadata.version of a new cluster, which decides which Kafkas can open its data: 30 is
   * 4.3-IV0, 21 is 3.9-IV0. An existing cluster keeps its own until UpdateFeatures raises it.
   * Default `30`.
   */
  readonly "ottla.metadata.version"?: number | bigint | string;
  /**
   * Keeps everything in memory: nothing is on disk and nothing survives the process. Set by
   * --ephemeral. Default `false`.
   */
  readonly "ottla.ephemeral"?: boolean | "true" | "false";
  /**
   * Where the metadata of this broker's cluster is: etcd://HOST:2379,HOST:2379/NAME, or etcds://
   * for TLS. Without it, this broker is alone and keeps its own metadata. Set by --cluster. Empty
   * by default.
   */
  readonly "ottla.cluster"?: string;
  /**
   * For one start after etcd was restored from a backup that is older than what brokers have seen
   * since: the ids of the brokers that start again now. Each waits for the others, and the replica
   * of each partition that has the most records leads. Set by --accept-metadata-rollback. Empty by
   * default.
   */
  readonly "ottla.accept.metadata.rollback"?: string;
  /** The user name of this broker at an etcd that asks for a password. Empty by default. */
  readonly "ottla.etcd.username"?: string;
  /** The password of ottla.etcd.username. Empty by default. */
  readonly "ottla.etcd.password"?: string;
  /**
   * PEM file of the certificates by which etcd is trusted behind etcds://. Without it, those that
   * the runtime trusts. Empty by default.
   */
  readonly "ottla.etcd.ca.file"?: string;
  /** PEM file of the certificate that is shown to an etcd which asks for one. Empty by default. */
  readonly "ottla.etcd.certificate.file"?: string;
  /** PEM file of the private key of ottla.etcd.certificate.file. Empty by default. */
  readonly "ottla.etcd.key.file"?: string;
  /**
   * File to which logins, denials and changes by clients are written, a line of JSON each; or
   * stderr. Empty by default.
   */
  readonly "ottla.audit.log"?: string;
  /** Size at which the audit log is begun anew; the older files get numbers. Default `67108864`. */
  readonly "ottla.audit.log.bytes"?: number | bigint | string;
  /** How many older files of the audit log are kept. Default `5`. */
  readonly "ottla.audit.log.older"?: number | bigint | string;
  /**
   * Port on which metrics and health are served over HTTP; 0 picks a free one. Without it they are
   * not served. Set by --metrics-port. Empty by default.
   */
  readonly "ottla.metrics.port"?: number | bigint | string;
  /**
   * The token that requests for metrics or connections have to send, as Authorization: Bearer
   * TOKEN. Health needs none. Empty by default.
   */
  readonly "ottla.metrics.token"?: string;
  /**
   * PEM file of the certificate with which metrics and health are served over HTTPS. Empty by
   * default.
   */
  readonly "ottla.metrics.certificate.file"?: string;
  /** PEM file of the private key of ottla.metrics.certificate.file. Empty by default. */
  readonly "ottla.metrics.key.file"?: string;
  /**
   * PEM file of certificates: requests for metrics or health have to come with a certificate that
   * one of them has signed. Empty by default.
   */
  readonly "ottla.metrics.ca.file"?: string;
  /**
   * The address for ottla.metrics.port. Without it, that of the first listener. Empty by default.
   */
  readonly "ottla.metrics.host"?: string;
  /**
   * Where to listen, as NAME://HOST:PORT. An empty host means all addresses, port 0 a free one. Set
   * by --host and --port. Default `PLAINTEXT://:9092`.
   */
  readonly "listeners"?: string;
  /**
   * The addresses that clients are told, as NAME://HOST:PORT. Without it that is the host which the
   * listener names, and the address that a client has reached where it names none. Empty by
   * default.
   */
  readonly "advertised.listeners"?: string;
  /**
   * The security protocol of each listener name. Default
   * `SASL_SSL:SASL_SSL,PLAINTEXT:PLAINTEXT,SSL:SSL,SASL_PLAINTEXT:SASL_PLAINTEXT`.
   */
  readonly "listener.security.protocol.map"?: string;
  /**
   * The listener that brokers use among themselves; where there are others, it takes in connections
   * beyond max.connections, and those of others give way. Empty by default.
   */
  readonly "inter.broker.listener.name"?: string;
  /** The security protocol that brokers use among themselves. Default `PLAINTEXT`. */
  readonly "security.inter.broker.protocol"?: "PLAINTEXT" | "SSL" | "SASL_PLAINTEXT" | "SASL_SSL";
  /**
   * Listeners of the controller. They are not opened: the controller is in this process. Default
   * `CONTROLLER`.
   */
  readonly "controller.listener.names"?: string;
  /** The controllers, as ID@HOST:PORT. At most this node itself. Empty by default. */
  readonly "controller.quorum.voters"?: string;
  /**
   * Where to find a controller. At most one address, which is taken to be this node's. Empty by
   * default.
   */
  readonly "controller.quorum.bootstrap.servers"?: string;
  /**
   * Largest request in bytes. A connection that announces a larger one is closed. Default
   * `104857600`.
   */
  readonly "socket.request.max.bytes"?: number | bigint | string;
  /** Connections that may wait to be accepted. Default `50`. */
  readonly "socket.listen.backlog.size"?: number | bigint | string;
  /** Size of a socket's receive buffer. Default `102400`. */
  readonly "socket.receive.buffer.bytes"?: number | bigint | string;
  /** Size of a socket's send buffer. Default `102400`. */
  readonly "socket.send.buffer.bytes"?: number | bigint | string;
  /** A connection without a request for this long is closed. Default `600000`. */
  readonly "connections.max.idle.ms"?: number | bigint | string;
  /**
   * Most connections at a time; further ones are closed at once. Of one listener:
   * listener.name.NAME.max.connections. Default `2147483647`.
   */
  readonly "max.connections"?: number | bigint | string;
  /** Most connections at a time from one address. Default `2147483647`. */
  readonly "max.connections.per.ip"?: number | bigint | string;
  /** Limits for single addresses, as ADDRESS:COUNT with commas between. Empty by default. */
  readonly "max.connections.per.ip.overrides"?: string;
  /**
   * Most new connections per second; further ones wait. Of one listener:
   * listener.name.NAME.max.connection.creation.rate. Default `2147483647`.
   */
  readonly "max.connection.creation.rate"?: number | bigint | string;
  /** Requests that may wait for a free thread. Default `500`. */
  readonly "queued.max.requests"?: number | bigint | string;
  /** Bytes of requests that may wait for a free thread. Default `-1`. */
  readonly "queued.max.request.bytes"?: number | bigint | string;
  /** How long this broker waits for the answer of another. Default `30000`. */
  readonly "request.timeout.ms"?: number | bigint | string;
  /** Threads that read requests and write answers. Default `3`. */
  readonly "num.network.threads"?: number | bigint | string;
  /** Threads that carry out requests. Default `8`. */
  readonly "num.io.threads"?: number | bigint | string;
  /** Threads for background work. Default `10`. */
  readonly "background.threads"?: number | bigint | string;
  /** Threads that open logs at start and flush them at shutdown. Default `2`. */
  readonly "num.recovery.threads.per.data.dir"?: number | bigint | string;
  /** Whether asking for the metadata of an unknown topic creates it. Default `true`. */
  readonly "auto.create.topics.enable"?: boolean | "true" | "false";
  /** Whether DeleteTopics deletes. Default `true`. */
  readonly "delete.topic.enable"?: boolean | "true" | "false";
  /** Partitions of a topic whose creation names no number. Default `1`. */
  readonly "num.partitions"?: number | bigint | string;
  /** Replicas of a topic whose creation names no number. Default `1`. */
  readonly "default.replication.factor"?: number | bigint | string;
  /** In-sync replicas without which a write with acks=all is refused. Default `1`. */
  readonly "min.insync.replicas"?: number | bigint | string;
  /**
   * What becomes of a partition without a replica that surely has all records. balanced: once all
   * replicas that were eligible last are back, the live one whose log goes furthest leads
   * (KIP-966). none: nobody leads until an operator says so. Default `balanced`.
   */
  readonly "ottla.unclean.recovery.strategy"?: string;
  /**
   * Whether a replica that is not in sync may become leader, at the price of losing records.
   * Default `false`.
   */
  readonly "unclean.leader.election.enable"?: boolean | "true" | "false";
  /** Largest record batch in bytes, compressed as it is. Default `1048588`. */
  readonly "message.max.bytes"?: number | bigint | string;
  /**
   * How stored batches are compressed; producer keeps what the producer chose. Default `producer`.
   */
  readonly "compression.type"?: "uncompressed" | "zstd" | "lz4" | "snappy" | "gzip" | "producer";
  /** Effort of gzip; -1 is its own default. Default `-1`. */
  readonly "compression.gzip.level"?: number | bigint | string;
  /** Effort of lz4. Default `9`. */
  readonly "compression.lz4.level"?: number | bigint | string;
  /** Effort of zstd. Default `3`. */
  readonly "compression.zstd.level"?: number | bigint | string;
  /** A class that may refuse new topics. Empty by default. */
  readonly "create.topic.policy.class.name"?: string;
  /** A class that may refuse configuration changes. Empty by default. */
  readonly "alter.config.policy.class.name"?: string;
  /** A segment that would grow past this is closed and the next one begun. Default `1073741824`. */
  readonly "log.segment.bytes"?: number | bigint | string;
  /**
   * A segment older than this is closed even if small. Absent: log.roll.hours. Empty by default.
   */
  readonly "log.roll.ms"?: number | bigint | string;
  /** log.roll.ms in hours. Default `168`. */
  readonly "log.roll.hours"?: number | bigint | string;
  /**
   * Most that is taken off log.roll.ms at random, so that segments do not close all at once.
   * Absent: log.roll.jitter.hours. Empty by default.
   */
  readonly "log.roll.jitter.ms"?: number | bigint | string;
  /** log.roll.jitter.ms in hours. Default `0`. */
  readonly "log.roll.jitter.hours"?: number | bigint | string;
  /** A partition larger than this loses its oldest segments; -1 is unlimited. Default `-1`. */
  readonly "log.retention.bytes"?: number | bigint | string;
  /**
   * A segment whose newest record is older than this is deleted; -1 is never. Absent:
   * log.retention.minutes. Empty by default.
   */
  readonly "log.retention.ms"?: number | bigint | string;
  /** log.retention.ms in minutes. Absent: log.retention.hours. Empty by default. */
  readonly "log.retention.minutes"?: number | bigint | string;
  /** log.retention.ms in hours. Default `168`. */
  readonly "log.retention.hours"?: number | bigint | string;
  /** How often segments are checked for retention. Default `300000`. */
  readonly "log.retention.check.interval.ms"?: number | bigint | string;
  /** How long a deleted segment's files stay on disk under a .deleted name. Default `60000`. */
  readonly "log.segment.delete.delay.ms"?: number | bigint | string;
  /** Bytes of log between two index entries. Default `4096`. */
  readonly "log.index.interval.bytes"?: number | bigint | string;
  /** A segment whose index reaches this is closed. Default `10485760`. */
  readonly "log.index.size.max.bytes"?: number | bigint | string;
  /**
   * Whether records keep the producer's time or get the time of their append. Default `CreateTime`.
   */
  readonly "log.message.timestamp.type"?: "CreateTime" | "LogAppendTime";
  /** How far a record's time may lie behind the broker's clock. Default `9223372036854775807`. */
  readonly "log.message.timestamp.before.max.ms"?: number | bigint | string;
  /** How far a record's time may lie ahead of the broker's clock. Default `3600000`. */
  readonly "log.message.timestamp.after.max.ms"?: number | bigint | string;
  /**
   * Unsynced records at which a partition is synced to disk without being asked. Default
   * `9223372036854775807`.
   */
  readonly "log.flush.interval.messages"?: number | bigint | string;
  /**
   * Age of the oldest unsynced record at which a partition is synced to disk. Absent:
   * log.flush.scheduler.interval.ms. Empty by default.
   */
  readonly "log.flush.interval.ms"?: number | bigint | string;
  /** The default of log.flush.interval.ms. Default `9223372036854775807`. */
  readonly "log.flush.scheduler.interval.ms"?: number | bigint | string;
  /** How often the offset up to which each log is synced is written to disk. Default `60000`. */
  readonly "log.flush.offset.checkpoint.interval.ms"?: number | bigint | string;
  /** How often each log's start offset is written to disk. Default `60000`. */
  readonly "log.flush.start.offset.checkpoint.interval.ms"?: number | bigint | string;
  /** Whether a segment's file gets its full size when it is created. Default `false`. */
  readonly "log.preallocate"?: boolean | "true" | "false";
  /**
   * delete drops old segments, compact keeps the last record of each key, and both may be named.
   * Default `delete`.
   */
  readonly "log.cleanup.policy"?: "" | "compact" | "delete" | "compact,delete" | "delete,compact";
  /** Whether compacted topics are compacted. Default `true`. */
  readonly "log.cleaner.enable"?: boolean | "true" | "false";
  /** How long the cleaner waits when nothing is left to compact. Default `15000`. */
  readonly "log.cleaner.backoff.ms"?: number | bigint | string;
  /**
   * Memory for the keys of one compaction, 24 bytes each, at most; and no more than a sixteenth of
   * ottla.memory.bytes.max. Default `134217728`.
   */
  readonly "log.cleaner.dedupe.buffer.size"?: number | bigint | string;
  /** How long a tombstone outlives its compaction. Default `86400000`. */
  readonly "log.cleaner.delete.retention.ms"?: number | bigint | string;
  /** How full the memory for keys may be. Default `0.9`. */
  readonly "log.cleaner.io.buffer.load.factor"?: number | bigint | string;
  /** Memory of the cleaner for reading and writing. Default `524288`. */
  readonly "log.cleaner.io.buffer.size"?: number | bigint | string;
  /**
   * What compaction may read and write in a second, taken together. Default
   * `1.7976931348623157E308`.
   */
  readonly "log.cleaner.io.max.bytes.per.second"?: number | bigint | string;
  /** Share of a log that must be uncompacted before it is worth compacting. Default `0.5`. */
  readonly "log.cleaner.min.cleanable.ratio"?: number | bigint | string;
  /** How long a record stays uncompacted at least. Default `0`. */
  readonly "log.cleaner.min.compaction.lag.ms"?: number | bigint | string;
  /** How long a record may stay uncompacted at most. Default `9223372036854775807`. */
  readonly "log.cleaner.max.compaction.lag.ms"?: number | bigint | string;
  /** How many logs are compacted at a time. Default `1`. */
  readonly "log.cleaner.threads"?: number | bigint | string;
  /** What stays on local disk of a tiered partition; -2 is log.retention.bytes. Default `-2`. */
  readonly "log.local.retention.bytes"?: number | bigint | string;
  /** How long a tiered segment stays on local disk; -2 is log.retention.ms. Default `-2`. */
  readonly "log.local.retention.ms"?: number | bigint | string;
  /** How long to try to tell the controller that a data folder has failed. Default `30000`. */
  readonly "log.dir.failure.timeout.ms"?: number | bigint | string;
  /**
   * Most bytes of records in one Fetch answer, whatever the client asks for. Default `57671680`.
   */
  readonly "fetch.max.bytes"?: number | bigint | string;
  /** Most incremental fetch sessions kept at a time (KIP-227). Default `1000`. */
  readonly "max.incremental.fetch.session.cache.slots"?: number | bigint | string;
  /** Most partitions in one DescribeTopicPartitions answer. Default `2000`. */
  readonly "max.request.partition.size.limit"?: number | bigint | string;
  /**
   * How long a partition remembers the sequence numbers of a silent idempotent producer. Default
   * `86400000`.
   */
  readonly "producer.id.expiration.ms"?: number | bigint | string;
  /** How often silent producers are looked for. Default `600000`. */
  readonly "producer.id.expiration.check.interval.ms"?: number | bigint | string;
  /** Answered fetches after which the purgatory is swept. Default `1000`. */
  readonly "fetch.purgatory.purge.interval.requests"?: number | bigint | string;
  /** Answered produce requests after which the purgatory is swept. Default `1000`. */
  readonly "producer.purgatory.purge.interval.requests"?: number | bigint | string;
  /** Answered DeleteRecords requests after which the purgatory is swept. Default `1`. */
  readonly "delete.records.purgatory.purge.interval.requests"?: number | bigint | string;
  /** How long the first rebalance of an empty group waits for further members. Default `3000`. */
  readonly "group.initial.rebalance.delay.ms"?: number | bigint | string;
  /** Shortest session timeout that a member may ask for. Default `6000`. */
  readonly "group.min.session.timeout.ms"?: number | bigint | string;
  /** Longest session timeout that a member may ask for. Default `1800000`. */
  readonly "group.max.session.timeout.ms"?: number | bigint | string;
  /** Most members of a group. Default `2147483647`. */
  readonly "group.max.size"?: number | bigint | string;
  /** The group protocols on offer. Default `classic,consumer,streams`. */
  readonly "group.coordinator.rebalance.protocols"?: string;
  /** Threads of the group coordinator. Default `4`. */
  readonly "group.coordinator.threads"?: number | bigint | string;
  /** Background threads of the group coordinator. Default `2`. */
  readonly "group.coordinator.background.threads"?: number | bigint | string;
  /** How long the group coordinator collects records before it appends them. Default `-1`. */
  readonly "group.coordinator.append.linger.ms"?: number | bigint | string;
  /** Largest append buffer that the group coordinator keeps for reuse. Default `1048588`. */
  readonly "group.coordinator.cached.buffer.max.bytes"?: number | bigint | string;
  /** Longest metadata string of a committed offset. Default `4096`. */
  readonly "offset.metadata.max.bytes"?: number | bigint | string;
  /** Partitions of __consumer_offsets, fixed once it exists. Default `50`. */
  readonly "offsets.topic.num.partitions"?: number | bigint | string;
  /** Replicas of __consumer_offsets, or as many as there are brokers. Default `3`. */
  readonly "offsets.topic.replication.factor"?: number | bigint | string;
  /** segment.bytes of __consumer_offsets. Default `104857600`. */
  readonly "offsets.topic.segment.bytes"?: number | bigint | string;
  /** Codec of the batches in __consumer_offsets. Default `0`. */
  readonly "offsets.topic.compression.codec"?: number | bigint | string;
  /** How long the offsets of an empty group are kept. Default `10080`. */
  readonly "offsets.retention.minutes"?: number | bigint | string;
  /** How often expired offsets are looked for. Default `600000`. */
  readonly "offsets.retention.check.interval.ms"?: number | bigint | string;
  /** How long an offset commit waits for its replicas. Default `5000`. */
  readonly "offsets.commit.timeout.ms"?: number | bigint | string;
  /** Bytes read at a time when a coordinator loads. Default `5242880`. */
  readonly "offsets.load.buffer.size"?: number | bigint | string;
  /** How long an unused transactional id is remembered. Default `604800000`. */
  readonly "transactional.id.expiration.ms"?: number | bigint | string;
  /** Longest transaction timeout that a producer may ask for. Default `900000`. */
  readonly "transaction.max.timeout.ms"?: number | bigint | string;
  /** Partitions of __transaction_state, fixed once it exists. Default `50`. */
  readonly "transaction.state.log.num.partitions"?: number | bigint | string;
  /** Replicas of __transaction_state, or as many as there are brokers. Default `3`. */
  readonly "transaction.state.log.replication.factor"?: number | bigint | string;
  /** min.insync.replicas of __transaction_state. Default `2`. */
  readonly "transaction.state.log.min.isr"?: number | bigint | string;
  /** segment.bytes of __transaction_state. Default `104857600`. */
  readonly "transaction.state.log.segment.bytes"?: number | bigint | string;
  /** Windows over which a client's use is measured for its quotas. Default `11`. */
  readonly "quota.window.num"?: number | bigint | string;
  /** Length of each of these windows. Default `1`. */
  readonly "quota.window.size.seconds"?: number | bigint | string;
  /** Most bytes of metrics that a client may push at once, compressed or not. Default `1048576`. */
  readonly "telemetry.max.bytes"?: number | bigint | string;
  /**
   * Bytes per second that throttled leaders give to their followers. Default `9223372036854775807`.
   */
  readonly "leader.replication.throttled.rate"?: number | bigint | string;
  /**
   * Bytes per second that throttled followers take from their leaders. Default
   * `9223372036854775807`.
   */
  readonly "follower.replication.throttled.rate"?: number | bigint | string;
  /**
   * Bytes per second that replicas move at between data directories. Default `9223372036854775807`.
   */
  readonly "replica.alter.log.dirs.io.max.bytes.per.second"?: number | bigint | string;
  /**
   * What decides who may do what: Kafka's StandardAuthorizer, by the access rules (ACLs) that are
   * kept in the metadata. Empty lets everyone do everything. Empty by default.
   */
  readonly "authorizer.class.name"?: string;
  /** Principals that may do everything, separated by semicolons. Empty by default. */
  readonly "super.users"?: string;
  /** Whether a resource without rules is open to everyone. Default `false`. */
  readonly "allow.everyone.if.no.acl.found"?: boolean | "true" | "false";
  /**
   * What names the user behind a connection. Default
   * `org.apache.kafka.common.security.authenticator.DefaultKafkaPrincipalBuilder`.
   */
  readonly "principal.builder.class"?: string;
  /** Whether leadership goes back to the preferred replicas by itself. Default `true`. */
  readonly "auto.leader.rebalance.enable"?: boolean | "true" | "false";
  /** How often a broker reports to the controller. Default `2000`. */
  readonly "broker.heartbeat.interval.ms"?: number | bigint | string;
  /**
   * How long a silent broker of a cluster is taken to be alive, in whole seconds. Default `9000`.
   */
  readonly "broker.session.timeout.ms"?: number | bigint | string;
  /** Whether a stopping broker hands over its leaderships first. Default `true`. */
  readonly "controlled.shutdown.enable"?: boolean | "true" | "false";
  /**
   * The feature level that brokers agree upon; metadata.version has taken its place. Default
   * `3.9-IV0`.
   */
  readonly "inter.broker.protocol.version"?: string;
  /** The record format in older Kafka; it is version 2 since. Default `3.0-IV1`. */
  readonly "log.message.format.version"?: string;
  /** Whether old consumers get records converted. Default `true`. */
  readonly "log.message.downconversion.enable"?: boolean | "true" | "false";
  /** How far a record's time may be from the broker's clock. Default `9223372036854775807`. */
  readonly "log.message.timestamp.difference.max.ms"?: number | bigint | string;
  /**
   * Longest pause before AddPartitionsToTxn is tried again on behalf of a producer. Default `100`.
   */
  readonly "add.partitions.to.txn.retry.backoff.max.ms"?: number | bigint | string;
  /** First pause before AddPartitionsToTxn is tried again on behalf of a producer. Default `20`. */
  readonly "add.partitions.to.txn.retry.backoff.ms"?: number | bigint | string;
  /** Windows over which the moving of logs between directories is measured. Default `11`. */
  readonly "alter.log.dirs.replication.quota.window.num"?: number | bigint | string;
  /** Length of such a window. Default `1`. */
  readonly "alter.log.dirs.replication.quota.window.size.seconds"?: number | bigint | string;
  /** A class that decides which quota holds for a client. Empty by default. */
  readonly "client.quota.callback.class"?: string;
  /** Classes that resolve ${provider:key} in values. Empty by default. */
  readonly "config.providers"?: string;
  /** How long the answer to a failed authentication is held back. Default `100`. */
  readonly "connection.failed.authentication.delay.ms"?: number | bigint | string;
  /**
   * How long a session lasts before its client has to authenticate again; 0 is for ever. Default
   * `0`.
   */
  readonly "connections.max.reauth.ms"?: number | bigint | string;
  /** How long the controller gathers metadata records before it writes them. Default `25`. */
  readonly "controller.quorum.append.linger.ms"?: number | bigint | string;
  /** Whether a controller joins the quorum by itself. Default `false`. */
  readonly "controller.quorum.auto.join.enable"?: boolean | "true" | "false";
  /** Longest pause between elections of a controller. Default `1000`. */
  readonly "controller.quorum.election.backoff.max.ms"?: number | bigint | string;
  /** How long an election of a controller may take. Default `1000`. */
  readonly "controller.quorum.election.timeout.ms"?: number | bigint | string;
  /** Most bytes of metadata that one fetch between controllers brings. Default `1048576`. */
  readonly "controller.quorum.fetch.max.bytes"?: number | bigint | string;
  /** Most bytes of a metadata snapshot that one fetch brings. Default `1048576`. */
  readonly "controller.quorum.fetch.snapshot.max.bytes"?: number | bigint | string;
  /** How long a controller waits for its leader before it calls an election. Default `2000`. */
  readonly "controller.quorum.fetch.timeout.ms"?: number | bigint | string;
  /** How long a controller waits for the answer of another. Default `2000`. */
  readonly "controller.quorum.request.timeout.ms"?: number | bigint | string;
  /** Pause before a request between controllers is sent again. Default `20`. */
  readonly "controller.quorum.retry.backoff.ms"?: number | bigint | string;
  /** Windows over which changes of topics are measured. Default `11`. */
  readonly "controller.quota.window.num"?: number | bigint | string;
  /** Length of such a window. Default `1`. */
  readonly "controller.quota.window.size.seconds"?: number | bigint | string;
  /** How long a broker waits for its controller. Default `30000`. */
  readonly "controller.socket.timeout.ms"?: number | bigint | string;
  /** Data directories that get no new partitions. Empty by default. */
  readonly "cordoned.log.dirs"?: string;
  /** Listeners that are opened before the broker is ready. Empty by default. */
  readonly "early.start.listeners"?: string;
  /**
   * Whether a new follower begins at the last offset that lies in remote storage. Default `false`.
   */
  readonly "follower.fetch.last.tiered.offset.enable"?: boolean | "true" | "false";
  /**
   * How long a broker of a cluster waits for etcd at its start before it gives up. Default `60000`.
   */
  readonly "initial.broker.registration.timeout.ms"?: number | bigint | string;
  /** How often the metrics reporters are called. Default `10`. */
  readonly "kafka.metrics.polling.interval.secs"?: number | bigint | string;
  /** Classes that report metrics. Empty by default. */
  readonly "kafka.metrics.reporters"?: string;
  /** How often leadership is looked at for balance. Default `300`. */
  readonly "leader.imbalance.check.interval.seconds"?: number | bigint | string;
  /** The directory of the metadata log. Here it is the first data directory. Empty by default. */
  readonly "metadata.log.dir"?: string;
  /** Bytes of metadata records after which a snapshot is written. Default `20971520`. */
  readonly "metadata.log.max.record.bytes.between.snapshots"?: number | bigint | string;
  /** Longest time between two snapshots while there is something new. Default `3600000`. */
  readonly "metadata.log.max.snapshot.interval.ms"?: number | bigint | string;
  /** Size at which a segment of the metadata log is closed. Default `1073741824`. */
  readonly "metadata.log.segment.bytes"?: number | bigint | string;
  /** Age at which a segment of the metadata log is closed. Default `604800000`. */
  readonly "metadata.log.segment.ms"?: number | bigint | string;
  /** How often an idle controller writes a record that says it is alive. Default `500`. */
  readonly "metadata.max.idle.interval.ms"?: number | bigint | string;
  /** Bytes of old metadata segments and snapshots that are kept. Default `104857600`. */
  readonly "metadata.max.retention.bytes"?: number | bigint | string;
  /** How long old metadata segments and snapshots are kept. Default `604800000`. */
  readonly "metadata.max.retention.ms"?: number | bigint | string;
  /** Classes that report metrics. Default `org.apache.kafka.common.metrics.JmxReporter`. */
  readonly "metric.reporters"?: string;
  /** Samples from which a metric is computed. Default `2`. */
  readonly "metrics.num.samples"?: number | bigint | string;
  /** How much is measured. Default `INFO`. */
  readonly "metrics.recording.level"?: string;
  /** How long a sample of a metric lasts. Default `30000`. */
  readonly "metrics.sample.window.ms"?: number | bigint | string;
  /** Threads that move logs between directories. Empty by default. */
  readonly "num.replica.alter.log.dirs.threads"?: number | bigint | string;
  /** Threads that fetch from each other broker. Default `1`. */
  readonly "num.replica.fetchers"?: number | bigint | string;
  /** Pause of a follower after a fetch that failed. Default `1000`. */
  readonly "replica.fetch.backoff.ms"?: number | bigint | string;
  /** Bytes of one partition that a follower asks for at a time. Default `1048576`. */
  readonly "replica.fetch.max.bytes"?: number | bigint | string;
  /** Bytes that must be there before a follower is answered. Default `1`. */
  readonly "replica.fetch.min.bytes"?: number | bigint | string;
  /** Bytes of all partitions that a follower asks for at a time. Default `10485760`. */
  readonly "replica.fetch.response.max.bytes"?: number | bigint | string;
  /** How long a follower's fetch waits for data. Default `500`. */
  readonly "replica.fetch.wait.max.ms"?: number | bigint | string;
  /** How often high watermarks are written to disk. Default `5000`. */
  readonly "replica.high.watermark.checkpoint.interval.ms"?: number | bigint | string;
  /** How long a follower may lag before it counts as out of sync. Default `30000`. */
  readonly "replica.lag.time.max.ms"?: number | bigint | string;
  /**
   * Which replica a consumer reads from (KIP-392): its leader, as without it, or one in sync whose
   * broker.rack is the consumer's client.rack. Empty by default.
   */
  readonly "replica.selector.class"?:
    | "org.apache.kafka.common.replica.LeaderSelector"
    | "org.apache.kafka.common.replica.RackAwareReplicaSelector";
  /** Size of a follower's receive buffer. Default `65536`. */
  readonly "replica.socket.receive.buffer.bytes"?: number | bigint | string;
  /**
   * How long a broker waits for another one's answer. A follower gives its fetch up sooner: 5 s
   * after the leader was to answer, or after twice the time that the last answer took. Default
   * `30000`.
   */
  readonly "replica.socket.timeout.ms"?: number | bigint | string;
  /** Windows over which replication is measured for its throttles. Default `11`. */
  readonly "replication.quota.window.num"?: number | bigint | string;
  /** Length of such a window. Default `1`. */
  readonly "replication.quota.window.size.seconds"?: number | bigint | string;
  /** Classes that provide security algorithms. Empty by default. */
  readonly "security.providers"?: string;
  /** Longest wait for a connection to another broker. Default `30000`. */
  readonly "socket.connection.setup.timeout.max.ms"?: number | bigint | string;
  /** First wait for a connection to another broker. Default `10000`. */
  readonly "socket.connection.setup.timeout.ms"?: number | bigint | string;
  /** How often transactions that have timed out are looked for and aborted. Default `10000`. */
  readonly "transaction.abort.timed.out.transaction.cleanup.interval.ms"?: number | bigint | string;
  /**
   * Whether a transactional batch is checked against the partitions that its transaction has added.
   * Default `true`.
   */
  readonly "transaction.partition.verification.enable"?: boolean | "true" | "false";
  /** How often transactional ids that have expired are removed. Default `3600000`. */
  readonly "transaction.remove.expired.transaction.cleanup.interval.ms"?: number | bigint | string;
  /** Bytes read at a time while transactions are loaded. Default `5242880`. */
  readonly "transaction.state.log.load.buffer.size"?: number | bigint | string;
  /** Whether a transaction may be prepared and left to another coordinator. Default `false`. */
  readonly "transaction.two.phase.commit.enable"?: boolean | "true" | "false";
  /** Shortest time between two assignments of a consumer group. Default `1000`. */
  readonly "group.consumer.assignment.interval.ms"?: number | bigint | string;
  /** Assignors of consumer groups, the default one first. Default `uniform,range`. */
  readonly "group.consumer.assignors"?:
    | ""
    | "uniform"
    | "range"
    | "uniform,range"
    | "range,uniform";
  /**
   * How often members of a consumer group send a heartbeat; they are told to come back sooner while
   * they wait for partitions of others. Default `5000`.
   */
  readonly "group.consumer.heartbeat.interval.ms"?: number | bigint | string;
  /** Longest assignment interval that a group may have. Default `15000`. */
  readonly "group.consumer.max.assignment.interval.ms"?: number | bigint | string;
  /** Longest heartbeat interval that a group may have. Default `15000`. */
  readonly "group.consumer.max.heartbeat.interval.ms"?: number | bigint | string;
  /** Longest session timeout that a group may have. Default `60000`. */
  readonly "group.consumer.max.session.timeout.ms"?: number | bigint | string;
  /** Most members of a consumer group. Default `2147483647`. */
  readonly "group.consumer.max.size"?: number | bigint | string;
  /**
   * Which way a group may move between the classic and the consumer protocol. Default
   * `bidirectional`.
   */
  readonly "group.consumer.migration.policy"?:
    | "disabled"
    | "upgrade"
    | "downgrade"
    | "bidirectional";
  /** Shortest assignment interval that a group may have. Default `0`. */
  readonly "group.consumer.min.assignment.interval.ms"?: number | bigint | string;
  /** Shortest heartbeat interval that a group may have. Default `5000`. */
  readonly "group.consumer.min.heartbeat.interval.ms"?: number | bigint | string;
  /** Shortest session timeout that a group may have. Default `45000`. */
  readonly "group.consumer.min.session.timeout.ms"?: number | bigint | string;
  /**
   * How often the topics that regular expressions stand for are looked at, at least. Default
   * `600000`.
   */
  readonly "group.consumer.regex.refresh.interval.ms"?: number | bigint | string;
  /** How long a member of a consumer group may be silent. Default `45000`. */
  readonly "group.consumer.session.timeout.ms"?: number | bigint | string;
  /** Shortest time between two assignments of a share group. Default `1000`. */
  readonly "group.share.assignment.interval.ms"?: number | bigint | string;
  /** Assignors of share groups. Default `simple`. */
  readonly "group.share.assignors"?: string;
  /** How often a record is handed out before it is given up. Default `5`. */
  readonly "group.share.delivery.count.limit"?: number | bigint | string;
  /**
   * How often members of a share group send a heartbeat; they are told to come back sooner while
   * they wait for what they are to read. Default `5000`.
   */
  readonly "group.share.heartbeat.interval.ms"?: number | bigint | string;
  /** Longest assignment interval that a share group may have. Default `15000`. */
  readonly "group.share.max.assignment.interval.ms"?: number | bigint | string;
  /** Largest delivery count limit that a share group may have. Default `10`. */
  readonly "group.share.max.delivery.count.limit"?: number | bigint | string;
  /** Longest heartbeat interval that a share group may have. Default `15000`. */
  readonly "group.share.max.heartbeat.interval.ms"?: number | bigint | string;
  /**
   * Largest number of records under way that a share group may have in a partition. Default `4000`.
   */
  readonly "group.share.max.partition.max.record.locks"?: number | bigint | string;
  /** Longest time that a share group may lock a record. Default `60000`. */
  readonly "group.share.max.record.lock.duration.ms"?: number | bigint | string;
  /** Longest session timeout that a share group may have. Default `60000`. */
  readonly "group.share.max.session.timeout.ms"?: number | bigint | string;
  /** Most share sessions at a time. Default `2000`. */
  readonly "group.share.max.share.sessions"?: number | bigint | string;
  /** Most members of a share group. Default `200`. */
  readonly "group.share.max.size"?: number | bigint | string;
  /** Shortest assignment interval that a share group may have. Default `0`. */
  readonly "group.share.min.assignment.interval.ms"?: number | bigint | string;
  /** Smallest delivery count limit that a share group may have. Default `2`. */
  readonly "group.share.min.delivery.count.limit"?: number | bigint | string;
  /** Shortest heartbeat interval that a share group may have. Default `5000`. */
  readonly "group.share.min.heartbeat.interval.ms"?: number | bigint | string;
  /** Smallest number of records under way that a share group may be limited to. Default `100`. */
  readonly "group.share.min.partition.max.record.locks"?: number | bigint | string;
  /** Shortest time that a share group may lock a record. Default `15000`. */
  readonly "group.share.min.record.lock.duration.ms"?: number | bigint | string;
  /** Shortest session timeout that a share group may have. Default `45000`. */
  readonly "group.share.min.session.timeout.ms"?: number | bigint | string;
  /** Records of a partition that may be under way in a share group. Default `2000`. */
  readonly "group.share.partition.max.record.locks"?: number | bigint | string;
  /** How long a record is locked for the member that got it. Default `30000`. */
  readonly "group.share.record.lock.duration.ms"?: number | bigint | string;
  /** How long a member of a share group may be silent. Default `45000`. */
  readonly "group.share.session.timeout.ms"?: number | bigint | string;
  /** Shortest time between two assignments of a streams group. Default `1000`. */
  readonly "group.streams.assignment.interval.ms"?: number | bigint | string;
  /**
   * How often members of a streams group send a heartbeat; they are told to come back sooner while
   * they wait for tasks of others. Default `5000`.
   */
  readonly "group.streams.heartbeat.interval.ms"?: number | bigint | string;
  /** How long a new streams group waits for more members. Default `3000`. */
  readonly "group.streams.initial.rebalance.delay.ms"?: number | bigint | string;
  /** Longest assignment interval that a streams group may have. Default `15000`. */
  readonly "group.streams.max.assignment.interval.ms"?: number | bigint | string;
  /** Longest heartbeat interval that a streams group may have. Default `15000`. */
  readonly "group.streams.max.heartbeat.interval.ms"?: number | bigint | string;
  /** Longest session timeout that a streams group may have. Default `60000`. */
  readonly "group.streams.max.session.timeout.ms"?: number | bigint | string;
  /** Most members of a streams group. Default `2147483647`. */
  readonly "group.streams.max.size"?: number | bigint | string;
  /** Largest number of standby tasks that a streams group may have. Default `2`. */
  readonly "group.streams.max.standby.replicas"?: number | bigint | string;
  /** Shortest assignment interval that a streams group may have. Default `0`. */
  readonly "group.streams.min.assignment.interval.ms"?: number | bigint | string;
  /** Shortest heartbeat interval that a streams group may have. Default `5000`. */
  readonly "group.streams.min.heartbeat.interval.ms"?: number | bigint | string;
  /** Shortest session timeout that a streams group may have. Default `45000`. */
  readonly "group.streams.min.session.timeout.ms"?: number | bigint | string;
  /** Standby tasks of each stateful task. Default `0`. */
  readonly "group.streams.num.standby.replicas"?: number | bigint | string;
  /** How long a member of a streams group may be silent. Default `45000`. */
  readonly "group.streams.session.timeout.ms"?: number | bigint | string;
  /**
   * How long the share coordinator gathers records before it writes them; -1 is as long as a write
   * takes. Default `-1`.
   */
  readonly "share.coordinator.append.linger.ms"?: number | bigint | string;
  /**
   * Size up to which a buffer of the share coordinator is kept for the next write. Default
   * `1048588`.
   */
  readonly "share.coordinator.cached.buffer.max.bytes"?: number | bigint | string;
  /** Bytes read at a time while share state is loaded. Default `5242880`. */
  readonly "share.coordinator.load.buffer.size"?: number | bigint | string;
  /** Updates of a share partition between two snapshots of it. Default `500`. */
  readonly "share.coordinator.snapshot.update.records.per.snapshot"?: number | bigint | string;
  /** Compression of the topic of share state, as a number. Default `0`. */
  readonly "share.coordinator.state.topic.compression.codec"?: number | bigint | string;
  /** min.insync.replicas of __share_group_state. Default `2`. */
  readonly "share.coordinator.state.topic.min.isr"?: number | bigint | string;
  /** Partitions of __share_group_state when it is created. Default `50`. */
  readonly "share.coordinator.state.topic.num.partitions"?: number | bigint | string;
  /** Replicas of __share_group_state, or as many as there are brokers. Default `3`. */
  readonly "share.coordinator.state.topic.replication.factor"?: number | bigint | string;
  /** Segment size of __share_group_state. Default `104857600`. */
  readonly "share.coordinator.state.topic.segment.bytes"?: number | bigint | string;
  /** Threads of the share coordinator. Default `1`. */
  readonly "share.coordinator.threads"?: number | bigint | string;
  /** How long a write of the share coordinator may take. Default `5000`. */
  readonly "share.coordinator.write.timeout.ms"?: number | bigint | string;
  /** Answered share fetches after which the purgatory is purged. Default `1000`. */
  readonly "share.fetch.purgatory.purge.interval.requests"?: number | bigint | string;
  /** How long a fetch waits for remote storage. Default `500`. */
  readonly "remote.fetch.max.wait.ms"?: number | bigint | string;
  /** How long a look-up of an offset waits for remote storage. Default `30000`. */
  readonly "remote.list.offsets.request.timeout.ms"?: number | bigint | string;
  /** Bytes of remote index files that are kept on the local disk. Default `1073741824`. */
  readonly "remote.log.index.file.cache.total.size.bytes"?: number | bigint | string;
  /** Threads that copy segments to remote storage. Default `10`. */
  readonly "remote.log.manager.copier.thread.pool.size"?: number | bigint | string;
  /** Most bytes that are copied to remote storage in a second. Default `9223372036854775807`. */
  readonly "remote.log.manager.copy.max.bytes.per.second"?: number | bigint | string;
  /** Windows over which the copying is measured. Default `11`. */
  readonly "remote.log.manager.copy.quota.window.num"?: number | bigint | string;
  /** Length of such a window. Default `1`. */
  readonly "remote.log.manager.copy.quota.window.size.seconds"?: number | bigint | string;
  /** Threads that delete expired remote segments. Default `10`. */
  readonly "remote.log.manager.expiration.thread.pool.size"?: number | bigint | string;
  /** Most bytes that are fetched from remote storage in a second. Default `9223372036854775807`. */
  readonly "remote.log.manager.fetch.max.bytes.per.second"?: number | bigint | string;
  /** Windows over which the fetching is measured. Default `11`. */
  readonly "remote.log.manager.fetch.quota.window.num"?: number | bigint | string;
  /** Length of such a window. Default `1`. */
  readonly "remote.log.manager.fetch.quota.window.size.seconds"?: number | bigint | string;
  /** Threads that keep followers' view of remote storage. Default `2`. */
  readonly "remote.log.manager.follower.thread.pool.size"?: number | bigint | string;
  /** How often segments to copy or to delete are looked for. Default `30000`. */
  readonly "remote.log.manager.task.interval.ms"?: number | bigint | string;
  /** Threads of remote storage's tasks. Default `2`. */
  readonly "remote.log.manager.thread.pool.size"?: number | bigint | string;
  /** Most bytes that a storage plugin may add to a segment's metadata. Default `128`. */
  readonly "remote.log.metadata.custom.metadata.max.bytes"?: number | bigint | string;
  /**
   * The class that keeps the metadata of remote segments. Default
   * `org.apache.kafka.server.log.remote.metadata.storage.TopicBasedRemoteLogMetadataManager`.
   */
  readonly "remote.log.metadata.manager.class.name"?: string;
  /** Where that class is found. Empty by default. */
  readonly "remote.log.metadata.manager.class.path"?: string;
  /** Prefix of that class's own configuration. Default `rlmm.config.`. */
  readonly "remote.log.metadata.manager.impl.prefix"?: string;
  /** The listener by which it reaches the brokers. Empty by default. */
  readonly "remote.log.metadata.manager.listener.name"?: string;
  /** Most reads of remote storage that may wait. Default `100`. */
  readonly "remote.log.reader.max.pending.tasks"?: number | bigint | string;
  /** Threads that read remote storage. Default `10`. */
  readonly "remote.log.reader.threads"?: number | bigint | string;
  /** The class that stores remote segments. Empty by default. */
  readonly "remote.log.storage.manager.class.name"?: string;
  /** Where that class is found. Empty by default. */
  readonly "remote.log.storage.manager.class.path"?: string;
  /** Prefix of that class's own configuration. Default `rsm.config.`. */
  readonly "remote.log.storage.manager.impl.prefix"?: string;
  /** Whether old segments move to remote storage. Default `false`. */
  readonly "remote.log.storage.system.enable"?: boolean | "true" | "false";
  /** How often expired delegation tokens are removed. Default `3600000`. */
  readonly "delegation.token.expiry.check.interval.ms"?: number | bigint | string;
  /** How long a delegation token is valid before it has to be renewed. Default `86400000`. */
  readonly "delegation.token.expiry.time.ms"?: number | bigint | string;
  /** How long a delegation token can be renewed. Default `604800000`. */
  readonly "delegation.token.max.lifetime.ms"?: number | bigint | string;
  /**
   * The secret from which delegation tokens are made; without it there are none. Empty by default.
   */
  readonly "delegation.token.secret.key"?: string;
  /** A class that answers the questions of a SASL client. Empty by default. */
  readonly "sasl.client.callback.handler.class"?: string;
  /**
   * SASL mechanisms that clients may use: PLAIN, SCRAM-SHA-256, SCRAM-SHA-512, OAUTHBEARER. Default
   * `SCRAM-SHA-256,SCRAM-SHA-512`.
   */
  readonly "sasl.enabled.mechanisms"?: string;
  /**
   * The users of PLAIN in JAAS's syntax, or the rules for unsigned tokens of OAUTHBEARER, of one
   * listener: set it as listener.name.NAME.plain.sasl.jaas.config. Empty by default.
   */
  readonly "sasl.jaas.config"?: string;
  /** Path of kinit. Default `/usr/bin/kinit`. */
  readonly "sasl.kerberos.kinit.cmd"?: string;
  /** Shortest time between two logins. Default `60000`. */
  readonly "sasl.kerberos.min.time.before.relogin"?: number | bigint | string;
  /** Rules that shorten Kerberos principals to names. Default `DEFAULT`. */
  readonly "sasl.kerberos.principal.to.local.rules"?: string;
  /** The name under which the broker is known to Kerberos. Empty by default. */
  readonly "sasl.kerberos.service.name"?: string;
  /** Share of the renewal time that is random. Default `0.05`. */
  readonly "sasl.kerberos.ticket.renew.jitter"?: number | bigint | string;
  /** Share of a ticket's life after which it is renewed. Default `0.8`. */
  readonly "sasl.kerberos.ticket.renew.window.factor"?: number | bigint | string;
  /** A class that answers the questions of a login. Empty by default. */
  readonly "sasl.login.callback.handler.class"?: string;
  /** A class that logs in. Empty by default. */
  readonly "sasl.login.class"?: string;
  /** How long a connection to the identity provider may take. Empty by default. */
  readonly "sasl.login.connect.timeout.ms"?: number | bigint | string;
  /** How long an answer of the identity provider may take. Empty by default. */
  readonly "sasl.login.read.timeout.ms"?: number | bigint | string;
  /** Time before its end within which a credential is not renewed. Default `300`. */
  readonly "sasl.login.refresh.buffer.seconds"?: number | bigint | string;
  /** Shortest time between two renewals of a credential. Default `60`. */
  readonly "sasl.login.refresh.min.period.seconds"?: number | bigint | string;
  /** Share of a credential's life after which it is renewed. Default `0.8`. */
  readonly "sasl.login.refresh.window.factor"?: number | bigint | string;
  /** Share of that time that is random. Default `0.05`. */
  readonly "sasl.login.refresh.window.jitter"?: number | bigint | string;
  /** Longest pause between two tries to log in. Default `10000`. */
  readonly "sasl.login.retry.backoff.max.ms"?: number | bigint | string;
  /** First pause between two tries to log in. Default `100`. */
  readonly "sasl.login.retry.backoff.ms"?: number | bigint | string;
  /** SASL mechanism between broker and controller. Default `GSSAPI`. */
  readonly "sasl.mechanism.controller.protocol"?: string;
  /**
   * By what brokers of a cluster log in to each other: PLAIN, SCRAM-SHA-256 or SCRAM-SHA-512, as
   * the username of the listener's sasl.jaas.config. Default `GSSAPI`.
   */
  readonly "sasl.mechanism.inter.broker.protocol"?: string;
  /** Algorithm that signs assertions to the identity provider. Default `RS256`. */
  readonly "sasl.oauthbearer.assertion.algorithm"?: string;
  /** Audience in such an assertion. Empty by default. */
  readonly "sasl.oauthbearer.assertion.claim.aud"?: string;
  /** How long such an assertion is valid. Default `300`. */
  readonly "sasl.oauthbearer.assertion.claim.exp.seconds"?: number | bigint | string;
  /** Issuer in such an assertion. Empty by default. */
  readonly "sasl.oauthbearer.assertion.claim.iss"?: string;
  /** Whether such an assertion has an id of its own. Default `false`. */
  readonly "sasl.oauthbearer.assertion.claim.jti.include"?: boolean | "true" | "false";
  /** How far back the start of its validity lies. Default `60`. */
  readonly "sasl.oauthbearer.assertion.claim.nbf.seconds"?: number | bigint | string;
  /** Subject in such an assertion. Empty by default. */
  readonly "sasl.oauthbearer.assertion.claim.sub"?: string;
  /** File with a ready-made assertion. Empty by default. */
  readonly "sasl.oauthbearer.assertion.file"?: string;
  /** File with the key that signs assertions. Empty by default. */
  readonly "sasl.oauthbearer.assertion.private.key.file"?: string;
  /** Passphrase of that key. Empty by default. */
  readonly "sasl.oauthbearer.assertion.private.key.passphrase"?: string;
  /** File with further claims of assertions. Empty by default. */
  readonly "sasl.oauthbearer.assertion.template.file"?: string;
  /** Client id at the identity provider. Empty by default. */
  readonly "sasl.oauthbearer.client.credentials.client.id"?: string;
  /** Its secret. Empty by default. */
  readonly "sasl.oauthbearer.client.credentials.client.secret"?: string;
  /** How far the clock of the identity provider may differ. Default `30`. */
  readonly "sasl.oauthbearer.clock.skew.seconds"?: number | bigint | string;
  /** Audiences of which a token must name one. Empty by default. */
  readonly "sasl.oauthbearer.expected.audience"?: string;
  /** The issuer that a token must name. Empty by default. */
  readonly "sasl.oauthbearer.expected.issuer"?: string;
  /** How often the keys of the identity provider are fetched. Default `3600000`. */
  readonly "sasl.oauthbearer.jwks.endpoint.refresh.ms"?: number | bigint | string;
  /** Longest pause between two tries to fetch them. Default `10000`. */
  readonly "sasl.oauthbearer.jwks.endpoint.retry.backoff.max.ms"?: number | bigint | string;
  /** First pause between two tries to fetch them. Default `100`. */
  readonly "sasl.oauthbearer.jwks.endpoint.retry.backoff.ms"?: number | bigint | string;
  /**
   * Where the keys of the identity provider are: a file:, https: or http: URL. Empty by default.
   */
  readonly "sasl.oauthbearer.jwks.endpoint.url"?: string;
  /**
   * A class that gets tokens. Default
   * `org.apache.kafka.common.security.oauthbearer.DefaultJwtRetriever`.
   */
  readonly "sasl.oauthbearer.jwt.retriever.class"?: string;
  /**
   * A class that checks tokens. Default
   * `org.apache.kafka.common.security.oauthbearer.DefaultJwtValidator`.
   */
  readonly "sasl.oauthbearer.jwt.validator.class"?: string;
  /** Scope that is asked for at the identity provider. Empty by default. */
  readonly "sasl.oauthbearer.scope"?: string;
  /** The claim that holds a token's scope. Default `scope`. */
  readonly "sasl.oauthbearer.scope.claim.name"?: string;
  /** The claim that holds a token's subject. Default `sub`. */
  readonly "sasl.oauthbearer.sub.claim.name"?: string;
  /** Where the identity provider gives tokens. Empty by default. */
  readonly "sasl.oauthbearer.token.endpoint.url"?: string;
  /**
   * Kafka's class that checks tokens, of one listener: OAuthBearerValidatorCallbackHandler, or
   * OAuthBearerUnsecuredValidatorCallbackHandler. Empty by default.
   */
  readonly "sasl.server.callback.handler.class"?: string;
  /** Largest request in bytes of a client that has not said who it is. Default `524288`. */
  readonly "sasl.server.max.receive.size"?: number | bigint | string;
  /** Whether a new certificate may have another distinguished name. Default `false`. */
  readonly "ssl.allow.dn.changes"?: boolean | "true" | "false";
  /** Whether a new certificate may have other subject alternative names. Default `false`. */
  readonly "ssl.allow.san.changes"?: boolean | "true" | "false";
  /**
   * Cipher suites that may be used, by their IANA names; all when empty. A version of which none is
   * named is not spoken. Empty by default.
   */
  readonly "ssl.cipher.suites"?: string;
  /** Whether clients are asked for a certificate: required, requested or none. Default `none`. */
  readonly "ssl.client.auth"?: "required" | "requested" | "none";
  /** TLS versions that may be used. Default `TLSv1.2,TLSv1.3`. */
  readonly "ssl.enabled.protocols"?:
    | ""
    | "TLSv1.2"
    | "TLSv1.3"
    | "TLSv1.2,TLSv1.3"
    | "TLSv1.3,TLSv1.2";
  /** How a server's name is checked against its certificate. Default `https`. */
  readonly "ssl.endpoint.identification.algorithm"?: string;
  /** A class that makes TLS engines. Empty by default. */
  readonly "ssl.engine.factory.class"?: string;
  /** Password of the private key. Empty by default. */
  readonly "ssl.key.password"?: string;
  /** Algorithm of the key manager. Default `SunX509`. */
  readonly "ssl.keymanager.algorithm"?: string;
  /** The certificates as PEM text. Empty by default. */
  readonly "ssl.keystore.certificate.chain"?: string;
  /** The private key as PEM text. Empty by default. */
  readonly "ssl.keystore.key"?: string;
  /** File with the key and its certificates: PEM or PKCS12. Empty by default. */
  readonly "ssl.keystore.location"?: string;
  /** Password of the key store. Empty by default. */
  readonly "ssl.keystore.password"?: string;
  /** Format of the key store. Default `JKS`. */
  readonly "ssl.keystore.type"?: string;
  /** Rules that make a principal of a certificate's name. Default `DEFAULT`. */
  readonly "ssl.principal.mapping.rules"?: string;
  /**
   * The newest of ssl.enabled.protocols that is spoken; TLS is whichever there is. Default
   * `TLSv1.3`.
   */
  readonly "ssl.protocol"?: "TLS" | "TLSv1.2" | "TLSv1.3";
  /** Provider of TLS. Empty by default. */
  readonly "ssl.provider"?: string;
  /** Source of random numbers for TLS. Empty by default. */
  readonly "ssl.secure.random.implementation"?: string;
  /** Algorithm of the trust manager. Default `PKIX`. */
  readonly "ssl.trustmanager.algorithm"?: string;
  /** The trusted certificates as PEM text. Empty by default. */
  readonly "ssl.truststore.certificates"?: string;
  /** File with the certificates that clients are trusted by: PEM. Empty by default. */
  readonly "ssl.truststore.location"?: string;
  /** Password of the trust store. Empty by default. */
  readonly "ssl.truststore.password"?: string;
  /** Format of the trust store. Default `JKS`. */
  readonly "ssl.truststore.type"?: string;
  /** A key of one listener, such as `listener.name.internal.ssl.client.auth`. */
  readonly [key: `listener.name.${string}`]: ConfigValue | undefined;
}

/** Configurations of a broker: Kafka's keys, and any other that its broker may know. */
export interface BrokerConfigs extends KnownBrokerConfigs, Configs {}

/** A key of Kafka's. */
export type BrokerConfigName =
  | "node.id"
  | "broker.id"
  | "broker.rack"
  | "cluster.id"
  | "process.roles"
  | "log.dirs"
  | "log.dir"
  | "ottla.log.dirs.free.bytes.min"
  | "ottla.acks.all.sync"
  | "ottla.acks.all.journal.from.syncs"
  | "ottla.memory.bytes.max"
  | "ottla.fetch.memory.bytes.max"
  | "ottla.metadata.version"
  | "ottla.ephemeral"
  | "ottla.cluster"
  | "ottla.accept.metadata.rollback"
  | "ottla.etcd.username"
  | "ottla.etcd.password"
  | "ottla.etcd.ca.file"
  | "ottla.etcd.certificate.file"
  | "ottla.etcd.key.file"
  | "ottla.audit.log"
  | "ottla.audit.log.bytes"
  | "ottla.audit.log.older"
  | "ottla.metrics.port"
  | "ottla.metrics.token"
  | "ottla.metrics.certificate.file"
  | "ottla.metrics.key.file"
  | "ottla.metrics.ca.file"
  | "ottla.metrics.host"
  | "listeners"
  | "advertised.listeners"
  | "listener.security.protocol.map"
  | "inter.broker.listener.name"
  | "security.inter.broker.protocol"
  | "controller.listener.names"
  | "controller.quorum.voters"
  | "controller.quorum.bootstrap.servers"
  | "socket.request.max.bytes"
  | "socket.listen.backlog.size"
  | "socket.receive.buffer.bytes"
  | "socket.send.buffer.bytes"
  | "connections.max.idle.ms"
  | "max.connections"
  | "max.connections.per.ip"
  | "max.connections.per.ip.overrides"
  | "max.connection.creation.rate"
  | "queued.max.requests"
  | "queued.max.request.bytes"
  | "request.timeout.ms"
  | "num.network.threads"
  | "num.io.threads"
  | "background.threads"
  | "num.recovery.threads.per.data.dir"
  | "auto.create.topics.enable"
  | "delete.topic.enable"
  | "num.partitions"
  | "default.replication.factor"
  | "min.insync.replicas"
  | "ottla.unclean.recovery.strategy"
  | "unclean.leader.election.enable"
  | "message.max.bytes"
  | "compression.type"
  | "compression.gzip.level"
  | "compression.lz4.level"
  | "compression.zstd.level"
  | "create.topic.policy.class.name"
  | "alter.config.policy.class.name"
  | "log.segment.bytes"
  | "log.roll.ms"
  | "log.roll.hours"
  | "log.roll.jitter.ms"
  | "log.roll.jitter.hours"
  | "log.retention.bytes"
  | "log.retention.ms"
  | "log.retention.minutes"
  | "log.retention.hours"
  | "log.retention.check.interval.ms"
  | "log.segment.delete.delay.ms"
  | "log.index.interval.bytes"
  | "log.index.size.max.bytes"
  | "log.message.timestamp.type"
  | "log.message.timestamp.before.max.ms"
  | "log.message.timestamp.after.max.ms"
  | "log.flush.interval.messages"
  | "log.flush.interval.ms"
  | "log.flush.scheduler.interval.ms"
  | "log.flush.offset.checkpoint.interval.ms"
  | "log.flush.start.offset.checkpoint.interval.ms"
  | "log.preallocate"
  | "log.cleanup.policy"
  | "log.cleaner.enable"
  | "log.cleaner.backoff.ms"
  | "log.cleaner.dedupe.buffer.size"
  | "log.cleaner.delete.retention.ms"
  | "log.cleaner.io.buffer.load.factor"
  | "log.cleaner.io.buffer.size"
  | "log.cleaner.io.max.bytes.per.second"
  | "log.cleaner.min.cleanable.ratio"
  | "log.cleaner.min.compaction.lag.ms"
  | "log.cleaner.max.compaction.lag.ms"
  | "log.cleaner.threads"
  | "log.local.retention.bytes"
  | "log.local.retention.ms"
  | "log.dir.failure.timeout.ms"
  | "fetch.max.bytes"
  | "max.incremental.fetch.session.cache.slots"
  | "max.request.partition.size.limit"
  | "producer.id.expiration.ms"
  | "producer.id.expiration.check.interval.ms"
  | "fetch.purgatory.purge.interval.requests"
  | "producer.purgatory.purge.interval.requests"
  | "delete.records.purgatory.purge.interval.requests"
  | "group.initial.rebalance.delay.ms"
  | "group.min.session.timeout.ms"
  | "group.max.session.timeout.ms"
  | "group.max.size"
  | "group.coordinator.rebalance.protocols"
  | "group.coordinator.threads"
  | "group.coordinator.background.threads"
  | "group.coordinator.append.linger.ms"
  | "group.coordinator.cached.buffer.max.bytes"
  | "offset.metadata.max.bytes"
  | "offsets.topic.num.partitions"
  | "offsets.topic.replication.factor"
  | "offsets.topic.segment.bytes"
  | "offsets.topic.compression.codec"
  | "offsets.retention.minutes"
  | "offsets.retention.check.interval.ms"
  | "offsets.commit.timeout.ms"
  | "offsets.load.buffer.size"
  | "transactional.id.expiration.ms"
  | "transaction.max.timeout.ms"
  | "transaction.state.log.num.partitions"
  | "transaction.state.log.replication.factor"
  | "transaction.state.log.min.isr"
  | "transaction.state.log.segment.bytes"
  | "quota.window.num"
  | "quota.window.size.seconds"
  | "telemetry.max.bytes"
  | "leader.replication.throttled.rate"
  | "follower.replication.throttled.rate"
  | "replica.alter.log.dirs.io.max.bytes.per.second"
  | "authorizer.class.name"
  | "super.users"
  | "allow.everyone.if.no.acl.found"
  | "principal.builder.class"
  | "auto.leader.rebalance.enable"
  | "broker.heartbeat.interval.ms"
  | "broker.session.timeout.ms"
  | "controlled.shutdown.enable"
  | "inter.broker.protocol.version"
  | "log.message.format.version"
  | "log.message.downconversion.enable"
  | "log.message.timestamp.difference.max.ms"
  | "add.partitions.to.txn.retry.backoff.max.ms"
  | "add.partitions.to.txn.retry.backoff.ms"
  | "alter.log.dirs.replication.quota.window.num"
  | "alter.log.dirs.replication.quota.window.size.seconds"
  | "client.quota.callback.class"
  | "config.providers"
  | "connection.failed.authentication.delay.ms"
  | "connections.max.reauth.ms"
  | "controller.quorum.append.linger.ms"
  | "controller.quorum.auto.join.enable"
  | "controller.quorum.election.backoff.max.ms"
  | "controller.quorum.election.timeout.ms"
  | "controller.quorum.fetch.max.bytes"
  | "controller.quorum.fetch.snapshot.max.bytes"
  | "controller.quorum.fetch.timeout.ms"
  | "controller.quorum.request.timeout.ms"
  | "controller.quorum.retry.backoff.ms"
  | "controller.quota.window.num"
  | "controller.quota.window.size.seconds"
  | "controller.socket.timeout.ms"
  | "cordoned.log.dirs"
  | "early.start.listeners"
  | "follower.fetch.last.tiered.offset.enable"
  | "initial.broker.registration.timeout.ms"
  | "kafka.metrics.polling.interval.secs"
  | "kafka.metrics.reporters"
  | "leader.imbalance.check.interval.seconds"
  | "metadata.log.dir"
  | "metadata.log.max.record.bytes.between.snapshots"
  | "metadata.log.max.snapshot.interval.ms"
  | "metadata.log.segment.bytes"
  | "metadata.log.segment.ms"
  | "metadata.max.idle.interval.ms"
  | "metadata.max.retention.bytes"
  | "metadata.max.retention.ms"
  | "metric.reporters"
  | "metrics.num.samples"
  | "metrics.recording.level"
  | "metrics.sample.window.ms"
  | "num.replica.alter.log.dirs.threads"
  | "num.replica.fetchers"
  | "replica.fetch.backoff.ms"
  | "replica.fetch.max.bytes"
  | "replica.fetch.min.bytes"
  | "replica.fetch.response.max.bytes"
  | "replica.fetch.wait.max.ms"
  | "replica.high.watermark.checkpoint.interval.ms"
  | "replica.lag.time.max.ms"
  | "replica.selector.class"
  | "replica.socket.receive.buffer.bytes"
  | "replica.socket.timeout.ms"
  | "replication.quota.window.num"
  | "replication.quota.window.size.seconds"
  | "security.providers"
  | "socket.connection.setup.timeout.max.ms"
  | "socket.connection.setup.timeout.ms"
  | "transaction.abort.timed.out.transaction.cleanup.interval.ms"
  | "transaction.partition.verification.enable"
  | "transaction.remove.expired.transaction.cleanup.interval.ms"
  | "transaction.state.log.load.buffer.size"
  | "transaction.two.phase.commit.enable"
  | "group.consumer.assignment.interval.ms"
  | "group.consumer.assignors"
  | "group.consumer.heartbeat.interval.ms"
  | "group.consumer.max.assignment.interval.ms"
  | "group.consumer.max.heartbeat.interval.ms"
  | "group.consumer.max.session.timeout.ms"
  | "group.consumer.max.size"
  | "group.consumer.migration.policy"
  | "group.consumer.min.assignment.interval.ms"
  | "group.consumer.min.heartbeat.interval.ms"
  | "group.consumer.min.session.timeout.ms"
  | "group.consumer.regex.refresh.interval.ms"
  | "group.consumer.session.timeout.ms"
  | "group.share.assignment.interval.ms"
  | "group.share.assignors"
  | "group.share.delivery.count.limit"
  | "group.share.heartbeat.interval.ms"
  | "group.share.max.assignment.interval.ms"
  | "group.share.max.delivery.count.limit"
  | "group.share.max.heartbeat.interval.ms"
  | "group.share.max.partition.max.record.locks"
  | "group.share.max.record.lock.duration.ms"
  | "group.share.max.session.timeout.ms"
  | "group.share.max.share.sessions"
  | "group.share.max.size"
  | "group.share.min.assignment.interval.ms"
  | "group.share.min.delivery.count.limit"
  | "group.share.min.heartbeat.interval.ms"
  | "group.share.min.partition.max.record.locks"
  | "group.share.min.record.lock.duration.ms"
  | "group.share.min.session.timeout.ms"
  | "group.share.partition.max.record.locks"
  | "group.share.record.lock.duration.ms"
  | "group.share.session.timeout.ms"
  | "group.streams.assignment.interval.ms"
  | "group.streams.heartbeat.interval.ms"
  | "group.streams.initial.rebalance.delay.ms"
  | "group.streams.max.assignment.interval.ms"
  | "group.streams.max.heartbeat.interval.ms"
  | "group.streams.max.session.timeout.ms"
  | "group.streams.max.size"
  | "group.streams.max.standby.replicas"
  | "group.streams.min.assignment.interval.ms"
  | "group.streams.min.heartbeat.interval.ms"
  | "group.streams.min.session.timeout.ms"
  | "group.streams.num.standby.replicas"
  | "group.streams.session.timeout.ms"
  | "share.coordinator.append.linger.ms"
  | "share.coordinator.cached.buffer.max.bytes"
  | "share.coordinator.load.buffer.size"
  | "share.coordinator.snapshot.update.records.per.snapshot"
  | "share.coordinator.state.topic.compression.codec"
  | "share.coordinator.state.topic.min.isr"
  | "share.coordinator.state.topic.num.partitions"
  | "share.coordinator.state.topic.replication.factor"
  | "share.coordinator.state.topic.segment.bytes"
  | "share.coordinator.threads"
  | "share.coordinator.write.timeout.ms"
  | "share.fetch.purgatory.purge.interval.requests"
  | "remote.fetch.max.wait.ms"
  | "remote.list.offsets.request.timeout.ms"
  | "remote.log.index.file.cache.total.size.bytes"
  | "remote.log.manager.copier.thread.pool.size"
  | "remote.log.manager.copy.max.bytes.per.second"
  | "remote.log.manager.copy.quota.window.num"
  | "remote.log.manager.copy.quota.window.size.seconds"
  | "remote.log.manager.expiration.thread.pool.size"
  | "remote.log.manager.fetch.max.bytes.per.second"
  | "remote.log.manager.fetch.quota.window.num"
  | "remote.log.manager.fetch.quota.window.size.seconds"
  | "remote.log.manager.follower.thread.pool.size"
  | "remote.log.manager.task.interval.ms"
  | "remote.log.manager.thread.pool.size"
  | "remote.log.metadata.custom.metadata.max.bytes"
  | "remote.log.metadata.manager.class.name"
  | "remote.log.metadata.manager.class.path"
  | "remote.log.metadata.manager.impl.prefix"
  | "remote.log.metadata.manager.listener.name"
  | "remote.log.reader.max.pending.tasks"
  | "remote.log.reader.threads"
  | "remote.log.storage.manager.class.name"
  | "remote.log.storage.manager.class.path"
  | "remote.log.storage.manager.impl.prefix"
  | "remote.log.storage.system.enable"
  | "delegation.token.expiry.check.interval.ms"
  | "delegation.token.expiry.time.ms"
  | "delegation.token.max.lifetime.ms"
  | "delegation.token.secret.key"
  | "sasl.client.callback.handler.class"
  | "sasl.enabled.mechanisms"
  | "sasl.jaas.config"
  | "sasl.kerberos.kinit.cmd"
  | "sasl.kerberos.min.time.before.relogin"
  | "sasl.kerberos.principal.to.local.rules"
  | "sasl.kerberos.service.name"
  | "sasl.kerberos.ticket.renew.jitter"
  | "sasl.kerberos.ticket.renew.window.factor"
  | "sasl.login.callback.handler.class"
  | "sasl.login.class"
  | "sasl.login.connect.timeout.ms"
  | "sasl.login.read.timeout.ms"
  | "sasl.login.refresh.buffer.seconds"
  | "sasl.login.refresh.min.period.seconds"
  | "sasl.login.refresh.window.factor"
  | "sasl.login.refresh.window.jitter"
  | "sasl.login.retry.backoff.max.ms"
  | "sasl.login.retry.backoff.ms"
  | "sasl.mechanism.controller.protocol"
  | "sasl.mechanism.inter.broker.protocol"
  | "sasl.oauthbearer.assertion.algorithm"
  | "sasl.oauthbearer.assertion.claim.aud"
  | "sasl.oauthbearer.assertion.claim.exp.seconds"
  | "sasl.oauthbearer.assertion.claim.iss"
  | "sasl.oauthbearer.assertion.claim.jti.include"
  | "sasl.oauthbearer.assertion.claim.nbf.seconds"
  | "sasl.oauthbearer.assertion.claim.sub"
  | "sasl.oauthbearer.assertion.file"
  | "sasl.oauthbearer.assertion.private.key.file"
  | "sasl.oauthbearer.assertion.private.key.passphrase"
  | "sasl.oauthbearer.assertion.template.file"
  | "sasl.oauthbearer.client.credentials.client.id"
  | "sasl.oauthbearer.client.credentials.client.secret"
  | "sasl.oauthbearer.clock.skew.seconds"
  | "sasl.oauthbearer.expected.audience"
  | "sasl.oauthbearer.expected.issuer"
  | "sasl.oauthbearer.jwks.endpoint.refresh.ms"
  | "sasl.oauthbearer.jwks.endpoint.retry.backoff.max.ms"
  | "sasl.oauthbearer.jwks.endpoint.retry.backoff.ms"
  | "sasl.oauthbearer.jwks.endpoint.url"
  | "sasl.oauthbearer.jwt.retriever.class"
  | "sasl.oauthbearer.jwt.validator.class"
  | "sasl.oauthbearer.scope"
  | "sasl.oauthbearer.scope.claim.name"
  | "sasl.oauthbearer.sub.claim.name"
  | "sasl.oauthbearer.token.endpoint.url"
  | "sasl.server.callback.handler.class"
  | "sasl.server.max.receive.size"
  | "ssl.allow.dn.changes"
  | "ssl.allow.san.changes"
  | "ssl.cipher.suites"
  | "ssl.client.auth"
  | "ssl.enabled.protocols"
  | "ssl.endpoint.identification.algorithm"
  | "ssl.engine.factory.class"
  | "ssl.key.password"
  | "ssl.keymanager.algorithm"
  | "ssl.keystore.certificate.chain"
  | "ssl.keystore.key"
  | "ssl.keystore.location"
  | "ssl.keystore.password"
  | "ssl.keystore.type"
  | "ssl.principal.mapping.rules"
  | "ssl.protocol"
  | "ssl.provider"
  | "ssl.secure.random.implementation"
  | "ssl.trustmanager.algorithm"
  | "ssl.truststore.certificates"
  | "ssl.truststore.location"
  | "ssl.truststore.password"
  | "ssl.truststore.type";
