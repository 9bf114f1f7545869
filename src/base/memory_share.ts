// A share of the process's memory that many draw from: who finds too little waits in turn.
//
//   tryTake, take --> bytes are ours --give--> the next who wait get theirs, in order of coming
//
// Who leaves before its turn has come is granted nothing: it would be worked for nobody.
//
// Invariant: the bytes that are out are within the bound, but for one claim that is larger than the
// whole share: it is granted once everybody else has given back, and holds up the others. Nobody
// overtakes: while one waits, all who come wait behind it.

import { assert } from "./assert.ts";
import { ConnectionFault } from "./faults.ts";
import type { Requester } from "./requester.ts";

/** A claim in the queue. */
export interface MemoryWait {
  /** True: the bytes are the waiter's, to be given back. False: it was cancelled. */
  readonly granted: Promise<boolean>;
  /** Leaves the queue; nothing happens when it has left it already. */
  cancel(): void;
}

interface Waiter {
  readonly bytes: number;
  readonly resolve: (granted: boolean) => void;
}

/** For work that is done whether or not anybody waits for it. */
const staying: Requester = { hasLeft: false, onEnd: () => () => {} };

export class MemoryShare {
  readonly #bytesMax: () => number;
  readonly #waiting = new Set<Waiter>();
  #bytes = 0;
  #waits = 0;

  constructor(bytesMax: () => number) {
    this.#bytesMax = bytesMax;
  }

  get bytesMax(): number {
    return this.#bytesMax();
  }

  /** Bytes that are out. */
  get bytes(): number {
    return this.#bytes;
  }

  /** Bytes that {@link tryTake} would give. */
  get room(): number {
    return this.#waiting.size > 0 ? 0 : Math.max(0, this.#bytesMax() - this.#bytes);
  }

  /** How many wait now. */
  get waiting(): number {
    return this.#waiting.size;
  }

  /** How many ever had to. */
  get waits(): number {
    return this.#waits;
  }

  /** Whether the bytes are ours now; false where somebody waits, or they are not there. */
  tryTake(bytes: number): boolean {
    if (this.#waiting.size > 0 || !this.#fits(bytes)) return false;
    this.#bytes += bytes;
    return true;
  }

  /** Takes the bytes; undefined where that is done at once. */
  take(bytes: number): MemoryWait | undefined {
    if (this.tryTake(bytes)) return undefined;
    const { promise, resolve } = Promise.withResolvers<boolean>();
    const waiter = { bytes, resolve };
    this.#waiting.add(waiter);
    this.#waits++;
    const cancel = () => {
      if (!this.#waiting.delete(waiter)) return;
      resolve(false);
      this.#grant();
    };
    return { granted: promise, cancel };
  }

  /** Takes the bytes, in turn. False: everybody was sent away, or `requester` left before. */
  async takeInTurn(bytes: number, requester: Requester): Promise<boolean> {
    const wait = this.take(bytes);
    if (wait === undefined) return true;
    const stay = requester.onEnd(wait.cancel);
    try {
      return await wait.granted;
    } finally {
      stay();
    }
  }

  /**
   * Takes the bytes, in turn; for who has no `requester`, whoever may have left. Throws
   * ConnectionFault when everybody is sent away, or the requester has left.
   */
  async claim(bytes: number, requester: Requester = staying): Promise<void> {
    if (await this.takeInTurn(bytes, requester)) return;
    throw new ConnectionFault(
      requester.hasLeft ? "the client has left" : "the broker is closing",
    );
  }

  /** Takes what is held already, bound or no bound: those who come wait for it. */
  add(bytes: number): void {
    this.#bytes += bytes;
  }

  give(bytes: number): void {
    this.#bytes -= bytes;
    assert(this.#bytes >= 0, "memory was given back that nobody had taken");
    if (this.#waiting.size > 0) this.#grant();
  }

  /** Sends everybody away who waits. */
  cancelAll(): void {
    const waiting = [...this.#waiting];
    this.#waiting.clear();
    for (const { resolve } of waiting) resolve(false);
  }

  #fits(bytes: number): boolean {
    return this.#bytes === 0 || this.#bytes + bytes <= this.#bytesMax();
  }

  #grant(): void {
    for (const waiter of this.#waiting) {
      if (!this.#fits(waiter.bytes)) return;
      this.#waiting.delete(waiter);
      this.#bytes += waiter.bytes;
      waiter.resolve(true);
    }
  }
}
