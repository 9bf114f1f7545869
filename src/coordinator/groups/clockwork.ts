// Whose deadlines a group table waits for, and what moving one takes.

import type { Deadlines } from "./deadlines.ts";

/** What an alarm is about. */
export type AlarmKind = "session" | "pending" | "join" | "sync" | "rebalance";

/** Whose deadline an alarm is. `memberId` is "" for the alarms of a whole group. */
export interface AlarmOwner {
  readonly kind: AlarmKind;
  readonly groupId: string;
  readonly memberId: string;
}

/** What moving an alarm takes. */
export interface Clockwork {
  readonly nowMs: number;
  readonly deadlines: Deadlines<AlarmOwner>;
}
