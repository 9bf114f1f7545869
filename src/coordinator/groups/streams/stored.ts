// A streams group as its records keep it, and the way back: modern/stored.ts has what is alike in
// all kinds.

import type { Group } from "../group.ts";
import { leftEpoch, recordsOf, takeOver } from "../modern/stored.ts";
import type { RecordsOfGroups } from "../record_kinds.ts";
import {
  newStreamsGroup,
  newStreamsMember,
  type StreamsGroup,
  type StreamsMember,
  taskName,
} from "./group.ts";
import { MemberState } from "./reconcile.ts";
import {
  type ActiveTasks,
  eachTask,
  noTasksHeld,
  roles,
  type TaskAssignment,
  taskIdsOf,
  tasksOf,
} from "./tasks.ts";
import { inOrder, type Topology } from "./topology.ts";

export type StreamsGroupRecord = RecordsOfGroups["streams"];

type RecordOfType<Type extends StreamsGroupRecord["type"]> = Extract<
  StreamsGroupRecord,
  { readonly type: Type }
>;

const { tombstones, ...alike } = recordsOf("StreamsGroup");
export const { targetEpochRecord, memberTombstones } = alike;

/** What the group's own record says. */
export type StoredEpoch = Pick<
  StreamsGroup,
  "groupEpoch" | "metadataHash" | "validatedTopologyEpoch" | "lastAssignmentConfigs"
>;

/** The group's epoch, and what it was reached for. */
export function epochRecord(
  { groupId, ...group }: StreamsGroup,
  { groupEpoch, lastAssignmentConfigs, ...stored }: StoredEpoch,
): StreamsGroupRecord {
  return {
    type: "StreamsGroupMetadata",
    key: { groupId },
    value: {
      ...stored,
      epoch: groupEpoch,
      lastAssignmentConfigs: lastAssignmentConfigs.map((each) => ({ ...each })),
      storedDescriptionTopologyEpoch: group.storedDescriptionTopologyEpoch,
      failedDescriptionTopologyEpoch: group.failedDescriptionTopologyEpoch,
    },
  };
}

export function topologyRecord(groupId: string, topology: Topology): StreamsGroupRecord {
  return { type: "StreamsGroupTopology", key: { groupId }, value: topology };
}

/** What a member has said of itself. */
export function memberRecord(groupId: string, member: StreamsMember): StreamsGroupRecord {
  const { memberId } = member;
  return {
    type: "StreamsGroupMemberMetadata",
    key: { groupId, memberId },
    value: {
      instanceId: member.instanceId,
      rackId: member.rackId,
      clientId: member.clientId,
      clientHost: member.clientHost,
      rebalanceTimeoutMs: member.rebalanceTimeoutMs,
      topologyEpoch: member.topologyEpoch,
      processId: member.processId,
      userEndpoint: member.userEndpoint,
      clientTags: member.clientTags.map((each) => ({ ...each })),
    },
  };
}

/** What a member has. */
export function currentRecord(groupId: string, member: StreamsMember): StreamsGroupRecord {
  const { memberId, assigned, revoking } = member;
  const copies = (tasks: TaskAssignment["standby"]) =>
    taskIdsOf(tasks).map((each) => ({ ...each, assignmentEpochs: null }));
  return {
    type: "StreamsGroupCurrentMemberAssignment",
    key: { groupId, memberId },
    value: {
      memberEpoch: member.memberEpoch,
      previousMemberEpoch: member.previousMemberEpoch,
      state: member.state,
      activeTasks: activeFields(assigned.active),
      standbyTasks: copies(assigned.standby),
      warmupTasks: copies(assigned.warmup),
      activeTasksPendingRevocation: activeFields(revoking.active),
      standbyTasksPendingRevocation: copies(revoking.standby),
      warmupTasksPendingRevocation: copies(revoking.warmup),
    },
  };
}

function activeFields(tasks: ActiveTasks) {
  return taskIdsOf(tasks).map(({ subtopologyId, partitions }) => ({
    subtopologyId,
    partitions,
    assignmentEpochs: partitions.map((each) => tasks.get(subtopologyId)?.get(each) ?? 0),
  }));
}

/** What a member is to have. */
export function targetRecord(
  groupId: string,
  { memberId, target }: { memberId: string; target: TaskAssignment },
): StreamsGroupRecord {
  return {
    type: "StreamsGroupTargetAssignmentMember",
    key: { groupId, memberId },
    value: {
      activeTasks: taskIdsOf(target.active),
      standbyTasks: taskIdsOf(target.standby),
      warmupTasks: taskIdsOf(target.warmup),
    },
  };
}

/** The end of a group, and of all that is in it. */
export function groupTombstones({ groupId, members }: StreamsGroup): StreamsGroupRecord[] {
  const topology = { type: "StreamsGroupTopology", key: { groupId }, value: null } as const;
  return tombstones(groupId, { members: members.keys(), own: [topology] });
}

/** Takes over a record of a streams group. */
export function applyStreamsRecord(groups: Map<string, Group>, record: StreamsGroupRecord): void {
  takeOver(groups, record, {
    type: "streams",
    own: "StreamsGroupMetadata",
    newGroup: newStreamsGroup,
    applyValue,
    applyTombstone,
  });
}

function applyTombstone(group: StreamsGroup, { type, key }: StreamsGroupRecord): void {
  switch (type) {
    case "StreamsGroupCurrentMemberAssignment":
      return applyCurrent(group, key.memberId, undefined);
    case "StreamsGroupTargetAssignmentMember":
      return void group.targets.delete(key.memberId);
    case "StreamsGroupMemberMetadata":
      return removeMember(group, key.memberId);
    case "StreamsGroupTargetAssignmentMetadata":
      group.assignmentEpoch = 0;
      return;
    case "StreamsGroupTopology":
      group.topology = undefined;
      group.configured = undefined;
      return;
    case "StreamsGroupMetadata":
      return;
  }
}

