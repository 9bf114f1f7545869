// What all kinds of groups answer alike whose members the coordinator assigns.

import type { Clockwork } from "../clockwork.ts";
import { forgetAllTimers, type MemberTimers } from "./timers.ts";

/** As far as such groups are alike. */
interface AssignedGroup {
  readonly members: ReadonlyMap<string, unknown>;
  readonly timers: MemberTimers;
}

export const assignedKind = {
  // Nothing of it waits: a heartbeat is answered at once.
  dissolve: (turn: Clockwork, { timers }: AssignedGroup): void => forgetAllTimers(turn, timers),
  isEmpty: ({ members }: AssignedGroup): boolean => members.size === 0,
  onCommit: (): void => {},
};
