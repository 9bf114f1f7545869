// What a leader knows of its followers, and what follows from it: how far all that are in sync have
// come, who is to join them, who is to leave. Pure: times are arguments, and a change of the ISR is
// asked for by its return value.
//
//   the log      |-------------------|---------|---------------|
//                          high watermark    follower 3    log end
//                          = the end of the slowest of ISR and of who is about to join or leave it
//
//   a follower joins   it has all that is below the high watermark, and all that was there when
//                      this epoch began (KAFKA-7128); and nothing that was said to be deleted, or
//                      was when this epoch began; it has fetched in this epoch
//   a follower leaves  it has not caught up with the log's end for replica.lag.time.max.ms, or for
//                      a second where its disk is full
//
// Invariants: what a follower has counts only as of fetches in this epoch. While a change of the
// ISR is under way, whoever is in the old one or in the new one holds the high watermark back. It
// stands still while fewer than min.insync.replicas are in sync (KIP-966), and never goes back; nor
// does the low watermark, below which nothing is shown any more, whoever of them leads next.

import type { BrokerId, Offset } from "../../base/ids.ts";
import type { Int64 } from "../../base/int64.ts";
import type { InSyncReplica, PartitionImage } from "../../cluster/mod.ts";

/** What a follower's fetch says. */
export interface FollowerFetch {
  /** By which it is registered; -1: it does not say. */
  readonly brokerEpoch: Int64;
  /** Where its log begins, and where it ends. */
  readonly logStartOffset: Offset;
  readonly fetchOffset: Offset;
  /** Where the leader's does. */
  readonly logEndOffset: Offset;
  readonly nowMs: number;
}

interface Follower {
  brokerEpoch: Int64;
  logStartOffset: Offset;
  /** The high watermark that it was told last. */
  toldHighWatermark: Offset;
  /** -1 until it has fetched in this epoch. */
  logEndOffset: Offset;
  lastCaughtUpMs: number;
  lastFetchMs: number;
  /** Where the leader's log ended at its last fetch. */
  leaderEndOffset: Offset;
}

export interface LedReplicasOptions {
  readonly self: BrokerId;
  readonly state: PartitionImage;
  /** Where the log began and ended when this epoch began. */
  readonly logStartOffset: Offset;
  readonly epochStartOffset: Offset;
  readonly nowMs: number;
}

/** The replicas of one partition in one leader epoch. */
export class LedReplicas {
  /** Consumers are told of no end before the high watermark has come so far (KIP-207). */
  readonly epochStartOffset: Offset;
  readonly #self: BrokerId;
  readonly #firstLogStart: Offset;
  #lowWatermark: Offset = 0;
  readonly #followers = new Map<BrokerId, Follower>();
  #state: PartitionImage;
  /** What was asked for, and not answered yet. */
  #proposed: readonly InSyncReplica[] | undefined;
  /** Those in the ISR, or about to join or leave it. */
  #maximalIsr: ReadonlySet<BrokerId>;

  constructor(options: LedReplicasOptions) {
    this.#self = options.self;
    this.#state = options.state;
    this.#maximalIsr = new Set(options.state.isr);
    this.#firstLogStart = options.logStartOffset;
    this.epochStartOffset = options.epochStartOffset;
    this.#admit(options.nowMs);
  }

  /** The state that the metadata has. */
  get state(): PartitionImage {
    return this.#state;
  }

  /** The metadata has another state of the same epoch: what was asked for has come, or cannot. */
  enter(state: PartitionImage, nowMs: number): void {
    const isDecided = state.partitionEpoch > this.#state.partitionEpoch;
    this.#setIsr(state, isDecided ? undefined : this.#proposed);
    this.#admit(nowMs);
  }

