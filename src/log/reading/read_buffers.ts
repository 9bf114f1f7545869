// Memory for what is read from files, used again and again.
//
//   take --> being filled --hold--> held, by one or several --the last release--> spare --> take
//                     \--never held, or not by all released--> garbage, like any other array
//
// What is not kept spare is freed there and then, a large array always: the collector may take its
// time, and clients do not.
// Invariant: a buffer is spare only when everybody who held it has let go. To forget a release is
// safe, then; to release twice is not, and throws where it can be seen.

import { freeMemory } from "../../base/free_memory.ts";
import { SpareBuffers } from "../../base/spare_buffers.ts";

/** Capacities are between these. Smaller arrays are not tracked, larger not kept. */
const bufferBytesMin = 32 * 1024;
export const bufferBytesMax = 4 * 1024 * 1024;
const powersBytesMax = 1024 * 1024;
const stepBytes = 256 * 1024;

export class ReadBuffers {
  /** Of every buffer from here, by how many it is held. */
  readonly #holders = new WeakMap<ArrayBufferLike, number>();
  readonly #spare: SpareBuffers;

  constructor(spareBytesMax: number) {
    this.#spare = new SpareBuffers(spareBytesMax);
  }

  /** Bytes that wait to be used again. */
  get spareBytes(): number {
    return this.#spare.bytes;
  }

  /** As {@link SpareBuffers.sweep}. */
  sweep(): void {
    this.#spare.sweep();
  }

  /** `length` bytes with anything in them. */
  take(length: number): Uint8Array<ArrayBuffer> {
    if (length < bufferBytesMin) return new Uint8Array(length);
    if (length > bufferBytesMax) {
      const large = new Uint8Array(length);
      this.#holders.set(large.buffer, 0);
      return large;
    }
    const buffer = this.#spare.take(capacityFor(length));
    this.#holders.set(buffer, 0);
    return new Uint8Array(buffer, 0, length);
  }

  /** Somebody goes on needing what is in the buffer of `bytes`, until they {@link release} it. */
  hold({ buffer }: Uint8Array): void {
    const holders = this.#holders.get(buffer);
    if (holders !== undefined) this.#holders.set(buffer, holders + 1);
  }

  /** One of those who held the buffer of `bytes` no longer needs it. Others' arrays are ignored. */
  release({ buffer }: Uint8Array): void {
    const holders = this.#holders.get(buffer);
    if (holders === undefined) return;
    if (holders === 0) throw new Error("a read buffer was released more often than held");
    this.#holders.set(buffer, holders - 1);
    if (holders > 1) return;
    if (buffer.byteLength > bufferBytesMax) freeMemory(buffer);
    else this.#spare.put(buffer as ArrayBuffer);
  }
}

/**
 * The size of the buffer that `length` bytes get: a power of two up to a mebibyte. Beyond it is
 * near to the length: what is read is often a large batch and a bit, and holds all of its buffer.
 */
export function capacityFor(length: number): number {
  if (length > powersBytesMax) return Math.ceil(length / stepBytes) * stepBytes;
  return 2 ** Math.ceil(Math.log2(length));
}
