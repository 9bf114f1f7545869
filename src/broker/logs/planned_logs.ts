// Logs that a request would have made: whether the disks have room for them, asked before anything
// is written down, so that a request that is refused for want of room leaves nothing behind.
//
// They are placed as DataFolders.locate will place them. Another process may take the room
// meanwhile; then what was begun is undone.

import { isStoreFault } from "../../base/faults.ts";
import type { LogFolder } from "../../log/mod.ts";
import type { Files } from "../../runtime/ports.ts";

/** Its folder, partition.metadata and what it begins with: a block each, and one to spare. */
const newLogBytes = 16 * 1024;

export class PlannedLogs {
  /** Logs of each directory, those that are planned included. */
  readonly #counts: Map<LogFolder, number>;
  /** Room for more of them. */
  readonly #free = new Map<LogFolder, number>();

  constructor(files: Files, counts: ReadonlyMap<LogFolder, number>) {
    this.#counts = new Map(counts);
    for (const folder of counts.keys()) {
      this.#free.set(folder, Math.floor(freeBytesOf(files, folder) / newLogBytes));
    }
  }

  /** Plans `count` more. Why they have no room, and are not planned; undefined: they have. */
  add(count: number): string | undefined {
    const planned = new Map<LogFolder, number>();
    for (let i = 0; i < count; i++) {
      const folder = this.#fewest(planned);
      if (folder === undefined) return undefined;
      const here = planned.get(folder) ?? 0;
      if (here + 1 > this.#free.get(folder)!) {
        return `data directory ${folder.path} has no room for ${count} more partition(s)`;
      }
      planned.set(folder, here + 1);
    }
    for (const [folder, here] of planned) {
      this.#counts.set(folder, this.#counts.get(folder)! + here);
      this.#free.set(folder, this.#free.get(folder)! - here);
    }
    return undefined;
  }

  #fewest(planned: ReadonlyMap<LogFolder, number>): LogFolder | undefined {
    let fewest: LogFolder | undefined;
    let least = Infinity;
    for (const [folder, count] of this.#counts) {
      const total = count + (planned.get(folder) ?? 0);
      if (total >= least) continue;
      fewest = folder;
      least = total;
    }
    return fewest;
  }
}

/** Infinite where it cannot be told: whether the disk works is found out elsewhere. */
function freeBytesOf(files: Files, { path }: LogFolder): number {
  try {
    return files.freeBytes(path);
  } catch (error) {
    if (!isStoreFault(error)) throw error;
    return Infinity;
  }
}
