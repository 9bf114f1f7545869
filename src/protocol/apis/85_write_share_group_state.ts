// WriteShareGroupState (key 85). From a partition's leader to the share coordinator: state to keep
// (KIP-932).
//
//   v1    how many records past the start are done with, for the lag (KIP-1226)

import {
  api,
  array,
  defaultsTo,
  errorCode,
  from,
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

export const WriteShareGroupState = api({
  key: 85,
  name: "WriteShareGroupState",
  versions: "0-1",
  flexible: "0+",
  about: "Keeps what a share group did with the records of partitions.",
  errors: {
    partitions: {
      ...shareStateErrors,
      FENCED_LEADER_EPOCH: "a newer leader has read or written the state",
      FENCED_STATE_EPOCH: "the state has begun anew since",
    },
  },
  request: {
    groupId: string,
    topics: array({
      topicId: uuid,
      partitions: array({
        partition: partitionId,
        stateEpoch: int32,
        leaderEpoch,
        startOffset: offset,
        deliveryCompleteCount: from(1, defaultsTo(-1, int32)),
        stateBatches: array({
          firstOffset: offset,
          lastOffset: offset,
          deliveryState,
          deliveryCount: int16,
        }),
      }),
    }),
  },
  response: {
    results: array({
      topicId: uuid,
      partitions: array({ partition: partitionId, errorCode, errorMessage: nullableString }),
    }),
  },
});

export type WriteShareGroupStateRequest = RequestOf<typeof WriteShareGroupState>;
export type WriteShareGroupStateResponse = ResponseOf<typeof WriteShareGroupState>;
