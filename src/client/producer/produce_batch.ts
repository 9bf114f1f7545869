// Records on their way to one partition: encoded as they come, sent until there is a verdict.
//
// Invariant: the bytes of a batch, its producer id and its sequence stay what they were at the
// first attempt, so that a broker recognises a repetition. They may change only after an answer
// that says nothing was appended (`isAmbiguous` is false): then the batch is numbered anew.

import { assert } from "../../base/assert.ts";
import type { Offset, PartitionId, ProducerId } from "../../base/ids.ts";
import type { Int64 } from "../../base/int64.ts";
import { itemAt } from "../../base/items.ts";
import { BatchWriter, type CompressionType, readRecords, withProducer } from "../../records/mod.ts";
import type { Codecs } from "../../runtime/ports.ts";
import type { RecordContent, RecordMetadata } from "./producer_record.ts";

/** Who waits for records. `place` is what was given with the record. */
export interface Waiter {
  delivered(metadata: RecordMetadata, place: number): void;
  failed(error: Error): void;
  /** Aborted when nobody waits any longer. */
  readonly signal?: AbortSignal | undefined;
}

/** Sequence numbers of an idempotent producer for one batch. */
export interface BatchSequence {
  readonly producerId: ProducerId;
  readonly producerEpoch: number;
  readonly baseSequence: number;
}

/** How a batch is written down. */
export interface BatchEncoding {
  readonly compression: CompressionType;
  readonly codecs: Codecs;
  readonly isTransactional: boolean;
}

/** Records in a row that one call has sent at one time: `place` is that of the first. */
interface Run {
  readonly waiter: Waiter;
  readonly timestamp: Int64;
  readonly place: number;
  count: number;
}

const capacityBytesMin = 1024;
/** Sequence numbers begin again from 0 after so many. */
export const sequences = 2 ** 31;

/** A batch; see the header. */
export class ProduceBatch {
  readonly topic: string;
  readonly partition: PartitionId;
  /** Its place among the batches of its partition. */
  readonly order: number;
  readonly createdAtMs: number;
  /** Which {@link Producer.flush} waits for it. */
  readonly round: number;
  /** How often it was sent. */
  attempts = 0;
  /** Not to be sent before, by the monotonic clock. */
  notBeforeMs = 0;
  /** An attempt ended without a verdict: the batch may have been appended. */
  isAmbiguous = false;
  /** Set before the first attempt of an idempotent producer. */
  sequence: BatchSequence | undefined;
  readonly #runs: Run[] = [];
  #lastRun: Run | undefined;
  readonly #writer: BatchWriter;
  #encoded: Uint8Array | undefined;

  /** `capacityBytes`: how large it is likely to become. */
  constructor(
    at: Pick<ProduceBatch, "topic" | "partition" | "order" | "createdAtMs" | "round">,
    { capacityBytes = 0 }: { capacityBytes?: number } = {},
  ) {
    this.#writer = new BatchWriter(Math.max(capacityBytes, capacityBytesMin));
    this.topic = at.topic;
    this.partition = at.partition;
    this.order = at.order;
    this.createdAtMs = at.createdAtMs;
    this.round = at.round;
  }

  get recordCount(): number {
    return this.#writer.recordCount;
  }

  /** Before compression. */
  get sizeBytes(): number {
    return this.#writer.sizeBytes;
  }

  /** Whether records may be added. */
  get isOpen(): boolean {
    return this.attempts === 0 && this.#encoded === undefined;
  }

  add(
    content: RecordContent,
    { timestamp, waiter, place }: { timestamp: Int64; waiter: Waiter; place: number },
  ): void {
    assert(this.isOpen, "a batch that was sent takes no more records");
    this.#writer.add(content, timestamp);
    const run = this.#lastRun;
    const goesOn = run !== undefined && run.waiter === waiter && run.timestamp === timestamp &&
      run.place + run.count === place;
    if (goesOn) run.count++;
    else this.#runs.push(this.#lastRun = { waiter, timestamp, place, count: 1 });
  }

  /** Gives the batch its sequence numbers; others only after a definite refusal. */
  number(sequence: BatchSequence): void {
    assert(!this.isAmbiguous, "a batch that may have been appended keeps its sequence");
    this.sequence = sequence;
    if (this.#encoded !== undefined) this.#encoded = withProducer(this.#encoded, sequence);
  }

  /** The batch's bytes; the same at each call until it is numbered anew. */
  encode({ compression, codecs, isTransactional }: BatchEncoding): Uint8Array {
    this.#encoded ??= this.#writer.finish(
      { compression, isTransactional, ...this.sequence },
      codecs,
    );
    return this.#encoded;
  }

  /**
   * The records in two batches of half their number, in order, which do not grow again. The halves
   * keep the sequence numbers of the whole, so that what comes behind it keeps its own.
   */
  split(codecs: Codecs): [ProduceBatch, ProduceBatch] {
    assert(this.#encoded !== undefined, "a batch is split once it was sent");
    const records = readRecords(this.#encoded, { codecs });
    const half = Math.ceil(records.length / 2);
    const halves: [ProduceBatch, ProduceBatch] = [new ProduceBatch(this), new ProduceBatch(this)];
    let i = 0;
    for (const { waiter, timestamp, place, count } of this.#runs) {
      for (const end = i + count, first = i; i < end; i++) {
        const by = { waiter, timestamp, place: place + i - first };
        halves[i < half ? 0 : 1].add(itemAt(records, i), by);
      }
    }
    for (const each of halves) each.attempts = 1;
    const { sequence } = this;
    if (sequence !== undefined) {
      halves[0].sequence = sequence;
      const baseSequence = (sequence.baseSequence + half) % sequences;
      halves[1].sequence = { ...sequence, baseSequence };
    }
    return halves;
  }

  /**
   * Tells every waiter where its record is. `logAppendTimeMs` is -1 when the topic keeps
   * CreateTime, `baseOffset` when it is not known.
   */
  deliver(verdict: { baseOffset: Offset; logAppendTimeMs: Int64 }): void {
    const { topic, partition } = this;
    const { baseOffset, logAppendTimeMs } = verdict;
    let next = baseOffset;
    for (const run of this.#runs) {
      const { waiter, place, count } = run;
      const timestamp = logAppendTimeMs >= 0 ? logAppendTimeMs : run.timestamp;
      for (let i = 0; i < count; i++) {
        const offset = baseOffset < 0 ? -1 : next++;
        waiter.delivered({ topic, partition, offset, timestamp }, place + i);
      }
    }
  }

  /** Tells every waiter that there is no hope. */
  fail(error: Error): void {
    for (const { waiter } of this.#runs) waiter.failed(error);
  }
}
