// What a log decides in the headers of the batches that it takes in: base offset, leader epoch and,
// for LogAppendTime, the timestamp. Invariant: nothing else in the given bytes changes, but for the
// CRC of a stamped batch.

import type { LeaderEpoch, Offset } from "../../base/ids.ts";
import { type Int64, maxInt64 } from "../../base/int64.ts";
import { assignBatch, type BatchHeader, stampLogAppendTime } from "../../records/mod.ts";

/** Batches and what they get. */
export interface Assignment {
  readonly batches: readonly BatchHeader[];
  /** Of the first batch. */
  readonly baseOffset: Offset;
  readonly leaderEpoch: LeaderEpoch;
  /** For LogAppendTime; undefined for CreateTime. */
  readonly nowMs: number | undefined;
}

/** Overwrites the headers in `records`; returns them as they are now. */
export function assignOffsets(records: Uint8Array, assignment: Assignment) {
  const { leaderEpoch, nowMs } = assignment;
  let { baseOffset } = assignment;
  let position = 0;
  const batches: BatchHeader[] = [];
  let maxTimestampMs: Int64 = -1;
  for (const batch of assignment.batches) {
    assignBatch(records, { position, baseOffset, leaderEpoch });
    if (nowMs !== undefined) stampLogAppendTime(records, { position, timestampMs: nowMs });
    const lastOffset = baseOffset + batch.lastOffsetDelta;
    const maxTimestamp = nowMs ?? batch.maxTimestamp;
    batches.push({ ...batch, baseOffset, lastOffset, maxTimestamp });
    maxTimestampMs = maxInt64(maxTimestampMs, maxTimestamp);
    baseOffset = lastOffset + 1;
    position += batch.sizeBytes;
  }
  return { batches, lastOffset: baseOffset - 1, maxTimestampMs, logAppendTimeMs: nowMs ?? -1 };
}
