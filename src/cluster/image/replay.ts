// Applies metadata records to the image, in log order: at start, and after each append.
//
//   records outside a transaction            -> applied one by one
//   Begin ... End      (KIP-868)             -> kept aside, applied together at End
//   Begin ... Abort                          -> dropped
//
// Records of types that mean nothing to a broker yet (controllers) are kept
// for a snapshot (kept_records.ts), those of unknown types stay in the log. What contradicts the
// image, such as a partition of a topic that is not there, is damage: a PartitionFault of the
// metadata log.
// Invariant: the image is a function of the applied records alone.

import { PartitionFault } from "../../base/faults.ts";
import type { BrokerId, Offset, PartitionId, Uuid } from "../../base/ids.ts";
import {
  type BrokerImage,
  ImageTables,
  type MetadataImage,
  type PartitionImage,
  type TopicImage,
} from "./image.ts";
import {
  changedBroker,
  changedPartition,
  type FieldsOf,
  partitionOfRecord,
  registeredBroker,
} from "./record_effects.ts";
import type { MetadataRecord, UnknownMetadataRecord } from "../records/records.ts";

/** What a record has changed, for those who act upon it. */
export type MetadataChange =
  | { readonly type: "topicCreated"; readonly topic: TopicImage }
  | { readonly type: "topicRemoved"; readonly topic: TopicImage }
  | {
    readonly type: "partitionChanged";
    readonly topic: TopicImage;
    readonly partition: PartitionImage;
    /** undefined when it is new. */
    readonly previous: PartitionImage | undefined;
  }
  | {
    readonly type: "configChanged";
    readonly resourceType: number;
    readonly resourceName: string;
    readonly name: string;
  }
  | { readonly type: "clientQuotasChanged" }
  | { readonly type: "brokerChanged"; readonly brokerId: BrokerId }
  | { readonly type: "featureChanged"; readonly name: string };

type Decoded = MetadataRecord | UnknownMetadataRecord;

/** Owns an image and is the one way to change it. */
export class MetadataReplay {
  readonly #tables = new ImageTables();
  #transaction: Decoded[] | undefined;

  /** The image that the applied records make. */
  get image(): MetadataImage {
    return this.#tables;
  }

  /** Applies `records`, the last of which lies at `lastOffset`. Returns what has changed. */
  apply(records: readonly Decoded[], lastOffset: Offset): MetadataChange[] {
    const changes: MetadataChange[] = [];
    for (const record of records) this.#take(record, changes);
    this.noteOffset(lastOffset);
    return changes;
  }

  /** As {@link apply} of one record, while the image has no readers yet; `noteOffset` follows. */
  load(record: Decoded): void {
    this.#take(record, undefined);
  }

  /** What was loaded ends at `lastOffset`. */
  noteOffset(lastOffset: Offset): void {
    this.#tables.lastOffset = lastOffset;
    this.#tables.inTransaction = this.#transaction !== undefined;
  }

  /** Whether the image says all that the records did: none was of an unknown type. */
  get isWhole(): boolean {
    return this.#tables.kept.isWhole;
  }

