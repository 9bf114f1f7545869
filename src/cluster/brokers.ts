// A broker joins the cluster: the first records of a new one, registration, and leadership.
//
//   new log:     FeatureLevelRecord(metadata.version), ConfigRecord(min.insync.replicas); of these
//                the last one wherever a cluster of several has none
//   torn log:    AbortTransactionRecord
//   each start:  RegisterBrokerRecord(fenced) -> BrokerRegistrationChangeRecord(unfence)
//                -> PartitionChangeRecord(leader = this broker) where it is due
//   clean stop:  BrokerRegistrationChangeRecord(fence), so that whoever reads the log next, Kafka
//                included, need not wait for this broker's session to run out
//
// One node decides this about itself. In a cluster the controller does, with the same functions,
// and the broker epoch is what tells a broker's present registration from its earlier ones.

import type { BrokerId, ProducerId, Uuid } from "../base/ids.ts";
import { addInt64 } from "../base/int64.ts";
import {
  clusterMinInSyncReplicasSince,
  metadataVersionFeature,
  metadataVersionNew,
  optionalFeatures,
  recordVersions,
} from "./feature_levels.ts";
import {
  type EndPoint,
  type MetadataImage,
  type PartitionImage,
  ResourceType,
} from "./image/image.ts";
import type { MetadataRecordInput } from "./records/records.ts";
import type { Decision } from "./home/store.ts";

const minIsrKey = "min.insync.replicas";

/** How a broker introduces itself. */
export interface BrokerRegistration {
  readonly brokerId: BrokerId;
  /** That of its lease; absent: the offset of this registration's record. */
  readonly brokerEpoch?: number;
  /** New at every start of the process. */
  readonly incarnationId: Uuid;
  readonly endPoints: readonly EndPoint[];
  readonly rack: string | null;
  /** Ids of its data folders, from their meta.properties. */
  readonly directories: readonly Uuid[];
  /** Those of them that are full; absent: none that others are to know of. */
  readonly fullDirectories?: readonly Uuid[];
  /** Features that it supports, with their ranges. */
  readonly features: readonly {
    readonly name: string;
    readonly minSupportedVersion: number;
    readonly maxSupportedVersion: number;
  }[];
}

/**
 * The first records of a start: what a new log is to begin with, and an end to the transaction that
 * a writer has left open, since nothing that follows would be applied otherwise. `formatted`: what
 * the one who formatted the data directory wants (KIP-631); `metadataVersion`: the level if that
 * names none; `minInSyncReplicas`: what is set for all brokers of a new cluster (KIP-966), and of
 * one where nothing is and brokers have replicas of each other: who is eligible to lead goes by it.
 */
export function decideBootstrap(
  image: MetadataImage,
  options: {
    readonly formatted?: readonly MetadataRecordInput[];
    readonly metadataVersion?: number;
    readonly minInSyncReplicas?: number;
    readonly isShared?: boolean;
  } = {},
): Decision<void> {
  const { formatted = [], minInSyncReplicas = 1, isShared = false } = options;
  const records: MetadataRecordInput[] = [];
  if (image.inTransaction) {
    const fields = { reason: "its writer has stopped" };
    records.push({ type: "AbortTransactionRecord", version: 0, fields });
  }
  if (!image.features.has(metadataVersionFeature)) {
    const { metadataVersion = metadataVersionNew } = options;
    const given = formatted.flatMap((record) =>
      record.type === "FeatureLevelRecord" && record.fields.name === metadataVersionFeature
        ? [record.fields.featureLevel]
        : []
    );
    if (given.length === 0) {
      records.push(feature(metadataVersionFeature, metadataVersion));
      for (const { name, maxVersion, since } of optionalFeatures) {
        if (metadataVersion >= since) records.push(feature(name, maxVersion));
      }
    }
    records.push(...formatted);
    if (!isShared && (given.at(-1) ?? metadataVersion) >= clusterMinInSyncReplicasSince) {
      records.push(clusterConfig(minIsrKey, String(minInSyncReplicas)));
    }
  }
  if (isShared && !image.configs(ResourceType.BROKER, "").has(minIsrKey)) {
    records.push(clusterConfig(minIsrKey, String(minInSyncReplicas)));
  }
  return { records, response: undefined };
}

/** The level of a feature. */
function feature(name: string, featureLevel: number): MetadataRecordInput {
  return { type: "FeatureLevelRecord", version: 0, fields: { name, featureLevel } };
}

/** What is set for all brokers. */
function clusterConfig(name: string, value: string): MetadataRecordInput {
  const fields = { resourceType: ResourceType.BROKER, resourceName: "", name, value };
  return { type: "ConfigRecord", version: 0, fields };
}

