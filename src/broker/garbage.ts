// Garbage of large requests, which the collector would leave for long: of what they decode to much
// has been there long enough to count as old, and of old objects an engine lets the garbage grow to
// a multiple of what lives, however little memory its user means it to have.
//
//   noted, and memory runs short --turn of the event loop--> collected --grown again--> ...
//
// Invariant: nobody pays for a collection while there is memory, and none is made before resident
// memory has grown again since the last one: what lives cannot be collected.

import type { Logger, ProcessPort, Timers } from "../runtime/ports.ts";
import type { MemoryBudget } from "./memory_budget.ts";

/** What the process may take beside the budget, before garbage is looked for. */
const besideBytes = 90_000_000;
/** So much is worth a collection. */
const worthBytes = 20_000_000;

export interface GarbageOptions {
  readonly memory: Pick<MemoryBudget, "bytesMax">;
  readonly process: Pick<ProcessPort, "usage" | "collectGarbage">;
  readonly timers: Pick<Timers, "turn">;
  readonly logger: Logger;
}

export class Garbage {
  readonly #options: GarbageOptions;
  /** Resident memory after the last collection. */
  #leftBytes = 0;
  #isDue = false;

  constructor(options: GarbageOptions) {
    this.#options = options;
  }

  /** Much has become garbage, or will within this turn of the event loop. */
  note(): void {
    if (this.#isDue || !this.#isWorthIt) return;
    this.#isDue = true;
    this.#collect();
  }

  get #isWorthIt(): boolean {
    const { memory, process } = this.#options;
    const most = Math.max(memory.bytesMax + besideBytes, this.#leftBytes + worthBytes);
    return process.usage().residentBytes > most;
  }

  async #collect(): Promise<void> {
    const { process, timers, logger } = this.#options;
    await timers.turn();
    const { residentBytes: before } = process.usage();
    process.collectGarbage();
    this.#leftBytes = process.usage().residentBytes;
    this.#isDue = false;
    logger.log("debug", "had garbage collected", { before, after: this.#leftBytes });
  }
}
