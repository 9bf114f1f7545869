// What the log knows of each idempotent or transactional producer (KIP-98), to refuse gaps and to
// recognise duplicates. `check` decides, `apply` records: appends do both, loading applies only.
//
//   batch of a client          answer
//   epoch below the known      INVALID_PRODUCER_EPOCH
//   same range as one of the   duplicate: the offsets it got the first time
//     last 5 of this epoch
//   new epoch                  must begin at sequence 0
//   same epoch                 must begin behind the last one (0 follows 2^31-1)
//   unknown producer           any sequence: its state may have been deleted with old segments
//
// Invariant: `firstUndecidedOffset` is the first record of the oldest open transaction. Loading
// never refuses: files may hold what plain producers wrote, all with producer id 0 and sequence 0.

import type { Offset, ProducerId } from "../../base/ids.ts";
import { type Int64, subtractInt64 } from "../../base/int64.ts";
import type { BatchHeader, ControlRecord } from "../../records/mod.ts";
import { ControlType } from "../../records/mod.ts";
import { LogError } from "../errors.ts";
import type { AbortedTransaction } from "../segment/txn_index.ts";

const rememberedBatches = 5;
const sequenceMax = 0x7fff_ffff;

/** A batch that a producer appended. */
export interface ProducerBatch {
  readonly lastSequence: number;
  readonly lastOffset: Offset;
  /** Records in the batch but one. */
  readonly offsetDelta: number;
  readonly timestampMs: Int64;
}

/** One producer. `currentTxnFirstOffset` and `coordinatorEpoch` are -1 for none. */
export interface ProducerEntry {
  readonly producerId: ProducerId;
  producerEpoch: number;
  /** At most 5 of the current epoch, oldest first. */
  batches: ProducerBatch[];
  coordinatorEpoch: number;
  lastTimestampMs: Int64;
  currentTxnFirstOffset: Offset;
}

/** `duplicate` is the batch that was appended before. */
export type ProducerCheck =
  | { readonly duplicate: ProducerBatch | undefined }
  | { readonly errorCode: number; readonly message: string };

const fresh: ProducerCheck = { duplicate: undefined };

/** The sequence number `count` after `sequence`, which wraps from 2^31-1 to 0. */
export function sequenceAfter(sequence: number, count: number): number {
  return sequence > sequenceMax - count ? count - (sequenceMax - sequence) - 1 : sequence + count;
}

export class ProducerState {
  #entries = new Map<ProducerId, ProducerEntry>();
  /** Producers with an open transaction, in the order in which they began. */
  #open = new Map<ProducerId, Offset>();

  get entries(): IterableIterator<ProducerEntry> {
    return this.#entries.values();
  }

  get producerCount(): number {
    return this.#entries.size;
  }

  get(producerId: ProducerId): ProducerEntry | undefined {
    return this.#entries.get(producerId);
  }

