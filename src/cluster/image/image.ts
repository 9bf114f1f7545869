// The cluster as of one offset of the metadata log: brokers, topics, configuration, features.
//
// Readers get a MetadataImage: look-ups without copies, lists in name order. It is not frozen.
// Records change it, between two turns of the event loop and never within one reader's synchronous
// run. What hangs below a topic's `partitions` array, and each broker, is replaced rather than
// changed, so a partition that a reader holds stays what it was. Only replay.ts may hold the
// ImageTables.
//
// Invariant: topics by name and by id are the same topics; `partitions[i].id === i`, without
// holes once a batch of records is applied.

import type {
  BrokerId,
  LeaderEpoch,
  Offset,
  PartitionId,
  ProducerId,
  Uuid,
} from "../../base/ids.ts";
import type { Int64 } from "../../base/int64.ts";
import { AclTable } from "../access/acls.ts";
import { KeptRecords } from "./kept_records.ts";
import {
  type ClientQuota,
  ClientQuotaTable,
  type DelegationToken,
  type QuotaEntityPart,
  type ScramCredential,
  ScramTable,
} from "../access/principals.ts";
import type { MetadataRecord } from "../records/records.ts";
import { collidingName } from "../topics/topic_names.ts";

/** Where a broker listens, as it has registered. */
export interface EndPoint {
  readonly name: string;
  readonly host: string;
  readonly port: number;
  /** Kafka's number of the protocol: 0 PLAINTEXT, 1 SSL, 2 SASL_PLAINTEXT, 3 SASL_SSL. */
  readonly securityProtocol: number;
}

/** A registered broker. */
export interface BrokerImage {
  readonly id: BrokerId;
  readonly epoch: Int64;
  readonly incarnationId: Uuid;
  readonly endPoints: readonly EndPoint[];
  readonly rack: string | null;
  /** A fenced broker leads nothing and is in no ISR. */
  readonly fenced: boolean;
  readonly inControlledShutdown: boolean;
  /** Ids of its data folders. */
  readonly directories: readonly Uuid[];
  /** Those of them that take no new partitions (KIP-1066). */
  readonly cordonedDirectories: readonly Uuid[];
  /** In a cluster: those of them that refuse records for want of room. */
  readonly fullDirectories: readonly Uuid[];
  /** The levels of each feature that it can serve. */
  readonly features: readonly BrokerFeature[];
  /** Whether it still runs on ZooKeeper (KIP-866). */
  readonly isMigratingZkBroker: boolean;
}

/** What a broker has said of one feature. */
export interface BrokerFeature {
  readonly name: string;
  readonly minSupportedVersion: number;
  readonly maxSupportedVersion: number;
}

/** A resource for which configuration is set. */
export interface ConfiguredResource {
  readonly type: number;
  readonly name: string;
  readonly configs: ReadonlyMap<string, string>;
}

/** One partition's state. */
export interface PartitionImage {
  readonly id: PartitionId;
  /** -1 while there is none. */
  readonly leader: BrokerId;
  readonly leaderEpoch: LeaderEpoch;
  /**
   * By which registration the leader was elected: one that has registered anew since does not lead.
   * -1 where nobody compares, as on a single node.
   */
  readonly leaderBrokerEpoch: Int64;
  /** Counts every change of this partition. */
  readonly partitionEpoch: number;
  /** The preferred leader first. */
  readonly replicas: readonly BrokerId[];
  readonly isr: readonly BrokerId[];
  readonly addingReplicas: readonly BrokerId[];
  readonly removingReplicas: readonly BrokerId[];
  /** Eligible though not in sync (KIP-966). */
  readonly elr: readonly BrokerId[];
  readonly lastKnownElr: readonly BrokerId[];
  /** Data folder of each replica, in the order of `replicas`; empty when not recorded. */
  readonly directories: readonly Uuid[];
  /** Whether its leader was elected uncleanly and has not settled yet. */
  readonly recovering: boolean;
}

/** A topic. The array grows in place; its elements are replaced when they change. */
export interface TopicImage {
  readonly name: string;
  readonly id: Uuid;
  /** By partition id. */
  readonly partitions: readonly PartitionImage[];
}

