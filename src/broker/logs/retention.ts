// Retention: deletes the segments that are too old, or more than a log may hold, of one log after
// the other.
//
// Invariant: a log whose files cannot be deleted is tried again in the next round; the others go
// on.

import { isStoreFault, messageOf } from "../../base/faults.ts";
import type { Clock, Logger } from "../../runtime/ports.ts";
import type { Slices } from "../../log/mod.ts";
import type { Partition } from "./partition.ts";

/** To ask a log what is due is about as much work as looking at so many bytes. */
const askWeight = 16 * 1024;

export interface RetentionOptions {
  readonly partitions: () => Iterable<Partition>;
  readonly clock: Clock;
  readonly slices: Slices;
  readonly logger: Logger;
}

export class Retention {
  readonly #options: RetentionOptions;
  #segmentsExpired = 0;
  #closed = false;

  constructor(options: RetentionOptions) {
    this.#options = options;
  }

  /** Segments that it has deleted so far. */
  get segmentsExpired(): number {
    return this.#segmentsExpired;
  }

  /** One round. */
  async run(): Promise<void> {
    const { partitions, clock, slices, logger } = this.#options;
    for (const { topic, id, log, highWatermark } of [...partitions()]) {
      if (this.#closed) return;
      try {
        this.#segmentsExpired += await log.applyRetention(clock.now(), { highWatermark });
      } catch (error) {
        if (!isStoreFault(error)) throw error;
        logger.log("error", "retention failed for a partition and will be tried again", {
          partition: `${topic}-${id}`,
          reason: messageOf(error),
        });
      }
      slices.spend(askWeight);
      if (slices.isOver) await slices.next();
    }
  }

  /** The round that is under way ends with the log that it is at. */
  close(): void {
    this.#closed = true;
  }
}
