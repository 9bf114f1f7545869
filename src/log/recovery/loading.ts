// Opening a log: what is in the folder becomes segments, producers and epochs.
//
//   clean shutdown   the last segment's tail is walked from its last index entry; no checksum is
//                    computed
//   otherwise        recovery.ts checks everything from the recovery point's segment on
//   a late start     other tools begin a log behind the name of its first segment, as Kafka
//                    allows; our epochs say where the first batch was, so a lost one is noticed
//   either           indexes, epochs or a producer snapshot that are missing or damaged are built
//                    again from the batches' headers
//
// Invariant: after loading, producers and epochs say what applying every batch would have made
// them.

import { DecodeFault } from "../../base/faults.ts";
import type { Offset } from "../../base/ids.ts";
import { firstOf, itemAt, lastOf } from "../../base/items.ts";
import { readControlRecord } from "../../records/mod.ts";
import { decodeEpochs, EpochCache } from "../partition/epoch_cache.ts";
import {
  fileNames,
  parseSegmentFileName,
  type SegmentFileKind,
  segmentFileName,
} from "../directory/layout.ts";
import { sweepLeftovers } from "./leftovers.ts";
import { decodeSnapshot } from "../producers/producer_snapshot.ts";
import { ProducerState } from "../producers/producer_state.ts";
import { type Damage, recoverSegments, writeIndexes } from "./recovery.ts";
import { findMissing } from "./missing.ts";
import type { BatchAt, LoadOptions, LoadState } from "./load_state.ts";
import { findRecoveryStart, type RecoveryStart } from "./start.ts";
import { crcOf, type Expectation, FileWindow, judgeBatch, misplaced, walkHeaders } from "./scan.ts";
import { Segment } from "../segment/segment.ts";
import { rewriteSegments } from "./suspect_pages.ts";
import { readWholeFile } from "../files/whole_file.ts";

export interface LoadedLog {
  readonly segments: readonly Segment[];
  readonly logStartOffset: Offset;
  readonly logEndOffset: Offset;
  /** Of the first batch, where it begins behind the first segment's name. */
  readonly lateStart: Offset | undefined;
  readonly producers: ProducerState;
  readonly epochs: EpochCache;
  /** Stretches that cannot be read; the log takes no appends when there are any. */
  readonly damage: readonly Damage[];
  /** Whether all of it is known to be on disk, since it was closed cleanly. */
  readonly isSynced: boolean;
  /** Whether its end was cut off, so that this must be made durable. */
  readonly wasCut: boolean;
  /** Bytes of batches whose checksums were computed. */
  readonly bytesChecked: number;
}

