// Room that a data directory keeps for the way out of a full disk: a small file that means nothing,
// cut shorter where what makes room finds none itself, and made whole again later.
//
//   whole --what makes room finds no space--> shorter by a step, tried again --...--> gone
//   shorter, gone --there is room for it and for more--> whole
//
// Of steps, so that what others take of what was given up leaves something for the next delete.
// Invariant: nobody reads it or waits for it. A crash may leave any part of it, and anybody may
// remove it: then there is that much less of a way out.

import { isPlatformFault, isStoreFault } from "../../base/faults.ts";
import type { Files, OpenFile } from "../../runtime/ports.ts";

/** Enough for the deletion of some thousand topics by one request. */
export const reserveBytes = 256 * 1024;

/** A block of most file systems: what is given up and not needed is anybody's. */
const stepBytes = 4 * 1024;

export class Reserve {
  readonly #files: Files;
  readonly #path: string;
  /** When it is whole; 0: nothing is kept. */
  readonly #bytes: number;

  constructor(files: Files, kept: { readonly path: string; readonly bytes: number }) {
    this.#files = files;
    this.#path = kept.path;
    this.#bytes = kept.bytes;
  }

  /** Runs `write`, again and again on what is given up for it, as long as it finds no space. */
  spend<T>(write: () => T): T {
    while (true) {
      try {
        return write();
      } catch (error) {
        if (!isPlatformFault(error, "NoSpace") || !this.#giveUp()) throw error;
      }
    }
  }

  /** The same for one that takes its time. */
  async spendAsync<T>(write: () => Promise<T>): Promise<T> {
    while (true) {
      try {
        return await write();
      } catch (error) {
        if (!isPlatformFault(error, "NoSpace") || !this.#giveUp()) throw error;
      }
    }
  }

  /**
   * Makes it whole where `freeBytes` are enough for it and `leftBytes`, and for as much again as it
   * has itself. A disk that fails at that is somebody else's to find out.
   */
  fill(freeBytes: number, leftBytes: number): void {
    if (this.#bytes === 0) return;
    const size = this.#size;
    const missing = this.#bytes - size;
    if (missing <= 0 || freeBytes < leftBytes + missing + this.#bytes) return;
    try {
      this.#write((file) => {
        try {
          file.append(incompressible(missing));
        } catch (error) {
          file.truncate(size);
          throw error;
        }
      });
    } catch (error) {
      if (!isStoreFault(error)) throw error;
    }
  }

  get #size(): number {
    return this.#files.stat(this.#path)?.size ?? 0;
  }

  /** Whether there was something to give up. */
  #giveUp(): boolean {
    if (this.#bytes === 0) return false;
    const size = this.#size;
    if (size <= stepBytes) {
      const isThere = this.#files.stat(this.#path) !== undefined;
      this.#files.remove(this.#path);
      return isThere;
    }
    this.#write((file) => file.truncate(size - stepBytes));
    return true;
  }

  #write(change: (file: OpenFile) => void): void {
    const file = this.#files.open(this.#path, "append");
    try {
      change(file);
    } finally {
      file.close();
    }
  }
}

/** Bytes that take their room on file systems that compress. */
function incompressible(length: number): Uint8Array {
  const bytes = new Uint8Array(length);
  let state = 1;
  for (let i = 0; i < length; i++) {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) | 0;
    bytes[i] = state >>> 24;
  }
  return bytes;
}
