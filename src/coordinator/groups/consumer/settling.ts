// The soft effects of what a member said: its alarms, and a line for the operator.

import type { ClassicGroup } from "../classic/group.ts";
import { dissolveGroup } from "../classic/sessions.ts";
import { ErrorCode } from "../../../protocol/errors.ts";
import { MemberState } from "../modern/reconcile.ts";
import { clearAlarm, forgetTimers, isAlarmSet, setAlarm } from "../modern/timers.ts";
import type { Turn } from "../turn.ts";
import type { Advance, Said } from "./advance.ts";
import type { ConsumerGroup } from "./group.ts";

/** The group of this id, which the records of a decision have made, or left. */
export function consumerGroupIn(turn: Turn, groupId: string): ConsumerGroup | undefined {
  const group = turn.groups.get(groupId);
  return group?.type === "consumer" ? group : undefined;
}

/** A member was heard of, and the records of what followed are in the log. */
export function afterAdvance(
  turn: Turn,
  { groupId, said, advanced, former, sessionTimeoutMs }: {
    readonly groupId: string;
    readonly said: Said;
    readonly advanced: Advance;
    /** The classic group that the group was before. */
    readonly former: ClassicGroup | undefined;
    readonly sessionTimeoutMs: number;
  },
): void {
  const group = consumerGroupIn(turn, groupId);
  if (group === undefined) return;
  if (former !== undefined) afterUpgrade(turn, { group, former });
  const { member } = advanced;
  if (said.replaced !== undefined) forgetTimers(turn, group.timers, said.replaced.memberId);
  if (advanced.hasLookedAtTopics) group.topicsVersion = turn.topics.version;
  setAlarm(turn, group.timers, {
    member: { groupId, memberId: member.memberId },
    kind: "session",
    afterMs: sessionTimeoutMs,
  });
  watchRevocation(turn, group, member.memberId);
  noteJoined(turn, { groupId, said, advanced });
}

/** A member that has to give up partitions has its rebalance timeout for it. */
export function watchRevocation(turn: Turn, group: ConsumerGroup, memberId: string): void {
  const member = group.members.get(memberId);
  if (member === undefined) return;
  const { groupId, timers } = group;
  const isRevoking = member.classic === null && member.state === MemberState.UNREVOKED_PARTITIONS;
  if (!isRevoking) clearAlarm(turn, timers, { memberId, kind: "rebalance" });
  else if (!isAlarmSet(timers, memberId, "rebalance")) {
    const afterMs = member.rebalanceTimeoutMs;
    setAlarm(turn, timers, { member: { groupId, memberId }, kind: "rebalance", afterMs });
  }
}

/** Classic members go on in the new group, each with the session that it asked for. */
function afterUpgrade(
  turn: Turn,
  { group, former }: { readonly group: ConsumerGroup; readonly former: ClassicGroup },
): void {
  const { groupId } = group;
  dissolveGroup(turn, former, ErrorCode.REBALANCE_IN_PROGRESS);
  for (const { memberId, classic } of group.members.values()) {
    if (classic === null) continue;
    const afterMs = classic.sessionTimeoutMs;
    setAlarm(turn, group.timers, { member: { groupId, memberId }, kind: "session", afterMs });
  }
  turn.notes.push({
    message: "group speaks the consumer protocol from now on",
    fields: { group: groupId, members: group.members.size },
  });
}

function noteJoined(
  turn: Turn,
  { groupId, said, advanced }: { groupId: string; said: Said; advanced: Advance },
): void {
  if (said.former !== undefined) return;
  const { member: { memberId, instanceId }, groupEpoch } = advanced;
  turn.notes.push({
    message: said.replaced === undefined ? "member joins" : "static member replaced",
    fields: {
      group: groupId,
      member: memberId,
      ...(instanceId === null ? {} : { instance: instanceId }),
      epoch: groupEpoch,
    },
  });
}
