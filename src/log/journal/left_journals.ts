// Journals that an earlier life has left in a data directory: what a log must have at its end, and
// may have lost with the power.
//
//   read, before anything is written --> each log appends what it lacks, and syncs --> removed
//
// Entries that a log has, or that do not go on where it ends, are passed over, and so are those
// that it was to be forgotten behind: so it does no harm that a file is read twice, or comes back
// after its removal. Invariant: no file goes while a partition of the directory may still need it,
// nor while one before it may come back: what is to be forgotten of that is said behind it.

import { concatBytes } from "../../base/bytes.ts";
import type { PartitionId, Uuid } from "../../base/ids.ts";
import type { Files } from "../../runtime/ports.ts";
import { parseJournalFileName } from "../directory/layout.ts";
import { readWholeFile } from "../files/whole_file.ts";
import { forgotten, readRounds } from "./rounds.ts";

/** What a log is to append, as far as it lacks it. */
export interface LeftBatches {
  readonly batches: readonly Uint8Array[];
  /** Its own files have all of it. */
  onTaken(): void;
}

interface LogName {
  readonly topicId: Uuid;
  readonly partition: PartitionId;
}

const keyOf = ({ topicId, partition }: LogName): string => `${topicId}-${partition}`;

export class LeftJournals {
  readonly #files: Files;
  readonly #folder: string;
  /** The number that the next file may have. */
  readonly next: number;
  #paths: readonly string[];
  readonly #left = new Map<string, Uint8Array[]>();

  /** Reads what lies in `folder`. */
  constructor(files: Files, folder: string) {
    this.#files = files;
    this.#folder = folder;
    const found = files.list(folder).flatMap((name) => {
      const number = parseJournalFileName(name);
      return number === undefined ? [] : [{ number, path: `${folder}/${name}` }];
    }).sort((a, b) => a.number - b.number);
    this.next = (found.at(-1)?.number ?? -1) + 1;
    this.#paths = found.map(({ path }) => path);
    for (const { number, path } of found) {
      for (const entry of readRounds(readWholeFile(files, path) ?? concatBytes([]), number)) {
        const batches = this.#left.get(keyOf(entry));
        if (entry.batch.length === forgotten.length) this.#left.delete(keyOf(entry));
        else if (batches === undefined) this.#left.set(keyOf(entry), [entry.batch]);
        else batches.push(entry.batch);
      }
    }
  }

  /** What there is for a log; undefined: nothing. */
  of(log: LogName): LeftBatches | undefined {
    const batches = this.#left.get(keyOf(log));
    if (batches === undefined) return undefined;
    return { batches, onTaken: () => this.#left.delete(keyOf(log)) };
  }

  /** Whether there are files still; newer ones say what is forgotten of them, and are to stay. */
  get isLeft(): boolean {
    return this.#paths.length > 0;
  }

  /** Removes the files, unless one of the partitions that are `here` has not had its part. */
  async remove(here: () => Iterable<LogName>): Promise<void> {
    if (this.#paths.length === 0) return;
    if (this.#left.size > 0) {
      for (const log of here()) if (this.#left.has(keyOf(log))) return;
    }
    this.#left.clear();
    await removeJournals(this.#files, { folder: this.#folder, paths: this.#paths });
    await this.#files.syncFolder(this.#folder);
    this.#paths = [];
  }
}

/** Removes the files of a journal, in their order: each is gone for good before the next goes. */
export async function removeJournals(
  files: Files,
  { folder, paths }: { readonly folder: string; readonly paths: Iterable<string> },
): Promise<void> {
  let isFirst = true;
  for (const path of paths) {
    if (!isFirst) await files.syncFolder(folder);
    isFirst = false;
    files.remove(path);
  }
}
