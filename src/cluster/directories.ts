// Which data directory holds a replica, and which directories of a broker work (KIP-858).
//
//   new partition   the broker's directory when it has one only; else unassigned, the zero id
//   log opened      PartitionChangeRecord(directories) where the metadata says otherwise
//   disk failed     BrokerRegistrationChangeRecord(logDirs) with those that are left
//
// Before metadata.version 3.7-IV2 nothing of this is recorded.

import { type BrokerId, type PartitionId, type Uuid, ZERO_UUID } from "../base/ids.ts";
import { recordVersions } from "./feature_levels.ts";
import type { MetadataImage } from "./image.ts";
import type { MetadataRecordInput } from "./records.ts";
import type { Decision } from "./store.ts";

/** A replica of this broker, and the directory that its log is in. */
export interface PlacedReplica {
  readonly topic: string;
  readonly partition: PartitionId;
  readonly directoryId: Uuid;
}

/** Where the metadata says that `brokerId` keeps a partition; undefined when it does not say. */
export function directoryOfReplica(
  image: MetadataImage,
  replica: { readonly topic: string; readonly partition: PartitionId; readonly brokerId: BrokerId },
): Uuid | undefined {
  const partition = image.topic(replica.topic)?.partitions[replica.partition];
  return partition?.directories[partition.replicas.indexOf(replica.brokerId)];
}

/** Records the directories of replicas where they are others than the metadata says. */
export function decideDirectories(
  image: MetadataImage,
  placed: { readonly brokerId: BrokerId; readonly replicas: readonly PlacedReplica[] },
): Decision<void> {
  const records: MetadataRecordInput[] = [];
  const { partition: version } = recordVersions(image);
  if (version < 1) return { records, response: undefined };
  const { brokerId } = placed;
  for (const { topic, partition: partitionId, directoryId } of placed.replicas) {
    const known = image.topic(topic);
    const partition = known?.partitions[partitionId];
    const index = partition?.replicas.indexOf(brokerId) ?? -1;
    if (known === undefined || partition === undefined || index < 0) continue;
    if (partition.directories[index] === directoryId) continue;
    const directories = partition.replicas.map((_, i) =>
      i === index ? directoryId : partition.directories[i] ?? ZERO_UUID
    );
    const fields = { partitionId, topicId: known.id, directories };
    records.push({ type: "PartitionChangeRecord", version, fields });
  }
  return { records, response: undefined };
}

/** Records which of a broker's directories are left. */
export function decideWorkingDirectories(
  image: MetadataImage,
  working: { readonly brokerId: BrokerId; readonly directories: readonly Uuid[] },
): Decision<void> {
  const { brokerId, directories: logDirs } = working;
  const broker = image.broker(brokerId);
  const { registrationChange: version } = recordVersions(image);
  if (broker === undefined || version < 2) return { records: [], response: undefined };
  const fields = { brokerId, brokerEpoch: broker.epoch, logDirs };
  const record = { type: "BrokerRegistrationChangeRecord", version, fields } as const;
  return { records: [record], response: undefined };
}
