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

const addPartitionsToTxnTopic = { name: string, partitions: array(partitionId) };

const addPartitionsToTxnTransaction = {
  transactionalId: string,
  producerId,
  producerEpoch: int16,
  verifyOnly: boolean,
  topics: array(addPartitionsToTxnTopic),
};

const addPartitionsToTxnPartitionResult = {
  partitionIndex: partitionId,
  partitionErrorCode: errorCode,
};

const addPartitionsToTxnTopicResult = {
  name: string,
  resultsByPartition: array(addPartitionsToTxnPartitionResult),
};

const addPartitionsToTxnResult = {
  transactionalId: string,
  topicResults: array(addPartitionsToTxnTopicResult),
};

export const AddPartitionsToTxn = api({
  key: 24,
  name: "AddPartitionsToTxn",
  versions: "0-5",
  flexible: "3+",
  request: {
    transactions: from(4, essential(array(addPartitionsToTxnTransaction))),
    v3AndBelowTransactionalId: until(3, essential(string)),
    v3AndBelowProducerId: until(3, essential(producerId)),
    v3AndBelowProducerEpoch: until(3, essential(int16)),
    v3AndBelowTopics: until(3, essential(array(addPartitionsToTxnTopic))),
  },
  response: {
    throttleTimeMs,
    errorCode: from(4, errorCode),
    resultsByTransaction: from(4, array(addPartitionsToTxnResult)),
    resultsByTopicV3AndBelow: until(3, array(addPartitionsToTxnTopicResult)),
  },
});

export type AddPartitionsToTxnRequest = RequestOf<typeof AddPartitionsToTxn>;
export type AddPartitionsToTxnResponse = ResponseOf<typeof AddPartitionsToTxn>;
