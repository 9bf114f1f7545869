// What follows from what a member said: its records, the group's epoch, targets, and the member's
// next step.
//
//   1. the member changed                        its record
//   2. it is the first to tell a topology        the topology's record
//   3. member, topics, what can be run, or what  group epoch + 1
//      assignors are told changed
//   4. group epoch > assignment epoch            new targets; ASSIGNMENT_DELAYED while a new group
//                                                waits for more members, or the last ones are
//                                                younger than the assignment interval (KIP-1263)
//   5. the member is not at its target           a step towards it (reconcile.ts)
//
// While topics keep the topology from being run everyone's target is nothing.
// Invariant: nothing is changed here; the records say it all.

import type { Int64 } from "../../../base/int64.ts";
import { addInt64 } from "../../../base/int64.ts";
import { ErrorCode } from "../../../protocol/errors.ts";
import { type Refusal, refusal } from "../modern/epochs.ts";
import { alarmDueMs, isAlarmSet } from "../modern/timers.ts";
import { subscriptionHash } from "../modern/topics.ts";
import type { View } from "../turn.ts";
import { configure, type ConfiguredTopology, type Status, StatusCode } from "./configured.ts";
import {
  type KeyValue,
  type StreamsGroup,
  type StreamsMember,
  targetOfMember,
  taskName,
} from "./group.ts";
import { reconcile, reconciledEqual } from "./reconcile.ts";
import { assignSticky } from "./sticky.ts";
import {
  currentRecord,
  epochRecord,
  memberRecord,
  type StreamsGroupRecord,
  targetEpochRecord,
  targetRecord,
  topologyRecord,
} from "./stored.ts";
import { eachTask, noTasks, roles, sameTasks, type TaskAssignment } from "./tasks.ts";
import { inOrder, requiredTopics, topologiesEqual, type Topology } from "./topology.ts";

/** A member that has said something. */
export interface Said {
  /** As it was; undefined for one that is new. */
  readonly former: StreamsMember | undefined;
  /** With what it said. */
  readonly member: StreamsMember;
  /** Its application's topology; null where it does not say. */
  readonly topology: Topology | null;
  /** What it says that it has; null when that did not change. */
  readonly owned: TaskAssignment | null;
}

export interface Advance {
  readonly records: readonly StreamsGroupRecord[];
  readonly member: StreamsMember;
  readonly groupEpoch: number;
  readonly topology: Topology;
  readonly configured: ConfiguredTopology;
  readonly status: readonly Status[];
  /** Whether the first targets wait for further members, from now on. */
  readonly beginsDelay: boolean;
}

/** Decides what follows. */
export function advance(view: View, group: StreamsGroup, said: Said): Advance | Refusal {
  const { groupId } = group;
  const records: StreamsGroupRecord[] = [];
  const hasChanged = said.former === undefined || !saysTheSame(said.former, said.member);
  if (hasChanged) records.push(memberRecord(groupId, said.member));
  const topology = topologyOf(group, said);
  if ("errorCode" in topology) return topology;
  if (group.topology === undefined) records.push(topologyRecord(groupId, topology));
  const configured = configuredOf(view, group, topology);
  if ("errorCode" in configured) return configured;
  const unknown = unknownTask(configured, said.owned);
  if (unknown !== undefined) return refusal(ErrorCode.INVALID_REQUEST, unknown);
  const bump = decideEpoch(view, group, { hasChanged, topology, configured });
  records.push(...bump.records);
  const { initialRebalanceDelayMs } = view.config.streams().settingsOf(groupId);
  const beginsDelay = group.members.size === 0 && initialRebalanceDelayMs > 0;
  const targets = decideTargets(view, group, { ...bump, configured, said, beginsDelay });
  records.push(...targets.records);
  const member = reconcile(said.member, {
    targetEpoch: targets.epoch,
    target: targets.target,
    isActive: (id, partition) => group.active.has(taskName(id, partition)),
    isInProcess: (id, partition) =>
      group.processes.get(taskName(id, partition))?.has(said.member.processId) === true,
    owned: said.owned,
  });
  if ("errorCode" in member) return member;
  if (said.former === undefined || !reconciledEqual(member, said.member)) {
    records.push(currentRecord(groupId, member));
  }
  const status = [...staleStatus(topology, member), ...targets.status, ...problemOf(configured)];
  const { groupEpoch } = bump;
  return { records, member, groupEpoch, topology, configured, status, beginsDelay };
}

