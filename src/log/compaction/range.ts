// Which part of a log can be compacted now, after Kafka's LogCleanerManager: whole segments,
//
//   from   the one that holds the first dirty offset
//   up to  the active one, the first above the stable offset, or the first with a record younger
//          than min.compaction.lag.ms
//
// Invariant: the segments returned stand side by side, and the active one is not among them.

import type { Offset } from "../../base/ids.ts";
import { subtractInt64 } from "../../base/int64.ts";
import type { LogConfig } from "../partition/config.ts";
import type { Segment } from "../segment/segment.ts";

/** What can be compacted. */
export interface DirtyPart {
  readonly segments: readonly Segment[];
  readonly fromOffset: Offset;
  /** Where the last of them ends. */
  readonly endOffset: Offset;
  readonly dirtyBytes: number;
  /** Of the segments before. */
  readonly cleanBytes: number;
  /** Whether some record has waited for longer than max.compaction.lag.ms. */
  readonly isOverdue: boolean;
}

export interface DirtyRange {
  readonly segments: readonly Segment[];
  readonly config: LogConfig;
  readonly nowMs: number;
  readonly firstDirtyOffset: Offset;
  /** Every transaction below it is decided, and consumers may see all of it. */
  readonly stableOffset: Offset;
}

/** The part that can be compacted. */
export async function dirtyPart(range: DirtyRange): Promise<DirtyPart> {
  const { config, nowMs, firstDirtyOffset } = range;
  const all = [...range.segments];
  const segments: Segment[] = [];
  let cleanBytes = 0;
  let dirtyBytes = 0;
  let endOffset = firstDirtyOffset;
  let isOverdue = false;
  for (const [i, segment] of all.entries()) {
    const next = all[i + 1]?.baseOffset;
    if (next === undefined) break;
    if (next <= firstDirtyOffset) {
      cleanBytes += segment.size;
      continue;
    }
    if (next > range.stableOffset) break;
    if (config.minCompactionLagMs > 0 && await isYoung(segment, { config, nowMs })) break;
    segments.push(segment);
    dirtyBytes += segment.size;
    endOffset = next;
    isOverdue ||= hasWaited(segment, { config, nowMs });
  }
  return { segments, fromOffset: firstDirtyOffset, endOffset, dirtyBytes, cleanBytes, isOverdue };
}

async function isYoung(
  segment: Segment,
  { config, nowMs }: { config: LogConfig; nowMs: number },
): Promise<boolean> {
  await segment.loadMaxTimestamp();
  const { timestampMs } = segment.maxTimestamp;
  const latestMs = timestampMs >= 0 ? timestampMs : segment.createdMs;
  return latestMs > nowMs - config.minCompactionLagMs;
}

function hasWaited(
  segment: Segment,
  { config, nowMs }: { config: LogConfig; nowMs: number },
): boolean {
  const { maxCompactionLagMs } = config;
  if (maxCompactionLagMs === Number.MAX_SAFE_INTEGER) return false;
  const firstMs = segment.firstTimestampMs;
  return subtractInt64(nowMs, firstMs > 0 ? firstMs : segment.createdMs) > maxCompactionLagMs;
}
