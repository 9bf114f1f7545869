// Bringing a log back after a crash: every batch from the recovery point on is checked, the
// indexes, producers and epochs are built again from what holds. What is found decides:
//
//   what is wrong                                 above the recovery point    below it
//   a tail that is no whole batch                 torn: cut                   damage
//   a hole with a lost write in it, or missing    cut, kept in a .cut file    damage
//     batches, and the machine may have restarted
//   a batch that was whole and changed since      damage                      damage
//   a hole with good batches behind it            damage                      damage
//   messages of before Kafka 0.11                 damage, to be converted     damage
//
// Damage: never cut. The log opens read-only, serves what is readable around the hole, and answers
// KAFKA_STORAGE_ERROR to appends. Why a lost write may be cut: docs/decisions/0006. In short, a
// sync covers all that was appended before it, so nothing behind a lost write was ever
// acknowledged to acks=all.
//
// A compacted log has gaps, but not in its last segment: compaction leaves that one alone. So a
// wrong base offset, which no checksum covers, shows there as in any log. Elsewhere it shows where
// it is beyond those of the batches behind it, or beyond the segment's end.
//
// Invariant: nothing below the recovery point is ever removed.
// Differs from Kafka: damage is never cut away. Kafka truncates at the first bad batch, wherever it
// is, and deletes all later segments.

import { isPlatformFault } from "../../base/faults.ts";
import type { Offset } from "../../base/ids.ts";
import { itemAt, lastOf } from "../../base/items.ts";
import { baseOffsetOf } from "../../records/mod.ts";
import { cutLog } from "./cut.ts";
import type { LoadState } from "./load_state.ts";
import { hasLostSector, wasWholeBatch } from "./lost_writes.ts";
import type { RecoveryStart } from "./start.ts";
import { oldMessagesAt, oldMessagesReason } from "./old_messages.ts";
import {
  type Expectation,
  type FileWindow,
  findBatchBehind,
  judgeBatch,
  misplaced,
} from "./scan.ts";
import type { Segment } from "../segment/segment.ts";

/** A stretch of a log that cannot be read. `toOffset` is where it goes on. */
export interface Damage {
  readonly segment: Segment;
  readonly position: number;
  readonly endPosition: number;
  readonly fromOffset: Offset;
  toOffset: Offset | undefined;
  readonly reason: string;
  /** Nothing is wrong with it, but its age. */
  readonly isOld?: boolean;
}

/** What a scan has found so far. */
interface Scan {
  readonly expected: Expectation;
  readonly holes: Damage[];
  /** Good batches behind the first hole. */
  batchesBehind: number;
  bytesChecked: number;
}

/** What recovery has come to. */
export interface Recovered {
  /** Stretches that cannot be read; the log takes no appends when there are any. */
  readonly damage: readonly Damage[];
  /** Whether it was cut before batches that have been applied: then it must be loaded anew. */
  readonly isStale: boolean;
  readonly wasCut: boolean;
  readonly bytesChecked: number;
}

/** Checks and rebuilds from `start` on, in the segment at `fromIndex`. */
export async function recoverSegments(
  state: LoadState,
  from: { readonly fromIndex: number; readonly start: RecoveryStart | undefined },
): Promise<Recovered> {
  const { segments } = state;
  const { fromIndex, start } = from;
  const expected: Expectation = {
    nextOffset: start?.baseOffset ?? beginOf(state, itemAt(segments, fromIndex)),
    leaderEpoch: -1,
    gapsAllowed: state.gapsAllowed,
  };
  const scan: Scan = { expected, holes: [], batchesBehind: 0, bytesChecked: 0 };
  let before: Segment | undefined;
  for (const segment of segments.slice(fromIndex)) {
    const segmentStart = before === undefined ? start : undefined;
    await recoverSegment(state, { segment, before, scan, start: segmentStart });
    // Those of the active segment stay in memory, but for a file that would now say too much.
    if (segment !== segments.at(-1) || segmentStart !== undefined) writeIndexes(segment);
    before = segment;
  }
  state.logEndOffset = expected.nextOffset;
  const { bytesChecked } = scan;
  const [first] = scan.holes;
  if (first === undefined) return { ...whole, bytesChecked };
  if (await mayCut(state, first, scan)) {
    const cut = { ...first, batchesBehind: scan.batchesBehind };
    state.onCut();
    await cutLog(state, cut, expected.nextOffset);
    return { damage: [], isStale: scan.batchesBehind > 0, wasCut: true, bytesChecked };
  }
  return { ...whole, damage: reportDamage(state, scan), bytesChecked };
}

const whole = { damage: [], isStale: false, wasCut: false } as const;

/** Where a segment's first batch is due. */
function beginOf({ segments, lateStart }: LoadState, segment: Segment): Offset {
  return segment === segments[0] ? lateStart ?? segment.baseOffset : segment.baseOffset;
}

