// A share group as its records keep it, and the way back: modern/stored.ts has what is alike in all
// kinds.

import type { Group } from "../group.ts";
import { assignmentOf, nothingAssigned, topicPartitionsOf } from "../modern/assignment.ts";
import { MemberState } from "../modern/reconcile.ts";
import { leftEpoch, recordsOf, takeOver } from "../modern/stored.ts";
import type { RecordsOfGroups } from "../record_kinds.ts";
import { newShareGroup, newShareMember, type ShareGroup, type ShareMember } from "./group.ts";
import { noStates, type PartitionStates, statesOf, storedStates } from "./states.ts";

export type ShareGroupRecord = RecordsOfGroups["share"];

const { tombstones, ...alike } = recordsOf("ShareGroup");
export const { epochRecord, targetRecord, targetEpochRecord, memberTombstones } = alike;

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

/** For which partitions there is state. */
export function statesRecord(groupId: string, states: PartitionStates): ShareGroupRecord {
  return {
    type: "ShareGroupStatePartitionMetadata",
    key: { groupId },
    value: storedStates(states),
  };
}

/** The end of a group, and of all that is in it. */
export function groupTombstones({ groupId, members }: ShareGroup): ShareGroupRecord[] {
  const states = {
    type: "ShareGroupStatePartitionMetadata",
    key: { groupId },
    value: null,
  } as const;
  return tombstones(groupId, { members: members.keys(), own: [states] });
}

/** Takes over a record of a share group. */
export function applyShareRecord(groups: Map<string, Group>, record: ShareGroupRecord): void {
  takeOver(groups, record, {
    type: "share",
    own: "ShareGroupMetadata",
    newGroup: newShareGroup,
    applyValue,
    applyTombstone,
  });
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