  /** Offset of the first record of the oldest open transaction, undefined when none is open. */
  get firstUndecidedOffset(): Offset | undefined {
    for (const offset of this.#open.values()) return offset;
    return undefined;
  }

  /** Whether a client's batch may be appended, or has been already. */
  check(batch: BatchHeader): ProducerCheck {
    const entry = this.#entries.get(batch.producerId);
    if (entry === undefined) return fresh;
    const { producerId, producerEpoch, baseSequence } = batch;
    const who = `producer ${producerId} epoch ${producerEpoch}`;
    if (producerEpoch < entry.producerEpoch) {
      const message = `${who} is fenced: the last seen epoch is ${entry.producerEpoch}`;
      return { errorCode: LogError.INVALID_PRODUCER_EPOCH, message };
    }
    const last = entry.batches.at(-1);
    if (producerEpoch === entry.producerEpoch && last !== undefined) {
      const duplicate = findDuplicate(entry, batch);
      if (duplicate !== undefined) return { duplicate };
      if (sequenceAfter(last.lastSequence, 1) !== baseSequence) {
        const message = `${who} sent sequence ${baseSequence} after ${last.lastSequence}`;
        return { errorCode: LogError.OUT_OF_ORDER_SEQUENCE_NUMBER, message };
      }
    } else if (baseSequence !== 0) {
      const message = `${who} began at sequence ${baseSequence} instead of 0`;
      return { errorCode: LogError.OUT_OF_ORDER_SEQUENCE_NUMBER, message };
    }
    if (entry.currentTxnFirstOffset >= 0 && !batch.isTransactional) {
      const message = `${who} has an open transaction and sent a batch outside of it`;
      return { errorCode: LogError.INVALID_TXN_STATE, message };
    }
    return fresh;
  }

  /** Records a producer's data batch at `baseOffset`. */
  apply(batch: BatchHeader, baseOffset: Offset): void {
    const entry = this.#entryOf(batch.producerId, batch.producerEpoch);
    if (entry.producerEpoch !== batch.producerEpoch) {
      entry.producerEpoch = batch.producerEpoch;
      entry.batches = [];
    }
    if (entry.batches.length === rememberedBatches) entry.batches.shift();
    entry.batches.push({
      lastSequence: sequenceAfter(batch.baseSequence, batch.lastOffsetDelta),
      lastOffset: baseOffset + batch.lastOffsetDelta,
      offsetDelta: batch.lastOffsetDelta,
      timestampMs: batch.maxTimestamp,
    });
    entry.lastTimestampMs = batch.maxTimestamp;
    if (batch.isTransactional && entry.currentTxnFirstOffset < 0) {
      entry.currentTxnFirstOffset = baseOffset;
      this.#open.set(batch.producerId, baseOffset);
    }
  }

  /** Why a transaction's marker may not be appended; undefined when it may. */
  checkMarker(batch: BatchHeader, control: ControlRecord) {
    const entry = this.#entries.get(batch.producerId);
    if (entry === undefined) return undefined;
    if (batch.producerEpoch < entry.producerEpoch) {
      const message = `marker of epoch ${batch.producerEpoch} after epoch ${entry.producerEpoch}`;
      return { errorCode: LogError.INVALID_PRODUCER_EPOCH, message };
    }
    if (control.coordinatorEpoch < entry.coordinatorEpoch) {
      const message = `marker of coordinator epoch ${control.coordinatorEpoch} is fenced by ` +
        `epoch ${entry.coordinatorEpoch}`;
      return { errorCode: LogError.TRANSACTION_COORDINATOR_FENCED, message };
    }
    return undefined;
  }

  /**
   * Records the marker at `offset` that ends a transaction. Returns what consumers must know when
   * it was an abort of a transaction with records.
   */
  applyMarker(
    batch: BatchHeader,
    marker: { control: ControlRecord; offset: Offset },
  ): AbortedTransaction | undefined {
    const { control, offset } = marker;
    if (control.type !== ControlType.COMMIT && control.type !== ControlType.ABORT) return undefined;
    const entry = this.#entryOf(batch.producerId, batch.producerEpoch);
    if (entry.producerEpoch !== batch.producerEpoch) {
      entry.producerEpoch = batch.producerEpoch;
      entry.batches = [];
    }
    entry.coordinatorEpoch = control.coordinatorEpoch;
    entry.lastTimestampMs = batch.maxTimestamp;
    const firstOffset = entry.currentTxnFirstOffset;
    entry.currentTxnFirstOffset = -1;
    this.#open.delete(batch.producerId);
    if (firstOffset < 0 || control.type === ControlType.COMMIT) return undefined;
    const lastStableOffset = this.firstUndecidedOffset ?? offset + 1;
    return { producerId: batch.producerId, firstOffset, lastOffset: offset, lastStableOffset };
  }

  /**
   * Records a marker that compaction has emptied, since its transaction is gone: it tells the
   * epoch.
   */
  applyEmptyMarker(batch: BatchHeader): void {
    const entry = this.#entryOf(batch.producerId, batch.producerEpoch);
    if (entry.producerEpoch !== batch.producerEpoch) {
      entry.producerEpoch = batch.producerEpoch;
      entry.batches = [];
    }
    entry.lastTimestampMs = batch.maxTimestamp;
  }

  /** Puts back an entry of a snapshot. */
  restore(entry: ProducerEntry): void {
    this.#entries.set(entry.producerId, entry);
    if (entry.currentTxnFirstOffset < 0) return;
    this.#open.set(entry.producerId, entry.currentTxnFirstOffset);
    this.#open = new Map([...this.#open].sort((a, b) => a[1] - b[1]));
  }

  /** Forgets producers that were idle for `expirationMs` and have no open transaction. */
  expire(nowMs: number, expirationMs: number): void {
    for (const entry of this.#entries.values()) {
      if (entry.currentTxnFirstOffset >= 0) continue;
      if (subtractInt64(nowMs, entry.lastTimestampMs) < expirationMs) continue;
      this.#entries.delete(entry.producerId);
    }
  }

  #entryOf(producerId: ProducerId, producerEpoch: number): ProducerEntry {
    let entry = this.#entries.get(producerId);
    if (entry === undefined) {
      entry = {
        producerId,
        producerEpoch,
        batches: [],
        coordinatorEpoch: -1,
        lastTimestampMs: -1,
        currentTxnFirstOffset: -1,
      };
      this.#entries.set(producerId, entry);
    }
    return entry;
  }
}

function findDuplicate(entry: ProducerEntry, batch: BatchHeader): ProducerBatch | undefined {
  const lastSequence = sequenceAfter(batch.baseSequence, batch.lastOffsetDelta);
  return entry.batches.find((known) =>
    known.lastSequence === lastSequence && known.offsetDelta === batch.lastOffsetDelta
  );
}
