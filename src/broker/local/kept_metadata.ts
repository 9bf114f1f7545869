// The metadata of several brokers of one process, on disk: a log of its own beside the brokers'
// folders, and what the folder above all of them remembers.
//
//   <folder>/.ottla_home     {"home": "nodes", "nodes": 3, "cluster": <cluster id>}
//   <folder>/metadata/       a data directory with __cluster_metadata-0, and nothing else
//   <folder>/1/ ... 3/       the brokers' own; .ottla_home in each of these names the same cluster
//
// Who lives is not kept: all of them are dead with the process.
// Invariant: a change is on disk before any broker hears of it.

import { PartitionFault, UsageFault } from "../../base/faults.ts";
import { type BrokerId, uuidFromRandom } from "../../base/ids.ts";
import { saturated } from "../../base/int64.ts";
import {
  type AppendOptions,
  type BrokerLease,
  type ChangeQueue,
  changeQueue,
  type HomeNote,
  MemoryLiveness,
  type MetadataImage,
  type MetadataRecordInput,
  type RememberedHome,
  type SharedHome,
  staleTerm,
} from "../../cluster/mod.ts";
import { readHomeNote, writeHomeNote } from "../../log/mod.ts";
import type { Logger, Runtime } from "../../runtime/ports.ts";
import { Background } from "../background.ts";
import type { BrokerConfig } from "../config/mod.ts";
import { Storage } from "../logs/storage.ts";
import type { MetadataLog } from "../metadata/log.ts";
import { openOwnLog, type OwnLog } from "../metadata/own_log.ts";

const idBytes = 16;
const snapshotsCheckMs = 1_000;
/** Nobody of the cluster: they are 1 and up. */
export const metadataNodeId = 0;

/** The id of a cluster that begins. */
export function newClusterId({ random }: Pick<Runtime, "random">): string {
  return uuidFromRandom(random.bytes(idBytes));
}

/** The data folder of so many brokers, and the id of their cluster, which a new one gets. */
export interface KeptFolder {
  readonly path: string;
  readonly clusterId: string;
}

/**
 * Takes `path` for so many brokers. Throws UsageFault where it is another number's, or a broker's
 * own.
 */
export async function takeFolder(
  { files, random }: Pick<Runtime, "files" | "random">,
  { path, nodes, clusterId }: {
    readonly path: string;
    readonly nodes: number;
    /** Of a new one; a random one by default. */
    readonly clusterId?: string | null;
  },
): Promise<KeptFolder> {
  files.makeFolder(path);
  const note = readHomeNote(files, path);
  if (note === undefined) {
    if (files.stat(`${path}/meta.properties`) !== undefined) {
      throw new UsageFault(
        `${path} is the data folder of one broker: give several another one with --data-dir`,
      );
    }
    const cluster = clusterId ?? newClusterId({ random });
    await writeHomeNote(files, path, { home: "nodes", nodes, cluster });
    return { path, clusterId: cluster };
  }
  const { home, nodes: kept, cluster } = note;
  if (home !== "nodes" || typeof cluster !== "string") {
    throw new UsageFault(`${path} is of one broker of a cluster: choose another --data-dir`);
  }
  if (kept !== nodes) {
    throw new UsageFault(
      `${path} is of ${kept} brokers, not of ${nodes}: start them with --nodes ${kept}, or ` +
        "choose another --data-dir",
    );
  }
  return { path, clusterId: cluster };
}

export interface KeptMetadataOptions {
  readonly runtime: Runtime;
  readonly folder: KeptFolder;
  /** Of a broker whose only data directory is that of the metadata. */
  readonly config: BrokerConfig;
  readonly logger: Logger;
  /** It cannot be kept any more. */
  readonly onFatal: (error: unknown) => void;
}

export class KeptMetadata implements SharedHome {
  readonly liveness: MemoryLiveness;
  readonly change: ChangeQueue = changeQueue({
    image: () => this.image,
    append: (records, options) => this.append(records, options),
  });
  readonly remembered: RememberedHome;
  readonly #log: MetadataLog;
  readonly #storage: Storage;
  readonly #background: Background;

  private constructor(options: KeptMetadataOptions, storage: Storage, own: OwnLog) {
    const { runtime: { timers }, folder, logger, onFatal } = options;
    this.#log = own.metadata;
    this.#storage = storage;
    this.liveness = new MemoryLiveness(own.metadata.leaderEpoch);
    this.remembered = rememberedBy(folder);
    this.#background = new Background({ timers, logger, onBug: onFatal });
    this.#background.start({
      name: "metadata snapshots",
      intervalMs: () => snapshotsCheckMs,
      run: () => own.snapshots.run(),
    });
    storage.onFolderFailed((logs) => {
      const reason = logs[0]?.directory.offlineReason ?? "its folder failed";
      onFatal(new PartitionFault(`the metadata cannot be kept: ${reason}`));
    });
  }

  /** Opens it, or makes it. Throws as the start of a broker does. */
  static async open(options: KeptMetadataOptions): Promise<KeptMetadata> {
    const { runtime, config, logger } = options;
    const storage = await Storage.open({ runtime, config, logger });
    try {
      const own = await openOwnLog({ runtime, config, logger, storage });
      await own.metadata.join(metadataNodeId);
      await storage.noteRecovered();
      const kept = new KeptMetadata(options, storage, own);
      await storage.noteHome(kept.remembered.note());
      return kept;
    } catch (error) {
      await storage.close();
      throw error;
    }
  }

  get image(): MetadataImage {
    return this.#log.stored;
  }

  get controllerId(): BrokerId {
    return this.liveness.controllerId;
  }

  get leaderEpoch(): number {
    return this.liveness.leaderEpoch;
  }

  append(records: readonly MetadataRecordInput[], options: AppendOptions = {}): Promise<void> {
    const { controllerEpoch } = options;
    if (controllerEpoch !== undefined && controllerEpoch !== this.leaderEpoch) {
      return Promise.reject(staleTerm(controllerEpoch));
    }
    return this.#log.append(records, options);
  }

  /** Above every life that an earlier process has recorded. */
  join(brokerId: BrokerId): Promise<BrokerLease> {
    const { image } = this;
    const epochs = [...image.brokers()].map(({ epoch }) => saturated(epoch));
    return Promise.resolve(this.liveness.join(brokerId, Math.max(image.lastOffset, ...epochs)));
  }

  /** Once no broker takes part any more. */
  async close(): Promise<void> {
    await this.#background.close();
    await this.#storage.close();
  }
}

/** A broker's folder is never opened without the metadata beside it, nor with another one's. */
function rememberedBy({ path, clusterId }: KeptFolder): RememberedHome {
  return {
    note: (): HomeNote => ({ home: "process", cluster: clusterId }),
    check: ({ home, cluster }) => {
      if (home === "process" && cluster === clusterId) return;
      throw new UsageFault(`a folder in ${path} is of a broker of another cluster: ${cluster}`);
    },
    isOutdated: () => false,
    compare: () => Promise.reject(new PartitionFault("the metadata is here, and only here")),
  };
}