/** Kafka's numbers of the things that have configuration. */
export const ResourceType = {
  TOPIC: 2,
  BROKER: 4,
  BROKER_LOGGER: 8,
  CLIENT_METRICS: 16,
  GROUP: 32,
} as const;

/** Read access to the cluster's metadata. */
export interface MetadataImage {
  /** Offset of the last applied record; -1 before the first. */
  readonly lastOffset: Offset;
  /** Whether the log ends within a transaction: what follows waits for its end. */
  readonly inTransaction: boolean;
  /** Finalized feature levels, such as metadata.version. */
  readonly features: ReadonlyMap<string, number>;
  /** First producer id that no block has reserved. */
  readonly nextProducerId: ProducerId;
  readonly topicCount: number;
  readonly partitionCount: number;
  /** In order of id. */
  brokers(): readonly BrokerImage[];
  broker(id: BrokerId): BrokerImage | undefined;
  /** In order of name. */
  topics(): readonly TopicImage[];
  topic(name: string): TopicImage | undefined;
  topicById(id: Uuid): TopicImage | undefined;
  /** A topic that `name` would collide with in metrics, apart from itself. */
  collidingTopic(name: string): string | undefined;
  /** Configuration set for a resource; empty when there is none. */
  configs(type: number, name: string): ReadonlyMap<string, string>;
  /** A topic's overrides: its configs. */
  topicConfigs(name: string): ReadonlyMap<string, string>;
  /** Names of the resources of a type for which configuration is set. */
  configuredNames(type: number): readonly string[];
  /** All that is configured. */
  configuredResources(): Iterable<ConfiguredResource>;
  /** Who may do what. It is one table as long as the image is, and changes with it. */
  readonly acls: Pick<AclTable, "size" | "all" | "has" | "verdict" | "allowsSome">;
  /** What is here for others alone, such as controllers. */
  keptRecords(): Iterable<MetadataRecord>;
  clientQuotas(): readonly ClientQuota[];
  clientQuota(entity: readonly QuotaEntityPart[]): ClientQuota | undefined;
  /** Users that have SCRAM credentials, in order of name. */
  scramUsers(): readonly string[];
  /** A user's credentials by mechanism; empty when there are none. */
  scramCredentials(user: string): ReadonlyMap<number, ScramCredential>;
  /** Those of one user or another; empty when there is none. */
  someScramCredentials(): ReadonlyMap<number, ScramCredential>;
  readonly delegationTokenCount: number;
  delegationTokens(): Iterable<DelegationToken>;
  delegationToken(id: string): DelegationToken | undefined;
}

interface TopicEntry extends TopicImage {
  readonly partitions: PartitionImage[];
}

const noConfigs: ReadonlyMap<string, string> = new Map();

/** The image with the ways to change it: for replay.ts alone. */
export class ImageTables implements MetadataImage {
  lastOffset: Offset = -1;
  inTransaction = false;
  nextProducerId: ProducerId = 0;
  partitionCount = 0;
  readonly features = new Map<string, number>();
  readonly quotas = new ClientQuotaTable();
  readonly scram = new ScramTable();
  readonly tokens = new Map<string, DelegationToken>();
  readonly acls = new AclTable();
  readonly kept = new KeptRecords();
  readonly #brokers = new Map<BrokerId, BrokerImage>();
  readonly #byName = new Map<string, TopicEntry>();
  readonly #byId = new Map<Uuid, TopicEntry>();
  readonly #colliding = new Map<string, Set<string>>();
  /** By type, then by the resource's name. */
  readonly #configs = new Map<number, Map<string, Map<string, string>>>();
  #sorted: readonly TopicImage[] | undefined;

  get topicCount(): number {
    return this.#byName.size;
  }

