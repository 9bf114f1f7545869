// What a read_committed consumer makes of what it is given: batches, and which of them belong to
// transactions that were aborted.

import { assert } from "../../src/base/assert.ts";
import type { PartitionLog } from "../../src/log/mod.ts";
import {
  batchPositions,
  ControlType,
  type LogRecord,
  readBatchHeader,
  readControlRecord,
  readRecords,
} from "../../src/records/mod.ts";

/** One answer to a Fetch. */
export interface Given {
  readonly bytes: Uint8Array;
  readonly aborted: readonly { readonly producerId: number; readonly firstOffset: number }[];
}

/** Without what is aborted, and without markers. */
export function committedIn({ bytes, aborted }: Given): LogRecord[] {
  const records: LogRecord[] = [];
  const coming = aborted.toSorted((a, b) => a.firstOffset - b.firstOffset);
  const left = new Set<number>();
  for (const position of batchPositions(bytes)) {
    const { producerId, lastOffset, isControl, isTransactional } = readBatchHeader(bytes, position);
    while (coming[0] !== undefined && coming[0].firstOffset <= lastOffset) {
      left.add(coming.shift()!.producerId);
    }
    if (isControl) {
      const { type } = readControlRecord(bytes, position);
      if (type === ControlType.ABORT) left.delete(Number(producerId));
    } else if (!isTransactional || !left.has(Number(producerId))) {
      records.push(...readRecords(bytes, { position }));
    }
  }
  return records;
}

/** What such a consumer reads of a log from `from` on, a few batches at a time. */
export async function committedFrom(
  log: PartitionLog,
  from = log.logStartOffset,
): Promise<LogRecord[]> {
  const records: LogRecord[] = [];
  const endOffset = log.lastStableOffset;
  for (let offset = from; offset < endOffset;) {
    const { bytes, nextOffset } = await log.read({
      offset,
      endOffset,
      maxBytes: 150,
      minOneBatch: true,
    });
    assert(nextOffset > offset, `a reader is stuck at ${offset}`);
    const aborted = log.abortedTransactions(offset, nextOffset).map((each) => ({
      ...each,
      producerId: Number(each.producerId),
    }));
    const at = offset;
    records.push(...committedIn({ bytes, aborted }).filter((record) => record.offset >= at));
    offset = nextOffset;
  }
  return records;
}
