// Where the broker's logs live: the data folder, or memory for an ephemeral broker.
//
// Every log is opened here, so that the checkpoints and the clean-shutdown marker speak of all of
// them.

import type { BrokerId, PartitionId, Uuid } from "../base/ids.ts";
import type { MetadataImage } from "../cluster/mod.ts";
import { type LogConfig, LogFolder, PartitionLog, ReadAhead } from "../log/mod.ts";
import type { Files, Logger, Runtime } from "../runtime/ports.ts";
import type { BrokerConfig } from "./config.ts";
import { metadataTopic } from "./metadata_log.ts";

/** The folder's name while there is no disk. */
const memoryFolder = "/ottla";

export interface StorageOptions {
  readonly runtime: Runtime;
  readonly config: BrokerConfig;
  readonly logger: Logger;
}

/** What all consumers of old records together may have read ahead. */
const readAheadBytesMax = 32 * 1024 * 1024;

/** Logs looked after between two turns of the event loop. */
const maintainedPerTurn = 256;

/** Which log to open, and what it works by. */
export interface LogRequest {
  readonly topic: string;
  readonly partition: PartitionId;
  readonly topicId: Uuid;
  readonly config: () => LogConfig;
}

export class Storage {
  readonly nodeId: BrokerId;
  readonly #options: StorageOptions;
  readonly #files: Files;
  readonly #folder: LogFolder;
  readonly #logger: Logger;
  readonly #readAhead = new ReadAhead(readAheadBytesMax);
  readonly #logs = new Set<PartitionLog>();

  private constructor(options: StorageOptions, o: { files: Files; folder: LogFolder }) {
    this.nodeId = o.folder.nodeId;
    this.#options = options;
    this.#files = o.files;
    this.#folder = o.folder;
    this.#logger = options.logger.child("log");
  }

  /** Takes the data folder. Throws when it is another broker's or in use. */
  static async open(options: StorageOptions): Promise<Storage> {
    const { runtime, config, logger } = options;
    const files = config.ephemeral ? runtime.memoryFiles() : runtime.files;
    const folder = await LogFolder.open(config.ephemeral ? memoryFolder : config.dataFolder, {
      files,
      random: runtime.random,
      logger: logger.child("log"),
      nodeId: config.nodeId,
      adoptsNodeId: !config.isSet("node.id") && !config.isSet("broker.id"),
      clusterId: config.get("cluster.id") ?? undefined,
    });
    return new Storage(options, { files, folder });
  }

  /** The file system that the logs are in. */
  get files(): Files {
    return this.#files;
  }

  get clusterId(): string {
    return this.#folder.clusterId;
  }

  get directoryId(): Uuid {
    return this.#folder.directoryId;
  }

  /** Whether nothing can have been lost since the last stop. */
  get wasShutDownCleanly(): boolean {
    return this.#folder.cleanShutdown;
  }

  /** Opens a partition's log, or creates it. */
  async openLog({ topic, partition, topicId, config }: LogRequest): Promise<PartitionLog> {
    const { runtime } = this.#options;
    const checkpoint = this.#folder.checkpointOf(topic, partition);
    const log = await PartitionLog.open({
      folder: this.#folder.path,
      topic,
      partition,
      topicId,
      config,
      files: this.#files,
      clock: runtime.clock,
      logger: this.#logger,
      codecs: runtime.codecs,
      readAhead: this.#readAhead,
      handles: this.#folder.handles,
      ...checkpoint,
      cleanShutdown: this.#folder.cleanShutdown,
    });
    this.#logs.add(log);
    return log;
  }

  /** Deletes a log with its files. */
  async deleteLog(log: PartitionLog): Promise<void> {
    this.#logs.delete(log);
    this.#folder.forget(log.topic, log.partition);
    await log.delete();
  }

  /**
   * Renames aside the folders of partitions that the metadata does not know. Never deletes them.
   */
  async setStraysAside(image: MetadataImage): Promise<void> {
    const { path } = this.#folder;
    for (const { topic, partition, topicId } of this.#folder.partitions()) {
      const known = image.topic(topic);
      const isOurs = known?.partitions[partition] !== undefined &&
        (topicId === undefined || topicId === known.id);
      if (topic === metadataTopic || isOurs) continue;
      const from = `${topic}-${partition}`;
      const to = `${from}.${this.#options.runtime.clock.now().toString(16)}-stray`;
      this.#files.rename(`${path}/${from}`, `${path}/${to}`);
      await this.#files.syncFolder(path);
      this.#logger.log(
        "warn",
        "set aside a folder of a partition that the metadata does not know",
        {
          folder: `${path}/${to}`,
        },
      );
    }
  }

  /** Writes down how far each log is on disk, so that the next start need not look at all of it. */
  async checkpoint(): Promise<void> {
    await this.#folder.writeCheckpoints(this.#logs);
  }

  /** Gives each log the time for its chores. */
  async maintain(): Promise<void> {
    const { clock, timers } = this.#options.runtime;
    let count = 0;
    for (const log of [...this.#logs]) {
      log.maintain(clock.now());
      if (++count % maintainedPerTurn === 0) await timers.turn();
    }
  }

  /** Closes every log and the folder; leaves the clean-shutdown marker if all is on disk. */
  async close(): Promise<void> {
    // Together, so that their syncs overlap: one after the other, thousands of logs take seconds.
    await Promise.all([...this.#logs].map((log) => log.close()));
    await this.#folder.close(this.#logs);
  }
}
