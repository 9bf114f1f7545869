// What a broker does beside requests: retention, checkpoints of what is synced, expiry of idle
// producers. Each job runs again some time after it has ended, so that none ever overlaps itself,
// and gives the event loop a turn between two partitions.

import { isStoreFault, messageOf } from "../base/faults.ts";
import type { Logger, Timer, Timers } from "../runtime/ports.ts";

/** One recurring job. */
export interface Job {
  readonly name: string;
  /** Read anew for each run: a client may change it. */
  readonly intervalMs: () => number;
  readonly run: () => Promise<void>;
}

export interface BackgroundOptions {
  readonly timers: Timers;
  readonly logger: Logger;
  /** A job has failed in a way that nobody has foreseen. */
  readonly onBug: (error: unknown) => void;
}

/** Runs jobs until it is closed. */
export class Background {
  readonly #options: BackgroundOptions;
  readonly #pending = new Map<string, Timer>();
  readonly #running = new Set<Promise<void>>();
  #closed = false;

  constructor(options: BackgroundOptions) {
    this.#options = options;
  }

  /** Runs `job` for the first time after one interval. */
  start(job: Job): void {
    const timer = this.#options.timers.after(job.intervalMs(), () => {
      this.#pending.delete(job.name);
      const running = this.#runOnce(job).finally(() => this.#running.delete(running));
      this.#running.add(running);
    });
    this.#pending.set(job.name, timer);
  }

  /** Stops the jobs, and waits for those that run. */
  async close(): Promise<void> {
    this.#closed = true;
    for (const timer of this.#pending.values()) timer.cancel();
    await Promise.all(this.#running);
  }

  async #runOnce(job: Job): Promise<void> {
    try {
      await job.run();
    } catch (error) {
      if (isStoreFault(error)) {
        this.#options.logger.log("error", "a background job failed and will run again", {
          job: job.name,
          reason: messageOf(error),
        });
      } else this.#options.onBug(error);
    }
    if (!this.#closed) this.start(job);
  }
}
