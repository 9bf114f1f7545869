// How fast compaction goes: it gives way to traffic after every slice of work, and moves at most so
// many bytes a second, read and written, where that is bounded.
//
//   work < sliceMs --> turns of the event loop, three times as long --> work < sliceMs --> ...
//
// Invariant: between two turns there is one slice and one batch at most; three quarters of the
// event loop's time are others'.

import type { Clock, Timers } from "../../runtime/ports.ts";

/** A slice delays a request by as much: short against what a request takes on a busy broker. */
const sliceMs = 0.25;
/** Of the event loop's time, for each part that is ours. */
const othersParts = 3;
/** A slice that took long, because the machine was busy, is not paid back for as long. */
const turnsMax = 20;
/** A throttled compaction looks this often whether it should stop. */
const napMsMax = 100;

/** Compaction was told to stop, or the log it works on is going away. */
export class CompactionStopped extends Error {
  override readonly name = "CompactionStopped";
}

export class CompactionPace {
  readonly #clock: Clock;
  readonly #timers: Timers;
  readonly #bytesPerSecond: number;
  readonly #isStopped: () => boolean;
  readonly #startedMs: number;
  #sliceStartedMs: number;
  #bytes = 0;

  constructor(
    ports: { clock: Clock; timers: Timers },
    options: { bytesPerSecond: number; isStopped: () => boolean },
  ) {
    this.#clock = ports.clock;
    this.#timers = ports.timers;
    this.#bytesPerSecond = options.bytesPerSecond;
    this.#isStopped = options.isStopped;
    this.#startedMs = ports.clock.monotonic();
    this.#sliceStartedMs = this.#startedMs;
  }

  /** Notes bytes that were read or written. */
  spend(bytes: number): void {
    this.#bytes += bytes;
  }

  /** Whether it is time to {@link rest}. */
  get isDue(): boolean {
    const nowMs = this.#clock.monotonic();
    return nowMs - this.#sliceStartedMs >= sliceMs || this.#allowedMs > nowMs;
  }

  /** Lets others run, and waits no longer: for who holds memory. Throws as {@link rest}. */
  async pause(): Promise<void> {
    await this.#giveWay();
    if (this.#isStopped()) throw new CompactionStopped("compaction was stopped");
    this.#sliceStartedMs = this.#clock.monotonic();
  }

  /** Whether the slice is over. */
  get isPauseDue(): boolean {
    return this.#clock.monotonic() - this.#sliceStartedMs >= sliceMs;
  }

  /** Lets others run. Throws CompactionStopped when this is to end. */
  async rest(): Promise<void> {
    await this.#giveWay();
    for (;;) {
      if (this.#isStopped()) throw new CompactionStopped("compaction was stopped");
      const nowMs = this.#clock.monotonic();
      this.#sliceStartedMs = nowMs;
      if (this.#allowedMs <= nowMs) return;
      await this.#nap(Math.min(napMsMax, this.#allowedMs - nowMs));
    }
  }

  /** For some times as long as the slice took, and a turn at least. */
  async #giveWay(): Promise<void> {
    const endedMs = this.#clock.monotonic();
    const untilMs = endedMs + othersParts * (endedMs - this.#sliceStartedMs);
    for (let turns = 0; turns < turnsMax; turns++) {
      await this.#timers.turn();
      if (this.#clock.monotonic() >= untilMs) return;
    }
  }

  #nap(ms: number): Promise<void> {
    return new Promise((resolve) => this.#timers.after(ms, resolve));
  }

  /** When what was read and written so far may have been. */
  get #allowedMs(): number {
    return this.#startedMs + this.#bytes / this.#bytesPerSecond * 1000;
  }
}
