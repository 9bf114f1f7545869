// A sleeper that others can wake. Invariant: a wake that comes before the wait is not lost.

import type { Timers } from "../runtime/ports.ts";

export class Wakeup {
  readonly #timers: Timers;
  #isDue = false;
  #resume: (() => void) | undefined;

  constructor(timers: Timers) {
    this.#timers = timers;
  }

  /** Ends the current wait, or the next one at once. */
  wake(): void {
    this.#isDue = true;
    this.#resume?.();
  }

  /** Resolves at the next {@link wake}, or after `timeoutMs`. One waiter at a time. */
  async wait(timeoutMs: number): Promise<void> {
    if (!this.#isDue) {
      await new Promise<void>((resolve) => {
        const timer = this.#timers.after(timeoutMs, resolve);
        this.#resume = () => {
          timer.cancel();
          resolve();
        };
      });
    }
    this.#isDue = false;
    this.#resume = undefined;
  }
}
