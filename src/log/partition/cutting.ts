// A log that loses a part: its beginning, by retention; or, a follower's, what its leader has not.
//
//   the leader's     0 ─────────────────── 90 ── 91 ──>
//   ours             0 ─────────────────── 90 ~~ 95        cut back to 90: what is behind it was
//                                                          never acknowledged
//   the leader's                    500 ────────>
//   ours             0 ── 120                              begun anew at 500: what lies between is
//                                                          gone everywhere
//
// Invariant: the checkpoint of what was synced goes back before the files do, so that a crash in
// between is not taken for a loss, and the last segment goes first, so that none leaves a gap. What
// the directory's journal has is forgotten before that, or a start would append it again. A start
// behind a kill syncs what was cut before it appends: the directory knows of each cut until then.

import { PartitionFault, throwUnlessStoreFault } from "../../base/faults.ts";
import type { Offset } from "../../base/ids.ts";
import type { Compaction } from "../compaction/compaction.ts";
import type { DeletedFiles } from "../directory/deleted_files.ts";
import type { OpenHandles } from "../directory/open_handles.ts";
import type { DurableFiles } from "../files/durable_files.ts";
import type { SyncRounds } from "../files/sync_rounds.ts";
import type { JournaledEnd } from "../journal/journaled_end.ts";
import { ProducerState } from "../producers/producer_state.ts";
import type { LogReader } from "../reading/reader.ts";
import { reloadProducers } from "../recovery/loading.ts";
import type { ResumePoints } from "../recovery/resume_points.ts";
import { FileWindow, findOffset } from "../recovery/scan.ts";
import { Segment } from "../segment/segment.ts";
import type { Segments } from "../segment/segments.ts";
import type { EpochCache } from "./epoch_cache.ts";
import type { LogStart } from "./log_start.ts";
import { loadOptions, type LogOptions } from "./log_options.ts";

/** The parts of a log that a cut changes. */
export interface CutParts {
  readonly options: LogOptions;
  readonly folder: string;
  readonly handles: OpenHandles;
  readonly segments: Segments;
  readonly epochs: EpochCache;
  readonly rounds: SyncRounds;
  readonly journaled: JournaledEnd;
  readonly deleted: DeletedFiles;
  readonly durable: DurableFiles;
  readonly reader: LogReader;
  readonly resumePoints: ResumePoints;
  readonly start: LogStart;
  /** Undefined while there is none. */
  readonly compaction: () => Compaction | undefined;
}

/** How a log ends after it. */
export interface CutEnd {
  readonly logEndOffset: Offset;
  readonly producers: ProducerState;
}

/** Cuts at the batch that holds `offset`. */
export async function cutBack(log: CutParts, offset: Offset): Promise<CutEnd> {
  const { segments, options, folder } = log;
  // A batch goes as a whole: what was synced ends where it begins.
  const held = await batchIn(segments.holding(offset), offset);
  await quiet(log, Math.min(offset, held?.baseOffset ?? offset));
  for (const segment of segments.popFrom(offset).reverse()) log.deleted.add(segment, 0);
  log.deleted.removeDue(0);
  const { active } = segments;
  const cut = await batchIn(active, offset);
  if (cut !== undefined) active.truncateTo(cut.position, cut.baseOffset);
  const logEndOffset = Math.max(cut?.baseOffset ?? offset, active.baseOffset);
  forget(log, logEndOffset);
  const ended = { segments: segments.all, logEndOffset };
  const producers = await reloadProducers(loadOptions(options, folder), ended);
  return { logEndOffset, producers };
}

/** Where in a segment the batch that holds `offset` is; undefined: there is none. */
function batchIn({ file, baseOffset, indexes }: Segment, offset: Offset) {
  const position = indexes.offsets.lookup(offset - baseOffset);
  return findOffset(new FileWindow(file), { position, offset });
}

/** Throws all of it away, and begins at `offset`, where no segment of it does. */
export async function beginAnew(log: CutParts, offset: Offset): Promise<CutEnd> {
  await quiet(log, 0);
  const { segments, options, folder, handles } = log;
  const first = new Segment({
    files: options.files,
    handles,
    slices: options.slices,
    folder,
    baseOffset: offset,
    size: 0,
    createdMs: options.clock.now(),
  });
  for (const segment of segments.restart(first).reverse()) log.deleted.add(segment, 0);
  log.deleted.removeDue(0);
  first.createFile();
  forget(log, 0);
  const ended = { segments: segments.all, logEndOffset: offset };
  await reloadProducers(loadOptions(options, folder), ended);
  return { logEndOffset: offset, producers: new ProducerState() };
}

/** Nothing is under way in its files, and nobody is told that they keep what goes. */
async function quiet(
  { rounds, journaled, compaction, options }: CutParts,
  offset: Offset,
): Promise<void> {
  await journaled.forget();
  await rounds.idle();
  rounds.truncateTo(offset);
  await options.saveRecoveryPoint?.();
  await rounds.idle();
  const offline = options.directory?.offlineReason;
  if (offline !== undefined) throw new PartitionFault(offline);
  await compaction()?.interrupt(offset);
  options.onUnsettled?.();
}

function forget({ resumePoints, durable, rounds, epochs, reader }: CutParts, end: Offset): void {
  resumePoints.onTruncated();
  durable.noteNames();
  rounds.truncateTo(end);
  epochs.truncateFromEnd(end);
  reader.invalidate();
}

/**
 * Deletes the segments that lie wholly below the log's start. That start is durable first: of
 * several renames a crash may keep any, and what it leaves must not be read with gaps in it.
 */
export async function dropBelowStart(log: CutParts): Promise<void> {
  const { segments, options, epochs, rounds, deleted, durable, start } = log;
  const logStartOffset = start.offset;
  // The epochs that begin there are durable before the start is: loading goes by that.
  if (epochs.changed) await rounds.again().catch(throwUnlessStoreFault);
  if (segments.countBelow(logStartOffset) === 0) return;
  // Where it cannot be kept, the first segment that is left says as much.
  await start.keep();
  await log.compaction()?.settled();
  // The first one that is left must not be lost where those behind it are not.
  const first = segments.holding(logStartOffset);
  if (first.hasFile && !first.isNamed) await durable.syncNames();
  const count = segments.countBelow(logStartOffset);
  const dueMs = options.clock.now() + options.config().fileDeleteDelayMs;
  const { topic, partition } = options;
  for (const segment of segments.shift(count)) {
    const { baseOffset } = segment;
    options.logger.log("info", "deleted a segment", { topic, partition, baseOffset });
    deleted.add(segment, dueMs);
  }
  await durable.syncNames();
}
