// The metadata that a data folder keeps, read for who is not going to be its broker: nothing is
// written, and no broker has the folder meanwhile.

import { UsageFault } from "../../base/faults.ts";
import type { BrokerId } from "../../base/ids.ts";
import { imageRecords, type MetadataRecordInput } from "../../cluster/mod.ts";
import type { Files, Logger, Runtime } from "../../runtime/ports.ts";
import type { BrokerConfig } from "../config/mod.ts";
import { metadataLogConfig } from "../config/parts.ts";
import { Storage } from "../storage.ts";
import { metadataTopic, metadataTopicId } from "./log.ts";
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

/** What a data folder says of its cluster. */
export interface StoredMetadata {
  readonly clusterId: string;
  readonly nodeId: BrokerId;
  /** The records that make its image. */
  readonly records: readonly MetadataRecordInput[];
}

/** Reads it. Throws UsageFault where there is none, and what a start throws of a damaged one. */
export async function readStoredMetadata(
  { runtime, config, logger }: {
    readonly runtime: Runtime;
    readonly config: BrokerConfig;
    readonly logger: Logger;
  },
): Promise<StoredMetadata> {
  const [folder = ""] = config.dataFolders;
  if (runtime.files.stat(`${folder}/meta.properties`) === undefined) {
    throw new UsageFault(`${folder} is no data folder: it has no meta.properties`);
  }
  const storage = await Storage.open({ runtime, config, logger, isTrial: true });
  try {
    const request = metadataLogRequest(config, storage.files);
    const records = await storage.tryLog(request, async ({ log, files }) => {
      const state = await readMetadata({ ...runtime, files, log, logger });
      checkLevels(state);
      return [...imageRecords(state.image)];
    });
    return { clusterId: storage.clusterId, nodeId: storage.nodeId, records };
  } finally {
    await storage.close();
  }
}
