// Kafka's classic group protocol: membership by JoinGroup, SyncGroup, Heartbeat and LeaveGroup.
//
//   state                 event                                     next
//   Empty                 first member joins                        PreparingRebalance
//   PreparingRebalance    all members joined, or rebalance timeout  CompletingRebalance
//                         the same, and no member is left           Empty
//   CompletingRebalance   leader's SyncGroup                        Stable
//                         a member joins anew, leaves, expires,     PreparingRebalance
//                         or does not sync in time
//   Stable                a member joins, leaves or expires; the    PreparingRebalance
//                         leader rejoins; a follower's protocols
//                         change
//   Empty                 no offsets are left, or DeleteGroups      Dead (removed, tombstone)
//
// A session lasts from one sign of life to the next: heartbeats, offset commits and SyncGroup start
// it anew; a member whose JoinGroup or SyncGroup waits is alive by that. This file has the
// heartbeat and what happens when time runs out; join.ts, sync.ts, leave.ts and static_member.ts
// have the requests, rebalance.ts the way between generations, group.ts the data.

import { unreachable } from "../../../base/assert.ts";
import { ErrorCode } from "../../../protocol/errors.ts";
import type { HeartbeatRequest } from "../../../protocol/mod.ts";
import type { AlarmOwner, Clockwork } from "../clockwork.ts";
import { type ClassicGroup, memberError, removePendingMember, touchSession } from "./group.ts";
import { onMembersRemoved } from "./leave.ts";
import { dismissMember, failWaiting, onJoinTimeout, prepareRebalance } from "./rebalance.ts";
import { onSyncTimeout } from "./sync.ts";
import type { Turn } from "../turn.ts";

/** Answers a Heartbeat: NONE, or what the member has to know. Its session starts anew. */
export function heartbeat(
  turn: Clockwork,
  group: ClassicGroup,
  request: HeartbeatRequest,
): ErrorCode {
  const { memberId, groupInstanceId, generationId } = request;
  const errorCode = memberError(group, memberId, groupInstanceId);
  if (errorCode !== ErrorCode.NONE) return errorCode;
  if (generationId !== group.generationId) return ErrorCode.ILLEGAL_GENERATION;
  const member = group.members.get(memberId);
  if (member === undefined) return ErrorCode.UNKNOWN_MEMBER_ID;
  touchSession(turn, member);
  return group.state === "PreparingRebalance" ? ErrorCode.REBALANCE_IN_PROGRESS : ErrorCode.NONE;
}

/** An alarm of `group` rang. */
export function onAlarm(turn: Turn, group: ClassicGroup, { kind, memberId }: AlarmOwner): void {
  switch (kind) {
    case "session":
      return onSessionTimeout(turn, group, memberId);
    case "pending":
      return onPendingTimeout(turn, group, memberId);
    case "join":
      return onJoinTimeout(turn, group);
    case "sync":
      return onSyncTimeout(turn, group);
    case "rebalance":
      // Of a group of another kind that had this id.
      return;
    default:
      unreachable(kind);
  }
}

/** Nothing was heard of a member for its session timeout. */
function onSessionTimeout(turn: Turn, group: ClassicGroup, memberId: string): void {
  const member = group.members.get(memberId);
  if (member === undefined) return;
  const waits = member.awaitingJoin !== undefined || member.awaitingSync !== undefined;
  // One that is new may be gone without a trace; the others are alive by waiting.
  if (waits && !member.isNew) {
    touchSession(turn, member);
    return;
  }
  turn.notes.push({
    message: "member removed: its session timed out",
    fields: { group: group.groupId, member: memberId, sessionTimeoutMs: member.sessionTimeoutMs },
  });
  dismissMember(turn, group, { member, errorCode: ErrorCode.UNKNOWN_MEMBER_ID });
  onMembersRemoved(turn, group, [`session of member ${memberId} timed out`]);
}

/** An id that was handed out was not used. */
function onPendingTimeout(turn: Turn, group: ClassicGroup, memberId: string): void {
  if (removePendingMember(turn, group, memberId)) onMembersRemoved(turn, group, []);
}

/** The group was read from the log: its members get a fresh session each. */
export function onGroupLoaded(turn: Turn, group: ClassicGroup): void {
  for (const member of group.members.values()) touchSession(turn, member);
  if (group.state === "PreparingRebalance") {
    prepareRebalance(turn, group, "the group was to rebalance when it was last led");
  } else if (group.members.size > turn.config.groupSizeMax) {
    prepareRebalance(turn, group, "the group has more members than group.max.size");
  }
}

/** The group ends here, or this broker stops coordinating it: nothing of it waits or rings on. */
export function dissolveGroup(turn: Turn, group: ClassicGroup, errorCode: ErrorCode): void {
  for (const member of group.members.values()) {
    failWaiting(turn, group, { member, errorCode });
    turn.deadlines.clear(member.session);
  }
  for (const alarm of group.pendingMembers.values()) turn.deadlines.clear(alarm);
  group.pendingMembers.clear();
  turn.deadlines.clear(group.joinAlarm);
  turn.deadlines.clear(group.syncAlarm);
  group.state = "Dead";
}
