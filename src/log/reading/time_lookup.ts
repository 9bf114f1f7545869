// From a timestamp to an offset, for ListOffsets: the first record at or after a time.
//
//   segment   the first whose largest timestamp is not before it
//   position  the time index says up to which offset all is earlier, the offset index where that is
//   batch     the first from there whose largest timestamp is not before it
//   record    the first in it; the batch is unpacked for that
//
// Differs from Kafka: if the batch that holds the timestamp is compressed and cannot be unpacked, a
// look-up by time answers with the batch's first offset, which is early rather than late.

import { DecodeFault } from "../../base/faults.ts";
import type { LeaderEpoch, Offset } from "../../base/ids.ts";
import { type Int64, maxInt64 } from "../../base/int64.ts";
import {
  type BatchHeader,
  compressionOf,
  loadCompression,
  readRecords,
  type RuntimeCodecs,
} from "../../records/mod.ts";
import { FileWindow, judgeBatch } from "../recovery/scan.ts";
import type { Segment } from "../segment/segment.ts";

/** Indexes lead to within some kilobytes of a batch: more than that is seldom looked at. */
const lookBytes = 16 * 1024;

/** A record found by its time. */
export interface TimestampOffset {
  readonly offset: Offset;
  readonly timestampMs: Int64;
  readonly leaderEpoch: LeaderEpoch;
}

export interface TimeLookup extends Lookup {
  readonly timestampMs: Int64;
}

/** Where to look. */
export interface Lookup {
  /** The log's segments as they are now: some may go while they are searched. */
  readonly segments: () => readonly Segment[];
  readonly logStartOffset: Offset;
  readonly codecs: RuntimeCodecs | undefined;
}

/** The record with the largest timestamp; undefined for a log without any. */
export async function findMaxTimestamp(lookup: Lookup): Promise<TimestampOffset | undefined> {
  const timestampMs = await searched(lookup, async (segments) => {
    let largest: Int64 = -1;
    for (const segment of segments) {
      await segment.loadMaxTimestamp();
      largest = maxInt64(largest, segment.maxTimestamp.timestampMs);
    }
    return largest;
  });
  return timestampMs < 0 ? undefined : await findTimestamp({ ...lookup, timestampMs });
}

/** The first record at or after `timestampMs`, undefined when there is none. */
export function findTimestamp(lookup: TimeLookup): Promise<TimestampOffset | undefined> {
  return searched(lookup, async (segments) => {
    for (const segment of segments) {
      await segment.loadMaxTimestamp();
      if (segment.size === 0 || segment.maxTimestamp.timestampMs < lookup.timestampMs) continue;
      await segment.indexes.load();
      const found = await findInSegment(segment, lookup);
      if (found !== undefined) return found;
    }
    return undefined;
  });
}

/** Searches again when the search failed since segments were deleted or compacted under it. */
async function searched<Found>(
  lookup: Lookup,
  search: (segments: readonly Segment[]) => Promise<Found>,
): Promise<Found> {
  const isAnyRetired = (segments: readonly Segment[]) => segments.some(({ retired }) => retired);
  for (;;) {
    const segments = [...lookup.segments()];
    try {
      return await search(segments);
    } catch (error) {
      // All of a closed log are retired.
      if (!isAnyRetired(segments) || isAnyRetired(lookup.segments())) throw error;
    }
  }
}

async function findInSegment(
  segment: Segment,
  lookup: TimeLookup,
): Promise<TimestampOffset | undefined> {
  const { timestampMs, logStartOffset } = lookup;
  const relative = Math.max(
    segment.indexes.times.lookup(timestampMs),
    logStartOffset - segment.baseOffset,
  );
  const window = new FileWindow(segment.file, { bytesMin: lookBytes });
  const expected = { nextOffset: segment.baseOffset, leaderEpoch: -1, gapsAllowed: true };
  for (let position = segment.indexes.offsets.lookup(relative); position < window.size;) {
    const verdict = await judgeBatch(window, { position, expected, skipCrc: true });
    if ("reason" in verdict) return undefined;
    const { header } = verdict;
    if (header.maxTimestamp >= timestampMs && header.lastOffset >= logStartOffset) {
      const batch = await window.view(position, header.sizeBytes);
      const found = await findInBatch(batch, { header, lookup });
      if (found !== undefined) return found;
    }
    position += header.sizeBytes;
  }
  return undefined;
}

async function findInBatch(
  batch: Uint8Array,
  wanted: { header: BatchHeader; lookup: TimeLookup },
): Promise<TimestampOffset | undefined> {
  const { header, lookup } = wanted;
  const leaderEpoch = header.partitionLeaderEpoch;
  const first = {
    offset: Math.max(header.baseOffset, lookup.logStartOffset),
    timestampMs: header.maxTimestamp,
    leaderEpoch,
  };
  const compression = compressionOf(header.attributes);
  const needsCodecs = compression === "gzip" || compression === "zstd";
  if (compression === undefined || (needsCodecs && lookup.codecs === undefined)) return first;
  await loadCompression(compression);
  try {
    for (const record of readRecords(batch, { codecs: lookup.codecs })) {
      if (record.timestamp < lookup.timestampMs || record.offset < lookup.logStartOffset) continue;
      return { offset: record.offset, timestampMs: record.timestamp, leaderEpoch };
    }
  } catch (error) {
    if (error instanceof DecodeFault) return first;
    throw error;
  }
  return undefined;
}
