// How much of something there was per second of late, as Kafka measures it for quotas.
//
//   |--window--|--window--| ... |--window (in progress)--|     quota.window.num of them, each of
//     sum        sum               sum                          quota.window.size.seconds
//
//   rate = sum over the windows / time that they cover, of which all but one count as full from the
//          start: a client that comes anew may burst up to its quota times that many windows
//
// Invariant: time never goes back (callers pass a monotonic clock).

import { itemAt } from "../../base/items.ts";

/** How a rate is measured. */
export interface RateWindows {
  readonly count: number;
  readonly ms: number;
}

/** One measured rate. */
export class SampledRate {
  readonly #windows: RateWindows;
  readonly #samples: { startedMs: number; sum: number }[];
  #current = 0;

  constructor(windows: RateWindows, nowMs: number) {
    this.#windows = windows;
    // All windows begin now: none of them covers time in which nobody measured.
    this.#samples = Array.from({ length: windows.count }, () => ({ startedMs: nowMs, sum: 0 }));
  }

  /** Adds `amount`; a negative one takes back what was added before. */
  add(amount: number, nowMs: number): void {
    let sample = itemAt(this.#samples, this.#current);
    if (nowMs - sample.startedMs >= this.#windows.ms) {
      this.#current = (this.#current + 1) % this.#windows.count;
      sample = itemAt(this.#samples, this.#current);
      sample.startedMs = nowMs;
      sample.sum = 0;
    }
    sample.sum += amount;
  }

  /** For how long to stop so that the rate falls to `limit` per second, in milliseconds. */
  excessMs(limit: number, nowMs: number): number {
    const coveredMs = this.#coveredMs(nowMs);
    const total = this.#samples.reduce((sum, each) => sum + each.sum, 0);
    const rate = total / (coveredMs / 1000);
    return rate <= limit ? 0 : Math.round((rate - limit) / limit * coveredMs);
  }

  /** Forgets windows that are over, and returns the time that the rest covers. */
  #coveredMs(nowMs: number): number {
    const { count, ms } = this.#windows;
    let oldestMs = nowMs;
    for (const sample of this.#samples) {
      if (nowMs - sample.startedMs >= count * ms) {
        sample.startedMs = nowMs;
        sample.sum = 0;
      }
      oldestMs = Math.min(oldestMs, sample.startedMs);
    }
    const elapsedMs = nowMs - oldestMs;
    const missing = Math.max(0, count - 1 - Math.floor(elapsedMs / ms));
    return Math.max(ms, elapsedMs + missing * ms);
  }
}
