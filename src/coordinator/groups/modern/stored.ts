// What the records of groups have in common whose members the coordinator assigns, by the name that
// their types begin with, and how one of them is taken over.
//
//   group ──xRecord──> record ──log──> takeOver: into the same group, or into a new one
//
// Records may come in any order, and their group's own after its members': compaction keeps the
// last of each key. Any of them makes the group; the tombstone of the group's own ends it.

import type { Int64 } from "../../../base/int64.ts";
import type { Group } from "../group.ts";
import { type Assignment, topicPartitionsOf } from "./assignment.ts";

/** The epoch of a member whose current assignment has ended before it has. */
export const leftEpoch = -1;

/** What the types of a kind's records begin with. */
type Prefix = "ConsumerGroup" | "ShareGroup" | "StreamsGroup";

/** The records of a kind that read as those of the others do. */
export function recordsOf<P extends Prefix>(prefix: P) {
  const memberTombstones = (groupId: string, memberId: string) => {
    const key = { groupId, memberId };
    return [
      { type: `${prefix}CurrentMemberAssignment` as const, key, value: null },
      { type: `${prefix}TargetAssignmentMember` as const, key, value: null },
      { type: `${prefix}MemberMetadata` as const, key, value: null },
    ];
  };
  return {
    /** The end of a member. */
    memberTombstones,

    /** The end of a group, and of all that is in it; `own`: of what only this kind has. */
    tombstones<Own>(groupId: string, o: { members: Iterable<string>; own: readonly Own[] }) {
      const key = { groupId };
      return [
        ...[...o.members].flatMap((memberId) => memberTombstones(groupId, memberId)),
        { type: `${prefix}TargetAssignmentMetadata` as const, key, value: null },
        ...o.own,
        { type: `${prefix}Metadata` as const, key, value: null },
      ];
    },

    /** The epoch that all targets are of. */
    targetEpochRecord(
      groupId: string,
      { epoch, timestampMs }: { readonly epoch: number; readonly timestampMs: Int64 },
    ) {
      return {
        type: `${prefix}TargetAssignmentMetadata` as const,
        key: { groupId },
        value: { assignmentEpoch: epoch, assignmentTimestamp: timestampMs },
      };
    },

    /** The group's epoch, and the hash of what it subscribes to. */
    epochRecord(
      groupId: string,
      { epoch, metadataHash }: { readonly epoch: number; readonly metadataHash: Int64 },
    ) {
      return {
        type: `${prefix}Metadata` as const,
        key: { groupId },
        value: { epoch, metadataHash },
      };
    },

    /** The partitions that a member is to have. */
    targetRecord(
      groupId: string,
      { memberId, target }: { readonly memberId: string; readonly target: Assignment },
    ) {
      return {
        type: `${prefix}TargetAssignmentMember` as const,
        key: { groupId, memberId },
        value: { topicPartitions: topicPartitionsOf(target) },
      };
    },
  };
}

interface StoredGroupRecord {
  readonly type: string;
  readonly key: { readonly groupId: string };
  readonly value: unknown;
}

/** How groups of one kind take over their records. */
export interface TakingOver<G extends Group, Rec extends StoredGroupRecord> {
  readonly type: G["type"];
  /** The type of the group's own record. */
  readonly own: Rec["type"];
  readonly newGroup: (groupId: string) => G;
  readonly applyValue: (group: G, record: Rec) => void;
  readonly applyTombstone: (group: G, record: Rec) => void;
}

/** Takes over a record of a group of this kind. */
export function takeOver<G extends Group, Rec extends StoredGroupRecord>(
  groups: Map<string, Group>,
  record: Rec,
  { type, own, newGroup, applyValue, applyTombstone }: TakingOver<G, Rec>,
): void {
  const { groupId } = record.key;
  const found = groups.get(groupId);
  const known = found?.type === type ? found as G : undefined;
  if (record.value !== null) {
    const group = known ?? newGroup(groupId);
    groups.set(groupId, group);
    applyValue(group, record);
  } else if (known !== undefined) {
    applyTombstone(known, record);
    if (record.type === own) groups.delete(groupId);
  }
}
