// A small Kafka client, the client folder's face: used by the command line and by users.
//
//   const client = await Client.connect(runtime, { bootstrap: "localhost:9092" });
//   const producer = new Producer(client);
//   await producer.send({ topic: "orders", key: "7", value: "paid" });
//   const consumer = new Consumer(client, { groupId: "billing", autoOffsetReset: "earliest" });
//   consumer.subscribe(["orders"]);
//   for await (const record of consumer) ...
//
// It talks to Ottla and to Apache Kafka from 3.0 on.

import { loading } from "../base/loading.ts";
export type { CallOptions } from "./aborting.ts";
export { type Admin, adminOf } from "./admin/admin.ts";
export type { AdminTools } from "./admin/tools.ts";
export type { LogDir, LogDirPartition } from "./admin/log_dirs.ts";
export type { EntityQuotas, QuotaEntity } from "./admin/quotas.ts";
export type { TrimmedPartition } from "./admin/records.ts";
export type { DescribedTransaction, ListedTransaction } from "./admin/transactions.ts";
export type { ListedUser } from "./admin/users.ts";
export { type ClusterDescription, describeCluster, servedApis } from "./admin/cluster.ts";
export {
  alterConfigs,
  type ConfigChanges,
  type ConfigEntry,
  type ConfigName,
  type ConfigResource,
  type ConfigsOf,
  describeConfigs,
} from "./admin/configs.ts";
export type {
  BrokerConfigName,
  BrokerConfigs,
  KnownBrokerConfigs,
} from "./admin/broker_configs_table.ts";
export type {
  GroupConfigName,
  GroupConfigs,
  KnownGroupConfigs,
} from "./admin/group_configs_table.ts";
export type {
  KnownTopicConfigs,
  TopicConfigName,
  TopicConfigs,
} from "./admin/topic_configs_table.ts";
export type { Configs, ConfigValue } from "./admin/config_values.ts";
export { deleteGroup, describeGroup, type ListedGroup, listGroups } from "./admin/groups.ts";
export type { DescribedGroup, DescribedMember } from "./admin/described_group.ts";
export {
  createPartitions,
  createTopic,
  deleteTopic,
  describeTopic,
  listTopics,
  type NewTopic,
} from "./admin/topics.ts";
export { Client, type ClientOptions, type TlsOptions } from "./client.ts";
export {
  Consumer,
  type ConsumerBatch,
  type IterationOptions,
  type PollOptions,
} from "./consumer/consumer.ts";
export type { ConsumerOptions, OffsetReset } from "./consumer/consumer_options.ts";
export type { AssignorName } from "./consumer/classic_membership.ts";
export { KafkaError } from "./faults.ts";
export {
  commitOffsets,
  type CommittedOffset,
  committedOffsets,
  type Committer,
  deleteOffsets,
  type OffsetToCommit,
} from "./admin/group_offsets.ts";
export type { BrokerMetadata, PartitionMetadata, TopicMetadata } from "./metadata.ts";
export { type ListedOffset, listOffsets, listRanges, type OffsetSpec } from "./admin/offsets.ts";
export type { TopicPartition, TopicPartitionOffset } from "./topic_partition.ts";
export type { ConsumerRecord } from "./consumer/partition_reader.ts";
export {
  type PartitionChoice,
  type Partitioner,
  type PartitionerFunction,
} from "./producer/partitioner.ts";
export type { ProducerRecord, RecordContent, RecordMetadata } from "./producer/producer_record.ts";
export { Producer, type ProducerOptions } from "./producer/producer.ts";
export {
  type ByteSink,
  type DecodedRecord,
  type SerializedPart,
  type Serializer,
  type Serializers,
  type TypedRecord,
  type TypedSink,
} from "./serializers.ts";
export {
  ShareConsumer,
  type ShareConsumerOptions,
  type ShareRecord,
} from "./share/share_consumer.ts";
export type { GroupOffsets, OffsetSource, Transaction } from "./producer/transaction.ts";
export {
  type DeadLetterOptions,
  type HeaderMatch,
  type RecordSink,
} from "./consumer/record_handling.ts";
export { alterShareGroupOffsets, shareGroupOffsets } from "./admin/share_group_offsets.ts";
export {
  type Span,
  type SpanAttributes,
  type SpanContext,
  type SpanContextOf,
  type SpanOptions,
  type Tracer,
} from "./tracing.ts";
export {
  type RegisteredOptions,
  type RegisteredSchema,
  type Schema,
  type SchemaCodec,
  SchemaRegistry,
  SchemaRegistryFault,
  type SchemaRegistryOptions,
  type SchemaType,
} from "./schema_registry.ts";
export type { PasswordOptions, SaslOptions, TokenOptions } from "./network/sasl.ts";
export type { TokenEndpoint } from "./network/token_endpoint.ts";
export type { CompressionType, RecordHeader } from "../records/mod.ts";

/** Transactions, for tools: list, describe, find those that hang, abort one by hand. */
export const loadTransactionAdmin = (): Promise<typeof import("./admin/transactions.ts")> =>
  loading(import("./admin/transactions.ts"));

/** Users that log in by SCRAM, for tools: list, set passwords, remove. */
export const loadUserAdmin = (): Promise<typeof import("./admin/users.ts")> =>
  loading(import("./admin/users.ts"));

export type { AccessRule, AccessRuleFilter, AclResourceWord } from "./admin/acls.ts";

/** Access rules, for tools: list, add, remove. */
export const loadAclAdmin = (): Promise<typeof import("./admin/acls.ts")> =>
  loading(import("./admin/acls.ts"));

/** Records that are no longer wanted, for tools: deleted from the beginning of partitions. */
export const loadRecordAdmin = (): Promise<typeof import("./admin/records.ts")> =>
  loading(import("./admin/records.ts"));

/** Log directories, for tools: where brokers keep what, and how much. */
export const loadLogDirAdmin = (): Promise<typeof import("./admin/log_dirs.ts")> =>
  loading(import("./admin/log_dirs.ts"));

/** Quotas, for tools: list, set, remove. */
export const loadQuotaAdmin = (): Promise<typeof import("./admin/quotas.ts")> =>
  loading(import("./admin/quotas.ts"));

/** The brokers of a cluster and where replicas are, for tools: tell, move, forget. */
export const loadNodeAdmin = (): Promise<typeof import("./admin/nodes.ts")> =>
  loading(import("./admin/nodes.ts"));

export type { Arrival, ClusterNode, MovingPartition } from "./admin/nodes.ts";

export type { Finding } from "./finding.ts";

/** Why a client cannot work with a cluster, for tools. */
export const loadDiagnosis = (): Promise<typeof import("./diagnosis.ts")> =>
  loading(import("./diagnosis.ts"));

export type { FeatureChange } from "./admin/features.ts";

/** Features, for tools: list, have at another level. */
export const loadFeatureAdmin = (): Promise<typeof import("./admin/features.ts")> =>
  loading(import("./admin/features.ts"));

/** Delegation tokens, for tools: make, list, renew, let expire. */
export const loadTokenAdmin = (): Promise<typeof import("./admin/tokens.ts")> =>
  loading(import("./admin/tokens.ts"));

/** Who keeps the metadata, for tools. */
export const loadQuorumAdmin = (): Promise<typeof import("./admin/quorum.ts")> =>
  loading(import("./admin/quorum.ts"));
