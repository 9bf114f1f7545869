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

import { ErrorCode } from "../../../protocol/errors.ts";
import type { SyncGroupRequest, SyncGroupResponse } from "../../../protocol/mod.ts";
import { groupErrorOf } from "../../append_errors.ts";
import {
  type ClassicGroup,
  classicGroupIn,
  type Member,
  memberError,
  noBytes,
  touchSession,
} from "./group.ts";
import { groupRecord, type GroupSnapshot, snapshotOf } from "./snapshot.ts";
import type { Asked, At } from "../../machine.ts";
import {
  dismissMember,
  failWaiting,
  failWaitingSyncs,
  prepareRebalance,
  syncError,
} from "./rebalance.ts";
import { answering, answerWhenDurable, type Plan, softly, type Turn, type View } from "../turn.ts";

export interface SyncInput {
  readonly request: SyncGroupRequest;
  readonly apiVersion: number;
}

/** Why the request is refused before any group is looked at, or NONE. */
function syncRequestError({ request, apiVersion }: SyncInput): ErrorCode {
  const { groupId, protocolType, protocolName } = request;
  // KIP-559: from version 5 on, both say what the member believes the group to use.
  if (apiVersion >= 5 && (protocolType === null || protocolName === null)) {
    return ErrorCode.INCONSISTENT_GROUP_PROTOCOL;
  }
  return groupId === "" ? ErrorCode.INVALID_GROUP_ID : ErrorCode.NONE;
}

/** Decides a SyncGroup. */
export function decideSync(view: View, input: SyncInput, at: At<SyncGroupResponse>): Plan {
  const { request } = input;
  const group = classicGroupIn(view, request.groupId);
  const refused = syncRequestError(input);
  if (refused !== ErrorCode.NONE) return answering(at.asked, syncError(refused));
  if (group === undefined) return answering(at.asked, syncError(ErrorCode.UNKNOWN_MEMBER_ID));
  const errorCode = syncMemberError(group, request);
  const member = group.members.get(request.memberId);
  if (errorCode !== ErrorCode.NONE || member === undefined) {
    return answering(at.asked, syncError(errorCode));
  }
  const syncing: Syncing = { group, member, asked: at.asked, apiVersion: input.apiVersion };
  if (group.state === "Stable") return softly((turn) => answerAgain(turn, syncing));
  if (group.leaderId !== member.memberId) return softly((turn) => wait(turn, syncing));
  return decideAssignment(view, request, syncing);
}

/** A SyncGroup of a member of its group. */
interface Syncing {
  readonly group: ClassicGroup;
  readonly member: Member;
  readonly asked: Asked<SyncGroupResponse>;
  readonly apiVersion: number;
}

/** The group is Stable: the member gets its assignment, maybe once more. */
function answerAgain(turn: Turn, { group, member, asked }: Syncing): void {
  noteSynced(turn, group, member);
  touchSession(turn, member);
  answerAssigned(turn, group, { member, asked });
}

/** The member waits until the leader's assignment is there. */
function wait(turn: Turn, { group, member, asked, apiVersion }: Syncing): void {
  noteSynced(turn, group, member);
  // A request of the member that still waits was given up by its client.
  failWaiting(turn, group, { member, errorCode: ErrorCode.REBALANCE_IN_PROGRESS });
  member.awaitingSync = { asked, apiVersion };
}

/** `member` has sent its SyncGroup; when the last one has, nobody's is waited for any more. */
function noteSynced(turn: Turn, group: ClassicGroup, member: Member): void {
  group.pendingSync.delete(member.memberId);
  if (group.pendingSync.size === 0) turn.deadlines.clear(group.syncAlarm);
}

function syncMemberError(group: ClassicGroup, request: SyncGroupRequest): ErrorCode {
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
function decideAssignment(view: View, request: SyncGroupRequest, syncing: Syncing): Plan {
  const { group } = syncing;
  const assignments = new Map(
    request.assignments.map(({ memberId, assignment }) => [memberId, assignment]),
  );
  const snapshot = snapshotOf(group, view.nowMs);
  const members = snapshot.members.map((member) => ({
    ...member,
    // A member that the leader left out has nothing to do.
    assignment: assignments.get(member.memberId) ?? noBytes,
  }));
  const refuse = (turn: Turn, appendError: ErrorCode): void => {
    wait(turn, syncing);
    failWaitingSyncs(turn, group, groupErrorOf(appendError));
    prepareRebalance(turn, group, "the assignment could not be stored");
  };
  if (memberBytesOf(members) > view.config.recordBytesMax) {
    return softly((turn) => refuse(turn, ErrorCode.MESSAGE_TOO_LARGE));
  }
  return {
    records: [groupRecord(group.groupId, { ...snapshot, members })],
    settle(turn) {
      wait(turn, syncing);
      answerAssignments(turn, group);
    },
    refuse,
  };
}

/** Most of what the group's record holds. */
function memberBytesOf(members: GroupSnapshot["members"]): number {
  return members.reduce(
    (sum, { subscription, assignment }) => sum + subscription.length + assignment.length,
    0,
  );
}

function answerAssignments(turn: Turn, group: ClassicGroup): void {
  const { groupId, generationId, members } = group;
  turn.notes.push({
    message: "group is stable",
    fields: { group: groupId, generation: generationId, members: members.size },
  });
  for (const member of members.values()) {
    touchSession(turn, member);
    if (member.awaitingSync === undefined) continue;
    answerAssigned(turn, group, { member, asked: member.awaitingSync.asked });
    member.awaitingSync = undefined;
  }
}

function answerAssigned(
  turn: Turn,
  group: ClassicGroup,
  { member, asked }: Pick<Syncing, "member" | "asked">,
): void {
  answerWhenDurable(turn, {
    to: asked,
    response: assignedResponse(group, member),
    failed: (error) => syncError(groupErrorOf(error)),
  });
}

function assignedResponse(group: ClassicGroup, member: Member): SyncGroupResponse {
  return {
    throttleTimeMs: 0,
    errorCode: ErrorCode.NONE,
    protocolType: group.protocolType ?? null,
    protocolName: group.protocolName ?? null,
    assignment: member.assignment,
  };
}

/** Members of this generation did not sync in time: they are removed, the rest rebalances. */
export function onSyncTimeout(turn: Turn, group: ClassicGroup): void {
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
