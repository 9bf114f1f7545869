// The door to one partition that this broker has a log of: who leads it in which epoch, what may be
// appended, what is acknowledged, how far consumers may read.
//
//   logStartOffset <= lastStableOffset <= highWatermark <= logEndOffset
//
//   leads --follow--> does not --lead--> leads, in a later epoch
//
// With a replication factor of one the high watermark follows the log end as soon as an append is
// in the file; with followers it will be the minimum over the in-sync replicas. Nothing outside
// this file may assume that the two are equal: consumers read up to the high watermark only.
// Invariant: who does not lead appends nothing, and acknowledges nothing that was appended before.

import { isStoreFault, messageOf } from "../base/faults.ts";
import type { LeaderEpoch, Offset, PartitionId } from "../base/ids.ts";
import type { AppendOptions, AppendResult, PartitionLog } from "../log/mod.ts";
import { ErrorCode } from "../protocol/mod.ts";
import type { Isolation, Wait, Watched } from "./fetch/purgatory.ts";

/** What was appended since the start; all partitions count in the same one. */
export interface AppendCounters {
  batches: number;
  records: number;
  bytes: number;
}

/** What a partition begins with. */
export interface PartitionOptions {
  readonly leaderEpoch: LeaderEpoch;
  /** Absent: this broker leads it. */
  readonly isLeader?: boolean;
  readonly appended: AppendCounters;
}

/** Why what was appended cannot be acknowledged. */
export interface Unacknowledged {
  readonly errorCode: ErrorCode;
  readonly message: string;
}

/** Why what a sync was to keep cannot be acknowledged: since it failed, or as `once` has it. */
function kept(
  synced: Promise<void>,
  once: () => Unacknowledged | undefined = () => undefined,
): Promise<Unacknowledged | undefined> {
  return synced.then(once, (error) => {
    if (!isStoreFault(error)) throw error;
    return { errorCode: ErrorCode.KAFKA_STORAGE_ERROR, message: messageOf(error) };
  });
}

const ledElsewhere = "another broker leads the partition";

/** A partition of which this broker has the log. */
export class Partition implements Watched {
  readonly log: PartitionLog;
  /** Fetches that wait for this partition. */
  readonly watchers = new Set<Wait>();
  #leaderEpoch: LeaderEpoch;
  #isLeader: boolean;
  /** How often it has ceased to lead. */
  #resignations = 0;
  readonly #appended: AppendCounters;
  #highWatermark: Offset;
  /** What was appended while some transaction was open, and is not known to be stable. */
  #undecidedBytes = 0;
  /** The last stable offset that read_committed readers were told of. */
  #stableOffset: Offset;

