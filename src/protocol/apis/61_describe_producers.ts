// DescribeProducers (key 61). The idempotent and transactional producers of partitions (KIP-664).

import {
  about,
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
import { leaderErrors, topicAccess } from "../shared_errors.ts";

export const DescribeProducers = api({
  key: 61,
  name: "DescribeProducers",
  versions: "0",
  flexible: "0+",
  about: "Tells the idempotent and transactional producers that partitions know.",
  errors: {
    partitions: {
      ...topicAccess,
      ...leaderErrors,
      INVALID_TOPIC_EXCEPTION: "no topic can have this name",
    },
  },
  request: {
    topics: array({
      name: string,
      partitionIndexes: about("The numbers of the partitions", array(partitionId)),
    }),
  },
  response: {
    throttleTimeMs,
    topics: array({
      name: string,
      partitions: array({
        partitionIndex: partitionId,
        errorCode,
        errorMessage: nullableString,
        activeProducers: about(
          "The producers that the partition remembers",
          array({
            producerId,
            producerEpoch: int32,
            lastSequence: about(
              "The number of its last record; -1 is unknown",
              defaultsTo(-1, int32),
            ),
            lastTimestamp: about(
              "The time of its last batch; -1 is unknown",
              defaultsTo(-1, int64),
            ),
            coordinatorEpoch: about("The epoch of the coordinator that last wrote a marker", int32),
            currentTxnStartOffset: about(
              "Where its open transaction begins; -1 is none",
              defaultsTo(-1, offset),
            ),
          }),
        ),
      }),
    }),
  },
});

export type DescribeProducersRequest = RequestOf<typeof DescribeProducers>;
export type DescribeProducersResponse = ResponseOf<typeof DescribeProducers>;
