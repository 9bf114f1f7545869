// What the log knows of each idempotent or transactional producer (KIP-98), to refuse gaps and to
// recognise duplicates. `check` decides, `apply` records: appends do both, loading applies only.
//
//   batch of a client          answer
//   same range as one of the   duplicate: the offsets it got the first time
//     last 15 of this epoch
//   first of a transaction     INVALID_TXN_STATE, unless it was verified (verifications.ts)
//   epoch below the known      INVALID_PRODUCER_EPOCH
//   new epoch                  must begin at sequence 0
//   same epoch                 must begin behind the last one (0 follows 2^31-1)
//   unknown producer           any sequence: its state may have been deleted with old segments; 0
//                              where each transaction has an epoch of its own
//   outside of its open        INVALID_TXN_STATE
//     transaction
//
//   batch of a coordinator     has no sequence numbers; the rest holds for it as well
//   marker                     epoch below the known: INVALID_PRODUCER_EPOCH; of an older
//                              coordinator: TRANSACTION_COORDINATOR_FENCED
//
// Invariant: `firstUndecidedOffset` is the first record of the oldest open transaction. Loading
// never refuses: files may hold what plain producers wrote, all with producer id 0 and sequence 0.

import type { Offset, ProducerId } from "../../base/ids.ts";
import { type Int64, subtractInt64 } from "../../base/int64.ts";
import type { BatchHeader, ControlRecord } from "../../records/mod.ts";
import { ControlType } from "../../records/mod.ts";
import { LogError } from "../appending/errors.ts";
import type { AbortedTransaction } from "../segment/txn_index.ts";
import { type Verification, Verifications, type VerificationStart } from "./verifications.ts";

/**
 * Five are on the way to a leader at most. Where another leads, so many go to that one before those
 * to the first are given up and come to it as well, and it may be moved again meanwhile.
 *
 * Differs from Kafka: a duplicate of any of a producer's last fifteen batches is recognised, in
 * Kafka of the last five. An older one is out of order there, upon which Kafka's own producer
 * starts a new epoch and writes the records a second time.
 */
const rememberedBatches = 15;
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
  /** At most 15 of the current epoch, oldest first. */
  batches: ProducerBatch[];
  coordinatorEpoch: number;
  lastTimestampMs: Int64;
  currentTxnFirstOffset: Offset;
}

/** Why a batch may not be appended. */
export interface ProducerRefusal {
  readonly errorCode: number;
  readonly message: string;
}

/** `duplicate` is the batch that was appended before. */
export type ProducerCheck = { readonly duplicate: ProducerBatch | undefined } | ProducerRefusal;

/** What an append knows of the transaction that its batch may belong to. */
export interface TransactionCheck {
  /** What the append's request has verified. */
  readonly verification: Verification | undefined;
  /** Whether a transaction may begin only with that. */
  readonly isRequired: boolean;
}

/** Markers of this protocol and later ones have an epoch above that of the records (KIP-890). */
const epochBumpingVersion = 2;

const fresh: ProducerCheck = { duplicate: undefined };
const noSequence = -1;

/** The sequence number `count` after `sequence`, which wraps from 2^31-1 to 0. */
export function sequenceAfter(sequence: number, count: number): number {
  return sequence > sequenceMax - count ? count - (sequenceMax - sequence) - 1 : sequence + count;
}

export class ProducerState {
  #entries = new Map<ProducerId, ProducerEntry>();
  /** Producers with an open transaction, in the order in which they began. */
  #open = new Map<ProducerId, Offset>();
  readonly #verifications = new Verifications();

