// What cold readers will want next. A consumer that replays old records asks for about a hundred
// kilobytes at a time, and an asynchronous read costs about as much for a megabyte: so a reader
// that goes on where it stopped reads several requests' worth, and the rest waits here.
//
//   segment, position --> |given out|      kept      |
//
// Invariant: all that is kept, over all logs that share it, is at most `bytesMax`; what was used
// least recently goes first, and what nobody has used for some sweeps goes as well.

import { bufferBytesMax, capacityFor, ReadBuffers } from "./read_buffers.ts";
import type { Segment } from "../segment/segment.ts";

/** How much more than asked for is read. */
const aheadFactor = 8;
/** A consumer that has not come back after so many is gone, or slow enough to wait for a disk. */
const sweepsMax = 5;

/** Bytes of a segment that have been read. */
interface Chunk {
  readonly segment: Segment;
  readonly position: number;
  readonly bytes: Uint8Array;
  /** The sweeps that there had been when it was used last. */
  usedAt: number;
}

/** How much to read for a sequential reader that asked for `wanted` bytes. */
export function aheadBytes(wanted: number): number {
  return Math.max(wanted, Math.min(capacityFor(wanted * aheadFactor), bufferBytesMax));
}

/** Chunks that were read ahead, shared by logs. */
export class ReadAhead {
  /** Where readers take the memory for what they read, whether it is kept here or not. */
  readonly buffers: ReadBuffers;
  readonly #bytesMax: number;
  /** Least recently used first. */
  #chunks: Chunk[] = [];
  #bytes = 0;
  #sweeps = 0;

  constructor(bytesMax: number) {
    this.#bytesMax = bytesMax;
    this.buffers = new ReadBuffers(bytesMax / 2);
  }

  /** Bytes held. */
  get size(): number {
    return this.#bytes;
  }

  /** Whether what lies at `position` is kept. */
  has(segment: Segment, position: number): boolean {
    return this.#indexAt(segment, position) >= 0;
  }

  /** `wanted` bytes or more from `position` on, or all up to the segment's end; else undefined. */
  get(segment: Segment, position: number, wanted: number): Uint8Array | undefined {
    const index = this.#indexAt(segment, position);
    const [chunk] = index < 0 ? [] : this.#chunks.splice(index, 1);
    if (chunk === undefined) return undefined;
    const bytes = chunk.bytes.subarray(position - chunk.position);
    if (bytes.length < wanted && position + bytes.length < segment.size) {
      // Too short to answer with: the next read replaces it.
      this.#drop(chunk);
      return undefined;
    }
    chunk.usedAt = this.#sweeps;
    this.#chunks.push(chunk);
    return bytes;
  }

  /** Keeps what was read at `position` of `segment`. */
  put(segment: Segment, position: number, bytes: Uint8Array): void {
    if (bytes.length > this.#bytesMax) return;
    this.buffers.hold(bytes);
    this.#chunks.push({ segment, position, bytes, usedAt: this.#sweeps });
    this.#bytes += bytes.length;
    while (this.#bytes > this.#bytesMax) this.#drop(this.#chunks.shift()!);
  }

  /** The bytes of these segments are not what they were. */
  forget(segments: readonly Segment[]): void {
    const chunks = this.#chunks;
    this.#chunks = [];
    for (const chunk of chunks) {
      if (segments.includes(chunk.segment)) this.#drop(chunk);
      else this.#chunks.push(chunk);
    }
  }

  /** To be called now and then: what nobody has used for long goes, spare memory too. */
  sweep(): void {
    this.#sweeps++;
    for (let [oldest] = this.#chunks; oldest !== undefined; [oldest] = this.#chunks) {
      if (this.#sweeps - oldest.usedAt < sweepsMax) break;
      this.#chunks.shift();
      this.#drop(oldest);
    }
    this.buffers.sweep();
  }

  #indexAt(segment: Segment, position: number): number {
    return this.#chunks.findIndex((chunk) =>
      chunk.segment === segment && position >= chunk.position &&
      position < chunk.position + chunk.bytes.length
    );
  }

  /** It is not in the list any more. */
  #drop({ bytes }: Chunk): void {
    this.#bytes -= bytes.length;
    this.buffers.release(bytes);
  }
}
