// How late the event loop is: a timer that asks for a tenth of a second, and what it gets beyond.
// Everything that a broker does waits as long, so it is the first number to look at.

import { Histogram } from "../../base/histogram.ts";
import type { Clock, Timer, Timers } from "../../runtime/ports.ts";

const intervalMs = 100;

export class EventLoopDelay {
  readonly seconds: Histogram = new Histogram([0.002, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1]);
  readonly #clock: Clock;
  readonly #timers: Timers;
  #timer: Timer | undefined;

  constructor({ clock, timers }: { clock: Clock; timers: Timers }) {
    this.#clock = clock;
    this.#timers = timers;
    this.#arm();
  }

  close(): void {
    this.#timer?.cancel();
  }

  #arm(): void {
    const dueMs = this.#clock.monotonic() + intervalMs;
    this.#timer = this.#timers.after(intervalMs, () => {
      this.seconds.observe(Math.max(0, this.#clock.monotonic() - dueMs) / 1000);
      this.#arm();
    });
  }
}
