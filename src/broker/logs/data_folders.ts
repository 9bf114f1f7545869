// The data directories of a broker: which of them work, and in which one a log is or will be.
//
//   found in a working directory                    there
//   not found, the metadata names a working one     there, made anew
//   not found, not new, and some directory failed   nowhere: it is in the failed one, offline
//   not found, the metadata names an unknown one    nowhere: its directory is not there, offline
//   otherwise                                       the one with the fewest partitions, as in Kafka
//
// A directory may fail at the start or while it is used; then it is failed until the next start.
// Invariant: a log is never made anew while its records may lie in a directory that failed, or that
// is missing from the configuration or its mount point.

import { isPlatformFault, messageOf, PlatformFault, UsageFault } from "../../base/faults.ts";
import type { PartitionId, Uuid } from "../../base/ids.ts";
import { firstOf } from "../../base/items.ts";
import { isDirectory } from "../../cluster/mod.ts";
import { LogFolder, type LogFolderOptions } from "../../log/mod.ts";

/** A directory that cannot be used until the broker starts again. */
export interface FailedFolder {
  readonly path: string;
  readonly reason: string;
  /** What it failed with at the start, where that was for want of permission to write. */
  readonly cause?: unknown;
}

/** A partition to be found or placed. */
export interface Placed {
  readonly topic: string;
  readonly partition: PartitionId;
  /** Where the metadata says that it is; undefined or the zero id: nowhere yet. */
  readonly directoryId: Uuid | undefined;
  /** In a cluster: it counts as having records, so that it is nowhere but where it was. */
  readonly isEligible?: boolean;
  /** Just created: there is no log of it yet, anywhere. */
  readonly isNew: boolean;
}

/** Why a partition is in no directory that works. */
export interface Nowhere {
  readonly reason: string;
  readonly cause?: unknown;
}

export class DataFolders {
  /** Those that opened, in the order of the configuration. */
  readonly opened: readonly LogFolder[];
  readonly #failed: FailedFolder[];
  readonly #folderOf = new Map<string, LogFolder>();
  readonly #counts = new Map<LogFolder, number>();

  private constructor(opened: readonly LogFolder[], failed: FailedFolder[]) {
    this.opened = opened;
    this.#failed = failed;
    for (const folder of opened) {
      this.#counts.set(folder, 0);
      folder.state.onOffline((reason) => failed.push({ path: folder.path, reason }));
    }
  }

  /**
   * Takes all directories. Throws UsageFault or Denied when one of them is another broker's or in
   * use, and what the first one failed with when all have failed.
   */
  static async open(paths: readonly string[], options: LogFolderOptions): Promise<DataFolders> {
    const opened: LogFolder[] = [];
    const failed: FailedFolder[] = [];
    let identity = options;
    let first: unknown;
    try {
      for (const path of paths) {
        try {
          const folder = await LogFolder.open(path, identity);
          const { clusterId, nodeId } = folder;
          identity = { ...options, clusterId, nodeId, adoptsNodeId: false };
          opened.push(folder);
        } catch (error) {
          if (!isDiskFailure(error)) throw ofDataFolder(error);
          first ??= ofDataFolder(error);
          const cause = isUnwritable(error) ? error : undefined;
          failed.push({ path, reason: messageOf(error), cause });
          options.logger.log("error", "a data directory cannot be used", {
            directory: path,
            reason: messageOf(error),
          });
        }
      }
      if (opened.length === 0) throw first;
      checkDistinct(opened);
      const folders = new DataFolders(opened, failed);
      if (paths.length > 1) folders.#findAll();
      return folders;
    } catch (error) {
      for (const folder of opened) folder.release();
      throw error;
    }
  }

  /** Makes all of them this broker's. Throws what the first one failed with when all have. */
  async claim(): Promise<void> {
    let first: unknown;
    for (const folder of this.online) {
      try {
        await folder.claim();
      } catch (error) {
        if (!isDiskFailure(error)) throw ofDataFolder(error);
        first ??= ofDataFolder(error);
        folder.state.goOffline(messageOf(error));
      }
    }
    if (this.online.length === 0) throw first;
  }

  /** Lets go of all of them: none was claimed, and nothing in them has changed. */
  release(): void {
    for (const folder of this.opened) folder.release();
  }

  /** Those that work. */
  get online(): readonly LogFolder[] {
    return this.opened.filter((folder) => folder.state.offlineReason === undefined);
  }

