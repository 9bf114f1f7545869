// One classic group: its members, and questions about them. No decisions: those are in join, sync,
// leave, rebalance and sessions; kind.ts has what every kind of group answers.
//
//   Group ── members: id -> Member ── awaitingJoin | awaitingSync: the request that waits
//         ├─ staticMembers: group.instance.id -> member id (KIP-345)
//         ├─ pendingMembers: ids handed out with MEMBER_ID_REQUIRED, not joined yet (KIP-394)
//         └─ pendingSync: members of this generation that have not sent SyncGroup yet
//
// Invariants (asserted by the property test): leaderId is a member whenever there are members;
// protocolCounts and awaitingJoinCount agree with the members; a static id maps to a member.

import { bytesEqual } from "../../../base/bytes.ts";
import type { Int64 } from "../../../base/int64.ts";
import { ErrorCode } from "../../../protocol/errors.ts";
import type { JoinGroupResponse, SyncGroupResponse } from "../../../protocol/mod.ts";
import type { AlarmOwner, Clockwork } from "../clockwork.ts";
import { type Alarm, alarmOf } from "../deadlines.ts";
import type { Asked } from "../../machine.ts";

export type ClassicGroupState =
  | "Empty"
  | "PreparingRebalance"
  | "CompletingRebalance"
  | "Stable"
  | "Dead";

/** A request that waits for its answer. */
export interface Waiting<Response> {
  readonly asked: Asked<Response>;
  readonly apiVersion: number;
}

/** A protocol (for consumers: an assignor) that a member supports, and its opaque metadata. */
export interface MemberProtocol {
  readonly name: string;
  readonly metadata: Uint8Array;
}

export interface Member {
  readonly memberId: string;
  readonly groupInstanceId: string | null;
  readonly clientId: string;
  readonly clientHost: string;
  sessionTimeoutMs: number;
  rebalanceTimeoutMs: number;
  /** In order of the member's preference. */
  protocols: readonly MemberProtocol[];
  assignment: Uint8Array;
  /** It has not had its first JoinGroup response: it knows no member id and sends no heartbeats. */
  isNew: boolean;
  awaitingJoin: Waiting<JoinGroupResponse> | undefined;
  awaitingSync: Waiting<SyncGroupResponse> | undefined;
  readonly session: Alarm<AlarmOwner>;
}

export interface ClassicGroup {
  readonly type: "classic";
  readonly groupId: string;
  /** The log has records of it: its end needs one as well. */
  isStored: boolean;
  state: ClassicGroupState;
  /** When it entered `state`; undefined for one read from a log that does not say. */
  stateSinceMs: Int64 | undefined;
  generationId: number;
  /** undefined until a first member joins: such a group only has offsets committed to it. */
  protocolType: string | undefined;
  protocolName: string | undefined;
  leaderId: string | undefined;
  readonly members: Map<string, Member>;
  readonly staticMembers: Map<string, string>;
  readonly pendingMembers: Map<string, Alarm<AlarmOwner>>;
  readonly pendingSync: Set<string>;
  /** How many members support each protocol. */
  readonly protocolCounts: Map<string, number>;
  awaitingJoinCount: number;
  /** Topics of this generation's subscriptions; undefined when they cannot be told. */
  subscribedTopics: ReadonlySet<string> | undefined;
  /** Set during the rebalance of a group that was empty: how much longer it may be put off. */
  initialJoinRemainingMs: number | undefined;
  /** A member joined since the initial delay was last set. */
  newMemberAdded: boolean;
  readonly joinAlarm: Alarm<AlarmOwner>;
  readonly syncAlarm: Alarm<AlarmOwner>;
}

export const noBytes: Uint8Array = new Uint8Array(0);

/** A group without members, at generation 0. */
export function newGroup(groupId: string, nowMs: Int64 | undefined): ClassicGroup {
  return {
    type: "classic",
    groupId,
    isStored: false,
    state: "Empty",
    stateSinceMs: nowMs,
    generationId: 0,
    protocolType: undefined,
    protocolName: undefined,
    leaderId: undefined,
    members: new Map(),
    staticMembers: new Map(),
    pendingMembers: new Map(),
    pendingSync: new Set(),
    protocolCounts: new Map(),
    awaitingJoinCount: 0,
    subscribedTopics: undefined,
    initialJoinRemainingMs: undefined,
    newMemberAdded: false,
    joinAlarm: alarmOf({ kind: "join", groupId, memberId: "" }),
    syncAlarm: alarmOf({ kind: "sync", groupId, memberId: "" }),
  };
}

