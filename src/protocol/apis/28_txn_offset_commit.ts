// TxnOffsetCommit (key 28). Offsets that count once the producer's transaction commits (KIP-98).
//
//   v1    answered before throttling (KIP-219)
//   v2    leader epoch of the record before the offset (KIP-320)
//   v3    flexible; the consumer's member id, instance id and generation, for fencing (KIP-447)
//   v4    may answer TRANSACTION_ABORTABLE (KIP-890)
//   v5    adds the group to the transaction as well (KIP-890)
//   v6    topic ids in place of names (KIP-1319)

import {
  about,
  api,
  array,
  defaultsTo,
  errorCode,
  essential,
  from,
  int16,
  int32,
  leaderEpoch,
  nullable,
  nullableString,
  offset,
  partitionId,
  producerId,
  type RequestOf,
  type ResponseOf,
  string,
  throttleTimeMs,
  until,
  uuid,
} from "../schema.ts";
import { coordinatorErrors, memberErrors } from "../shared_errors.ts";

export const TxnOffsetCommit = api({
  key: 28,
  name: "TxnOffsetCommit",
  versions: "0-6",
  flexible: "3+",
  about: "Stores how far a group has read, for when the producer's transaction commits.",
  errors: {
    partitions: {
      ...coordinatorErrors,
      ...memberErrors,
      REBALANCE_IN_PROGRESS: "the group rebalances: rejoin, then commit",
      INVALID_GROUP_ID: "the group id is invalid",
      UNKNOWN_TOPIC_OR_PARTITION: "there is no such topic or partition",
      UNKNOWN_TOPIC_ID: "there is no topic of this id",
      OFFSET_METADATA_TOO_LARGE: "the metadata is longer than offset.metadata.max.bytes",
      INVALID_COMMIT_OFFSET_SIZE: "offset and metadata are too large to be stored",
      INVALID_REQUEST: "the transactional id is empty",
      INVALID_PRODUCER_ID_MAPPING: "the transactional id has another producer id, or none",
      INVALID_PRODUCER_EPOCH: "a newer instance of the producer has taken over",
      INVALID_TXN_STATE: "the group was not added to the transaction",
      TRANSACTION_ABORTABLE: "the same, to clients of version 4",
      CONCURRENT_TRANSACTIONS: "the transaction before this one is being ended: ask again",
      TRANSACTIONAL_ID_AUTHORIZATION_FAILED: "the client may not use the transactional id",
      GROUP_AUTHORIZATION_FAILED: "the client may not read as the group",
      TOPIC_AUTHORIZATION_FAILED: "the client may not read the topic",
      UNSUPPORTED_VERSION: "a member of the consumer protocol needs a newer version",
      KAFKA_STORAGE_ERROR: "the offset could not be written to disk",
    },
  },
  request: {
    transactionalId: about("The name of the producer over its restarts", string),
    groupId: string,
    producerId,
    producerEpoch: int16,
    generationIdOrMemberEpoch: about(
      "The generation that the member is of; -1 is a client that manages without",
      from(3, essential(defaultsTo(-1, int32))),
    ),
    memberId: from(3, essential(string)),
    groupInstanceId: from(3, essential(nullableString)),
    topics: array({
      name: until(5, string),
      topicId: from(6, uuid),
      partitions: array({
        partitionIndex: partitionId,
        committedOffset: about("The next offset to be read", offset),
        committedLeaderEpoch: about(
          "The epoch of the last record that was read; -1 is unknown",
          from(2, defaultsTo(-1, leaderEpoch)),
        ),
        committedMetadata: about("What the client wants to remember beside it", nullable(string)),
      }),
    }),
  },
  response: {
    throttleTimeMs,
    topics: array({
      name: until(5, string),
      topicId: from(6, uuid),
      partitions: array({ partitionIndex: partitionId, errorCode }),
    }),
  },
});

export type TxnOffsetCommitRequest = RequestOf<typeof TxnOffsetCommit>;
export type TxnOffsetCommitResponse = ResponseOf<typeof TxnOffsetCommit>;
