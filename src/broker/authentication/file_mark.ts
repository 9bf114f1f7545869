// Whether a file is another than it was: a text that differs when its size or time does, or when it
// is gone, or cannot be looked at any more. Who keeps files fresh looks every few seconds for as
// long as a broker lives: a folder that is closed to us for a moment must not end it.

import { PlatformFault } from "../../base/faults.ts";
import type { Files } from "../../runtime/ports.ts";

/** The state of the file at `path`, to be compared with another one. */
export function fileMark(files: Pick<Files, "stat">, path: string): string {
  try {
    const info = files.stat(path);
    return info === undefined ? "missing" : `${info.size} ${info.modifiedMs}`;
  } catch (error) {
    if (!(error instanceof PlatformFault)) throw error;
    return error.message;
  }
}
