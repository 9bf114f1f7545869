// Whether a folder can be written to, found out by doing so: what permissions and mounts say is
// another thing on each system.
//
// Invariant: the file that is made is gone afterwards, and no other is changed.

import type { Files } from "../../runtime/ports.ts";
import { fileNames, parseSegmentFileName } from "./layout.ts";

/** More than a block of most file systems would leave over. */
const testBytes = 4096;

/**
 * Throws PlatformFault where nothing can be written in `folder`: neither a file of its own nor, if
 * it is a partition's, the newest segment.
 */
export function tryWriting(files: Files, folder: string): void {
  const path = `${folder}/${fileNames.writeTest}`;
  try {
    const file = files.open(path, "create");
    try {
      file.append(new Uint8Array(testBytes));
    } finally {
      file.close();
    }
  } finally {
    if (files.stat(path) !== undefined) files.remove(path);
  }
  const newest = files.list(folder).findLast((name) => parseSegmentFileName(name)?.kind === "log");
  if (newest !== undefined) files.open(`${folder}/${newest}`, "append").close();
}
