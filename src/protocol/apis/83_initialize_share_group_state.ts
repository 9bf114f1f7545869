// InitializeShareGroupState (key 83). From the group's coordinator to the one of its share state:
// begin to keep state for these partitions (KIP-932).

import {
  api,
  array,
  errorCode,
  int32,
  nullableString,
  offset,
  partitionId,
  type RequestOf,
  type ResponseOf,
  string,
  uuid,
} from "../schema.ts";
import { shareStateErrors } from "../shared_errors.ts";

export const InitializeShareGroupState = api({
  key: 83,
  name: "InitializeShareGroupState",
  versions: "0",
  flexible: "0+",
  about: "Begins to keep state of partitions in a share group.",
  errors: {
    partitions: {
      ...shareStateErrors,
      FENCED_STATE_EPOCH: "a newer state is kept",
    },
  },
  request: {
    groupId: string,
    topics: array({
      topicId: uuid,
      partitions: array({ partition: partitionId, stateEpoch: int32, startOffset: offset }),
    }),
  },
  response: {
    results: array({
      topicId: uuid,
      partitions: array({ partition: partitionId, errorCode, errorMessage: nullableString }),
    }),
  },
});

export type InitializeShareGroupStateRequest = RequestOf<typeof InitializeShareGroupState>;
export type InitializeShareGroupStateResponse = ResponseOf<typeof InitializeShareGroupState>;
