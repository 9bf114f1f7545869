// How a group gets from one generation to the next.
//
//   prepareRebalance            completeJoin                     leader's SyncGroup (sync.ts)
//   Stable, Completing, Empty ──> PreparingRebalance ──> CompletingRebalance ──> Stable
//                                      members send JoinGroup      members send SyncGroup
//
// PreparingRebalance ends when every member has sent JoinGroup (or at the rebalance timeout:
// dynamic members that have not are removed, static ones are kept, KIP-345). A group that was Empty
// waits for group.initial.rebalance.delay.ms instead, again and again while members keep arriving,
// at most its rebalance timeout in all (KIP-134).
//
// When nobody is left, the generation without members is a decision of its own: decideEmpty.
//
// Invariant: generationId grows by one at each completeJoin and at each emptying, nowhere else.

import { ErrorCode } from "../../../protocol/errors.ts";
import type { JoinGroupResponse, SyncGroupResponse } from "../../../protocol/mod.ts";
import {
  type ClassicGroup,
  hasAllMembersJoined,
  type Member,
  metadataOf,
  noBytes,
  rebalanceTimeoutMs,
  removeMember,
  selectProtocol,
  setAwaitingJoin,
  touchSession,
  transitionTo,
} from "./group.ts";
import { groupRecord, snapshotOf } from "./snapshot.ts";
import { subscribedTopics } from "./subscription.ts";
import { answerNow, type Plan, type Turn } from "../turn.ts";

/** A group that could not be stored as empty is tried again after this long. */
const emptyRetryMs = 1_000;

const generationMax = 2 ** 31 - 1;

/** Starts a rebalance, from any state that has no joins to wait for yet. */
export function prepareRebalance(turn: Turn, group: ClassicGroup, reason: string): void {
  const wasEmpty = group.state === "Empty";
  if (group.state === "CompletingRebalance") {
    failWaitingSyncs(turn, group, ErrorCode.REBALANCE_IN_PROGRESS);
  }
  turn.deadlines.clear(group.syncAlarm);
  group.pendingSync.clear();
  turn.notes.push({
    message: "group prepares to rebalance",
    fields: { group: group.groupId, state: group.state, generation: group.generationId, reason },
  });
  transitionTo(group, "PreparingRebalance", turn.nowMs);
  if (wasEmpty) {
    const delayMs = turn.config.initialRebalanceDelayMs;
    group.newMemberAdded = false;
    group.initialJoinRemainingMs = Math.max(rebalanceTimeoutMs(group) - delayMs, 0);
    if (delayMs <= 0) completeJoin(turn, group);
    else turn.deadlines.set(group.joinAlarm, turn.nowMs + delayMs);
  } else if (hasAllMembersJoined(group)) {
    completeJoin(turn, group);
  } else {
    turn.deadlines.set(group.joinAlarm, turn.nowMs + rebalanceTimeoutMs(group));
  }
}

/** After members changed: starts a rebalance, or ends its joining phase when that was the last. */
export function rebalanceOrCompleteJoin(turn: Turn, group: ClassicGroup, reason: string): void {
  if (group.state === "PreparingRebalance") completeJoinIfAllJoined(turn, group);
  else prepareRebalance(turn, group, reason);
}

/** Ends the joining phase early, when nobody is missing. The initial delay is always waited for. */
export function completeJoinIfAllJoined(turn: Turn, group: ClassicGroup): void {
  if (group.state !== "PreparingRebalance" || group.initialJoinRemainingMs !== undefined) return;
  if (hasAllMembersJoined(group)) completeJoin(turn, group);
}

/** The joining phase has lasted as long as it may; or one round of the initial delay is over. */
export function onJoinTimeout(turn: Turn, group: ClassicGroup): void {
  if (group.state !== "PreparingRebalance") return;
  const remainingMs = group.initialJoinRemainingMs ?? 0;
  if (group.newMemberAdded && remainingMs > 0) {
    const delayMs = Math.min(turn.config.initialRebalanceDelayMs, remainingMs);
    group.newMemberAdded = false;
    group.initialJoinRemainingMs = Math.max(remainingMs - delayMs, 0);
    turn.deadlines.set(group.joinAlarm, turn.nowMs + delayMs);
    return;
  }
  completeJoin(turn, group);
}

/** Ends the joining phase: whoever has joined makes the next generation. */
function completeJoin(turn: Turn, group: ClassicGroup): void {
  turn.deadlines.clear(group.joinAlarm);
  group.initialJoinRemainingMs = undefined;
  for (const member of [...group.members.values()]) {
    if (member.awaitingJoin !== undefined || member.groupInstanceId !== null) continue;
    turn.notes.push({
      message: "member removed: it did not rejoin in time",
      fields: { group: group.groupId, member: member.memberId },
    });
    removeMember(turn, group, member);
  }
  if (group.members.size === 0) {
    turn.emptied.add(group);
    return;
  }
  if (!electJoinedLeader(group)) {
    // Only static members are left, none of which has rejoined: their sessions decide.
    turn.deadlines.set(group.joinAlarm, turn.nowMs + rebalanceTimeoutMs(group));
    return;
  }
  startGeneration(turn, group);
  for (const member of group.members.values()) {
    if (member.awaitingJoin !== undefined) {
      const { asked, apiVersion } = member.awaitingJoin;
      setAwaitingJoin(group, member, undefined);
      answerNow(turn, asked, joinedResponse(group, { member, apiVersion, skipAssignment: false }));
    }
    member.isNew = false;
    touchSession(turn, member);
    group.pendingSync.add(member.memberId);
  }
  turn.deadlines.set(group.syncAlarm, turn.nowMs + rebalanceTimeoutMs(group));
}

