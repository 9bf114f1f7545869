// Which data directory holds a replica, and which directories of a broker work (KIP-858).
//
//   new partition   the broker's directory when it has one only; else unassigned, the zero id
//   log opened      PartitionChangeRecord(directories) where the metadata says otherwise
//   disk failed     BrokerRegistrationChangeRecord(logDirs) with those that are left; in a cluster
//                   its replicas are out of sync, and led elsewhere, with the same change
//   disk full       in a cluster: BrokerRegistrationChangeRecord(fullLogDirs); what is led there
//                   and has others in sync with room is led by these, with the same change
//
// Before metadata.version 3.7-IV2 nothing of this is recorded.

import { type BrokerId, type PartitionId, type Uuid, ZERO_UUID } from "../../base/ids.ts";
import { recordVersions } from "../feature_levels.ts";
import type { BrokerImage, MetadataImage } from "../image/image.ts";
import type { MetadataRecordInput } from "../records/records.ts";
import type { Decision } from "../home/store.ts";

/** A replica of this broker, and the directory that its log is in. */
export interface PlacedReplica {
  readonly topic: string;
  readonly partition: PartitionId;
  readonly directoryId: Uuid;
}

/** Whether it names a directory: Kafka's ids for "none yet" and the like are small numbers. */
export function isDirectory(id: Uuid | undefined): id is Uuid {
  return id !== undefined && !id.startsWith("A".repeat(20));
}

/** Whether what lies there can be used, as far as its broker has said. */
export function isInUse({ directories }: BrokerImage, id: Uuid): boolean {
  return !isDirectory(id) || directories.length === 0 || directories.includes(id);
}

/** Whether what lies there takes records, as far as its broker has said. */
export function hasRoom({ directories, fullDirectories }: BrokerImage, id: Uuid): boolean {
  if (fullDirectories.length === 0) return true;
  if (isDirectory(id)) return !fullDirectories.includes(id);
  // In any of them.
  return directories.some((each) => !fullDirectories.includes(each));
}

/** One replica of a partition. */
export interface ReplicaOf {
  readonly topic: string;
  readonly partition: PartitionId;
  readonly brokerId: BrokerId;
}

/** Where a replica's log is to be. */
export interface ReplicaPlace {
  /** Undefined where the metadata does not say, or where it may begin anew anywhere. */
  readonly directoryId: Uuid | undefined;
  /** In a cluster: it may come to lead, so that its log is nowhere else, nor begins anew. */
  readonly isEligible: boolean;
  /** In a cluster: others are in sync, and whatever was here is not counted on. */
  readonly mayBeginAnew: boolean;
}

/**
 * Where the log of a replica is, as the metadata has it. `working`: the directories that its broker
 * has. One that is in none of them may begin anew where others have all that it should have: they
 * are in sync, and it is neither that nor eligible.
 */
export function placeOf(
  image: MetadataImage,
  { topic, partition, brokerId }: ReplicaOf,
  { working, isShared }: { readonly working: readonly Uuid[]; readonly isShared: boolean },
): ReplicaPlace {
  const state = image.topic(topic)?.partitions[partition];
  const directoryId = state?.directories[state.replicas.indexOf(brokerId)];
  if (state === undefined) return { directoryId, isEligible: false, mayBeginAnew: false };
  const isEligible = isShared &&
    (state.isr.length === 0 || state.isr.includes(brokerId) || state.elr.includes(brokerId));
  const mayBeginAnew = isShared && !isEligible;
  const isGone = isDirectory(directoryId) && !working.includes(directoryId);
  return {
    directoryId: isGone && mayBeginAnew ? undefined : directoryId,
    isEligible,
    mayBeginAnew,
  };
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
  const isKnown = broker !== undefined && sameIds(broker.directories, logDirs);
  if (broker === undefined || isKnown || version < 2) return { records: [], response: undefined };
  const fields = { brokerId, brokerEpoch: broker.epoch, logDirs };
  const record = { type: "BrokerRegistrationChangeRecord", version, fields } as const;
  return { records: [record], response: undefined };
}

/** Records which of a broker's directories are full. */
export function decideFullDirectories(
  image: MetadataImage,
  { brokerId, directories: fullLogDirs }: {
    readonly brokerId: BrokerId;
    readonly directories: readonly Uuid[];
  },
): Decision<void> {
  const broker = image.broker(brokerId);
  const { registrationChange: version } = recordVersions(image);
  const isKnown = broker !== undefined && sameIds(broker.fullDirectories, fullLogDirs);
  if (broker === undefined || isKnown || version < 2) return { records: [], response: undefined };
  const fields = { brokerId, brokerEpoch: broker.epoch, fullLogDirs };
  const record = { type: "BrokerRegistrationChangeRecord", version, fields } as const;
  return { records: [record], response: undefined };
}

function sameIds(some: readonly Uuid[], others: readonly Uuid[]): boolean {
  return some.length === others.length && some.every((id) => others.includes(id));
}
