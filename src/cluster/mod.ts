// The face of src/cluster: what the cluster consists of, and how it changes.
//
//   image/       the metadata as of one offset, records -> image, the same as keys and values
//   records/     records <-> bytes
//   home/        where the metadata is kept, one change at a time; which brokers live
//   topics/      requests about topics -> records and responses
//   replicas/    who has a partition, who leads it, who is in sync
//   access/      what is known of users, what they may do, and requests about it
//
// Invariant: no clock, no chance, no I/O. Ids and times come in as arguments.

export { AclOperation, AclResourceType, clusterName } from "./access/acls.ts";
export * from "./brokers.ts";
export {
  type CreateAccess,
  decideCreateTopics,
  decideInternalTopic,
  type InternalTopic,
  type TopicDefaults,
} from "./topics/create_topics.ts";
export { decideTokenSweep } from "./access/delegation_tokens.ts";
export * from "./replicas/directories.ts";
export { type EntityChange, recordsOf } from "./image/entities.ts";
export { type EntityChanges, entityChanges } from "./image/entity_changes.ts";
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
} from "./image/image.ts";
export { HomeCounters, type HomeRequests } from "./home/home_counters.ts";
export { imageRecords } from "./image/image_records.ts";
export {
  aloneLease,
  type BrokerLease,
  type Liveness,
  MemoryLiveness,
  staleTerm,
} from "./home/liveness.ts";
export type { InSyncReplica } from "./replicas/partition_state.ts";
export * from "./topics/placement.ts";
export {
  type AlterPartition,
  type BrokerLife,
  decideAlterPartition,
  decideControlledShutdown,
  decideControllerPass,
  decideDamaged,
  decideFullMember,
  decideLostDirectories,
  decidePreferredLeaders,
  decideRegisterMember,
  decideServe,
  type ElectionDefaults,
  type FullDirectoriesOutcome,
  minInSyncReplicas,
} from "./replicas/replication.ts";
export { type ClientQuota, entityKey, type QuotaEntityPart } from "./access/principals.ts";
export * from "./records/quorum_records.ts";
export * from "./records/records.ts";
export {
  decideRecovery,
  type HeardReplica,
  type LeaderlessPartition,
  recoverable,
} from "./replicas/recovery.ts";
export { type MetadataChange, MetadataReplay } from "./image/replay.ts";
export * from "./home/remembered_home.ts";
export { decideRollback } from "./home/rollback.ts";
export { asSingleNode } from "./image/single_node.ts";
export { MetadataMember, type SharedHome, SharedMetadata } from "./home/shared_metadata.ts";
export * from "./home/store.ts";
export * from "./topics/topic_names.ts";
export { decideCreatePartitions, decideDeleteTopics, type DeleteOptions } from "./topics/topics.ts";
