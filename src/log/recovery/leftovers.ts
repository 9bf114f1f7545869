// What a crash may leave in a partition's folder, put right before its segments are looked at.
//
//   x.deleted, x.tmp          removed: on their way out, or never finished
//   x.cleaned                 removed: a compaction that did not get to its commit point
//   x.swap                    that commit point: the segments whose offsets x.log.swap covers go,
//                             and the files take their names (unless a .cleaned below says it was
//                             unfinished: then they go)
//   index files without .log  removed
//
// Invariant: what is half way is always told from what is finished, also when power fails in here,
// which may keep any subset of the changes since the folder was last synced. So the steps are the
// same as in compaction/swap.ts, each synced before the next; there it says why.

import type { Offset } from "../../base/ids.ts";
import { batchOverheadBytes, batchSizeOf, lastOffsetOf } from "../../records/mod.ts";
import type { Files } from "../../runtime/ports.ts";
import { FileWindow } from "./scan.ts";
import type { Slices } from "../pacing/slices.ts";
import {
  cleanedSuffix,
  deletedSuffix,
  parseSegmentFileName,
  swapSuffix,
  temporarySuffix,
} from "../directory/layout.ts";

/** Where to clean up; the work is done in `slices`. */
interface Sweep {
  readonly files: Files;
  readonly folder: string;
  readonly slices?: Slices;
}

/** Cleans a folder up and returns the names of what stays. */
export async function sweepLeftovers(sweep: Sweep): Promise<string[]> {
  const { files, folder } = sweep;
  const names = files.list(folder);
  const isLeftover = (name: string) =>
    [deletedSuffix, cleanedSuffix, temporarySuffix].some((suffix) => name.endsWith(suffix));
  const swaps = names.filter((name) => name.endsWith(swapSuffix));
  const leftovers = names.filter(isLeftover);
  if (swaps.length > 0) await settleSwaps(sweep, { names, swaps });
  for (const name of leftovers) files.remove(`${folder}/${name}`);
  const left = swaps.length + leftovers.length > 0 ? files.list(folder) : names;
  return left.filter((name) => !removeOrphan(files, { folder, name, names: left }));
}

/** Takes back swaps that had not come to their commit point, and finishes the others. */
async function settleSwaps(
  sweep: Sweep,
  among: { names: readonly string[]; swaps: readonly string[] },
): Promise<void> {
  const { files, folder } = sweep;
  const { names, swaps } = among;
  // A segment split in two has its first part swapped while the second is still .cleaned.
  const cleanedFrom = Math.min(
    ...names.filter((name) => name.endsWith(cleanedSuffix)).map((name) => offsetOf(name)),
  );
  const finished: string[] = [];
  for (const name of swaps) {
    if (offsetOf(name) >= cleanedFrom) files.remove(`${folder}/${name}`);
    else finished.push(name);
  }
  const isLog = (name: string) => name.endsWith(`.log${swapSuffix}`);
  const logs = finished.filter(isLog);
  for (const name of logs) await removeCovered(sweep, name);
  await files.syncFolder(folder);
  const takeName = (name: string) =>
    files.rename(`${folder}/${name}`, `${folder}/${name.slice(0, -swapSuffix.length)}`);
  if (logs.length > 0) {
    logs.forEach(takeName);
    await files.syncFolder(folder);
  }
  finished.filter((name) => !isLog(name)).forEach(takeName);
  await files.syncFolder(folder);
}

function offsetOf(name: string): Offset {
  return Number(name.slice(0, name.indexOf(".")));
}

/** Removes the segments whose offsets a swapped one covers, so that it may take its name. */
async function removeCovered(sweep: Sweep, swap: string): Promise<void> {
  const { files, folder } = sweep;
  const from = offsetOf(swap);
  const to = await lastOffsetIn(sweep, `${folder}/${swap}`);
  for (const name of files.list(folder)) {
    const parsed = parseSegmentFileName(name);
    if (parsed === undefined || parsed.kind === "snapshot") continue;
    const covered = parsed.baseOffset >= from && parsed.baseOffset <= Math.max(to, from);
    if (covered) files.remove(`${folder}/${name}`);
  }
}

/** Offset of the last record in a log file, -1 for an empty one. */
async function lastOffsetIn({ files, slices }: Sweep, path: string): Promise<Offset> {
  const file = files.open(path, "read");
  const readAtAsync = (position: number, into: Uint8Array) => file.readAtAsync(position, into);
  const window = new FileWindow({ size: file.size, readAtAsync, slices });
  let last = -1;
  try {
    for (let position = 0; position + batchOverheadBytes <= window.size;) {
      const header = await window.view(position, batchOverheadBytes);
      last = lastOffsetOf(header);
      position += Math.max(batchOverheadBytes, batchSizeOf(header));
    }
  } finally {
    file.close();
  }
  return last;
}

function removeOrphan(
  files: Files,
  at: { folder: string; name: string; names: readonly string[] },
): boolean {
  const parsed = parseSegmentFileName(at.name);
  if (parsed === undefined || parsed.kind === "log" || parsed.kind === "snapshot") return false;
  if (at.names.includes(at.name.slice(0, at.name.indexOf(".")) + ".log")) return false;
  files.remove(`${at.folder}/${at.name}`);
  return true;
}