/** Loads the log in `options.folder`, which exists. */
export async function loadLog(options: LoadOptions): Promise<LoadedLog> {
  const names = await sweepLeftovers(options);
  const parsed = names.map(parseSegmentFileName).filter((file) => file !== undefined);
  const stored = readEpochs(options, names);
  const logStartOffset = plausibleStart(options, stored);
  const segments = openSegments({ ...options, logStartOffset }, parsed);
  if (!options.cleanShutdown) finishDeletion({ ...options, logStartOffset }, segments);
  const epochs = stored ?? new EpochCache();
  const snapshots = parsed.filter((f) => f.kind === "snapshot").map((f) => f.baseOffset);
  let [producers, producersFrom]: [ProducerState, Offset] = [new ProducerState(), Infinity];
  const windowOf = viewing(options);
  const state: LoadState = {
    ...options,
    segments,
    logEndOffset: firstOf(segments).baseOffset,
    windowOf,
    lateStart: await findLateStart(segments, { stored, windowOf }),
    async applyBatch(window, batch) {
      const { segment, header, position } = batch;
      const at = { position, baseOffset: header.baseOffset, interval: options.indexIntervalBytes };
      segment.noteBatch(header, at);
      epochs.assign(header.partitionLeaderEpoch, header.baseOffset);
      await applyToProducers(window, { ...batch, producers, producersFrom, noteAborted: true });
    },
  };
  const useSnapshot = (offsetMax: Offset) => {
    const loaded = loadProducers(options, usableSnapshots(snapshots, { segments, offsetMax }));
    producers = loaded.producers;
    producersFrom = loaded.offset;
  };
  const checkedFrom = await firstToCheck(state, parsed);
  const checked = checkedFrom < segments.length;
  useSnapshot(checked ? options.recoveryPoint : state.logEndOffset);
  let start: RecoveryStart | undefined;
  if (checked) {
    const first = itemAt(segments, checkedFrom);
    const below = Math.min(producersFrom, options.recoveryPoint);
    start = stored && await findRecoveryStart(first, { below, window: windowOf(first) });
    // A segment that is read from its beginning finds its aborted transactions again by that.
    if (start === undefined) useSnapshot(first.baseOffset);
    else start = { ...start, markersFrom: producersFrom };
  }
  const isKnown = stored !== undefined;
  await replayBefore(state, checkedFrom, { epochs, producers, producersFrom, isKnown });
  if (!isKnown && state.logEndOffset > firstOf(segments).baseOffset) epochs.markChanged();
  const from = { fromIndex: checkedFrom, start };
  const recovered = checked ? await recoverSegments(state, from) : undefined;
  if (recovered?.isStale) return await loadAnew(options, segments);
  const { damage = [], wasCut = false, bytesChecked = 0 } = recovered ?? {};
  const firstEpochStart = stored?.starts[0]?.startOffset;
  const missing = await findMissing(state, { firstEpochStart, checkedFrom, damage });
  epochs.truncateFromEnd(state.logEndOffset);
  removeStraySnapshots(options, { snapshots, segments, logEndOffset: state.logEndOffset });
  const beginsAt = beginOf(state, { missing, logStartOffset });
  // A crash may keep the epochs of what went before: they would say that it is lost.
  epochs.truncateFromStart(beginsAt);
  return {
    segments,
    logStartOffset: beginsAt,
    logEndOffset: state.logEndOffset,
    lateStart: state.lateStart,
    producers,
    epochs,
    damage: [...missing, ...damage].sort((a, b) => a.fromOffset - b.fromOffset),
    isSynced: !checked,
    wasCut,
    bytesChecked,
  };
}

/** Where a log begins: no earlier than its first segment, or than what is missing before that. */
function beginOf(
  { segments, logEndOffset }: Pick<LoadState, "segments" | "logEndOffset">,
  of: { readonly missing: readonly Damage[]; readonly logStartOffset: Offset },
): Offset {
  const first = Math.min(firstOf(segments).baseOffset, of.missing[0]?.fromOffset ?? Infinity);
  return Math.max(first, Math.min(of.logStartOffset, logEndOffset));
}

/** A recovery has cut before batches that were applied already. */
async function loadAnew(options: LoadOptions, segments: readonly Segment[]): Promise<LoadedLog> {
  for (const segment of segments) segment.file.retire();
  return { ...await loadLog(options), wasCut: true };
}

/** One window on one segment at a time, for all who look at it one after the other. */
function viewing(options: LoadOptions): LoadState["windowOf"] {
  let viewed: { readonly segment: Segment; readonly window: FileWindow } | undefined;
  return (segment) => {
    if (viewed?.segment !== segment) {
      viewed = { segment, window: new FileWindow(segment.file, options) };
    }
    return viewed.window;
  };
}

/**
 * Where the log's first batch begins, if that is behind the first segment's name and nothing says
 * that there was one before it: a whole batch, whose place the batch behind it does not contradict.
 */
