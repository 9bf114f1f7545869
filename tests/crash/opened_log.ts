// A partition's log in a data directory of its own, opened as the broker does it at a start.

import { messageOf } from "../../src/base/faults.ts";
import {
  type LogConfig,
  LogFolder,
  type LogFolderOptions,
  PartitionLog,
} from "../../src/log/mod.ts";
import type { Runtime } from "../../src/runtime/ports.ts";

/** Opens it, whatever the process before has left. */
export async function openLog(
  runtime: Runtime,
  config: LogConfig,
  { journal }: Pick<LogFolderOptions, "journal"> = {},
) {
  const { files, random, clock } = runtime;
  const logger = runtime.logger({ level: "info", format: "text" });
  const { bootId } = runtime.process;
  const options = { files, random, logger, nodeId: 1, bootId, journal };
  const folder = await LogFolder.open("/data", options);
  await folder.claim();
  const topicId = "qVNPd6uSQ9KXuwz2ybfVIw";
  const journaled = folder.journaledOf(topicId, 0);
  const machineRestarted = folder.hasRestartedSince("orders", 0);
  const log: PartitionLog = await PartitionLog.open({
    ...folder.checkpointOf({ topic: "orders", partition: 0, topicId }),
    folder: "/data",
    topic: "orders",
    partition: 0,
    topicId,
    journaled,
    config: () => config,
    recoveryBytesMax: 400,
    files,
    clock,
    logger,
    handles: folder.handles,
    directory: folder.state,
    cleanShutdown: folder.cleanShutdown,
    machineRestarted,
    isSuspect: folder.isSuspect,
    settlesLater: machineRestarted === false && journaled === undefined,
    onUnsettled: () => folder.noteUnsettled("orders", 0),
    onSettled: () => folder.noteSettled("orders", 0),
    saveRecoveryPoint: () => checkpoint(folder, log),
    saveLogStart: async () => {
      await folder.writeLogStarts(() => [log]);
      return undefined;
    },
  });
  return { folder, log };
}

/** As the broker does it: a disk that cannot take a checkpoint has failed. */
export async function checkpoint(folder: LogFolder, log: PartitionLog): Promise<void> {
  try {
    await folder.writeCheckpoints([log]);
  } catch (error) {
    folder.state.goOffline(messageOf(error));
    throw error;
  }
}
