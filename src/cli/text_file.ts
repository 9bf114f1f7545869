// A small file that the command line names, as text.

import { fromUtf8 } from "../base/bytes.ts";
import { messageOf, PlatformFault, UsageFault } from "../base/faults.ts";
import type { Files } from "../runtime/ports.ts";

/** The text of the file that `option` names. Throws UsageFault where it cannot be read. */
export function readTextFile(
  files: Files,
  { path, option }: { readonly path: string; readonly option: string },
): string {
  try {
    const file = files.open(path, "read");
    try {
      const bytes = new Uint8Array(file.size);
      const length = file.readAt(0, bytes);
      return fromUtf8(bytes.subarray(0, length));
    } finally {
      file.close();
    }
  } catch (error) {
    if (!(error instanceof PlatformFault)) throw error;
    throw new UsageFault(`cannot read ${option} ${path}: ${messageOf(error)}`);
  }
}

/** The first line of such a file, a password. Throws UsageFault where it is empty. */
export function readPassword(
  files: Files,
  named: { readonly path: string; readonly option: string },
): string {
  const [password = ""] = readTextFile(files, named).split(/\r?\n/, 1);
  if (password === "") throw new UsageFault(`the first line of ${named.path} is empty`);
  return password;
}