async function findLateStart(
  [first, second]: readonly Segment[],
  { stored, windowOf }: Pick<LoadState, "windowOf"> & { readonly stored: EpochCache | undefined },
): Promise<Offset | undefined> {
  if (first === undefined || first.size === 0) return undefined;
  const { baseOffset } = first;
  const window = windowOf(first);
  const expected = { nextOffset: baseOffset, leaderEpoch: -1, gapsAllowed: true };
  const before = { ...expected };
  const verdict = await judgeBatch(window, { position: 0, expected, skipCrc: true });
  if ("reason" in verdict) return undefined;
  const { header } = verdict;
  const startMax = stored?.starts[0]?.startOffset ?? Infinity;
  if (header.baseOffset === baseOffset || header.baseOffset > startMax) return undefined;
  if (await crcOf(window, { position: 0, sizeBytes: header.sizeBytes }) !== header.crc) {
    return undefined;
  }
  const range = { baseOffset, endOffset: second?.baseOffset };
  const place = { header, endPosition: header.sizeBytes, before, range };
  return await misplaced(window, place) === undefined ? header.baseOffset : undefined;
}

/**
 * Index of the first segment whose batches must be checked; the number of segments when none must.
 * Those before have their indexes then.
 */
async function firstToCheck(
  state: LoadState,
  parsed: readonly { baseOffset: Offset; kind: string }[],
): Promise<number> {
  const { files, folder, segments, cleanShutdown } = state;
  if (cleanShutdown) await rebuildIndexes(segments, { parsed, active: segments.at(-1) });
  if (cleanShutdown && await walkTail(state)) return segments.length;
  const first = floorIndex(segments, state.recoveryPoint);
  // Those that are checked are indexed by that.
  await rebuildIndexes(segments.slice(0, first), { parsed, active: undefined });
  if (state.isSuspect) {
    // An empty one, too: it may have been cut to that, and what was cut may come back.
    const suspects = segments.slice(first).filter((segment) => segment.hasFile);
    for (const segment of suspects) segment.file.closeHandle();
    const baseOffsets = suspects.map((segment) => segment.baseOffset);
    await rewriteSegments(files, { folder, baseOffsets });
  }
  return first;
}

function openSegments(
  options: LoadOptions,
  parsed: readonly { readonly baseOffset: Offset; readonly kind: SegmentFileKind }[],
): Segment[] {
  const { files, folder, handles, slices } = options;
  const others = Map.groupBy(
    parsed.filter(({ kind }) => kind !== "log" && kind !== "snapshot"),
    ({ baseOffset }) => baseOffset,
  );
  const segments = parsed.filter((file) => file.kind === "log").map(({ baseOffset }) => {
    const info = files.stat(`${folder}/${segmentFileName(baseOffset, "log")}`);
    return new Segment({
      files,
      handles,
      folder,
      slices,
      baseOffset,
      size: info?.size ?? 0,
      createdMs: info?.modifiedMs ?? options.nowMs,
      hasFile: true,
      isNamed: options.cleanShutdown,
      others: others.get(baseOffset)?.map(({ kind }) => kind),
    });
  });
  if (segments.length > 0) return segments;
  const baseOffset = options.logStartOffset;
  const createdMs = options.nowMs;
  return [new Segment({ files, handles, folder, slices, baseOffset, size: 0, createdMs })];
}

/**
 * The log's start as the checkpoint has it, unless the leader epochs begin before: those move with
 * it and are durable first, so the checkpoint is spoiled then, and would hide records.
 */
function plausibleStart(options: LoadOptions, stored: EpochCache | undefined): Offset {
  const { logStartOffset } = options;
  const firstOffset = stored?.starts[0]?.startOffset ?? logStartOffset;
  if (firstOffset >= logStartOffset) return logStartOffset;
  options.log("warn", "a log's start lies above its first leader epoch; taking that", {
    logStartOffset,
    firstOffset,
  });
  return firstOffset;
}

/** Segments below the log's start were being deleted, one rename after the other, at the crash. */
function finishDeletion(options: LoadOptions, segments: Segment[]): void {
  const first = floorIndex(segments, options.logStartOffset);
  for (const segment of segments.splice(0, first)) {
    const { baseOffset } = segment;
    segment.file.retire();
    for (const kind of ["index", "timeindex", "txnindex", "log"] as const) {
      options.files.remove(segment.path(kind));
    }
    options.log("info", "deleted a segment below the log's start", { baseOffset });
  }
}

