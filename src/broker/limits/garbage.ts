// Garbage of large requests, which the collector would leave for long: of what they decode to much
// has been there long enough to count as old, and of old objects an engine lets the garbage grow to
// a multiple of what lives, however little memory its user means it to have.
//
//   begin --looked at while they are at it, and at the end--> collected --grown again--> ...
//
// Invariant: nobody pays for a collection while there is memory, and none is made before resident
// memory has grown again since the last one: what lives cannot be collected.

import type { Logger, ProcessPort, Timer, Timers } from "../../runtime/ports.ts";
import type { MemoryBudget } from "./memory_budget.ts";

/** What the process may take beside the budget, before garbage is looked for. */
const besideBytes = 90_000_000;
/** So much is worth a collection. */
const worthBytes = 20_000_000;
/** A large request makes some megabytes of garbage in this time. */
const lookIntervalMs = 20;

export interface GarbageOptions {
  readonly memory: Pick<MemoryBudget, "bytesMax">;
  readonly process: Pick<ProcessPort, "usage" | "collectGarbage">;
  readonly timers: Pick<Timers, "after">;
  readonly logger: Logger;
}

export class Garbage {
  readonly #options: GarbageOptions;
  /** The least resident memory since the last collection: what it has freed may go later. */
  #leftBytes = 0;
  /** Large requests that are being worked on. */
  #under = 0;
  #timer: Timer | undefined;

  constructor(options: GarbageOptions) {
    this.#options = options;
  }

  /** A large request is worked on, until {@link end}. */
  begin(): void {
    this.#under++;
    this.#lookIn(lookIntervalMs);
  }

  /** What it was worked on with becomes garbage within this turn of the event loop. */
  end(): void {
    this.#under--;
    this.#timer?.cancel();
    this.#timer = undefined;
    this.#lookIn(0);
  }

  #lookIn(delayMs: number): void {
    this.#timer ??= this.#options.timers.after(delayMs, () => {
      this.#timer = undefined;
      this.#look();
      if (this.#under > 0) this.#lookIn(lookIntervalMs);
    });
  }

  #look(): void {
    const { memory, process, logger } = this.#options;
    const { residentBytes } = process.usage();
    this.#leftBytes = Math.min(this.#leftBytes, residentBytes);
    if (residentBytes <= Math.max(memory.bytesMax + besideBytes, this.#leftBytes + worthBytes)) {
      return;
    }
    process.collectGarbage();
    this.#leftBytes = process.usage().residentBytes;
    logger.log("debug", "had garbage collected", {
      before: residentBytes,
      after: this.#leftBytes,
    });
  }
}
