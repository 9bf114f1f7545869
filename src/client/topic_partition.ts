// A partition of a topic, as all rooms of the client speak of it.

import type { PartitionId } from "../base/ids.ts";
import type { Int64 } from "../base/int64.ts";

/** A partition of a topic. */
export interface TopicPartition {
  /** The topic. */
  readonly topic: string;
  /** Its index in the topic, from 0. */
  readonly partition: PartitionId;
}

/** A place in a partition. */
export interface TopicPartitionOffset extends TopicPartition {
  /** The next offset to read. A bigint past 2^53: someone may have committed any 64 bits. */
  readonly offset: Int64;
}

/** `topic-partition`, for use as a map key and in messages. */
export function nameOf({ topic, partition }: TopicPartition): string {
  return `${topic}-${partition}`;
}

/** Partitions by topic, in the order given. */
export function byTopic<P extends TopicPartition>(partitions: readonly P[]): Map<string, P[]> {
  return Map.groupBy(partitions, ({ topic }) => topic);
}
