// The logs of this broker's replicas, each where the metadata says that it is.
//
//   its directory works                        there
//   it, or its folder, is gone; in a cluster   eligible to lead: offline, until it is back
//                                              others in sync: begins anew, a copy of theirs
//
// Invariant: what begins anew counts for nothing: its broker is neither in the ISR nor in the ELR.

import type { BrokerId, PartitionId } from "../../base/ids.ts";
import { type MetadataStore, placeOf, type TopicImage } from "../../cluster/mod.ts";
import type { LogConfig } from "../../log/mod.ts";
import type { ReconciledLogs } from "./reconciler.ts";
import type { Storage } from "./storage.ts";

export interface ReplicaLogsOptions {
  /** This broker. */
  readonly nodeId: BrokerId;
  readonly metadata: Pick<MetadataStore, "image" | "isShared">;
  readonly storage: Storage;
  readonly configOf: (topic: string) => LogConfig;
}

export function replicaLogsOf(options: ReplicaLogsOptions): ReconciledLogs {
  const { nodeId, metadata, storage, configOf } = options;
  const requestOf = ({ name: topic, id: topicId }: TopicImage, partition: PartitionId) => ({
    topic,
    topicId,
    partition,
    ...placeOf(metadata.image, { topic, partition, brokerId: nodeId }, {
      working: storage.directoryIds,
      isShared: metadata.isShared,
    }),
  });
  return {
    open: (topic, partition, { isNew }) =>
      storage.openLog({
        ...requestOf(topic, partition),
        config: () => configOf(topic.name),
        isNew,
      }),
    isLost: (topic, partition) => storage.hasLost(requestOf(topic, partition)),
    mayBeginAnew: (topic, partition) => {
      const request = requestOf(topic, partition);
      return request.mayBeginAnew && storage.hasPlace(request);
    },
    delete: (log) => storage.deleteLog(log),
    setAside: (log) => storage.setAside(log),
  };
}
