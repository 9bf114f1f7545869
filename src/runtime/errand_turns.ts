// Turns of Deno's event loop, for work that goes on in slices: each lets sockets and timers in, and
// costs a tenth of a millisecond where it can.
//
//   errand   of another thread, 0.1 ms: while the loop waits for it, it looks at its sockets. One
//            that is done before the loop waits is found at once, and nothing else is looked at:
//            errand upon errand held timers and sockets up for 160 ms of work
//   timer    1 ms at least, and all else has been looked at by then
//
// So with an errand a timer is asked for, too. Where that is overdue and has not come, before the
// errand or after it, nothing has been looked at: then it is waited for, which takes no time any
// more. Who asks for a turn and works on meanwhile, as slices do, has everybody let in by each.
//
// Invariant: of two turns in a row with a slice of work between them, one has let everybody in.

import type { Clock } from "./ports.ts";

/** By then a timer of no delay is overdue. */
const overdueMs = 2;

export interface ErrandTurnsOptions {
  readonly clock: Clock;
  readonly errand: () => Promise<unknown>;
  readonly timer: () => Promise<void>;
}

/** What {@link Timers.turn} is to be. */
export function errandTurns({ clock, errand, timer }: ErrandTurnsOptions): () => Promise<void> {
  let asked: Promise<void> | undefined;
  let askedMs = 0;
  const ask = () => {
    askedMs = clock.monotonic();
    asked = timer().then(() => {
      asked = undefined;
    });
  };
  const overdue = () => clock.monotonic() - askedMs >= overdueMs ? asked : undefined;
  return async () => {
    if (asked === undefined) ask();
    if (overdue() === undefined) await errand();
    await overdue();
  };
}
