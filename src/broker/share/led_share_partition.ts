// A share partition that this broker leads, with its clock, its store and those who wait for it.
//
//   fetch, acknowledgement, timer, end of a session
//        └─> SharePartition decides ──> write, one at a time ──> settled ──> who waits is woken
//
// What comes while a write is under way goes along with the next one. A fetch reads with the
// partition to itself: what it finds it must still be able to hand out. Once the store says that
// somebody else leads, or that the group began anew, it is over: whoever asks again loads it anew.
// Invariant: no answer tells of a change that is not stored.

import type { LeaderEpoch, Offset } from "../../base/ids.ts";
import type { SharePartitionKey } from "../../coordinator/mod.ts";
import { ErrorCode } from "../../protocol/mod.ts";
import type { Timer, Timers } from "../../runtime/ports.ts";
import type { Isolation, Wait, Watched } from "../fetch/purgatory.ts";
import type { Partition } from "../logs/partition.ts";
import type { OffsetRange } from "./in_flight.ts";
import {
  type Acknowledgement,
  type Acknowledgements,
  acknowledgeTypes,
  type AcquiredRange,
  type Acquisition,
  SharePartition,
  type ShareTerms,
  type ShareWrite,
  type StoredSharePartition,
} from "./share_partition.ts";

/** What members did with records since the start; all share partitions count in the same one. */
export interface ShareCounters {
  /** Offsets that are under way now. */
  inFlight: number;
  acquired: number;
  lockTimeouts: number;
  /** By the names of `acknowledgeTypes`. */
  readonly acknowledged: Record<keyof typeof acknowledgeTypes, number>;
}

/** What became of a write. */
export interface Stored {
  readonly errorCode: ErrorCode;
  /** Whether this broker may not write any more. */
  readonly isFenced: boolean;
}

/** What a share partition is given of the world. */
export interface LedSharePartitionOptions {
  readonly key: SharePartitionKey;
  readonly partition: Partition;
  readonly stored: StoredSharePartition;
  /** Read at each decision. */
  readonly terms: () => ShareTerms;
  readonly store: (write: ShareWrite) => Promise<Stored>;
  readonly monotonic: () => number;
  readonly timers: Timers;
  readonly counters: ShareCounters;
  readonly onOver: () => void;
  readonly onBug: (error: unknown) => void;
}

interface Waiter {
  readonly stored: Promise<ErrorCode>;
  readonly resolve: (errorCode: ErrorCode) => void;
}

export class LedSharePartition implements Watched {
  readonly key: SharePartitionKey;
  readonly partition: Partition;
  /** The term in which it is led. */
  readonly leaderEpoch: LeaderEpoch;
  /** Fetches that wait for records that are held. */
  readonly watchers = new Set<Wait>();
  readonly #options: LedSharePartitionOptions;
  readonly #state: SharePartition;
  readonly #waiters = new Map<number, Waiter>();
  #timer: Timer | undefined;
  #timerDueMs = Infinity;
  #isWriting = false;
  #isReading = false;
  /** Whether somebody would have read meanwhile. */
  #isSomebodyTurnedAway = false;
  /** Whether somebody waits for others to be done with records, and does not look at the log. */
  #isRoomAwaited = false;
  #changes = 0;
  /** What of it stands in the counter of offsets under way. */
  #inFlight = 0;
  #isOver = false;

  constructor(options: LedSharePartitionOptions) {
    this.#options = options;
    this.key = options.key;
    this.partition = options.partition;
    this.leaderEpoch = options.partition.leaderEpoch;
    this.#state = new SharePartition(options.stored, options.terms);
  }

  /** Whether it has to be loaded anew. */
  get isOver(): boolean {
    return this.#isOver;
  }

  /** Counts what may have made records available. */
  get changes(): number {
    return this.#changes;
  }

  /** Whether records that come to the log could be handed out. */
  get hasRoom(): boolean {
    return this.#state.fetchOffset !== undefined;
  }

  /**
   * Where to read on; it is the caller's until `endRead`. Undefined where there is nothing to read
   * for now: the reader is woken once there may be.
   */
  beginRead(isolation: Isolation): Offset | undefined {
    this.#follow();
    const { fetchOffset } = this.#state;
    this.#isRoomAwaited ||= fetchOffset === undefined;
    if (fetchOffset === undefined || fetchOffset >= this.partition.visibleEnd(isolation)) {
      return undefined;
    }
    if (this.#isReading) {
      this.#isSomebodyTurnedAway = true;
      return undefined;
    }
    this.#isReading = true;
    return fetchOffset;
  }

