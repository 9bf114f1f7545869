// Taking out of a closed log what cannot be read, so that the rest can be served again.
//
//   good | bad                    -> good                                  the end is cut
//   good | bad | good             -> good | empty batch | good             the stretch is cut
//   good |     | good, no gaps due-> good | empty batch | good             the gap is bridged
//
// An empty batch has no records and stands for the offsets that are lost, as compaction leaves
// them, so nothing that follows moves. Invariant: what is cut off is in a synced `.cut` file before
// the segment is replaced, and a segment is replaced by a rename: a crash leaves the old or the
// new. Indexes and snapshots that the cut made wrong are removed; opening the log makes them again.

import { DecodeFault } from "../base/faults.ts";
import type { LeaderEpoch, Offset, PartitionId } from "../base/ids.ts";
import { batchOverheadBytes, emptyBatch, readBatchHeader } from "../records/mod.ts";
import type { Files, OpenFile } from "../runtime/ports.ts";
import { decodeOffsets, encodeOffsets } from "./checkpoints.ts";
import { decodeEpochs } from "./epoch_cache.ts";
import { inspectBatches } from "./inspect.ts";
import {
  cutFileName,
  fileNames,
  parseSegmentFileName,
  type SegmentFileKind,
  segmentFileName,
  temporarySuffix,
} from "./layout.ts";
import { readWholeFile, writeWholeFileDurably } from "./whole_file.ts";

const copyBytes = 1024 * 1024;

/** A stretch that goes. Its offsets are `fromOffset` up to, not including, `toOffset`. */
export interface RepairStep {
  /** The segment that it is in. */
  readonly segmentBaseOffset: Offset;
  readonly position: number;
  /** Equal to `position` where batches are missing without a trace. */
  readonly endPosition: number;
  readonly fromOffset: Offset;
  /** Where the log goes on; undefined when it ends here. */
  readonly toOffset: Offset | undefined;
  readonly leaderEpoch: LeaderEpoch;
  readonly reason: string;
}

/** Offsets that are in no batch: natural where a topic is compacted. */
export interface OffsetGap {
  readonly fromOffset: Offset;
  readonly toOffset: Offset;
}

export interface RepairPlan {
  readonly steps: readonly RepairStep[];
  /** Gaps that are left as they are. */
  readonly gaps: readonly OffsetGap[];
}

type OpenStep = { -readonly [Name in keyof RepairStep]: RepairStep[Name] };

/** Reads the whole log in a partition's folder, and says what would have to go. */
export async function planRepair(
  files: Files,
  folder: string,
  options: { fillGaps: boolean },
): Promise<RepairPlan> {
  const steps: OpenStep[] = [];
  const gaps: OffsetGap[] = [];
  let leaderEpoch: LeaderEpoch = -1;
  const bases = segmentsIn(files, folder);
  let nextOffset = firstEpochStart(files, folder, bases[0]);
  for (const [i, segmentBaseOffset] of bases.entries()) {
    const file = files.open(`${folder}/${segmentFileName(segmentBaseOffset, "log")}`, "read");
    const reach = (baseOffset: Offset, position: number) => {
      // A stretch at the end of a segment goes on where the next batch begins.
      const open = steps.at(-1);
      if (open !== undefined && open.toOffset === undefined) open.toOffset = baseOffset;
      else if (nextOffset !== undefined && baseOffset > nextOffset) {
        const gap = { fromOffset: nextOffset, toOffset: baseOffset };
        if (!options.fillGaps) gaps.push(gap);
        else {
          const reason = "batches are missing";
          const place = { segmentBaseOffset, position, endPosition: position };
          steps.push({ ...place, ...gap, leaderEpoch, reason });
        }
      }
    };
    try {
      const baseOffset = Math.max(nextOffset ?? 0, segmentBaseOffset);
      const range = { baseOffset, endOffset: bases[i + 1] };
      for await (const found of inspectBatches(file, range)) {
        if ("header" in found) {
          reach(found.header.baseOffset, found.position);
          nextOffset = found.header.lastOffset + 1;
          leaderEpoch = found.header.partitionLeaderEpoch;
          continue;
        }
        const { position, endPosition, problem: reason, fromOffset, toOffset } = found;
        const place = { segmentBaseOffset, position, endPosition };
        const open = steps.at(-1);
        if (open !== undefined) open.toOffset ??= fromOffset;
        steps.push({ ...place, fromOffset, toOffset, leaderEpoch, reason });
        nextOffset = toOffset ?? fromOffset;
      }
    } finally {
      file.close();
    }
  }
  return { steps, gaps };
}

/** Carries a plan out. Returns the files that keep what was cut. */
export async function carryOutRepair(
  files: Files,
  folder: string,
  steps: readonly RepairStep[],
): Promise<string[]> {
  const kept: string[] = [];
  for (const step of steps) {
    if (step.endPosition > step.position) kept.push(await keepAside(files, folder, step));
  }
  await files.syncFolder(folder);
  for (const baseOffset of new Set(steps.map((step) => step.segmentBaseOffset))) {
    const own = steps.filter((step) => step.segmentBaseOffset === baseOffset);
    await rewriteSegment(files, folder, { baseOffset, steps: own });
  }
  if (steps.length > 0) removeDerived(files, folder, steps[0]);
  await files.syncFolder(folder);
  return kept;
}

