// The well-known numbers of tables as fields, with the words that people know them by: trace lines
// and docs/protocol.md show the words. Kafka's tools print most of them the same way.

import { boolean, type Field, int16, int32, int64, int8, type Words, words } from "./types.ts";

type Int8 = Field<number, number, false>;
type Int32 = Field<number, number, false>;

/** How many replicas must have a batch before a producer is answered. */
export const acks: Field<number, number, false> = words({ [-1]: "all" }, int16);

/** Whether a consumer sees what open or aborted transactions have written (KIP-98). */
export const isolationLevel: Int8 = words({ 0: "read_uncommitted", 1: "read_committed" }, int8);

/** A time, or a place in a log that has a name (KIP-79, 405, 734, 1005, 1023). */
export const timestampOrPlace: typeof int64 = words({
  [-1]: "latest",
  [-2]: "earliest",
  [-3]: "max_timestamp",
  [-4]: "earliest_local",
  [-5]: "latest_tiered",
  [-6]: "earliest_pending_upload",
}, int64);

/** What a coordinator is looked for. */
export const coordinatorKeyType: Int8 = words({ 0: "group", 1: "transaction", 2: "share" }, int8);

/** What has a configuration. */
const configResourceTypes: Words = {
  0: "unknown",
  2: "topic",
  4: "broker",
  8: "broker_logger",
  16: "client_metrics",
  32: "group",
};
export const configResourceType: Int8 = words(configResourceTypes, int8);

/** Which of its sources a configuration value comes from (KIP-226). */
export const configSource: Int8 = words({
  0: "unknown",
  1: "dynamic_topic",
  2: "dynamic_broker",
  3: "dynamic_default_broker",
  4: "static_broker",
  5: "default",
  6: "dynamic_broker_logger",
  7: "client_metrics",
  8: "group",
}, int8);

/** The type of a configuration value (KIP-569). */
export const configType: Int8 = words({
  0: "unknown",
  1: "boolean",
  2: "string",
  3: "int",
  4: "short",
  5: "long",
  6: "double",
  7: "list",
  8: "class",
  9: "password",
}, int8);

/** What is done with a configuration key (KIP-339). */
export const configOperation: Int8 = words({
  0: "set",
  1: "delete",
  2: "append",
  3: "subtract",
}, int8);

/** What an access rule is about: not the numbers of {@link configResourceType}. */
export const aclResourceType: Int8 = words({
  0: "unknown",
  1: "any",
  2: "topic",
  3: "group",
  4: "cluster",
  5: "transactional_id",
  6: "delegation_token",
  7: "user",
}, int8);

/** How the name of an access rule is compared (KIP-290). */
export const patternType: Int8 = words({
  0: "unknown",
  1: "any",
  2: "match",
  3: "literal",
  4: "prefixed",
}, int8);

/** What an access rule allows or denies. */
export const aclOperation: Int8 = words({
  0: "unknown",
  1: "any",
  2: "all",
  3: "read",
  4: "write",
  5: "create",
  6: "delete",
  7: "alter",
  8: "describe",
  9: "cluster_action",
  10: "describe_configs",
  11: "alter_configs",
  12: "idempotent_write",
  13: "create_tokens",
  14: "describe_tokens",
  15: "two_phase_commit",
}, int8);

/** Whether an access rule allows or denies. */
export const permissionType: Int8 = words({
  0: "unknown",
  1: "any",
  2: "deny",
  3: "allow",
}, int8);

/** Which leader an election looks for (KIP-460). */
export const electionType: Int8 = words({ 0: "preferred", 1: "unclean" }, int8);

/** What nodes an address leads to (KIP-919). */
export const endpointType: Int8 = words({ 1: "brokers", 2: "controllers" }, int8);

/** How a transaction ends. */
export const ending: Field<boolean, boolean, false> = words({ 0: "abort", 1: "commit" }, boolean);

/** A mechanism of SCRAM (KIP-554). */
export const scramMechanism: Int8 = words({
  0: "unknown",
  1: "SCRAM-SHA-256",
  2: "SCRAM-SHA-512",
}, int8);

/** How far an update of a feature may go down (KIP-778). */
export const upgradeType: Int8 = words({
  1: "upgrade",
  2: "safe_downgrade",
  3: "unsafe_downgrade",
}, int8);

/** How a filter of quotas compares a name (KIP-546). */
export const quotaMatchType: Int8 = words({ 0: "exact", 1: "default", 2: "any_named" }, int8);

/** How bytes are compressed. */
export const compressionType: Int8 = words({
  0: "none",
  1: "gzip",
  2: "snappy",
  3: "lz4",
  4: "zstd",
}, int8);

/** Whether a bound on records may be exceeded by the rest of a batch (KIP-1206). */
export const shareAcquireMode: Int8 = words({ 0: "batch_optimized", 1: "record_limit" }, int8);

/** What a member of a share group says of a record (KIP-932, KIP-1222). */
export const acknowledgeType: Int8 = words({
  0: "gap",
  1: "accept",
  2: "release",
  3: "reject",
  4: "renew",
}, int8);

/** What has become of records, as the share coordinator keeps it (KIP-932). */
export const deliveryState: Int8 = words(
  { 0: "available", 2: "acknowledged", 4: "archived" },
  int8,
);

/** The epoch that a member of a group says it is at: by some it does something else (KIP-848). */
export const spokenEpoch: Int32 = words({
  0: "join",
  [-1]: "leave",
  [-2]: "leave_for_a_while",
}, int32);

/** The count of a share session's requests (KIP-932). */
export const shareSessionEpoch: Int32 = words({ 0: "begin", [-1]: "end" }, int32);

/** The protocol that a member of a consumer group speaks (KIP-848). */
export const memberType: Int8 = words({ [-1]: "unknown", 0: "classic", 1: "consumer" }, int8);

/** What keeps a streams group from working, or should end it (KIP-1071). */
export const streamsStatus: Int8 = words({
  0: "stale_topology",
  1: "missing_source_topics",
  2: "incorrectly_partitioned_topics",
  3: "missing_internal_topics",
  4: "shutdown_application",
  5: "assignment_delayed",
  6: "missing_client_tags",
}, int8);

/** Whether a streams group's topology is described (KIP-1331). */
export const topologyDescriptionStatus: Int8 = words({
  0: "not_requested",
  1: "not_stored",
  2: "error",
  3: "available",
}, int8);

/** What a node of a topology does (KIP-1331). */
export const topologyNodeType: Int8 = words({ 1: "source", 2: "processor", 3: "sink" }, int8);
