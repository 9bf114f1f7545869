// Chunks on their way to a socket, in order: one write at a time, small ones joined with their
// neighbours. What is added while a write is under way leaves with the next one.
//
//   add --> waiting --flush--> join --> write, in parts --> onLeft
//                               |
//                               +--> onReleased: sent, copied into another, or given up
//
// Invariant: each chunk that was added is released once and each of its bytes has left once,
// whatever becomes of the socket; after a write that failed, or `end`, nothing is written any more.

import { concatBytes } from "./bytes.ts";
import { type Chunk, type FilePart, isInMemory, type PartRange } from "./file_part.ts";

/** Chunks shorter than this are joined, up to as many bytes as a small write has. */
const joinBytesMax = 16 * 1024;
const joinedBytesMax = 64 * 1024;

/** A large chunk is written in parts, so that one sees whether the peer takes anything. */
const partBytes = 1024 * 1024;

export interface SendQueueOptions {
  /** One write at a time; undefined when it is done at once. */
  readonly write: (bytes: Uint8Array) => Promise<void> | undefined;
  /** The same of what lies in a file; absent: nothing of that kind is added. */
  readonly writeFilePart?: (part: FilePart, range: PartRange) => Promise<void> | undefined;
  /** So many bytes are not held any more: sent, or given up. */
  readonly onLeft?: (bytes: number) => void;
  /** Nobody here looks at this chunk any more. */
  readonly onReleased?: (chunk: Chunk) => void;
  /** A write failed: the last word of this queue. */
  readonly onFailed: (error: unknown) => void;
}

/** What waits for one socket. */
export class SendQueue {
  readonly #options: SendQueueOptions;
  #waiting: Chunk[] = [];
  /** How many of those that wait are done with. */
  #taken = 0;
  #bytes = 0;
  /** The chunk that is being written, how far it is, and whether it was joined here. */
  #chunk: Chunk | undefined;
  #position = 0;
  #isJoined = false;
  #isWriting = false;
  #isEnded = false;
  #drained: PromiseWithResolvers<void> | undefined;

  constructor(options: SendQueueOptions) {
    this.#options = options;
  }

  /** Bytes that were added and have not left. */
  get bytes(): number {
    return this.#bytes;
  }

  /** Puts a chunk behind the others; it leaves with the next {@link flush}, if not before. */
  add(chunk: Chunk): void {
    if (this.#isEnded || chunk.length === 0) {
      this.#options.onReleased?.(chunk);
      return;
    }
    // Most leave alone, and a literal has room for no more.
    if (this.#waiting.length === 0) this.#waiting = [chunk];
    else this.#waiting.push(chunk);
    this.#bytes += chunk.length;
  }

  /** Begins to write what waits, unless a write is under way: then it goes on behind that. */
  flush(): void {
    if (!this.#isWriting) this.#write();
  }

  /** Resolves once everything has left, or the queue has ended. Writes what waits. */
  drained(): Promise<void> {
    this.flush();
    if (this.#bytes === 0) return Promise.resolve();
    this.#drained ??= Promise.withResolvers();
    return this.#drained.promise;
  }

  /** Gives up what has not left. */
  end(): void {
    if (this.#isEnded) return;
    this.#isEnded = true;
    this.#options.onLeft?.(this.#bytes);
    this.#bytes = 0;
    // One that is being written is the kernel's until that write has settled.
    if (!this.#isWriting) this.#releaseChunk();
    const waiting = this.#waiting.splice(0).slice(this.#taken);
    for (const chunk of waiting) this.#options.onReleased?.(chunk);
    this.#drained?.resolve();
  }

  #write(): void {
    for (;;) {
      const chunk = this.#chunk ??= this.#nextChunk();
      if (chunk === undefined) return;
      let written: Promise<void> | undefined;
      try {
        written = this.#writePart(chunk);
      } catch (error) {
        return this.#fail(error);
      }
      if (written !== undefined) {
        this.#isWriting = true;
        written.then(this.#onSettled, this.#onRejected);
        return;
      }
      this.#advance();
    }
  }

  readonly #onSettled = (): void => {
    this.#isWriting = false;
    if (this.#isEnded) return this.#releaseChunk();
    this.#advance();
    this.#write();
  };

  readonly #onRejected = (error: unknown): void => {
    this.#isWriting = false;
    this.#fail(error);
  };

  #fail(error: unknown): void {
    this.#releaseChunk();
    if (this.#isEnded) return;
    this.end();
    this.#options.onFailed(error);
  }

  #writePart(chunk: Chunk): Promise<void> | undefined {
    const from = this.#position;
    const bytes = Math.min(partBytes, chunk.length - from);
    if (!isInMemory(chunk)) return this.#options.writeFilePart?.(chunk, { from, bytes });
    const part = bytes === chunk.length ? chunk : chunk.subarray(from, from + bytes);
    return this.#options.write(part);
  }

  /** What {@link #writePart} wrote has left. */
  #advance(): void {
    const chunk = this.#chunk!;
    const end = Math.min(chunk.length, this.#position + partBytes);
    const bytes = end - this.#position;
    this.#position = end;
    this.#bytes -= bytes;
    this.#options.onLeft?.(bytes);
    if (end === chunk.length) this.#releaseChunk();
    if (this.#bytes > 0) return;
    this.#drained?.resolve();
    this.#drained = undefined;
  }

  #releaseChunk(): void {
    const chunk = this.#chunk;
    this.#chunk = undefined;
    this.#position = 0;
    if (chunk !== undefined && !this.#isJoined) this.#options.onReleased?.(chunk);
  }

  /** The next one that waits, or as many small ones as a small write has room for. */
  #nextChunk(): Chunk | undefined {
    const waiting = this.#waiting;
    const from = this.#taken;
    let to = from;
    let bytes = 0;
    while (bytes < joinedBytesMax) {
      const next = waiting[to];
      if (next === undefined || next.length >= joinBytesMax || !isInMemory(next)) break;
      bytes += next.length;
      to++;
    }
    this.#isJoined = to > from + 1;
    const chunk = this.#isJoined ? this.#join(waiting.slice(from, to)) : waiting[from];
    this.#taken = Math.max(to, from + 1);
    if (waiting.length === 1) {
      // Its room is used again.
      waiting.pop();
      this.#taken = 0;
    } else if (this.#taken >= waiting.length) {
      this.#waiting = [];
      this.#taken = 0;
    }
    return chunk;
  }

  #join(chunks: readonly Chunk[]): Uint8Array {
    const joined = concatBytes(chunks);
    for (const chunk of chunks) this.#options.onReleased?.(chunk);
    return joined;
  }
}
