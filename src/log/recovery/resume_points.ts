// What lets recovery begin near the recovery point instead of at the active segment's start: the
// index files up to there, and a snapshot of the producers.
//
//   segment  |-- batches --|-- batches --|-- batches --|- ...
//                          s1        R   s2            end
//
// A snapshot is usable once everything below it was synced and a checkpoint says so: s1 here, where
// R is the recovery point that the last checkpoint has. Invariant: the newest usable one stays, so
// do those at the segments' beginnings; older ones go.

import type { Offset } from "../../base/ids.ts";
import type { Files } from "../../runtime/ports.ts";
import { segmentFileName } from "../directory/layout.ts";
import { encodeSnapshot } from "../producers/producer_snapshot.ts";
import type { ProducerState } from "../producers/producer_state.ts";
import type { Segments } from "../segment/segments.ts";
import { writeWholeFile } from "../files/whole_file.ts";

interface ResumedLog {
  readonly files: Files;
  readonly folder: string;
  readonly segments: Segments;
  /** Of the snapshot that is there and covers the whole log; -1 for none. */
  readonly newest: Offset;
  /** Appended at most between two of them; a mebibyte by default. */
  readonly bytesMax: number | undefined;
}

const bytesMaxDefault = 1024 * 1024;

export class ResumePoints {
  readonly #files: Files;
  readonly #folder: string;
  readonly #segments: Segments;
  readonly #bytesMax: number;
  /** Size of the active segment up to which its index files and a snapshot were written. */
  #notedBytes = 0;
  /** What the newest snapshot covers. */
  #newest: Offset;
  /** Those that were written for their own sake, the oldest first. */
  #noted: Offset[] = [];
  /** The next checkpoint will have this recovery point, or a later one. */
  #recoveryPoint: Offset = 0;

  constructor(log: ResumedLog) {
    this.#bytesMax = log.bytesMax ?? bytesMaxDefault;
    this.#files = log.files;
    this.#folder = log.folder;
    this.#segments = log.segments;
    this.#newest = log.newest;
  }

  /** Writes a snapshot of `producers`, who stand at `offset`, unless it is there. */
  takeSnapshot(producers: ProducerState, offset: Offset): void {
    if (offset === this.#newest || this.#segments.sizeBytes === 0) return;
    writeWholeFile(this.#files, this.#path(offset), encodeSnapshot(producers));
    this.#newest = offset;
  }

  /** Writes one where enough was appended since the last. A checkpoint follows. */
  note(
    producers: ProducerState,
    log: { readonly logEndOffset: Offset; readonly recoveryPoint: Offset },
  ): void {
    const { active } = this.#segments;
    const isNew = this.#notedBytes > active.size;
    if (isNew || active.size - this.#notedBytes >= this.#bytesMax) {
      active.writeIndexes();
      this.takeSnapshot(producers, log.logEndOffset);
      this.#notedBytes = active.size;
      if (this.#noted.at(-1) !== this.#newest) this.#noted.push(this.#newest);
    }
    const usable = this.#noted.findLastIndex((offset) => offset <= this.#recoveryPoint);
    for (const offset of this.#noted.splice(0, Math.max(0, usable))) this.#removeUnlessBase(offset);
    this.#recoveryPoint = log.recoveryPoint;
  }

  #removeUnlessBase(offset: Offset): void {
    const { baseOffset } = this.#segments.holding(offset);
    if (baseOffset !== offset) this.#files.remove(this.#path(offset));
  }

  /** The log was cut: there is no telling which snapshots still hold. */
  onTruncated(): void {
    this.#newest = -1;
    this.#noted = [];
    this.#recoveryPoint = 0;
  }

  #path(offset: Offset): string {
    return `${this.#folder}/${segmentFileName(offset, "snapshot")}`;
  }
}
