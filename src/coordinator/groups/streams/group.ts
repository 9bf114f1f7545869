// One streams group (KIP-1071): its topology, its members, and questions about them. No decisions.
//
//   StreamsGroup ── topology       of the members that came first; none until one is stored
//                ├─ members: id -> StreamsMember     a value, replaced by each record about it
//                ├─ targets: id -> what the member is to have, of the assignment epoch
//                ├─ active: task -> the member that has it as active or still gives it up
//                └─ processes: task -> process -> how many of its members have it, in any role
//
//   no members                                    Empty
//   topics keep the topology from being run       NotReady
//   group epoch > assignment epoch                Assigning
//   a member that is not yet at its target        Reconciling
//   else                                          Stable
//
// Invariant (asserted by the property test): active and processes agree with the members, so that a
// task is active once.

import type { Int64 } from "../../../base/int64.ts";
import { firstEpoch } from "../modern/epochs.ts";
import type { MemberTimers } from "../modern/timers.ts";
import type { ConfiguredTopology } from "./configured.ts";
import { isReconciledTo, MemberState, type Reconciled } from "./reconcile.ts";
import { noTasks, noTasksHeld, type TaskAssignment } from "./tasks.ts";
import type { Topology } from "./topology.ts";

/** Where the application answers questions about its state (interactive queries). */
export interface Endpoint {
  readonly host: string;
  readonly port: number;
}

export interface KeyValue {
  readonly key: string;
  readonly value: string;
}

export interface StreamsMember extends Reconciled {
  readonly memberId: string;
  readonly instanceId: string | null;
  readonly rackId: string | null;
  readonly clientId: string;
  readonly clientHost: string;
  readonly rebalanceTimeoutMs: number;
  readonly topologyEpoch: number;
  readonly processId: string;
  readonly userEndpoint: Endpoint | null;
  /** In the order of their keys. */
  readonly clientTags: readonly KeyValue[];
}

export interface StreamsGroup {
  readonly type: "streams";
  readonly groupId: string;
  groupEpoch: number;
  /** Of the topics of the topology, at the group epoch. */
  metadataHash: Int64;
  /** The epoch of the topology that could be run at the group epoch; -1: it could not. */
  validatedTopologyEpoch: number;
  /** What assignors were told at the group epoch. */
  lastAssignmentConfigs: readonly KeyValue[];
  storedDescriptionTopologyEpoch: number;
  failedDescriptionTopologyEpoch: number;
  assignmentEpoch: number;
  /** When the target was computed; 0: unknown. */
  assignmentTimestampMs: Int64;
  topology: Topology | undefined;
  readonly members: Map<string, StreamsMember>;
  readonly targets: Map<string, TaskAssignment>;
  readonly active: Map<string, string>;
  readonly processes: Map<string, Map<string, number>>;
  readonly timers: MemberTimers;
  /** The rest is soft: the topology beside the topics of a version. */
  configured: ConfiguredTopology | undefined;
  topicsVersion: number;
  /** Who has asked for the end of the whole application. */
  shutdownMemberId: string | undefined;
  /** Grows with each change of who has what, where members tell their endpoints. */
  endpointEpoch: number;
}

export type StreamsGroupState = "Empty" | "NotReady" | "Assigning" | "Reconciling" | "Stable";

/** A group without members, before its first change. */
export function newStreamsGroup(groupId: string): StreamsGroup {
  return {
    type: "streams",
    groupId,
    groupEpoch: firstEpoch,
    metadataHash: 0,
    validatedTopologyEpoch: -1,
    lastAssignmentConfigs: [],
    storedDescriptionTopologyEpoch: -1,
    failedDescriptionTopologyEpoch: -1,
    assignmentEpoch: firstEpoch,
    assignmentTimestampMs: 0,
    topology: undefined,
    members: new Map(),
    targets: new Map(),
    active: new Map(),
    processes: new Map(),
    timers: new Map(),
    configured: undefined,
    topicsVersion: -1,
    shutdownMemberId: undefined,
    endpointEpoch: 0,
  };
}

/** A member that nothing is known of yet. */
export function newStreamsMember(memberId: string): StreamsMember {
  return {
    memberId,
    instanceId: null,
    rackId: null,
    clientId: "",
    clientHost: "",
    rebalanceTimeoutMs: -1,
    topologyEpoch: -1,
    processId: "",
    userEndpoint: null,
    clientTags: [],
    memberEpoch: 0,
    previousMemberEpoch: 0,
    state: MemberState.STABLE,
    assigned: noTasksHeld,
    revoking: noTasksHeld,
  };
}

/** A task's name among all of the group. */
export function taskName(subtopologyId: string, partition: number): string {
  return `${partition}_${subtopologyId}`;
}

export function stateOf(group: StreamsGroup): StreamsGroupState {
  if (group.members.size === 0) return "Empty";
  if (group.topology?.epoch !== group.validatedTopologyEpoch) return "NotReady";
  if (group.groupEpoch > group.assignmentEpoch) return "Assigning";
  for (const member of group.members.values()) {
    if (!isReconciledTo(member, group.assignmentEpoch)) return "Reconciling";
  }
  return "Stable";
}

/** What the member is to have. */
export function targetOfMember({ targets }: StreamsGroup, memberId: string): TaskAssignment {
  return targets.get(memberId) ?? noTasks;
}
