// Bringing a log back after a crash: every batch from the recovery point's segment on is checked,
// the indexes, producers and epochs are built again from what holds.
//
//   good batches ... | bytes that are none, nothing good behind, at or above the recovery point
//                    -> torn tail: an append that never finished. Cut, with a log line
//   good ... | bad | good ...      or bad below the recovery point (where all was synced)
//                    -> damage: never cut. The log opens read-only, serves what is readable around
//                       the hole, and answers KAFKA_STORAGE_ERROR to appends
//
// Invariant: nothing below the recovery point, and nothing with good batches behind, is ever
// removed.
// Differs from Kafka: damage is never cut away. Kafka truncates at the first bad batch, wherever it
// is, and deletes all later segments.

import type { Offset } from "../base/ids.ts";
import { baseOffsetOf } from "../records/mod.ts";
import type { LoadState } from "./loading.ts";
import { type Expectation, FileWindow, findBatchBehind, judgeBatch } from "./scan.ts";
import type { Segment } from "./segment.ts";

/** A stretch of a log that cannot be read. `toOffset` is where it goes on. */
export interface Damage {
  readonly segment: Segment;
  readonly position: number;
  readonly endPosition: number;
  readonly fromOffset: Offset;
  toOffset: Offset | undefined;
  readonly reason: string;
}

/** Checks and rebuilds the segments from `fromIndex` on; cuts a torn tail. Returns the damage. */
export async function recoverSegments(state: LoadState, fromIndex: number): Promise<Damage[]> {
  const { segments } = state;
  const holes: Damage[] = [];
  const expected: Expectation = {
    nextOffset: segments[fromIndex].baseOffset,
    leaderEpoch: -1,
    gapsAllowed: state.gapsAllowed,
  };
  for (let i = fromIndex; i < segments.length; i++) {
    const before = i > fromIndex ? segments[i - 1] : undefined;
    await recoverSegment(state, { segment: segments[i], before, expected, holes });
    if (i < segments.length - 1) segments[i].writeIndexes();
  }
  state.logEndOffset = expected.nextOffset;
  if (holes.length === 0) return holes;
  const first = holes[0];
  const goodBehind = holes.some((hole) => hole.toOffset !== undefined);
  if (!goodBehind && first.fromOffset >= state.recoveryPoint) {
    cutTornTail(state, first);
    return [];
  }
  // What was synced once counts as part of the log, so that reading it fails rather than wraps.
  const last = holes[holes.length - 1];
  if (last.toOffset === undefined) {
    state.logEndOffset = Math.max(expected.nextOffset, state.recoveryPoint);
    last.toOffset = state.logEndOffset;
  }
  for (const hole of holes) {
    hole.toOffset ??= last.toOffset;
    state.log("error", "log is damaged; it serves what is readable and takes no appends", {
      file: hole.segment.path("log"),
      position: hole.position,
      endPosition: hole.endPosition,
      fromOffset: hole.fromOffset,
      toOffset: hole.toOffset,
      reason: hole.reason,
    });
  }
  return holes;
}

async function recoverSegment(
  state: LoadState,
  run: {
    segment: Segment;
    before: Segment | undefined;
    expected: Expectation;
    holes: Damage[];
  },
): Promise<void> {
  const { segment, expected, holes } = run;
  const { before } = run;
  const explained = holes.length > 0 && holes[holes.length - 1].toOffset === undefined;
  if (before !== undefined && !explained && expected.nextOffset < segment.baseOffset) {
    if (!expected.gapsAllowed) holes.push(missingAfter(before, expected.nextOffset));
  }
  expected.nextOffset = Math.max(expected.nextOffset, segment.baseOffset);
  segment.resetAll();
  const window = new FileWindow(segment.file);
  let position = 0;
  while (position < window.size) {
    const verdict = await judgeBatch(window, { position, expected });
    if ("header" in verdict) {
      const { header } = verdict;
      for (const hole of holes) hole.toOffset ??= header.baseOffset;
      await state.applyBatch(window, { segment, position, header });
      position += header.sizeBytes;
      continue;
    }
    const nextOffset = expected.nextOffset;
    const resume = await findBatchBehind(window, { from: position + 1, nextOffset });
    holes.push({
      segment,
      position,
      endPosition: resume ?? window.size,
      fromOffset: nextOffset,
      toOffset: undefined,
      reason: verdict.reason,
    });
    if (resume === undefined) return;
    position = resume;
    expected.nextOffset = baseOffsetOf(await window.view(resume, 8));
    // What a lost batch said of its epoch is lost as well; the found one sets it anew.
    expected.leaderEpoch = -1;
  }
}

/** The end of `segment` is gone: the next one begins later than it ends. */
function missingAfter(segment: Segment, fromOffset: Offset): Damage {
  const { size } = segment;
  const reason = "batches are missing";
  return { segment, position: size, endPosition: size, fromOffset, toOffset: undefined, reason };
}

function cutTornTail(state: LoadState, hole: Damage): void {
  const index = state.segments.indexOf(hole.segment);
  const later = state.segments.splice(index + 1);
  const bytesCut = hole.segment.size - hole.position;
  if (bytesCut > 0) hole.segment.file.truncate(hole.position);
  hole.segment.unsynced = true;
  let bytesBehind = 0;
  for (const segment of later) {
    bytesBehind += segment.size;
    segment.retired = true;
    segment.file.retire();
    for (const kind of ["log", "index", "timeindex", "txnindex"] as const) {
      state.files.remove(segment.path(kind));
    }
  }
  state.logEndOffset = hole.fromOffset;
  if (bytesCut + bytesBehind === 0) return;
  state.log("warn", "cut the torn tail of a log: an append had not finished when it stopped", {
    file: hole.segment.path("log"),
    position: hole.position,
    bytesCut: bytesCut + bytesBehind,
    logEndOffset: hole.fromOffset,
    reason: hole.reason,
  });
}
