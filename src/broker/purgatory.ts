// Where a Fetch waits for data. A wait ends when enough bytes have become readable in its
// partitions, when one of them changes so that the answer would be an error, or at its deadline.
//
//   Partition --onReadable(bytes)--> Wait --enough--> the Fetch reads again and answers
//
// Invariant: a wait is registered with each of its partitions until it ends, and with none after.
// Waits are bounded by connections: one connection has one request in progress.

import type { Timer, Timers } from "../runtime/ports.ts";

/** Something that can become readable: a partition. */
export interface Watched {
  readonly watchers: Set<Wait>;
}

/** One Fetch waiting. */
export class Wait {
  #bytesMissing: number;
  readonly #watched: readonly Watched[];
  readonly #resolve: () => void;
  #timer: Timer | undefined;

  constructor(bytesMissing: number, watched: readonly Watched[], resolve: () => void) {
    this.#bytesMissing = bytesMissing;
    this.#watched = watched;
    this.#resolve = resolve;
    for (const each of watched) each.watchers.add(this);
  }

  /** Ends the wait at the latest after `delayMs`. */
  endAfter(delayMs: number, timers: Timers): void {
    this.#timer = timers.after(delayMs, () => this.end());
  }

  /** `bytes` more can be read in one of the partitions. */
  onReadable(bytes: number): void {
    this.#bytesMissing -= bytes;
    if (this.#bytesMissing <= 0) this.end();
  }

  /** Ends the wait now. */
  end(): void {
    this.#timer?.cancel();
    for (const each of this.#watched) each.watchers.delete(this);
    this.#resolve();
  }
}

/** All waits of a broker. */
export class Purgatory {
  readonly #timers: Timers;
  readonly #open = new Set<Wait>();

  constructor(timers: Timers) {
    this.#timers = timers;
  }

  /**
   * Resolves once `bytes` more are readable in `watched`, one of them changes, or after `delayMs`.
   */
  async wait(watched: readonly Watched[], o: { bytes: number; delayMs: number }): Promise<void> {
    let wait!: Wait;
    const ended = new Promise<void>((resolve) => {
      wait = new Wait(o.bytes, watched, resolve);
    });
    wait.endAfter(o.delayMs, this.#timers);
    this.#open.add(wait);
    await ended;
    this.#open.delete(wait);
  }

  /** Ends every wait: the broker is closing. */
  close(): void {
    for (const wait of this.#open) wait.end();
  }
}