/** The classic group of this id; a group of another kind is none. */
export function classicGroupIn(
  { groups }: { readonly groups: ReadonlyMap<string, ClassicGroup | OtherGroup> },
  groupId: string,
): ClassicGroup | undefined {
  const group = groups.get(groupId);
  return group?.type === "classic" ? group : undefined;
}

/** A group of another kind. */
interface OtherGroup {
  readonly type: "consumer" | "share" | "streams";
}

/** What a member says of itself when it joins. */
export type MemberDetails = Pick<
  Member,
  | "memberId"
  | "groupInstanceId"
  | "clientId"
  | "clientHost"
  | "sessionTimeoutMs"
  | "rebalanceTimeoutMs"
  | "protocols"
>;

export function newMember(groupId: string, details: MemberDetails): Member {
  const { memberId, groupInstanceId, clientId, clientHost } = details;
  return {
    memberId,
    groupInstanceId,
    clientId,
    clientHost,
    sessionTimeoutMs: details.sessionTimeoutMs,
    rebalanceTimeoutMs: details.rebalanceTimeoutMs,
    protocols: details.protocols,
    assignment: noBytes,
    isNew: true,
    awaitingJoin: undefined,
    awaitingSync: undefined,
    session: alarmOf({ kind: "session", groupId, memberId }),
  };
}

/** Enters `state`. */
export function transitionTo(group: ClassicGroup, state: ClassicGroupState, nowMs: number): void {
  group.state = state;
  group.stateSinceMs = nowMs;
}

/** Adds `member`; the first one leads, and brings the protocol type. */
export function addMember(group: ClassicGroup, member: Member, protocolType: string): void {
  if (group.members.size === 0) group.protocolType = protocolType;
  group.members.set(member.memberId, member);
  if (member.groupInstanceId !== null) {
    group.staticMembers.set(member.groupInstanceId, member.memberId);
  }
  group.leaderId ??= member.memberId;
  countProtocols(group.protocolCounts, member.protocols, 1);
}

/** Removes `member` and its alarm. A request of its that waits is the caller's to answer first. */
export function removeMember(turn: Clockwork, group: ClassicGroup, member: Member): void {
  const { memberId, groupInstanceId } = member;
  group.members.delete(memberId);
  if (groupInstanceId !== null && group.staticMembers.get(groupInstanceId) === memberId) {
    group.staticMembers.delete(groupInstanceId);
  }
  group.pendingSync.delete(memberId);
  countProtocols(group.protocolCounts, member.protocols, -1);
  setAwaitingJoin(group, member, undefined);
  member.awaitingSync = undefined;
  turn.deadlines.clear(member.session);
  if (group.leaderId === memberId) group.leaderId = group.members.keys().next().value;
}

/** Forgets an id that was handed out, if it is one. */
export function removePendingMember(
  turn: Clockwork,
  group: ClassicGroup,
  memberId: string,
): boolean {
  const alarm = group.pendingMembers.get(memberId);
  if (alarm === undefined) return false;
  turn.deadlines.clear(alarm);
  return group.pendingMembers.delete(memberId);
}

/** Replaces the protocols and timeouts of `member`. */
export function updateMember(
  group: ClassicGroup,
  member: Member,
  to: Pick<Member, "protocols" | "sessionTimeoutMs" | "rebalanceTimeoutMs">,
): void {
  countProtocols(group.protocolCounts, member.protocols, -1);
  member.protocols = to.protocols;
  countProtocols(group.protocolCounts, member.protocols, 1);
  member.sessionTimeoutMs = to.sessionTimeoutMs;
  member.rebalanceTimeoutMs = to.rebalanceTimeoutMs;
}

