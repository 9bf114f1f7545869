// The client alone: for programs that talk to a cluster and bring no broker along.
//
//   import { connect } from "./client.ts";
//   await using cluster = await connect({ bootstrap: "localhost:9092" });
//   await cluster.producer().send({ topic: "orders", value: "paid" });
//
// Invariant: nothing here leads to src/broker, as scripts/layers.ts has it.

import {
  type Admin,
  adminOf,
  type CallOptions,
  Client,
  type ClientOptions,
  Consumer,
  type ConsumerOptions,
  Producer,
  type ProducerOptions,
  ShareConsumer,
  type ShareConsumerOptions,
} from "./src/client/mod.ts";
import { UsageFault } from "./src/base/faults.ts";
import { signalOf } from "./src/client/aborting.ts";
import { SchemaRegistry, type SchemaRegistryOptions } from "./src/client/schema_registry.ts";
import { detectRuntime } from "./src/runtime/detect.ts";

export type {
  AccessRule,
  AccessRuleFilter,
  AclResourceWord,
  Admin,
  AdminTools,
  AssignorName,
  BrokerConfigName,
  BrokerConfigs,
  BrokerMetadata,
  ByteSink,
  CallOptions,
  ClientOptions,
  ClusterDescription,
  CommittedOffset,
  Committer,
  CompressionType,
  ConfigChanges,
  ConfigEntry,
  ConfigName,
  ConfigResource,
  Configs,
  ConfigsOf,
  ConfigValue,
  Consumer,
  ConsumerBatch,
  ConsumerOptions,
  ConsumerRecord,
  DeadLetterOptions,
  DecodedRecord,
  DescribedGroup,
  DescribedMember,
  DescribedTransaction,
  EntityQuotas,
  GroupConfigName,
  GroupConfigs,
  GroupOffsets,
  HeaderMatch,
  IterationOptions,
  KnownBrokerConfigs,
  KnownGroupConfigs,
  KnownTopicConfigs,
  ListedGroup,
  ListedOffset,
  ListedTransaction,
  ListedUser,
  LogDir,
  LogDirPartition,
  NewTopic,
  OffsetReset,
  OffsetSource,
  OffsetSpec,
  OffsetToCommit,
  PartitionChoice,
  Partitioner,
  PartitionerFunction,
  PartitionMetadata,
  PasswordOptions,
  PollOptions,
  Producer,
  ProducerOptions,
  ProducerRecord,
  QuotaEntity,
  RecordContent,
  RecordHeader,
  RecordMetadata,
  RecordSink,
  RegisteredOptions,
  RegisteredSchema,
  SaslOptions,
  Schema,
  SchemaCodec,
  SchemaRegistryOptions,
  SchemaType,
  SerializedPart,
  Serializer,
  Serializers,
  ShareConsumer,
  ShareConsumerOptions,
  ShareRecord,
  Span,
  SpanAttributes,
  SpanContext,
  SpanContextOf,
  SpanOptions,
  TlsOptions,
  TokenEndpoint,
  TokenOptions,
  TopicConfigName,
  TopicConfigs,
  TopicMetadata,
  TopicPartition,
  TopicPartitionOffset,
  Tracer,
  Transaction,
  TrimmedPartition,
  TypedRecord,
  TypedSink,
} from "./src/client/mod.ts";
export { byHeaders, deadLetters } from "./src/client/consumer/record_handling.ts";
export { decoded, json, text, typed } from "./src/client/serializers.ts";
export { registered, SchemaRegistry, SchemaRegistryFault } from "./src/client/schema_registry.ts";
export { textHeaders } from "./src/client/tracing.ts";
export { KafkaError } from "./src/client/faults.ts";
export type {
  BrokerId,
  Flavour,
  LeaderEpoch,
  Offset,
  PartitionId,
  ProducerId,
  Uuid,
} from "./src/base/ids.ts";
export type { Int64 } from "./src/base/int64.ts";
export type { ErrorCode } from "./src/protocol/errors.ts";
export type { LogRecord } from "./src/records/mod.ts";
export type { Address } from "./src/runtime/ports.ts";
export {
  ConnectionFault,
  OttlaError,
  PlatformFault,
  type PlatformFaultKind,
  type PlatformFaultSubject,
  UsageFault,
} from "./src/base/faults.ts";

/** A connection to a Kafka cluster: of Ottla, or of Apache Kafka from 3.0 on. */
export class Cluster implements AsyncDisposable {
  /** Topics, groups, offsets and configurations. */
  readonly admin: Admin;
  readonly #client: Client;
  readonly #open = new Set<Producer | Consumer | ShareConsumer>();
  #isClosed = false;

  private constructor(client: Client) {
    this.#client = client;
    this.admin = adminOf(client);
  }

  /** As {@link connect}. */
  static async connect(options: ClientOptions, call?: CallOptions): Promise<Cluster> {
    const signal = signalOf("connect", call);
    return new Cluster(await Client.connect(await detectRuntime(), options, { signal }));
  }

  /** Sends records. */
  producer(options?: ProducerOptions): Producer {
    return this.#opened(() => new Producer(this.#client, options));
  }

  /** Reads records: with `groupId` as a member of that group, without by itself. */
  consumer(options?: ConsumerOptions): Consumer {
    return this.#opened(() => new Consumer(this.#client, options));
  }

  /** Reads records with others of a share group, each of them by one member (KIP-932; Kafka 4). */
  shareConsumer(options: ShareConsumerOptions): ShareConsumer {
    return this.#opened(() => new ShareConsumer(this.#client, options));
  }

  #opened<T extends Producer | Consumer | ShareConsumer>(open: () => T): T {
    if (this.#isClosed) throw new UsageFault("the cluster is closed: connect again");
    const opened = open();
    this.#open.add(opened);
    return opened;
  }

  /**
   * Closes every producer, which sends what it holds, every consumer, and the connections. What is
   * opened afterwards throws a UsageFault. When `signal` is aborted, connections close at once:
   * records without a verdict fail, and are written or not.
   */
  async close(options?: CallOptions): Promise<void> {
    this.#isClosed = true;
    const closing = [...this.#open].map((each) => each.close(options));
    this.#open.clear();
    try {
      await Promise.all(closing);
    } finally {
      this.#client.close();
    }
  }

  /** As {@link Cluster.close}. */
  async [Symbol.asyncDispose](): Promise<void> {
    await this.close();
  }
}

/**
 * Connects to the first broker of `bootstrap` that answers.
 *
 * Throws PlatformFault, at once, when none does; the reason of `signal` when that is aborted
 * before.
 */
export function connect(options: ClientOptions, call?: CallOptions): Promise<Cluster> {
  return Cluster.connect(options, call);
}

/** A schema registry of Confluent's API, for {@link registered}. It is asked when it is used. */
export function schemaRegistry(options: SchemaRegistryOptions): SchemaRegistry {
  return new SchemaRegistry(async () => (await detectRuntime()).http, options);
}
