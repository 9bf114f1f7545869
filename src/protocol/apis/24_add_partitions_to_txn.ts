// AddPartitionsToTxn (key 24). Partitions become part of a producer's transaction (KIP-98).
//
//   v1    answered before throttling (KIP-219)
//   v2    may answer PRODUCER_FENCED (KIP-588)
//   v3    flexible (KIP-482)
//   v4    between brokers: many transactions at once, and only asking what they hold (KIP-890)
//   v5    may answer TRANSACTION_ABORTABLE (KIP-890)
//
// Up to version 3 a request has one transaction, in fields of its own; from 4 on a list of them.

import {
  about,
  api,
  array,
  boolean,
  errorCode,
  essential,
  from,
  int16,
  partitionId,
  producerId,
  type RequestOf,
  type ResponseOf,
  string,
  throttleTimeMs,
  until,
} from "../schema.ts";
import { transactionErrors } from "../shared_errors.ts";

const addPartitionsToTxnTopic = {
  name: string,
  partitions: about("The numbers of the partitions", array(partitionId)),
};

const addPartitionsToTxnTransaction = {
  transactionalId: about("The name of the producer over its restarts", string),
  producerId,
  producerEpoch: int16,
  verifyOnly: about("Whether to ask only which of them are in the transaction", boolean),
  topics: array(addPartitionsToTxnTopic),
};

const addPartitionsToTxnPartitionResult = {
  partitionIndex: partitionId,
  partitionErrorCode: about("What came of this partition", errorCode),
};

const addPartitionsToTxnTopicResult = {
  name: string,
  resultsByPartition: about("Its partitions", array(addPartitionsToTxnPartitionResult)),
};

const addPartitionsToTxnResult = {
  transactionalId: about("The name of the producer", string),
  topicResults: about("The topics of the transaction", array(addPartitionsToTxnTopicResult)),
};

export const AddPartitionsToTxn = api({
  key: 24,
  name: "AddPartitionsToTxn",
  versions: "0-5",
  flexible: "3+",
  about: "Makes partitions part of a producer's transaction, before it writes to them.",
  errors: {
    response: {
      CLUSTER_AUTHORIZATION_FAILED: "only brokers may ask for many transactions at once",
      UNKNOWN_SERVER_ERROR: "the request could not be understood",
    },
    resultsByPartition: {
      ...transactionErrors,
      TRANSACTION_ABORTABLE: "it was only asked, and the partition is not in the transaction",
      INVALID_TXN_STATE: "the same, to clients of before version 5",
      UNKNOWN_TOPIC_OR_PARTITION: "there is no such topic or partition",
      TOPIC_AUTHORIZATION_FAILED: "the client may not write to the topic",
      OPERATION_NOT_ATTEMPTED: "another partition of the request was refused",
      UNKNOWN_SERVER_ERROR: "the coordinator could not store the change",
    },
  },
  request: {
    transactions: about(
      "The transactions, one by one",
      from(4, essential(array(addPartitionsToTxnTransaction))),
    ),
    v3AndBelowTransactionalId: about(
      "The name of the producer over its restarts",
      until(3, essential(string)),
    ),
    v3AndBelowProducerId: about("The id of the producer", until(3, essential(producerId))),
    v3AndBelowProducerEpoch: about("The epoch of the producer", until(3, essential(int16))),
    v3AndBelowTopics: about(
      "The topics that it is about to write to",
      until(3, essential(array(addPartitionsToTxnTopic))),
    ),
  },
  response: {
    throttleTimeMs,
    errorCode: from(4, errorCode),
    resultsByTransaction: about(
      "The transactions, as in the request",
      from(4, array(addPartitionsToTxnResult)),
    ),
    resultsByTopicV3AndBelow: about(
      "The topics, as in the request",
      until(3, array(addPartitionsToTxnTopicResult)),
    ),
  },
});

export type AddPartitionsToTxnRequest = RequestOf<typeof AddPartitionsToTxn>;
export type AddPartitionsToTxnResponse = ResponseOf<typeof AddPartitionsToTxn>;
