// What compaction leaves of one batch, by Kafka's rules.
//
//   record          stays when no later record with its key is known, and it is no tombstone whose
//                   delete horizon has passed; one without a key goes
//   tombstones      give their batch a delete horizon the first time they are met (KIP-534), as the
//                   marker of an emptied transaction does
//   aborted         goes
//   beyond the map  stays: a later pass will know its keys
//   empty           a batch with the last sequence or epoch of a live producer stays without
//                   records
//
// Invariant: a batch that loses nothing is passed on byte by byte.

import { DecodeFault } from "../../base/faults.ts";
import type { Offset, ProducerId } from "../../base/ids.ts";
import { addInt64, type Int64, maxInt64 } from "../../base/int64.ts";
import {
  attributeBits,
  type BatchHeader,
  deleteHorizonOf,
  emptyBatch,
  type KeptRecords,
  readControlRecord,
  RecordCursor,
  type RuntimeCodecs,
  thinnedBatch,
  unpackedRecords,
} from "../../records/mod.ts";
import type { CompactionTransactions } from "./transactions.ts";
import type { KeyOffsets } from "./key_offsets.ts";
import type { ProducerEntry } from "../producers/producer_state.ts";
import type { AbortedTransaction } from "../segment/txn_index.ts";

export interface FilterOptions {
  readonly keys: KeyOffsets;
  /** Where the knowledge of `keys` ends. */
  readonly endOffset: Offset;
  readonly transactions: CompactionTransactions;
  /** What the log knows of a producer; undefined when it has forgotten it. */
  readonly producerOf: (producerId: ProducerId) => Readonly<ProducerEntry> | undefined;
  readonly codecs: RuntimeCodecs | undefined;
  readonly nowMs: number;
  readonly deleteRetentionMs: number;
}

/** What is left; no `bytes`: nothing. */
export interface Filtered {
  readonly bytes: Uint8Array | undefined;
  /** For the index of aborted transactions, beside the marker in `bytes`. */
  readonly aborted?: AbortedTransaction;
}

/** What stays of the batch in `bytes`. Throws DecodeFault when it cannot be read. */
export function filterBatch(
  bytes: Uint8Array,
  header: BatchHeader,
  options: FilterOptions,
): Filtered {
  if (header.isControl) return filterControl(bytes, header, options);
  const isAborted = options.transactions.isAborted(header);
  if (header.baseOffset >= options.endOffset) return { bytes };
  if (isAborted) return emptied(header, options);
  const records = unpackedRecords(bytes, { header, codecs: options.codecs });
  const { kept, hasTombstone } = keptRecords(records, header, options);
  if (kept.count === 0) return emptied(header, options);
  const needsHorizon = hasTombstone && deleteHorizonOf(header) === undefined;
  if (kept.count === header.recordCount && !needsHorizon) return { bytes };
  const deleteHorizonMs = needsHorizon ? options.nowMs + options.deleteRetentionMs : undefined;
  const { codecs } = options;
  return { bytes: thinnedBatch(header, { kept: { ...kept, deleteHorizonMs }, codecs }) };
}

function keptRecords(
  records: Uint8Array,
  header: BatchHeader,
  options: FilterOptions,
): { kept: KeptRecords; hasTombstone: boolean } {
  const { keys, endOffset } = options;
  const horizonMs = deleteHorizonOf(header);
  const tombstonesStay = horizonMs === undefined || options.nowMs < horizonMs;
  const spans: number[] = [];
  let count = 0;
  let read = 0;
  let maxCreateTime: Int64 = -1;
  let hasTombstone = false;
  const cursor = new RecordCursor(records);
  for (; cursor.next(); read++) {
    const offset = header.baseOffset + cursor.offsetDelta;
    if (offset < endOffset) {
      if (cursor.keyLength < 0) continue;
      const start = cursor.keyStart;
      if (keys.get(records, { start, end: start + cursor.keyLength }) > offset) continue;
      if (cursor.valueLength < 0) {
        if (!tombstonesStay) continue;
        hasTombstone = true;
      }
    }
    count++;
    maxCreateTime = maxInt64(
      maxCreateTime,
      addInt64(header.baseTimestamp, cursor.timestampDelta),
    );
    if (spans[spans.length - 1] === cursor.start) spans[spans.length - 1] = cursor.end;
    else spans.push(cursor.start, cursor.end);
  }
  if (read !== header.recordCount) {
    throw new DecodeFault(`batch at ${header.baseOffset} holds ${read} records`);
  }
  const isAppendTime = (header.attributes & attributeBits.logAppendTime) !== 0;
  const maxTimestamp = isAppendTime ? header.maxTimestamp : maxCreateTime;
  return { kept: { records, spans, count, maxTimestamp }, hasTombstone };
}

function filterControl(bytes: Uint8Array, header: BatchHeader, options: FilterOptions): Filtered {
  // A marker that was emptied has ended its transaction in an earlier pass.
  if (header.recordCount === 0) {
    return header.baseOffset >= options.endOffset ? { bytes } : emptied(header, options);
  }
  const verdict = options.transactions.onMarker(header, readControlRecord(bytes));
  const { aborted } = verdict;
  if (header.baseOffset >= options.endOffset || !verdict.isLast) return { bytes, aborted };
  const horizonMs = deleteHorizonOf(header);
  if (horizonMs !== undefined) {
    return options.nowMs >= horizonMs ? emptied(header, options) : { bytes };
  }
  const records = unpackedRecords(bytes, { header, codecs: options.codecs });
  const kept = {
    records,
    spans: [0, records.length],
    count: header.recordCount,
    maxTimestamp: header.maxTimestamp,
    deleteHorizonMs: options.nowMs + options.deleteRetentionMs,
  };
  return { bytes: thinnedBatch(header, { kept, codecs: options.codecs }) };
}

/** Nothing, or the batch without records when a producer's state hangs on it. */
function emptied(header: BatchHeader, options: FilterOptions): Filtered {
  const producer = header.producerId < 0 ? undefined : options.producerOf(header.producerId);
  if (producer === undefined) return { bytes: undefined };
  const last = producer.batches.at(-1);
  const isLast = last !== undefined
    ? last.lastOffset === header.lastOffset
    : header.isControl && producer.producerEpoch === header.producerEpoch;
  return { bytes: isLast ? emptyBatch(header) : undefined };
}
