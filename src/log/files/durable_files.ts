// What one round of syncs makes durable: the files of a log that changed, and the names under which
// they are found.
//
//   segments that changed (data, then indexes of sealed ones) > leader epochs
//     > partition.metadata and the folder's own name, once > names in the folder
//
// A log's second segment is made once the name of its first is durable: if a loss of power left the
// second alone, the log would begin there. It is by then, but in a log that rolls at once.
//
// Invariant: when `sync` resolves, all that was written before it was called is durable. A file
// that is created while it runs is noted before, and belongs to the next round.

import {
  isPlatformFault,
  isShortage,
  isStoreFault,
  PartitionFault,
  partitionFault,
} from "../../base/faults.ts";
import type { DirectoryState } from "../directory/directory_state.ts";
import type { EpochCache } from "../partition/epoch_cache.ts";
import { fileNames } from "../directory/layout.ts";
import type { LogOptions } from "../partition/log_options.ts";
import type { Presence } from "../directory/presence.ts";
import type { Segments } from "../segment/segments.ts";
import { syncFile, writeSyncedFile } from "./whole_file.ts";

/** Of a first segment whose name is not durable, when that is worth a round of its own. */
const firstDueBytes = 1024 * 1024;

export interface DurableFilesOptions {
  readonly options: LogOptions;
  /** Path of the partition's folder. */
  readonly folder: string;
  readonly directory: DirectoryState;
  readonly segments: Segments;
  readonly epochs: EpochCache;
  readonly presence: Presence;
  /** Whether the folder was just made: its name is not durable. */
  readonly isNew: boolean;
  /** Whether a process that was killed may have left names in it that are not durable. */
  readonly isUnclean: boolean;
}

export class DurableFiles {
  readonly #parts: DurableFilesOptions;
  #isNew: boolean;
  #isClaimed: boolean;
  #namesChanged = false;
  /** Whether what is to be synced makes room. */
  #makesRoom = false;
  #syncedMs: number;

  constructor(parts: DurableFilesOptions) {
    this.#parts = parts;
    this.#isNew = parts.isNew;
    this.#isClaimed = parts.isNew || parts.isUnclean;
    this.#syncedMs = parts.options.clock.monotonic();
  }

  /** Files were made or renamed in the folder. */
  noteNames(): void {
    this.#namesChanged = true;
  }

  /** What was just appended makes room: its sync may use what is kept for that. */
  noteMakesRoom(): void {
    this.#makesRoom = true;
  }

  /** Whether there is something to sync besides the segments. */
  get isBehind(): boolean {
    return this.#namesChanged || this.#isClaimed || this.#parts.epochs.changed;
  }

  /** For how long no round has begun: a wall clock that is set back puts none off. */
  get unsyncedMs(): number {
    return this.#parts.options.clock.monotonic() - this.#syncedMs;
  }

  /**
   * One round. Rejects with PartitionFault when a sync failed: the directory is offline; or when
   * the log's files are gone: the log is. With the PlatformFault of a shortage when a small file
   * found no room, or a file could not be opened: nothing is lost, and no sync has failed.
   */
  async sync(): Promise<void> {
    const { clock, counters } = this.#parts.options;
    const startMs = clock.monotonic();
    try {
      await this.#sync();
    } catch (error) {
      if (isShortage(error)) {
        this.#parts.directory.noteUnwritten(error);
        this.#namesChanged = true;
      }
      throw error;
    }
    const gone = this.#parts.presence.lookIfDue();
    if (gone !== undefined) throw new PartitionFault(gone);
    counters?.syncSeconds.observe((clock.monotonic() - startMs) / 1000);
  }

  async #sync(): Promise<void> {
    const { options, folder, segments, epochs, directory } = this.#parts;
    this.#syncedMs = options.clock.monotonic();
    const { active } = segments;
    for (const segment of segments.all.filter((each) => each.unsynced)) {
      if (segment.retired) continue;
      await this.#durably(() => segment.sync(segment !== active));
      if (await segment.syncAborted()) this.#namesChanged = true;
    }
    if (epochs.changed) await this.#writeEpochs();
    this.#makesRoom = false;
    if (this.#isClaimed) {
      this.#namesChanged = true;
      const path = `${folder}/${fileNames.partitionMetadata}`;
      await this.#durably(() => syncFile(options.files, path));
      // Those that were there have been synced when the data directory was opened.
      if (this.#isNew) {
        await this.syncOwnName();
        await directory.forgetNamesake(options);
      }
      this.#isNew = false;
      this.#isClaimed = false;
    }
    if (this.#namesChanged) {
      this.#namesChanged = false;
      await this.syncNames();
    }
  }

  /** Makes the names in the partition's folder durable. */
  async syncNames(): Promise<void> {
    const { options, folder, segments } = this.#parts;
    const named = segments.all.filter((each) => each.hasFile && !each.isNamed);
    await this.#durably(() => options.files.syncFolder(folder));
    for (const segment of named) segment.isNamed = true;
  }

  /** Whether a round is to make the first segment's name durable, well before there is a second. */
  get isFirstDue(): boolean {
    const { first } = this.#parts.segments;
    return !first.isNamed && first.size >= firstDueBytes;
  }

  /** The active segment gets its file. Waits for the disk where the first may lose its name. */
  noteNewFile(): void {
    const { options, folder, segments: { first, active } } = this.#parts;
    if (first !== active && first.hasFile && !first.isNamed) {
      try {
        options.files.syncFolderNow(folder);
      } catch (error) {
        throw this.#syncFault(error);
      }
      first.isNamed = true;
    }
    this.noteNames();
  }

  /** Makes the name of the partition's folder durable, together with others'. */
  async syncOwnName(): Promise<void> {
    await this.#durably(() => this.#parts.directory.syncNames());
  }

  /** A new file, so that writing it again after NoSpace is no second try of a failed sync. */
  async #writeEpochs(): Promise<void> {
    const { options, folder, epochs, directory } = this.#parts;
    const bytes = epochs.encodeForFile();
    const path = `${folder}/${fileNames.leaderEpochs}`;
    const write = () => writeSyncedFile(options.files, path, bytes);
    try {
      await (this.#makesRoom ? directory.reserve.spendAsync(write) : write());
      this.#namesChanged = true;
    } catch (error) {
      epochs.markChanged();
      throw error;
    }
  }

  /**
   * A sync that fails, whyever, is the end of the directory: the kernel has dropped the pages. One
   * that found no descriptor to begin with has not failed.
   */
  async #durably(sync: () => Promise<void>): Promise<void> {
    try {
      await sync();
    } catch (error) {
      throw this.#syncFault(error);
    }
  }

  #syncFault(error: unknown): unknown {
    if (!isStoreFault(error) || isPlatformFault(error, "TooManyFiles")) return error;
    const gone = this.#parts.presence.look();
    if (gone !== undefined) return new PartitionFault(gone, { cause: error });
    const { counters } = this.#parts.options;
    if (counters !== undefined) counters.syncsFailed++;
    const fault = partitionFault(error);
    this.#parts.directory.goOffline(`${this.#parts.folder}: ${fault.message}`);
    return fault;
  }
}
