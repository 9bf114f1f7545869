// A file that the command line names, whole.

import { fromUtf8 } from "../base/bytes.ts";
import { messageOf, PlatformFault, UsageFault } from "../base/faults.ts";
import { isText, parseProperties } from "../base/properties.ts";
import type { Files } from "../runtime/ports.ts";

/** A file, and the option that names it; "" where it is an operand. */
export interface NamedFile {
  readonly path: string;
  readonly option: string;
}

/** The bytes of a file that the command line names. Throws UsageFault where it cannot be read. */
export function readFile(files: Files, { path, option }: NamedFile): Uint8Array {
  try {
    const file = files.open(path, "read");
    try {
      const bytes = new Uint8Array(file.size);
      const length = file.readAt(0, bytes);
      return bytes.subarray(0, length);
    } finally {
      file.close();
    }
  } catch (error) {
    if (!(error instanceof PlatformFault)) throw error;
    throw new UsageFault(`cannot read ${option && `${option} `}${path}: ${messageOf(error)}`);
  }
}

/** The same as text. */
export function readTextFile(files: Files, named: NamedFile): string {
  return fromUtf8(readFile(files, named));
}

/** The same as Java's properties. Throws UsageFault for what is no text. */
export function readProperties(files: Files, named: NamedFile): Map<string, string> {
  const text = readTextFile(files, named);
  if (isText(text)) return parseProperties(text);
  throw new UsageFault(`${named.path} is no text: a file of properties is lines of key=value`);
}

/** The first line of such a file, a password. Throws UsageFault where it is empty. */
export function readPassword(files: Files, named: NamedFile): string {
  const [password = ""] = readTextFile(files, named).split(/\r?\n/, 1);
  if (password === "") throw new UsageFault(`the first line of ${named.path} is empty`);
  return password;
}