/** Whether what is wrong can only be an end of the log that was never made durable. */
async function mayCut(
  state: LoadState,
  first: Scan["holes"][number],
  { batchesBehind }: Scan,
): Promise<boolean> {
  if (first.fromOffset < state.recoveryPoint || first.isOld === true) return false;
  const { position, endPosition: to, fromOffset: nextOffset } = first;
  const window = state.windowOf(first.segment);
  if (state.mayHaveLostWrites && await hasLostSector(window, { from: position, to })) return true;
  // At the end of the file, batches are missing, whole ones or a part of one.
  const isShort = to === window.size && !await wasWholeBatch(window, { position, nextOffset });
  return isShort && (state.mayHaveLostWrites || batchesBehind === 0 && position < to);
}

function reportDamage(state: LoadState, { holes, expected }: Scan): Damage[] {
  // What was synced once counts as part of the log, so that reading it fails rather than wraps.
  const last = lastOf(holes);
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
    readonly segment: Segment;
    readonly before: Segment | undefined;
    readonly scan: Scan;
    readonly start: RecoveryStart | undefined;
  },
): Promise<void> {
  const { segment, before, scan, start } = run;
  const { expected, holes } = scan;
  const lastHole = holes.at(-1);
  const explained = lastHole !== undefined && lastHole.toOffset === undefined;
  if (before !== undefined && !explained && expected.nextOffset < segment.baseOffset) {
    if (!state.gapsAllowed) holes.push(missingAfter(before, expected.nextOffset));
  }
  const next = state.segments[state.segments.indexOf(segment) + 1];
  expected.gapsAllowed = state.gapsAllowed && next !== undefined;
  const range = { baseOffset: segment.baseOffset, endOffset: next?.baseOffset };
  expected.nextOffset = Math.max(expected.nextOffset, beginOf(state, segment));
  if (start === undefined) segment.resetAll();
  else segment.resumeIndexes(start.position, start);
  const window = state.windowOf(segment);
  let position = start?.position ?? 0;
  scan.bytesChecked += window.size - position;
  while (position < window.size) {
    const before = { ...expected };
    const verdict = await judgeBatch(window, { position, expected });
    if ("header" in verdict) {
      const { header } = verdict;
      const endPosition = position + header.sizeBytes;
      const hasGap = header.baseOffset > before.nextOffset;
      const wrong = hasGap && await misplaced(window, { header, endPosition, before, range });
      if (wrong) {
        const place = { segment, position, endPosition, fromOffset: before.nextOffset };
        holes.push({ ...place, toOffset: undefined, reason: wrong.problem });
        Object.assign(expected, before);
        position = endPosition;
        continue;
      }
      for (const hole of holes) hole.toOffset ??= header.baseOffset;
      if (holes.length > 0) scan.batchesBehind++;
      await state.applyBatch(window, { segment, position, header });
      position = endPosition;
      continue;
    }
    const resume = await passHole(window, { segment, position, scan, reason: verdict.reason });
    if (resume === undefined) return;
    position = resume;
  }
}

/** Notes the hole at `position`; where the segment goes on behind it, undefined: nowhere. */
async function passHole(
  window: FileWindow,
  at: { segment: Segment; position: number; scan: Scan; reason: string },
): Promise<number | undefined> {
  const { segment, position, scan: { expected, holes }, reason } = at;
  const { nextOffset } = expected;
  const place = { segment, position, fromOffset: nextOffset };
  const old = await oldMessagesAt(window, { position, nextOffset });
  if (old !== undefined) {
    for (const hole of holes) hole.toOffset ??= nextOffset;
    holes.push({ ...place, ...old, reason: oldMessagesReason, isOld: true });
    at.scan.batchesBehind++;
    expected.nextOffset = old.toOffset;
    return old.endPosition;
  }
  const resume = await findBatchBehind(window, { from: position + 1, nextOffset });
  holes.push({ ...place, endPosition: resume ?? window.size, toOffset: undefined, reason });
  if (resume === undefined) return undefined;
  expected.nextOffset = baseOffsetOf(await window.view(resume, 8));
  // What a lost batch said of its epoch is lost as well; the found one sets it anew.
  expected.leaderEpoch = -1;
  return resume;
}

/** The end of `segment` is gone: the next one begins later than it ends. */
function missingAfter(segment: Segment, fromOffset: Offset): Damage {
  const { size } = segment;
  const reason = "batches are missing";
  return { segment, position: size, endPosition: size, fromOffset, toOffset: undefined, reason };
}

/** Without them the next recovery only takes longer, so a full disk keeps nothing from opening. */
export function writeIndexes(segment: Segment): void {
  try {
    segment.writeIndexes();
  } catch (error) {
    if (!isPlatformFault(error, "NoSpace")) throw error;
  }
}
