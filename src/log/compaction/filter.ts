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
  horizonShiftMs,
  type KeptRecords,
  lightRecords,
  readControlRecord,
  rebuiltBatch,
  RecordCursor,
  RecordHeads,
  type RuntimeCodecs,
  type StoredBatch,
  thinnedBatch,
  unpackedRecords,
} from "../../records/mod.ts";
import type { HeavyBatches } from "./heavy_batches.ts";
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
  readonly heavy: HeavyBatches;
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
): Filtered | Promise<Filtered> {
  if (header.isControl) return filterControl(bytes, header, options);
  const isAborted = options.transactions.isAborted(header);
  if (header.baseOffset >= options.endOffset) return { bytes };
  if (isAborted) return emptied(header, options);
  const { codecs } = options;
  const records = lightRecords({ bytes, header, codecs });
  if (records === undefined) return filterHeavy({ bytes, header, codecs }, options);
  const verdicts = new Verdicts(header, options);
  const spans = keptSpans(records, verdicts, options.keys);
  return verdicts.filtered(bytes) ?? {
    bytes: thinnedBatch(header, { kept: { ...verdicts.kept, records, spans }, codecs }),
  };
}

/** The same where the records come in chunks: one look decides, another one packs what stays. */
async function filterHeavy(batch: StoredBatch, options: FilterOptions): Promise<Filtered> {
  const { keys, heavy } = options;
  const { bytes, header } = batch;
  return await heavy.withMemory(batch, async () => {
    const verdicts = new Verdicts(header, options);
    const isKept = new Uint8Array(Math.ceil(header.recordCount / 8));
    const key = keys.hasher();
    const heads = new RecordHeads();
    await heavy.look(batch, heads, {
      onKey: (chunk, start, end) => key.add(chunk, start, end),
      onHead() {
        const index = heads.count - 1;
        if (verdicts.keeps(heads, () => keys.getHashed(key)) && index < header.recordCount) {
          isKept[index >> 3]! |= 1 << (index & 7);
        }
        return true;
      },
    });
    const known = verdicts.filtered(bytes);
    if (known !== undefined) return known;
    const { kept } = verdicts;
    const packed = await heavy.select(batch, {
      isKept: (index) => (isKept[index >> 3]! & (1 << (index & 7))) !== 0,
      shiftMs: horizonShiftMs(header, kept.deleteHorizonMs),
    });
    return { bytes: rebuiltBatch(header, { ...kept, packed }) };
  });
}

/** What is known of a record when it is judged. */
type Judged = Pick<RecordCursor, "offsetDelta" | "timestampDelta" | "keyLength" | "valueLength">;

/** Judges the records of a batch one after another. */
class Verdicts {
  readonly #header: BatchHeader;
  readonly #options: FilterOptions;
  readonly #tombstonesStay: boolean;
  #count = 0;
  #read = 0;
  #maxCreateTime: Int64 = -1;
  #hasTombstone = false;

  constructor(header: BatchHeader, options: FilterOptions) {
    this.#header = header;
    this.#options = options;
    const horizonMs = deleteHorizonOf(header);
    this.#tombstonesStay = horizonMs === undefined || options.nowMs < horizonMs;
  }

  /** Whether the next record stays; `lastOffset` tells the last one known of its key. */
  keeps(record: Judged, lastOffset: () => Offset): boolean {
    this.#read++;
    const offset = this.#header.baseOffset + record.offsetDelta;
    const last = record.keyLength < 0 ? -1 : lastOffset();
    if (offset < this.#options.endOffset) {
      if (record.keyLength < 0 || last > offset) return false;
      if (record.valueLength < 0) {
        if (!this.#tombstonesStay) return false;
        this.#hasTombstone = true;
      }
    }
    this.#count++;
    this.#maxCreateTime = maxInt64(
      this.#maxCreateTime,
      addInt64(this.#header.baseTimestamp, record.timestampDelta),
    );
    return true;
  }

  /** What comes of the batch where its records need not be written anew. All were judged. */
  filtered(bytes: Uint8Array): Filtered | undefined {
    const header = this.#header;
    if (this.#read !== header.recordCount) {
      throw new DecodeFault(`batch at ${header.baseOffset} holds ${this.#read} records`);
    }
    if (this.#count === 0) return emptied(header, this.#options);
    return this.#count === header.recordCount && !this.#needsHorizon ? { bytes } : undefined;
  }

  get #needsHorizon(): boolean {
    return this.#hasTombstone && deleteHorizonOf(this.#header) === undefined;
  }

  /** Of the records that stay. */
  get kept(): Omit<KeptRecords, "records" | "spans"> {
    const { attributes, maxTimestamp } = this.#header;
    const { nowMs, deleteRetentionMs } = this.#options;
    const isAppendTime = (attributes & attributeBits.logAppendTime) !== 0;
    return {
      count: this.#count,
      maxTimestamp: isAppendTime ? maxTimestamp : this.#maxCreateTime,
      deleteHorizonMs: this.#needsHorizon ? nowMs + deleteRetentionMs : undefined,
    };
  }
}

/** Where the records that stay begin and end. */
function keptSpans(records: Uint8Array, verdicts: Verdicts, keys: KeyOffsets): number[] {
  const spans: number[] = [];
  const cursor = new RecordCursor(records);
  while (cursor.next()) {
    const { keyStart: start } = cursor;
    const lastOffset = () => keys.get(records, { start, end: start + cursor.keyLength });
    if (!verdicts.keeps(cursor, lastOffset)) continue;
    if (spans[spans.length - 1] === cursor.start) spans[spans.length - 1] = cursor.end;
    else spans.push(cursor.start, cursor.end);
  }
  return spans;
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