  brokers(): readonly BrokerImage[] {
    return [...this.#brokers.values()].sort((a, b) => a.id - b.id);
  }

  broker(id: BrokerId): BrokerImage | undefined {
    return this.#brokers.get(id);
  }

  putBroker(broker: BrokerImage): void {
    this.#brokers.set(broker.id, broker);
  }

  removeBroker(id: BrokerId): void {
    this.#brokers.delete(id);
  }

  topics(): readonly TopicImage[] {
    this.#sorted ??= [...this.#byName.values()].sort((a, b) => a.name < b.name ? -1 : 1);
    return this.#sorted;
  }

  topic(name: string): TopicImage | undefined {
    return this.#byName.get(name);
  }

  topicById(id: Uuid): TopicImage | undefined {
    return this.#byId.get(id);
  }

  collidingTopic(name: string): string | undefined {
    const common = collidingName(name);
    if (common === undefined) return undefined;
    for (const other of this.#colliding.get(common) ?? []) if (other !== name) return other;
    return undefined;
  }

  addTopic(name: string, id: Uuid): TopicImage {
    const topic: TopicEntry = { name, id, partitions: [] };
    this.#byName.set(name, topic);
    this.#byId.set(id, topic);
    this.#sorted = undefined;
    const common = collidingName(name);
    if (common !== undefined) {
      const names = this.#colliding.get(common);
      if (names === undefined) this.#colliding.set(common, new Set([name]));
      else names.add(name);
    }
    return topic;
  }

  removeTopic(topic: TopicImage): void {
    this.#byName.delete(topic.name);
    this.#byId.delete(topic.id);
    this.#sorted = undefined;
    this.partitionCount -= topic.partitions.length;
    const common = collidingName(topic.name);
    if (common !== undefined) {
      const names = this.#colliding.get(common);
      names?.delete(topic.name);
      if (names?.size === 0) this.#colliding.delete(common);
    }
    this.#configs.get(ResourceType.TOPIC)?.delete(topic.name);
  }

  putPartition(topic: TopicImage, partition: PartitionImage): void {
    const { partitions } = topic as TopicEntry;
    if (partitions[partition.id] === undefined) this.partitionCount++;
    partitions[partition.id] = partition;
  }

  configs(type: number, name: string): ReadonlyMap<string, string> {
    return this.#configs.get(type)?.get(name) ?? noConfigs;
  }

  topicConfigs(name: string): ReadonlyMap<string, string> {
    return this.configs(ResourceType.TOPIC, name);
  }

  configuredNames(type: number): readonly string[] {
    return [...this.#configs.get(type)?.keys() ?? []].sort();
  }

  *configuredResources(): Generator<ConfiguredResource> {
    for (const [type, resources] of this.#configs) {
      for (const [name, configs] of resources) yield { type, name, configs };
    }
  }

  keptRecords(): Iterable<MetadataRecord> {
    return this.kept.all();
  }

  clientQuotas(): readonly ClientQuota[] {
    return this.quotas.all();
  }

  clientQuota(entity: readonly QuotaEntityPart[]): ClientQuota | undefined {
    return this.quotas.get(entity);
  }

  scramUsers(): readonly string[] {
    return this.scram.users();
  }

  scramCredentials(user: string): ReadonlyMap<number, ScramCredential> {
    return this.scram.get(user);
  }

  someScramCredentials(): ReadonlyMap<number, ScramCredential> {
    return this.scram.some();
  }

  get delegationTokenCount(): number {
    return this.tokens.size;
  }

  delegationTokens(): Iterable<DelegationToken> {
    return this.tokens.values();
  }

  delegationToken(id: string): DelegationToken | undefined {
    return this.tokens.get(id);
  }

  /** Sets one key of a resource; null removes it. `isLoading`: there are no readers yet. */
  setConfig(
    type: number,
    resource: string,
    entry: { name: string; value: string | null; isLoading: boolean },
  ): void {
    let resources = this.#configs.get(type);
    if (resources === undefined) this.#configs.set(type, resources = new Map());
    const known = resources.get(resource);
    // Replaced, not changed: a reader may hold the map.
    const configs = known !== undefined && entry.isLoading ? known : new Map(known);
    if (entry.value === null) configs.delete(entry.name);
    else configs.set(entry.name, entry.value);
    if (configs.size === 0) resources.delete(resource);
    else if (configs !== known) resources.set(resource, configs);
  }
}