/**
 * Has the next start check a partition from `recoveryPoint` on: the clean marker of the data folder
 * goes, and the checkpoint says no more than that. Before a repair is carried out.
 */
export async function forgetRecovery(
  files: Files,
  log: { folder: string; topic: string; partition: PartitionId; recoveryPoint: Offset },
): Promise<void> {
  const { folder, topic, partition } = log;
  files.remove(`${folder}/${fileNames.cleanShutdown}`);
  const name = fileNames.recoveryPoints;
  const bytes = readWholeFile(files, `${folder}/${name}`);
  if (bytes !== undefined && bytes.length > 0) {
    const entries = decodeOffsets(bytes).map((entry) => {
      if (entry.topic !== topic || entry.partition !== partition) return entry;
      return { ...entry, offset: Math.min(entry.offset, log.recoveryPoint) };
    });
    await writeWholeFileDurably(files, { folder, name, bytes: encodeOffsets(entries) });
  }
  await files.syncFolder(folder);
}

/** Where the log began by its own account; undefined where it has none, or began before. */
function firstEpochStart(files: Files, folder: string, baseOffset: Offset): Offset | undefined {
  const bytes = readWholeFile(files, `${folder}/${fileNames.leaderEpochs}`);
  if (bytes === undefined) return undefined;
  try {
    const start = decodeEpochs(bytes)[0]?.startOffset;
    return start === baseOffset ? start : undefined;
  } catch (error) {
    // Opening the log reads them from the batches then.
    if (error instanceof DecodeFault) return undefined;
    throw error;
  }
}

function segmentsIn(files: Files, folder: string): Offset[] {
  return files.list(folder).flatMap((name) => {
    const parsed = parseSegmentFileName(name);
    return parsed?.kind === "log" ? [parsed.baseOffset] : [];
  });
}

async function keepAside(files: Files, folder: string, step: RepairStep): Promise<string> {
  const name = cutFileName(step.fromOffset);
  let path = `${folder}/${name}`;
  for (let i = 1; files.stat(path) !== undefined; i++) path = `${folder}/${i}-${name}`;
  const from = files.open(segmentPath(folder, step.segmentBaseOffset), "read");
  const to = files.open(path, "create");
  try {
    await copy(from, to, step);
    await to.sync();
  } finally {
    from.close();
    to.close();
  }
  return path;
}

async function rewriteSegment(
  files: Files,
  folder: string,
  segment: { baseOffset: Offset; steps: readonly RepairStep[] },
): Promise<void> {
  const path = segmentPath(folder, segment.baseOffset);
  const from = files.open(path, "read");
  const to = files.open(path + temporarySuffix, "create");
  try {
    let position = 0;
    for (const step of segment.steps) {
      await copy(from, to, { position, endPosition: step.position });
      if (step.toOffset !== undefined && step.toOffset > step.fromOffset) {
        to.append(bridge(step, step.toOffset));
      }
      position = step.endPosition;
    }
    await copy(from, to, { position, endPosition: from.size });
    await to.sync();
  } finally {
    from.close();
    to.close();
  }
  for (const kind of ["index", "timeindex", "txnindex"] as const) {
    files.remove(`${folder}/${segmentFileName(segment.baseOffset, kind)}`);
  }
  files.rename(path + temporarySuffix, path);
}

/** A batch without records that stands for the offsets of a step. */
function bridge(step: RepairStep, toOffset: Offset): Uint8Array {
  const nothing = readBatchHeader(new Uint8Array(batchOverheadBytes));
  return emptyBatch({
    ...nothing,
    baseOffset: step.fromOffset,
    lastOffset: toOffset - 1,
    lastOffsetDelta: toOffset - 1 - step.fromOffset,
    partitionLeaderEpoch: Math.max(0, step.leaderEpoch),
    magic: 2,
    baseTimestamp: -1,
    maxTimestamp: -1,
    producerId: -1,
    producerEpoch: -1,
    baseSequence: -1,
    recordCount: 0,
  });
}

/** Snapshots behind the first cut, and aborted transactions there, are found again at opening. */
function removeDerived(files: Files, folder: string, first: RepairStep): void {
  const stale: readonly SegmentFileKind[] = ["snapshot", "txnindex"];
  for (const name of files.list(folder)) {
    const parsed = parseSegmentFileName(name);
    if (parsed === undefined || !stale.includes(parsed.kind)) continue;
    if (parsed.baseOffset > first.segmentBaseOffset) files.remove(`${folder}/${name}`);
  }
}

function segmentPath(folder: string, baseOffset: Offset): string {
  return `${folder}/${segmentFileName(baseOffset, "log")}`;
}

async function copy(
  from: OpenFile,
  to: OpenFile,
  range: { position: number; endPosition: number },
): Promise<void> {
  for (let position = range.position; position < range.endPosition;) {
    const buffer = new Uint8Array(Math.min(copyBytes, range.endPosition - position));
    const count = await from.readAtAsync(position, buffer);
    to.append(buffer.subarray(0, count));
    position += count;
  }
}
