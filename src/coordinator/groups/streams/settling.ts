// The soft effects of what a member said: its alarms, what is remembered of the topology, and a
// line for the operator. And the first targets of a group that has waited for members.

import type { ClassicGroup } from "../classic/group.ts";
import { dissolveGroup } from "../classic/sessions.ts";
import { ErrorCode } from "../../../protocol/errors.ts";
import { clearAlarm, isAlarmSet, setAlarm } from "../modern/timers.ts";
import { type Plan, softly, type Turn, type View } from "../turn.ts";
import { type Advance, assign, delayedMemberId, isDelayed, type Said } from "./advance.ts";
import type { StreamsGroup } from "./group.ts";
import { MemberState } from "./reconcile.ts";

/** The group of this id, which the records of a decision have made, or left. */
export function streamsGroupIn(
  { groups }: Pick<View, "groups">,
  groupId: string,
): StreamsGroup | undefined {
  const group = groups.get(groupId);
  return group?.type === "streams" ? group : undefined;
}

/** A member was heard of, and the records of what followed are in the log. */
export function afterAdvance(
  turn: Turn,
  { groupId, said, advanced, former }: {
    readonly groupId: string;
    readonly said: Said;
    readonly advanced: Advance;
    /** The classic group that the group was before. */
    readonly former: ClassicGroup | undefined;
  },
): void {
  if (former !== undefined) dissolveGroup(turn, former, ErrorCode.UNKNOWN_MEMBER_ID);
  const group = streamsGroupIn(turn, groupId);
  if (group === undefined) return;
  const { member: { memberId }, configured, groupEpoch, beginsDelay } = advanced;
  group.configured = configured;
  group.topicsVersion = turn.topics.version;
  const { sessionTimeoutMs, initialRebalanceDelayMs } = turn.config.streams().settingsOf(groupId);
  const member = { groupId, memberId };
  setAlarm(turn, group.timers, { member, kind: "session", afterMs: sessionTimeoutMs });
  watchRevocation(turn, group, memberId);
  if (beginsDelay && !isDelayed(group)) {
    const whole = { groupId, memberId: delayedMemberId };
    setAlarm(turn, group.timers, { member: whole, kind: "join", afterMs: initialRebalanceDelayMs });
  }
  if (said.former !== undefined) return;
  const fields = { group: groupId, member: memberId, epoch: groupEpoch };
  turn.notes.push({ message: "member joins", fields });
}

/** A member that has to give up tasks has its rebalance timeout for it. */
export function watchRevocation(turn: Turn, group: StreamsGroup, memberId: string): void {
  const member = group.members.get(memberId);
  if (member === undefined) return;
  const { groupId, timers } = group;
  const kind = "rebalance";
  if (member.state !== MemberState.UNREVOKED_TASKS) {
    clearAlarm(turn, timers, { memberId, kind });
  } else if (!isAlarmSet(timers, memberId, kind)) {
    const afterMs = member.rebalanceTimeoutMs;
    setAlarm(turn, timers, { member: { groupId, memberId }, kind, afterMs });
  }
}

/** Decides the first targets of a group that has waited for members. */
export function decideDelayedTargets(view: View, groupId: string): Plan {
  const group = streamsGroupIn(view, groupId);
  const { members, configured, groupEpoch: epoch } = group ?? {};
  // Where topics were not looked at since a restart, the next heartbeat does.
  if (group === undefined || members?.size === 0 || configured === undefined) {
    return softly(() => {});
  }
  if (group.groupEpoch <= group.assignmentEpoch) return softly(() => {});
  const { records } = assign(view, group, {
    epoch: epoch ?? 0,
    members: group.members,
    configured,
    assignmentConfigs: group.lastAssignmentConfigs,
  });
  // What the log refuses now is done at the next heartbeat.
  return { records, settle: () => {}, refuse: () => {} };
}
