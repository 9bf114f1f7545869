// Group commit: everyone who waits for a sync while one is running shares the next.
//
//   idle --syncTo--> waiting for its turn --> running(to) --ok--> idle, or the next round
//                                                |--failed--> failed, for ever: a sync must not be
//                                                |            retried (fsyncgate)
//                                                \--no space, or no descriptor, for what
//                                                   goes with it--> idle
//
// Whoever comes while a round waits for its turn shares it; while it runs, the next one.
// Invariant: `syncedTo` is below or at what a finished sync covered, and never goes back but by a
// truncation.

import {
  isShortage,
  isStoreFault,
  messageOf,
  PartitionFault,
  throwUnlessStoreFault,
} from "../../base/faults.ts";
import type { Offset } from "../../base/ids.ts";
import type { LogConfig } from "../partition/config.ts";
import type { Timer, Timers } from "../../runtime/ports.ts";

type SyncConfig = Pick<LogConfig, "acksAllSyncMs" | "flushMessages">;

export interface SyncTarget {
  /** Where the log ends now: what a sync that begins now will cover. */
  logEndOffset(): Offset;
  /** Calls `sync` when it is this log's turn. */
  inTurn(sync: () => Promise<void>): Promise<void>;
  /**
   * Makes everything durable that is in the files by now. A shortage: what goes with it found no
   * space or no descriptor, so nobody may be told that all is durable; no sync has failed.
   */
  sync(): Promise<void>;
  /** Absent: nothing can be done later. */
  readonly timers?: Timers | undefined;
  /** Whether what lies below `end` is durable elsewhere; undefined: it is not. */
  readonly kept?: ((end: Offset) => Promise<boolean> | undefined) | undefined;
  /** Where what is durable here or elsewhere ends. */
  readonly keptEnd?: (() => Offset) | undefined;
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
  #owed: string | undefined;
  #due: Timer | undefined;

  constructor(target: SyncTarget, syncedTo: Offset) {
    this.#target = target;
    this.#syncedTo = syncedTo;
  }

  get syncedTo(): Offset {
    return this.#syncedTo;
  }

  /** Records that no finished sync covers. */
  get unsynced(): number {
    return this.#target.logEndOffset() - this.#syncedTo;
  }

  /**
   * What an answer to who appended up to `end` waits for; undefined: for nothing, a sync comes in
   * its time. `toAll`: the answer to acks=all. Where flush.messages are unsynced, all wait, as in
   * Kafka, where the append itself syncs.
   */
  answerable(
    end: Offset,
    { toAll, config }: { readonly toAll: boolean; readonly config: SyncConfig },
  ): Promise<void> | undefined {
    const { acksAllSyncMs, flushMessages } = config;
    if (end - this.#syncedTo >= flushMessages) return this.syncTo(end);
    if (toAll && acksAllSyncMs === 0) {
      const kept = end > this.#syncedTo ? this.#target.kept?.(end) : undefined;
      return kept?.then((isKept) => isKept ? undefined : this.syncTo(end)) ?? this.syncTo(end);
    }
    if (toAll) this.#startWithin(acksAllSyncMs);
    return undefined;
  }

  /** Where what acks=all may count on ends. */
  keptEnd({ acksAllSyncMs }: SyncConfig): Offset {
    const end = this.#target.logEndOffset();
    if (acksAllSyncMs > 0) return end;
    return Math.min(this.#target.keptEnd?.() ?? this.#syncedTo, end);
  }

  /** Whether everything below `offset` is durable, so that nobody has to wait for it. */
  isSyncedTo(offset: Offset): boolean {
    return this.#fault === undefined && offset <= this.#syncedTo;
  }

  /**
   * Resolves once everything below `offset` is durable; rejects with PartitionFault for ever after.
   */
  syncTo(offset: Offset): Promise<void> {
    if (this.isSyncedTo(offset)) return done;
    if (this.#fault !== undefined) return Promise.reject(this.#fault);
    if (this.#running === undefined) return this.#start();
    if (offset <= this.#runningTo) return this.#running;
    return this.#next ??= this.#afterRunning();
  }

  /** A round of its own, though every record may be durable: for what else changed. */
  again(): Promise<void> {
    if (this.#running === undefined) return this.#start();
    return this.#next ??= this.#afterRunning();
  }

  /** Why {@link settle} has not gone well yet; undefined when nothing is owed. */
  get owed(): string | undefined {
    return this.#owed;
  }

  /**
   * A round of its own for what a recovery has changed. In a shortage it is owed: what is
   * appended must not lie behind a cut that a loss of power takes back.
   */
  async settle(): Promise<void> {
    try {
      await this.again();
    } catch (error) {
      if (!isShortage((error as PartitionFault).cause)) throw error;
      this.#owed = `what its recovery has found cannot be written down: ${messageOf(error)}`;
    }
  }

  /** Starts a sync that nobody waits for. Its failure shows in the partition's state. */
  startInBackground(): void {
    if (this.#running !== undefined || this.#fault !== undefined) return;
    this.#start().catch(throwUnlessStoreFault);
  }

  #startWithin(delayMs: number): void {
    if (delayMs === Infinity || this.#due !== undefined) return;
    this.#due = this.#target.timers?.after(delayMs, () => {
      this.#due = undefined;
      if (this.#fault === undefined && this.unsynced > 0) {
        this.syncTo(this.#target.logEndOffset()).catch(throwUnlessStoreFault);
      }
    });
  }

  /** Nothing is due any more. */
  stop(): void {
    this.#due?.cancel();
    this.#due = undefined;
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

  #afterRunning(): Promise<void> {
    const go = () => {
      this.#next = undefined;
      // Somebody who heard of the end before us has begun the next round; it covers ours.
      return this.#running ?? this.#start();
    };
    return this.#running!.then(go, go);
  }

  #start(): Promise<void> {
    if (this.#fault !== undefined) return Promise.reject(this.#fault);
    this.#runningTo = Infinity;
    this.#running = this.#run();
    return this.#running;
  }

  async #run(): Promise<void> {
    try {
      await this.#target.inTurn(() => {
        this.#runningTo = this.#target.logEndOffset();
        return this.#target.sync();
      });
      this.#syncedTo = Math.max(this.#syncedTo, this.#runningTo);
      this.#owed = undefined;
    } catch (error) {
      if (isShortage(error)) {
        throw new PartitionFault(messageOf(error), { cause: error });
      }
      this.#fault = new PartitionFault(`sync failed: ${messageOf(error)}`, { cause: error });
      this.#target.onFailure(this.#fault);
      if (!isStoreFault(error)) throw error;
      throw this.#fault;
    } finally {
      this.#running = undefined;
    }
  }
}
