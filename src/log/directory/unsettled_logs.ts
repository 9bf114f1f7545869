// Of which logs of a data directory more may have been cut than is synced, should this process be
// killed: the next one syncs these before it appends to them, and no others.
//
//   .ottla_unsettled   a line for each, written before the cut and without a sync: it counts for
//                      this boot of the machine, in which a file needs none
//
// Invariant: a log is named before anything of it is cut, and until that is durable. A line that
// was half written has no cut behind it, and stands by itself: each begins with a line's end.

import { fromUtf8, utf8 } from "../../base/bytes.ts";
import { isPlatformFault } from "../../base/faults.ts";
import type { Files } from "../../runtime/ports.ts";
import { readWholeFile } from "../files/whole_file.ts";
import { fileNames } from "./layout.ts";

export class UnsettledLogs {
  readonly #files: Files;
  readonly #path: string;
  /** Those that the last run has named, by their folders. */
  readonly #left: ReadonlySet<string>;
  /** Those in the file. */
  readonly #named: Set<string>;
  readonly #unsettled = new Set<string>();

  constructor(files: Files, folder: string) {
    this.#files = files;
    this.#path = `${folder}/${fileNames.unsettled}`;
    const bytes = readWholeFile(files, this.#path);
    this.#left = new Set(bytes === undefined ? [] : fromUtf8(bytes).split("\n"));
    this.#named = new Set(this.#left);
  }

  /** Whether some log was cut, or owes a sync, and that is not done. */
  get areThere(): boolean {
    return this.#unsettled.size > 0;
  }

  /** Whether the last run may have cut it without a sync. */
  wasLeft(name: string): boolean {
    return this.#left.has(name);
  }

  add(name: string): void {
    this.#unsettled.add(name);
  }

  settle(name: string): void {
    this.#unsettled.delete(name);
  }

  /** Has the next start know of `name`; false: there is no room for that. */
  tell(name: string): boolean {
    if (this.#named.has(name)) return true;
    try {
      const file = this.#files.open(this.#path, "append");
      try {
        file.append(utf8(`\n${name}\n`));
      } finally {
        file.close();
      }
    } catch (error) {
      if (!isPlatformFault(error, "NoSpace")) throw error;
      return false;
    }
    this.#named.add(name);
    return true;
  }

  /** Nothing of any log is to be synced any more that a next start would not find out. */
  clear(): void {
    if (this.#named.size === 0) return;
    this.#files.remove(this.#path);
    this.#named.clear();
  }
}
