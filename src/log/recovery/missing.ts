// What is missing without a trace: files that somebody removed, or a disk that was put back from an
// older copy. Nothing that is there is wrong then, so it shows only against what was written down.
//
//   the log ends below its recovery point          its end is missing
//   a segment ends below the next one's base       what was between is missing
//   the first leader epoch begins before the       its beginning is missing
//     first segment, was synced, and the log's
//     start did not move
//
// Each is damage as recovery knows it: read around, and no appends, so that no offset is given out
// twice. Invariant: what retention, compaction and a loss of power leave is never told as missing.
// Retention moves the log's start before it removes a segment; compaction leaves the last segments
// alone, and gaps only below its checkpoint; what power takes was above the recovery point.
//
// A sealed segment's end is found from the last entry of its index: a look at some kilobytes.

import type { Offset } from "../../base/ids.ts";
import { firstOf, itemAt, lastOf } from "../../base/items.ts";
import { batchOverheadBytes, readBatchHeader } from "../../records/mod.ts";
import type { Files } from "../../runtime/ports.ts";
import type { LoadState } from "./load_state.ts";
import type { Damage } from "./recovery.ts";
import { FileWindow } from "./scan.ts";
import type { Segment } from "../segment/segment.ts";

const indexEntryBytes = 8;
/** An index that leads no nearer to the end than this is not followed. */
const tailBytesMax = 4 * 1024 * 1024;

/** What loading has come to. */
export interface Loaded {
  /** As the file of epochs has it; undefined where there is none. */
  readonly firstEpochStart: Offset | undefined;
  /** Index of the first segment that was checked whole, with its neighbours behind it. */
  readonly checkedFrom: number;
  /** With any, the log's end need not be where its batches end. */
  readonly damage: readonly Damage[];
}

/** Finds what is missing, and says so. Moves the log's end to where the missing records ended. */
export async function findMissing(state: LoadState, loaded: Loaded): Promise<Damage[]> {
  const { segments, recoveryPoint } = state;
  const found: Damage[] = [];
  const { firstEpochStart = Infinity } = loaded;
  const first = firstOf(segments);
  const isBelow = firstEpochStart < Math.min(first.baseOffset, recoveryPoint);
  // A crash may keep the log's new start, which is durable first, and the epochs of before.
  if (isBelow && state.logStartOffset < first.baseOffset && !state.recoveryPointMayBeStale) {
    const toOffset = first.baseOffset;
    const reason = `the log begins at ${toOffset} and once began at ${firstEpochStart}: ` +
      `its first segments are gone`;
    found.push(hole(first, { position: 0, fromOffset: firstEpochStart, toOffset, reason }));
  }
  for (let i = 0; i < Math.min(loaded.checkedFrom, segments.length - 1); i++) {
    const gap = await gapBehind(state, i);
    if (gap !== undefined) found.push(gap);
  }
  const isShort = state.logEndOffset < recoveryPoint && recoveryPoint > state.coveredTo;
  if (loaded.damage.length === 0 && isShort) {
    const end = endMissing(state);
    if (end !== undefined) found.push(end);
  }
  for (const { segment, fromOffset, toOffset, reason } of found) {
    const message = "records that were on disk are missing; the log takes no appends. Put the " +
      "files back, or accept the loss with ottla log repair --fill-gaps";
    const file = segment.path("log");
    state.log("error", message, { file, fromOffset, toOffset: toOffset!, reason });
  }
  return found;
}

function endMissing(state: LoadState): Damage | undefined {
  const { segments, recoveryPoint, logEndOffset: fromOffset } = state;
  const last = lastOf(segments);
  const reason = `the log ends at ${fromOffset}, and was on disk up to ${recoveryPoint}`;
  if (state.recoveryPointMayBeStale) {
    state.log("warn", "a log ends below its recovery point, which may be of an earlier topic", {
      logEndOffset: fromOffset,
      recoveryPoint,
    });
    return undefined;
  }
  // It counts as part of the log, so that reading it fails, and no record gets these offsets.
  state.logEndOffset = recoveryPoint;
  return hole(last, { position: last.size, fromOffset, toOffset: recoveryPoint, reason });
}

async function gapBehind(state: LoadState, i: number): Promise<Damage | undefined> {
  const { segments, gapsAllowed, firstDirtyOffset = Infinity } = state;
  const segment = itemAt(segments, i);
  if (gapsAllowed && segment.baseOffset < firstDirtyOffset) return undefined;
  const toOffset = itemAt(segments, i + 1).baseOffset;
  const fromOffset = await endOfSealed(state, segment);
  if (fromOffset === undefined || fromOffset >= toOffset) return undefined;
  const reason = `a segment ends at ${fromOffset} and the next begins at ${toOffset}: ` +
    `what was between is gone`;
  return hole(segment, { position: segment.size, fromOffset, toOffset, reason });
}

function hole(
  segment: Segment,
  at: { position: number; fromOffset: Offset; toOffset: Offset; reason: string },
): Damage {
  return { segment, endPosition: at.position, ...at };
}

/**
 * Where the batches of a sealed segment end; undefined when they are not dense, or do not fill the
 * file: that is for readers, who check what they read.
 */
async function endOfSealed(state: LoadState, segment: Segment): Promise<Offset | undefined> {
  if (segment.size === 0) return segment.baseOffset;
  const { files, slices } = state;
  const start = lastIndexed(files, segment);
  if (segment.size - start > tailBytesMax) return undefined;
  const file = files.open(segment.path("log"), "read");
  try {
    const readAtAsync = (position: number, into: Uint8Array) => file.readAtAsync(position, into);
    const window = new FileWindow({ size: segment.size, readAtAsync, slices });
    let due: Offset | undefined;
    for (let position = start; position < window.size;) {
      const head = await window.view(position, batchOverheadBytes);
      if (head.length < batchOverheadBytes) return undefined;
      const { magic, sizeBytes, baseOffset, lastOffset, recordCount } = readBatchHeader(head);
      const isDense = recordCount === lastOffset - baseOffset + 1 &&
        baseOffset === (due ?? baseOffset);
      const isWhole = sizeBytes >= batchOverheadBytes && sizeBytes <= window.size - position;
      if (magic !== 2 || !isDense || !isWhole) return undefined;
      due = lastOffset + 1;
      position += sizeBytes;
    }
    return due;
  } finally {
    file.close();
  }
}

/** Position of the batch that the last entry of the index names; 0 for none. */
function lastIndexed(files: Files, segment: Segment): number {
  if (segment.indexes.areLoaded) {
    const { offsets } = segment.indexes;
    return offsets.entryCount === 0 ? 0 : offsets.entry(offsets.entryCount - 1).position;
  }
  const path = segment.path("index");
  if (files.stat(path) === undefined) return 0;
  const file = files.open(path, "read");
  try {
    const entries = Math.floor(file.size / indexEntryBytes);
    if (entries === 0) return 0;
    const entry = new Uint8Array(indexEntryBytes);
    file.readAt((entries - 1) * indexEntryBytes, entry);
    const position = new DataView(entry.buffer).getInt32(4);
    return position >= 0 && position < segment.size ? position : 0;
  } finally {
    file.close();
  }
}
