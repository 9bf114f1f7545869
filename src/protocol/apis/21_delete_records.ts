// DeleteRecords (key 21). Moves the start of partitions up to an offset (KIP-107); -1 is the high
// watermark.
//
//   v1    answered before throttling (KIP-219)
//   v2    flexible (KIP-482)

import {
  about,
  api,
  array,
  errorCode,
  int32,
  offset,
  partitionId,
  type RequestOf,
  type ResponseOf,
  string,
  throttleTimeMs,
} from "../schema.ts";
import { leaderErrors, topicAccess } from "../shared_errors.ts";

export const DeleteRecords = api({
  key: 21,
  name: "DeleteRecords",
  versions: "0-2",
  flexible: "2+",
  about: "Deletes the records of partitions up to an offset.",
  errors: {
    partitions: {
      ...topicAccess,
      ...leaderErrors,
      OFFSET_OUT_OF_RANGE: "the log ends before the offset",
      POLICY_VIOLATION: "the topic is compacted only: its records do not end by age",
      INVALID_TOPIC_EXCEPTION: "the topic is the broker's own",
      REQUEST_TIMED_OUT: "a replica in sync has not heard of it in time, or too few are in sync",
    },
  },
  request: {
    topics: array({
      name: string,
      partitions: array({
        partitionIndex: partitionId,
        offset: about("The first record to keep; -1 is the high watermark", offset),
      }),
    }),
    timeoutMs: about("How long to wait for the other replicas", int32),
  },
  response: {
    throttleTimeMs,
    topics: array({
      name: string,
      partitions: array({
        partitionIndex: partitionId,
        lowWatermark: about("The first offset that all replicas still have", offset),
        errorCode,
      }),
    }),
  },
});

export type DeleteRecordsRequest = RequestOf<typeof DeleteRecords>;
export type DeleteRecordsResponse = ResponseOf<typeof DeleteRecords>;
