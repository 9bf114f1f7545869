// DeleteShareGroupState (key 86). From the group's coordinator to the one of its share state:
// forget it (KIP-932).

import {
  api,
  array,
  errorCode,
  nullableString,
  partitionId,
  type RequestOf,
  type ResponseOf,
  string,
  uuid,
} from "../schema.ts";
import { shareStateErrors } from "../shared_errors.ts";

export const DeleteShareGroupState = api({
  key: 86,
  name: "DeleteShareGroupState",
  versions: "0",
  flexible: "0+",
  about: "Forgets the state of partitions in a share group.",
  errors: {
    partitions: {
      ...shareStateErrors,
    },
  },
  request: {
    groupId: string,
    topics: array({ topicId: uuid, partitions: array({ partition: partitionId }) }),
  },
  response: {
    results: array({
      topicId: uuid,
      partitions: array({ partition: partitionId, errorCode, errorMessage: nullableString }),
    }),
  },
});

export type DeleteShareGroupStateRequest = RequestOf<typeof DeleteShareGroupState>;
export type DeleteShareGroupStateResponse = ResponseOf<typeof DeleteShareGroupState>;