function applyValue(group: StreamsGroup, record: StreamsGroupRecord): void {
  switch (record.type) {
    case "StreamsGroupMetadata":
      return applyEpoch(group, record);
    case "StreamsGroupTopology":
      if (record.value === null) return;
      group.topology = inOrder(record.value);
      group.configured = undefined;
      return;
    case "StreamsGroupMemberMetadata":
      return applyMember(group, record);
    case "StreamsGroupTargetAssignmentMetadata":
      group.assignmentEpoch = record.value?.assignmentEpoch ?? 0;
      group.assignmentTimestampMs = record.value?.assignmentTimestamp ?? 0;
      return;
    case "StreamsGroupTargetAssignmentMember":
      return void group.targets.set(record.key.memberId, {
        active: tasksOf(record.value?.activeTasks ?? []),
        standby: tasksOf(record.value?.standbyTasks ?? []),
        warmup: tasksOf(record.value?.warmupTasks ?? []),
      });
    case "StreamsGroupCurrentMemberAssignment":
      return applyCurrent(group, record.key.memberId, record.value ?? undefined);
  }
}

function applyEpoch(group: StreamsGroup, { value }: RecordOfType<"StreamsGroupMetadata">): void {
  if (value === null) return;
  group.groupEpoch = value.epoch;
  group.metadataHash = value.metadataHash;
  group.validatedTopologyEpoch = value.validatedTopologyEpoch;
  group.lastAssignmentConfigs = value.lastAssignmentConfigs ?? [];
  group.storedDescriptionTopologyEpoch = value.storedDescriptionTopologyEpoch;
  group.failedDescriptionTopologyEpoch = value.failedDescriptionTopologyEpoch;
}

function applyMember(
  group: StreamsGroup,
  { key: { memberId }, value }: RecordOfType<"StreamsGroupMemberMetadata">,
): void {
  if (value === null) return;
  const former = group.members.get(memberId) ?? newStreamsMember(memberId);
  // The process counts for what the member has.
  disown(group, former);
  const member = { ...former, ...value };
  group.members.set(memberId, member);
  own(group, member);
}

type CurrentAssignment = NonNullable<
  RecordOfType<"StreamsGroupCurrentMemberAssignment">["value"]
>;

function applyCurrent(
  group: StreamsGroup,
  memberId: string,
  value: CurrentAssignment | undefined,
): void {
  const former = group.members.get(memberId);
  // A tombstone says nothing of one whose own tombstone came first.
  if (former === undefined && value === undefined) return;
  const member = former ?? newStreamsMember(memberId);
  const next: StreamsMember = value === undefined
    ? {
      ...member,
      memberEpoch: leftEpoch,
      previousMemberEpoch: leftEpoch,
      state: MemberState.STABLE,
      assigned: noTasksHeld,
      revoking: noTasksHeld,
    }
    : {
      ...member,
      memberEpoch: value.memberEpoch,
      previousMemberEpoch: value.previousMemberEpoch,
      state: value.state,
      assigned: {
        active: activeOf(value.activeTasks, value.memberEpoch),
        standby: tasksOf(value.standbyTasks),
        warmup: tasksOf(value.warmupTasks),
      },
      revoking: {
        active: activeOf(value.activeTasksPendingRevocation, value.memberEpoch),
        standby: tasksOf(value.standbyTasksPendingRevocation),
        warmup: tasksOf(value.warmupTasksPendingRevocation),
      },
    };
  disown(group, member);
  group.members.set(memberId, next);
  own(group, next);
}

/** Older Kafkas do not say in which epoch a task was assigned: in the latest that it can be. */
function activeOf(tasks: CurrentAssignment["activeTasks"], memberEpoch: number): ActiveTasks {
  const active = new Map<string, ReadonlyMap<number, number>>();
  for (const { subtopologyId, partitions, assignmentEpochs } of tasks) {
    if (partitions.length === 0) continue;
    const epochOf = (i: number): number => assignmentEpochs?.[i] ?? memberEpoch;
    active.set(subtopologyId, new Map(partitions.map((each, i) => [each, epochOf(i)])));
  }
  return active;
}

function removeMember(group: StreamsGroup, memberId: string): void {
  const member = group.members.get(memberId);
  if (member === undefined) return;
  disown(group, member);
  group.members.delete(memberId);
  if (group.members.size === 0) group.shutdownMemberId = undefined;
}

/** All tasks that the member has or gives up, by name; whether as active. */
function* held({ assigned, revoking }: StreamsMember): Generator<readonly [string, boolean]> {
  for (const tasks of [assigned, revoking]) {
    for (const role of roles) {
      for (const [id, partition] of eachTask(tasks[role])) {
        yield [taskName(id, partition), role === "active"];
      }
    }
  }
}

function disown({ active, processes }: StreamsGroup, member: StreamsMember): void {
  for (const [task, isActive] of held(member)) {
    // Only what still is the member's own: its successor may have it already.
    if (isActive && active.get(task) === member.memberId) active.delete(task);
    const counts = processes.get(task);
    const count = counts?.get(member.processId) ?? 0;
    if (count > 1) counts?.set(member.processId, count - 1);
    else counts?.delete(member.processId);
    if (counts?.size === 0) processes.delete(task);
  }
}

function own({ active, processes }: StreamsGroup, member: StreamsMember): void {
  for (const [task, isActive] of held(member)) {
    if (isActive) active.set(task, member.memberId);
    const counts = processes.get(task) ?? new Map<string, number>();
    processes.set(task, counts.set(member.processId, (counts.get(member.processId) ?? 0) + 1));
  }
}
