// Writing an index to its file. Indexes only grow at their end, so what is there stays and the rest
// is added: the cost is that of the new entries, however long the index is.
//
//   written = 3    | e e e |          -> | e e e | e e |
//   written = 0    (anything or none) -> a new file in its place, by a rename
//
// Invariant: after a crash the file holds a beginning of the index, or what no longer decodes; an
// index that is torn is not believed.

import type { Files } from "../../runtime/ports.ts";
import { writeWholeFile } from "./whole_file.ts";

/** An index in memory. */
interface Entries {
  readonly entryBytes: number;
  encode(from?: number): Uint8Array;
}

/** Brings the file at `path` up to `index`, of which it has the first `written` entries. */
export function writeEntries(
  files: Files,
  path: string,
  state: { readonly index: Entries; readonly written: number },
): void {
  const { index, written } = state;
  if (written === 0) return writeWholeFile(files, path, index.encode());
  const file = files.open(path, "append");
  let isWhole: boolean;
  try {
    // Somebody else removed or changed it.
    isWhole = file.size === written * index.entryBytes;
    if (isWhole) file.append(index.encode(written));
  } finally {
    file.close();
  }
  if (!isWhole) writeWholeFile(files, path, index.encode());
}
