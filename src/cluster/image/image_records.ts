// An image as the shortest list of records that makes it: what a snapshot of the metadata holds.
//
//   metadata.version, other features | brokers | controllers | access control | topics, each with
//   its partitions | configuration | quotas | producer ids | credentials, tokens
//
// Invariant: replaying the records makes an image that gives the same records. metadata.version
// comes first, as in Kafka, since it says in which versions the others are.

import { metadataVersionFeature, type RecordVersions, recordVersions } from "../feature_levels.ts";
import type { BrokerImage, ConfiguredResource, MetadataImage, PartitionImage } from "./image.ts";
import type { MetadataRecordInput } from "../records/records.ts";
import type { Uuid } from "../../base/ids.ts";

/** The records that make `image`, one after the other. The image must not change meanwhile. */
export function* imageRecords(image: MetadataImage): Generator<MetadataRecordInput> {
  const versions = recordVersions(image);
  yield* featureRecords(image);
  for (const broker of image.brokers()) yield brokerRecord(broker, image, versions);
  yield* image.keptRecords();
  for (const fields of image.acls.all()) {
    yield { type: "AccessControlEntryRecord", version: 0, fields };
  }
  for (const { name, id: topicId, partitions } of image.topics()) {
    yield { type: "TopicRecord", version: 0, fields: { name, topicId } };
    for (const partition of partitions) yield partitionRecord(partition, { topicId, versions });
  }
  for (const resource of image.configuredResources()) yield* configRecords(resource);
  for (const { entity, values } of image.clientQuotas()) {
    for (const [key, value] of values) {
      const fields = { entity, key, value, remove: false };
      yield { type: "ClientQuotaRecord", version: 0, fields };
    }
  }
  const { nextProducerId } = image;
  if (nextProducerId > 0) {
    const fields = { brokerId: -1, brokerEpoch: -1, nextProducerId };
    yield { type: "ProducerIdsRecord", version: 0, fields };
  }
  for (const name of image.scramUsers()) {
    for (const [mechanism, credential] of image.scramCredentials(name)) {
      const fields = { name, mechanism, ...credential };
      yield { type: "UserScramCredentialRecord", version: 0, fields };
    }
  }
  for (const fields of image.delegationTokens()) {
    yield { type: "DelegationTokenRecord", version: 0, fields };
  }
}

function* featureRecords({ features }: MetadataImage): Generator<MetadataRecordInput> {
  const names = [...features.keys()].filter((name) => name !== metadataVersionFeature);
  for (const name of [metadataVersionFeature, ...names]) {
    const featureLevel = features.get(name);
    if (featureLevel === undefined) continue;
    yield { type: "FeatureLevelRecord", version: 0, fields: { name, featureLevel } };
  }
}

/** What registers `broker` as it is. */
export function brokerRecord(
  broker: BrokerImage,
  image: MetadataImage,
  versions: RecordVersions = recordVersions(image),
): MetadataRecordInput {
  const { id, epoch, incarnationId, endPoints, rack, fenced, inControlledShutdown } = broker;
  const { features, directories, cordonedDirectories, isMigratingZkBroker } = broker;
  const { registerBroker } = versions;
  // What a version cannot say, the log could not say at this metadata.version either.
  const isCordoned = cordonedDirectories.length > 0;
  return {
    type: "RegisterBrokerRecord",
    version: isCordoned ? 4 : registerBroker,
    fields: {
      brokerId: id,
      incarnationId,
      brokerEpoch: epoch,
      endPoints,
      features,
      rack,
      fenced,
      inControlledShutdown: registerBroker >= 1 && inControlledShutdown,
      isMigratingZkBroker: registerBroker >= 2 && isMigratingZkBroker,
      logDirs: registerBroker >= 3 ? directories : [],
      cordonedLogDirs: isCordoned ? cordonedDirectories : null,
      fullLogDirs: broker.fullDirectories,
    },
  };
}

/** The record that makes `partition`. */
export function partitionRecord(
  partition: PartitionImage,
  of: { readonly topicId: Uuid; readonly versions: RecordVersions },
): MetadataRecordInput {
  const { elr, lastKnownElr, directories } = partition;
  const hasElr = elr.length + lastKnownElr.length > 0;
  const version = hasElr ? 2 : of.versions.partition;
  return {
    type: "PartitionRecord",
    version,
    fields: {
      partitionId: partition.id,
      topicId: of.topicId,
      replicas: partition.replicas,
      isr: partition.isr,
      removingReplicas: partition.removingReplicas,
      addingReplicas: partition.addingReplicas,
      leader: partition.leader,
      leaderRecoveryState: partition.recovering ? 1 : 0,
      leaderEpoch: partition.leaderEpoch,
      leaderBrokerEpoch: partition.leaderBrokerEpoch,
      partitionEpoch: partition.partitionEpoch,
      directories: version >= 1 ? directories : [],
      eligibleLeaderReplicas: elr.length > 0 ? elr : null,
      lastKnownElr: lastKnownElr.length > 0 ? lastKnownElr : null,
    },
  };
}

function* configRecords(resource: ConfiguredResource): Generator<MetadataRecordInput> {
  const { type: resourceType, name: resourceName, configs } = resource;
  for (const [name, value] of configs) {
    const fields = { resourceType, resourceName, name, value };
    yield { type: "ConfigRecord", version: 0, fields };
  }
}
