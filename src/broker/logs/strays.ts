// Folders of partitions that a start finds and the metadata does not have here: renamed aside, with
// their records, never deleted. It may be the metadata that is wrong.
//
//   my-topic-0   >   my-topic-0.19a2b3c4d5e-stray
//
// One whose partition is open in another directory is a stray, too: of two, one is the log.

import type { BrokerId, PartitionId, Uuid } from "../../base/ids.ts";
import type { MetadataImage, PartitionImage } from "../../cluster/mod.ts";
import { type LogFolder, parseSegmentFileName, type Slices } from "../../log/mod.ts";
import type { Clock, Files, Logger } from "../../runtime/ports.ts";
import { metadataTopic } from "../metadata/log.ts";

/** To see what a folder is takes about as much work as looking at so many bytes. */
const folderWeight = 16 * 1024;

export interface StraysOptions {
  readonly nodeId: BrokerId;
  readonly files: Files;
  readonly clock: Clock;
  readonly slices: Slices;
  readonly logger: Logger;
}

/** Whose folder it is. */
interface FolderName {
  readonly topic: string;
  readonly partition: PartitionId;
}

export class Strays {
  readonly #options: StraysOptions;

  constructor(options: StraysOptions) {
    this.#options = options;
  }

  /**
   * Renames what is not to be in these directories, and returns what it was; `open`: where each
   * open partition is.
   */
  async setAllAside(
    folders: Iterable<LogFolder>,
    { image, open }: { readonly image: MetadataImage; readonly open: Map<string, LogFolder> },
  ): Promise<(FolderName & { readonly folder: LogFolder })[]> {
    const { slices } = this.#options;
    const aside: (FolderName & { readonly folder: LogFolder })[] = [];
    for (const folder of folders) {
      folder.forgetWhere((topic, partition) => {
        const isKnown = this.#isReplica(image.topic(topic)?.partitions[partition]);
        const where = open.get(`${topic}-${partition}`);
        return where === undefined ? !isKnown && topic !== metadataTopic : where !== folder;
      });
      for (const { topic, partition } of folder.partitionNames()) {
        const where = open.get(`${topic}-${partition}`);
        // Whose folder it is was seen when its log was opened.
        if (where === folder) continue;
        slices.spend(folderWeight);
        if (slices.isOver) await slices.next();
        const topicId = folder.topicIdOf(topic, partition);
        const known = image.topic(topic);
        const isOurs = this.#isReplica(known?.partitions[partition]) &&
          (topicId === undefined || topicId === known?.id);
        if (topic === metadataTopic || (isOurs && where === undefined)) continue;
        if (!this.#holdsLog(`${folder.path}/${topic}-${partition}`)) continue;
        const message = isOurs
          ? "set aside a folder of a partition that is in another data directory"
          : "set aside a folder of a partition that the metadata does not know here";
        await this.#setAside(folder, { topic, partition, message });
        aside.push({ topic, partition, folder });
      }
    }
    return aside;
  }

  /**
   * Renames what has the name of a log that could not be opened, where it is of another topic: that
   * was deleted while this broker was away, and one was made anew under its name. False: it is not.
   */
  async setOtherAside(
    folder: LogFolder,
    { topic, partition, topicId }: FolderName & { readonly topicId: Uuid },
  ): Promise<boolean> {
    const other = folder.topicIdOf(topic, partition);
    if (topic === metadataTopic || other === undefined || other === topicId) return false;
    folder.forget(topic, partition);
    const message = "set aside a folder of a topic that is gone; another has its name";
    await this.#setAside(folder, { topic, partition, message });
    return true;
  }

  /** Renames the folder of a log that is not open any more. */
  setDamagedAside(folder: LogFolder, { topic, partition }: FolderName): Promise<void> {
    const message = "a damaged partition is set aside, and copied anew from others in sync";
    return this.#setAside(folder, { topic, partition, message });
  }

  async #setAside(
    folder: LogFolder,
    { topic, partition, message }: FolderName & { readonly message: string },
  ): Promise<void> {
    const { files, clock, logger } = this.#options;
    const from = `${folder.path}/${topic}-${partition}`;
    const to = `${from}.${clock.now().toString(16)}-stray`;
    files.rename(from, to);
    await files.syncFolder(folder.path);
    logger.log("warn", message, { folder: to });
  }

  /** Whether this broker is to have it. */
  #isReplica(partition: PartitionImage | undefined): boolean {
    return partition?.replicas.includes(this.#options.nodeId) ?? false;
  }

  /** `my-app-2` may be somebody's project: what holds nothing of a log is not ours to rename. */
  #holdsLog(folder: string): boolean {
    const { files } = this.#options;
    return files.stat(folder)?.isDirectory === true &&
      files.list(folder).some((name) =>
        name === "partition.metadata" || parseSegmentFileName(name) !== undefined
      );
  }
}
