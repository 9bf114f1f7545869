// Work that goes on for long, cut into slices, so that others get their turn of the event loop in
// between: opening and checking logs, and what is written down of many of them.
//
//   log 0  |--work--|         |--work--|
//   log 1           |-|       .        |--work...
//                     | turn  |        | turn        a slice is what all of them do in one turn
//
// Invariant: between two turns there is one slice, and one step of each of them at most. A slice
// ends by the clock or, where time stands still between events as in a simulation, by its weight.

import type { Clock, Timers } from "../runtime/ports.ts";

/** Well below the 10 ms that nobody may hold the event loop; a turn itself takes one or so. */
const sliceMs = 2;
/** About as many bytes are looked at in that time. */
const weightMax = 4 * 1024 * 1024;

export class Slices {
  readonly #clock: Clock;
  readonly #timers: Timers;
  #startedMs: number;
  #weight = 0;
  #turn: Promise<void> | undefined;

  constructor(ports: { clock: Clock; timers: Timers }) {
    this.#clock = ports.clock;
    this.#timers = ports.timers;
    this.#startedMs = ports.clock.monotonic();
  }

  /** Notes work about as heavy as looking at so many bytes. */
  spend(weight: number): void {
    this.#weight += weight;
  }

  /** Whether the slice is over: then {@link next} is to be awaited. */
  get isOver(): boolean {
    return this.#weight >= weightMax || this.#clock.monotonic() - this.#startedMs >= sliceMs;
  }

  /** Resolves in a slice that has only begun. */
  next(): Promise<void> {
    return this.#turn ??= this.#timers.turn().then(() => {
      this.#turn = undefined;
      this.#startedMs = this.#clock.monotonic();
      this.#weight = 0;
    });
  }
}
