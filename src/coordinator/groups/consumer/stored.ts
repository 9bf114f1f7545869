// A consumer group as its records keep it, and the way back: modern/stored.ts has what is alike in
// all kinds.

import type { Uuid } from "../../../base/ids.ts";
import type { Group } from "../group.ts";
import {
  assignmentOf,
  eachPartition,
  nothingOwned,
  type OwnedPartitions,
  topicPartitionsOf,
} from "../modern/assignment.ts";
import { MemberState } from "../modern/reconcile.ts";
import { leftEpoch, recordsOf, takeOver } from "../modern/stored.ts";
import type { RecordsOfGroups } from "../record_kinds.ts";
import {
  type ConsumerGroup,
  type ConsumerMember,
  newConsumerGroup,
  newConsumerMember,
  type ResolvedRegex,
} from "./group.ts";

export type ConsumerGroupRecord = RecordsOfGroups["consumer"];

const { tombstones, ...alike } = recordsOf("ConsumerGroup");
export const { epochRecord, targetRecord, targetEpochRecord, memberTombstones } = alike;

/** What a member has said of itself. */
export function memberRecord(groupId: string, member: ConsumerMember): ConsumerGroupRecord {
  const { memberId, classic } = member;
  return {
    type: "ConsumerGroupMemberMetadata",
    key: { groupId, memberId },
    value: {
      instanceId: member.instanceId,
      rackId: member.rackId,
      clientId: member.clientId,
      clientHost: member.clientHost,
      subscribedTopicNames: [...member.subscribedTopicNames],
      subscribedTopicRegex: member.subscribedTopicRegex,
      rebalanceTimeoutMs: member.rebalanceTimeoutMs,
      serverAssignor: member.serverAssignor,
      classicMemberMetadata: classic === null ? null : {
        sessionTimeoutMs: classic.sessionTimeoutMs,
        supportedProtocols: classic.supportedProtocols.map((each) => ({ ...each })),
      },
    },
  };
}

/** What a member has. */
export function currentRecord(groupId: string, member: ConsumerMember): ConsumerGroupRecord {
  return {
    type: "ConsumerGroupCurrentMemberAssignment",
    key: { groupId, memberId: member.memberId },
    value: {
      memberEpoch: member.memberEpoch,
      previousMemberEpoch: member.previousMemberEpoch,
      state: member.state,
      assignedPartitions: ownedFields(member.assigned),
      partitionsPendingRevocation: ownedFields(member.revoking),
    },
  };
}

function ownedFields(owned: OwnedPartitions) {
  return topicPartitionsOf(owned).map(({ topicId, partitions }) => ({
    topicId,
    partitions,
    assignmentEpochs: partitions.map((partition) => owned.get(topicId)?.get(partition) ?? 0),
  }));
}

/** What a regular expression stands for; null: nobody uses it any more. */
export function regexRecord(
  groupId: string,
  { regularExpression, resolved }: { regularExpression: string; resolved: ResolvedRegex | null },
): ConsumerGroupRecord {
  return {
    type: "ConsumerGroupRegularExpression",
    key: { groupId, regularExpression },
    value: resolved === null ? null : {
      topics: [...resolved.topics].sort(),
      version: resolved.version,
      timestamp: resolved.timestampMs,
    },
  };
}

/** The end of a group, and of all that is in it. */
export function groupTombstones(
  { groupId, members, regexes }: ConsumerGroup,
): ConsumerGroupRecord[] {
  const own = [...regexes.keys()].map((regularExpression) =>
    regexRecord(groupId, { regularExpression, resolved: null })
  );
  return tombstones(groupId, { members: members.keys(), own });
}

/** All records of a group, as if it were new. */
export function groupRecords(group: ConsumerGroup): ConsumerGroupRecord[] {
  const { groupId } = group;
  const members = [...group.members.values()];
  return [
    ...members.map((member) => memberRecord(groupId, member)),
    epochRecord(groupId, { epoch: group.groupEpoch, metadataHash: group.metadataHash }),
    ...[...group.targets].map(([memberId, target]) => targetRecord(groupId, { memberId, target })),
    targetEpochRecord(groupId, {
      epoch: group.assignmentEpoch,
      timestampMs: group.assignmentTimestampMs,
    }),
    ...members.map((member) => currentRecord(groupId, member)),
  ];
}

/** Takes over a record of a consumer group. */
export function applyConsumerRecord(
  groups: Map<string, Group>,
  record: ConsumerGroupRecord,
): void {
  takeOver(groups, record, {
    type: "consumer",
    own: "ConsumerGroupMetadata",
    newGroup: newConsumerGroup,
    applyValue,
    applyTombstone,
  });
}

function applyTombstone(group: ConsumerGroup, { type, key }: ConsumerGroupRecord): void {
  switch (type) {
    case "ConsumerGroupCurrentMemberAssignment":
      return applyCurrent(group, key.memberId, undefined);
    case "ConsumerGroupTargetAssignmentMember":
      return void group.targets.delete(key.memberId);
    case "ConsumerGroupMemberMetadata":
      return removeMember(group, key.memberId);
    case "ConsumerGroupTargetAssignmentMetadata":
      group.assignmentEpoch = 0;
      return;
    case "ConsumerGroupRegularExpression":
      return void group.regexes.delete(key.regularExpression);
    default:
      // What subscribed topics looked like is asked of the metadata; the group's own is the end.
      return;
  }
}

