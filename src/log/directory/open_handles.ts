// Bounds the files that the logs of a data directory hold open: a broker has many more partitions
// than a process may have open files, and sockets need theirs.
//
// The clock algorithm: files in the order in which they were opened; past the bound the oldest one
// that was not used lately is closed, one that was is spared once. Closing is safe at any time: a
// file opens again when it is needed, and one that a call is on says no. Where the process finds no
// descriptor all the same, others need more of them than was thought: half are given up for good.

/** A file that can be closed and opens again by itself. */
export interface Reopenable {
  /** Whether it was used since the last time this was asked. */
  takeUsed(): boolean;
  /** Closes the handle; false when a call is on it. */
  closeHandle(): boolean;
}

/** Handles that a data directory's logs may hold, unless the caller says otherwise. */
export const openHandlesMax = 500;
/** Fewer would be opened and closed all the time. */
export const openHandlesMin = 8;

export class OpenHandles {
  #max: number;
  readonly #open = new Set<Reopenable>();

  constructor(max = openHandlesMax) {
    this.#max = max;
  }

  get count(): number {
    return this.#open.size;
  }

  /** A file is about to open its handle. */
  makeRoom(): void {
    let attempts = 2 * this.#open.size;
    for (const oldest of this.#open) {
      if (this.#open.size < this.#max || attempts-- === 0) break;
      this.#open.delete(oldest);
      if (oldest.takeUsed() || !oldest.closeHandle()) this.#open.add(oldest);
    }
  }

  /** `file` has opened its handle. */
  add(file: Reopenable): void {
    this.#open.add(file);
  }

  /** Closes half of them, and holds no more from now on. Whether any was closed. */
  giveUpHalf(): boolean {
    const before = this.#open.size;
    this.#max = Math.max(openHandlesMin, before >> 1);
    for (const oldest of this.#open) {
      if (this.#open.size <= before >> 1) break;
      if (oldest.closeHandle()) this.#open.delete(oldest);
    }
    return this.#open.size < before;
  }

  /** `file` has closed its handle. */
  delete(file: Reopenable): void {
    this.#open.delete(file);
  }
}
