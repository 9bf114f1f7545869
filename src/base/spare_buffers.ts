// Memory that waits to be used again: of a fresh megabyte, the first touch of its pages and its
// collection cost more than what is put into it.
//
//   put --> |the longest here ... the newest| --> take: the newest of its size
//              | for want of room, or here since some sweeps ago
//              v
//            freed
//
// So what a load needs goes round at the newer end, and what it needed a while ago goes.
// Invariant: no more than `bytesMax` wait, and none for longer than `sweepsMax` sweeps.

import { freeMemory } from "./free_memory.ts";

/** With a sweep each two seconds a load may pause for some. */
const sweepsMax = 5;

interface Spare {
  readonly buffer: ArrayBuffer;
  /** The sweeps that there had been when it came. */
  readonly since: number;
}

export class SpareBuffers {
  readonly #bytesMax: number;
  /** The longest here first. */
  readonly #spare: Spare[] = [];
  #bytes = 0;
  #sweeps = 0;

  constructor(bytesMax: number) {
    this.#bytesMax = bytesMax;
  }

  /** Bytes that wait. */
  get bytes(): number {
    return this.#bytes;
  }

  /** A buffer of just this size, with anything in it. */
  take(bytes: number): ArrayBuffer {
    const index = this.#spare.findLastIndex(({ buffer }) => buffer.byteLength === bytes);
    const [found] = index < 0 ? [] : this.#spare.splice(index, 1);
    if (found === undefined) return new ArrayBuffer(bytes);
    this.#bytes -= bytes;
    return found.buffer;
  }

  /** Nobody looks at `buffer` any more. */
  put(buffer: ArrayBuffer): void {
    if (buffer.byteLength > this.#bytesMax) return freeMemory(buffer);
    this.#spare.push({ buffer, since: this.#sweeps });
    this.#bytes += buffer.byteLength;
    while (this.#bytes > this.#bytesMax) this.#freeOldest();
  }

  /** To be called now and then: what nobody has taken for long is freed. */
  sweep(): void {
    this.#sweeps++;
    for (let [oldest] = this.#spare; oldest !== undefined; [oldest] = this.#spare) {
      if (this.#sweeps - oldest.since < sweepsMax) return;
      this.#freeOldest();
    }
  }

  #freeOldest(): void {
    const oldest = this.#spare.shift();
    if (oldest === undefined) return;
    this.#bytes -= oldest.buffer.byteLength;
    freeMemory(oldest.buffer);
  }
}
