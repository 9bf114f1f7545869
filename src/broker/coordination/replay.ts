// Reads a log from its start to its end, record by record: how tables come back after a start.
//
//   data                      handed on
//   data of a transaction     kept until its marker: handed on by COMMIT, dropped by ABORT; or
//                             handed on at once, as are markers, to who keeps it himself
//   a transaction left open   dropped: nobody may read what is not decided
//   other control batches     passed over

import { assert } from "../../base/assert.ts";
import { DecodeFault, PartitionFault } from "../../base/faults.ts";
import type { Offset, ProducerId } from "../../base/ids.ts";
import type { Codecs, Timers } from "../../runtime/ports.ts";
import {
  attributeBits,
  type BatchHeader,
  batchPositions,
  compressionOf,
  ControlType,
  loadCompression,
  type LogRecord,
  readBatchHeader,
  readControlRecord,
  readRecords,
} from "../../records/mod.ts";
import type { PartitionLog } from "../../log/mod.ts";

const chunkBytes = 1024 * 1024;

/** Who gets the records. */
export interface RecordSink {
  readonly codecs: Codecs;
  readonly onRecord: (record: LogRecord) => void;
  /** Who keeps what is not decided yet, and is told of its end. */
  readonly transactions?: TransactionSink;
  /** Told of a batch whose records cannot be read; without it, that ends the replay. */
  readonly onUnreadable?: (header: BatchHeader, fault: DecodeFault) => void;
}

/** Keeps the records of transactions until they end. */
export interface TransactionSink {
  readonly onPending: (record: LogRecord, producerId: ProducerId) => void;
  readonly onEnd: (producerId: ProducerId, committed: boolean) => void;
}

export interface ReplayOptions extends RecordSink {
  readonly timers: Timers;
  /** Records below it are passed over; the log's start by default. */
  readonly from?: Offset;
}

/** Records of transactions that are not decided yet. */
type OpenTransactions = Map<ProducerId, LogRecord[]>;

/**
 * Hands every data record of `log` to `onRecord`, those of a transaction where it was committed.
 * Throws PartitionFault at a damaged place: a table that misses records must not be served.
 */
export async function replay(log: PartitionLog, options: ReplayOptions): Promise<void> {
  const { timers } = options;
  const open: OpenTransactions = new Map();
  let offset = Math.max(options.from ?? 0, log.logStartOffset);
  while (offset < log.logEndOffset) {
    const endOffset = log.logEndOffset;
    const { bytes, damage } = await log.read({
      offset,
      endOffset,
      maxBytes: chunkBytes,
      minOneBatch: true,
    });
    if (damage !== undefined) throw new PartitionFault(damage);
    // Compaction by another broker may have left nothing at the end.
    if (bytes.length === 0) return;
    const before = offset;
    offset = await replayBatches(bytes, { ...options, from: offset, open });
    assert(offset > before, `replay of ${log.topic}-${log.partition} is stuck at ${offset}`);
    await timers.turn();
  }
}

/** As {@link replay}, of whole batches in memory. Returns the offset behind the last one. */
async function replayBatches(
  bytes: Uint8Array,
  sink: RecordSink & { readonly from?: Offset; readonly open?: OpenTransactions },
): Promise<Offset> {
  const { codecs, from = 0, open = new Map() } = sink;
  let offset = from;
  for (const position of batchPositions(bytes)) {
    const header = readBatchHeader(bytes, position);
    const { baseOffset, attributes, producerId } = header;
    offset = header.lastOffset + 1;
    const isTransactional = (attributes & attributeBits.transactional) !== 0;
    if ((attributes & attributeBits.control) !== 0) {
      if (isTransactional) endTransaction(open, { producerId, bytes, position, sink });
      continue;
    }
    const compression = compressionOf(attributes);
    if (compression !== undefined) await loadCompression(compression);
    let records: LogRecord[];
    try {
      records = readRecords(bytes, { position, codecs });
    } catch (fault) {
      if (!(fault instanceof DecodeFault) || sink.onUnreadable === undefined) throw fault;
      sink.onUnreadable(header, fault);
      continue;
    }
    const wanted = baseOffset >= from ? records : records.filter((each) => each.offset >= from);
    const { transactions } = sink;
    if (!isTransactional) wanted.forEach(sink.onRecord);
    else if (transactions !== undefined) {
      for (const record of wanted) transactions.onPending(record, producerId);
    } else open.set(producerId, [...open.get(producerId) ?? [], ...wanted]);
  }
  return offset;
}

function endTransaction(
  open: OpenTransactions,
  marker: { producerId: ProducerId; bytes: Uint8Array; position: number; sink: RecordSink },
): void {
  const { producerId, bytes, position, sink } = marker;
  // Compaction may have emptied a marker whose transaction is gone.
  if (readBatchHeader(bytes, position).recordCount === 0) return;
  const committed = readControlRecord(bytes, position).type === ControlType.COMMIT;
  sink.transactions?.onEnd(producerId, committed);
  const records = open.get(producerId) ?? [];
  open.delete(producerId);
  if (committed) records.forEach(sink.onRecord);
}
