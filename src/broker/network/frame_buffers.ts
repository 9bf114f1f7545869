// The memory in which connections receive, claimed from the budget before it is there:
//
//   up to 32 KiB   every connection may have, claimed by none
//   256 KiB        a busy one, if the share for buffers has room; nobody waits for it
//   a frame        a larger one, as a whole, once the share for frames has room: in turn
//
// Invariant: who waits for a frame's memory holds none of that share, so that whoever holds some
// has all that it takes to receive to the end. Buffers of a few sizes are used again. A frame
// of many megabytes, claimed as it is, has memory made as it comes: its length alone, which costs
// who sends it four bytes, has none touched.

import { freeMemory } from "../../base/free_memory.ts";
import type { MemoryShare, MemoryWait } from "../../base/memory_share.ts";
import { SpareBuffers } from "../../base/spare_buffers.ts";

export const idleBytes = 2 * 1024;
export const freeBytes = 32 * 1024;
export const busyBytes = 256 * 1024;
/** Larger ones are made to measure. */
const pooledBytesMax = 4 * 1024 * 1024;
const spareBytesMax = 16 * 1024 * 1024;
/** What a frame that is made to measure begins in. */
const firstBytes = 1024 * 1024;
/** How many times what has come its next buffer may be: an eighth of a frame is copied, in all. */
const growth = 8;

/** A buffer and what was claimed for it. */
export interface FrameBuffer {
  bytes: Uint8Array<ArrayBuffer>;
  readonly claimed: number;
  readonly share: MemoryShare | undefined;
  /** Whether it is there for one frame. */
  readonly isForFrame: boolean;
}

/** A buffer that comes later, unless the wait is cancelled: then undefined. */
export interface FrameBufferWait {
  readonly granted: Promise<FrameBuffer | undefined>;
  readonly cancel: () => void;
}

/** Of all connections together. */
export class FrameBuffers {
  readonly #shares: { readonly buffers: MemoryShare; readonly frames: MemoryShare };
  readonly #spare = new SpareBuffers(spareBytesMax);

  constructor(shares: { readonly buffers: MemoryShare; readonly frames: MemoryShare }) {
    this.#shares = shares;
  }

  /** A small one, which costs nobody anything. */
  unclaimed(bytes: number): FrameBuffer {
    return { bytes: new Uint8Array(bytes), claimed: 0, share: undefined, isForFrame: false };
  }

  /** One for a busy connection; undefined where there is no room for it. */
  busy(): FrameBuffer | undefined {
    const { buffers } = this.#shares;
    if (!buffers.tryTake(busyBytes)) return undefined;
    const bytes = this.#make(busyBytes);
    return { bytes, claimed: busyBytes, share: buffers, isForFrame: false };
  }

  /** One that a frame of `length` bytes begins in, and fits in once it was let {@link grow}. */
  forFrame(length: number): FrameBuffer | FrameBufferWait {
    const { frames } = this.#shares;
    const claimed = capacityFor(length);
    const make = () => {
      const bytes = this.#make(claimed > pooledBytesMax ? firstBytes : claimed);
      return { bytes, claimed, share: frames, isForFrame: true };
    };
    const wait: MemoryWait | undefined = frames.take(claimed);
    if (wait === undefined) return make();
    const granted = wait.granted.then((isGranted) => isGranted ? make() : undefined);
    return { granted, cancel: wait.cancel };
  }

  /** Of a frame's buffer that is full: it has more of what was claimed for it. */
  grow(buffer: FrameBuffer): void {
    const { bytes, claimed } = buffer;
    buffer.bytes = this.#make(Math.min(claimed, growth * bytes.length));
    buffer.bytes.set(bytes);
    this.#putAside(bytes.buffer);
  }

  /** Whether a frame so long can ever be received. */
  isTooLarge(length: number): boolean {
    return length > busyBytes && capacityFor(length) > this.#shares.frames.bytesMax;
  }

  /** Nobody looks at `buffer` any more, or somebody goes on to, who may keep its bytes. */
  release({ bytes, claimed, share }: FrameBuffer, o: { isKept: boolean }): void {
    if (share === undefined) return;
    if (!o.isKept) this.#putAside(bytes.buffer);
    share.give(claimed);
  }

  /** As {@link SpareBuffers.sweep}. */
  sweep(): void {
    this.#spare.sweep();
  }

  #make(capacity: number): Uint8Array<ArrayBuffer> {
    return new Uint8Array(this.#spare.take(capacity));
  }

  #putAside(buffer: ArrayBuffer): void {
    if (buffer.byteLength > pooledBytesMax) freeMemory(buffer);
    else this.#spare.put(buffer);
  }
}

/** A power of two up to a bound, so that buffers fit others. */
function capacityFor(length: number): number {
  if (length > pooledBytesMax) return length;
  return Math.max(busyBytes, 2 ** Math.ceil(Math.log2(length)));
}