  endRead(): void {
    this.#isReading = false;
    if (!this.#isSomebodyTurnedAway) return;
    this.#isSomebodyTurnedAway = false;
    this.#wakeForMore();
  }

  /** Hands out what was read, as far as it may be. */
  acquire(acquisition: Omit<Acquisition, "nowMs">): AcquiredRange[] {
    if (this.#isOver) return [];
    const before = this.#state.fetchOffset;
    const acquired = this.#state.acquire({ ...acquisition, nowMs: this.#nowMs });
    if (this.#state.fetchOffset !== before) this.#changes++;
    for (const range of acquired) this.#options.counters.acquired += lengthOf(range);
    this.#carryOn();
    return acquired;
  }

  /** Resolves once it is stored, or with why it is not done. */
  async acknowledge(said: Omit<Acknowledgements, "nowMs">): Promise<ErrorCode> {
    if (this.#isOver) return ErrorCode.NOT_LEADER_OR_FOLLOWER;
    this.#follow();
    const { errorCode, write } = this.#state.acknowledge({ ...said, nowMs: this.#nowMs });
    const stored = write === undefined ? errorCode : this.#storedWith(write);
    this.#carryOn();
    if (errorCode === ErrorCode.NONE) this.#count(said.batches);
    return await stored;
  }

  /** `memberId` is gone. Resolves once others may have what it held. */
  async release(memberId: string): Promise<void> {
    if (this.#isOver) return;
    this.#state.release(memberId);
    const stored = this.#state.isChanged ? this.#storedWith(this.#state.nextWrite) : undefined;
    this.#carryOn();
    await stored;
  }

  /** Nothing more is decided here. Whoever waits is told `errorCode`, or looks again. */
  end(errorCode: ErrorCode): void {
    if (this.#isOver) return;
    this.#isOver = true;
    this.#timer?.cancel();
    this.#countInFlight(0);
    for (const { resolve } of this.#waiters.values()) resolve(errorCode);
    this.#waiters.clear();
    this.#options.onOver();
    this.#wake();
  }

  get #nowMs(): number {
    return this.#options.monotonic();
  }

  /** The log may begin later by now. */
  #follow(): void {
    this.#state.onDeleted(this.partition.log.logStartOffset);
    this.#carryOn();
  }

  #storedWith(write: number): Promise<ErrorCode> {
    let waiter = this.#waiters.get(write);
    if (waiter === undefined) {
      const { promise: stored, resolve } = Promise.withResolvers<ErrorCode>();
      this.#waiters.set(write, waiter = { stored, resolve });
    }
    return waiter.stored;
  }

  /** What a decision has left to do. */
  #carryOn(): void {
    if (this.#isOver) return;
    this.#countInFlight(this.#state.nextOffset - this.#state.startOffset);
    this.#setTimer();
    if (this.#state.isChanged && !this.#isWriting) this.#write().catch(this.#options.onBug);
  }

  async #write(): Promise<void> {
    this.#isWriting = true;
    for (;;) {
      const write = this.#state.beginWrite();
      if (write === undefined) break;
      let result: Stored = { errorCode: ErrorCode.UNKNOWN_SERVER_ERROR, isFenced: true };
      try {
        result = await this.#options.store(write);
      } finally {
        this.#onStored(write, result);
      }
      if (this.#isOver) return;
    }
    this.#isWriting = false;
  }

  #onStored({ number }: ShareWrite, { errorCode, isFenced }: Stored): void {
    this.#state.settle(number, errorCode === ErrorCode.NONE);
    this.#waiters.get(number)?.resolve(errorCode);
    this.#waiters.delete(number);
    if (isFenced) return this.end(errorCode);
    this.#countInFlight(this.#state.nextOffset - this.#state.startOffset);
    this.#setTimer();
    this.#wakeForMore();
  }

  /** One timer, for the first lock that runs out; one that moves later leaves it alone. */
  #setTimer(): void {
    const dueMs = this.#state.deadlineMs ?? Infinity;
    if (this.#isOver || dueMs >= this.#timerDueMs) return;
    this.#timer?.cancel();
    this.#timerDueMs = dueMs;
    this.#timer = this.#options.timers.after(Math.max(0, dueMs - this.#nowMs), () => {
      this.#timerDueMs = Infinity;
      this.#options.counters.lockTimeouts += this.#state.onTick(this.#nowMs);
      this.#carryOn();
    });
  }

  #countInFlight(inFlight: number): void {
    this.#options.counters.inFlight += inFlight - this.#inFlight;
    this.#inFlight = inFlight;
  }

  #count(batches: readonly Acknowledgement[]): void {
    const { acknowledged } = this.#options.counters;
    for (const batch of batches) {
      const { types } = batch;
      for (const [name, code] of Object.entries(acknowledgeTypes)) {
        const count = types.filter((type) => type === code).length;
        if (count === 0) continue;
        const of = types.length === 1 ? lengthOf(batch) : count;
        acknowledged[name as keyof typeof acknowledgeTypes] += of;
      }
    }
  }

  /** Wakes who waits, where there may be something for them. */
  #wakeForMore(): void {
    const { fetchOffset } = this.#state;
    if (fetchOffset === undefined) return;
    if (!this.#isRoomAwaited && fetchOffset >= this.partition.highWatermark) return;
    this.#isRoomAwaited = false;
    this.#wake();
  }

  #wake(): void {
    this.#changes++;
    for (const wait of [...this.watchers]) wait.end();
  }
}

function lengthOf({ firstOffset, lastOffset }: OffsetRange): number {
  return lastOffset - firstOffset + 1;
}
