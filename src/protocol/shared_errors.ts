// Errors that many APIs have in common, for the `errors` of their tables.

import type { LevelErrors } from "./schema.ts";

/** Of what needs access to topics. */
export const topicAccess = {
  TOPIC_AUTHORIZATION_FAILED: "the client may not do this with the topic",
} satisfies LevelErrors;

/** Of what needs access to groups. */
export const groupAccess = {
  GROUP_AUTHORIZATION_FAILED: "the client may not do this with the group",
} satisfies LevelErrors;

/** Of what needs access to the cluster. */
export const clusterAccess = {
  CLUSTER_AUTHORIZATION_FAILED: "the client may not do this with the cluster",
} satisfies LevelErrors;

/** Of whatever goes to a group's coordinator. */
export const coordinatorErrors = {
  COORDINATOR_NOT_AVAILABLE: "the coordinator cannot answer, or not store the change, for now",
  COORDINATOR_LOAD_IN_PROGRESS: "the coordinator is still reading its log: ask again",
  NOT_COORDINATOR: "another broker coordinates the group",
} satisfies LevelErrors;

/** Of what a member of a group does. */
export const memberErrors = {
  UNKNOWN_MEMBER_ID: "the group does not know the member: join anew",
  ILLEGAL_GENERATION: "the group has gone on to another generation: rejoin",
  FENCED_INSTANCE_ID: "another member has taken over the instance id",
} satisfies LevelErrors;

/** Of what goes to the leader of a partition. */
export const leaderErrors = {
  UNKNOWN_TOPIC_OR_PARTITION: "there is no such topic or partition",
  NOT_LEADER_OR_FOLLOWER: "another broker leads the partition",
  KAFKA_STORAGE_ERROR: "the partition's log cannot be read or written",
} satisfies LevelErrors;

/** Of a reader that says which leader epoch it believes in (KIP-320). */
export const leaderEpochErrors = {
  FENCED_LEADER_EPOCH: "the reader's leader epoch is old: get the metadata anew",
  UNKNOWN_LEADER_EPOCH: "the reader's leader epoch is newer than this broker's: ask again",
} satisfies LevelErrors;

/** Of OffsetFetch, at each of its levels. */
export const offsetFetchErrors = {
  ...groupAccess,
  ...topicAccess,
  ...coordinatorErrors,
  GROUP_ID_NOT_FOUND: "there is no such group",
  INVALID_GROUP_ID: "the group id is invalid",
  UNKNOWN_MEMBER_ID: "the group does not know the member",
  STALE_MEMBER_EPOCH: "the member has been given a newer epoch",
} satisfies LevelErrors;

/** Of FindCoordinator, at both of its levels. */
export const findCoordinatorErrors = {
  ...groupAccess,
  ...clusterAccess,
  TRANSACTIONAL_ID_AUTHORIZATION_FAILED: "the client may not use the transactional id",
  COORDINATOR_NOT_AVAILABLE: "the coordinator's topic is not there yet: ask again",
  INVALID_REQUEST: "the key or its type is invalid",
} satisfies LevelErrors;

/** Of whatever goes to the coordinator of a transactional id. */
export const transactionCoordinatorErrors = {
  COORDINATOR_NOT_AVAILABLE: "the coordinator cannot answer, or not store the change, for now",
  COORDINATOR_LOAD_IN_PROGRESS: "the coordinator is still reading its log: ask again",
  NOT_COORDINATOR: "another broker coordinates the transactional id",
} satisfies LevelErrors;

/** Of what a producer asks about its transaction. */
export const transactionErrors = {
  ...transactionCoordinatorErrors,
  INVALID_REQUEST: "the transactional id is empty",
  INVALID_PRODUCER_ID_MAPPING: "the transactional id has another producer id, or none",
  INVALID_PRODUCER_EPOCH: "a newer instance of the producer has taken over",
  PRODUCER_FENCED: "a newer instance of the producer has taken over, or it was timed out",
  CONCURRENT_TRANSACTIONS: "the transaction before this one is being ended: ask again",
  TRANSACTIONAL_ID_AUTHORIZATION_FAILED: "the client may not use the transactional id",
} satisfies LevelErrors;

/** Of requests about the state of share partitions. */
export const shareStateErrors = {
  ...clusterAccess,
  ...coordinatorErrors,
  INVALID_REQUEST: "a number is out of bounds, or no state was ever kept",
  UNKNOWN_TOPIC_OR_PARTITION: "there is no such topic or partition",
} satisfies LevelErrors;

/** Of what members of share groups ask of a whole request. */
export const shareSessionErrors = {
  INVALID_REQUEST: "the request contradicts itself, or names no group or member",
  UNSUPPORTED_VERSION: "share groups are turned off: share.version is 0",
  GROUP_AUTHORIZATION_FAILED: "the client may not read with this group",
  SHARE_SESSION_NOT_FOUND: "the member has no share session here: begin one",
  INVALID_SHARE_SESSION_EPOCH: "a request of the share session was lost or repeated",
} satisfies LevelErrors;

/** Of what they say and ask of each partition. */
export const sharePartitionErrors = {
  ...leaderErrors,
  COORDINATOR_NOT_AVAILABLE: "what the group does cannot be stored for now: try again",
  INVALID_RECORD_STATE: "the member does not hold all of these records",
  INVALID_REQUEST: "an acknowledgement is out of order, out of bounds or of an unknown type",
  TOPIC_AUTHORIZATION_FAILED: "the client may not read the topic",
  UNKNOWN_TOPIC_ID: "no topic has this id",
  UNKNOWN_SERVER_ERROR: "the group has not been given the partition, or the broker has failed",
} satisfies LevelErrors;