/** Makes `waiting` the JoinGroup request of `member` that waits, or none. */
export function setAwaitingJoin(
  group: ClassicGroup,
  member: Member,
  waiting: Waiting<JoinGroupResponse> | undefined,
): void {
  if (member.awaitingJoin !== undefined) group.awaitingJoinCount--;
  if (waiting !== undefined) group.awaitingJoinCount++;
  member.awaitingJoin = waiting;
}

/** Starts the session of `member` anew: it was heard of. */
export function touchSession(turn: Clockwork, member: Member): void {
  turn.deadlines.set(member.session, turn.nowMs + member.sessionTimeoutMs);
}

/** The longest time any member asks for to rejoin. */
export function rebalanceTimeoutMs(group: ClassicGroup): number {
  let longest = 0;
  for (const member of group.members.values()) {
    if (member.rebalanceTimeoutMs > longest) longest = member.rebalanceTimeoutMs;
  }
  return longest;
}

/** Whether everyone who is expected in the next generation has sent JoinGroup. */
export function hasAllMembersJoined(group: ClassicGroup): boolean {
  return group.members.size <= group.awaitingJoinCount && group.pendingMembers.size === 0;
}

/**
 * Who speaks, as Kafka checks it: NONE when the ids name a member, UNKNOWN_MEMBER_ID, or
 * FENCED_INSTANCE_ID when the instance id now belongs to a newer member (KIP-345).
 */
export function memberError(
  group: ClassicGroup,
  memberId: string,
  groupInstanceId: string | null,
): ErrorCode {
  if (groupInstanceId !== null) {
    const current = group.staticMembers.get(groupInstanceId);
    if (current === undefined) return ErrorCode.UNKNOWN_MEMBER_ID;
    if (current !== memberId) return ErrorCode.FENCED_INSTANCE_ID;
  }
  return group.members.has(memberId) ? ErrorCode.NONE : ErrorCode.UNKNOWN_MEMBER_ID;
}

/** Whether a member of this protocol type that supports `protocols` fits in with the others. */
export function supportsProtocols(
  group: ClassicGroup,
  protocolType: string,
  protocols: readonly MemberProtocol[],
): boolean {
  if (group.members.size === 0) return protocolType !== "" && protocols.length > 0;
  return protocolType === group.protocolType &&
    protocols.some(({ name }) => group.protocolCounts.get(name) === group.members.size);
}

/** Whether both lists name the same protocols with the same metadata in the same order. */
export function protocolsEqual(
  a: readonly MemberProtocol[],
  b: readonly MemberProtocol[],
): boolean {
  return a.length === b.length &&
    a.every(({ name, metadata }, i) => {
      const other = b[i];
      return other !== undefined && name === other.name && bytesEqual(metadata, other.metadata);
    });
}

/**
 * The protocol of the next generation: of those that all members support, the one that most of them
 * prefer; among equals, the one voted for first.
 */
export function selectProtocol(
  members: readonly Pick<Member, "protocols">[],
): string | undefined {
  const counts = new Map<string, number>();
  for (const { protocols } of members) countProtocols(counts, protocols, 1);
  const votes = new Map<string, number>();
  for (const { protocols } of members) {
    const preferred = protocols.find(({ name }) => counts.get(name) === members.length);
    if (preferred !== undefined) {
      votes.set(preferred.name, (votes.get(preferred.name) ?? 0) + 1);
    }
  }
  let selected: string | undefined;
  let mostVotes = 0;
  for (const [name, count] of votes) {
    if (count > mostVotes) {
      selected = name;
      mostVotes = count;
    }
  }
  return selected;
}

/** What `member` says for `protocolName`. */
export function metadataOf(
  member: Pick<Member, "protocols">,
  protocolName: string | undefined,
): Uint8Array {
  return member.protocols.find(({ name }) => name === protocolName)?.metadata ?? noBytes;
}

function countProtocols(
  counts: Map<string, number>,
  protocols: readonly MemberProtocol[],
  by: 1 | -1,
): void {
  for (const name of new Set(protocols.map((protocol) => protocol.name))) {
    const count = (counts.get(name) ?? 0) + by;
    if (count === 0) counts.delete(name);
    else counts.set(name, count);
  }
}