  #take(record: Decoded, changes: MetadataChange[] | undefined): void {
    switch (record.type) {
      case "BeginTransactionRecord":
        if (this.#transaction !== undefined) throw damaged("a transaction begins within another");
        this.#transaction = [];
        return;
      case "EndTransactionRecord":
      case "AbortTransactionRecord": {
        const held = this.#transaction;
        if (held === undefined) throw damaged("a transaction ends that never began");
        this.#transaction = undefined;
        if (record.type === "AbortTransactionRecord") return;
        for (const each of held) applyRecord(this.#tables, each, changes);
        return;
      }
      default:
        if (this.#transaction === undefined) applyRecord(this.#tables, record, changes);
        else this.#transaction.push(record);
    }
  }
}

function damaged(problem: string): PartitionFault {
  return new PartitionFault(`the metadata log contradicts itself: ${problem}`);
}

/** Without `changes` nobody hears of them: the image is being loaded. */
function applyRecord(
  tables: ImageTables,
  record: Decoded,
  changes: MetadataChange[] | undefined,
): void {
  switch (record.type) {
    case "TopicRecord":
      note(applyTopic(tables, record.fields), changes);
      break;
    case "PartitionRecord":
      note(applyPartition(tables, record.fields), changes);
      break;
    case "PartitionChangeRecord":
      note(applyPartitionChange(tables, record.fields), changes);
      break;
    case "RemoveTopicRecord":
      note(applyRemoveTopic(tables, record.fields.topicId), changes);
      break;
    case "ClearElrRecord":
      for (const each of applyClearElr(tables, record.fields.topicName)) note(each, changes);
      break;
    case "ConfigRecord": {
      const { resourceType, resourceName, name, value } = record.fields;
      tables.setConfig(resourceType, resourceName, { name, value, isLoading: !changes });
      changes?.push({ type: "configChanged", resourceType, resourceName, name });
      break;
    }
    case "FeatureLevelRecord": {
      const { name, featureLevel } = record.fields;
      if (featureLevel === 0) tables.features.delete(name);
      else tables.features.set(name, featureLevel);
      changes?.push({ type: "featureChanged", name });
      break;
    }
    case "ProducerIdsRecord":
      tables.nextProducerId = record.fields.nextProducerId;
      break;
    default:
      applyPrincipalRecord(tables, record, changes);
  }
}

/** What is known of those who connect, and what they may do. */
function applyPrincipalRecord(
  tables: ImageTables,
  record: Decoded,
  changes: MetadataChange[] | undefined,
): void {
  switch (record.type) {
    case "ClientQuotaRecord": {
      const { entity, key, value, remove } = record.fields;
      tables.quotas.set(entity, { key, value: remove ? undefined : value });
      changes?.push({ type: "clientQuotasChanged" });
      break;
    }
    case "UserScramCredentialRecord": {
      const { name, mechanism, iterations, ...views } = record.fields;
      // The record's bytes are views of the log's: what stays must not hold on to a whole read.
      const salt = views.salt.slice();
      const [storedKey, serverKey] = [views.storedKey.slice(), views.serverKey.slice()];
      tables.scram.set(name, mechanism, { salt, storedKey, serverKey, iterations });
      break;
    }
    case "RemoveUserScramCredentialRecord":
      tables.scram.set(record.fields.name, record.fields.mechanism, undefined);
      break;
    case "DelegationTokenRecord":
      tables.tokens.set(record.fields.tokenId, record.fields);
      break;
    case "RemoveDelegationTokenRecord":
      tables.tokens.delete(record.fields.tokenId);
      break;
    case "AccessControlEntryRecord":
      tables.acls.add(record.fields);
      break;
    case "RemoveAccessControlEntryRecord":
      tables.acls.remove(record.fields.id);
      break;
    default:
      applyBrokerRecord(tables, record, changes);
  }
}

function applyBrokerRecord(
  tables: ImageTables,
  record: Decoded,
  changes: MetadataChange[] | undefined,
): void {
  let brokerId: BrokerId;
  switch (record.type) {
    case "RegisterBrokerRecord":
      brokerId = record.fields.brokerId;
      tables.putBroker(registeredBroker(record.fields));
      break;
    case "UnregisterBrokerRecord":
      brokerId = record.fields.brokerId;
      tables.removeBroker(brokerId);
      break;
    case "FenceBrokerRecord":
    case "UnfenceBrokerRecord":
      brokerId = record.fields.id;
      tables.putBroker({
        ...brokerOf(tables, brokerId),
        fenced: record.type === "FenceBrokerRecord",
      });
      break;
    case "BrokerRegistrationChangeRecord": {
      brokerId = record.fields.brokerId;
      tables.putBroker(changedBroker(brokerOf(tables, brokerId), record.fields));
      break;
    }
    default:
      tables.kept.apply(record);
      return;
  }
  changes?.push({ type: "brokerChanged", brokerId });
}

function note(change: MetadataChange, changes: MetadataChange[] | undefined): void {
  changes?.push(change);
}

function brokerOf(tables: ImageTables, id: BrokerId): BrokerImage {
  const broker = tables.broker(id);
  if (broker === undefined) throw damaged(`broker ${id} changes and is not registered`);
  return broker;
}

function applyTopic(tables: ImageTables, fields: FieldsOf<"TopicRecord">): MetadataChange {
  const { name, topicId } = fields;
  if (tables.topic(name) !== undefined || tables.topicById(topicId) !== undefined) {
    throw damaged(`topic ${name} (${topicId}) is created twice`);
  }
  return { type: "topicCreated", topic: tables.addTopic(name, topicId) };
}

function applyRemoveTopic(tables: ImageTables, topicId: Uuid): MetadataChange {
  const topic = topicOf(tables, topicId);
  tables.removeTopic(topic);
  return { type: "topicRemoved", topic };
}

function applyPartition(tables: ImageTables, fields: FieldsOf<"PartitionRecord">): MetadataChange {
  const topic = topicOf(tables, fields.topicId);
  if (fields.partitionId < 0) throw damaged(`topic ${topic.name} has a negative partition`);
  return putPartition(tables, topic, partitionOfRecord(fields));
}

function applyPartitionChange(
  tables: ImageTables,
  fields: FieldsOf<"PartitionChangeRecord">,
): MetadataChange {
  const topic = topicOf(tables, fields.topicId);
  const before = partitionOf(topic, fields.partitionId);
  return putPartition(tables, topic, changedPartition(before, fields));
}

/** An empty name clears the eligible replicas of every topic. */
function applyClearElr(tables: ImageTables, topicName: string): MetadataChange[] {
  const named = tables.topic(topicName);
  const topics = topicName === "" ? tables.topics() : named === undefined ? [] : [named];
  const changes: MetadataChange[] = [];
  for (const topic of topics) {
    for (const partition of topic.partitions) {
      if (partition.elr.length === 0 && partition.lastKnownElr.length === 0) continue;
      changes.push(putPartition(tables, topic, { ...partition, elr: [], lastKnownElr: [] }));
    }
  }
  return changes;
}

function topicOf(tables: ImageTables, id: Uuid): TopicImage {
  const topic = tables.topicById(id);
  if (topic === undefined) throw damaged(`topic id ${id} is not known`);
  return topic;
}

function partitionOf(topic: TopicImage, id: PartitionId): PartitionImage {
  const partition: PartitionImage | undefined = topic.partitions[id];
  if (partition === undefined) throw damaged(`${topic.name}-${id} changes and does not exist`);
  return partition;
}

function putPartition(
  tables: ImageTables,
  topic: TopicImage,
  partition: PartitionImage,
): MetadataChange {
  const previous: PartitionImage | undefined = topic.partitions[partition.id];
  tables.putPartition(topic, partition);
  return { type: "partitionChanged", topic, partition, previous };
}
