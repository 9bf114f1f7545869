// The data directories of a broker: which of them work, and in which one a log is or will be.
//
//   found in a working directory                    there
//   not found, the metadata names a working one     there, made anew
//   not found, not new, and some directory failed   nowhere: it is in the failed one, offline
//   not found, the metadata names an unknown one    nowhere: its directory is not there, offline
//   otherwise                                       the one with the fewest partitions, as in Kafka
//
// A directory may fail at the start or while it is used; then it is failed until the next start.
// Meanwhile a topic may be made anew in another, or a replica may go and come back there: once the
// directory works again, there are two folders of one name.
//
//   only one is of this topic, by its partition.metadata    that one
//   both are                                                the one that the metadata names
//   it names neither, and no other broker has the records   nowhere: offline, until one is moved
//
// Strays (strays.ts) are all others, once the logs are open.
// Invariant: a log is never made anew while its records may lie in a directory that failed, or that
// is missing from the configuration or its mount point.

import { isPlatformFault, messageOf, PlatformFault, UsageFault } from "../../base/faults.ts";
import type { PartitionId, Uuid } from "../../base/ids.ts";
import { firstOf } from "../../base/items.ts";
import { isDirectory } from "../../cluster/mod.ts";
import { LogFolder, type LogFolderOptions } from "../../log/mod.ts";
import { metadataTopic } from "../metadata/log.ts";

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
  readonly topicId: Uuid;
  /** Where the metadata says that it is; undefined or the zero id: nowhere yet. */
  readonly directoryId: Uuid | undefined;
  /** In a cluster: it counts as having records, so that it is nowhere but where it was. */
  readonly isEligible?: boolean;
  /** In a cluster: others have all that was here. */
  readonly mayBeginAnew?: boolean;
  /** Just created: there is no log of it yet, anywhere. */
  readonly isNew: boolean;
}

type Named = Pick<Placed, "topic" | "partition">;

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
  /** Where else there is a folder of a name. */
  readonly #others = new Map<string, LogFolder[]>();
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
    const found = this.#find(placed);
    if (found !== undefined) return found;
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

  /** Where its folder is; undefined: what has its name, if anything has, is another topic's. */
  #find(placed: Placed): LogFolder | Nowhere | undefined {
    const { topic, partition, topicId, directoryId, isNew } = placed;
    const first = this.#folderOf.get(nameOf(placed));
    const others = this.#others.get(nameOf(placed));
    const found = first === undefined || others === undefined
      ? first
      : this.#choose(placed, [first, ...others]);
    if (found === undefined || "reason" in found) return found;
    // What a new one finds there is left of another.
    if (!this.online.includes(found)) return isNew ? undefined : this.#inFailed();
    // Whoever opens it sees whose it is; what lies elsewhere is not to be taken for it.
    if (!isDirectory(directoryId) || found.directoryId === directoryId) return found;
    const foundId = found.topicIdOf(topic, partition);
    return foundId === undefined || foundId === topicId ? found : undefined;
  }

  /** Which of several folders of its name is its own. */
  #choose(placed: Placed, folders: readonly LogFolder[]): LogFolder | Nowhere | undefined {
    const { topic, partition, topicId, directoryId, mayBeginAnew } = placed;
    const its = (id: Uuid | undefined) =>
      folders.filter((folder) => folder.topicIdOf(topic, partition) === id);
    const known = its(topicId);
    const candidates = known.length > 0 ? known : its(undefined);
    const assigned = candidates.find((folder) => folder.directoryId === directoryId);
    const [first, second] = candidates;
    if (assigned !== undefined || first === undefined) return assigned;
    if (second === undefined || mayBeginAnew) return first;
    return { reason: inBoth(placed, [first, second]) };
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
  add(placed: Named, folder: LogFolder): void {
    const name = nameOf(placed);
    const before = this.#folderOf.get(name);
    if (before === folder) return;
    if (before !== undefined) this.#count(before, -1);
    this.#folderOf.set(name, folder);
    this.#count(folder, 1);
    const others = this.#others.get(name);
    if (others === undefined || before === undefined) return;
    this.#others.set(name, [before, ...others.filter((other) => other !== folder)]);
  }

  /** A partition has no folder any more in one of the directories. */
  delete(placed: Named, folder: LogFolder): void {
    const name = nameOf(placed);
    const others = this.#others.get(name)?.filter((other) => other !== folder) ?? [];
    this.#others.delete(name);
    if (this.#folderOf.get(name) === folder) {
      this.#folderOf.delete(name);
      this.#count(folder, -1);
      const [next] = others.splice(0, 1);
      if (next !== undefined) this.add(placed, next);
    }
    if (others.length > 0) this.#others.set(name, others);
  }

  #count(folder: LogFolder, more: number): void {
    this.#counts.set(folder, this.#counts.get(folder)! + more);
  }

  #findAll(): void {
    for (const folder of this.opened) {
      for (const placed of folder.partitionNames()) {
        const name = nameOf(placed);
        const other = this.#folderOf.get(name);
        if (other === undefined) this.add(placed, folder);
        else if (placed.topic === metadataTopic) {
          throw new UsageFault(inBoth(placed, [other, folder]));
        } else this.#others.set(name, [...this.#others.get(name) ?? [], folder]);
      }
    }
  }
}

/** What whoever runs the broker has to decide. */
function inBoth(placed: Named, [one, other]: readonly [LogFolder, LogFolder]): string {
  return `${nameOf(placed)} is in ${one.path} and in ${other.path}: ` +
    `move one of the two folders out of the data directories`;
}

function nameOf({ topic, partition }: Named): string {
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
