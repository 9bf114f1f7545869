// Records as changes of the keys that entities.ts names: a change of a partition or a broker
// becomes the whole of it, what is removed takes along what hangs below it.
//
// Invariant: what else the image says is looked at, never changed; a key is put, deleted, or among
// those that are deleted together, and not two of these.

import { assert } from "../../base/assert.ts";
import type { BrokerId, Uuid } from "../../base/ids.ts";
import { isRemoval, keyOf, partitionKey, plainKey } from "./entities.ts";
import { recordVersions } from "../feature_levels.ts";
import {
  type BrokerImage,
  type MetadataImage,
  type PartitionImage,
  ResourceType,
} from "./image.ts";
import { brokerRecord, partitionRecord } from "./image_records.ts";
import {
  changedBroker,
  changedPartition,
  partitionOfRecord,
  registeredBroker,
} from "./record_effects.ts";
import {
  decodeMetadataRecord,
  encodeMetadataRecord,
  type MetadataRecord,
  type MetadataRecordInput,
} from "../records/records.ts";

/** What is to become of the stored keys. */
export interface EntityChanges {
  readonly puts: ReadonlyMap<string, Uint8Array>;
  readonly deletes: ReadonlySet<string>;
  /** All keys that begin so are deleted; none of them is put or deleted besides. */
  readonly deletesUnder: ReadonlySet<string>;
  /**
   * Whether it changes more than partitions that exist. `partitions` are those, by key: each must
   * still be what the image says.
   */
  readonly isStructural: boolean;
  readonly partitions: ReadonlySet<string>;
}

/** The changes by which `records` are stored, when `image` is what is stored now. */
export function entityChanges(
  image: MetadataImage,
  records: readonly MetadataRecordInput[],
): EntityChanges {
  const changes = new Changes(image);
  for (const record of records) {
    const value = encodeMetadataRecord(record);
    const decoded = decodeMetadataRecord(value);
    assert(decoded.type !== "unknown", "a record of ours has a type");
    changes.take(decoded, value);
  }
  return changes;
}

/** Gathers changes, with what earlier ones of them have made of brokers and partitions. */
class Changes implements EntityChanges {
  readonly puts = new Map<string, Uint8Array>();
  readonly deletes = new Set<string>();
  readonly deletesUnder = new Set<string>();
  readonly partitions = new Set<string>();
  isStructural = false;
  readonly #image: MetadataImage;
  readonly #changedBrokers = new Map<BrokerId, BrokerImage>();
  readonly #changedPartitions = new Map<string, PartitionImage>();

  constructor(image: MetadataImage) {
    this.#image = image;
  }

  take(record: MetadataRecord, value: Uint8Array): void {
    switch (record.type) {
      case "TopicRecord":
      case "FeatureLevelRecord":
      case "ConfigRecord":
      case "ClientQuotaRecord":
      case "ProducerIdsRecord":
      case "UserScramCredentialRecord":
      case "DelegationTokenRecord":
      case "AccessControlEntryRecord":
      case "RegisterControllerRecord":
      case "ZkMigrationStateRecord":
        if (isRemoval(record)) this.#delete(plainKey(record));
        else this.#put(plainKey(record), value);
        break;
      case "RemoveUserScramCredentialRecord":
        this.#delete(keyOf("scram", record.fields.mechanism, record.fields.name));
        break;
      case "RemoveDelegationTokenRecord":
        this.#delete(keyOf("token", record.fields.tokenId));
        break;
      case "RemoveAccessControlEntryRecord":
        this.#delete(keyOf("acl", record.fields.id));
        break;
      case "UnregisterControllerRecord":
        this.#delete(keyOf("controller", record.fields.controllerId));
        break;
      default:
        this.#takeBroker(record);
    }
  }

