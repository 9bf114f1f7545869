// Who waits until every in-sync replica has what it appended: acks=all. Who deletes records waits
// the same way until none of them shows these, for the low watermark.
//
//   append --> wait(end) --the high watermark has come to end--> acknowledged
//                        --too few are in sync by then--------> NOT_ENOUGH_REPLICAS_AFTER_APPEND
//                        --led elsewhere----------------------> NOT_LEADER_OR_FOLLOWER
//                        --time is up-------------------------> REQUEST_TIMED_OUT
//
// Waits end in the order of their offsets, mostly; one timer is for the one that is due first.
// Bounded by what connections may have in flight.

import type { Offset } from "../../base/ids.ts";
import { ErrorCode } from "../../protocol/mod.ts";
import type { Clock, Timer, Timers } from "../../runtime/ports.ts";
import type { Gathering } from "./gathering.ts";

/** Why what was appended cannot be acknowledged. */
export interface Unacknowledged {
  readonly errorCode: ErrorCode;
  readonly message: string;
}

interface Waiter {
  readonly end: Offset;
  readonly dueMs: number;
  readonly resolve: (failed: Unacknowledged | undefined) => void;
}

export interface AcknowledgementsOptions {
  readonly clock: Pick<Clock, "monotonic">;
  readonly timers: Pick<Timers, "after">;
  /** Hears of everyone who waits. */
  readonly gathering?: Gathering;
}

export class Acknowledgements {
  readonly #options: AcknowledgementsOptions;
  #waiters: Waiter[] = [];
  #timer: Timer | undefined;
  #timerDueMs = Infinity;

  constructor(options: AcknowledgementsOptions) {
    this.#options = options;
  }

  /** Resolves once the high watermark is at `end`, or with why it will not be waited for. */
  wait(end: Offset, timeoutMs: number): Promise<Unacknowledged | undefined> {
    const dueMs = this.#options.clock.monotonic() + timeoutMs;
    const waiting = new Promise<Unacknowledged | undefined>((resolve) => {
      this.#waiters.push({ end, dueMs, resolve });
    });
    this.#setTimer(dueMs);
    this.#options.gathering?.noteWaiting();
    return waiting;
  }

  /** The high watermark stands at `offset`; `failed`: what those below it are told instead. */
  advance(offset: Offset, failed: Unacknowledged | undefined): void {
    this.#end(({ end }) => end <= offset, failed);
  }

  /** Nobody waits any more. */
  fail(failed: Unacknowledged): void {
    this.#timer?.cancel();
    this.#timerDueMs = Infinity;
    this.#end(() => true, failed);
  }

  #end(isOver: (waiter: Waiter) => boolean, failed: Unacknowledged | undefined): void {
    if (this.#waiters.length === 0) return;
    const over = this.#waiters.filter(isOver);
    if (over.length === 0) return;
    this.#waiters = this.#waiters.filter((each) => !isOver(each));
    this.#options.gathering?.noteOver(over.length);
    for (const { resolve } of over) resolve(failed);
  }

  #setTimer(dueMs: number): void {
    if (dueMs >= this.#timerDueMs || dueMs === Infinity) return;
    this.#timer?.cancel();
    this.#timerDueMs = dueMs;
    const { clock, timers } = this.#options;
    this.#timer = timers.after(Math.max(0, dueMs - clock.monotonic()), () => {
      this.#timerDueMs = Infinity;
      const nowMs = clock.monotonic();
      this.#end((each) => each.dueMs <= nowMs, timedOut);
      const next = this.#waiters.reduce((least, each) => Math.min(least, each.dueMs), Infinity);
      this.#setTimer(next);
    });
  }
}

const timedOut: Unacknowledged = {
  errorCode: ErrorCode.REQUEST_TIMED_OUT,
  message: "the in-sync replicas did not have it in time",
};
