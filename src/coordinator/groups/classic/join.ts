// JoinGroup: a member enters the group, or comes back for the next generation.
//
//   member id   instance id   what happens
//   ""          none, v4+     MEMBER_ID_REQUIRED with a fresh id, to be used soon (KIP-394)
//   ""          none, v0-3    a new member at once
//   ""          new           a new static member
//   ""          known         takes that member's place under a fresh id (KIP-345)
//   known       any           rejoins; by state, see rejoin()
//   pending     none          the id handed out becomes a member
//   other       any           UNKNOWN_MEMBER_ID, or FENCED_INSTANCE_ID for a replaced static member
//
// The answer waits in the member (awaitingJoin) until the group has its next generation.

import { ErrorCode } from "../../../protocol/errors.ts";
import type { JoinGroupResponse } from "../../../protocol/mod.ts";
import { alarmOf } from "../deadlines.ts";
import {
  addMember,
  type ClassicGroup,
  classicGroupIn,
  type Member,
  memberError,
  newGroup,
  newMember,
  protocolsEqual,
  removeMember,
  removePendingMember,
  setAwaitingJoin,
  supportsProtocols,
  touchSession,
  updateMember,
} from "./group.ts";
import { groupErrorOf } from "../../append_errors.ts";
import {
  freshMemberId,
  type Join,
  type JoinInput,
  joinOf,
  joinRequestError,
  waitingOf,
} from "./join_request.ts";
import type { At } from "../../machine.ts";
import {
  completeJoinIfAllJoined,
  failWaiting,
  joinedResponse,
  joinError,
  rebalanceOrCompleteJoin,
} from "./rebalance.ts";
import { decideReplacement, replaceStaticMember } from "./static_member.ts";
import {
  answering,
  answerNow,
  answerWhenDurable,
  type Plan,
  softly,
  type Turn,
  type View,
} from "../turn.ts";

/** How long a new member's JoinGroup may wait. It has no id yet to send heartbeats with. */
const newMemberJoinTimeoutMs = 5 * 60 * 1_000;
/**
 * Ids handed out and not used, per group.
 * Differs from Kafka: a group remembers at most 10,000 member ids that were handed out and not used
 * yet; then the oldest is forgotten.
 */
const pendingMembersMax = 10_000;

/** Decides a JoinGroup. */
export function decideJoin(view: View, input: JoinInput, at: At<JoinGroupResponse>): Plan {
  const { apiVersion, request: { groupId, memberId } } = input;
  const errorCode = joinRequestError(view, input);
  if (errorCode !== ErrorCode.NONE) {
    return answering(at.asked, joinError(errorCode, { apiVersion, memberId }));
  }
  const group = classicGroupIn(view, groupId);
  if (group === undefined && view.groups.has(groupId)) {
    const inconsistent = ErrorCode.INCONSISTENT_GROUP_PROTOCOL;
    return answering(at.asked, joinError(inconsistent, { apiVersion, memberId: "" }));
  }
  if (group === undefined && memberId !== "") {
    const unknown = ErrorCode.UNKNOWN_MEMBER_ID;
    return answering(at.asked, joinError(unknown, { apiVersion, memberId }));
  }
  const join = joinOf(input, at.asked);
  const replacement = group === undefined ? undefined : decideReplacement(group, join);
  return replacement ??
    softly((turn) => joinGroup(turn, group ?? newGroup(groupId, turn.nowMs), join));
}

/** A member enters, without the log: the leader's SyncGroup will tell it. */
function joinGroup(turn: Turn, group: ClassicGroup, join: Join): void {
  if (!hasRoomFor(turn, group, join.memberId)) {
    const refused = group.members.get(join.memberId);
    removePendingMember(turn, group, join.memberId);
    if (refused !== undefined) removeMember(turn, group, refused);
    refuse(turn, join, ErrorCode.GROUP_MAX_SIZE_REACHED);
    completeJoinIfAllJoined(turn, group);
  } else if (!supportsProtocols(group, join.protocolType, join.protocols)) {
    refuse(turn, join, ErrorCode.INCONSISTENT_GROUP_PROTOCOL);
  } else if (join.memberId === "") {
    joinWithoutId(turn, group, join);
  } else if (group.pendingMembers.has(join.memberId) && join.groupInstanceId === null) {
    removePendingMember(turn, group, join.memberId);
    addJoiningMember(turn, group, join);
  } else {
    rejoin(turn, group, join);
  }
  // Differs from Kafka: a group whose first member was refused does not exist; Kafka lists it as
  // empty.
  const populated = group.members.size > 0 || group.pendingMembers.size > 0;
  if (populated) turn.groups.set(group.groupId, group);
}

