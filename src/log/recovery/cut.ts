// Cutting the end of a log off where recovery has found that it was never made durable.
//
//   torn tail    an append that had not finished: no batch is lost. Truncated
//   lost writes  whole batches lie behind a hole: they are copied to <offset>.cut and synced first
//
// Invariant: a batch that could be read is in the log or in a `.cut` file, at every instant. The
// file is for people (`ottla log dump` reads it as a segment); nothing here ever opens it again.

import type { Offset } from "../../base/ids.ts";
import type { OpenFile } from "../../runtime/ports.ts";
import { cutFileName, segmentFileName } from "../directory/layout.ts";
import type { LoadState } from "./load_state.ts";
import type { Segment } from "../segment/segment.ts";

const copyBytes = 1024 * 1024;

/** Where a log is cut, and what for. */
export interface Cut {
  readonly segment: Segment;
  readonly position: number;
  readonly fromOffset: Offset;
  readonly reason: string;
  /** Whole batches behind the place. */
  readonly batchesBehind: number;
}

/** Cuts `state` at `cut`; `toOffset` is where the log ended before. */
export async function cutLog(state: LoadState, cut: Cut, toOffset: Offset): Promise<void> {
  const { segment, position, fromOffset, batchesBehind } = cut;
  const index = state.segments.indexOf(segment);
  const later = state.segments.slice(index + 1);
  let bytesCut = segment.size - position;
  for (const each of later) bytesCut += each.size;
  const keptIn = batchesBehind > 0 ? await keepAside(state, cut, later) : undefined;
  state.segments.length = index + 1;
  // From the last on: a crash meanwhile leaves a hole that is cut again, never a gap.
  for (const each of later.reverse()) {
    each.retired = true;
    each.file.retire();
    for (const kind of ["index", "timeindex", "txnindex", "log"] as const) {
      state.files.remove(`${state.folder}/${segmentFileName(each.baseOffset, kind)}`);
    }
  }
  if (segment.size > position) segment.file.truncate(position);
  segment.unsynced = true;
  state.logEndOffset = fromOffset;
  if (bytesCut === 0) return;
  const fields = { file: segment.path("log"), position, bytesCut, logEndOffset: fromOffset };
  const { reason } = cut;
  if (keptIn === undefined) {
    const message = "cut the torn tail of a log: an append had not finished when it stopped";
    return state.log("warn", message, { ...fields, reason });
  }
  const message = "cut records that were never synced off a log: the machine lost what was " +
    "before them. None was acknowledged to acks=all";
  const records = { batchesCut: batchesBehind, toOffset };
  state.log("warn", message, { ...fields, ...records, reason, keptIn });
}

/** Copies everything from the cut on to a file of its own, durably. Returns its path. */
async function keepAside(state: LoadState, cut: Cut, later: readonly Segment[]): Promise<string> {
  const name = cutFileName(cut.fromOffset);
  let path = `${state.folder}/${name}`;
  // Another loss at the same offset, or a crash before the cut was made: neither is overwritten.
  for (let i = 1; state.files.stat(path) !== undefined; i++) path = `${state.folder}/${i}-${name}`;
  const aside = state.files.open(path, "create");
  try {
    await copyFrom(aside, cut.segment, cut.position);
    for (const segment of later) await copyFrom(aside, segment, 0);
    await aside.sync();
  } catch (error) {
    aside.close();
    state.files.remove(path);
    throw error;
  }
  aside.close();
  await state.files.syncFolder(state.folder);
  return path;
}

async function copyFrom(aside: OpenFile, segment: Segment, from: number): Promise<void> {
  const buffer = new Uint8Array(Math.min(copyBytes, segment.size - from));
  for (let position = from; position < segment.size;) {
    const into = buffer.subarray(0, Math.min(buffer.length, segment.size - position));
    const count = await segment.file.readAtAsync(position, into);
    if (count === 0) return;
    aside.append(into.subarray(0, count));
    position += count;
  }
}
