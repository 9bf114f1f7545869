// The records of __cluster_metadata: KRaft's picture of the cluster as a log (KIP-500, KIP-631).
//
// Each table is one type of record; its key is the type's number in the envelope (records.ts), and
// the tables stand in that order. All are flexible from version 0 on.
//
// Versions: RegisterBrokerRecord 1 controlled shutdown, 2 ZooKeeper migration (KIP-866), 3 log
// directories (KIP-858), 4 cordoned ones (KIP-1066); BrokerRegistrationChangeRecord 1 controlled
// shutdown, 2 and 3 the directories; PartitionRecord and PartitionChangeRecord 1 directories
// (KIP-858), 2 eligible leader replicas (KIP-966).
// Which version to write follows from metadata.version; each of them can be read.

import {
  array,
  boolean,
  brokerId,
  bytes,
  defaultsTo,
  essential,
  float64,
  from,
  int16,
  int32,
  int64,
  int8,
  leaderEpoch,
  nullable,
  nullableString,
  orNull,
  partitionId,
  producerId,
  record,
  string,
  tagged,
  uint16,
  uuid,
} from "../../protocol/schema.ts";

/** Far above what Kafka takes for its own. */
const ownTag = 10_000;

export const RegisterBrokerRecord = record({
  key: 0,
  name: "RegisterBrokerRecord",
  versions: "0-4",
  flexible: "0+",
  fields: {
    brokerId,
    isMigratingZkBroker: from(2, essential(boolean)),
    incarnationId: uuid,
    brokerEpoch: int64,
    endPoints: array({
      name: string,
      host: string,
      port: uint16,
      securityProtocol: int16,
    }),
    features: array({
      name: string,
      minSupportedVersion: int16,
      maxSupportedVersion: int16,
    }),
    rack: nullable(string),
    fenced: defaultsTo(true, boolean),
    inControlledShutdown: from(1, essential(boolean)),
    logDirs: tagged(0, 3, essential(array(uuid))),
    cordonedLogDirs: tagged(1, 4, essential(orNull(array(uuid)))),
    // Ours, of a cluster: those of them that refuse records for want of room.
    fullLogDirs: tagged(ownTag, 0, array(uuid)),
  },
});

export const UnregisterBrokerRecord = record({
  key: 1,
  name: "UnregisterBrokerRecord",
  versions: "0",
  flexible: "0+",
  fields: { brokerId, brokerEpoch: int64 },
});

export const TopicRecord = record({
  key: 2,
  name: "TopicRecord",
  versions: "0",
  flexible: "0+",
  fields: { name: string, topicId: uuid },
});

export const PartitionRecord = record({
  key: 3,
  name: "PartitionRecord",
  versions: "0-2",
  flexible: "0+",
  fields: {
    partitionId: defaultsTo(-1, partitionId),
    topicId: uuid,
    replicas: array(brokerId),
    isr: array(brokerId),
    removingReplicas: array(brokerId),
    addingReplicas: array(brokerId),
    leader: defaultsTo(-1, brokerId),
    leaderRecoveryState: tagged(0, 0, int8),
    leaderEpoch: defaultsTo(-1, leaderEpoch),
    partitionEpoch: defaultsTo(-1, int32),
    directories: from(1, essential(array(uuid))),
    eligibleLeaderReplicas: tagged(1, 2, essential(orNull(array(brokerId)))),
    lastKnownElr: tagged(2, 2, essential(orNull(array(brokerId)))),
    // Ours: on a single node it is never written, so that Kafka reads what it knows.
    leaderBrokerEpoch: tagged(ownTag, 0, defaultsTo(-1, int64)),
  },
});

export const ConfigRecord = record({
  key: 4,
  name: "ConfigRecord",
  versions: "0",
  flexible: "0+",
  fields: {
    resourceType: int8,
    resourceName: string,
    name: string,
    value: nullable(string),
  },
});

export const PartitionChangeRecord = record({
  key: 5,
  name: "PartitionChangeRecord",
  versions: "0-2",
  flexible: "0+",
  fields: {
    partitionId: defaultsTo(-1, partitionId),
    topicId: uuid,
    isr: tagged(0, 0, orNull(array(brokerId))),
    leader: tagged(1, 0, defaultsTo(-2, brokerId)),
    replicas: tagged(2, 0, orNull(array(brokerId))),
    removingReplicas: tagged(3, 0, orNull(array(brokerId))),
    addingReplicas: tagged(4, 0, orNull(array(brokerId))),
    leaderRecoveryState: tagged(5, 0, defaultsTo(-1, int8)),
    directories: tagged(8, 1, essential(orNull(array(uuid)))),
    eligibleLeaderReplicas: tagged(6, 2, essential(orNull(array(brokerId)))),
    lastKnownElr: tagged(7, 2, essential(orNull(array(brokerId)))),
    leaderBrokerEpoch: tagged(ownTag, 0, defaultsTo(-1, int64)),
  },
});

export const FenceBrokerRecord = record({
  key: 7,
  name: "FenceBrokerRecord",
  versions: "0",
  flexible: "0+",
  fields: { id: brokerId, epoch: int64 },
});

export const UnfenceBrokerRecord = record({
  key: 8,
  name: "UnfenceBrokerRecord",
  versions: "0",
  flexible: "0+",
  fields: { id: brokerId, epoch: int64 },
});

export const RemoveTopicRecord = record({
  key: 9,
  name: "RemoveTopicRecord",
  versions: "0",
  flexible: "0+",
  fields: { topicId: uuid },
});

