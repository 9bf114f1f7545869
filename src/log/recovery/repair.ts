// Taking out of a closed log what cannot be read, so that the rest can be served again.
//
//   good | bad                    -> good                                  the end is cut
//   good | bad | good             -> good | empty batch | good             the stretch is cut
//   good |     | good, no gaps due-> good | empty batch | good             the gap is bridged
//   good |     recovery point     -> good | empty batch                    its end is given up
//   no segment, recovery point    -> an empty segment that begins there    all of it is
//   messages of before Kafka 0.11 -> batches of the same records           nothing is cut
//
// An empty batch has no records and stands for the offsets that are lost, as compaction leaves
// them, so nothing that follows moves. Invariant: what is cut off is in a synced `.cut` file before
// the segment is replaced, and a segment is replaced by a rename: a crash leaves the old or the
// new. Indexes and snapshots that the cut made wrong are removed; opening the log makes them again.

import { DecodeFault } from "../../base/faults.ts";
import type { LeaderEpoch, Offset, PartitionId } from "../../base/ids.ts";
import {
  batchOverheadBytes,
  emptyBatch,
  readBatchHeader,
  type RuntimeCodecs,
} from "../../records/mod.ts";
import type { Files, OpenFile } from "../../runtime/ports.ts";
import { decodeOffsets, encodeOffsets } from "../directory/checkpoints.ts";
import { decodeEpochs, type EpochStart } from "../partition/epoch_cache.ts";
import { inspectBatches } from "./inspect.ts";
import { convertMessages } from "./old_messages.ts";
import {
  cutFileName,
  fileNames,
  parseSegmentFileName,
  partitionFolderName,
  type SegmentFileKind,
  segmentFileName,
  temporarySuffix,
} from "../directory/layout.ts";
import { readWholeFile, writeWholeFileDurably } from "../files/whole_file.ts";

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
  /** What is there stays, in the format of today. */
  readonly isOld?: boolean | undefined;
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
  options: { fillGaps: boolean; recoveryPoint?: Offset; logStartOffset?: Offset },
): Promise<RepairPlan> {
  const steps: OpenStep[] = [];
  const gaps: OffsetGap[] = [];
  let leaderEpoch: LeaderEpoch = -1;
  const bases = segmentsIn(files, folder);
  const firstEpoch = firstEpochOf(files, folder);
  // A log whose first batches are gone begins late, and not where its epoch does.
  let nextOffset = firstEpoch?.startOffset === bases[0] ? firstEpoch?.startOffset : undefined;
  /** Where the last segment that was read ends. */
  let end = { segmentBaseOffset: 0, position: 0 };
  /** The log goes on at `baseOffset`; what is missing before is bridged at `place`. */
  const reach = (baseOffset: Offset, place: typeof end) => {
    // A stretch at the end of a segment goes on where the next batch begins.
    const open = steps.at(-1);
    if (open !== undefined && open.toOffset === undefined) open.toOffset = baseOffset;
    else if (nextOffset !== undefined && baseOffset > nextOffset) {
      const gap = { fromOffset: nextOffset, toOffset: baseOffset };
      const reason = "batches are missing";
      if (!options.fillGaps) gaps.push(gap);
      else steps.push({ ...place, endPosition: place.position, ...gap, leaderEpoch, reason });
    }
    nextOffset = baseOffset;
  };
  for (const [i, segmentBaseOffset] of bases.entries()) {
    const file = files.open(`${folder}/${segmentFileName(segmentBaseOffset, "log")}`, "read");
    // A batch is in the segment that its offsets belong to, so a gap may need two bridges.
    const reachHere = (baseOffset: Offset, position: number) => {
      const isOpen = steps.at(-1) !== undefined && steps.at(-1)!.toOffset === undefined;
      if (
        options.fillGaps && !isOpen && nextOffset !== undefined && nextOffset < segmentBaseOffset
      ) {
        reach(segmentBaseOffset, end);
      }
      reach(baseOffset, { segmentBaseOffset, position });
    };
    try {
      const baseOffset = Math.max(nextOffset ?? 0, segmentBaseOffset);
      const range = { baseOffset, endOffset: bases[i + 1] };
      for await (const found of inspectBatches(file, range)) {
        if ("header" in found) {
          reachHere(found.header.baseOffset, found.position);
          nextOffset = found.header.lastOffset + 1;
          leaderEpoch = found.header.partitionLeaderEpoch;
          continue;
        }
        const { position, endPosition, problem: reason, fromOffset, toOffset, isOld } = found;
        const place = { segmentBaseOffset, position, endPosition };
        const open = steps.at(-1);
        if (open !== undefined) open.toOffset ??= fromOffset;
        steps.push({ ...place, fromOffset, toOffset, leaderEpoch, reason, isOld });
        nextOffset = toOffset ?? fromOffset;
      }
      end = { segmentBaseOffset, position: file.size };
    } finally {
      file.close();
    }
  }
  const { recoveryPoint = 0, logStartOffset = 0 } = options;
  const isOpen = steps.at(-1) !== undefined && steps.at(-1)!.toOffset === undefined;
  const fromOffset = isOpen ? Infinity : nextOffset ?? bases[0] ?? Infinity;
  const beginning = beginningOf(firstEpoch, { bases, recoveryPoint, logStartOffset });
  const ending = endingOf({ ...end, fromOffset, leaderEpoch }, recoveryPoint);
  return { steps: [...beginning, ...steps, ...ending], gaps };
}

