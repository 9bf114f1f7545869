// The metadata that a data folder keeps, read and written by who is not going to be its broker: no
// broker has the folder meanwhile.
//
//   one node --read--> a cluster in etcd, and the folder notes that --write--> one node
//
// Invariant: either its own log says what there is, or .ottla_home says where that is.

import { UsageFault } from "../../base/faults.ts";
import type { BrokerId } from "../../base/ids.ts";
import {
  type HomeNote,
  imageRecords,
  type MetadataRecordInput,
  MetadataReplay,
  throughBytes,
} from "../../cluster/mod.ts";
import {
  listSnapshots,
  readHomeNote,
  readQuorumState,
  removeHomeNote,
  Slices,
  writeSnapshot,
} from "../../log/mod.ts";
import type { Files, Logger, Runtime } from "../../runtime/ports.ts";
import type { BrokerConfig } from "../config/mod.ts";
import { metadataLogConfig } from "../config/parts.ts";
import { checkHome } from "./home_notes.ts";
import { Storage } from "../logs/storage.ts";
import { metadataTopic, metadataTopicId } from "./log.ts";
import { snapshotBatches } from "./snapshots.ts";
import { checkLevels, newestSnapshotEnd, readMetadata } from "./reading.ts";

/** How the log of the metadata is opened. */
export function metadataLogRequest(config: BrokerConfig, files: Files) {
  return {
    topic: metadataTopic,
    partition: 0,
    topicId: metadataTopicId,
    config: () => metadataLogConfig(config),
    isNew: false,
    directoryId: undefined,
    coveredTo: (folder: string) => newestSnapshotEnd(files, folder),
  };
}

/** A data folder that no broker has meanwhile. */
export interface StoredMetadata {
  readonly clusterId: string;
  readonly nodeId: BrokerId;
  /** Whether its metadata is kept elsewhere. */
  readonly isOfCluster: boolean;
  /**
   * The records that make the image of its own metadata. Throws UsageFault where that is kept
   * elsewhere, and what a start throws of a damaged one.
   */
  read(): Promise<readonly MetadataRecordInput[]>;
  /** Its metadata is kept elsewhere from now on. */
  note(note: HomeNote): Promise<void>;
  /** Its own metadata is what `records` make from now on, whatever it was; durable then. */
  write(records: readonly MetadataRecordInput[]): Promise<void>;
}

export interface StoredOptions {
  readonly runtime: Runtime;
  readonly config: BrokerConfig;
  readonly logger: Logger;
}

/** Runs `work` on a data folder. Throws UsageFault where there is none, or a broker has it. */
export async function withStoredMetadata<T>(
  options: StoredOptions,
  work: (stored: StoredMetadata) => Promise<T>,
): Promise<T> {
  const { runtime, config, logger } = options;
  const [folder = ""] = config.dataFolders;
  if (runtime.files.stat(`${folder}/meta.properties`) === undefined) {
    throw new UsageFault(`${folder} is no data folder: it has no meta.properties`);
  }
  const storage = await Storage.open({ runtime, config, logger, isTrial: true });
  const request = metadataLogRequest(config, storage.files);
  try {
    return await work({
      clusterId: storage.clusterId,
      nodeId: storage.nodeId,
      isOfCluster: storage.folders.some(({ path }) =>
        readHomeNote(storage.files, path) !== undefined
      ),
      async read() {
        checkHome(storage, undefined);
        return await storage.tryLog(request, async ({ log, files }) => {
          const state = await readMetadata({ ...runtime, files, log, logger });
          checkLevels(state);
          return [...imageRecords(state.image)];
        });
      },
      note: (note) => storage.noteHome(note),
      write: (records) => writeStored({ ...options, storage, records }),
    });
  } finally {
    await storage.close();
  }
}

/**
 * Puts a snapshot behind all that the log has, so that a start begins there; then the folder's own
 * metadata counts again.
 */
async function writeStored(
  { runtime, config, storage, records }: StoredOptions & {
    readonly storage: Storage;
    readonly records: readonly MetadataRecordInput[];
  },
): Promise<void> {
  const { files, folders } = storage;
  const request = metadataLogRequest(config, files);
  const before = await storage.tryLog(request, ({ log }) => {
    const { folder, logEndOffset } = log;
    return Promise.resolve({ folder, logEndOffset, epoch: log.epochOfOffset(logEndOffset) ?? 0 });
  });
  const { folder } = before;
  if (files.stat(folder) === undefined) {
    files.makeFolder(folder);
    await files.syncFolder(folder.slice(0, folder.lastIndexOf("/")));
  }
  const [newest] = listSnapshots(files, folder);
  const endOffset = Math.max(before.logEndOffset, newest?.endOffset ?? 0) + 1;
  const seen = readQuorumState(files, folder)?.leaderEpoch ?? 0;
  const epoch = Math.max(before.epoch, newest?.epoch ?? 0, seen) + 1;
  const replay = new MetadataReplay();
  replay.apply(throughBytes(records), records.length - 1);
  const { image } = replay;
  const state = { image, lastTimestampMs: runtime.clock.now(), quorum: [] };
  const batches = snapshotBatches(state, epoch);
  const slices = new Slices(runtime);
  await writeSnapshot(files, folder, { endOffset, epoch, batches, slices });
  for (const { path } of folders) await removeHomeNote(files, path);
}
