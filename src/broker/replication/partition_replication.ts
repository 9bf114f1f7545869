// What a partition has besides its log where other brokers have replicas of it: a high watermark
// that is not the log's end, and whoever waits for it.
//
//   leads     followers fetch --> LedReplicas --> the high watermark moves --> acks=all is answered
//                                      └--> another ISR is asked for, and comes by the metadata
//   follows   the leader's answers carry its high watermark
//
// Invariant: the high watermark never goes back, but with the end of a log that is cut.

import { isStoreFault } from "../../base/faults.ts";
import type { BrokerId, Offset, Uuid } from "../../base/ids.ts";
import type { Int64 } from "../../base/int64.ts";
import type { AlterPartition, InSyncReplica, PartitionImage } from "../../cluster/mod.ts";
import type { PartitionLog } from "../../log/mod.ts";
import { ErrorCode } from "../../protocol/mod.ts";
import type { Clock, Timers } from "../../runtime/ports.ts";
import { Acknowledgements, type Unacknowledged } from "./acknowledgements.ts";
import type { Gathering } from "./gathering.ts";
import { type FollowerFetch, LedReplicas } from "./led_replicas.ts";

/** What partitions of a cluster are told by, and what they ask for. */
export interface ReplicationTerms {
  /** This broker. */
  readonly nodeId: BrokerId;
  readonly clock: Pick<Clock, "monotonic">;
  readonly timers: Pick<Timers, "after">;
  /** Hears of everyone who waits for acks=all. */
  readonly gathering: Gathering;
  /** Whether this broker is alive to others for sure, so that nobody leads in its place. */
  isAlive(): boolean;
  /** Whether consumers read from followers, who are then told at once what they may give. */
  isReadFromFollowers(): boolean;
  /** min.insync.replicas of a topic. */
  minIsr(topic: string): number;
  /** Whether a broker may join an ISR: it serves, as this registration. */
  isEligible(id: BrokerId, brokerEpoch: Int64): boolean;
  /**
   * Asks for another ISR. Resolves once that is decided, with whether it was taken: then the
   * metadata has it, and this broker's image. Undefined: nobody here will know.
   */
  alterIsr(asked: Omit<AlterPartition, "leader" | "brokerEpoch">): Promise<boolean | undefined>;
}

/** After a refusal the metadata is probably about to say more. */
const backoffMs = 100;

const tooFewAfterAppend: Unacknowledged = {
  errorCode: ErrorCode.NOT_ENOUGH_REPLICAS_AFTER_APPEND,
  message: "fewer replicas are in sync than min.insync.replicas, since it was appended",
};

const ledElsewhere: Unacknowledged = {
  errorCode: ErrorCode.NOT_LEADER_OR_FOLLOWER,
  message: "another broker leads the partition",
};

/** Its lease has run out by its own clock, whatever it has heard. */
const perhapsLedElsewhere: Unacknowledged = {
  errorCode: ErrorCode.NOT_LEADER_OR_FOLLOWER,
  message: "this broker has not been heard of for so long that another may lead the partition",
};

export interface PartitionReplicationOptions {
  readonly log: PartitionLog;
  readonly terms: ReplicationTerms;
  /** The high watermark has moved. */
  readonly onAdvanced: () => void;
}

export class PartitionReplication {
  readonly #log: PartitionLog;
  readonly #terms: ReplicationTerms;
  readonly #onAdvanced: () => void;
  readonly #acks: Acknowledgements;
  /** Those whose wait is for the low watermark. */
  readonly #trims: Acknowledgements;
  #led: LedReplicas | undefined;
  #highWatermark: Offset;
  /** The one that a leader has told last, which the log here may not have come to. */
  #leaderHighWatermark: Offset = -1;
  #quietUntilMs = -Infinity;
  /** A sync of what lies below is under way, or has been. */
  #syncingTo: Offset = -1;

  constructor({ log, terms, onAdvanced }: PartitionReplicationOptions, highWatermark: Offset) {
    this.#log = log;
    this.#terms = terms;
    this.#onAdvanced = onAdvanced;
    this.#acks = new Acknowledgements(terms);
    this.#trims = new Acknowledgements({ clock: terms.clock, timers: terms.timers });
    this.#highWatermark = Math.max(log.logStartOffset, Math.min(highWatermark, log.logEndOffset));
    log.highWatermark = this.#highWatermark;
  }

  get highWatermark(): Offset {
    return this.#highWatermark;
  }

