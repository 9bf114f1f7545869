// Records of __transaction_state (KIP-98), framed as in record_framing.ts: for each transactional
// id its producer, the state of its transaction and the partitions in it.
//
// Version 1 of the value is flexible (KIP-915); its tags are of the second transaction protocol
// (KIP-890), where each transaction has an epoch of its own.

import {
  array,
  defaultsTo,
  essential,
  int16,
  int32,
  int64,
  int8,
  nullable,
  partitionId,
  producerId,
  record,
  string,
  tagged,
} from "../../protocol/schema.ts";

export const TransactionLogKey = record({
  key: 0,
  name: "TransactionLogKey",
  versions: "0",
  flexible: "none",
  fields: { transactionalId: string },
});

export const TransactionLogValue = record({
  key: 0,
  name: "TransactionLogValue",
  versions: "0-1",
  flexible: "1+",
  fields: {
    producerId,
    previousProducerId: tagged(0, 1, essential(defaultsTo(-1, producerId))),
    nextProducerId: tagged(1, 1, essential(defaultsTo(-1, producerId))),
    producerEpoch: int16,
    nextProducerEpoch: tagged(3, 1, essential(defaultsTo(-1, int16))),
    transactionTimeoutMs: int32,
    transactionStatus: int8,
    transactionPartitions: nullable(array({ topic: string, partitionIds: array(partitionId) })),
    transactionLastUpdateTimestampMs: int64,
    transactionStartTimestampMs: int64,
    clientTransactionVersion: tagged(2, 1, essential(int16)),
  },
});
