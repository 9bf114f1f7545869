// ReadShareGroupState (key 84). From a partition's leader to the share coordinator: the kept state
// (KIP-932).

import {
  api,
  array,
  errorCode,
  int16,
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
import { deliveryState } from "../words.ts";

export const ReadShareGroupState = api({
  key: 84,
  name: "ReadShareGroupState",
  versions: "0",
  flexible: "0+",
  about: "Reads what a share group did with the records of partitions.",
  errors: {
    partitions: {
      ...shareStateErrors,
      FENCED_LEADER_EPOCH: "a newer leader has read or written the state",
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
        startOffset: offset,
        stateBatches: array({
          firstOffset: offset,
          lastOffset: offset,
          deliveryState,
          deliveryCount: int16,
        }),
      }),
    }),
  },
});

export type ReadShareGroupStateRequest = RequestOf<typeof ReadShareGroupState>;
export type ReadShareGroupStateResponse = ResponseOf<typeof ReadShareGroupState>;