/** The group's, or that of its first member. */
function topologyOf(group: StreamsGroup, { topology: told }: Said): Topology | Refusal {
  const { topology: known } = group;
  if (told === null) {
    const why = `The topology of group ${group.groupId} is not known: join anew.`;
    return known ?? refusal(ErrorCode.UNKNOWN_MEMBER_ID, why);
  }
  const topology = inOrder(told);
  if (known === undefined) return topology;
  if (known.epoch > topology.epoch || topologiesEqual(known, topology)) return known;
  return refusal(ErrorCode.INVALID_REQUEST, "Topology updates are not supported yet.");
}

/** As it was worked out last, where the topics are the same as then. */
function configuredOf(
  view: View,
  group: StreamsGroup,
  topology: Topology,
): ConfiguredTopology | Refusal {
  const { configured, topicsVersion } = group;
  if (configured !== undefined && topicsVersion === view.topics.version) return configured;
  return configure(topology, view.topics);
}

/** Whether the application can be run as its topics are. */
function isReady({ problem }: ConfiguredTopology): boolean {
  return problem === undefined;
}

/** A task that the member says it has and that cannot be; undefined when there is none. */
function unknownTask(
  configured: ConfiguredTopology,
  owned: TaskAssignment | null,
): string | undefined {
  if (owned === null || !isReady(configured)) return undefined;
  for (const role of roles) {
    for (const [id, partition] of eachTask(owned[role])) {
      const count = configured.taskCounts?.get(id);
      if (count === undefined) return `Subtopology ${id} does not exist in the topology.`;
      if (partition >= 0 && partition < count) continue;
      return `Task ${partition} for subtopology ${id} is invalid. Number of tasks for this ` +
        `subtopology: ${count}`;
    }
  }
  return undefined;
}

interface Bump {
  readonly records: readonly StreamsGroupRecord[];
  readonly groupEpoch: number;
  /** What assignors are told at that epoch. */
  readonly assignmentConfigs: readonly KeyValue[];
}

function decideEpoch(
  view: View,
  group: StreamsGroup,
  { hasChanged, topology, configured }: {
    readonly hasChanged: boolean;
    readonly topology: Topology;
    readonly configured: ConfiguredTopology;
  },
): Bump {
  const { groupEpoch, topicsVersion } = group;
  const hasLooked = group.configured !== undefined && topicsVersion === view.topics.version;
  const metadataHash = hasLooked
    ? group.metadataHash
    : subscriptionHash(view.topics, requiredTopics(topology));
  const validatedTopologyEpoch = isReady(configured) ? topology.epoch : -1;
  const assignmentConfigs = assignmentConfigsOf(view, group.groupId);
  const mustBump = hasChanged || metadataHash !== group.metadataHash ||
    validatedTopologyEpoch !== group.validatedTopologyEpoch ||
    !sameConfigs(assignmentConfigs, group.lastAssignmentConfigs);
  if (!mustBump) return { records: [], groupEpoch, assignmentConfigs };
  const record = epochRecord(group, {
    groupEpoch: groupEpoch + 1,
    metadataHash,
    validatedTopologyEpoch,
    lastAssignmentConfigs: assignmentConfigs,
  });
  return { records: [record], groupEpoch: groupEpoch + 1, assignmentConfigs };
}

const standbyKey = "num.standby.replicas";

function assignmentConfigsOf(view: View, groupId: string): readonly KeyValue[] {
  const { standbyReplicas } = view.config.streams().settingsOf(groupId);
  return [{ key: standbyKey, value: String(standbyReplicas) }];
}

function sameConfigs(a: readonly KeyValue[], b: readonly KeyValue[]): boolean {
  return a.length === b.length &&
    a.every(({ key, value }, i) => b[i]?.key === key && b[i]?.value === value);
}

interface Targets {
  readonly records: readonly StreamsGroupRecord[];
  readonly epoch: number;
  /** What the member is to have. */
  readonly target: TaskAssignment;
  readonly status: readonly Status[];
}