/** Makes the leader one who has joined; false when nobody has. */
function electJoinedLeader(group: ClassicGroup): boolean {
  const leader = group.members.get(group.leaderId ?? "");
  if (leader?.awaitingJoin !== undefined) return true;
  for (const member of group.members.values()) {
    if (member.awaitingJoin === undefined) continue;
    group.leaderId = member.memberId;
    return true;
  }
  return false;
}

/**
 * Differs from Kafka: generation 2147483647 of a group is followed by 0; Kafka's overflows to a
 * negative number, which means "no generation".
 */
function generationAfter({ generationId }: ClassicGroup): number {
  return generationId === generationMax ? 0 : generationId + 1;
}

function startGeneration(turn: Turn, group: ClassicGroup): void {
  group.generationId = generationAfter(group);
  group.pendingSync.clear();
  group.protocolName = selectProtocol([...group.members.values()]);
  group.subscribedTopics = subscribedTopics(group);
  transitionTo(group, "CompletingRebalance", turn.nowMs);
  noteGeneration(turn, group, "group has a new generation");
}

function noteGeneration(turn: Turn, group: ClassicGroup, message: string): void {
  const { groupId, generationId, members } = group;
  turn.notes.push({
    message,
    fields: { group: groupId, generation: generationId, members: members.size },
  });
}

/**
 * Decides that these groups, whose last members are gone, are Empty. The log is told, so that a
 * restart does not wait for those members. Until it takes that, a group prepares to rebalance.
 */
export function decideEmpty(emptied: ReadonlySet<ClassicGroup>, nowMs: number): Plan {
  const groups = [...emptied].filter(({ state, members }) =>
    state === "PreparingRebalance" && members.size === 0
  );
  return {
    records: groups.map((group) => {
      const generation = generationAfter(group);
      const snapshot = { ...snapshotOf(group, nowMs), generation, protocol: null, leader: null };
      return groupRecord(group.groupId, snapshot);
    }),
    settle(turn) {
      for (const group of groups) {
        group.pendingSync.clear();
        noteGeneration(turn, group, "group is empty");
      }
    },
    refuse(turn) {
      for (const group of groups) turn.deadlines.set(group.joinAlarm, turn.nowMs + emptyRetryMs);
    },
  };
}

/** Answers every SyncGroup that waits with `errorCode`, and forgets the assignments. */
export function failWaitingSyncs(turn: Turn, group: ClassicGroup, errorCode: ErrorCode): void {
  for (const member of group.members.values()) {
    member.assignment = noBytes;
    if (member.awaitingSync === undefined) continue;
    answerNow(turn, member.awaitingSync.asked, syncError(errorCode));
    member.awaitingSync = undefined;
    touchSession(turn, member);
  }
}

/** Removes `member`, answering a request of its that waits with `errorCode`. */
export function dismissMember(
  turn: Turn,
  group: ClassicGroup,
  { member, errorCode }: { member: Member; errorCode: ErrorCode },
): void {
  failWaiting(turn, group, { member, errorCode });
  removeMember(turn, group, member);
}

/** Answers the requests of `member` that wait with `errorCode`. */
export function failWaiting(
  turn: Turn,
  group: ClassicGroup,
  { member, errorCode }: { member: Member; errorCode: ErrorCode },
): void {
  if (member.awaitingJoin !== undefined) {
    const { asked, apiVersion } = member.awaitingJoin;
    const memberId = errorCode === ErrorCode.UNKNOWN_MEMBER_ID ? "" : member.memberId;
    answerNow(turn, asked, joinError(errorCode, { apiVersion, memberId }));
    setAwaitingJoin(group, member, undefined);
  }
  if (member.awaitingSync !== undefined) {
    answerNow(turn, member.awaitingSync.asked, syncError(errorCode));
    member.awaitingSync = undefined;
  }
}

/** A JoinGroup response that says `errorCode`. */
export function joinError(
  errorCode: ErrorCode,
  { apiVersion, memberId }: { apiVersion: number; memberId: string },
): JoinGroupResponse {
  return {
    throttleTimeMs: 0,
    errorCode,
    generationId: -1,
    protocolType: null,
    protocolName: protocolNameFor(apiVersion, undefined),
    leader: "",
    skipAssignment: false,
    memberId,
    members: [],
  };
}

/** The JoinGroup response of the current generation for `member`; the leader's lists everyone. */
export function joinedResponse(
  group: ClassicGroup,
  to: { member: Member; apiVersion: number; skipAssignment: boolean },
): JoinGroupResponse {
  const { member, apiVersion, skipAssignment } = to;
  const leads = group.leaderId === member.memberId;
  return {
    throttleTimeMs: 0,
    errorCode: ErrorCode.NONE,
    generationId: group.generationId,
    protocolType: group.protocolType ?? null,
    protocolName: protocolNameFor(apiVersion, group.protocolName),
    leader: group.leaderId ?? "",
    skipAssignment,
    memberId: member.memberId,
    members: leads
      ? [...group.members.values()].map((each) => ({
        memberId: each.memberId,
        groupInstanceId: each.groupInstanceId,
        metadata: metadataOf(each, group.protocolName),
      }))
      : [],
  };
}

/** A SyncGroup response that says `errorCode`. */
export function syncError(errorCode: ErrorCode): SyncGroupResponse {
  return {
    throttleTimeMs: 0,
    errorCode,
    protocolType: null,
    protocolName: null,
    assignment: noBytes,
  };
}

/** The name may be null from version 7 on (KIP-559); before, "" stands for none. */
function protocolNameFor(apiVersion: number, protocolName: string | undefined): string | null {
  return protocolName ?? (apiVersion >= 7 ? null : "");
}
