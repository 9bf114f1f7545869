// DeleteShareGroupOffsets (key 92). Lets an empty share group forget topics (KIP-932).

import {
  api,
  array,
  errorCode,
  nullableString,
  type RequestOf,
  type ResponseOf,
  string,
  throttleTimeMs,
  uuid,
} from "../schema.ts";
import { coordinatorErrors, groupAccess, shareStateErrors, topicAccess } from "../shared_errors.ts";

export const DeleteShareGroupOffsets = api({
  key: 92,
  name: "DeleteShareGroupOffsets",
  versions: "0",
  flexible: "0+",
  about: "Has a share group without members forget what it did in topics.",
  errors: {
    response: {
      ...groupAccess,
      ...coordinatorErrors,
      GROUP_ID_NOT_FOUND: "there is no such share group",
      INVALID_GROUP_ID: "the group id is invalid",
      NON_EMPTY_GROUP: "the group has members",
      UNSUPPORTED_VERSION: "share groups are turned off",
    },
    responses: { ...topicAccess, ...shareStateErrors },
  },
  request: { groupId: string, topics: array({ topicName: string }) },
  response: {
    throttleTimeMs,
    errorCode,
    errorMessage: nullableString,
    responses: array({
      topicName: string,
      topicId: uuid,
      errorCode,
      errorMessage: nullableString,
    }),
  },
});

export type DeleteShareGroupOffsetsRequest = RequestOf<typeof DeleteShareGroupOffsets>;
export type DeleteShareGroupOffsetsResponse = ResponseOf<typeof DeleteShareGroupOffsets>;
