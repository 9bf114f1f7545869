// Where a Fetch waits for data. A wait ends when enough bytes have become readable in its
// partitions, when one of them changes so that the answer would be an error, or at its deadline.
//
//   Partition --onReadable(gained)--> Wait --enough--> the Fetch reads again and answers
//
// What is readable depends on who reads: what is in the log, or what no open transaction may still
// abort. A wait counts its own kind only, so that a record within a transaction wakes nobody who
// cannot see it, and the transaction's end wakes those who wait for it.
//
// Invariant: a wait is registered with each of its partitions until it ends, and with none after.
// Waits are bounded by connections: one connection has one request in progress, and its wait ends
// with it, for however long the client has asked us to wait.

import type { Requester } from "../../base/requester.ts";
import type { Timer, Timers } from "../../runtime/ports.ts";

/**
 * Which records a reader sees: up to the high watermark, or to the last stable offset (KIP-98); a
 * follower: all that the log has.
 */
export type Isolation = "readUncommitted" | "readCommitted" | "logEnd";

/** Bytes that have become readable, for each kind of reader. */
export type Gained = Readonly<Record<Isolation, number>>;

/** What a wait is for. */
export interface WaitOptions {
  readonly isolation: Isolation;
  /** So many bytes more must become readable. */
  readonly bytes: number;
}

/** A wait from its beginning to its end. */
export interface WholeWaitOptions extends WaitOptions {
  readonly delayMs: number;
  readonly requester: Requester;
}

/** Something that can become readable: a partition. */
export interface Watched {
  readonly watchers: Set<Wait>;
}

/** One Fetch waiting. */
export class Wait {
  readonly #isolation: Isolation;
  #bytesMissing: number;
  readonly #watched: readonly Watched[];
  readonly #onEnd: () => void;
  #timer: Timer | undefined;

  constructor(
    watched: readonly Watched[],
    { isolation, bytes, onEnd }: WaitOptions & { readonly onEnd: () => void },
  ) {
    this.#isolation = isolation;
    this.#bytesMissing = bytes;
    this.#watched = watched;
    this.#onEnd = onEnd;
    for (const each of watched) each.watchers.add(this);
  }

  /** Ends the wait at the latest after `delayMs`. */
  endAfter(delayMs: number, timers: Timers): void {
    this.#timer = timers.after(delayMs, () => this.end());
  }

  /** More can be read in one of the partitions. */
  onReadable(gained: Gained): void {
    const bytes = gained[this.#isolation];
    this.#bytesMissing -= bytes;
    if (bytes > 0 && this.#bytesMissing <= 0) this.end();
  }

  /** Ends the wait now. */
  end(): void {
    this.#timer?.cancel();
    for (const each of this.#watched) each.watchers.delete(this);
    this.#onEnd();
  }
}

/** All waits of a broker. */
export class Purgatory {
  readonly #timers: Timers;
  readonly #open = new Set<Wait>();

  constructor(timers: Timers) {
    this.#timers = timers;
  }

  /**
   * Resolves once `bytes` more are readable in `watched`, one of them changes, `requester` leaves,
   * or after `delayMs`.
   */
  async wait(
    watched: readonly Watched[],
    { delayMs, requester, ...options }: WholeWaitOptions,
  ): Promise<void> {
    let wait!: Wait;
    const ended = new Promise<void>((resolve) => {
      wait = new Wait(watched, { ...options, onEnd: resolve });
    });
    wait.endAfter(delayMs, this.#timers);
    this.#open.add(wait);
    const stay = requester.onEnd(() => wait.end());
    await ended;
    stay();
    this.#open.delete(wait);
  }

  /** Ends every wait: the broker is closing. */
  close(): void {
    for (const wait of this.#open) wait.end();
  }
}