  /** Whoever is a follower has from now on to catch up. */
  #admit(nowMs: number): void {
    const { replicas } = this.#state;
    for (const id of this.#followers.keys()) if (!replicas.includes(id)) this.#followers.delete(id);
    for (const id of replicas) {
      if (id === this.#self || this.#followers.has(id)) continue;
      this.#followers.set(id, {
        brokerEpoch: -1,
        logStartOffset: 0,
        toldHighWatermark: -1,
        logEndOffset: -1,
        lastCaughtUpMs: nowMs,
        lastFetchMs: nowMs,
        leaderEndOffset: -1,
      });
    }
  }

  /** Whether the ISR, as the metadata has it, is large enough to acknowledge by. */
  isIsrEnough(minIsr: number): boolean {
    return this.#state.isr.length >= Math.min(minIsr, this.#state.replicas.length);
  }

  /** Whether all that may be in sync are. */
  isMaximalIsrEnough(minIsr: number): boolean {
    return this.#maximalIsr.size >= Math.min(minIsr, this.#state.replicas.length);
  }

  /** Whether nobody else is in sync, nor about to be. */
  get isAlone(): boolean {
    return this.#state.isr.length === 1 && this.#proposed === undefined;
  }

  /** Below it no replica shows anything that may lead; `own`: nor does this one. */
  lowWatermark({ own, minIsr }: { readonly own: Offset; readonly minIsr: number }): Offset {
    if (!this.isIsrEnough(minIsr)) return this.#lowWatermark;
    let lowest = own;
    for (const id of this.#maximalIsr) {
      const follower = this.#followers.get(id);
      if (follower !== undefined) lowest = Math.min(lowest, follower.logStartOffset);
    }
    return this.#lowWatermark = Math.max(this.#lowWatermark, lowest);
  }

  /** A follower has fetched, from an offset that its log and this one agree up to. */
  noteFetch(id: BrokerId, fetch: FollowerFetch): void {
    const follower = this.#followers.get(id);
    if (follower === undefined) return;
    const { brokerEpoch, fetchOffset, logEndOffset, nowMs } = fetch;
    // From before it restarted, and late: what it had then it may have lost (KIP-903).
    if (brokerEpoch >= 0 && brokerEpoch < follower.brokerEpoch) return;
    // It has caught up now, or had all that there was at its last fetch.
    if (fetchOffset >= logEndOffset) follower.lastCaughtUpMs = nowMs;
    else if (follower.leaderEndOffset >= 0 && fetchOffset >= follower.leaderEndOffset) {
      follower.lastCaughtUpMs = Math.max(follower.lastCaughtUpMs, follower.lastFetchMs);
    }
    // Of two connections of one broker the older may be heard last; who has restarted has less.
    follower.logEndOffset = fetchOffset;
    follower.logStartOffset = fetch.logStartOffset;
    follower.brokerEpoch = brokerEpoch;
    follower.leaderEndOffset = logEndOffset;
    follower.lastFetchMs = nowMs;
  }

  /** Where the high watermark is to stand; `own`: the end of what this broker promises. */
  highWatermark(current: Offset, { own, minIsr }: { own: Offset; minIsr: number }): Offset {
    if (!this.isIsrEnough(minIsr)) return current;
    let end = own;
    for (const id of this.#maximalIsr) {
      if (id !== this.#self) end = Math.min(end, this.#followers.get(id)?.logEndOffset ?? -1);
    }
    return Math.max(current, end);
  }

  /** Each change of the ISR ends here: who may be in sync is asked for with every append. */
  #setIsr(state: PartitionImage, proposed: readonly InSyncReplica[] | undefined): void {
    this.#state = state;
    this.#proposed = proposed;
    this.#maximalIsr = new Set([...state.isr, ...proposed?.map(({ id }) => id) ?? []]);
  }

  /** The ISR with who has just caught up; undefined: nobody has, or a change is under way. */
  expansion(
    id: BrokerId,
    { highWatermark, isEligible }: {
      readonly highWatermark: Offset;
      readonly isEligible: (id: BrokerId, brokerEpoch: Int64) => boolean;
    },
  ): readonly InSyncReplica[] | undefined {
    const follower = this.#followers.get(id);
    if (this.#proposed !== undefined || follower === undefined) return undefined;
    if (this.#state.isr.includes(id)) return undefined;
    const { logStartOffset, logEndOffset, brokerEpoch } = follower;
    if (logEndOffset < Math.max(highWatermark, this.epochStartOffset)) return undefined;
    if (logStartOffset < Math.max(this.#lowWatermark, this.#firstLogStart)) return undefined;
    return isEligible(id, brokerEpoch)
      ? [...this.#inSync(), { id, epoch: brokerEpoch }]
      : undefined;
  }

  /**
   * The ISR without those that lag; undefined: nobody does, or a change is under way. `lagMsMax`:
   * for how long a follower may.
   */
  shrinking(
    { nowMs, lagMsMax, logEndOffset }: {
      readonly nowMs: number;
      readonly lagMsMax: (id: BrokerId) => number;
      readonly logEndOffset: Offset;
    },
  ): readonly InSyncReplica[] | undefined {
    if (this.#proposed !== undefined) return undefined;
    const isLagging = (id: BrokerId) => {
      const follower = this.#followers.get(id);
      return follower !== undefined && follower.logEndOffset < logEndOffset &&
        nowMs - follower.lastCaughtUpMs > lagMsMax(id);
    };
    const isr = this.#inSync().filter(({ id }) => !isLagging(id));
    return isr.length < this.#state.isr.length ? isr : undefined;
  }

  /** The leader alone, to tell that it has settled after an unclean election. */
  get recovered(): readonly InSyncReplica[] | undefined {
    return this.#state.recovering && this.#proposed === undefined ? this.#inSync() : undefined;
  }

  #inSync(): InSyncReplica[] {
    return this.#state.isr.map((id) => ({ id, epoch: -1 }));
  }

  /** This ISR is asked for: until that is answered, both hold the high watermark back. */
  propose(isr: readonly InSyncReplica[]): void {
    this.#setIsr(this.#state, isr);
  }

  /** It was refused for good. */
  withdraw(isr: readonly InSyncReplica[]): void {
    if (this.#proposed === isr) this.#setIsr(this.#state, undefined);
  }

  /** A follower is told where the high watermark stands. */
  noteTold(id: BrokerId, highWatermark: Offset): void {
    const follower = this.#followers.get(id);
    if (follower !== undefined) follower.toldHighWatermark = highWatermark;
  }

  /** Whether a follower knows of no later high watermark than this. */
  isTold(id: BrokerId, highWatermark: Offset): boolean {
    return (this.#followers.get(id)?.toldHighWatermark ?? Infinity) >= highWatermark;
  }

  /** What is known of each follower's log, its end being -1 where it has not said in this epoch. */
  *followers(): Generator<{ id: BrokerId } & Readonly<Omit<Follower, "brokerEpoch">>> {
    for (const [id, follower] of this.#followers) yield { id, ...follower };
  }
}
