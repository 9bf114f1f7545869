// The configuration keys of topics, for the type system to complete and check. Written
// by `deno task docs` from src/broker/config/broker_table.ts; not to be edited.
// A data table: exempt from the size rule.

import type { Configs } from "./config_values.ts";

/** Configurations of a topic by the keys that Ottla knows. */
export interface KnownTopicConfigs {
  /**
   * delete drops old segments, compact keeps the last record of each key; none keeps all. Default
   * `delete`.
   */
  readonly "cleanup.policy"?: "" | "compact" | "delete" | "compact,delete" | "delete,compact";
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
  /** How long a tombstone outlives its compaction. Default `86400000`. */
  readonly "delete.retention.ms"?: number | bigint | string;
  /** How long a deleted segment's files stay on disk under a .deleted name. Default `60000`. */
  readonly "file.delete.delay.ms"?: number | bigint | string;
  /**
   * Unsynced records at which the partition is synced to disk without being asked. Default
   * `9223372036854775807`.
   */
  readonly "flush.messages"?: number | bigint | string;
  /**
   * Age of the oldest unsynced record at which the partition is synced to disk. Default
   * `9223372036854775807`.
   */
  readonly "flush.ms"?: number | bigint | string;
  /**
   * What the answer to acks=all waits for. always: a sync that covers the batch. interval:MS: the
   * write to the file; a sync begins within so many milliseconds. never: the write to the file, as
   * in Kafka. Default `always`.
   */
  readonly "ottla.acks.all.sync"?: string;
  /** Followers whose replication is throttled. Empty by default. */
  readonly "follower.replication.throttled.replicas"?: string;
  /** Bytes of log between two index entries. Default `4096`. */
  readonly "index.interval.bytes"?: number | bigint | string;
  /** segment.bytes without its lower bound, for tests. Empty by default. */
  readonly "internal.segment.bytes"?: number | bigint | string;
  /** Leaders whose replication is throttled. Empty by default. */
  readonly "leader.replication.throttled.replicas"?: string;
  /** What stays on local disk of a tiered partition; -2 is retention.bytes. Default `-2`. */
  readonly "local.retention.bytes"?: number | bigint | string;
  /** How long a tiered segment stays on local disk; -2 is retention.ms. Default `-2`. */
  readonly "local.retention.ms"?: number | bigint | string;
  /** How long a record may stay uncompacted at most. Default `9223372036854775807`. */
  readonly "max.compaction.lag.ms"?: number | bigint | string;
  /** Largest record batch in bytes, compressed as it is. Default `1048588`. */
  readonly "max.message.bytes"?: number | bigint | string;
  /** How far a record's time may lie ahead of the broker's clock. Default `3600000`. */
  readonly "message.timestamp.after.max.ms"?: number | bigint | string;
  /** How far a record's time may lie behind the broker's clock. Default `9223372036854775807`. */
  readonly "message.timestamp.before.max.ms"?: number | bigint | string;
  /**
   * Whether records keep the producer's time or get the time of their append. Default `CreateTime`.
   */
  readonly "message.timestamp.type"?: "CreateTime" | "LogAppendTime";
  /** Share of the log that must be uncompacted before it is worth compacting. Default `0.5`. */
  readonly "min.cleanable.dirty.ratio"?: number | bigint | string;
  /** How long a record stays uncompacted at least. Default `0`. */
  readonly "min.compaction.lag.ms"?: number | bigint | string;
  /** In-sync replicas without which a write with acks=all is refused. Default `1`. */
  readonly "min.insync.replicas"?: number | bigint | string;
  /** Whether a segment's file gets its full size when it is created. Default `false`. */
  readonly "preallocate"?: boolean | "true" | "false";
  /** Stops copying segments to the remote tier. Default `false`. */
  readonly "remote.log.copy.disable"?: boolean | "true" | "false";
  /** Whether leaving the remote tier deletes what is there. Default `false`. */
  readonly "remote.log.delete.on.disable"?: boolean | "true" | "false";
  /** Whether old segments move to the remote tier. Default `false`. */
  readonly "remote.storage.enable"?: boolean | "true" | "false";
  /** A partition larger than this loses its oldest segments; -1 is unlimited. Default `-1`. */
  readonly "retention.bytes"?: number | bigint | string;
  /**
   * A segment whose newest record is older than this is deleted; -1 is never. Default `604800000`.
   */
  readonly "retention.ms"?: number | bigint | string;
  /** A segment that would grow past this is closed and the next one begun. Default `1073741824`. */
  readonly "segment.bytes"?: number | bigint | string;
  /** A segment whose index reaches this is closed. Default `10485760`. */
  readonly "segment.index.bytes"?: number | bigint | string;
  /** Most that is taken off segment.ms at random. Default `0`. */
  readonly "segment.jitter.ms"?: number | bigint | string;
  /** A segment older than this is closed even if small. Default `604800000`. */
  readonly "segment.ms"?: number | bigint | string;
  /**
   * Whether a replica that is not in sync may become leader, at the price of losing records.
   * Default `false`.
   */
  readonly "unclean.leader.election.enable"?: boolean | "true" | "false";
}

/** Configurations of a topic: Kafka's keys, and any other that its broker may know. */
export interface TopicConfigs extends KnownTopicConfigs, Configs {}

/** A key of Kafka's. */
export type TopicConfigName =
  | "cleanup.policy"
  | "compression.type"
  | "compression.gzip.level"
  | "compression.lz4.level"
  | "compression.zstd.level"
  | "delete.retention.ms"
  | "file.delete.delay.ms"
  | "flush.messages"
  | "flush.ms"
  | "ottla.acks.all.sync"
  | "follower.replication.throttled.replicas"
  | "index.interval.bytes"
  | "internal.segment.bytes"
  | "leader.replication.throttled.replicas"
  | "local.retention.bytes"
  | "local.retention.ms"
  | "max.compaction.lag.ms"
  | "max.message.bytes"
  | "message.timestamp.after.max.ms"
  | "message.timestamp.before.max.ms"
  | "message.timestamp.type"
  | "min.cleanable.dirty.ratio"
  | "min.compaction.lag.ms"
  | "min.insync.replicas"
  | "preallocate"
  | "remote.log.copy.disable"
  | "remote.log.delete.on.disable"
  | "remote.storage.enable"
  | "retention.bytes"
  | "retention.ms"
  | "segment.bytes"
  | "segment.index.bytes"
  | "segment.jitter.ms"
  | "segment.ms"
  | "unclean.leader.election.enable";
