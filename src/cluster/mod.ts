// The face of src/cluster: what the cluster consists of, and how it changes.
//
//   image.ts              the metadata as of one offset       replay.ts   records -> image
//   store.ts              where it is kept, one change at a time
//   entities.ts, entity_changes.ts                           the same as keys and values
//   liveness.ts           which brokers live, who is the controller
//   create_topics.ts, topics.ts, brokers.ts                  requests -> records and responses
//   acls.ts, acl_requests.ts                                  who may do what, and its requests
//   principals.ts         what is known of users             client_quotas.ts, scram.ts: requests
//   placement.ts          which brokers get replicas          topic_names.ts, feature_levels.ts
//   records.ts, record_tables.ts, quorum_records.ts           records <-> bytes
//
// Invariant: no clock, no chance, no I/O. Ids and times come in as arguments.

export { AclOperation, AclResourceType, clusterName } from "./acls.ts";
export * from "./brokers.ts";
export {
  type CreateAccess,
  decideCreateTopics,
  decideInternalTopic,
  type InternalTopic,
  type TopicDefaults,
} from "./create_topics.ts";
export { decideTokenSweep } from "./delegation_tokens.ts";
export * from "./directories.ts";
export { type EntityChange, recordsOf } from "./entities.ts";
export { type EntityChanges, entityChanges } from "./entity_changes.ts";
export {
  checkFeatureLevels,
  checkMetadataVersion,
  groupVersionFeature,
  metadataVersionFeature,
  metadataVersionRange,
  optionalFeatures,
  shareVersionFeature,
  streamsVersionFeature,
  transactionVersionFeature,
} from "./feature_levels.ts";
export {
  type BrokerImage,
  type MetadataImage,
  type PartitionImage,
  ResourceType,
  type TopicImage,
} from "./image.ts";
export { HomeCounters, type HomeRequests } from "./home_counters.ts";
export { imageRecords } from "./image_records.ts";
export {
  aloneLease,
  type BrokerLease,
  type Liveness,
  MemoryLiveness,
  staleTerm,
} from "./liveness.ts";
export type { InSyncReplica } from "./partition_state.ts";
export * from "./placement.ts";
export {
  type AlterPartition,
  type BrokerLife,
  decideAlterPartition,
  decideControlledShutdown,
  decideControllerPass,
  decideDamaged,
  decideLostDirectories,
  decidePreferredLeaders,
  decideRegisterMember,
  decideServe,
  type ElectionDefaults,
  minInSyncReplicas,
} from "./replication.ts";
export { type ClientQuota, entityKey, type QuotaEntityPart } from "./principals.ts";
export * from "./quorum_records.ts";
export * from "./records.ts";
export {
  decideRecovery,
  type HeardReplica,
  type LeaderlessPartition,
  recoverable,
} from "./recovery.ts";
export { type MetadataChange, MetadataReplay } from "./replay.ts";
export * from "./remembered_home.ts";
export { decideRollback } from "./rollback.ts";
export { asSingleNode } from "./single_node.ts";
export { MetadataMember, type SharedHome, SharedMetadata } from "./shared_metadata.ts";
export * from "./store.ts";
export * from "./topic_names.ts";
export { decideCreatePartitions, decideDeleteTopics, type DeleteOptions } from "./topics.ts";
