// What a log decides in the headers of the batches that it takes in: base offset, leader epoch and,
// for LogAppendTime, the timestamp. Invariant: nothing else in the given bytes changes, but for the
// CRC of a stamped batch.

import type { LeaderEpoch, Offset } from "../../base/ids.ts";
import { type Int64, maxInt64 } from "../../base/int64.ts";
import { firstOf, lastOf } from "../../base/items.ts";
import { assignBatch, type BatchHeader, stampLogAppendTime } from "../../records/mod.ts";
import type { LogConfig } from "../partition/config.ts";
import { type AppendOrigin, isCopied } from "./payload.ts";
import type { EpochCache } from "../partition/epoch_cache.ts";

/** How batches get their places. */
export interface Placing {
  /** Copied ones have their offsets and epochs already. */
  readonly origin: AppendOrigin;
  readonly config: Pick<LogConfig, "messageTimestampType">;
  readonly logEndOffset: Offset;
  readonly leaderEpoch: LeaderEpoch;
  readonly nowMs: number;
}

/** Batches in their places, and where they end. */
export interface PlacedBatches {
  readonly batches: readonly BatchHeader[];
  readonly baseOffset: Offset;
  readonly lastOffset: Offset;
  readonly maxTimestampMs: Int64;
  readonly logAppendTimeMs: Int64;
}

/** Gives `batches` in `records` the next offsets, or leaves them those that they have. */
export function placeBatches(
  records: Uint8Array,
  batches: readonly BatchHeader[],
  { origin, config, logEndOffset: baseOffset, leaderEpoch, nowMs: now }: Placing,
): PlacedBatches {
  if (!isCopied(origin)) {
    const nowMs = config.messageTimestampType === "LogAppendTime" ? now : undefined;
    return { baseOffset, ...assignOffsets(records, { batches, baseOffset, leaderEpoch, nowMs }) };
  }
  let maxTimestampMs: Int64 = -1;
  for (const each of batches) maxTimestampMs = maxInt64(maxTimestampMs, each.maxTimestamp);
  const { baseOffset: first } = firstOf(batches);
  const { lastOffset } = lastOf(batches);
  return { batches, baseOffset: first, lastOffset, maxTimestampMs, logAppendTimeMs: -1 };
}

/** The epochs that batches are of: this leader's, or that of whoever they are copied from. */
export function noteEpochs(
  epochs: EpochCache,
  { batches, baseOffset }: PlacedBatches,
  { origin, leaderEpoch }: Pick<Placing, "origin" | "leaderEpoch">,
): void {
  if (!isCopied(origin)) return epochs.assign(leaderEpoch, baseOffset);
  for (const each of batches) epochs.assign(each.partitionLeaderEpoch, each.baseOffset);
}

/** Batches and what they get. */
interface Assignment {
  readonly batches: readonly BatchHeader[];
  /** Of the first batch. */
  readonly baseOffset: Offset;
  readonly leaderEpoch: LeaderEpoch;
  /** For LogAppendTime; undefined for CreateTime. */
  readonly nowMs: number | undefined;
}

/** Overwrites the headers in `records`; returns them as they are now. */
function assignOffsets(records: Uint8Array, assignment: Assignment) {
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
