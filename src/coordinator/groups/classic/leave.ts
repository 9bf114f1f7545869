// LeaveGroup: members say goodbye, or an operator removes them; and every other way to be removed.
//
//   said                      who leaves
//   member id                 that member, or that pending id
//   instance id               the static member under it (v3+, KIP-345: how tools remove them)
//   instance id + member id   it, if it still has that id; else FENCED_INSTANCE_ID
//
// Each of a batch has its own result; the group rebalances once, after all of them. An empty group
// stays, with its offsets: see group_removal.ts for its end.

import { ErrorCode } from "../../../protocol/errors.ts";
import type { LeaveGroupRequest, LeaveGroupResponse } from "../../../protocol/mod.ts";
import {
  type ClassicGroup,
  classicGroupIn,
  type Member,
  memberError,
  removePendingMember,
} from "./group.ts";
import type { At } from "../../machine.ts";
import { completeJoinIfAllJoined, dismissMember, rebalanceOrCompleteJoin } from "./rebalance.ts";
import { answering, answerNow, type Plan, softly, type Turn, type View } from "../turn.ts";

/** A LeaveGroup request and its version. */
export interface LeaveInput {
  readonly request: LeaveGroupRequest;
  readonly apiVersion: number;
}

/** Decides a LeaveGroup. The log is told of the next generation, not of who left. */
export function decideLeave(view: View, input: LeaveInput, at: At<LeaveGroupResponse>): Plan {
  const { request, apiVersion } = input;
  const members = leavingMembers(input);
  if (request.groupId === "") {
    const errorCode = ErrorCode.INVALID_GROUP_ID;
    return answering(at.asked, { throttleTimeMs: 0, errorCode, members: [] });
  }
  const group = classicGroupIn(view, request.groupId);
  if (group === undefined) {
    const results = members.map((each) => resultOf(each, ErrorCode.UNKNOWN_MEMBER_ID));
    return answering(at.asked, leaveResponse(results, apiVersion));
  }
  return softly((turn) => {
    const results = leaveGroup(turn, group, members);
    answerNow(turn, at.asked, leaveResponse(results, apiVersion));
  });
}

/** One who leaves. */
type LeavingMember = LeaveGroupRequest["members"][number];

/** Those who leave, whichever version said it. */
export function leavingMembers({ request, apiVersion }: LeaveInput): LeavingMember[] {
  if (apiVersion >= 3) return request.members;
  return [{ memberId: request.memberId, groupInstanceId: null, reason: null }];
}

/** What became of one who leaves. */
type MemberResult = LeaveGroupResponse["members"][number];

function resultOf({ memberId, groupInstanceId }: LeavingMember, errorCode: ErrorCode) {
  return { memberId, groupInstanceId, errorCode };
}

/** A LeaveGroup response with a result for each; below version 3 the only one's is the whole. */
export function leaveResponse(results: MemberResult[], apiVersion: number): LeaveGroupResponse {
  if (apiVersion >= 3) return { throttleTimeMs: 0, errorCode: ErrorCode.NONE, members: results };
  const errorCode = results[0]?.errorCode ?? ErrorCode.NONE;
  return { throttleTimeMs: 0, errorCode, members: [] };
}

/** Removes `members`, and tells the result of each. */
function leaveGroup(
  turn: Turn,
  group: ClassicGroup,
  members: readonly LeavingMember[],
): MemberResult[] {
  const reasons: string[] = [];
  const results = members.map((leaving) => {
    const { memberId, groupInstanceId } = leaving;
    if (groupInstanceId === null && removePendingMember(turn, group, memberId)) {
      return resultOf(leaving, ErrorCode.NONE);
    }
    const member = memberThatLeaves(group, leaving);
    if (typeof member === "number") return resultOf(leaving, member);
    reasons.push(`member ${member.memberId} leaves: ${leaving.reason ?? "not provided"}`);
    dismissMember(turn, group, { member, errorCode: ErrorCode.UNKNOWN_MEMBER_ID });
    return resultOf(leaving, ErrorCode.NONE);
  });
  onMembersRemoved(turn, group, reasons);
  return results;
}

function memberThatLeaves(group: ClassicGroup, leaving: LeavingMember): Member | ErrorCode {
  const { memberId, groupInstanceId } = leaving;
  const named = memberId === "" && groupInstanceId !== null
    ? group.staticMembers.get(groupInstanceId) ?? ""
    : memberId;
  const errorCode = memberError(group, named, groupInstanceId);
  if (errorCode !== ErrorCode.NONE) return errorCode;
  return group.members.get(named) ?? ErrorCode.UNKNOWN_MEMBER_ID;
}

/** After members or pending ids are gone: the rest rebalances, or need not wait any longer. */
export function onMembersRemoved(
  turn: Turn,
  group: ClassicGroup,
  reasons: readonly string[],
): void {
  if (group.state === "PreparingRebalance") {
    completeJoinIfAllJoined(turn, group);
  } else if (reasons.length > 0 && group.state !== "Empty" && group.state !== "Dead") {
    rebalanceOrCompleteJoin(turn, group, reasons.join("; "));
  }
}
