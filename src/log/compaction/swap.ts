// How a compacted segment takes the place of those it was made from, so that a crash at any instant
// leaves the old ones whole or the new one whole.
//
//   1  x.*.cleaned          contents synced, names synced           crash: they are removed
//   2  x.*.swap             renamed, synced: the commit point       crash: opening does 3 to 5
//   3  old.*.deleted        renamed, synced; readers go over
//   4  x.log                renamed, synced
//   5  x.{index,...}        renamed, synced
//
// Each step is durable before the next begins, since a power failure may keep a later rename and
// lose an earlier one. An x.log.swap thus means that what has the final names is old, and its
// absence that they are new; the .txnindex, which cannot be made again from a compacted log, is
// always there for that, be it empty.
// Invariant: old and new segments never both have their final names.

import { messageOf, partitionFault } from "../../base/faults.ts";
import type { Files } from "../../runtime/ports.ts";
import type { DeletedFiles } from "../directory/deleted_files.ts";
import { cleanedSuffix, type SegmentFileKind, swapSuffix } from "../directory/layout.ts";
import type { Segment } from "../segment/segment.ts";
import { syncFile } from "../files/whole_file.ts";

const indexKinds: readonly SegmentFileKind[] = ["index", "timeindex", "txnindex"];

/** A swap to be made. */
export interface Swap {
  readonly files: Files;
  readonly folder: string;
  /** Its files end in `.cleaned`. */
  readonly cleaned: Segment;
  readonly sources: readonly Segment[];
  readonly deleted: DeletedFiles;
  /** When the files of the old segments are removed. */
  readonly deletedDueMs: number;
  /** Puts the new segment into the log; called once the old ones have gone. */
  readonly onSwapped: () => void;
}

/** Step 1: makes the compacted segment durable under its provisional names. */
export async function syncCleaned({ files, folder, cleaned }: Swap): Promise<void> {
  cleaned.writeIndexes();
  await cleaned.sync(true);
  await cleaned.syncAborted();
  files.open(cleaned.path("txnindex"), "append").close();
  await syncFile(files, cleaned.path("txnindex"));
  await files.syncFolder(folder);
}

/** Steps 2 to 5. PartitionFault: the folder is half way, and only opening the log can go on. */
export async function swapIn(swap: Swap): Promise<void> {
  const { files, folder, cleaned, sources, deleted } = swap;
  try {
    renameIndexes(files, { segment: cleaned, suffix: swapSuffix });
    renameLog(files, { segment: cleaned, suffix: swapSuffix });
    await files.syncFolder(folder);
    for (const [i, source] of sources.entries()) {
      deleted.add(source, swap.deletedDueMs, { keepSnapshot: i === 0 });
    }
    swap.onSwapped();
    await files.syncFolder(folder);
    renameLog(files, { segment: cleaned, suffix: "" });
    await files.syncFolder(folder);
    renameIndexes(files, { segment: cleaned, suffix: "" });
    await files.syncFolder(folder);
    cleaned.isNamed = true;
  } catch (error) {
    throw partitionFault(error, `a compacted segment cannot be put in: ${messageOf(error)}`);
  }
}

/** The files of a segment that is being written. */
export function cleanedPaths(segment: Segment): string[] {
  return (["log", ...indexKinds] as const).map((kind) => segment.path(kind));
}

function renameLog(files: Files, to: { segment: Segment; suffix: string }): void {
  const { file } = to.segment;
  const bare = file.path.endsWith(cleanedSuffix)
    ? file.path.slice(0, -cleanedSuffix.length)
    : file.path.slice(0, -swapSuffix.length);
  files.rename(file.path, bare + to.suffix);
  file.renamed(bare + to.suffix);
}

function renameIndexes(files: Files, to: { segment: Segment; suffix: string }): void {
  const { segment, suffix } = to;
  const before = indexKinds.map((kind) => ({ kind, path: segment.path(kind) }));
  segment.suffix = suffix;
  for (const { kind, path } of before) files.rename(path, segment.path(kind));
}
