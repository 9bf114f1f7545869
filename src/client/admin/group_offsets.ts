// What a group has committed, and committing: asked of the group's coordinator.

import type { LeaderEpoch, PartitionId } from "../../base/ids.ts";
import type { Int64 } from "../../base/int64.ts";
import { OffsetDelete } from "../../protocol/apis/47_offset_delete.ts";
import { ErrorCode, OffsetCommit, OffsetFetch } from "../../protocol/mod.ts";
import type { Client } from "../client.ts";
import { withCoordinator } from "../coordinators.ts";
import { checkCode, KafkaError } from "../faults.ts";
import {
  byTopic,
  nameOf,
  type TopicPartition,
  type TopicPartitionOffset,
} from "../topic_partition.ts";

/** Who commits: a member in a generation; nobody in particular for tools and manual assignment. */
export interface Committer {
  /** The id that the group gave it; "" outside of a generation. */
  readonly memberId: string;
  /** The generation that it is in; -1 outside of one. */
  readonly generation: number;
  /** Its name as a static member (KIP-345). */
  readonly groupInstanceId: string | null;
}

/** An offset as it is committed. */
export interface OffsetToCommit extends TopicPartitionOffset {
  /** The leader epoch of the record before it, by which a log that was cut is noticed (KIP-320). */
  readonly leaderEpoch?: LeaderEpoch;
  /** To be kept beside it, as far as the broker allows (4 KB by default). Default none. */
  readonly metadata?: string;
}

export const noMember: Committer = { memberId: "", generation: -1, groupInstanceId: null };

/** An offset that a group has committed: the next one that it will read. */
export interface CommittedOffset {
  /** The topic. */
  readonly topic: string;
  /** The partition. */
  readonly partition: PartitionId;
  /** The next offset to read. */
  readonly offset: Int64;
  /** The leader epoch of the record before it; -1 where it is not known. */
  readonly leaderEpoch: LeaderEpoch;
  /** What the committer wrote beside it. */
  readonly metadata: string | null;
}

/** `offsets` as a request commits them, within a transaction or without. */
export function committedTopics(offsets: readonly OffsetToCommit[]) {
  return [...byTopic(offsets)].map(([name, theirs]) => ({
    name,
    partitions: theirs.map(({ partition, offset, leaderEpoch = -1, metadata = "" }) => ({
      partitionIndex: partition,
      committedOffset: offset,
      committedLeaderEpoch: leaderEpoch,
      committedMetadata: metadata,
    })),
  }));
}

/**
 * Commits `offsets` for the group. Throws a KafkaError when any of them is refused: at once where
 * its topic is gone, once the others are committed.
 */
export async function commitOffsets(
  client: Client,
  groupId: string,
  options: {
    offsets: readonly OffsetToCommit[];
    by?: Committer;
    lane?: string;
    timeoutMs?: number;
  },
): Promise<void> {
  const { offsets, by = noMember, lane, timeoutMs } = options;
  if (offsets.length === 0) return;
  const gone = await withCoordinator(client, async (to) => {
    const answer = await client.request(OffsetCommit, {
      groupId,
      memberId: by.memberId,
      generationIdOrMemberEpoch: by.generation,
      groupInstanceId: by.groupInstanceId,
      topics: committedTopics(offsets),
    }, { to, lane, timeoutMs });
    let gone: KafkaError | undefined;
    for (const { name: topic, partitions } of answer.topics) {
      for (const { partitionIndex: partition, errorCode } of partitions) {
        const about = `commit ${nameOf({ topic, partition })} for group ${groupId}`;
        // Who waited for the topic to come back would hold up the others.
        const isGone = errorCode === ErrorCode.UNKNOWN_TOPIC_OR_PARTITION;
        if (isGone) gone ??= new KafkaError(errorCode, about);
        else checkCode(errorCode, about);
      }
    }
    return gone;
  }, { key: groupId, timeoutMs });
  if (gone !== undefined) throw gone;
}

/**
 * What the group has committed for `partitions`, or for all when null; others are left out. With
 * `requireStable` transactions that commit others are waited for (KIP-447); else what was committed
 * before them counts.
 */
export async function committedOffsets(
  client: Client,
  groupId: string,
  options: {
    partitions: readonly TopicPartition[] | null;
    requireStable?: boolean;
    lane?: string;
  },
): Promise<CommittedOffset[]> {
  const { partitions, requireStable = false, lane } = options;
  if (partitions?.length === 0) return [];
  return await withCoordinator(client, async (to) => {
    const topics = partitions === null ? null : [...byTopic(partitions)].map(([name, theirs]) => ({
      name,
      partitionIndexes: theirs.map((each) => each.partition),
    }));
    const answer = await client.request(
      OffsetFetch,
      { groups: [{ groupId, topics }], requireStable },
      { to, lane },
    );
    const about = `read the offsets of group ${groupId}`;
    const committed: CommittedOffset[] = [];
    for (const group of answer.groups) {
      checkCode(group.errorCode, about);
      for (const topic of group.topics) {
        for (const each of topic.partitions) {
          checkCode(each.errorCode, about);
          if (each.committedOffset < 0) continue;
          committed.push({
            topic: topic.name,
            partition: each.partitionIndex,
            offset: each.committedOffset,
            leaderEpoch: each.committedLeaderEpoch,
            metadata: each.metadata,
          });
        }
      }
    }
    return committed;
  }, { key: groupId });
}

/**
 * Forgets what the group has committed for `partitions`. Throws GROUP_SUBSCRIBED_TO_TOPIC where
 * members read the topic.
 */
export async function deleteOffsets(
  client: Client,
  groupId: string,
  partitions: readonly TopicPartition[],
): Promise<void> {
  await withCoordinator(client, async (to) => {
    const answer = await client.request(OffsetDelete, {
      groupId,
      topics: [...byTopic(partitions)].map(([name, theirs]) => ({
        name,
        partitions: theirs.map(({ partition }) => ({ partitionIndex: partition })),
      })),
    }, { to });
    checkCode(answer.errorCode, `delete offsets of group ${groupId}`);
    for (const { name: topic, partitions } of answer.topics) {
      for (const { partitionIndex: partition, errorCode } of partitions) {
        checkCode(errorCode, `delete the offset of ${nameOf({ topic, partition })} of ${groupId}`);
      }
    }
  }, { key: groupId });
}
