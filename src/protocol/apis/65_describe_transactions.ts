// DescribeTransactions (key 65). The state of transactions, by transactional id (KIP-664).

import {
  api,
  array,
  errorCode,
  int16,
  int32,
  int64,
  partitionId,
  producerId,
  type RequestOf,
  type ResponseOf,
  string,
  throttleTimeMs,
} from "../schema.ts";

export const DescribeTransactions = api({
  key: 65,
  name: "DescribeTransactions",
  versions: "0",
  flexible: "0+",
  request: { transactionalIds: array(string) },
  response: {
    throttleTimeMs,
    transactionStates: array({
      errorCode,
      transactionalId: string,
      transactionState: string,
      transactionTimeoutMs: int32,
      transactionStartTimeMs: int64,
      producerId,
      producerEpoch: int16,
      topics: array({ topic: string, partitions: array(partitionId) }),
    }),
  },
});

export type DescribeTransactionsRequest = RequestOf<typeof DescribeTransactions>;
export type DescribeTransactionsResponse = ResponseOf<typeof DescribeTransactions>;
