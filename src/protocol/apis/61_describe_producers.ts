// DescribeProducers (key 61). The idempotent and transactional producers of partitions (KIP-664).

import {
  api,
  array,
  defaultsTo,
  errorCode,
  int32,
  int64,
  nullableString,
  offset,
  partitionId,
  producerId,
  type RequestOf,
  type ResponseOf,
  string,
  throttleTimeMs,
} from "../schema.ts";

export const DescribeProducers = api({
  key: 61,
  name: "DescribeProducers",
  versions: "0",
  flexible: "0+",
  request: {
    topics: array({ name: string, partitionIndexes: array(partitionId) }),
  },
  response: {
    throttleTimeMs,
    topics: array({
      name: string,
      partitions: array({
        partitionIndex: partitionId,
        errorCode,
        errorMessage: nullableString,
        activeProducers: array({
          producerId,
          producerEpoch: int32,
          lastSequence: defaultsTo(-1, int32),
          lastTimestamp: defaultsTo(-1, int64),
          coordinatorEpoch: int32,
          currentTxnStartOffset: defaultsTo(-1, offset),
        }),
      }),
    }),
  },
});

export type DescribeProducersRequest = RequestOf<typeof DescribeProducers>;
export type DescribeProducersResponse = ResponseOf<typeof DescribeProducers>;
