// After a failed sync the kernel holds pages that it believes to be on disk and that are not: reads
// see them, and a later sync has nothing to do for them and succeeds. Only a new start of the
// machine shows what the disk has.
//
//   sync failed -> directory offline, marked by .ottla_sync_failed (in the page cache at least)
//   next start, the same boot of the machine: all that no sync surely covered is copied to new
//   files, those are synced and renamed over the old ones; then recovery, then the mark goes
//
// Invariant: what is acknowledged after such a start lies behind data that is really on disk.

import type { Offset } from "../../base/ids.ts";
import type { Files } from "../../runtime/ports.ts";
import { segmentFileName, temporarySuffix } from "../directory/layout.ts";

const copyBytes = 1024 * 1024;

/** Writes the log files of the segments at `baseOffsets` anew. */
export async function rewriteSegments(
  files: Files,
  log: { readonly folder: string; readonly baseOffsets: readonly Offset[] },
): Promise<void> {
  for (const baseOffset of log.baseOffsets) {
    const path = `${log.folder}/${segmentFileName(baseOffset, "log")}`;
    const temporary = path + temporarySuffix;
    await copyDurably(files, path, temporary);
    files.rename(temporary, path);
  }
  await files.syncFolder(log.folder);
}

async function copyDurably(files: Files, from: string, to: string): Promise<void> {
  const source = files.open(from, "read");
  try {
    const copy = files.open(to, "create");
    try {
      const buffer = new Uint8Array(Math.min(copyBytes, source.size));
      for (let position = 0; position < source.size;) {
        const count = await source.readAtAsync(position, buffer);
        if (count === 0) break;
        copy.append(buffer.subarray(0, count));
        position += count;
      }
      await copy.sync();
    } finally {
      copy.close();
    }
  } finally {
    source.close();
  }
}