function decideTargets(
  view: View,
  group: StreamsGroup,
  { groupEpoch, assignmentConfigs, configured, said, beginsDelay }:
    & Pick<Bump, "groupEpoch" | "assignmentConfigs">
    & { configured: ConfiguredTopology; said: Said; beginsDelay: boolean },
): Targets {
  const { memberId } = said.member;
  const former = { records: [], epoch: group.assignmentEpoch };
  const delayed = (by: string): Status[] => [{
    statusCode: StatusCode.ASSIGNMENT_DELAYED,
    statusDetail: `Assignment delayed due to the configured ${by}.`,
  }];
  if (beginsDelay || isDelayed(group)) {
    return { ...former, target: noTasks, status: delayed("initial rebalance delay") };
  }
  const target = targetOfMember(group, memberId);
  if (groupEpoch <= group.assignmentEpoch) return { ...former, target, status: [] };
  if (!isTargetDue(view, group)) {
    return { ...former, target, status: delayed("assignment interval") };
  }
  const members = new Map(group.members).set(memberId, said.member);
  const to = { epoch: groupEpoch, members, configured, assignmentConfigs };
  const { records, targets } = assign(view, group, to);
  return { records, epoch: groupEpoch, target: targets.get(memberId) ?? noTasks, status: [] };
}

/** Whether a new group still waits for further members. */
export function isDelayed({ timers }: StreamsGroup): boolean {
  return isAlarmSet(timers, delayedMemberId, "join");
}

/** For how long it does. */
export function delayLeftMs({ timers }: StreamsGroup, nowMs: number): number {
  return Math.max(0, alarmDueMs(timers, delayedMemberId, "join") - nowMs);
}

/** The alarm of a whole group is nobody's. */
export const delayedMemberId = "";

/** Members that come one after the other are assigned together. */
function isTargetDue(view: View, { groupId, assignmentTimestampMs }: StreamsGroup): boolean {
  const { assignmentIntervalMs } = view.config.streams().settingsOf(groupId);
  if (assignmentTimestampMs === 0 || assignmentIntervalMs === 0) return true;
  return view.nowMs >= addInt64(assignmentTimestampMs, assignmentIntervalMs);
}

/** New targets for all members, with the records of those that changed. */
export function assign(
  view: View,
  group: StreamsGroup,
  { epoch, members, configured, assignmentConfigs }: {
    readonly epoch: number;
    readonly members: ReadonlyMap<string, StreamsMember>;
    readonly configured: ConfiguredTopology;
    readonly assignmentConfigs: readonly KeyValue[];
  },
): { records: StreamsGroupRecord[]; targets: ReadonlyMap<string, TaskAssignment> } {
  const replicas = assignmentConfigs.find(({ key }) => key === standbyKey)?.value ?? 0;
  const targets = isReady(configured)
    ? assignSticky({
      members: [...members.values()].map(({ memberId, processId }) => {
        return { memberId, processId, formerly: targetOfMember(group, memberId) };
      }),
      subtopologies: [...configured.taskCounts ?? []].map(([subtopologyId, taskCount]) => {
        const isStateful = configured.stateful.has(subtopologyId);
        return { subtopologyId, taskCount, isStateful };
      }),
      standbyReplicas: Number(replicas),
    })
    : new Map([...members.keys()].map((memberId) => [memberId, noTasks]));
  const { groupId } = group;
  const records: StreamsGroupRecord[] = [];
  for (const [memberId, target] of targets) {
    const before = group.targets.get(memberId);
    if (before !== undefined && sameTasks(before, target)) continue;
    records.push(targetRecord(groupId, { memberId, target }));
  }
  records.push(targetEpochRecord(groupId, { epoch, timestampMs: view.nowMs as Int64 }));
  return { records, targets };
}

function staleStatus({ epoch }: Topology, { topologyEpoch }: StreamsMember): Status[] {
  if (topologyEpoch >= epoch) return [];
  return [{
    statusCode: StatusCode.STALE_TOPOLOGY,
    statusDetail: `The member's topology epoch ${topologyEpoch} is behind the group's topology ` +
      `epoch ${epoch}.`,
  }];
}

function problemOf({ problem }: ConfiguredTopology): Status[] {
  return problem === undefined ? [] : [problem];
}

/** Whether the member's record would say the same. */
function saysTheSame(a: StreamsMember, b: StreamsMember): boolean {
  return a.instanceId === b.instanceId && a.rackId === b.rackId && a.clientId === b.clientId &&
    a.clientHost === b.clientHost && a.rebalanceTimeoutMs === b.rebalanceTimeoutMs &&
    a.topologyEpoch === b.topologyEpoch && a.processId === b.processId &&
    a.userEndpoint?.host === b.userEndpoint?.host &&
    a.userEndpoint?.port === b.userEndpoint?.port && sameConfigs(a.clientTags, b.clientTags);
}
