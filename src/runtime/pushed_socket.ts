// A Socket over a transport that pushes what it receives (Bun's handlers, Node's events). The
// adapter calls onData, onEnd, onClosed; reading, back-pressure and the end of things are settled
// here once.
//
//   transport --onData--> who waits for it, or a queue (pause when full, resume at half)
//   writer --one write at a time--> transport.write, which settles when the kernel has it all
//
// What is pushed lies in memory of its own, and is copied to where the reader wants it. So where a
// transport can be asked as well, it is, from a large push on for as long as the kernel has more:
//
//   pushed --much at once--> asked once a turn, straight into the reader's memory; paused meanwhile
//          <--it has nothing, or nobody reads--
//
//   open --onEnd--> read side ended --writer closes--> released
//     |                                                    ^
//     +---- close(), onClosed, a failed write -------------+
//
// Invariant: after release the transport is never called again, and every pending read or write has
// been settled.

import { formatAddress } from "../base/address.ts";
import { assert } from "../base/assert.ts";
import { PlatformFault } from "../base/faults.ts";
import type { SendFile } from "../base/file_part.ts";
import type { Address, Receiver, Socket } from "./ports.ts";
import { platformFault } from "./platform_faults.ts";

/** What the adapter gives: one TCP connection of its runtime. */
export interface Transport {
  /** Settles when the kernel has all of `bytes`; rejects when it never will. */
  write(bytes: Uint8Array): Promise<void> | undefined;
  /** Closes the sending side: the peer reads an end. */
  end(): void;
  pause(): void;
  resume(): void;
  /** Absent: it can only push. */
  readonly kernel?: Kernel | undefined;
  /** As `Socket.sendFile`. */
  readonly sendFile?: SendFile | undefined;
  /** Nobody needs what was pushed any more: absent, it is left to the collector. */
  free?(pushed: Uint8Array): void;
  /** Whether the process lives on for as long as the connection does. */
  hold(isHeld: boolean): void;
  /** Closes both sides at once and frees the descriptor. */
  destroy(): void;
}

/** The kernel's end of a connection, asked without a wait. */
export interface Kernel {
  /** What it has by now, as far as that fits; 0: nothing, or no more at all: a push will tell. */
  take(into: Uint8Array<ArrayBuffer>): number;
  /** Calls `run` in the next turn of the event loop. */
  soon(run: () => void): void;
}

/** Received bytes that wait for a reader before the transport is told to pause. */
const queuedBytesMax = 512 * 1024;

/** Of so much at once there is likely to be more: Bun reads 512 KiB at most, and others less. */
const largePushBytes = 500 * 1024;

const nowhere = new Uint8Array(0);

/** A connection whose adapter pushes. */
export class PushedSocket implements Socket {
  readonly local: Address;
  readonly remote: Address;
  readonly closed: Promise<void>;
  readonly #transport: Transport;
  readonly #onReleased: () => void;
  readonly #queue: Uint8Array[] = [];
  #queuedBytes = 0;
  #paused = false;
  /** Whether the kernel is asked. */
  #isAsking = false;
  /** Who waits for bytes, and where it wants them. */
  #receiver: Receiver | undefined;
  #into: Uint8Array<ArrayBuffer> = nowhere;
  /** Rejects the write that is under way. */
  #failWrite: ((fault: PlatformFault) => void) | undefined;
  /** Set once nothing more will be received; a fault when that was no orderly end. */
  #received: "end" | PlatformFault | undefined;
  #readEnded = false;
  #writeEnded = false;
  #released = false;

