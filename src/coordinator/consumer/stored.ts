// A consumer group as its records keep it, and the way back.
//
//   group ──xRecord──> record ──log──> applyConsumerRecord: into the same group, or into a new one
//
// Records may come in any order, and their group's own after its members': compaction keeps the
// last of each key. Any of them makes the group; the tombstone of the group's own ends it.

import type { Uuid } from "../../base/ids.ts";
import type { Group } from "../group.ts";
import {
  type Assignment,
  assignmentOf,
  eachPartition,
  nothingOwned,
  type OwnedPartitions,
  topicPartitionsOf,
} from "../modern/assignment.ts";
import { MemberState } from "../modern/reconcile.ts";
import type { RecordsOfGroups } from "../record_kinds.ts";
import {
  type ConsumerGroup,
  type ConsumerMember,
  newConsumerGroup,
  newConsumerMember,
  type ResolvedRegex,
} from "./group.ts";

export type ConsumerGroupRecord = RecordsOfGroups["consumer"];

/** The group's epoch, and the hash of what it subscribes to. */
export function epochRecord(
  groupId: string,
  { epoch, metadataHash }: { epoch: number; metadataHash: ConsumerGroup["metadataHash"] },
): ConsumerGroupRecord {
  return { type: "ConsumerGroupMetadata", key: { groupId }, value: { epoch, metadataHash } };
}

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

/** What a member is to have. */
export function targetRecord(
  groupId: string,
  { memberId, target }: { memberId: string; target: Assignment },
): ConsumerGroupRecord {
  return {
    type: "ConsumerGroupTargetAssignmentMember",
    key: { groupId, memberId },
    value: { topicPartitions: topicPartitionsOf(target) },
  };
}

/** The epoch that all targets are of. */
export function targetEpochRecord(
  groupId: string,
  { epoch, timestampMs }: { epoch: number; timestampMs: ConsumerGroup["assignmentTimestampMs"] },
): ConsumerGroupRecord {
  return {
    type: "ConsumerGroupTargetAssignmentMetadata",
    key: { groupId },
    value: { assignmentEpoch: epoch, assignmentTimestamp: timestampMs },
  };
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

/** The end of a member. */
export function memberTombstones(groupId: string, memberId: string): ConsumerGroupRecord[] {
  const key = { groupId, memberId };
  return [
    { type: "ConsumerGroupCurrentMemberAssignment", key, value: null },
    { type: "ConsumerGroupTargetAssignmentMember", key, value: null },
    { type: "ConsumerGroupMemberMetadata", key, value: null },
  ];
}

/** The end of a group, and of all that is in it. */
export function groupTombstones(group: ConsumerGroup): ConsumerGroupRecord[] {
  const { groupId } = group;
  const key = { groupId };
  return [
    ...[...group.members.keys()].flatMap((memberId) => memberTombstones(groupId, memberId)),
    { type: "ConsumerGroupTargetAssignmentMetadata", key, value: null },
    ...[...group.regexes.keys()].map((regularExpression) =>
      regexRecord(groupId, { regularExpression, resolved: null })
    ),
    { type: "ConsumerGroupMetadata", key, value: null },
  ];
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
  const known = groups.get(record.key.groupId);
  if (record.value === null) {
    if (known?.type !== "consumer") return;
    applyTombstone(known, record);
    if (record.type === "ConsumerGroupMetadata") groups.delete(known.groupId);
    return;
  }
  const group = known?.type === "consumer" ? known : newConsumerGroup(record.key.groupId);
  groups.set(group.groupId, group);
  applyValue(group, record);
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

/** The epoch of a member whose current assignment has ended before it has. */
const leftEpoch = -1;

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
