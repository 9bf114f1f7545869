// One share group (KIP-932): its members, and questions about them. No decisions.
//
//   ShareGroup ── members: id -> ShareMember      a value, replaced by each record about it
//              ├─ targets: id -> what the member is to have, of the assignment epoch
//              └─ states: for which partitions the share coordinator keeps state (states.ts)
//
//   no members   Empty
//   else         Stable
//
// Several members may have one partition, so that nobody waits for another to give it up: a member
// has what it is to have as soon as it is told.

import type { Uuid } from "../../../base/ids.ts";
import type { Int64 } from "../../../base/int64.ts";
import { type Assignment, nothingAssigned } from "../modern/assignment.ts";
import { firstEpoch } from "../modern/epochs.ts";
import type { MemberTimers } from "../modern/timers.ts";
import { noStates, type PartitionStates } from "./states.ts";

export interface ShareMember {
  readonly memberId: string;
  readonly rackId: string | null;
  readonly clientId: string;
  readonly clientHost: string;
  readonly subscribedTopicNames: readonly string[];
  readonly memberEpoch: number;
  readonly previousMemberEpoch: number;
  readonly assigned: Assignment;
}

export interface ShareGroup {
  readonly type: "share";
  readonly groupId: string;
  groupEpoch: number;
  /** Of the topics that members subscribe to, at the group epoch. */
  metadataHash: Int64;
  assignmentEpoch: number;
  /** When the target was computed; 0: unknown. */
  assignmentTimestampMs: Int64;
  readonly members: Map<string, ShareMember>;
  readonly targets: Map<string, Assignment>;
  states: PartitionStates;
  /**
   * What topics and states were when members last were compared with them; soft. No version of the
   * topics where states were being forgotten: they are compared again.
   */
  lookedAt:
    | { readonly topicsVersion: number | undefined; readonly states: PartitionStates }
    | undefined;
  /** Topics whose states somebody forgets right now; soft. */
  readonly forgetting: Set<Uuid>;
  readonly timers: MemberTimers;
}

/** A group without members, at its first epoch. */
export function newShareGroup(groupId: string): ShareGroup {
  return {
    type: "share",
    groupId,
    groupEpoch: firstEpoch,
    metadataHash: 0,
    assignmentEpoch: firstEpoch,
    assignmentTimestampMs: 0,
    members: new Map(),
    targets: new Map(),
    states: noStates,
    lookedAt: undefined,
    forgetting: new Set(),
    timers: new Map(),
  };
}

/** A member that nothing is known of yet. */
export function newShareMember(memberId: string): ShareMember {
  return {
    memberId,
    rackId: null,
    clientId: "",
    clientHost: "",
    subscribedTopicNames: [],
    memberEpoch: 0,
    previousMemberEpoch: 0,
    assigned: nothingAssigned,
  };
}

export function shareStateOf({ members }: ShareGroup): "Empty" | "Stable" {
  return members.size === 0 ? "Empty" : "Stable";
}

/** What the member is to have. */
export function targetOfMember({ targets }: ShareGroup, memberId: string): Assignment {
  return targets.get(memberId) ?? nothingAssigned;
}

/** The topics that any of `members` subscribes to. */
export function subscribedTopicNames(members: Iterable<ShareMember>): Set<string> {
  const all = new Set<string>();
  for (const member of members) for (const name of member.subscribedTopicNames) all.add(name);
  return all;
}