  constructor(log: PartitionLog, { leaderEpoch, isLeader = true, appended }: PartitionOptions) {
    this.log = log;
    this.#leaderEpoch = leaderEpoch;
    this.#isLeader = isLeader;
    this.#appended = appended;
    this.#highWatermark = log.logEndOffset;
    this.#stableOffset = this.lastStableOffset;
    if (this.#stableOffset !== this.#highWatermark) this.#undecidedBytes = log.sizeBytes;
  }

  get topic(): string {
    return this.log.topic;
  }

  get id(): PartitionId {
    return this.log.partition;
  }

  /** The data folder that the log lies in. */
  get dataFolder(): string {
    return this.log.folder.slice(0, this.log.folder.lastIndexOf("/"));
  }

  /** Consumers see what is below it. */
  get highWatermark(): Offset {
    return this.#highWatermark;
  }

  /** read_committed consumers see what is below it. */
  get lastStableOffset(): Offset {
    return Math.min(this.log.lastStableOffset, this.#highWatermark);
  }

  /** The end of what a reader sees. */
  visibleEnd(isolation: Isolation): Offset {
    return isolation === "readCommitted" ? this.lastStableOffset : this.#highWatermark;
  }

  /** Whether this broker leads it. */
  get isLeader(): boolean {
    return this.#isLeader;
  }

  /** The term of whoever leads it. */
  get leaderEpoch(): LeaderEpoch {
    return this.#leaderEpoch;
  }

  /** Leads, in `leaderEpoch`. Who waits in an earlier one is answered, and learns of it. */
  lead(leaderEpoch: LeaderEpoch): void {
    this.#enter(leaderEpoch, true);
  }

  /** Another broker leads in `leaderEpoch`, or nobody. Who waits here is answered. */
  follow(leaderEpoch: LeaderEpoch): void {
    this.#enter(leaderEpoch, false);
  }

  #enter(leaderEpoch: LeaderEpoch, isLeader: boolean): void {
    if (leaderEpoch === this.#leaderEpoch && isLeader === this.#isLeader) return;
    if (this.#isLeader && !isLeader) this.#resignations++;
    this.#leaderEpoch = leaderEpoch;
    this.#isLeader = isLeader;
    this.wake();
  }

  /** Appends a payload and wakes the fetches that waited for it. */
  append(
    records: Uint8Array,
    origin: "client" | "coordinator",
    known?: Omit<AppendOptions, "leaderEpoch" | "origin">,
  ): AppendResult {
    if (!this.#isLeader) {
      return { ok: false, errorCode: ErrorCode.NOT_LEADER_OR_FOLLOWER, message: ledElsewhere };
    }
    const result = this.log.append(records, { ...known, leaderEpoch: this.#leaderEpoch, origin });
    if (!result.ok || result.duplicate) return result;
    this.#appended.batches++;
    this.#appended.records += result.lastOffset - result.baseOffset + 1;
    this.#appended.bytes += records.length;
    this.#advance(records.length);
    return result;
  }

  /**
   * What the answer to a client that appended up to `end` waits for, with acks=all where `toAll`;
   * undefined: for nothing.
   */
  answerable(end: Offset, toAll: boolean): Promise<Unacknowledged | undefined> | undefined {
    const wait = this.log.answerable(end, toAll);
    if (wait !== undefined) return toAll ? this.#acknowledged(wait) : kept(wait);
    // So much waits for the disk that an append might block on the kernel: producers wait for it.
    return this.log.directory.withinBounds()?.then(() => undefined);
  }

  /**
   * What every in-sync replica keeps: what lies below `end`. Resolves with undefined, or with why
   * that cannot be promised.
   */
  acknowledged(end: Offset): Promise<Unacknowledged | undefined> {
    return this.#acknowledged(this.log.syncTo(end));
  }

  #acknowledged(synced: Promise<void>): Promise<Unacknowledged | undefined> {
    const resignations = this.#resignations;
    return kept(synced, () => {
      if (resignations === this.#resignations) return undefined;
      // Who leads now may never have had it, or cuts it off.
      return { errorCode: ErrorCode.NOT_LEADER_OR_FOLLOWER, message: ledElsewhere };
    });
  }

  /** What this broker alone can promise: its own disk keeps what lies below `end`. */
  durable(end: Offset): Promise<Unacknowledged | undefined> {
    return kept(this.log.syncTo(end));
  }

  /** Ends the waits on this partition: it goes away, or its state has changed. */
  wake(): void {
    for (const wait of [...this.watchers]) wait.end();
  }

  #advance(bytes: number): void {
    this.#highWatermark = this.log.logEndOffset;
    const readCommitted = this.#stabilise(bytes);
    if (this.watchers.size === 0) return;
    const gained = { readUncommitted: bytes, readCommitted };
    for (const wait of [...this.watchers]) wait.onReadable(gained);
  }

  /**
   * How many bytes have become stable with an append of `bytes`. While another transaction is still
   * open this may be too much, never too little: who was woken too early reads, and waits again.
   */
  #stabilise(bytes: number): number {
    const stableOffset = this.lastStableOffset;
    const gained = this.#undecidedBytes + bytes;
    this.#undecidedBytes = stableOffset === this.#highWatermark ? 0 : gained;
    if (stableOffset === this.#stableOffset) return 0;
    this.#stableOffset = stableOffset;
    return gained;
  }
}
