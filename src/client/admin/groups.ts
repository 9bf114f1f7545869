// Groups, for tools: list, describe, delete. What a group has committed is in group_offsets.ts.

import type { BrokerId } from "../../base/ids.ts";
import {
  decodeAssignment,
  DeleteGroups,
  DescribeGroups,
  ErrorCode,
  ListGroups,
} from "../../protocol/mod.ts";
import type { Client } from "../client.ts";
import type { DescribedGroup } from "./described_group.ts";
import { checkCode, KafkaError, onlyAnswer } from "../faults.ts";
import { withCoordinator } from "../coordinators.ts";
import { type Asking, describeModernGroup } from "./modern_groups.ts";
import type { TopicPartition } from "../topic_partition.ts";

/** A group in a list. */
export interface ListedGroup {
  /** Its name. */
  readonly groupId: string;
  /** `consumer` for consumer groups; empty for one that only holds offsets. */
  readonly protocolType: string;
  /** Kafka's words: Empty, PreparingRebalance, CompletingRebalance, Stable, Dead. */
  readonly state: string;
  /** Kafka's words: classic, consumer, share, streams; classic where a broker does not tell. */
  readonly type: string;
  /** The broker that coordinates it. */
  readonly coordinator: BrokerId;
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
 * A classic, consumer, share or streams group with its members. Throws GROUP_ID_NOT_FOUND when
 * there is none.
 */
export async function describeGroup(client: Client, groupId: string): Promise<DescribedGroup> {
  const about = `describe group ${groupId}`;
  return await withCoordinator(client, async (to) => {
    const asking = { to, about };
    // A group that changes its protocol between two questions is what was asked for first.
    const found = await describeClassicGroup(client, groupId, asking) ??
      await describeModernGroup(client, groupId, asking) ??
      await describeClassicGroup(client, groupId, asking);
    if (found === undefined) throw new KafkaError(ErrorCode.GROUP_ID_NOT_FOUND, about);
    return found;
  }, { key: groupId });
}

/** Undefined when there is none, or it is of another kind. */
async function describeClassicGroup(
  client: Client,
  groupId: string,
  { to, about }: Asking,
): Promise<DescribedGroup | undefined> {
  const answer = await client.request(DescribeGroups, { groups: [groupId] }, { to });
  const group = onlyAnswer(answer.groups, about);
  // Before version 6 a group that does not exist is one in state Dead.
  const isNone = group.errorCode === ErrorCode.GROUP_ID_NOT_FOUND || group.groupState === "Dead";
  if (isNone) return undefined;
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
  }, { key: groupId });
}

function partitionsOf(assignment: Uint8Array): TopicPartition[] {
  return decodeAssignment(assignment).assignedPartitions.flatMap(({ topic, partitions }) =>
    partitions.map((partition) => ({ topic, partition }))
  );
}
