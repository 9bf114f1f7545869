// The metadata as keys and values, for a home that is no log: each entity has a key, whose value is
// the bytes of the one KRaft record that makes it.
//
//   feature/<name>                  FeatureLevelRecord        acl/<id>
//   broker/<id>                     RegisterBrokerRecord      controller/<id>, migration
//   topic/<uuid>                    TopicRecord               quota/<entity>/<key>
//   partition/<uuid>/<n>            PartitionRecord           scram/<mechanism>/<user>
//   config/<type>/<resource>/<key>  ConfigRecord              token/<id>
//   producer-ids                    ProducerIdsRecord
//
//   records --entityChanges(image)--> puts and deletes --seen again--> recordsOf --> records
//
// Invariant: records applied to an image, and what `recordsOf` gives for their changes, make the
// same image. A partition or a broker is always stored whole, never as a change.

import { bytesEqual } from "../../base/bytes.ts";
import type { Uuid } from "../../base/ids.ts";
import { ResourceType } from "./image.ts";
import { entityKey } from "../access/principals.ts";
import {
  decodeMetadataRecord,
  encodeMetadataRecord,
  type MetadataRecord,
  type MetadataRecordInput,
} from "../records/records.ts";

/** A key whose value has changed; undefined: it was, or is, not there. */
export interface EntityChange {
  readonly key: string;
  readonly value: Uint8Array | undefined;
  readonly previous: Uint8Array | undefined;
}

/** The key of a partition. */
export function partitionKey(topicId: Uuid, partition: number): string {
  return `partition/${topicId}/${partition}`;
}

/** A key of these parts. */
export function keyOf(...parts: readonly (string | number)[]): string {
  return parts.map((part) => encodeURIComponent(part)).join("/");
}

/** A record that is stored as it is, or says that its entity is gone. */
export type PlainRecord = Extract<MetadataRecord, {
  type:
    | "TopicRecord"
    | "FeatureLevelRecord"
    | "ConfigRecord"
    | "ClientQuotaRecord"
    | "ProducerIdsRecord"
    | "UserScramCredentialRecord"
    | "DelegationTokenRecord"
    | "AccessControlEntryRecord"
    | "RegisterControllerRecord"
    | "ZkMigrationStateRecord";
}>;

/** The key of what is stored as its record is. */
export function plainKey(record: PlainRecord): string {
  switch (record.type) {
    case "TopicRecord":
      return keyOf("topic", record.fields.topicId);
    case "FeatureLevelRecord":
      return keyOf("feature", record.fields.name);
    case "ConfigRecord": {
      const { resourceType, resourceName, name } = record.fields;
      return keyOf("config", resourceType, resourceName, name);
    }
    case "ClientQuotaRecord":
      return keyOf("quota", entityKey(record.fields.entity), record.fields.key);
    case "ProducerIdsRecord":
      return "producer-ids";
    case "UserScramCredentialRecord":
      return keyOf("scram", record.fields.mechanism, record.fields.name);
    case "DelegationTokenRecord":
      return keyOf("token", record.fields.tokenId);
    case "AccessControlEntryRecord":
      return keyOf("acl", record.fields.id);
    case "RegisterControllerRecord":
      return keyOf("controller", record.fields.controllerId);
    case "ZkMigrationStateRecord":
      return "migration";
  }
}

/** Whether it says of its entity that it is gone. */
export function isRemoval(record: PlainRecord): boolean {
  switch (record.type) {
    case "FeatureLevelRecord":
      return record.fields.featureLevel === 0;
    case "ConfigRecord":
      return record.fields.value === null;
    case "ClientQuotaRecord":
      return record.fields.remove;
    default:
      return false;
  }
}

/** What is made comes after what it hangs below. */
const order: readonly MetadataRecord["type"][] = [
  "FeatureLevelRecord",
  "RegisterBrokerRecord",
  "RegisterControllerRecord",
  "ZkMigrationStateRecord",
  "AccessControlEntryRecord",
  "TopicRecord",
  "PartitionRecord",
  "ConfigRecord",
  "ClientQuotaRecord",
  "ProducerIdsRecord",
  "UserScramCredentialRecord",
  "DelegationTokenRecord",
];

/**
 * The records that carry changes of stored keys into an image, all of one moment. Throws
 * DecodeFault on a value that is no record of ours.
 */
export function recordsOf(changes: Iterable<EntityChange>): MetadataRecord[] {
  const removed: MetadataRecordInput[] = [];
  const made: MetadataRecord[] = [];
  const removedTopics = new Set<string>();
  for (const { value, previous } of changes) {
    if (value !== undefined) {
      if (previous !== undefined && bytesEqual(value, previous)) continue;
      const record = decodeMetadataRecord(value);
      if (record.type !== "unknown") made.push(record);
    } else if (previous !== undefined) {
      const record = decodeMetadataRecord(previous);
      if (record.type === "unknown") continue;
      if (record.type === "TopicRecord") removedTopics.add(record.fields.name);
      const removal = removalOf(record);
      if (removal !== undefined) removed.push(removal);
    }
  }
  made.sort((a, b) => rankOf(a) - rankOf(b));
  return [
    // A topic takes its configuration along.
    ...removed.filter(({ type, fields }) =>
      type !== "ConfigRecord" || fields.resourceType !== ResourceType.TOPIC ||
      !removedTopics.has(fields.resourceName)
    ).map((record) => decodeMetadataRecord(encodeMetadataRecord(record)) as MetadataRecord),
    ...made,
  ];
}

/** Partitions of a topic in order, so that its list has no holes on the way. */
function rankOf(record: MetadataRecord): number {
  const within = record.type === "PartitionRecord" ? record.fields.partitionId / 2 ** 32 : 0;
  return order.indexOf(record.type) + within;
}

/** What removes what `record` has made; undefined where it goes with something else. */
function removalOf(record: MetadataRecord): MetadataRecordInput | undefined {
  switch (record.type) {
    case "TopicRecord":
      return removal("RemoveTopicRecord", { topicId: record.fields.topicId });
    case "FeatureLevelRecord":
      return removal("FeatureLevelRecord", { ...record.fields, featureLevel: 0 });
    case "ConfigRecord":
      return removal("ConfigRecord", { ...record.fields, value: null });
    case "ClientQuotaRecord":
      return removal("ClientQuotaRecord", { ...record.fields, remove: true });
    case "RegisterBrokerRecord": {
      const { brokerId, brokerEpoch } = record.fields;
      return removal("UnregisterBrokerRecord", { brokerId, brokerEpoch });
    }
    case "UserScramCredentialRecord": {
      const { name, mechanism } = record.fields;
      return removal("RemoveUserScramCredentialRecord", { name, mechanism });
    }
    case "DelegationTokenRecord":
      return removal("RemoveDelegationTokenRecord", { tokenId: record.fields.tokenId });
    case "AccessControlEntryRecord":
      return removal("RemoveAccessControlEntryRecord", { id: record.fields.id });
    case "RegisterControllerRecord": {
      const { controllerId } = record.fields;
      return removal("UnregisterControllerRecord", { controllerId });
    }
    default:
      return undefined;
  }
}

function removal<T extends MetadataRecordInput["type"]>(
  type: T,
  fields: Extract<MetadataRecordInput, { type: T }>["fields"],
): MetadataRecordInput {
  return { type, version: 0, fields } as MetadataRecordInput;
}