/** What is missing of a log that ends at `fromOffset`, and was on disk up to `toOffset`. */
function endingOf(
  end: Pick<RepairStep, "segmentBaseOffset" | "position" | "fromOffset" | "leaderEpoch">,
  toOffset: Offset,
): RepairStep[] {
  if (end.fromOffset >= toOffset) return [];
  const reason = `the log was on disk up to ${toOffset}`;
  return [{ ...end, endPosition: end.position, toOffset, reason }];
}

/** The segments that are missing before the first one, which the leader epochs still know. */
function beginningOf(
  first: EpochStart | undefined,
  log: { bases: readonly Offset[]; recoveryPoint: Offset; logStartOffset: Offset },
): RepairStep[] {
  const [toOffset = 0] = log.bases;
  if (first === undefined || log.logStartOffset >= toOffset) return [];
  if (first.startOffset >= Math.min(toOffset, log.recoveryPoint)) return [];
  const fromOffset = first.startOffset;
  const place = { segmentBaseOffset: fromOffset, position: 0, endPosition: 0 };
  const reason = "the first segments are gone";
  return [{ ...place, fromOffset, toOffset, leaderEpoch: first.epoch, reason }];
}

/**
 * Gives up all records of a partition without a segment: its log goes on, empty, where it was on
 * disk up to, so that no offset is given out twice. Makes the folder where it is gone.
 */
export async function giveUpRecords(
  files: Files,
  dataFolder: string,
  log: { readonly name: string; readonly recoveryPoint: Offset },
): Promise<void> {
  const folder = `${dataFolder}/${log.name}`;
  files.makeFolder(folder);
  files.remove(`${folder}/${fileNames.leaderEpochs}`);
  for (const name of files.list(folder)) {
    if (parseSegmentFileName(name) !== undefined) files.remove(`${folder}/${name}`);
  }
  const file = files.open(segmentPath(folder, log.recoveryPoint), "append");
  try {
    await file.sync();
  } finally {
    file.close();
  }
  await files.syncFolder(folder);
  await files.syncFolder(dataFolder);
}

/** What a data folder's checkpoints say of each log, by the name of its folder. */
export function checkpointedOffsets(
  files: Files,
  dataFolder: string,
): Map<string, { readonly recoveryPoint: Offset; readonly logStartOffset: Offset }> {
  const read = (name: string) => {
    const bytes = readWholeFile(files, `${dataFolder}/${name}`);
    const lines = bytes === undefined || bytes.length === 0 ? [] : decodeOffsets(bytes);
    return lines.map(({ topic, partition, offset }): [string, Offset] => {
      return [partitionFolderName(topic, partition), offset];
    });
  };
  const starts = new Map(read(fileNames.logStartOffsets));
  const points = read(fileNames.recoveryPoints);
  return new Map(points.map(([name, recoveryPoint]) => {
    return [name, { recoveryPoint, logStartOffset: starts.get(name) ?? 0 }];
  }));
}

/** Carries a plan out. Returns the files that keep what was cut. */
export async function carryOutRepair(
  files: Files,
  folder: string,
  { steps, codecs }: { readonly steps: readonly RepairStep[]; readonly codecs: RuntimeCodecs },
): Promise<string[]> {
  const kept: string[] = [];
  for (const step of steps) {
    if (step.isOld !== true && step.endPosition > step.position) {
      kept.push(await keepAside(files, folder, step));
    }
  }
  await files.syncFolder(folder);
  for (const baseOffset of new Set(steps.map((step) => step.segmentBaseOffset))) {
    const own = steps.filter((step) => step.segmentBaseOffset === baseOffset);
    await rewriteSegment(files, folder, { baseOffset, steps: own, codecs });
  }
  const [first] = steps;
  if (first !== undefined) removeDerived(files, folder, first);
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

/** Where the log began by its own account; undefined where it has none. */
function firstEpochOf(files: Files, folder: string): EpochStart | undefined {
  const bytes = readWholeFile(files, `${folder}/${fileNames.leaderEpochs}`);
  if (bytes === undefined) return undefined;
  try {
    return decodeEpochs(bytes)[0];
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
  segment: { baseOffset: Offset; steps: readonly RepairStep[]; codecs: RuntimeCodecs },
): Promise<void> {
  const path = segmentPath(folder, segment.baseOffset);
  // One that is gone is made anew, of nothing but what stands for it.
  if (files.stat(path) === undefined) files.open(path, "append").close();
  const from = files.open(path, "read");
  const to = files.open(path + temporarySuffix, "create");
  try {
    let position = 0;
    for (const step of segment.steps) {
      await copy(from, to, { position, endPosition: step.position });
      if (step.isOld === true) {
        const write = (batch: Uint8Array) => to.append(batch);
        await convertMessages(from, { ...step, codecs: segment.codecs, write });
      } else if (step.toOffset !== undefined && step.toOffset > step.fromOffset) {
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