/** Whether group.max.size admits this member. While a group rebalances, those who joined count. */
function hasRoomFor(turn: Turn, group: ClassicGroup, memberId: string): boolean {
  const member = group.members.get(memberId);
  const { groupSizeMax } = turn.config;
  switch (group.state) {
    case "PreparingRebalance":
      return member?.awaitingJoin !== undefined || group.awaitingJoinCount < groupSizeMax;
    case "CompletingRebalance":
    case "Stable":
      return member !== undefined || group.members.size < groupSizeMax;
    case "Empty":
    case "Dead":
      return true;
  }
}

function joinWithoutId(turn: Turn, group: ClassicGroup, join: Join): void {
  const memberId = freshMemberId(join);
  if (join.groupInstanceId !== null) {
    const replaced = group.staticMembers.get(join.groupInstanceId);
    if (replaced === undefined) addJoiningMember(turn, group, { ...join, memberId });
    else replaceStaticMember(turn, group, { join: { ...join, memberId }, replacedId: replaced });
  } else if (join.apiVersion >= 4) {
    addPendingMember(turn, group, { ...join, memberId });
  } else {
    addJoiningMember(turn, group, { ...join, memberId });
  }
}

/** Hands out an id, so that a client that retries its first JoinGroup leaves no dead members. */
function addPendingMember(turn: Turn, group: ClassicGroup, join: Join): void {
  const { memberId } = join;
  const alarm = alarmOf({ kind: "pending" as const, groupId: group.groupId, memberId });
  group.pendingMembers.set(memberId, alarm);
  turn.deadlines.set(alarm, turn.nowMs + join.sessionTimeoutMs);
  if (group.pendingMembers.size > pendingMembersMax) {
    for (const oldest of group.pendingMembers.keys()) {
      removePendingMember(turn, group, oldest);
      break;
    }
  }
  answerNow(turn, join.asked, joinError(ErrorCode.MEMBER_ID_REQUIRED, join));
}

function addJoiningMember(turn: Turn, group: ClassicGroup, join: Join): void {
  const member = newMember(group.groupId, join);
  addMember(group, member, join.protocolType);
  setAwaitingJoin(group, member, waitingOf(join));
  if (group.initialJoinRemainingMs !== undefined) group.newMemberAdded = true;
  turn.deadlines.set(member.session, turn.nowMs + newMemberJoinTimeoutMs);
  rebalanceOrCompleteJoin(turn, group, `member ${member.memberId} joins: ${join.reason}`);
}

/** A member that the group knows, or should know. */
function rejoin(turn: Turn, group: ClassicGroup, join: Join): void {
  const errorCode = memberError(group, join.memberId, join.groupInstanceId);
  const member = group.members.get(join.memberId);
  if (errorCode !== ErrorCode.NONE || member === undefined || group.state === "Empty") {
    refuse(turn, join, errorCode === ErrorCode.NONE ? ErrorCode.UNKNOWN_MEMBER_ID : errorCode);
    return;
  }
  const unchanged = protocolsEqual(member.protocols, join.protocols);
  if (group.state === "CompletingRebalance" && unchanged) {
    // Its response was lost: the same again. What it waits for next comes with SyncGroup.
    touchSession(turn, member);
    answerJoined(turn, group, { join, member });
  } else if (group.state === "Stable" && unchanged && group.leaderId !== member.memberId) {
    touchSession(turn, member);
    answerJoined(turn, group, { join, member });
  } else {
    // A leader that rejoins wants to assign anew: its topics' metadata may have changed.
    updateAndWait(turn, group, { join, member });
    rebalanceOrCompleteJoin(turn, group, `member ${member.memberId} rejoins: ${join.reason}`);
  }
}

function answerJoined(
  turn: Turn,
  group: ClassicGroup,
  { join, member }: { join: Join; member: Member },
): void {
  const { asked, apiVersion } = join;
  const response = joinedResponse(group, { member, apiVersion, skipAssignment: false });
  answerWhenDurable(turn, {
    to: asked,
    response,
    failed: (appendError) =>
      joinError(groupErrorOf(appendError), { apiVersion, memberId: member.memberId }),
  });
}

/** Takes over what the request says, and makes it the one that waits. */
function updateAndWait(
  turn: Turn,
  group: ClassicGroup,
  { join, member }: { join: Join; member: Member },
): void {
  // A request of the member that still waits was given up by its client: only one can be answered.
  // Differs from Kafka: if a member sends a second JoinGroup while its first one waits, the first
  // is answered with REBALANCE_IN_PROGRESS; Kafka never answers it.
  failWaiting(turn, group, { member, errorCode: ErrorCode.REBALANCE_IN_PROGRESS });
  updateMember(group, member, join);
  setAwaitingJoin(group, member, waitingOf(join));
}

function refuse(turn: Turn, join: Join, errorCode: ErrorCode): void {
  const known = errorCode !== ErrorCode.GROUP_MAX_SIZE_REACHED;
  const memberId = known ? join.memberId : "";
  answerNow(turn, join.asked, joinError(errorCode, { apiVersion: join.apiVersion, memberId }));
}
