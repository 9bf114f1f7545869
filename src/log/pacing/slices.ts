// Work that goes on for long, cut into slices, so that others get their turn of the event loop in
// between: opening and checking logs, and what is written down of many of them.
//
//   log 0  |--work--|         |-|
//   log 1           |-|       . |--work...
//                     | turn  |              a slice is what all of them do in one turn
//
// Who waits for the next slice stands in line, and is woken when those before him have left some of
// it: however many work at once, others wait for one slice, not for a step of each.
//
// The turn that ends a slice is asked for when there is some work in it: a runtime may let one wait
// for a millisecond, which has passed by then. One that comes before the slice is over begins
// another. For less work none is asked: a turn costs 60 to 80 microseconds of CPU on Deno, which
// was a fifth of what a broker spent that sends and takes batches of a hundred kilobytes.
//
// Invariant: between two turns there is one slice, and one step beyond it. A slice ends by the
// clock or, where time stands still between events as in a simulation, by its weight.

import type { Clock, Timers } from "../../runtime/ports.ts";

/** Well below the 10 ms that nobody may hold the event loop; a turn itself takes one or so. */
const sliceMs = 2;
/** About as many bytes are looked at in that time. */
const weightMax = 4 * 1024 * 1024;
/** Half a millisecond. */
const turnFromWeight = 1024 * 1024;
/** So many microtasks until who was woken has done a step. */
const wakingTicks = 4;

export class Slices {
  readonly #clock: Clock;
  readonly #timers: Timers;
  #startedMs = 0;
  #weight = 0;
  #waiting: (() => void)[] = [];
  /** Whether a turn comes: it does once somebody has spent or waits. */
  #isTurning = false;

  constructor(ports: { clock: Clock; timers: Timers }) {
    this.#clock = ports.clock;
    this.#timers = ports.timers;
  }

  /** Notes work about as heavy as looking at so many bytes. */
  spend(weight: number): void {
    this.#weight += weight;
    if (!this.#isTurning && this.#weight >= turnFromWeight) this.#begin();
  }

  /** Whether the slice is over: then {@link next} is to be awaited. */
  get isOver(): boolean {
    if (!this.#isTurning) return false;
    return this.#weight >= weightMax || this.#clock.monotonic() - this.#startedMs >= sliceMs;
  }

  /** Resolves in a slice that is not over, in turn. */
  next(): Promise<void> {
    const { promise, resolve } = Promise.withResolvers<void>();
    this.#waiting.push(resolve);
    if (!this.#isTurning) this.#begin();
    return promise;
  }

  #begin(): void {
    this.#startedMs = this.#clock.monotonic();
    this.#isTurning = true;
    this.#timers.turn().then(() => this.#onTurn());
  }

  /** One slice is over, and the next one is theirs who wait for it. */
  async #onTurn(): Promise<void> {
    this.#isTurning = false;
    this.#weight = 0;
    // Who comes back while this slice lasts waits for the next.
    const waiting = this.#waiting;
    this.#waiting = [];
    let woken = 0;
    for (const wake of waiting) {
      if (woken > 0 && this.isOver) break;
      woken++;
      wake();
      for (let i = 0; i < wakingTicks; i++) await undefined;
    }
    if (woken === waiting.length) return;
    this.#waiting = [...waiting.slice(woken), ...this.#waiting];
    if (!this.#isTurning) this.#begin();
  }
}
