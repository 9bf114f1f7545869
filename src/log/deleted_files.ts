// Files of deleted segments: renamed at once, so that a crash cannot bring them back, and removed
// after file.delete.delay.ms, as in Kafka. A reader that has one open reads on.

import type { Files } from "../runtime/ports.ts";
import { deletedSuffix, type SegmentFileKind } from "./layout.ts";
import type { Segment } from "./segment.ts";

const kinds: readonly SegmentFileKind[] = ["log", "index", "timeindex", "txnindex", "snapshot"];

export class DeletedFiles {
  readonly #files: Files;
  #waiting: { path: string; dueMs: number }[] = [];

  constructor(files: Files) {
    this.#files = files;
  }

  /**
   * Takes `segment` out of the folder; its files are removed at `dueMs`. The snapshot stays when
   * another segment begins where this one did.
   */
  add(segment: Segment, dueMs: number, options: { keepSnapshot?: boolean } = {}): void {
    segment.retired = true;
    for (const kind of kinds) {
      const path = segment.path(kind);
      if (kind === "snapshot" && options.keepSnapshot === true) continue;
      if (this.#files.stat(path) === undefined) continue;
      const renamed = path + deletedSuffix;
      this.#files.rename(path, renamed);
      if (kind === "log") segment.file.renamed(renamed);
      this.#waiting.push({ path: renamed, dueMs });
    }
    // Who holds the segment still reads its own indexes, not those of one that took its name.
    segment.suffix = deletedSuffix;
    segment.file.retire();
  }

  /** Removes what is due. */
  removeDue(nowMs: number): void {
    if (this.#waiting.length === 0) return;
    const due = this.#waiting.filter((file) => file.dueMs <= nowMs);
    this.#waiting = this.#waiting.filter((file) => file.dueMs > nowMs);
    for (const { path } of due) this.#files.remove(path);
  }
}
