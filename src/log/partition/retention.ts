// Which segments have lived long enough, by Kafka's rules: from the oldest on, whole segments,
//
//   log start   the next segment begins at or below the log start offset
//   time        the segment's latest record is older than retention.ms
//   size        the log without the segment is still at least retention.bytes
//
// Invariant: nothing at or above the high watermark goes. The active segment goes only when it has
// records and all of it has expired; the log rolls first then, so that it always has a segment.

import type { Offset } from "../../base/ids.ts";
import { subtractInt64 } from "../../base/int64.ts";
import type { LogConfig } from "./config.ts";
import type { Segment } from "../segment/segment.ts";

export interface RetentionContext {
  readonly segments: readonly Segment[];
  readonly config: LogConfig;
  readonly nowMs: number;
  readonly logStartOffset: Offset;
  readonly logEndOffset: Offset;
  /** Consumers have been able to read up to here. */
  readonly highWatermark: Offset;
}

/** How many of the oldest segments go. All of them: the active one must be rolled first. */
export function expiredSegmentCount(context: RetentionContext): number {
  const { segments, config, highWatermark } = context;
  const byPolicy = config.cleanupPolicy.includes("delete");
  let sizeBytes = 0;
  for (const segment of segments) sizeBytes += segment.size;
  let count = 0;
  for (const segment of segments) {
    const next = segments[count + 1]?.baseOffset;
    const endOffset = next ?? context.logEndOffset;
    if (endOffset > highWatermark || (next === undefined && segment.size === 0)) break;
    const belowStart = next !== undefined && next <= context.logStartOffset;
    const expired = byPolicy && (isTooOld(segment, context) ||
      (config.retentionBytes >= 0 && sizeBytes - segment.size >= config.retentionBytes));
    if (!belowStart && !expired) break;
    sizeBytes -= segment.size;
    count++;
  }
  return count;
}

function isTooOld(segment: Segment, context: RetentionContext): boolean {
  const { retentionMs } = context.config;
  if (retentionMs < 0) return false;
  const { timestampMs } = segment.maxTimestamp;
  const latestMs = timestampMs >= 0 ? timestampMs : segment.createdMs;
  return subtractInt64(context.nowMs, latestMs) > retentionMs;
}
