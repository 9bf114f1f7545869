// What a crash may leave in a partition's folder, put right before its segments are looked at.
//
//   x.deleted, x.tmp          removed: on their way out, or never finished
//   x.cleaned                 removed: a compaction that did not get to its commit point
//   x.swap                    that commit point: the files take their names, and the segments whose
//                             offsets they cover go (unless a .cleaned below says it was
//                             unfinished)
//   index files without .log  removed

import type { Offset } from "../base/ids.ts";
import { batchOverheadBytes, batchSizeOf, lastOffsetOf } from "../records/mod.ts";
import type { Files } from "../runtime/ports.ts";
import {
  cleanedSuffix,
  deletedSuffix,
  parseSegmentFileName,
  swapSuffix,
  temporarySuffix,
} from "./layout.ts";

/** Cleans `folder` up and returns the names of what stays. */
export function sweepLeftovers(files: Files, folder: string): string[] {
  const names = files.list(folder);
  const isLeftover = (name: string) =>
    [deletedSuffix, cleanedSuffix, temporarySuffix].some((suffix) => name.endsWith(suffix));
  const swaps = names.filter((name) => name.endsWith(swapSuffix));
  let stale = names.some(isLeftover);
  const cleanedFrom = Math.min(
    ...names.filter((name) => name.endsWith(cleanedSuffix)).map((name) => offsetOf(name)),
  );
  for (const name of names) if (isLeftover(name)) files.remove(`${folder}/${name}`);
  for (const name of swaps) {
    // A segment split in two has its first part swapped while the second is still .cleaned.
    if (offsetOf(name) >= cleanedFrom) files.remove(`${folder}/${name}`);
    else if (name.endsWith(`.log${swapSuffix}`)) finishSwap(files, { folder, name });
    stale = true;
  }
  for (const name of swaps) {
    const path = `${folder}/${name}`;
    if (files.stat(path) !== undefined) files.rename(path, path.slice(0, -swapSuffix.length));
  }
  const left = stale ? files.list(folder) : names;
  return left.filter((name) => !removeOrphan(files, { folder, name, names: left }));
}

function offsetOf(name: string): Offset {
  return Number(name.slice(0, name.indexOf(".")));
}

/** Removes the segments whose offsets a swapped one covers, so that it may take its name. */
function finishSwap(files: Files, at: { folder: string; name: string }): void {
  const from = offsetOf(at.name);
  const to = lastOffsetIn(files, `${at.folder}/${at.name}`);
  for (const name of files.list(at.folder)) {
    const parsed = parseSegmentFileName(name);
    if (parsed === undefined || parsed.kind === "snapshot") continue;
    const covered = parsed.baseOffset >= from && parsed.baseOffset <= Math.max(to, from);
    if (covered) files.remove(`${at.folder}/${name}`);
  }
}

/** Offset of the last record in a log file, -1 for an empty one. */
function lastOffsetIn(files: Files, path: string): Offset {
  const file = files.open(path, "read");
  const header = new Uint8Array(batchOverheadBytes);
  let last = -1;
  try {
    for (let position = 0; file.readAt(position, header) === batchOverheadBytes;) {
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
