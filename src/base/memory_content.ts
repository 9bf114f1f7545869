// Bytes that grow at their end: what a file in memory holds.
//
//   chunks of 64 KiB | ... | the last one, 1 KiB and doubling until it is whole
//
// Invariant: chunk i holds bytes [i * 64 KiB, (i + 1) * 64 KiB); only the last one may be shorter,
// so an append copies each byte at most a constant number of times, and what is small stays small.

import { itemAt } from "./items.ts";

const chunkBytes = 64 * 1024;
const firstChunkBytes = 1024;

/** The bytes of a file that grows at its end. */
export class MemoryContent {
  #chunks: Uint8Array<ArrayBuffer>[] = [];
  #size = 0;

  get size(): number {
    return this.#size;
  }

  append(bytes: Uint8Array): void {
    for (let done = 0; done < bytes.length;) {
      const within = this.#size % chunkBytes;
      const chunk = this.#writable(within + bytes.length - done);
      const count = Math.min(chunk.length - within, bytes.length - done);
      chunk.set(bytes.subarray(done, done + count), within);
      done += count;
      this.#size += count;
    }
  }

  readAt(position: number, into: Uint8Array): number {
    const length = Math.max(0, Math.min(into.length, this.#size - position));
    for (let done = 0; done < length;) {
      const chunk = itemAt(this.#chunks, Math.floor((position + done) / chunkBytes));
      const within = (position + done) % chunkBytes;
      const count = Math.min(chunkBytes - within, length - done);
      into.set(chunk.subarray(within, within + count), done);
      done += count;
    }
    return length;
  }

  /** Overwrites or extends from `position` on; a gap before it reads as zeros. */
  writeAt(position: number, bytes: Uint8Array): void {
    if (position > this.#size) this.truncate(position);
    const inside = Math.min(bytes.length, this.#size - position);
    for (let done = 0; done < inside;) {
      const chunk = itemAt(this.#chunks, Math.floor((position + done) / chunkBytes));
      const within = (position + done) % chunkBytes;
      const count = Math.min(chunkBytes - within, inside - done);
      chunk.set(bytes.subarray(done, done + count), within);
      done += count;
    }
    this.append(bytes.subarray(inside));
  }

  /** Cuts, or grows with zeros. */
  truncate(size: number): void {
    while (this.#size < size) {
      this.append(new Uint8Array(Math.min(chunkBytes, size - this.#size)));
    }
    this.#chunks.length = Math.ceil(size / chunkBytes);
    this.#size = size;
  }

  /** The last chunk, with room for `length` bytes or grown to be whole. */
  #writable(length: number): Uint8Array<ArrayBuffer> {
    const index = Math.floor(this.#size / chunkBytes);
    const chunk = this.#chunks[index];
    if (chunk !== undefined && chunk.length >= Math.min(length, chunkBytes)) return chunk;
    let capacity = Math.max(firstChunkBytes, (chunk?.length ?? 0) * 2);
    if (index > 0) capacity = chunkBytes;
    while (capacity < length && capacity < chunkBytes) capacity *= 2;
    const grown = new Uint8Array(Math.min(capacity, chunkBytes));
    if (chunk !== undefined) grown.set(chunk);
    this.#chunks[index] = grown;
    return grown;
  }
}
