// ReadShareGroupStateSummary (key 87). From the group's coordinator to the one of its share state:
// where partitions stand, without the batches (KIP-932).
//
//   v1    how many records past the start are done with, for the lag (KIP-1226)

import {
  api,
  array,
  defaultsTo,
  errorCode,
  from,
  int32,
  leaderEpoch,
  nullableString,
  offset,
  partitionId,
  type RequestOf,
  type ResponseOf,
  string,
  uuid,
} from "../schema.ts";
import { shareStateErrors } from "../shared_errors.ts";

export const ReadShareGroupStateSummary = api({
  key: 87,
  name: "ReadShareGroupStateSummary",
  versions: "0-1",
  flexible: "0+",
  about: "Reads where a share group starts in partitions.",
  errors: {
    partitions: {
      ...shareStateErrors,
    },
  },
  request: {
    groupId: string,
    topics: array({
      topicId: uuid,
      partitions: array({ partition: partitionId, leaderEpoch }),
    }),
  },
  response: {
    results: array({
      topicId: uuid,
      partitions: array({
        partition: partitionId,
        errorCode,
        errorMessage: nullableString,
        stateEpoch: int32,
        leaderEpoch,
        startOffset: offset,
        deliveryCompleteCount: from(1, defaultsTo(-1, int32)),
      }),
    }),
  },
});

export type ReadShareGroupStateSummaryRequest = RequestOf<typeof ReadShareGroupStateSummary>;
export type ReadShareGroupStateSummaryResponse = ResponseOf<typeof ReadShareGroupStateSummary>;