export const DelegationTokenRecord = record({
  key: 10,
  name: "DelegationTokenRecord",
  versions: "0",
  flexible: "0+",
  fields: {
    owner: string,
    requester: string,
    renewers: array(string),
    issueTimestamp: int64,
    maxTimestamp: int64,
    expirationTimestamp: int64,
    tokenId: string,
  },
});

export const UserScramCredentialRecord = record({
  key: 11,
  name: "UserScramCredentialRecord",
  versions: "0",
  flexible: "0+",
  fields: {
    name: string,
    mechanism: int8,
    salt: bytes,
    storedKey: bytes,
    serverKey: bytes,
    iterations: int32,
  },
});

export const FeatureLevelRecord = record({
  key: 12,
  name: "FeatureLevelRecord",
  versions: "0",
  flexible: "0+",
  fields: { name: string, featureLevel: int16 },
});

export const ClientQuotaRecord = record({
  key: 14,
  name: "ClientQuotaRecord",
  versions: "0",
  flexible: "0+",
  fields: {
    entity: array({ entityType: string, entityName: nullable(string) }),
    key: string,
    value: float64,
    remove: boolean,
  },
});

export const ProducerIdsRecord = record({
  key: 15,
  name: "ProducerIdsRecord",
  versions: "0",
  flexible: "0+",
  fields: {
    brokerId,
    brokerEpoch: defaultsTo(-1, int64),
    nextProducerId: producerId,
  },
});

export const BrokerRegistrationChangeRecord = record({
  key: 17,
  name: "BrokerRegistrationChangeRecord",
  versions: "0-3",
  flexible: "0+",
  fields: {
    brokerId,
    brokerEpoch: int64,
    fenced: tagged(0, 0, int8),
    inControlledShutdown: tagged(1, 1, essential(int8)),
    logDirs: tagged(2, 2, essential(array(uuid))),
    cordonedLogDirs: tagged(3, 3, essential(orNull(array(uuid)))),
    // Ours: null leaves them.
    fullLogDirs: tagged(ownTag, 0, orNull(array(uuid))),
  },
});

export const AccessControlEntryRecord = record({
  key: 18,
  name: "AccessControlEntryRecord",
  versions: "0",
  flexible: "0+",
  fields: {
    id: uuid,
    resourceType: int8,
    resourceName: string,
    patternType: int8,
    principal: string,
    host: string,
    operation: int8,
    permissionType: int8,
  },
});

export const RemoveAccessControlEntryRecord = record({
  key: 19,
  name: "RemoveAccessControlEntryRecord",
  versions: "0",
  flexible: "0+",
  fields: { id: uuid },
});

export const NoOpRecord = record({
  key: 20,
  name: "NoOpRecord",
  versions: "0",
  flexible: "0+",
  fields: {},
});

export const ZkMigrationStateRecord = record({
  key: 21,
  name: "ZkMigrationStateRecord",
  versions: "0",
  flexible: "0+",
  fields: { zkMigrationState: int8 },
});

export const RemoveUserScramCredentialRecord = record({
  key: 22,
  name: "RemoveUserScramCredentialRecord",
  versions: "0",
  flexible: "0+",
  fields: { name: string, mechanism: int8 },
});

export const BeginTransactionRecord = record({
  key: 23,
  name: "BeginTransactionRecord",
  versions: "0",
  flexible: "0+",
  fields: { name: tagged(0, 0, nullableString) },
});

export const EndTransactionRecord = record({
  key: 24,
  name: "EndTransactionRecord",
  versions: "0",
  flexible: "0+",
  fields: {},
});

export const AbortTransactionRecord = record({
  key: 25,
  name: "AbortTransactionRecord",
  versions: "0",
  flexible: "0+",
  fields: { reason: tagged(0, 0, nullableString) },
});

export const RemoveDelegationTokenRecord = record({
  key: 26,
  name: "RemoveDelegationTokenRecord",
  versions: "0",
  flexible: "0+",
  fields: { tokenId: string },
});

export const RegisterControllerRecord = record({
  key: 27,
  name: "RegisterControllerRecord",
  versions: "0",
  flexible: "0+",
  fields: {
    controllerId: brokerId,
    incarnationId: uuid,
    zkMigrationReady: boolean,
    endPoints: array({
      name: string,
      host: string,
      port: uint16,
      securityProtocol: int16,
    }),
    features: array({
      name: string,
      minSupportedVersion: int16,
      maxSupportedVersion: int16,
    }),
  },
});

export const ClearElrRecord = record({
  key: 28,
  name: "ClearElrRecord",
  versions: "0",
  flexible: "0+",
  fields: { topicName: string },
});

export const UnregisterControllerRecord = record({
  key: 29,
  name: "UnregisterControllerRecord",
  versions: "0",
  flexible: "0+",
  fields: { controllerId: brokerId },
});

/** Every type of metadata record, by name. */
export const metadataRecords = {
  RegisterBrokerRecord,
  UnregisterBrokerRecord,
  TopicRecord,
  PartitionRecord,
  ConfigRecord,
  PartitionChangeRecord,
  FenceBrokerRecord,
  UnfenceBrokerRecord,
  RemoveTopicRecord,
  DelegationTokenRecord,
  UserScramCredentialRecord,
  FeatureLevelRecord,
  ClientQuotaRecord,
  ProducerIdsRecord,
  BrokerRegistrationChangeRecord,
  AccessControlEntryRecord,
  RemoveAccessControlEntryRecord,
  NoOpRecord,
  ZkMigrationStateRecord,
  RemoveUserScramCredentialRecord,
  BeginTransactionRecord,
  EndTransactionRecord,
  AbortTransactionRecord,
  RemoveDelegationTokenRecord,
  RegisterControllerRecord,
  ClearElrRecord,
  UnregisterControllerRecord,
} as const;
