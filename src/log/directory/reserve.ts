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
import type { Files, OpenFile, Random } from "../../runtime/ports.ts";

/** Enough for the deletion of some thousand topics by one request. */
export const reserveBytes = 256 * 1024;

/** A block of most file systems: what is given up and not needed is anybody's. */
const stepBytes = 4 * 1024;

/** What is kept, and where. */
export interface Kept {
  readonly path: string;
  /** When it is whole. */
  readonly bytes: number;
  /** Says what it holds: random bytes take their room on file systems that compress, too. */
  readonly random: Pick<Random, "bytes">;
}

export class Reserve {
  readonly #files: Files;
  readonly #kept: Kept | undefined;

  /** Without `kept` it has nothing to give up. */
  constructor(files: Files, kept?: Kept) {
    this.#files = files;
    this.#kept = kept;
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
    if (this.#kept === undefined) return;
    const { path, bytes, random } = this.#kept;
    const size = this.#sizeOf(path);
    const missing = bytes - size;
    if (missing <= 0 || freeBytes < leftBytes + missing + bytes) return;
    try {
      this.#write(path, (file) => {
        try {
          file.append(random.bytes(missing));
        } catch (error) {
          file.truncate(size);
          throw error;
        }
      });
    } catch (error) {
      if (!isStoreFault(error)) throw error;
    }
  }

  #sizeOf(path: string): number {
    return this.#files.stat(path)?.size ?? 0;
  }

  /** Whether there was something to give up. */
  #giveUp(): boolean {
    if (this.#kept === undefined) return false;
    const { path } = this.#kept;
    const size = this.#sizeOf(path);
    if (size <= stepBytes) {
      const isThere = this.#files.stat(path) !== undefined;
      this.#files.remove(path);
      return isThere;
    }
    this.#write(path, (file) => file.truncate(size - stepBytes));
    return true;
  }

  #write(path: string, change: (file: OpenFile) => void): void {
    const file = this.#files.open(path, "append");
    try {
      change(file);
    } finally {
      file.close();
    }
  }
}
