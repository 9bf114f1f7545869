// A share group as its records keep it, and the way back.
//
//   group ──xRecord──> record ──log──> applyShareRecord: into the same group, or into a new one
//
// Records may come in any order, and their group's own after its members': compaction keeps the
// last of each key. Any of them makes the group; the tombstone of the group's own ends it.

import type { Group } from "../group.ts";
import {
  type Assignment,
  assignmentOf,
  nothingAssigned,
  topicPartitionsOf,
} from "../modern/assignment.ts";
import { MemberState } from "../modern/reconcile.ts";
import type { RecordsOfGroups } from "../record_kinds.ts";
import { newShareGroup, newShareMember, type ShareGroup, type ShareMember } from "./group.ts";
import { noStates, type PartitionStates, statesOf, storedStates } from "./states.ts";

export type ShareGroupRecord = RecordsOfGroups["share"];

/** The group's epoch, and the hash of what it subscribes to. */
export function epochRecord(
  groupId: string,
  { epoch, metadataHash }: { epoch: number; metadataHash: ShareGroup["metadataHash"] },
): ShareGroupRecord {
  return { type: "ShareGroupMetadata", key: { groupId }, value: { epoch, metadataHash } };
}

/** What a member has said of itself. */
export function memberRecord(groupId: string, member: ShareMember): ShareGroupRecord {
  const { memberId, rackId, clientId, clientHost } = member;
  return {
    type: "ShareGroupMemberMetadata",
    key: { groupId, memberId },
    value: {
      rackId,
      clientId,
      clientHost,
      subscribedTopicNames: [...member.subscribedTopicNames],
    },
  };
}

/** What a member has. */
export function currentRecord(groupId: string, member: ShareMember): ShareGroupRecord {
  return {
    type: "ShareGroupCurrentMemberAssignment",
    key: { groupId, memberId: member.memberId },
    value: {
      memberEpoch: member.memberEpoch,
      previousMemberEpoch: member.previousMemberEpoch,
      state: MemberState.STABLE,
      assignedPartitions: topicPartitionsOf(member.assigned),
    },
  };
}

/** What a member is to have. */
export function targetRecord(
  groupId: string,
  { memberId, target }: { memberId: string; target: Assignment },
): ShareGroupRecord {
  return {
    type: "ShareGroupTargetAssignmentMember",
    key: { groupId, memberId },
    value: { topicPartitions: topicPartitionsOf(target) },
  };
}

/** The epoch that all targets are of. */
export function targetEpochRecord(
  groupId: string,
  { epoch, timestampMs }: { epoch: number; timestampMs: ShareGroup["assignmentTimestampMs"] },
): ShareGroupRecord {
  return {
    type: "ShareGroupTargetAssignmentMetadata",
    key: { groupId },
    value: { assignmentEpoch: epoch, assignmentTimestamp: timestampMs },
  };
}

/** For which partitions there is state. */
export function statesRecord(groupId: string, states: PartitionStates): ShareGroupRecord {
  return {
    type: "ShareGroupStatePartitionMetadata",
    key: { groupId },
    value: storedStates(states),
  };
}

/** The end of a member. */
export function memberTombstones(groupId: string, memberId: string): ShareGroupRecord[] {
  const key = { groupId, memberId };
  return [
    { type: "ShareGroupCurrentMemberAssignment", key, value: null },
    { type: "ShareGroupTargetAssignmentMember", key, value: null },
    { type: "ShareGroupMemberMetadata", key, value: null },
  ];
}

/** The end of a group, and of all that is in it. */
export function groupTombstones({ groupId, members }: ShareGroup): ShareGroupRecord[] {
  const key = { groupId };
  return [
    ...[...members.keys()].flatMap((memberId) => memberTombstones(groupId, memberId)),
    { type: "ShareGroupTargetAssignmentMetadata", key, value: null },
    { type: "ShareGroupStatePartitionMetadata", key, value: null },
    { type: "ShareGroupMetadata", key, value: null },
  ];
}

/** Takes over a record of a share group. */
export function applyShareRecord(groups: Map<string, Group>, record: ShareGroupRecord): void {
  const known = groups.get(record.key.groupId);
  if (record.value === null) {
    if (known?.type !== "share") return;
    applyTombstone(known, record);
    if (record.type === "ShareGroupMetadata") groups.delete(known.groupId);
    return;
  }
  const group = known?.type === "share" ? known : newShareGroup(record.key.groupId);
  groups.set(group.groupId, group);
  applyValue(group, record);
}

function applyTombstone(group: ShareGroup, { type, key }: ShareGroupRecord): void {
  switch (type) {
    case "ShareGroupCurrentMemberAssignment": {
      const member = group.members.get(key.memberId);
      if (member === undefined) return;
      const gone = { memberEpoch: leftEpoch, previousMemberEpoch: leftEpoch };
      group.members.set(key.memberId, { ...member, ...gone, assigned: nothingAssigned });
      return;
    }
    case "ShareGroupTargetAssignmentMember":
      return void group.targets.delete(key.memberId);
    case "ShareGroupMemberMetadata":
      return void group.members.delete(key.memberId);
    case "ShareGroupTargetAssignmentMetadata":
      group.assignmentEpoch = 0;
      return;
    case "ShareGroupStatePartitionMetadata":
      group.states = noStates;
      return;
    case "ShareGroupMetadata":
      return;
  }
}

/** The epoch of a member whose current assignment has ended before it has. */
const leftEpoch = -1;

function applyValue(group: ShareGroup, { type, key, value }: ShareGroupRecord): void {
  if (value === null) return;
  switch (type) {
    case "ShareGroupMetadata":
      group.groupEpoch = value.epoch;
      group.metadataHash = value.metadataHash;
      return;
    case "ShareGroupMemberMetadata": {
      const { memberId } = key;
      const former = group.members.get(memberId) ?? newShareMember(memberId);
      return void group.members.set(memberId, { ...former, ...value });
    }
    case "ShareGroupTargetAssignmentMetadata":
      group.assignmentEpoch = value.assignmentEpoch;
      group.assignmentTimestampMs = value.assignmentTimestamp;
      return;
    case "ShareGroupTargetAssignmentMember":
      return void group.targets.set(key.memberId, assignmentOf(value.topicPartitions));
    case "ShareGroupCurrentMemberAssignment": {
      const { memberId } = key;
      const { memberEpoch, previousMemberEpoch, assignedPartitions } = value;
      const former = group.members.get(memberId) ?? newShareMember(memberId);
      const assigned = assignmentOf(assignedPartitions);
      group.members.set(memberId, { ...former, memberEpoch, previousMemberEpoch, assigned });
      return;
    }
    case "ShareGroupStatePartitionMetadata":
      group.states = statesOf(value);
      return;
  }
}
