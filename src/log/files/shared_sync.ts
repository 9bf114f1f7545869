// One sync for all who ask at the same time, of something that has no offsets: a folder's names.
//
//   idle --run--> running --run, run, ...--> running, and one more to come --> running --> idle
//
// Invariant: each caller is covered by a sync that began after it asked.

export class SharedSync {
  readonly #sync: () => Promise<void>;
  #running: Promise<void> | undefined;
  #next: Promise<void> | undefined;

  constructor(sync: () => Promise<void>) {
    this.#sync = sync;
  }

  /** Rejects as the sync that covers this call does. */
  run(): Promise<void> {
    if (this.#running === undefined) return this.#start();
    return this.#next ??= this.#afterRunning();
  }

  #start(): Promise<void> {
    const running = this.#sync().finally(() => this.#running = undefined);
    this.#running = running;
    return running;
  }

  async #afterRunning(): Promise<void> {
    await this.#running?.catch(() => {});
    this.#next = undefined;
    await this.#start();
  }
}
