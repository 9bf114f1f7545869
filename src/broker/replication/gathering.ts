// Whether a follower that asks is better given what there is a moment later: producers that were
// just answered mostly write again at once.
//
//   16 wait for acks=all --all followers have it--> 16 are answered --at once--> 16 wait again
//                                                                                 └─> given
//
// A follower that is given what the first of them wrote has one round for that, and one for the
// others, who are then out of step for ever: each round of fetch, append and sync, of all brokers,
// carries half of what it could. So it is given nothing while fewer wait than have lately.
//
// Invariant: nothing is held back for longer than `heldMsMax`. When that was in vain, those who
// wait by then are all that is expected, so that producers who have gone are waited for once.

import type { Timer, Timers } from "../../runtime/ports.ts";

const heldMsMax = 1;
/** Of fewer producers the most that is gained is little, and a moment is long for each of them. */
const producersMin = 4;
/** Of those who have waited, so many need not come again. */
const goalShare = 7 / 8;

/** Who waits for acks=all, of all partitions that a broker leads. */
export class Gathering {
  readonly #timers: Pick<Timers, "after">;
  #waiting = 0;
  /** The most who have waited at a time, as far as they can be expected again. */
  #expected = 0;
  #held: { readonly over: Promise<void>; readonly end: () => void } | undefined;

  constructor(timers: Pick<Timers, "after">) {
    this.#timers = timers;
  }

  /** One more waits. */
  noteWaiting(): void {
    this.#waiting++;
    this.#expected = Math.max(this.#expected, this.#waiting);
    if (this.#isWhole) this.#held?.end();
  }

  /** So many wait no more. */
  noteOver(count: number): void {
    this.#waiting -= count;
  }

  get #isWhole(): boolean {
    return this.#waiting >= goalShare * this.#expected;
  }

  /** What a follower's answer is to wait for; undefined: nothing. */
  more(): Promise<void> | undefined {
    if (this.#waiting === 0 || this.#expected < producersMin || this.#isWhole) return undefined;
    return (this.#held ??= this.#hold()).over;
  }

  #hold() {
    const { promise: over, resolve } = Promise.withResolvers<void>();
    const end = () => {
      timer.cancel();
      this.#held = undefined;
      resolve();
    };
    const timer: Timer = this.#timers.after(heldMsMax, () => {
      this.#expected = this.#waiting;
      end();
    });
    return { over, end };
  }
}
