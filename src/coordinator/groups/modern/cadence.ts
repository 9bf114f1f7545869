// When a member is to be heard of next: the heartbeat interval that a response tells it.
//
//   at rest                                             the interval that is configured
//   the group has changed, its targets are not due yet  soon after they are
//   it waits for what others have, or for states        a tenth of how long its target has been
//                                                       known: its wait gets so much longer at most
//
// With one heartbeat a member hears what it is to get and give up, with another what has come free.
// So whoever has reason to expect something comes back for it, not sooner than after half a second.
// A wait of a minute costs some 35 heartbeats, and from there on the interval is as ever. Members
// that were heard of one after the other come back in that order, in half the time: they do not
// meet.
//
// Differs from Kafka: while members wait for each other, they are told a shorter heartbeat interval
// than the configured one; `group.consumer.min.heartbeat.interval.ms` and the like do not apply to
// it. Kafka always tells the configured interval, so that a rebalance takes two of them.

import { type Int64, saturated, subtractInt64 } from "../../../base/int64.ts";
import type { ModernGroupSettings } from "../group_config.ts";

/** Nobody is told to come back sooner, unless such an interval is configured. */
const motionMsMin = 500;

/** The part of a wait after which it is asked whether it is over. */
const partOfWait = 1 / 10;

/** Targets that are still to be computed, because they follow others too soon (KIP-1263). */
export interface TargetsDue {
  /** How long they are put off. */
  readonly wholeMs: number;
  readonly leftMs: number;
}

/** What the member has reason to expect. */
export interface Expected {
  readonly due: TargetsDue | undefined;
  /** For how long what it is to have has been known; undefined: it has all of that. */
  readonly waitingMs: number | undefined;
}

/** In how many milliseconds the member is to be heard of. */
export function heartbeatAfterMs(heartbeatIntervalMs: number, expected: Expected): number {
  const { due, waitingMs } = expected;
  const afterMs = Math.min(
    due === undefined ? Infinity : Math.ceil((due.wholeMs + due.leftMs) / 2),
    waitingMs === undefined ? Infinity : Math.ceil(waitingMs * partOfWait),
  );
  return Math.min(heartbeatIntervalMs, Math.max(motionMsMin, afterMs));
}

/** The epochs of a group. */
export interface GroupEpochs {
  readonly groupEpoch: number;
  readonly assignmentEpoch: number;
  /** When targets were computed; 0: unknown. */
  readonly assignmentTimestampMs: Int64;
}

/** What a member of the group expects, whether it waits for others to let go or not. */
export function expectedIn(
  { groupEpoch, assignmentEpoch, assignmentTimestampMs }: GroupEpochs,
  { nowMs, settings: { assignmentIntervalMs: wholeMs }, isWaiting }: {
    readonly nowMs: number;
    readonly settings: ModernGroupSettings;
    readonly isWaiting: boolean;
  },
): Expected {
  const sinceMs = Math.max(0, saturated(subtractInt64(nowMs as Int64, assignmentTimestampMs)));
  return {
    due: groupEpoch > assignmentEpoch
      ? { wholeMs, leftMs: Math.max(0, wholeMs - sinceMs) }
      : undefined,
    waitingMs: isWaiting ? sinceMs : undefined,
  };
}