  /** Where the high watermark stands at the leader, as far as is known here. */
  get leaderHighWatermark(): Offset {
    return this.#led === undefined ? this.#leaderHighWatermark : this.#highWatermark;
  }

  /** Whether this leader's high watermark is no older than what earlier leaders have told. */
  get isEndKnown(): boolean {
    return this.#led === undefined || this.#highWatermark >= this.#led.epochStartOffset;
  }

  /** Whether nobody else is in sync, nor about to be, as far as this broker has to know. */
  get isAlone(): boolean {
    return this.#led?.isAlone ?? true;
  }

  /** What it knows of its replicas as their leader; undefined where it does not lead. */
  get led(): LedReplicas | undefined {
    return this.#led;
  }

  /** The metadata has another state. `isNewEpoch`: what was known of followers is void. */
  enter(state: PartitionImage, how: { isLeader: boolean; isNewEpoch: boolean }): void {
    const [terms, log] = [this.#terms, this.#log];
    const nowMs = terms.clock.monotonic();
    if (!how.isLeader) return this.resign();
    if (this.#led === undefined || how.isNewEpoch) {
      this.#quietUntilMs = -Infinity;
      this.#syncingTo = -1;
      const { logStartOffset, logEndOffset: epochStartOffset } = log;
      const self = terms.nodeId;
      this.#led = new LedReplicas({ self, state, logStartOffset, epochStartOffset, nowMs });
      this.#trims.fail(ledElsewhere);
    } else this.#led.enter(state, nowMs);
    const { recovered } = this.#led;
    if (recovered !== undefined) this.#ask(recovered);
    this.advance();
  }

  /** Leads no more: whoever waits looks for who does. */
  resign(): void {
    this.#led = undefined;
    this.#acks.fail(ledElsewhere);
    this.#trims.fail(ledElsewhere);
  }

  /** Nobody else has a replica any more: the log's end is what there is. */
  end(): void {
    if (this.#led !== undefined) this.#acks.advance(this.#log.logEndOffset, undefined);
    this.resign();
    this.#log.highWatermark = undefined;
  }

  /** Why nothing can be acknowledged to acks=all; undefined where it can. */
  get shortage(): Unacknowledged | undefined {
    return this.#led?.isIsrEnough(this.#minIsr) === false ? notEnough : undefined;
  }

  /** Why this broker may not speak for the partition by itself; undefined where it may. */
  get doubt(): Unacknowledged | undefined {
    return this.#terms.isAlive() ? undefined : perhapsLedElsewhere;
  }

  /**
   * Why nothing new can be acknowledged; undefined where it can. To acks=all the others in sync say
   * with each fetch that they take this broker for their leader; where there are none, as for any
   * other acks, it must know that itself.
   */
  doubtOf(toAll: boolean): Unacknowledged | undefined {
    return toAll && this.#led?.isAlone === false ? undefined : this.doubt;
  }

  get #minIsr(): number {
    return this.#terms.minIsr(this.#log.topic);
  }

  /** Moves the high watermark to where it may stand by now. */
  advance(): void {
    const led = this.#led;
    if (led === undefined) return;
    this.#trims.advance(this.#lowWatermark(led), undefined);
    const doubt = this.doubtOf(true);
    if (doubt !== undefined) return this.#acks.fail(doubt);
    const own = led.isAlone ? this.#log.logEndOffset : this.#log.keptEndOffset;
    const minIsr = this.#minIsr;
    const offset = led.highWatermark(this.#highWatermark, { own, minIsr });
    if (offset <= this.#highWatermark) return;
    this.#highWatermark = offset;
    this.#log.highWatermark = offset;
    this.#acks.advance(offset, led.isMaximalIsrEnough(minIsr) ? undefined : tooFewAfterAppend);
    this.#onAdvanced();
  }

  #lowWatermark(led: LedReplicas): Offset {
    return led.lowWatermark({ own: this.#log.start.keptOffset, minIsr: this.#minIsr });
  }

  /** Resolves once every in-sync replica has what is below `end`, or with why not. */
  acknowledged(end: Offset, timeoutMs: number): Promise<Unacknowledged | undefined> {
    if (this.#led === undefined) return Promise.resolve(ledElsewhere);
    const doubt = this.doubtOf(true);
    if (doubt !== undefined) return Promise.resolve(doubt);
    if (end > this.#highWatermark) return this.#acks.wait(end, timeoutMs);
    return Promise.resolve(
      this.#led.isMaximalIsrEnough(this.#minIsr) ? undefined : tooFewAfterAppend,
    );
  }

  /** Resolves once nobody that may lead shows what is below `start`, or with why none knows. */
  trimmed(start: Offset, timeoutMs: number): Promise<Unacknowledged | undefined> {
    if (this.#led === undefined) return Promise.resolve(ledElsewhere);
    const isTrimmed = this.#lowWatermark(this.#led) >= start;
    return isTrimmed ? Promise.resolve(undefined) : this.#trims.wait(start, timeoutMs);
  }

  /** A follower has fetched, from where its log and this one agree. */
  onFetched(id: BrokerId, fetch: Omit<FollowerFetch, "nowMs" | "logEndOffset">): void {
    const led = this.#led;
    if (led === undefined) return;
    const { logEndOffset, keptEndOffset } = this.#log;
    const nowMs = this.#terms.clock.monotonic();
    led.noteFetch(id, { ...fetch, logEndOffset, nowMs });
    this.advance();
    // What the follower has on disk, this broker must have, too, before it counts.
    if (fetch.fetchOffset > keptEndOffset) this.#sync(fetch.fetchOffset);
    if (nowMs < this.#quietUntilMs) return;
    const isr = led.expansion(id, {
      highWatermark: this.#highWatermark,
      isEligible: this.#terms.isEligible,
    });
    if (isr !== undefined) this.#ask(isr);
  }

  /** A follower is given what it lacks: `bytes` of the log, and the high watermark. */
  onGiven(id: BrokerId, given: { readonly highWatermark: Offset; readonly bytes: number }): void {
    this.#led?.noteTold(id, given.highWatermark);
    if (given.bytes > 0) this.#sync(this.#log.logEndOffset);
  }

  /** This broker's disk takes what lies below `end`, beside those of its followers. */
  #sync(end: Offset): void {
    if (this.isAlone || end <= this.#syncingTo) return;
    this.#syncingTo = end;
    this.#log.answerable(end, true)?.then(() => this.advance(), (error) => {
      // The log is offline, and says so itself; or it is in need, and is asked again.
      if (!isStoreFault(error)) throw error;
      this.#syncingTo = -1;
    });
  }

  /** Has those leave the ISR that have not caught up for as long as `lagMsMax` says of them. */
  shrink(lagMsMax: (id: BrokerId, state: PartitionImage) => number): void {
    const led = this.#led;
    const isr = led?.shrinking({
      nowMs: this.#terms.clock.monotonic(),
      lagMsMax: (id) => lagMsMax(id, led.state),
      logEndOffset: this.#log.logEndOffset,
    });
    if (isr !== undefined) this.#ask(isr);
  }

  async #ask(isr: readonly InSyncReplica[]): Promise<void> {
    const led = this.#led;
    if (led === undefined) return;
    led.propose(isr);
    const { leaderEpoch, partitionEpoch, id: partition } = led.state;
    const topicId: Uuid = this.#log.topicId;
    const asked = { topicId, partition, leaderEpoch, partitionEpoch, isr };
    const isTaken = await this.#terms.alterIsr(asked);
    // What was asked for goes on holding the high watermark back where nobody knows.
    if (this.#led !== led || isTaken === undefined) return;
    if (!isTaken) this.#quietUntilMs = this.#terms.clock.monotonic() + backoffMs;
    led.withdraw(isr);
    this.advance();
  }

  /** The leader's high watermark, as its answer tells it. */
  follow(leaderHighWatermark: Offset): void {
    if (this.#led !== undefined) return;
    this.#leaderHighWatermark = leaderHighWatermark;
    const offset = Math.min(leaderHighWatermark, this.#log.logEndOffset);
    if (offset <= this.#highWatermark) return;
    this.#highWatermark = offset;
    this.#log.highWatermark = offset;
    this.#onAdvanced();
  }

  /** The log was cut, or begins anew. */
  onCut(): void {
    const { logStartOffset, logEndOffset } = this.#log;
    this.#highWatermark = Math.max(logStartOffset, Math.min(this.#highWatermark, logEndOffset));
    this.#log.highWatermark = this.#highWatermark;
  }
}

const notEnough: Unacknowledged = {
  errorCode: ErrorCode.NOT_ENOUGH_REPLICAS,
  message: "fewer replicas are in sync than min.insync.replicas",
};
