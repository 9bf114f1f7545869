// Files of deleted segments: renamed at once, so that a crash cannot bring them back, and removed
// after file.delete.delay.ms, as in Kafka. A reader that has one open reads on.

import { messageOf, throwUnlessStoreFault } from "../../base/faults.ts";
import type { Files, Logger } from "../../runtime/ports.ts";
import { deletedSuffix, type SegmentFileKind } from "./layout.ts";
import type { Segment } from "../segment/segment.ts";

const kinds: readonly SegmentFileKind[] = ["log", "index", "timeindex", "txnindex", "snapshot"];

/** Such a file is gone in less than a millisecond. */
const quicklyRemovedBytes = 4 * 1024 * 1024;

export class DeletedFiles {
  readonly #files: Files;
  readonly #logger: Logger;
  #waiting: { path: string; dueMs: number }[] = [];
  #removing: Promise<void> = Promise.resolve();

  constructor(files: Files, logger: Logger) {
    this.#files = files;
    this.#logger = logger;
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

  /** Removes what is due, large files one after the other, in their own time. */
  removeDue(nowMs: number): void {
    if (this.#waiting.length === 0) return;
    const due = this.#waiting.filter((file) => file.dueMs <= nowMs);
    this.#waiting = this.#waiting.filter((file) => file.dueMs > nowMs);
    for (const { path } of due) this.#remove(path);
  }

  /** Resolves when no removal is under way. */
  async settled(): Promise<void> {
    await this.#removing;
  }

  #remove(path: string): void {
    try {
      const size = this.#files.stat(path)?.size ?? 0;
      if (size <= quicklyRemovedBytes) this.#files.remove(path);
      else this.#removing = this.#removing.then(() => this.#removeSlowly(path));
    } catch (error) {
      throwUnlessStoreFault(error);
      this.#sayIsLeft(path, error);
    }
  }

  async #removeSlowly(path: string): Promise<void> {
    try {
      await this.#files.removeAsync(path);
    } catch (error) {
      throwUnlessStoreFault(error);
      this.#sayIsLeft(path, error);
    }
  }

  #sayIsLeft(path: string, error: unknown): void {
    const message = "a deleted file cannot be removed; the next start tries again";
    this.#logger.log("warn", message, { path, reason: messageOf(error) });
  }
}
