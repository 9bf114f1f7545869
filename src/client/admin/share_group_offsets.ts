// Where a share group starts in its partitions (KIP-932), told and moved: asked of the group's
// coordinator. It commits no offsets: what lies behind the start it may have handled in part.

import type { Int64 } from "../../base/int64.ts";
import { DescribeShareGroupOffsets } from "../../protocol/apis/90_describe_share_group_offsets.ts";
import { AlterShareGroupOffsets } from "../../protocol/apis/91_alter_share_group_offsets.ts";
import type { Client } from "../client.ts";
import { checkCode, onlyAnswer } from "../faults.ts";
import { withCoordinator } from "../coordinators.ts";
import {
  byTopic,
  nameOf,
  type TopicPartition,
  type TopicPartitionOffset,
} from "../topic_partition.ts";

/** How far a share group is in a partition. */
export interface ShareGroupOffset extends TopicPartition {
  /** The first record that it may not be done with; undefined where it has not begun. */
  readonly startOffset: Int64 | undefined;
  /** Records from there on that it is not done with; undefined where that is not known. */
  readonly lag: Int64 | undefined;
}

/** All that the group has begun to read. */
export async function shareGroupOffsets(
  client: Client,
  groupId: string,
): Promise<ShareGroupOffset[]> {
  const about = `read the offsets of group ${groupId}`;
  return await withCoordinator(client, async (to) => {
    const question = { groups: [{ groupId, topics: null }] };
    const answer = await client.request(DescribeShareGroupOffsets, question, { to });
    const group = onlyAnswer(answer.groups, about);
    checkCode(group.errorCode, about, group.errorMessage);
    return group.topics.flatMap(({ topicName: topic, partitions }) =>
      partitions.map(({ partitionIndex: partition, startOffset, lag, errorCode, errorMessage }) => {
        checkCode(errorCode, about, errorMessage);
        return {
          topic,
          partition,
          startOffset: startOffset < 0 ? undefined : startOffset,
          // Below version 1 of the request nobody tells; behind the end there is nothing.
          lag: startOffset < 0 || lag === -1 ? undefined : lag < 0 ? 0 : lag,
        };
      })
    );
  }, { key: groupId });
}

/** Has a group without members start at `offsets`. Throws a KafkaError when one is refused. */
export async function alterShareGroupOffsets(
  client: Client,
  groupId: string,
  { offsets }: { readonly offsets: readonly TopicPartitionOffset[] },
): Promise<void> {
  if (offsets.length === 0) return;
  await withCoordinator(client, async (to) => {
    const answer = await client.request(AlterShareGroupOffsets, {
      groupId,
      topics: [...byTopic(offsets)].map(([topicName, theirs]) => ({
        topicName,
        partitions: theirs.map(({ partition: partitionIndex, offset: startOffset }) => ({
          partitionIndex,
          startOffset,
        })),
      })),
    }, { to });
    checkCode(answer.errorCode, `move share group ${groupId}`, answer.errorMessage);
    for (const { topicName: topic, partitions } of answer.responses) {
      for (const { partitionIndex: partition, errorCode, errorMessage } of partitions) {
        const about = `start share group ${groupId} in ${nameOf({ topic, partition })}`;
        checkCode(errorCode, about, errorMessage);
      }
    }
  }, { key: groupId });
}
