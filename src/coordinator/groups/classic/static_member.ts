// A static member comes back after a restart: the same group.instance.id, no member id (KIP-345).
//
//   state               what follows
//   Stable              nothing, when the selected protocol stays: the assignment is kept and the
//                       new id recorded. KIP-814 (v9): a leader is told all members and to skip the
//                       assignment; before v9 it is told that its former id leads, so that it
//                       does not assign, and gets its assignment as a follower would.
//   Stable, protocol    a rebalance
//   would change
//   CompletingRebalance a rebalance: its former self may have sent SyncGroup already
//   PreparingRebalance  it waits with the others
//
// Whoever still speaks under the former id is fenced: FENCED_INSTANCE_ID.

import { assert } from "../../../base/assert.ts";
import { ErrorCode } from "../../../protocol/errors.ts";
import type { JoinGroupResponse } from "../../../protocol/mod.ts";
import { groupErrorOf } from "../../append_errors.ts";
import {
  type ClassicGroup,
  type Member,
  newMember,
  selectProtocol,
  setAwaitingJoin,
  supportsProtocols,
  touchSession,
  updateMember,
} from "./group.ts";
import { groupRecord, memberSnapshot, snapshotOf } from "./snapshot.ts";
import { freshMemberId, type Join, waitingOf } from "./join_request.ts";
import { failWaiting, joinedResponse, joinError, rebalanceOrCompleteJoin } from "./rebalance.ts";
import { answerWhenDurable, type Plan, type Turn } from "../turn.ts";

/**
 * Decides a join that takes a static member's place in a Stable group which goes on as it is: its
 * record learns the new id. Undefined for every other join.
 */
export function decideReplacement(group: ClassicGroup, asking: Join): Plan | undefined {
  const former = group.members.get(group.staticMembers.get(asking.groupInstanceId ?? "") ?? "");
  if (former === undefined || asking.memberId !== "" || group.state !== "Stable") return undefined;
  if (!supportsProtocols(group, asking.protocolType, asking.protocols)) return undefined;
  const join = { ...asking, memberId: freshMemberId(asking) };
  const members = [...group.members.values()];
  const protocol = selectProtocol(members.map((each) => each === former ? join : each));
  if (protocol !== group.protocolName) return undefined;
  const formerLeaderId = group.leaderId ?? "";
  const snapshot = snapshotOf(group, group.stateSinceMs ?? -1);
  const kept = memberSnapshot(group, { ...join, assignment: former.assignment });
  return {
    records: [groupRecord(group.groupId, {
      ...snapshot,
      leader: formerLeaderId === former.memberId ? join.memberId : formerLeaderId,
      members: snapshot.members.map((each) => each.memberId === former.memberId ? kept : each),
    })],
    settle(turn) {
      const member = group.members.get(join.memberId);
      assert(member !== undefined, "the record of a replaced member does not name it");
      turn.deadlines.clear(former.session);
      if (group.pendingSync.delete(former.memberId)) group.pendingSync.add(member.memberId);
      updateMember(group, member, join);
      touchSession(turn, member);
      noteReplacement(turn, group, { former, member });
      answerReplacement(turn, group, { join, member, formerLeaderId });
    },
    refuse(turn, appendError) {
      const { apiVersion, memberId } = join;
      turn.answers.push({
        to: join.asked,
        response: joinError(groupErrorOf(appendError), { apiVersion, memberId }),
        failed: undefined,
      });
    },
  };
}

/** The new id is told once it is durable. */
function answerReplacement(
  turn: Turn,
  group: ClassicGroup,
  { join, member, formerLeaderId }: { join: Join; member: Member; formerLeaderId: string },
): void {
  const { asked, apiVersion } = join;
  const leads = group.leaderId === member.memberId;
  const joined = joinedResponse(group, { member, apiVersion, skipAssignment: leads });
  const response: JoinGroupResponse = apiVersion >= 9
    ? joined
    : { ...joined, leader: formerLeaderId, skipAssignment: false, members: [] };
  answerWhenDurable(turn, {
    to: asked,
    response,
    failed: (error) => joinError(groupErrorOf(error), { apiVersion, memberId: member.memberId }),
  });
}

/** `join.memberId`, a fresh id, takes the place of `replacedId`; the group has to rebalance. */
export function replaceStaticMember(
  turn: Turn,
  group: ClassicGroup,
  { join, replacedId }: { join: Join; replacedId: string },
): void {
  const former = group.members.get(replacedId);
  assert(former !== undefined, "a static member id names no member");
  failWaiting(turn, group, { member: former, errorCode: ErrorCode.FENCED_INSTANCE_ID });
  const member = newMember(group.groupId, { ...join, protocols: former.protocols });
  member.assignment = former.assignment;
  member.isNew = false;
  turn.deadlines.clear(former.session);
  putInPlace(group, { former, member });
  updateMember(group, member, join);
  touchSession(turn, member);
  noteReplacement(turn, group, { former, member });
  setAwaitingJoin(group, member, waitingOf(join));
  rebalanceOrCompleteJoin(turn, group, `static member ${member.memberId} rejoins: ${join.reason}`);
}

function noteReplacement(
  turn: Turn,
  { groupId }: ClassicGroup,
  { former, member }: { former: Member; member: Member },
): void {
  turn.notes.push({
    message: "static member replaced",
    fields: {
      group: groupId,
      instance: member.groupInstanceId ?? "",
      former: former.memberId,
      member: member.memberId,
    },
  });
}

/**
 * Puts `member` where `former` was, in the same place of the order, leading if it led. Both have
 * the same protocols at that moment, so that the group's counts stay right.
 */
function putInPlace(
  group: ClassicGroup,
  { former, member }: { former: Member; member: Member },
): void {
  const members = [...group.members.values()].map((each) => each === former ? member : each);
  group.members.clear();
  for (const each of members) group.members.set(each.memberId, each);
  if (member.groupInstanceId !== null) {
    group.staticMembers.set(member.groupInstanceId, member.memberId);
  }
  if (group.pendingSync.delete(former.memberId)) group.pendingSync.add(member.memberId);
  if (group.leaderId === former.memberId) group.leaderId = member.memberId;
}