  get entries(): IterableIterator<Readonly<ProducerEntry>> {
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

  /** Whether a producer has a transaction open in that epoch. */
  isInTransaction(of: Pick<BatchHeader, "producerId" | "producerEpoch">): boolean {
    const entry = this.#entries.get(of.producerId);
    return entry !== undefined && entry.currentTxnFirstOffset >= 0 &&
      entry.producerEpoch === of.producerEpoch;
  }

  /**
   * Begins to verify a transaction whose first batch is to be appended; undefined when it is open
   * here already, so that its coordinator knows of it.
   */
  beginVerification(start: VerificationStart): Verification | undefined {
    return this.isInTransaction(start) ? undefined : this.#verifications.begin(start);
  }

  /** Whether a client's batch may be appended, or has been already. */
  check(batch: BatchHeader, transaction: TransactionCheck): ProducerCheck {
    const entry = this.#entries.get(batch.producerId);
    const duplicate = entry && findDuplicate(entry, batch);
    if (duplicate !== undefined) return { duplicate };
    return this.#checkTransaction(batch, transaction) ?? checkEpoch(entry, batch) ??
      this.#checkSequence(entry, batch) ?? checkMembership(entry, batch) ?? fresh;
  }

  /** Why a coordinator's data batch may not be appended; undefined when it may. */
  checkOwn(batch: BatchHeader, transaction: TransactionCheck): ProducerRefusal | undefined {
    const entry = this.#entries.get(batch.producerId);
    return this.#checkTransaction(batch, transaction) ?? checkEpoch(entry, batch) ??
      checkMembership(entry, batch);
  }

  /** Records a producer's data batch at `baseOffset`. */
  apply(batch: BatchHeader, baseOffset: Offset): void {
    const entry = this.#entryOf(batch.producerId, batch.producerEpoch);
    if (entry.producerEpoch !== batch.producerEpoch) {
      entry.producerEpoch = batch.producerEpoch;
      entry.batches = [];
    }
    if (entry.batches.length >= rememberedBatches) entry.batches.shift();
    entry.batches.push({
      lastSequence: lastSequenceOf(batch),
      lastOffset: baseOffset + batch.lastOffsetDelta,
      offsetDelta: batch.lastOffsetDelta,
      timestampMs: batch.maxTimestamp,
    });
    entry.lastTimestampMs = batch.maxTimestamp;
    if (!batch.isTransactional) return;
    this.#verifications.end(batch.producerId);
    if (entry.currentTxnFirstOffset < 0) {
      entry.currentTxnFirstOffset = baseOffset;
      this.#open.set(batch.producerId, baseOffset);
    }
  }

  /**
   * Why a transaction's marker may not be appended; undefined when it may. A coordinator that has
   * lost its answer writes it again: that ends nothing, and is welcome.
   */
  checkMarker(
    batch: BatchHeader,
    marker: { readonly control: ControlRecord; readonly transactionVersion: number },
  ): ProducerRefusal | undefined {
    const { control, transactionVersion } = marker;
    const entry = this.#entries.get(batch.producerId);
    if (entry === undefined) return undefined;
    const { producerId, producerEpoch, coordinatorEpoch } = entry;
    const isBumped = batch.producerEpoch > producerEpoch;
    const isOldOnes = transactionVersion >= epochBumpingVersion && !isBumped &&
      entry.currentTxnFirstOffset >= 0;
    if (batch.producerEpoch < producerEpoch || isOldOnes) {
      const message = `a marker of epoch ${batch.producerEpoch} is no end of what producer ` +
        `${producerId} wrote in epoch ${producerEpoch}`;
      return { errorCode: LogError.INVALID_PRODUCER_EPOCH, message };
    }
    if (control.coordinatorEpoch < coordinatorEpoch) {
      const message = `marker of coordinator epoch ${control.coordinatorEpoch} is fenced by ` +
        `epoch ${coordinatorEpoch}`;
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
    this.#verifications.end(batch.producerId);
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

  /** Puts back an entry of a snapshot, which may be another release's, with more of its batches. */
  restore(entry: ProducerEntry): void {
    entry.batches = entry.batches.slice(-rememberedBatches);
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
    this.#verifications.expire(nowMs, expirationMs);
  }

  #checkTransaction(
    batch: BatchHeader,
    { verification, isRequired }: TransactionCheck,
  ): ProducerRefusal | undefined {
    if (!batch.isTransactional || !isRequired || this.isInTransaction(batch)) return undefined;
    const current = this.#verifications.of(batch.producerId);
    if (current !== undefined && current === verification) return undefined;
    const message = `${nameOf(batch)} is in no transaction that is known to go on here`;
    return { errorCode: LogError.INVALID_TXN_STATE, message };
  }

  #checkSequence(
    entry: ProducerEntry | undefined,
    batch: BatchHeader,
  ): ProducerRefusal | undefined {
    const { producerEpoch, baseSequence } = batch;
    const verification = this.#verifications.of(batch.producerId);
    const last = entry?.producerEpoch === producerEpoch ? entry.batches.at(-1) : undefined;
    const isFirst = entry === undefined || entry.batches.length === 0;
    let expected: number | undefined;
    if (verification?.isEpochOwn && isFirst) expected = 0;
    else if (verification !== undefined && baseSequence > verification.lowestSequence) {
      expected = verification.lowestSequence;
    } else if (entry !== undefined) {
      expected = last === undefined ? 0 : sequenceAfter(last.lastSequence, 1);
    }
    if (expected === undefined || expected === baseSequence) return undefined;
    const message = `${nameOf(batch)} sent sequence ${baseSequence} instead of ${expected}`;
    return { errorCode: LogError.OUT_OF_ORDER_SEQUENCE_NUMBER, message };
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

function nameOf({ producerId, producerEpoch }: BatchHeader): string {
  return `producer ${producerId} epoch ${producerEpoch}`;
}

function lastSequenceOf({ baseSequence, lastOffsetDelta }: BatchHeader): number {
  return baseSequence === noSequence ? noSequence : sequenceAfter(baseSequence, lastOffsetDelta);
}

function checkEpoch(
  entry: ProducerEntry | undefined,
  batch: BatchHeader,
): ProducerRefusal | undefined {
  if (entry === undefined || batch.producerEpoch >= entry.producerEpoch) return undefined;
  const message = `${nameOf(batch)} is fenced: the last seen epoch is ${entry.producerEpoch}`;
  return { errorCode: LogError.INVALID_PRODUCER_EPOCH, message };
}

/** A producer writes nothing else while its transaction is open. */
function checkMembership(
  entry: ProducerEntry | undefined,
  batch: BatchHeader,
): ProducerRefusal | undefined {
  if (entry === undefined || entry.currentTxnFirstOffset < 0) return undefined;
  if (batch.isTransactional) return undefined;
  const message = `${nameOf(batch)} has an open transaction and sent a batch outside of it`;
  return { errorCode: LogError.INVALID_TXN_STATE, message };
}

function findDuplicate(entry: ProducerEntry, batch: BatchHeader): ProducerBatch | undefined {
  const last = entry.batches.at(-1);
  if (last === undefined || entry.producerEpoch !== batch.producerEpoch) return undefined;
  // What goes on behind the last one, as nearly all do, is none of them.
  if (sequenceAfter(last.lastSequence, 1) === batch.baseSequence) return undefined;
  const lastSequence = lastSequenceOf(batch);
  return entry.batches.find((known) =>
    known.lastSequence === lastSequence && known.offsetDelta === batch.lastOffsetDelta
  );
}
