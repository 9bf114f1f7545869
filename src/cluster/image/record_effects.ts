// What a record makes of the one broker or partition that it is about: the part of a replay that
// needs no more of the image than that.
//
// Invariant: nothing is changed in place.

import type { BrokerImage, PartitionImage } from "./image.ts";
import type { MetadataRecord, MetadataRecordType } from "../records/records.ts";

/** The fields of a type of record. */
export type FieldsOf<T extends MetadataRecordType> = Extract<MetadataRecord, { type: T }>["fields"];

/** A broker as it registers. */
export function registeredBroker(fields: FieldsOf<"RegisterBrokerRecord">): BrokerImage {
  const { brokerId: id, brokerEpoch: epoch, incarnationId, endPoints, rack } = fields;
  const { fenced, inControlledShutdown, features, isMigratingZkBroker } = fields;
  return {
    id,
    epoch,
    incarnationId,
    endPoints,
    rack,
    fenced,
    inControlledShutdown,
    directories: fields.logDirs,
    cordonedDirectories: fields.cordonedLogDirs ?? [],
    fullDirectories: fields.fullLogDirs,
    features,
    isMigratingZkBroker,
  };
}

/** A registered broker after a change of its registration. */
export function changedBroker(
  broker: BrokerImage,
  fields: FieldsOf<"BrokerRegistrationChangeRecord">,
): BrokerImage {
  const { fenced, inControlledShutdown, logDirs, cordonedLogDirs, fullLogDirs } = fields;
  return {
    ...broker,
    // -1 unfences, 1 fences, 0 leaves it.
    fenced: fenced === 0 ? broker.fenced : fenced > 0,
    inControlledShutdown: broker.inControlledShutdown || inControlledShutdown > 0,
    directories: logDirs.length > 0 ? logDirs : broker.directories,
    cordonedDirectories: cordonedLogDirs ?? broker.cordonedDirectories,
    fullDirectories: fullLogDirs ?? broker.fullDirectories,
  };
}

/** A partition as a record says it whole. */
export function partitionOfRecord(fields: FieldsOf<"PartitionRecord">): PartitionImage {
  return {
    id: fields.partitionId,
    leader: fields.leader,
    leaderEpoch: fields.leaderEpoch,
    leaderBrokerEpoch: fields.leaderBrokerEpoch,
    partitionEpoch: fields.partitionEpoch,
    replicas: fields.replicas,
    isr: fields.isr,
    addingReplicas: fields.addingReplicas,
    removingReplicas: fields.removingReplicas,
    elr: fields.eligibleLeaderReplicas ?? [],
    lastKnownElr: fields.lastKnownElr ?? [],
    directories: fields.directories,
    recovering: fields.leaderRecoveryState === 1,
  };
}

/**
 * A partition after a change: leader -2 says "as before"; any other, even the same one, begins a
 * new leader epoch.
 */
export function changedPartition(
  before: PartitionImage,
  fields: FieldsOf<"PartitionChangeRecord">,
): PartitionImage {
  const sameLeader = fields.leader === -2;
  const { leaderRecoveryState: recovery } = fields;
  return {
    id: before.id,
    leader: sameLeader ? before.leader : fields.leader,
    leaderEpoch: sameLeader ? before.leaderEpoch : before.leaderEpoch + 1,
    leaderBrokerEpoch: sameLeader ? before.leaderBrokerEpoch : fields.leaderBrokerEpoch,
    partitionEpoch: before.partitionEpoch + 1,
    replicas: fields.replicas ?? before.replicas,
    isr: fields.isr ?? before.isr,
    addingReplicas: fields.addingReplicas ?? before.addingReplicas,
    removingReplicas: fields.removingReplicas ?? before.removingReplicas,
    elr: fields.eligibleLeaderReplicas ?? before.elr,
    lastKnownElr: fields.lastKnownElr ?? before.lastKnownElr,
    directories: fields.directories ?? before.directories,
    recovering: recovery === -1 ? before.recovering : recovery === 1,
  };
}
