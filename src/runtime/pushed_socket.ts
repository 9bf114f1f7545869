// A Socket over a transport that pushes what it receives (Bun's handlers, Node's events), as Web
// Streams. The adapter calls onData, onEnd, onClosed; reading, back-pressure and the end of things
// are settled here once.
//
//   transport --onData--> queue (pause when full, resume at half) --> reader's own buffer
//   writer --one chunk at a time--> transport.write, which settles when the kernel has it all
//
//   open --onEnd--> read side ended --writer closes--> released
//     |                                                    ^
//     +---- close(), onClosed, a failed write -------------+
//
// Invariant: after release the transport is never called again, and every pending read or write has
// been settled.

import { PlatformFault } from "../base/faults.ts";
import type { Address, Socket } from "./ports.ts";
import { platformFault } from "./platform_faults.ts";
import { addressText } from "./socket_address.ts";

/** What the adapter gives: one TCP connection of its runtime. */
export interface Transport {
  /** Settles when the kernel has all of `bytes`; rejects when it never will. */
  write(bytes: Uint8Array): Promise<void> | undefined;
  /** Closes the sending side: the peer reads an end. */
  end(): void;
  pause(): void;
  resume(): void;
  /** Closes both sides at once and frees the descriptor. */
  destroy(): void;
}

/** Received bytes that wait for a reader before the transport is told to pause. */
const queuedBytesMax = 512 * 1024;

/** Buffer for a reader that brings none. */
const chunkBytes = 64 * 1024;

/** A connection whose adapter pushes. */
export class PushedSocket implements Socket {
  readonly readable: ReadableStream<Uint8Array>;
  readonly writable: WritableStream<Uint8Array>;
  readonly local: Address;
  readonly remote: Address;
  readonly #transport: Transport;
  readonly #queue: Uint8Array[] = [];
  #queuedBytes = 0;
  #paused = false;
  #reader: ReadableByteStreamController | undefined;
  #writer: WritableStreamDefaultController | undefined;
  /** Set once nothing more will be received; a fault when that was no orderly end. */
  #received: "end" | PlatformFault | undefined;
  #readEnded = false;
  #writeEnded = false;
  #released = false;
  #failWrite: ((fault: PlatformFault) => void) | undefined;

  constructor(transport: Transport, addresses: { local: Address; remote: Address }) {
    this.#transport = transport;
    this.local = addresses.local;
    this.remote = addresses.remote;
    this.readable = new ReadableStream({
      type: "bytes",
      autoAllocateChunkSize: chunkBytes,
      start: (controller) => {
        this.#reader = controller;
      },
      pull: () => this.#deliver(),
      cancel: () => {
        this.#queue.length = 0;
        this.#queuedBytes = 0;
        this.#endRead();
      },
    });
    this.writable = new WritableStream({
      start: (controller) => {
        this.#writer = controller;
      },
      write: (chunk) => this.#write(chunk),
      close: () => this.#endWrite(),
      abort: () => this.close(),
    });
  }

  /** Bytes came; they are ours from now on. */
  onData(bytes: Uint8Array): void {
    if (this.#readEnded || bytes.length === 0) return;
    this.#queue.push(bytes);
    this.#queuedBytes += bytes.length;
    this.#deliver();
    if (this.#queuedBytes >= queuedBytesMax && !this.#paused && !this.#released) {
      this.#paused = true;
      this.#transport.pause();
    }
  }

  /** The peer closed its side. */
  onEnd(): void {
    this.#received ??= "end";
    this.#deliver();
  }

  /** The connection is gone, both sides; `error` when it did not end in order. */
  onClosed(error?: unknown): void {
    const attempt = `read from ${addressText(this.remote)}`;
    this.#received ??= error ? platformFault(attempt, error) : "end";
    this.#release();
    this.#stopWriting(
      error ? platformFault(`write to ${addressText(this.remote)}`, error) : this.#closedFault(),
    );
    this.#deliver();
  }

  close(): void {
    if (!this.#released) {
      this.#release();
      this.#transport.destroy();
    }
    this.#stopWriting(this.#closedFault());
    this.#queue.length = 0;
    this.#queuedBytes = 0;
    this.#received = "end";
    this.#deliver();
  }

  /** Hands queued bytes to whoever reads; then the end, when it is due. */
  #deliver(): void {
    const reader = this.#reader;
    if (reader === undefined || this.#readEnded) return;
    while (this.#queue.length > 0) {
      const request = reader.byobRequest;
      const view = request?.view as Uint8Array | null | undefined;
      if (!request || !view) return;
      request.respond(this.#fill(view));
      this.#resumeWhenLow();
    }
    if (this.#received !== undefined && !this.#readEnded) this.#finishRead(reader);
  }

  #fill(view: Uint8Array): number {
    let done = 0;
    while (done < view.length && this.#queue.length > 0) {
      const first = this.#queue[0];
      const count = Math.min(first.length, view.length - done);
      view.set(count === first.length ? first : first.subarray(0, count), done);
      if (count === first.length) this.#queue.shift();
      else this.#queue[0] = first.subarray(count);
      done += count;
    }
    this.#queuedBytes -= done;
    return done;
  }

  /** Not before the request is answered: a transport may push before `resume` returns. */
  #resumeWhenLow(): void {
    if (!this.#paused || this.#queuedBytes > queuedBytesMax / 2 || this.#released) return;
    this.#paused = false;
    this.#transport.resume();
  }

  #finishRead(reader: ReadableByteStreamController): void {
    this.#endRead();
    if (this.#received instanceof PlatformFault) return reader.error(this.#received);
    reader.close();
    reader.byobRequest?.respond(0);
  }

  #endRead(): void {
    this.#readEnded = true;
    if (this.#writeEnded) this.#destroy();
  }

  #write(chunk: Uint8Array): Promise<void> | void {
    if (this.#released) throw this.#closedFault();
    const written = this.#transport.write(chunk);
    if (written === undefined) return;
    return new Promise((resolve, reject) => {
      this.#failWrite = reject;
      written.then(resolve, (error) => {
        reject(platformFault(`write to ${addressText(this.remote)}`, error));
        this.close();
      });
    });
  }

  #endWrite(): void {
    this.#writeEnded = true;
    if (this.#released) return;
    if (this.#readEnded) this.#destroy();
    else this.#transport.end();
  }

  #stopWriting(fault: PlatformFault): void {
    this.#failWrite?.(fault);
    if (!this.#writeEnded) this.#writer?.error(fault);
  }

  #destroy(): void {
    if (this.#released) return;
    this.#release();
    this.#transport.destroy();
  }

  #release(): void {
    this.#released = true;
  }

  #closedFault(): PlatformFault {
    return new PlatformFault(
      "Closed",
      `cannot write to ${addressText(this.remote)}: the connection is closed`,
    );
  }
}
