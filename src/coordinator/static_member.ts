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

import { ErrorCode } from "../protocol/errors.ts";
import type { JoinGroupResponse } from "../protocol/mod.ts";
import { assert } from "../base/assert.ts";
import {
  type Group,
  type Member,
  newMember,
  selectProtocol,
  setAwaitingJoin,
  touchSession,
  updateMember,
} from "./group.ts";
import { groupRecord } from "./group_snapshot.ts";
import { type Join, waitingOf } from "./join_request.ts";
import { answerWhenDurable, groupErrorOf, type Turn } from "./outcome.ts";
import { failWaiting, joinedResponse, joinError, rebalanceOrCompleteJoin } from "./rebalance.ts";

/** Decides the join of `join.memberId`, a fresh id, in place of the static member `replacedId`. */
export function replaceStaticMember(
  turn: Turn,
  group: Group,
  { join, replacedId }: { join: Join; replacedId: string },
): void {
  const former = group.members.get(replacedId);
  assert(former !== undefined, "a static member id names no member");
  const formerLeaderId = group.leaderId;
  failWaiting(turn, group, { member: former, errorCode: ErrorCode.FENCED_INSTANCE_ID });
  const member = newMember(group.groupId, { ...join, protocols: former.protocols });
  member.assignment = former.assignment;
  member.isNew = false;
  turn.deadlines.clear(former.session);
  putInPlace(group, { former, member });
  updateMember(group, member, join);
  touchSession(turn, member);
  turn.notes.push({
    message: "static member replaced",
    fields: {
      group: group.groupId,
      instance: join.groupInstanceId ?? "",
      former: former.memberId,
      member: member.memberId,
    },
  });
  if (group.state === "Stable" && selectProtocol(group) === group.protocolName) {
    keepGeneration(turn, group, { join, member, former, formerLeaderId });
    return;
  }
  setAwaitingJoin(group, member, waitingOf(join));
  rebalanceOrCompleteJoin(turn, group, `static member ${member.memberId} rejoins: ${join.reason}`);
}

/** The group goes on as it is; its record learns the new id. */
function keepGeneration(
  turn: Turn,
  group: Group,
  o: { join: Join; member: Member; former: Member; formerLeaderId: string | undefined },
): void {
  const { join, member, former, formerLeaderId } = o;
  const { token, apiVersion } = join;
  turn.records.push(groupRecord(group));
  const leads = group.leaderId === member.memberId;
  const joined = joinedResponse(group, { member, apiVersion, skipAssignment: leads });
  const response: JoinGroupResponse = apiVersion >= 9
    ? joined
    : { ...joined, leader: formerLeaderId ?? "", skipAssignment: false, members: [] };
  answerWhenDurable(turn, {
    token,
    response,
    failed: (appendError) =>
      joinError(groupErrorOf(appendError), { apiVersion, memberId: member.memberId }),
  });
  turn.undo.push((undoing) => {
    undoing.deadlines.clear(member.session);
    updateMember(group, member, former);
    putInPlace(group, { former: member, member: former });
    touchSession(undoing, former);
  });
}

/**
 * Puts `member` where `former` was, in the same place of the order, leading if it led. Both have
 * the same protocols at that moment, so that the group's counts stay right.
 */
function putInPlace(group: Group, { former, member }: { former: Member; member: Member }): void {
  const members = [...group.members.values()].map((each) => each === former ? member : each);
  group.members.clear();
  for (const each of members) group.members.set(each.memberId, each);
  if (member.groupInstanceId !== null) {
    group.staticMembers.set(member.groupInstanceId, member.memberId);
  }
  if (group.pendingSync.delete(former.memberId)) group.pendingSync.add(member.memberId);
  if (group.leaderId === former.memberId) group.leaderId = member.memberId;
}
