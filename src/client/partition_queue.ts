// The batches that wait for one partition, oldest first; at most one of them is away at a time.
//
//   append -> [ head, ..., open ] --take--> away --settle--> gone
//               ^------------giveBack------------+
//
// Invariant: `take` gives the head and nothing more until it is settled or given back, and a batch
// that was given back is the head again. The last batch may grow until it is taken.
// Sequences count from 0 under each producer id, one per record, modulo 2^31.

import type { PartitionId, ProducerId } from "../base/ids.ts";
import { assert } from "../base/assert.ts";
import {
  type BatchSequence,
  newBatch,
  type PendingRecord,
  type ProduceBatch,
  recordSize,
  splitBatch,
} from "./produce_batch.ts";

const sequences = 2 ** 31;

/** What InitProducerId gave; -1 and -1 for a producer that is not idempotent. */
export interface ProducerIdentity {
  readonly id: ProducerId;
  readonly epoch: number;
}

export class PartitionQueue {
  readonly topic: string;
  readonly partition: PartitionId;
  readonly #batches: ProduceBatch[] = [];
  #isAway = false;
  #producerId: ProducerId = -1;
  #sequence = 0;

  constructor(at: { topic: string; partition: PartitionId }) {
    this.topic = at.topic;
    this.partition = at.partition;
  }

  /** Whether a batch can be taken. */
  get hasWaiting(): boolean {
    return !this.#isAway && this.#batches.length > 0;
  }

  /** Whether a record of this size would not make a second batch wait. */
  fits(sizeBytes: number, batchBytes: number): boolean {
    const open = this.#batches.at(-1);
    return open === undefined || open.sizeBytes + sizeBytes <= batchBytes;
  }

  /** Adds a record to the last batch, or to a new one when that is full or was sent before. */
  append(
    pending: PendingRecord,
    limits: { batchBytes: number; nowMs: number },
  ): { sizeBytes: number; isNewBatch: boolean } {
    const sizeBytes = recordSize(pending.record);
    let open = this.#batches.at(-1);
    const isNewBatch = open === undefined || open.attempts > 0 ||
      open.sizeBytes + sizeBytes > limits.batchBytes;
    if (open === undefined || isNewBatch) {
      open = newBatch({
        topic: this.topic,
        partition: this.partition,
        createdAtMs: limits.nowMs,
      });
      this.#batches.push(open);
    }
    open.records.push(pending);
    open.sizeBytes += sizeBytes;
    return { sizeBytes, isNewBatch };
  }

  /**
   * When the head may be sent, by the monotonic clock; Infinity while one is away or none
   * waits.
   */
  dueAtMs(lingerMs: number): number {
    const head = this.#batches[0];
    if (this.#isAway || head === undefined) return Infinity;
    if (head.attempts > 0) return head.notBeforeMs;
    return this.#batches.length > 1 ? 0 : head.createdAtMs + lingerMs;
  }

  /** Takes the head away. */
  take(): ProduceBatch {
    assert(!this.#isAway, "a batch of this partition is away already");
    const batch = this.#batches.shift();
    assert(batch !== undefined, "no batch waits");
    this.#isAway = true;
    return batch;
  }

  /** Puts the batch that is away back in front. */
  giveBack(batch: ProduceBatch): void {
    this.#isAway = false;
    this.#batches.unshift(batch);
  }

  /** Puts the batch that is away back in front as two; its sequences are free again. */
  giveBackSplit(batch: ProduceBatch): void {
    this.#isAway = false;
    if (batch.sequence !== undefined) this.#sequence = batch.sequence.baseSequence;
    const [first, second] = splitBatch(batch);
    // Both count as tried: the pieces must not grow again.
    first.attempts = second.attempts = 1;
    this.#batches.unshift(first, second);
  }

  /** The batch that is away has its verdict. */
  settle(): void {
    this.#isAway = false;
  }

  /** Sequence numbers for the next `count` records. */
  nextSequence(count: number, identity: ProducerIdentity): BatchSequence {
    if (identity.id !== this.#producerId) {
      this.#producerId = identity.id;
      this.#sequence = 0;
    }
    const baseSequence = this.#sequence;
    this.#sequence = (baseSequence + count) % sequences;
    return { producerId: identity.id, producerEpoch: identity.epoch, baseSequence };
  }
}
