// The alarms of a member that the coordinator assigns; soft state, made when it is first needed.
//
//   session     since it was last heard of
//   rebalance   since it was told to give partitions up
//   join, sync  of a member that speaks the classic protocol: since it was told to rejoin, and
//               since it did

import type { AlarmKind, AlarmOwner, Clockwork } from "../clockwork.ts";
import { type Alarm, alarmOf } from "../deadlines.ts";

export type MemberAlarm = Extract<AlarmKind, "session" | "rebalance" | "join" | "sync">;

/** Alarms of a group's members, by member id. */
export type MemberTimers = Map<string, Map<MemberAlarm, Alarm<AlarmOwner>>>;

/** Whom an alarm is to wake. */
export interface TimedMember {
  readonly groupId: string;
  readonly memberId: string;
}

/** Sets the alarm, instead of when it was set to ring before. */
export function setAlarm(
  turn: Clockwork,
  timers: MemberTimers,
  { member: { groupId, memberId }, kind, afterMs }: {
    readonly member: TimedMember;
    readonly kind: MemberAlarm;
    readonly afterMs: number;
  },
): void {
  const alarms = timers.get(memberId) ?? new Map<MemberAlarm, Alarm<AlarmOwner>>();
  timers.set(memberId, alarms);
  const alarm = alarms.get(kind) ?? alarmOf({ kind, groupId, memberId });
  alarms.set(kind, alarm);
  turn.deadlines.set(alarm, turn.nowMs + afterMs);
}

/** Whether the alarm is set. */
export function isAlarmSet(timers: MemberTimers, memberId: string, kind: MemberAlarm): boolean {
  return alarmDueMs(timers, memberId, kind) < Infinity;
}

/** When the alarm rings; Infinity where it is not set. */
export function alarmDueMs(timers: MemberTimers, memberId: string, kind: MemberAlarm): number {
  return timers.get(memberId)?.get(kind)?.dueMs ?? Infinity;
}

export function clearAlarm(
  turn: Clockwork,
  timers: MemberTimers,
  { memberId, kind }: { readonly memberId: string; readonly kind: MemberAlarm },
): void {
  const alarm = timers.get(memberId)?.get(kind);
  if (alarm !== undefined) turn.deadlines.clear(alarm);
}

/** The member is gone. */
export function forgetTimers(turn: Clockwork, timers: MemberTimers, memberId: string): void {
  for (const alarm of timers.get(memberId)?.values() ?? []) turn.deadlines.clear(alarm);
  timers.delete(memberId);
}

/** The group is gone. */
export function forgetAllTimers(turn: Clockwork, timers: MemberTimers): void {
  for (const memberId of [...timers.keys()]) forgetTimers(turn, timers, memberId);
}