/** Registers a broker and unfences it. Responds with its broker epoch. */
export function decideRegisterBroker(
  image: MetadataImage,
  registration: BrokerRegistration,
): Decision<number> {
  const { brokerId, incarnationId, endPoints, rack, directories, features } = registration;
  const versions = recordVersions(image);
  // Kafka takes the record's own offset; this is what it will be, were nothing else appended with
  // it.
  const { brokerEpoch = image.lastOffset + 1 } = registration;
  const records: MetadataRecordInput[] = [
    {
      type: "RegisterBrokerRecord",
      version: versions.registerBroker,
      fields: {
        brokerId,
        incarnationId,
        brokerEpoch,
        endPoints,
        features,
        rack,
        fenced: true,
        logDirs: versions.registerBroker >= 3 ? directories : [],
        fullLogDirs: versions.registerBroker >= 3 ? registration.fullDirectories ?? [] : [],
      },
    },
    {
      type: "BrokerRegistrationChangeRecord",
      version: versions.registrationChange,
      fields: { brokerId, brokerEpoch, fenced: -1 },
    },
  ];
  return { records, response: brokerEpoch };
}

/** Fences a broker that stops. */
export function decideFenceBroker(image: MetadataImage, brokerId: BrokerId): Decision<void> {
  const broker = image.broker(brokerId);
  if (broker === undefined || broker.fenced) return { records: [], response: undefined };
  const version = recordVersions(image).registrationChange;
  const fields = { brokerId, brokerEpoch: broker.epoch, fenced: 1 };
  const records = [{ type: "BrokerRegistrationChangeRecord", version, fields } as const];
  return { records, response: undefined };
}

/**
 * Makes `brokerId` leader where it is the only in-sync replica and does not lead: what a Kafka that
 * shut down leaves behind. With eligible leader replicas (KIP-966) that Kafka leaves no replica in
 * sync; the only one there is leads all the same. With `newEpochs` it also begins a new leader
 * epoch where it leads already: after an unclean stop the log may have lost its unsynced end, and
 * consumers that have read that end find out by the epoch (KIP-320). Responds with the number of
 * partitions.
 */
export function decideLeadership(
  image: MetadataImage,
  options: { readonly brokerId: BrokerId; readonly newEpochs: boolean },
): Decision<number> {
  const { brokerId: leader, newEpochs } = options;
  const records: MetadataRecordInput[] = [];
  for (const { id: topicId, partitions } of image.topics()) {
    for (const partition of partitions) {
      if (!isSoleReplica(partition, leader)) continue;
      if (partition.leader === leader && !newEpochs) continue;
      records.push(leadRecord(partition, { topicId, leader }));
    }
  }
  return { records, response: records.length };
}

/** Whether there is no other replica that could have what this one lacks. */
function isSoleReplica({ isr, replicas }: PartitionImage, brokerId: BrokerId): boolean {
  const candidates = isr.length === 0 ? replicas : isr;
  return candidates.length === 1 && candidates[0] === brokerId;
}

function leadRecord(
  { id: partitionId, isr, elr, lastKnownElr }: PartitionImage,
  { topicId, leader }: { topicId: Uuid; leader: BrokerId },
): MetadataRecordInput {
  const change = { partitionId, topicId, leader };
  if (isr.length > 0) return { type: "PartitionChangeRecord", version: 0, fields: change };
  const hadElr = elr.length > 0 || lastKnownElr.length > 0;
  const noElr = hadElr ? { eligibleLeaderReplicas: [], lastKnownElr: [] } : {};
  const fields = { ...change, isr: [leader], ...noElr };
  return { type: "PartitionChangeRecord", version: hadElr ? 2 : 0, fields };
}

/**
 * Fences every other broker, for one that decides alone: nobody else can say that he lives. Where
 * it is in sync it leads, alone; where it is not, nobody does, and the in-sync replicas stay the
 * ones that have every record.
 */
export function decideAlone(image: MetadataImage, self: BrokerId): Decision<void> {
  const records: MetadataRecordInput[] = [];
  for (const { id } of image.brokers()) {
    if (id !== self) records.push(...decideFenceBroker(image, id).records);
  }
  for (const { id: topicId, partitions } of image.topics()) {
    for (const { id: partitionId, isr, leader } of partitions) {
      if (isr.every((id) => id === self)) continue;
      const change = { partitionId, topicId };
      const fields = isr.includes(self)
        ? { ...change, isr: [self], leader: self }
        : { ...change, leader: -1 };
      if (isr.includes(self) || leader >= 0) {
        records.push({ type: "PartitionChangeRecord", version: 0, fields });
      }
    }
  }
  return { records, response: undefined };
}

/** Ids of one block. */
const producerIdBlockSize = 1000;

/** Producer ids reserved for one broker: `first` up to, not including, `end`. */
export interface ReservedProducerIds {
  readonly first: ProducerId;
  readonly end: ProducerId;
}

/** Reserves the next block of producer ids for a broker. */
export function decideAllocateProducerIds(
  image: MetadataImage,
  brokerId: BrokerId,
): Decision<ReservedProducerIds> {
  const first = image.nextProducerId;
  const end = addInt64(first, producerIdBlockSize);
  const brokerEpoch = image.broker(brokerId)?.epoch ?? -1;
  const fields = { brokerId, brokerEpoch, nextProducerId: end };
  return {
    records: [{ type: "ProducerIdsRecord", version: 0, fields }],
    response: { first, end },
  };
}