  get failed(): readonly FailedFolder[] {
    return this.#failed;
  }

  /** Where a partition's log is or goes, or why it is in none of those that work. */
  locate(placed: Placed): LogFolder | Nowhere {
    const { directoryId, isNew, isEligible = false } = placed;
    const { online } = this;
    const [first] = online;
    if (first === undefined) return this.#inFailed();
    const isOnly = this.opened.length === 1 && this.#failed.length === 0;
    if (isOnly && !(isEligible && isDirectory(directoryId))) return first;
    const found = this.#folderOf.get(nameOf(placed));
    if (found !== undefined) return online.includes(found) ? found : this.#inFailed();
    const assigned = online.find((folder) => folder.directoryId === directoryId);
    if (assigned !== undefined) return assigned;
    if (!isNew && this.#failed.length > 0) return this.#inFailed();
    if (!isNew && isDirectory(directoryId)) {
      const reason =
        `it is in a data directory with id ${directoryId}, which is none of log.dirs: ` +
        `mount it, or name it in log.dirs again, and start again`;
      return { reason };
    }
    let fewest: LogFolder | undefined;
    for (const folder of online) {
      const count = this.#counts.get(folder)!;
      if (fewest === undefined || count < this.#counts.get(fewest)!) fewest = folder;
    }
    return fewest!;
  }

  #inFailed(): Nowhere {
    const { path, reason, cause } = firstOf(this.#failed);
    return { reason: `it may be in data directory ${path}, which failed: ${reason}`, cause };
  }

  /** How many logs there are in each of those that work. */
  get counts(): ReadonlyMap<LogFolder, number> {
    return new Map(this.online.map((folder) => [folder, this.#counts.get(folder)!]));
  }

  /** The first that opened: of what all agree on, any may be asked. */
  get first(): LogFolder {
    return firstOf(this.opened);
  }

  /** A partition's log is in `folder` now. */
  add(placed: Pick<Placed, "topic" | "partition">, folder: LogFolder): void {
    if (this.#folderOf.get(nameOf(placed)) === folder) return;
    this.#folderOf.set(nameOf(placed), folder);
    this.#counts.set(folder, this.#counts.get(folder)! + 1);
  }

  /** A partition's log is gone. */
  delete(placed: Pick<Placed, "topic" | "partition">): void {
    const folder = this.#folderOf.get(nameOf(placed));
    if (folder === undefined) return;
    this.#folderOf.delete(nameOf(placed));
    this.#counts.set(folder, this.#counts.get(folder)! - 1);
  }

  #findAll(): void {
    for (const folder of this.opened) {
      for (const placed of folder.partitionNames()) {
        const other = this.#folderOf.get(nameOf(placed));
        if (other !== undefined) {
          throw new UsageFault(
            `${nameOf(placed)} is in ${other.path} and in ${folder.path}: ` +
              `move one of the two folders out of the data directories`,
          );
        }
        this.add(placed, folder);
      }
    }
  }
}

function nameOf({ topic, partition }: Pick<Placed, "topic" | "partition">): string {
  return `${topic}-${partition}`;
}

/** By its id the metadata says what lies in a directory: two of one id are a copy. */
function checkDistinct(folders: readonly LogFolder[]): void {
  const pathOf = new Map<Uuid, string>();
  for (const { directoryId, path } of folders) {
    const other = pathOf.get(directoryId);
    if (other !== undefined) {
      throw new UsageFault(
        `${other} and ${path} have the same directory.id=${directoryId}: ` +
          `remove that line from the meta.properties of the copy`,
      );
    }
    pathOf.set(directoryId, path);
  }
}

/** The failure of a file of a data folder as one of the folder: that one can be chosen. */
export function ofDataFolder(error: unknown): unknown {
  if (!(error instanceof PlatformFault) || error.about !== undefined) return error;
  return new PlatformFault(error.kind, error.message, { cause: error, about: "data folder" });
}

/** Whether it is the disk that failed, rather than what the user asked for. */
function isDiskFailure(error: unknown): boolean {
  return error instanceof PlatformFault && error.about !== "folder lock" &&
    error.kind !== "TooManyFiles";
}

/** Whether it may not be written to, by the mount or by its permissions. */
function isUnwritable(error: unknown): boolean {
  return isPlatformFault(error, "ReadOnly") || isPlatformFault(error, "Denied");
}