  constructor(transport: Transport, addresses: { local: Address; remote: Address }) {
    this.#transport = transport;
    this.local = addresses.local;
    this.remote = addresses.remote;
    ({ promise: this.closed, resolve: this.#onReleased } = Promise.withResolvers<void>());
  }

  read(into: Uint8Array<ArrayBuffer>): Promise<number | null> {
    return new Promise((resolve, reject) => {
      this.receive(into, { onReceived: resolve, onBroken: reject });
    });
  }

  receive(into: Uint8Array<ArrayBuffer>, receiver: Receiver): void {
    assert(this.#receiver === undefined, "one read at a time");
    this.#receiver = receiver;
    this.#into = into;
    const isDue = this.#queuedBytes > 0 || this.#received !== undefined;
    if (isDue) Promise.resolve().then(this.#deliverDue);
    else if (this.#isAsking) this.#transport.kernel?.soon(this.#ask);
  }

  holdProcess(isHeld: boolean): void {
    if (!this.#released) this.#transport.hold(isHeld);
  }

  /** What is pushed is heard of without being asked for. */
  watch(): void {
    this.#endAsking();
  }

  write(bytes: Uint8Array): Promise<void> | undefined {
    assert(this.#failWrite === undefined, "one write at a time");
    if (this.#released || this.#writeEnded) return Promise.reject(this.#closedFault());
    const written = this.#transport.write(bytes);
    if (written === undefined) return undefined;
    return new Promise((resolve, reject) => {
      this.#failWrite = (fault) => {
        this.#failWrite = undefined;
        reject(fault);
      };
      written.then(() => {
        this.#failWrite = undefined;
        resolve();
      }, (error) => {
        this.#failWrite?.(platformFault(`write to ${formatAddress(this.remote)}`, error));
        this.close();
      });
    });
  }

  /** A failure is left for the next write to find. */
  get sendFile(): SendFile | undefined {
    return this.#transport.sendFile && this.#sendFile;
  }

  readonly #sendFile: SendFile = (file, at) => {
    assert(this.#failWrite === undefined, "one write at a time");
    if (this.#released || this.#writeEnded) return 0;
    return this.#transport.sendFile?.(file, at) ?? 0;
  };

  closeWrite(): Promise<void> {
    this.#writeEnded = true;
    if (this.#readEnded) this.#destroy();
    else if (!this.#released) this.#transport.end();
    return Promise.resolve();
  }

  close(): void {
    this.#destroy();
    this.#failWrite?.(this.#closedFault());
    this.#queue.length = 0;
    this.#queuedBytes = 0;
    this.#readEnded = true;
    this.#received = "end";
    this.#deliver();
  }

  /** Bytes came; they are ours from now on. */
  onData(bytes: Uint8Array): void {
    const { length } = bytes;
    if (this.#readEnded || length === 0) return;
    if (length >= largePushBytes) this.#isAsking = this.#transport.kernel !== undefined;
    if (this.#queuedBytes === 0 && length <= this.#into.length) {
      this.#into.set(bytes);
      this.#transport.free?.(bytes);
      this.#takeReceiver()?.onReceived(length);
      return;
    }
    this.#queue.push(bytes);
    this.#queuedBytes += length;
    this.#deliver();
    if (this.#queuedBytes >= queuedBytesMax) this.#pause();
  }

  /** The peer closed its side. */
  onEnd(): void {
    this.#received ??= "end";
    this.#deliver();
  }

  /** The connection is gone, both sides; `error` when it did not end in order. */
  onClosed(error?: unknown): void {
    const attempt = `read from ${formatAddress(this.remote)}`;
    this.#received ??= error ? platformFault(attempt, error) : "end";
    this.#release();
    this.#failWrite?.(
      error ? platformFault(`write to ${formatAddress(this.remote)}`, error) : this.#closedFault(),
    );
    this.#deliver();
  }

  /** Gives who reads what is queued; else the end, when it is due. */
  #deliver(): void {
    if (this.#receiver === undefined) return;
    if (this.#queue.length > 0) {
      const count = this.#fill(this.#into);
      this.#takeReceiver()?.onReceived(count);
      this.#resumeWhenLow();
    } else if (this.#received !== undefined) {
      this.#endRead();
      const receiver = this.#takeReceiver();
      if (this.#received === "end") receiver?.onReceived(null);
      else receiver?.onBroken(this.#received);
    }
  }

  readonly #deliverDue = (): void => this.#deliver();

  /** Whoever waits for bytes waits no more. */
  #takeReceiver(): Receiver | undefined {
    const receiver = this.#receiver;
    this.#receiver = undefined;
    this.#into = nowhere;
    return receiver;
  }

  readonly #ask = (): void => {
    const isDue = this.#isAsking && this.#receiver !== undefined && this.#queuedBytes === 0;
    if (!isDue || this.#released) return;
    const count = this.#transport.kernel?.take(this.#into) ?? 0;
    if (count === 0) return this.#endAsking();
    this.#pause();
    this.#takeReceiver()?.onReceived(count);
  };

  #endAsking(): void {
    this.#isAsking = false;
    this.#resumeWhenLow();
  }

  #pause(): void {
    if (this.#paused || this.#released) return;
    this.#paused = true;
    this.#transport.pause();
  }

  #fill(into: Uint8Array): number {
    let done = 0;
    while (done < into.length) {
      const first = this.#queue[0];
      if (first === undefined) break;
      const count = Math.min(first.length, into.length - done);
      into.set(count === first.length ? first : first.subarray(0, count), done);
      done += count;
      if (count < first.length) this.#queue[0] = first.subarray(count);
      else {
        this.#queue.shift();
        this.#transport.free?.(first);
      }
    }
    this.#queuedBytes -= done;
    return done;
  }

  /** Not before who waits has its bytes: a transport may push before `resume` returns. */
  #resumeWhenLow(): void {
    const isLow = this.#queuedBytes <= queuedBytesMax / 2 && !this.#isAsking;
    if (!this.#paused || !isLow || this.#released) return;
    this.#paused = false;
    this.#transport.resume();
  }

  #endRead(): void {
    this.#readEnded = true;
    if (this.#writeEnded) this.#destroy();
  }

  #destroy(): void {
    if (this.#released) return;
    this.#release();
    this.#transport.destroy();
  }

  #release(): void {
    this.#released = true;
    this.#onReleased();
  }

  #closedFault(): PlatformFault {
    return new PlatformFault(
      "Closed",
      `cannot write to ${formatAddress(this.remote)}: the connection is closed`,
    );
  }
}