function applyValue(group: ConsumerGroup, record: ConsumerGroupRecord): void {
  switch (record.type) {
    case "ConsumerGroupMetadata":
      group.groupEpoch = record.value?.epoch ?? 0;
      group.metadataHash = record.value?.metadataHash ?? 0;
      return;
    case "ConsumerGroupMemberMetadata":
      return applyMember(group, record);
    case "ConsumerGroupTargetAssignmentMetadata":
      group.assignmentEpoch = record.value?.assignmentEpoch ?? 0;
      group.assignmentTimestampMs = record.value?.assignmentTimestamp ?? 0;
      return;
    case "ConsumerGroupTargetAssignmentMember": {
      const target = assignmentOf(record.value?.topicPartitions ?? []);
      return void group.targets.set(record.key.memberId, target);
    }
    case "ConsumerGroupCurrentMemberAssignment":
      return applyCurrent(group, record.key.memberId, record.value ?? undefined);
    case "ConsumerGroupRegularExpression":
      return applyRegex(group, record);
    case "ConsumerGroupPartitionMetadata":
      return;
  }
}

type RecordOfType<Type extends ConsumerGroupRecord["type"]> = Extract<
  ConsumerGroupRecord,
  { readonly type: Type }
>;

function applyRegex(
  { regexes }: ConsumerGroup,
  { key, value }: RecordOfType<"ConsumerGroupRegularExpression">,
): void {
  if (value === null) return;
  const { topics, version, timestamp: timestampMs } = value;
  regexes.set(key.regularExpression, { topics: new Set(topics), version, timestampMs });
}

/** The record's bytes are views of the batch that it came in; a member outlives it. */
function applyMember(
  group: ConsumerGroup,
  { key: { memberId }, value }: RecordOfType<"ConsumerGroupMemberMetadata">,
): void {
  if (value === null) return;
  const former = group.members.get(memberId) ?? newConsumerMember(memberId);
  const { classicMemberMetadata: classic } = value;
  forgetInstance(group, former);
  group.members.set(memberId, {
    ...former,
    instanceId: value.instanceId,
    rackId: value.rackId,
    clientId: value.clientId,
    clientHost: value.clientHost,
    rebalanceTimeoutMs: value.rebalanceTimeoutMs,
    serverAssignor: value.serverAssignor,
    subscribedTopicNames: value.subscribedTopicNames,
    subscribedTopicRegex: value.subscribedTopicRegex ?? "",
    classic: classic === null ? null : {
      sessionTimeoutMs: classic.sessionTimeoutMs,
      supportedProtocols: classic.supportedProtocols.map(({ name, metadata }) => ({
        name,
        metadata: metadata.slice(),
      })),
    },
  });
  if (value.instanceId !== null) group.staticMembers.set(value.instanceId, memberId);
}

type CurrentAssignment = NonNullable<
  RecordOfType<"ConsumerGroupCurrentMemberAssignment">["value"]
>;

function applyCurrent(
  group: ConsumerGroup,
  memberId: string,
  value: CurrentAssignment | undefined,
): void {
  const former = group.members.get(memberId);
  // A tombstone says nothing of one whose own tombstone came first.
  if (former === undefined && value === undefined) return;
  const member = former ?? newConsumerMember(memberId);
  const next: ConsumerMember = value === undefined
    ? {
      ...member,
      memberEpoch: leftEpoch,
      previousMemberEpoch: leftEpoch,
      state: MemberState.STABLE,
      assigned: nothingOwned,
      revoking: nothingOwned,
    }
    : {
      ...member,
      memberEpoch: value.memberEpoch,
      previousMemberEpoch: value.previousMemberEpoch,
      state: value.state,
      assigned: ownedOf(value.assignedPartitions, value.memberEpoch),
      revoking: ownedOf(value.partitionsPendingRevocation, value.memberEpoch),
    };
  disown(group, member);
  group.members.set(memberId, next);
  own(group, next);
}

/**
 * Older Kafkas do not say in which epoch a partition was assigned: in the latest that it can be.
 */
function ownedOf(
  topics: CurrentAssignment["assignedPartitions"],
  memberEpoch: number,
): OwnedPartitions {
  const owned = new Map<Uuid, ReadonlyMap<number, number>>();
  for (const { topicId, partitions, assignmentEpochs } of topics) {
    const epochOf = (i: number): number => assignmentEpochs?.[i] ?? memberEpoch;
    owned.set(topicId, new Map(partitions.map((partition, i) => [partition, epochOf(i)])));
  }
  return owned;
}

function removeMember(group: ConsumerGroup, memberId: string): void {
  const member = group.members.get(memberId);
  if (member === undefined) return;
  disown(group, member);
  group.members.delete(memberId);
  forgetInstance(group, member);
}

/** Only where it still is the member's own: another may have taken its place already. */
function forgetInstance(
  { staticMembers }: ConsumerGroup,
  { memberId, instanceId }: ConsumerMember,
): void {
  if (instanceId === null || staticMembers.get(instanceId) !== memberId) return;
  staticMembers.delete(instanceId);
}

/** Only what still is the member's own: its successor may have it already. */
function disown({ owners }: ConsumerGroup, { memberId, assigned, revoking }: ConsumerMember): void {
  for (const partitions of [assigned, revoking]) {
    for (const [topicId, partition] of eachPartition(partitions)) {
      const ofTopic = owners.get(topicId);
      if (ofTopic?.get(partition) !== memberId) continue;
      ofTopic.delete(partition);
      if (ofTopic.size === 0) owners.delete(topicId);
    }
  }
}

function own({ owners }: ConsumerGroup, { memberId, assigned, revoking }: ConsumerMember): void {
  for (const partitions of [assigned, revoking]) {
    for (const [topicId, partition] of eachPartition(partitions)) {
      const ofTopic = owners.get(topicId) ?? new Map<number, string>();
      owners.set(topicId, ofTopic.set(partition, memberId));
    }
  }
}
