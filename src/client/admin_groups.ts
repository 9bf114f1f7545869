// Groups, for tools: list, describe, delete. What a group has committed is in group_offsets.ts.

import type { BrokerId } from "../base/ids.ts";
import {
  decodeAssignment,
  DeleteGroups,
  DescribeGroups,
  ErrorCode,
  ListGroups,
} from "../protocol/mod.ts";
import {
  ConsumerGroupDescribe,
  type ConsumerGroupDescribeResponse,
} from "../protocol/apis/69_consumer_group_describe.ts";
import type { Client } from "./client.ts";
import { checkCode, KafkaError, onlyAnswer } from "./faults.ts";
import { withCoordinator } from "./group_offsets.ts";
import type { TopicPartition } from "./offsets.ts";

/** A group in a list. */
export interface ListedGroup {
  /** Its name. */
  readonly groupId: string;
  /** `consumer` for consumer groups; empty for one that only holds offsets. */
  readonly protocolType: string;
  /** Kafka's words: Empty, PreparingRebalance, CompletingRebalance, Stable, Dead. */
  readonly state: string;
  /** Kafka's words: classic, consumer (KIP-848), share; classic where a broker does not tell. */
  readonly type: string;
  /** The broker that coordinates it. */
  readonly coordinator: BrokerId;
}

/** A member of a group. */
export interface DescribedMember {
  /** The id that the group gave it. */
  readonly memberId: string;
  /** Its name as a static member (KIP-345). */
  readonly groupInstanceId: string | null;
  /** What the client calls itself. */
  readonly clientId: string;
  /** The address that it comes from. */
  readonly clientHost: string;
  /** Empty when it has none, or speaks another protocol than `consumer`. */
  readonly partitions: readonly TopicPartition[];
}

/** A group with its members. */
export interface DescribedGroup {
  /** Its name. */
  readonly groupId: string;
  /** Kafka's words: classic, or consumer (KIP-848). */
  readonly type: string;
  /**
   * Of a classic group Empty, PreparingRebalance, CompletingRebalance or Stable; of a consumer
   * group Empty, Assigning, Reconciling or Stable.
   */
  readonly state: string;
  /** The group epoch of a consumer group; undefined for a classic one. */
  readonly epoch: number | undefined;
  /** "consumer", "connect" or another use of groups; "" for none. */
  readonly protocolType: string;
  /** The assignor in use. */
  readonly protocol: string;
  /** The broker that coordinates it. */
  readonly coordinator: BrokerId;
  /** Who is in it. */
  readonly members: readonly DescribedMember[];
}

/** The groups of every broker, by id. */
export async function listGroups(client: Client): Promise<ListedGroup[]> {
  const { brokers } = await client.fetchMetadata([]);
  const listed = await Promise.all(brokers.map(async ({ id }) => {
    const answer = await client.request(ListGroups, {}, { to: id });
    checkCode(answer.errorCode, "list groups");
    return answer.groups.map((group) => ({
      groupId: group.groupId,
      protocolType: group.protocolType,
      state: group.groupState,
      type: group.groupType || "classic",
      coordinator: id,
    }));
  }));
  return listed.flat().sort((a, b) => a.groupId < b.groupId ? -1 : 1);
}

/**
 * A classic or a consumer group with its members. Throws GROUP_ID_NOT_FOUND when there is none.
 */
export async function describeGroup(client: Client, groupId: string): Promise<DescribedGroup> {
  const about = `describe group ${groupId}`;
  return await withCoordinator(client, async (to) => {
    const answer = await client.request(DescribeGroups, { groups: [groupId] }, { to });
    const group = onlyAnswer(answer.groups, about);
    // Before version 6 a group that does not exist is one in state Dead.
    const isNone = group.errorCode === ErrorCode.GROUP_ID_NOT_FOUND || group.groupState === "Dead";
    if (isNone) return await describeConsumerGroup(client, groupId, { to, about });
    checkCode(group.errorCode, about, group.errorMessage);
    return {
      groupId,
      type: "classic",
      epoch: undefined,
      state: group.groupState,
      protocolType: group.protocolType,
      protocol: group.protocolData,
      coordinator: to,
      members: group.members.map((member) => ({
        memberId: member.memberId,
        groupInstanceId: member.groupInstanceId,
        clientId: member.clientId,
        clientHost: member.clientHost,
        partitions: group.protocolType === "consumer" && member.memberAssignment.length > 0
          ? partitionsOf(member.memberAssignment)
          : [],
      })),
    };
  }, { groupId });
}

/** One that speaks the consumer protocol (KIP-848), which not every broker knows. */
async function describeConsumerGroup(
  client: Client,
  groupId: string,
  { to, about }: { to: BrokerId; about: string },
): Promise<DescribedGroup> {
  const none = new KafkaError(ErrorCode.GROUP_ID_NOT_FOUND, about);
  let answer: ConsumerGroupDescribeResponse;
  try {
    answer = await client.request(ConsumerGroupDescribe, {
      groupIds: [groupId],
      includeAuthorizedOperations: false,
    }, { to });
  } catch (error) {
    const isUnknown = error instanceof KafkaError && error.code === ErrorCode.UNSUPPORTED_VERSION;
    throw isUnknown ? none : error;
  }
  const group = onlyAnswer(answer.groups, about);
  if (group.errorCode === ErrorCode.UNSUPPORTED_VERSION) throw none;
  checkCode(group.errorCode, about, group.errorMessage);
  return {
    groupId,
    type: "consumer",
    epoch: group.groupEpoch,
    state: group.groupState,
    protocolType: "consumer",
    protocol: group.assignorName,
    coordinator: to,
    members: group.members.map((member) => ({
      memberId: member.memberId,
      groupInstanceId: member.instanceId,
      clientId: member.clientId,
      clientHost: member.clientHost,
      partitions: member.assignment.topicPartitions.flatMap(({ topicName, partitions }) =>
        partitions.map((partition) => ({ topic: topicName, partition }))
      ),
    })),
  };
}

/**
 * Deletes an empty group with what it has committed. Throws NON_EMPTY_GROUP while it has
 * members.
 */
export async function deleteGroup(client: Client, groupId: string): Promise<void> {
  await withCoordinator(client, async (to) => {
    const answer = await client.request(DeleteGroups, { groupsNames: [groupId] }, { to });
    const about = `delete group ${groupId}`;
    const result = onlyAnswer(answer.results, about);
    checkCode(result.errorCode, about, result.errorMessage);
  }, { groupId });
}

function partitionsOf(assignment: Uint8Array): TopicPartition[] {
  return decodeAssignment(assignment).assignedPartitions.flatMap(({ topic, partitions }) =>
    partitions.map((partition) => ({ topic, partition }))
  );
}
