// One consumer group (KIP-848): its members, and questions about them. No decisions.
//
//   ConsumerGroup ── members: id -> ConsumerMember     a value, replaced by each record about it
//                 ├─ staticMembers: instance id -> member id
//                 ├─ targets: id -> what the member is to have, of the assignment epoch
//                 ├─ owners: topic -> partition -> the member that has it or still gives it up
//                 └─ regexes: expression -> the topics that it stood for when last looked at
//
//   no members                               Empty
//   group epoch > assignment epoch           Assigning
//   a member that is not yet at its target   Reconciling
//   else                                     Stable
//
// Invariant (asserted by the property test): owners agrees with the members, so that a partition
// has one owner.

import type { Uuid } from "../../../base/ids.ts";
import type { Int64 } from "../../../base/int64.ts";
import { type Assignment, nothingAssigned, nothingOwned } from "../modern/assignment.ts";
import { firstEpoch } from "../modern/epochs.ts";
import { isReconciledTo, MemberState, type Reconciled } from "../modern/reconcile.ts";
import type { MemberTimers } from "../modern/timers.ts";

/** What a member that speaks the classic protocol has said (JoinGroup). */
export interface ClassicMembership {
  readonly sessionTimeoutMs: number;
  readonly supportedProtocols: readonly ClassicProtocol[];
}

export interface ClassicProtocol {
  readonly name: string;
  readonly metadata: Uint8Array;
}

export interface ConsumerMember extends Reconciled {
  readonly memberId: string;
  readonly instanceId: string | null;
  readonly rackId: string | null;
  readonly clientId: string;
  readonly clientHost: string;
  readonly rebalanceTimeoutMs: number;
  /** null: whichever the group uses. */
  readonly serverAssignor: string | null;
  readonly subscribedTopicNames: readonly string[];
  /** "": none. */
  readonly subscribedTopicRegex: string;
  /** null for one that speaks the consumer protocol. */
  readonly classic: ClassicMembership | null;
}

/** What a regular expression stood for. */
export interface ResolvedRegex {
  readonly topics: ReadonlySet<string>;
  /** The version of the topics that were looked at. */
  readonly version: Int64;
  readonly timestampMs: Int64;
}

export interface ConsumerGroup {
  readonly type: "consumer";
  readonly groupId: string;
  groupEpoch: number;
  /** Of the topics that members subscribe to, at the group epoch. */
  metadataHash: Int64;
  assignmentEpoch: number;
  /** When the target was computed; 0: unknown. */
  assignmentTimestampMs: Int64;
  readonly members: Map<string, ConsumerMember>;
  readonly staticMembers: Map<string, string>;
  readonly targets: Map<string, Assignment>;
  readonly owners: Map<Uuid, Map<number, string>>;
  readonly regexes: Map<string, ResolvedRegex>;
  /** Version of the topics that the hash was last compared with; soft. */
  topicsVersion: number;
  readonly timers: MemberTimers;
}

export type ConsumerGroupState = "Empty" | "Assigning" | "Reconciling" | "Stable";

/** A group without members, at its first epoch. */
export function newConsumerGroup(groupId: string): ConsumerGroup {
  return {
    type: "consumer",
    groupId,
    groupEpoch: firstEpoch,
    metadataHash: 0,
    assignmentEpoch: firstEpoch,
    assignmentTimestampMs: 0,
    members: new Map(),
    staticMembers: new Map(),
    targets: new Map(),
    owners: new Map(),
    regexes: new Map(),
    topicsVersion: -1,
    timers: new Map(),
  };
}

/** A member that nothing is known of yet. */
export function newConsumerMember(memberId: string): ConsumerMember {
  return {
    memberId,
    instanceId: null,
    rackId: null,
    clientId: "",
    clientHost: "",
    rebalanceTimeoutMs: -1,
    serverAssignor: null,
    subscribedTopicNames: [],
    subscribedTopicRegex: "",
    classic: null,
    memberEpoch: 0,
    previousMemberEpoch: 0,
    state: MemberState.STABLE,
    assigned: nothingOwned,
    revoking: nothingOwned,
  };
}

export function stateOf(group: ConsumerGroup): ConsumerGroupState {
  if (group.members.size === 0) return "Empty";
  if (group.groupEpoch > group.assignmentEpoch) return "Assigning";
  for (const member of group.members.values()) {
    if (!isReconciledTo(member, group.assignmentEpoch)) return "Reconciling";
  }
  return "Stable";
}

/** What the member is to have. */
export function targetOfMember({ targets }: ConsumerGroup, memberId: string): Assignment {
  return targets.get(memberId) ?? nothingAssigned;
}

/** Who has this partition, or still gives it up. */
export function ownerOf(
  { owners }: ConsumerGroup,
  topicId: Uuid,
  partition: number,
): string | undefined {
  return owners.get(topicId)?.get(partition);
}

/** The member under this instance id. */
export function staticMember(
  group: ConsumerGroup,
  instanceId: string | null,
): ConsumerMember | undefined {
  if (instanceId === null) return undefined;
  return group.members.get(group.staticMembers.get(instanceId) ?? "");
}

/** Whether a partition that the member waits for still is another's. */
export function waitsForRelease(group: ConsumerGroup, member: ConsumerMember): boolean {
  if (member.state !== MemberState.UNRELEASED_PARTITIONS) return false;
  for (const [topicId, partitions] of targetOfMember(group, member.memberId)) {
    for (const partition of partitions) {
      if (member.assigned.get(topicId)?.has(partition)) continue;
      if (ownerOf(group, topicId, partition) !== undefined) return true;
    }
  }
  return false;
}

/** The topics that a member subscribes to, by name and by expression. */
export function topicNamesOf(
  { subscribedTopicNames, subscribedTopicRegex }: ConsumerMember,
  regexes: ReadonlyMap<string, ResolvedRegex>,
): Set<string> {
  const names = new Set(subscribedTopicNames);
  if (subscribedTopicRegex === "") return names;
  for (const name of regexes.get(subscribedTopicRegex)?.topics ?? []) names.add(name);
  return names;
}

/** The topics that any of `members` subscribes to. */
export function subscribedTopicNames(
  members: Iterable<ConsumerMember>,
  regexes: ReadonlyMap<string, ResolvedRegex>,
): Set<string> {
  const all = new Set<string>();
  const seen = new Set<string>();
  for (const member of members) {
    for (const name of member.subscribedTopicNames) all.add(name);
    if (member.subscribedTopicRegex === "" || seen.has(member.subscribedTopicRegex)) continue;
    seen.add(member.subscribedTopicRegex);
    for (const name of topicNamesOf(member, regexes)) all.add(name);
  }
  return all;
}

/** The assignor that most members ask for; undefined when none does. */
export function preferredAssignor(members: Iterable<ConsumerMember>): string | undefined {
  const counts = new Map<string, number>();
  for (const { serverAssignor } of members) {
    if (serverAssignor === null) continue;
    counts.set(serverAssignor, (counts.get(serverAssignor) ?? 0) + 1);
  }
  let preferred: string | undefined;
  for (const [name, count] of counts) {
    if (preferred === undefined || count > (counts.get(preferred) ?? 0)) preferred = name;
  }
  return preferred;
}
