// The batches that wait for one partition, oldest first, and those that are away.
//
//   append -> [ head, ..., open ] --take--> [ away, at most as many as may be ] --settle--> gone
//               ^----------- giveBack, in the order they were taken ----+
//
// Invariant: batches are sent in order, and again in order: once one was given back, nothing more
// is taken until every other one that is away has come back or was settled. So a refusal "out of
// sequence" says that the broker has lost track only while nothing was given back; else it is what
// befalls whoever comes behind a batch that was refused.
// Sequences count from 0 under each producer id and epoch, one per record, modulo 2^31.

import { Deque } from "../../base/deque.ts";
import type { PartitionId, ProducerId } from "../../base/ids.ts";
import { assert } from "../../base/assert.ts";
import type { Codecs } from "../../runtime/ports.ts";
import { type BatchSequence, ProduceBatch, sequences } from "./produce_batch.ts";

/** What InitProducerId gave; -1 and -1 for a producer that is not idempotent. */
export interface ProducerIdentity {
  readonly id: ProducerId;
  readonly epoch: number;
}

/** What the producer decides for all of its partitions. */
export interface QueueRules {
  readonly batchBytes: number;
  /** So many batches of a partition may be away; more than one needs an idempotent producer. */
  readonly awayMax: number;
  /** Who sends. */
  identity(): ProducerIdentity;
}

/** So much more room than the batch before it has needed is there for the next. */
const growth = 1.25;

export class PartitionQueue {
  readonly topic: string;
  readonly partition: PartitionId;
  /** When somebody will look at it next, by the monotonic clock; Infinity for never. */
  alarmMs = Infinity;
  readonly #rules: QueueRules;
  readonly #waiting = new Deque<ProduceBatch>();
  readonly #away: ProduceBatch[] = [];
  #doubtful: ProduceBatch[] = [];
  #isDraining = false;
  #lastOrder = 0;
  #identity: ProducerIdentity = { id: -1, epoch: -1 };
  #sequence = 0;

  constructor(at: { topic: string; partition: PartitionId }, rules: QueueRules) {
    this.topic = at.topic;
    this.partition = at.partition;
    this.#rules = rules;
  }

  /** Whether some of its batches have no verdict yet. */
  get isBusy(): boolean {
    return this.#waiting.length + this.#away.length + this.#doubtful.length > 0;
  }

  /** Whether batches are away. */
  get isAway(): boolean {
    return this.#away.length > 0;
  }

  /** Whether a batch was given back and others are still away. */
  get isDraining(): boolean {
    return this.#isDraining;
  }

  /** The last batch, when a record of at most `sizeBytes` more may go into it. */
  openFor(sizeBytes: number): ProduceBatch | undefined {
    const open = this.#waiting.last;
    const fits = open?.isOpen === true && open.sizeBytes + sizeBytes <= this.#rules.batchBytes;
    return fits ? open : undefined;
  }

  /** Begins a batch behind the others. */
  begin(at: { createdAtMs: number; round: number }): ProduceBatch {
    const { topic, partition } = this;
    // Under load a batch becomes as large as the one before it, which is held as well.
    const before = this.#waiting.last ?? this.#away.at(-1);
    const capacityBytes = Math.min((before?.sizeBytes ?? 0) * growth, this.#rules.batchBytes);
    const about = { topic, partition, order: ++this.#lastOrder, ...at };
    const batch = new ProduceBatch(about, { capacityBytes });
    this.#waiting.push(batch);
    return batch;
  }

  /**
   * When the head may be sent, by the monotonic clock; Infinity while it has to wait for others. A
   * batch that may still grow waits for `lingerMs`; if that is 0, until its predecessors are back.
   */
  dueAtMs({ lingerMs, isFlushing }: { lingerMs: number; isFlushing: boolean }): number {
    const head = this.#waiting.first;
    if (head === undefined || !this.#canFollow(head)) return Infinity;
    if (head.attempts > 0) return head.notBeforeMs;
    if (isFlushing || this.#waiting.length > 1) return 0;
    if (lingerMs > 0) return head.createdAtMs + lingerMs;
    return this.#away.length > 0 ? Infinity : 0;
  }

  /** Whether `head` may go after those that are away, before they are back. */
  #canFollow(head: ProduceBatch): boolean {
    const last = this.#away[this.#away.length - 1];
    if (last === undefined) return true;
    if (this.#isDraining || this.#away.length >= this.#rules.awayMax) return false;
    // Under another epoch the sequence starts anew: what is away must be in before.
    const epoch = head.sequence?.producerEpoch ?? this.#rules.identity().epoch;
    return epoch === last.sequence?.producerEpoch;
  }

  /** Takes the head away. */
  take(): ProduceBatch {
    const batch = this.#waiting.shift();
    assert(batch !== undefined, "no batch waits");
    this.#away.push(batch);
    return batch;
  }

  /** Puts `batch`, which is away, back to where it was. */
  giveBack(batch: ProduceBatch): void {
    this.#return(batch, [batch]);
  }

  /** Puts `batch`, which is away and was refused as too large, back as two. */
  giveBackSplit(batch: ProduceBatch, codecs: Codecs): readonly ProduceBatch[] {
    const halves = batch.split(codecs);
    this.#return(batch, halves);
    return halves;
  }

  #return(batch: ProduceBatch, pieces: readonly ProduceBatch[]): void {
    this.#isDraining = true;
    // Those that were taken before it and given back already stand in front.
    const before: ProduceBatch[] = [];
    for (let first = this.#waiting.first; first && first.order < batch.order;) {
      before.push(first);
      this.#waiting.shift();
      first = this.#waiting.first;
    }
    for (const each of pieces.toReversed()) this.#waiting.unshift(each);
    for (const each of before.reverse()) this.#waiting.unshift(each);
    this.settle(batch);
  }

  /** `batch`, which is away, has its verdict. */
  settle(batch: ProduceBatch): void {
    const place = this.#away.indexOf(batch);
    assert(place >= 0, "the batch is away");
    this.#away.splice(place, 1);
    if (this.#away.length === 0) this.#isDraining = false;
  }

  /**
   * Keeps `batch`, which may have been appended and was now refused as out of sequence, until it
   * is known of one behind it. A broker that was started anew may remember the last batch alone.
   */
  doubt(batch: ProduceBatch): void {
    this.settle(batch);
    this.#doubtful.push(batch);
  }

  /** Whether a batch waits or is away that may have been appended. */
  get hasAmbiguous(): boolean {
    return this.#waiting.first?.isAmbiguous === true ||
      this.#away.some((each) => each.isAmbiguous);
  }

  /** Takes those that were doubted. */
  takeDoubtful(): ProduceBatch[] {
    const doubtful = this.#doubtful;
    if (doubtful.length > 0) this.#doubtful = [];
    return doubtful;
  }

  /** Takes all that waits, for good. */
  takeWaiting(): ProduceBatch[] {
    const waiting: ProduceBatch[] = [];
    for (let batch = this.#waiting.shift(); batch; batch = this.#waiting.shift()) {
      waiting.push(batch);
    }
    return waiting;
  }

  /** Sequence numbers for the next `count` records. */
  nextSequence(count: number): BatchSequence {
    const { id, epoch } = this.#rules.identity();
    if (id !== this.#identity.id || epoch !== this.#identity.epoch) {
      this.#identity = { id, epoch };
      this.#sequence = 0;
    }
    const baseSequence = this.#sequence;
    this.#sequence = (baseSequence + count) % sequences;
    return { producerId: id, producerEpoch: epoch, baseSequence };
  }
}