function floorIndex(segments: readonly Segment[], offset: Offset): number {
  return Math.max(0, segments.findLastIndex((segment) => segment.baseOffset <= offset));
}

/** Undefined when the epochs must be read from the batches. */
function readEpochs(options: LoadOptions, names: readonly string[]): EpochCache | undefined {
  // Most logs of many have none, and to ask for what is not there costs more than all the rest.
  if (!names.includes(fileNames.leaderEpochs)) return undefined;
  const path = `${options.folder}/${fileNames.leaderEpochs}`;
  const bytes = readWholeFile(options.files, path);
  if (bytes === undefined) return undefined;
  try {
    return new EpochCache(decodeEpochs(bytes));
  } catch (error) {
    if (!(error instanceof DecodeFault)) throw error;
    options.log("warn", "leader epochs are damaged; reading them from the log", { file: path });
    return undefined;
  }
}

/**
 * Those at or below `offsetMax` from which the log can go on: of batches between an older one and
 * the first segment nothing is known, so what it says of their producers may be outdated.
 */
function usableSnapshots(
  snapshots: readonly Offset[],
  log: { readonly segments: readonly Segment[]; readonly offsetMax: Offset },
): Offset[] {
  const { baseOffset } = firstOf(log.segments);
  return snapshots.filter((offset) => offset >= baseOffset && offset <= log.offsetMax);
}

/** State from the newest usable snapshot; from nothing, and all offsets, when there is none. */
function loadProducers(options: LoadOptions, offsets: readonly Offset[]) {
  const producers = new ProducerState();
  for (const offset of [...offsets].sort((a, b) => b - a)) {
    const path = `${options.folder}/${segmentFileName(offset, "snapshot")}`;
    try {
      const bytes = readWholeFile(options.files, path);
      if (bytes === undefined) continue;
      for (const entry of decodeSnapshot(bytes)) producers.restore(entry);
      return { producers, offset };
    } catch (error) {
      if (!(error instanceof DecodeFault)) throw error;
      options.log("warn", "producer snapshot is damaged; using an older one", { file: path });
    }
  }
  return { producers, offset: 0 };
}

/** The producers' state of a log that was cut to end at `logEndOffset`. */
export async function reloadProducers(
  options: LoadOptions,
  log: { segments: readonly Segment[]; logEndOffset: Offset },
): Promise<ProducerState> {
  const offsets: Offset[] = [];
  for (const name of options.files.list(options.folder)) {
    const parsed = parseSegmentFileName(name);
    if (parsed?.kind === "snapshot") offsets.push(parsed.baseOffset);
  }
  removeStraySnapshots(options, { ...log, snapshots: offsets });
  const usable = usableSnapshots(offsets, { ...log, offsetMax: log.logEndOffset });
  const { producers, offset: producersFrom } = loadProducers(options, usable);
  const epochs = new EpochCache();
  for (const [i, segment] of log.segments.entries()) {
    const next = log.segments[i + 1]?.baseOffset ?? log.logEndOffset;
    if (next > producersFrom) await replayHeaders(segment, { epochs, producers, producersFrom });
  }
  return producers;
}

/** Builds the indexes of sealed segments whose files are missing. The last one is walked anyway. */
async function rebuildIndexes(
  segments: readonly Segment[],
  among: {
    readonly parsed: readonly { baseOffset: Offset; kind: string }[];
    readonly active: Segment | undefined;
  },
): Promise<void> {
  const present = new Set(among.parsed.map((file) => `${file.baseOffset}.${file.kind}`));
  for (const segment of segments) {
    const { baseOffset } = segment;
    const isActive = segment === among.active;
    const isThere = present.has(`${baseOffset}.index`) && present.has(`${baseOffset}.timeindex`);
    if (segment.size === 0 || (isThere && (!isActive || segment.indexes.hold()))) continue;
    await segment.rebuildIndexes();
    if (!isActive) writeIndexes(segment);
  }
}

