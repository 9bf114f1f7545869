// A broker's time in a test: the real one, and as much more as was advanced.
//
//   advance(1 h)   now ──hop──> due timers run ──hop──> due timers run ... ──> now + 1 h
//
// Invariant: timers run in the order in which they are due, and none before its time. A long way
// is taken in hops: what one sets off may itself be due in a later one, and a job that repeats
// runs once a hop, however often it would have run in all that time.

import { Heap } from "../base/heap.ts";
import type { Clock, Timer, Timers } from "../runtime/ports.ts";

/** How often at most it is looked what is due, on one way. */
const hopsMax = 32;
/** Turns of the event loop that what is due has for what it sets off, after each hop. */
const turnsOfHop = 2;

interface Pending {
  readonly dueMs: number;
  readonly order: number;
  readonly run: () => void;
  /** The real timer; undefined once it has run or was cancelled. */
  timer: Timer | undefined;
}

/** Clock and timers of one broker. */
export class KitTime {
  readonly clock: Clock;
  readonly timers: Timers;
  readonly #real: { readonly clock: Clock; readonly timers: Timers };
  readonly #pending = new Set<Pending>();
  #aheadMs = 0;
  #count = 0;

  constructor(real: { readonly clock: Clock; readonly timers: Timers }) {
    this.#real = real;
    this.clock = {
      now: () => Math.floor(real.clock.now() + this.#aheadMs),
      monotonic: () => real.clock.monotonic() + this.#aheadMs,
    };
    this.timers = {
      after: (delayMs, run) => this.#after(delayMs, run),
      turn: () => real.timers.turn(),
    };
  }

  /** Lets `ms` pass at once; resolves when what was due meanwhile has run. */
  async advance(ms: number): Promise<void> {
    const hopMs = ms / hopsMax;
    let leftMs = ms;
    do {
      const toNextMs = Math.min(...this.#dueMs()) - this.clock.monotonic();
      const stepMs = Math.min(leftMs, Math.max(hopMs, toNextMs));
      leftMs -= stepMs;
      this.#aheadMs += stepMs;
      this.#runDue();
      for (let i = 0; i < turnsOfHop; i++) await this.#real.timers.turn();
    } while (leftMs > 0);
  }

  #dueMs(): number[] {
    return Array.from(this.#pending, ({ dueMs }) => dueMs);
  }

  #after(delayMs: number, run: () => void): Timer {
    const dueMs = this.clock.monotonic() + Math.max(0, delayMs);
    const pending: Pending = { dueMs, order: this.#count++, run, timer: undefined };
    this.#arm(pending);
    return { cancel: () => this.#forget(pending) };
  }

  #arm(pending: Pending): void {
    const delayMs = pending.dueMs - this.clock.monotonic();
    this.#pending.add(pending);
    pending.timer = this.#real.timers.after(delayMs, () => {
      this.#forget(pending);
      pending.run();
    });
  }

  #forget(pending: Pending): void {
    pending.timer?.cancel();
    pending.timer = undefined;
    this.#pending.delete(pending);
  }

  /** Runs what is due, and has the rest wait for what is left of its time. */
  #runDue(): void {
    const nowMs = this.clock.monotonic();
    const due = new Heap<Pending>((a, b) =>
      a.dueMs === b.dueMs ? a.order < b.order : a.dueMs < b.dueMs
    );
    for (const pending of [...this.#pending]) {
      if (pending.dueMs <= nowMs) due.push(pending);
      else {
        pending.timer?.cancel();
        this.#arm(pending);
      }
    }
    for (let pending = due.pop(); pending !== undefined; pending = due.pop()) {
      // One that ran before it may have cancelled it.
      if (!this.#pending.has(pending)) continue;
      this.#forget(pending);
      pending.run();
    }
  }
}
