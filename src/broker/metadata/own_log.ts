// The log that the metadata is kept in by this process alone, and its snapshots: of a node that has
// no others beside it, or of several that run here.
//
//   tried, without a change to any file --> directories claimed --> log open --> image
//
// Invariant: what cannot be read is found out before anything has changed.

import type { Logger, Runtime } from "../../runtime/ports.ts";
import type { BrokerConfig } from "../config/mod.ts";
import { snapshotConfigOf } from "../config/parts.ts";
import type { Storage } from "../logs/storage.ts";
import { MetadataLog } from "./log.ts";
import { checkLevels, readMetadata } from "./reading.ts";
import { MetadataSnapshots } from "./snapshots.ts";
import { metadataLogRequest } from "./stored.ts";

export interface OwnLogOptions {
  readonly runtime: Runtime;
  readonly config: BrokerConfig;
  readonly logger: Logger;
  /** Opened, and not claimed. */
  readonly storage: Storage;
  /** Nothing can be written there. */
  readonly isReadOnly?: boolean;
}

export interface OwnLog {
  readonly metadata: MetadataLog;
  readonly snapshots: MetadataSnapshots;
}

/** Opens it; the data directories are this broker's then. */
export async function openOwnLog(options: OwnLogOptions): Promise<OwnLog> {
  const { runtime, config, logger, storage, isReadOnly = false } = options;
  const request = metadataLogRequest(config, storage.files);
  const known = await storage.tryLog(request, async ({ log, files }) => {
    const state = await readMetadata({ ...runtime, files, log, logger });
    checkLevels(state);
    return state;
  });
  if (!isReadOnly) storage.checkWritable();
  await storage.claim();
  if (known.restartsAt !== undefined) await storage.restartLog(request, known.restartsAt);
  const log = await storage.openLog(request);
  const opened = { ...runtime, files: storage.files, log, logger };
  const metadata = await MetadataLog.open({ ...opened, known });
  const snapshots = new MetadataSnapshots({
    ...opened,
    metadata,
    config: () => snapshotConfigOf(config),
  });
  return { metadata, snapshots };
}