/**
 * Finds the log's end after a clean shutdown, from the last index entry on. False when what is
 * there does not fit: then the log is checked as after a crash.
 */
async function walkTail(state: LoadState): Promise<boolean> {
  const active = lastOf(state.segments);
  state.logEndOffset = active.baseOffset;
  if (active.size === 0) return true;
  const index = active.indexes.offsets;
  const last = index.entryCount === 0 ? undefined : index.entry(index.entryCount - 1);
  const { baseOffset } = active;
  const begin = state.segments.length === 1 ? state.lateStart ?? baseOffset : baseOffset;
  const first = { nextOffset: begin, leaderEpoch: -1, gapsAllowed: true };
  // Compaction leaves no gaps in the last segment: it does not touch it.
  const expected: Expectation = { ...first, gapsAllowed: false };
  const window = state.windowOf(active);
  for (let position = last?.position ?? 0; position < window.size;) {
    const isIndexed = position === last?.position;
    const verdict = await judgeBatch(window, { position, expected: isIndexed ? first : expected });
    if ("reason" in verdict) return false;
    const { header } = verdict;
    if (isIndexed) {
      if (header.lastOffset !== baseOffset + last.relativeOffset) return false;
      Object.assign(expected, { nextOffset: first.nextOffset, leaderEpoch: first.leaderEpoch });
    }
    active.noteTail(header);
    position += header.sizeBytes;
  }
  state.logEndOffset = expected.nextOffset;
  return true;
}

/** Replays the segments before `end` that have something new; all where no epoch is known. */
async function replayBefore(
  state: LoadState,
  end: number,
  into: {
    epochs: EpochCache;
    producers: ProducerState;
    producersFrom: Offset;
    isKnown: boolean;
  },
): Promise<void> {
  const { segments, logEndOffset } = state;
  for (const [i, segment] of segments.slice(0, end).entries()) {
    const next = segments[i + 1]?.baseOffset ?? logEndOffset;
    if (!into.isKnown || next > into.producersFrom) await replayHeaders(segment, into);
  }
}

async function replayHeaders(
  segment: Segment,
  into: { epochs: EpochCache; producers: ProducerState; producersFrom: Offset },
): Promise<void> {
  await walkHeaders(segment, async (header, position, window) => {
    into.epochs.assign(header.partitionLeaderEpoch, header.baseOffset);
    await applyToProducers(window, { segment, header, position, ...into, noteAborted: false });
  });
}

async function applyToProducers(
  window: FileWindow,
  batch: BatchAt & { producers: ProducerState; producersFrom: Offset; noteAborted: boolean },
): Promise<void> {
  const { header, producers } = batch;
  if (header.producerId < 0 || header.baseOffset < batch.producersFrom) return;
  if (!header.isControl) {
    producers.apply(header, header.baseOffset);
    return;
  }
  if (header.recordCount === 0) {
    producers.applyEmptyMarker(header);
    return;
  }
  const control = readControlRecord(await window.view(batch.position, header.sizeBytes));
  const aborted = producers.applyMarker(header, { control, offset: header.baseOffset });
  if (aborted !== undefined && batch.noteAborted) batch.segment.addAborted(aborted);
}

/** Keeps the snapshots of segments' beginnings and the newest; drops those beyond the log's end. */
function removeStraySnapshots(
  options: LoadOptions,
  log: { snapshots: readonly Offset[]; segments: readonly Segment[]; logEndOffset: Offset },
): void {
  const bases = new Set(log.segments.map((segment) => segment.baseOffset));
  const usable = usableSnapshots(log.snapshots, { ...log, offsetMax: log.logEndOffset });
  const newest = Math.max(...usable);
  for (const offset of log.snapshots) {
    if (bases.has(offset) ? offset <= log.logEndOffset : offset === newest) continue;
    options.files.remove(`${options.folder}/${segmentFileName(offset, "snapshot")}`);
  }
}