  #takeBroker(record: MetadataRecord): void {
    switch (record.type) {
      case "RegisterBrokerRecord":
        this.#putBroker(registeredBroker(record.fields));
        break;
      case "UnregisterBrokerRecord":
        this.#delete(keyOf("broker", record.fields.brokerId));
        break;
      case "FenceBrokerRecord":
      case "UnfenceBrokerRecord": {
        const fenced = record.type === "FenceBrokerRecord";
        this.#putBroker({ ...this.#broker(record.fields.id), fenced });
        break;
      }
      case "BrokerRegistrationChangeRecord":
        this.#putBroker(changedBroker(this.#broker(record.fields.brokerId), record.fields));
        break;
      default:
        this.#takePartition(record);
    }
  }

  #takePartition(record: MetadataRecord): void {
    switch (record.type) {
      case "PartitionRecord": {
        const { topicId, partitionId } = record.fields;
        const isNew = this.#stored(topicId, partitionId) === undefined;
        if (isNew) this.isStructural = true;
        this.#putPartition(topicId, partitionOfRecord(record.fields), !isNew);
        break;
      }
      case "PartitionChangeRecord": {
        const { topicId, partitionId } = record.fields;
        const key = partitionKey(topicId, partitionId);
        const stored = this.#stored(topicId, partitionId);
        const before = this.#changedPartitions.get(key) ?? stored;
        assert(before !== undefined, "a partition that changes is there");
        const changed = changedPartition(before, record.fields);
        this.#putPartition(topicId, changed, stored !== undefined);
        break;
      }
      case "ClearElrRecord":
        this.#clearElr(record.fields.topicName);
        break;
      case "RemoveTopicRecord":
        this.#removeTopic(record.fields.topicId);
        break;
      default:
        // Of a log alone: where a transaction begins and ends, records that say nothing.
        break;
    }
  }

  #clearElr(topicName: string): void {
    const topics = topicName === "" ? this.#image.topics() : [this.#image.topic(topicName)];
    for (const topic of topics) {
      for (const partition of topic?.partitions ?? []) {
        if (partition.elr.length === 0 && partition.lastKnownElr.length === 0) continue;
        this.#putPartition(topic!.id, { ...partition, elr: [], lastKnownElr: [] }, true);
      }
    }
  }

  #removeTopic(topicId: Uuid): void {
    const topic = this.#image.topicById(topicId);
    this.#delete(keyOf("topic", topicId));
    this.#deleteUnder(`partition/${topicId}/`);
    if (topic !== undefined) {
      this.#deleteUnder(`${keyOf("config", ResourceType.TOPIC, topic.name)}/`);
    }
  }

  #stored(topicId: Uuid, partition: number): PartitionImage | undefined {
    return this.#image.topicById(topicId)?.partitions[partition];
  }

  #broker(id: BrokerId): BrokerImage {
    const broker = this.#changedBrokers.get(id) ?? this.#image.broker(id);
    assert(broker !== undefined, "a broker that changes is registered");
    return broker;
  }

  #putBroker(broker: BrokerImage): void {
    this.#changedBrokers.set(broker.id, broker);
    const record = brokerRecord(broker, this.#image);
    this.#put(keyOf("broker", broker.id), encodeMetadataRecord(record));
  }

  #putPartition(topicId: Uuid, partition: PartitionImage, isStored: boolean): void {
    const key = partitionKey(topicId, partition.id);
    this.#changedPartitions.set(key, partition);
    if (isStored) this.partitions.add(key);
    const versions = recordVersions(this.#image);
    this.puts.set(key, encodeMetadataRecord(partitionRecord(partition, { topicId, versions })));
  }

  #put(key: string, value: Uint8Array): void {
    this.isStructural = true;
    assert(!this.#isDeletedUnder(key), "nothing is put into what is removed with it");
    this.deletes.delete(key);
    this.puts.set(key, value);
  }

  #delete(key: string): void {
    this.isStructural = true;
    this.puts.delete(key);
    if (!this.#isDeletedUnder(key)) this.deletes.add(key);
  }

  #deleteUnder(prefix: string): void {
    this.isStructural = true;
    for (const keys of [this.puts, this.deletes]) {
      for (const key of keys.keys()) if (key.startsWith(prefix)) keys.delete(key);
    }
    for (const key of this.partitions) if (key.startsWith(prefix)) this.partitions.delete(key);
    this.deletesUnder.add(prefix);
  }

  #isDeletedUnder(key: string): boolean {
    for (const prefix of this.deletesUnder) if (key.startsWith(prefix)) return true;
    return false;
  }
}
