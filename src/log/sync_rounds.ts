// Group commit: everyone who waits for a sync while one is running shares the next.
//
//   idle --syncTo--> running(target) --ok--> idle, or running the round that was asked for
//   meanwhile
//                          |--failed--> failed, for ever: a sync must not be retried (fsyncgate)
//
// Invariant: `syncedTo` is below or at what a finished sync covered, and never goes back but by a
// truncation.

import { messageOf, PartitionFault } from "../base/faults.ts";
import type { Offset } from "../base/ids.ts";

export interface SyncTarget {
  /** Where the log ends now: what a sync that begins now will cover. */
  logEndOffset(): Offset;
  /** Makes everything durable that is in the files by now. */
  sync(): Promise<void>;
  /** A sync failed: the partition is offline. */
  onFailure(fault: PartitionFault): void;
}

const done = Promise.resolve();

export class SyncRounds {
  readonly #target: SyncTarget;
  #syncedTo: Offset;
  #running: Promise<void> | undefined;
  #runningTo: Offset = -1;
  #next: Promise<void> | undefined;
  #fault: PartitionFault | undefined;

  constructor(target: SyncTarget, syncedTo: Offset) {
    this.#target = target;
    this.#syncedTo = syncedTo;
  }

  get syncedTo(): Offset {
    return this.#syncedTo;
  }

  /**
   * Resolves once everything below `offset` is durable; rejects with PartitionFault for ever after.
   */
  syncTo(offset: Offset): Promise<void> {
    if (this.#fault !== undefined) return Promise.reject(this.#fault);
    if (offset <= this.#syncedTo) return done;
    if (this.#running === undefined) return this.#start();
    if (offset <= this.#runningTo) return this.#running;
    return this.#next ??= this.#running.then(() => {
      this.#next = undefined;
      return this.#start();
    });
  }

  /** Starts a sync that nobody waits for. Its failure shows in the partition's state. */
  startInBackground(): void {
    if (this.#running !== undefined || this.#fault !== undefined) return;
    this.#start().catch(() => {});
  }

  /** Once no sync is under way. Does not reject. */
  async idle(): Promise<void> {
    while (this.#running !== undefined || this.#next !== undefined) {
      await (this.#next ?? this.#running)!.catch(() => {});
      if (this.#fault !== undefined) return;
    }
  }

  /** The log was cut: nothing at or above `offset` is durable any more. */
  truncateTo(offset: Offset): void {
    this.#syncedTo = Math.min(this.#syncedTo, offset);
  }

  /** The log begins anew at `offset`, which is on disk. */
  advanceTo(offset: Offset): void {
    this.#syncedTo = Math.max(this.#syncedTo, offset);
  }

  #start(): Promise<void> {
    if (this.#fault !== undefined) return Promise.reject(this.#fault);
    this.#runningTo = this.#target.logEndOffset();
    this.#running = this.#run(this.#runningTo);
    return this.#running;
  }

  async #run(to: Offset): Promise<void> {
    try {
      await this.#target.sync();
      this.#syncedTo = Math.max(this.#syncedTo, to);
    } catch (error) {
      this.#fault = new PartitionFault(`sync failed: ${messageOf(error)}`, { cause: error });
      this.#target.onFailure(this.#fault);
      throw this.#fault;
    } finally {
      this.#running = undefined;
    }
  }
}
