// The end of a broker: all of it is closed, and whoever waits is told that it takes long.
//
//   close --(said after 2 s, then every 10 s)--> closed
//     \--what cannot go on has had its time--> left as after a crash
//
// Invariant: a stop that somebody has asked for is not cut short here. Thousands of logs on a busy
// disk take a while, and what is not closed costs the next start more. How long is too long is
// known to who asks: a person signals again, a service manager kills.

import type { Logger, Timer, Timers } from "../../runtime/ports.ts";

const firstSaidMs = 2_000;
const saidEveryMs = 10_000;

export interface Closing {
  readonly timers: Timers;
  readonly logger: Logger;
  /** How long it may take; undefined: as long as it takes. */
  readonly withinMs: number | undefined;
}

/** Whether all was closed in its time. Throws what `close` throws. */
export async function closeInTime(
  close: () => Promise<void>,
  { timers, logger, withinMs }: Closing,
): Promise<boolean> {
  let waitedMs = 0;
  let slow: Timer | undefined;
  const sayAfter = (ms: number) => {
    slow = timers.after(ms, () => {
      waitedMs += ms;
      const message = "still closing. A second signal ends it at once, and the next start checks " +
        "the logs";
      logger.log("info", message, { waitedMs });
      sayAfter(saidEveryMs);
    });
  };
  sayAfter(firstSaidMs);
  const late = Promise.withResolvers<boolean>();
  const giveUp = withinMs === undefined
    ? undefined
    : timers.after(withinMs, () => late.resolve(false));
  try {
    return await Promise.race([close().then(() => true), late.promise]);
  } finally {
    slow?.cancel();
    giveUp?.cancel();
  }
}
