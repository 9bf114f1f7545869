// Produce (key 0). Record batches for partitions that this broker leads.
//
//   v0-2  message sets of magic 0 and 1; v1 answers with the throttle time, v2 with the append
//         time (KIP-32)
//   v3    transactional id; only v2 batches from here on (KIP-98)
//   v4    may answer KAFKA_STORAGE_ERROR (KIP-112)
//   v5    log start offset in the answer
//   v6    answered before throttling (KIP-219)
//   v7    batches may be compressed with zstd (KIP-110)
//   v8    which record was refused, and why (KIP-467)
//   v9    flexible (KIP-482)
//   v10   the new leader and its address, as tags (KIP-951)
//   v11   may answer TRANSACTION_ABORTABLE (KIP-890)
//   v12   adds the partition to the producer's transaction (KIP-890)
//   v13   topic ids in place of names (KIP-516)
//
// A batch is bytes here; src/records knows what is in it.

import {
  about,
  acks,
  api,
  array,
  brokerId,
  defaultsTo,
  errorCode,
  essential,
  from,
  int32,
  int64,
  leaderEpoch,
  nullable,
  nullableString,
  offset,
  partitionId,
  records,
  type RequestOf,
  type ResponseOf,
  string,
  struct,
  tagged,
  until,
  uuid,
} from "../schema.ts";
import { leaderErrors, topicAccess } from "../shared_errors.ts";

const batchIndexAndErrorMessage = {
  batchIndex: about("The place of the record in its batch", int32),
  batchIndexErrorMessage: about("What is wrong with it", nullableString),
};

const leaderIdAndEpoch = {
  leaderId: defaultsTo(-1, brokerId),
  leaderEpoch: defaultsTo(-1, leaderEpoch),
};

const nodeEndpoint = { nodeId: brokerId, host: string, port: int32, rack: nullableString };

export const Produce = api({
  key: 0,
  name: "Produce",
  versions: "0-13",
  flexible: "9+",
  about: "Appends batches of records to partitions, and says at which offset each came to lie.",
  errors: {
    partitionResponses: {
      ...topicAccess,
      ...leaderErrors,
      CORRUPT_MESSAGE: "a batch is damaged, or empty",
      MESSAGE_TOO_LARGE: "a batch is larger than max.message.bytes of the topic",
      RECORD_LIST_TOO_LARGE: "a batch is larger than a segment",
      INVALID_TOPIC_EXCEPTION: "the topic is the broker's own: clients may not write to it",
      NOT_ENOUGH_REPLICAS: "fewer replicas are in sync than min.insync.replicas, at acks=all",
      INVALID_REQUIRED_ACKS: "acks is neither 0, 1 nor -1",
      INVALID_TIMESTAMP: "a timestamp is further from now than the topic allows",
      INVALID_RECORD: "a record breaks a rule, such as to have a key in a compacted topic",
      UNSUPPORTED_COMPRESSION_TYPE: "this version may not carry the batch's compression",
      OUT_OF_ORDER_SEQUENCE_NUMBER: "a batch of this producer before this one is missing",
      INVALID_PRODUCER_EPOCH: "a newer instance of the producer has taken over",
      INVALID_TXN_STATE: "the batch belongs to no transaction that is open here",
      TRANSACTION_ABORTABLE: "the transaction has to be aborted: it does not have the partition",
      CONCURRENT_TRANSACTIONS: "the producer's last transaction is still being ended: ask again",
      INVALID_PRODUCER_ID_MAPPING: "the producer is not that of the transactional id",
      TRANSACTIONAL_ID_AUTHORIZATION_FAILED: "records of a transaction whose id is not named",
      UNKNOWN_TOPIC_ID: "no topic has this id",
    },
  },
  request: {
    transactionalId: about(
      "The producer's transactional id; null outside of transactions",
      from(3, essential(nullableString)),
    ),
    acks: about(
      "When to answer: 0 never, 1 when the leader has it, all when every in-sync replica has",
      acks,
    ),
    timeoutMs: about("How long to wait for the other replicas", int32),
    topicData: array({
      name: until(12, string),
      topicId: from(13, uuid),
      partitionData: array({
        index: about("The number of the partition", partitionId),
        records: about("The batches, as docs/format.md draws them", nullable(records)),
      }),
    }),
  },
  response: {
    responses: array({
      name: until(12, string),
      topicId: from(13, uuid),
      partitionResponses: array({
        index: about("The number of the partition", partitionId),
        errorCode,
        baseOffset: about("The offset that the first record was given", offset),
        logAppendTimeMs: about(
          "The broker's time, where the topic stamps records with it; -1 elsewhere",
          from(2, defaultsTo(-1, int64)),
        ),
        logStartOffset: about(
          "The first offset that the partition still has",
          from(5, defaultsTo(-1, offset)),
        ),
        recordErrors: about(
          "Which records are to blame, where only some are",
          from(8, array(batchIndexAndErrorMessage)),
        ),
        errorMessage: from(8, nullableString),
        currentLeader: about(
          "Who leads the partition now, where it is not this broker",
          tagged(0, 10, struct(leaderIdAndEpoch)),
        ),
      }),
    }),
    throttleTimeMs: from(1, int32),
    nodeEndpoints: about(
      "The addresses of the leaders named above",
      tagged(0, 10, array(nodeEndpoint)),
    ),
  },
});

export type ProduceRequest = RequestOf<typeof Produce>;
export type ProduceResponse = ResponseOf<typeof Produce>;
