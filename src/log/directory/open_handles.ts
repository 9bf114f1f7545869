// Bounds the files that the logs of a data directory hold open: a broker has many more partitions
// than a process may have open files, and sockets need theirs.
//
// The clock algorithm: files in the order in which they were opened; past the bound the oldest one
// that was not used lately is closed, one that was is spared once. Closing is safe at any time: a
// file opens again when it is needed, and one that a call is on says no.

/** A file that can be closed and opens again by itself. */
export interface Reopenable {
  /** Whether it was used since the last time this was asked. */
  takeUsed(): boolean;
  /** Closes the handle; false when a call is on it. */
  closeHandle(): boolean;
}

/** Handles that a data directory's logs may hold, unless the caller says otherwise. */
const openHandlesMax = 500;

export class OpenHandles {
  readonly #max: number;
  readonly #open = new Set<Reopenable>();

  constructor(max = openHandlesMax) {
    this.#max = max;
  }

  get count(): number {
    return this.#open.size;
  }

  /** `file` is about to open its handle. */
  add(file: Reopenable): void {
    let attempts = 2 * this.#open.size;
    for (const oldest of this.#open) {
      if (this.#open.size < this.#max || attempts-- === 0) break;
      this.#open.delete(oldest);
      if (oldest.takeUsed() || !oldest.closeHandle()) this.#open.add(oldest);
    }
    this.#open.add(file);
  }

  /** `file` has closed its handle. */
  delete(file: Reopenable): void {
    this.#open.delete(file);
  }
}
