// Bytes that grow at their end: what a file in memory holds.
//
//   chunks of 64 KiB | ... | the last one, 1 KiB and doubling until it is whole
//
// A copy shares its chunks with what it was copied from until either writes into one.
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
  /** Of so many chunks from the first on, somebody else may have the same. */
  #sharedChunks = 0;

  get size(): number {
    return this.#size;
  }

  /** The same bytes, which may change without these. */
  copy(): MemoryContent {
    const copied = new MemoryContent();
    copied.#chunks = this.#chunks.slice();
    copied.#size = this.#size;
    copied.#sharedChunks = this.#sharedChunks = this.#chunks.length;
    return copied;
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
      const chunk = this.#own(Math.floor((position + done) / chunkBytes));
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
    this.#sharedChunks = Math.min(this.#sharedChunks, this.#chunks.length);
    this.#size = size;
  }

  /** The last chunk, with room for `length` bytes or grown to be whole. */
  #writable(length: number): Uint8Array<ArrayBuffer> {
    const index = Math.floor(this.#size / chunkBytes);
    const chunk = this.#chunks[index];
    const fits = chunk !== undefined && chunk.length >= Math.min(length, chunkBytes);
    if (fits) return this.#own(index);
    let capacity = Math.max(firstChunkBytes, (chunk?.length ?? 0) * 2);
    if (index > 0) capacity = chunkBytes;
    while (capacity < length && capacity < chunkBytes) capacity *= 2;
    const grown = new Uint8Array(Math.min(capacity, chunkBytes));
    if (chunk !== undefined) grown.set(chunk);
    this.#chunks[index] = grown;
    this.#sharedChunks = Math.min(this.#sharedChunks, index);
    return grown;
  }

  /** Chunk `index`, which nobody else has from now on. */
  #own(index: number): Uint8Array<ArrayBuffer> {
    const chunk = itemAt(this.#chunks, index);
    if (index >= this.#sharedChunks) return chunk;
    // Those behind it are copied with it: who shares is written to at its end, or not at all.
    for (let i = index; i < this.#sharedChunks; i++) {
      this.#chunks[i] = itemAt(this.#chunks, i).slice();
    }
    this.#sharedChunks = index;
    return itemAt(this.#chunks, index);
  }
}
