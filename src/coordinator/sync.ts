// SyncGroup: the leader brings the assignment of its generation, everyone fetches theirs.
//
//   state                 leader                            follower
//   CompletingRebalance   stores the assignment, answers    waits for the leader
//                         all who wait; Stable
//   Stable                its assignment again              its assignment
//   PreparingRebalance    REBALANCE_IN_PROGRESS             REBALANCE_IN_PROGRESS
//   Empty                 UNKNOWN_MEMBER_ID                 UNKNOWN_MEMBER_ID
//
// The group's record is written here. Answers wait until it is durable, so nobody works by an
// assignment that a crash could take back. If the log refuses it, the waiting members get the error
// and the group rebalances.

import { ErrorCode } from "../protocol/errors.ts";
import type { SyncGroupRequest, SyncGroupResponse } from "../protocol/mod.ts";
import {
  type Group,
  type Member,
  memberError,
  noBytes,
  touchSession,
  transitionTo,
} from "./group.ts";
import { groupRecord } from "./group_snapshot.ts";
import { answerNow, answerWhenDurable, groupErrorOf, type Token, type Turn } from "./outcome.ts";
import { dismissMember, failWaiting, prepareRebalance, syncError } from "./rebalance.ts";

export interface SyncInput {
  readonly request: SyncGroupRequest;
  readonly apiVersion: number;
  readonly token: Token;
}

/** Why the request is refused before any group is looked at, or NONE. */
export function syncRequestError({ request, apiVersion }: Omit<SyncInput, "token">): ErrorCode {
  const { groupId, protocolType, protocolName } = request;
  if (groupId === "") return ErrorCode.INVALID_GROUP_ID;
  // KIP-559: from version 5 on, both say what the member believes the group to use.
  if (apiVersion >= 5 && (protocolType === null || protocolName === null)) {
    return ErrorCode.INCONSISTENT_GROUP_PROTOCOL;
  }
  return ErrorCode.NONE;
}

/** Decides a SyncGroup that passed {@link syncRequestError}. */
export function syncGroup(turn: Turn, group: Group, input: SyncInput): void {
  const { request, token } = input;
  const errorCode = syncMemberError(group, request);
  const member = group.members.get(request.memberId);
  if (errorCode !== ErrorCode.NONE || member === undefined) {
    answerNow(turn, token, syncError(errorCode));
    return;
  }
  group.pendingSync.delete(member.memberId);
  if (group.pendingSync.size === 0) turn.deadlines.clear(group.syncAlarm);
  if (group.state === "Stable") {
    touchSession(turn, member);
    answerWhenDurable(turn, {
      token,
      response: assignedResponse(group, member),
      failed: (appendError) => syncError(groupErrorOf(appendError)),
    });
    return;
  }
  // A request of the member that still waits was given up by its client.
  failWaiting(turn, group, { member, errorCode: ErrorCode.REBALANCE_IN_PROGRESS });
  member.awaitingSync = { token, apiVersion: input.apiVersion };
  if (group.leaderId === member.memberId) completeSync(turn, group, request);
}

function syncMemberError(group: Group, request: SyncGroupRequest): ErrorCode {
  const { memberId, groupInstanceId, generationId, protocolType, protocolName } = request;
  const errorCode = memberError(group, memberId, groupInstanceId);
  if (errorCode !== ErrorCode.NONE) return errorCode;
  if (generationId !== group.generationId) return ErrorCode.ILLEGAL_GENERATION;
  if (
    isInconsistent(protocolType, group.protocolType) ||
    isInconsistent(protocolName, group.protocolName)
  ) {
    return ErrorCode.INCONSISTENT_GROUP_PROTOCOL;
  }
  if (group.state === "PreparingRebalance") return ErrorCode.REBALANCE_IN_PROGRESS;
  return group.state === "Empty" ? ErrorCode.UNKNOWN_MEMBER_ID : ErrorCode.NONE;
}

function isInconsistent(said: string | null, known: string | undefined): boolean {
  return said !== null && known !== undefined && said !== known;
}

/** The leader's assignment is here: it is stored, and everyone who waits gets theirs. */
function completeSync(turn: Turn, group: Group, request: SyncGroupRequest): void {
  const assignments = new Map(
    request.assignments.map(({ memberId, assignment }) => [memberId, assignment]),
  );
  for (const member of group.members.values()) {
    // A member that the leader left out has nothing to do.
    member.assignment = assignments.get(member.memberId)?.slice() ?? noBytes;
  }
  turn.records.push(groupRecord(group));
  transitionTo(group, "Stable", turn.nowMs);
  turn.notes.push({
    message: "group is stable",
    fields: {
      group: group.groupId,
      generation: group.generationId,
      members: group.members.size,
    },
  });
  for (const member of group.members.values()) {
    touchSession(turn, member);
    if (member.awaitingSync === undefined) continue;
    answerWhenDurable(turn, {
      token: member.awaitingSync.token,
      response: assignedResponse(group, member),
      failed: (appendError) => syncError(groupErrorOf(appendError)),
    });
    member.awaitingSync = undefined;
  }
  turn.undo.push((undoing) => {
    for (const member of group.members.values()) member.assignment = noBytes;
    prepareRebalance(undoing, group, "the assignment could not be stored");
  });
}

function assignedResponse(group: Group, member: Member): SyncGroupResponse {
  return {
    throttleTimeMs: 0,
    errorCode: ErrorCode.NONE,
    protocolType: group.protocolType ?? null,
    protocolName: group.protocolName ?? null,
    assignment: member.assignment,
  };
}

/** Members of this generation did not sync in time: they are removed, the rest rebalances. */
export function onSyncTimeout(turn: Turn, group: Group): void {
  if (group.state !== "CompletingRebalance" && group.state !== "Stable") return;
  for (const memberId of [...group.pendingSync]) {
    const member = group.members.get(memberId);
    if (member === undefined) continue;
    turn.notes.push({
      message: "member removed: it sent no SyncGroup in time",
      fields: { group: group.groupId, member: memberId },
    });
    dismissMember(turn, group, { member, errorCode: ErrorCode.UNKNOWN_MEMBER_ID });
  }
  prepareRebalance(turn, group, "members sent no SyncGroup in time");
}
