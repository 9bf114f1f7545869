// AlterShareGroupOffsets (key 91). Sets where an empty share group starts (KIP-932).

import {
  api,
  array,
  errorCode,
  nullableString,
  offset,
  partitionId,
  type RequestOf,
  type ResponseOf,
  string,
  throttleTimeMs,
  uuid,
} from "../schema.ts";
import { coordinatorErrors, groupAccess, shareStateErrors, topicAccess } from "../shared_errors.ts";

export const AlterShareGroupOffsets = api({
  key: 91,
  name: "AlterShareGroupOffsets",
  versions: "0",
  flexible: "0+",
  about: "Has a share group without members start elsewhere.",
  errors: {
    response: {
      ...groupAccess,
      ...coordinatorErrors,
      GROUP_ID_NOT_FOUND: "there is no such share group",
      INVALID_GROUP_ID: "the group id is invalid",
      NON_EMPTY_GROUP: "the group has members",
      UNSUPPORTED_VERSION: "share groups are turned off",
    },
    partitions: { ...topicAccess, ...shareStateErrors },
  },
  request: {
    groupId: string,
    topics: array({
      topicName: string,
      partitions: array({ partitionIndex: partitionId, startOffset: offset }),
    }),
  },
  response: {
    throttleTimeMs,
    errorCode,
    errorMessage: nullableString,
    responses: array({
      topicName: string,
      topicId: uuid,
      partitions: array({ partitionIndex: partitionId, errorCode, errorMessage: nullableString }),
    }),
  },
});

export type AlterShareGroupOffsetsRequest = RequestOf<typeof AlterShareGroupOffsets>;
export type AlterShareGroupOffsetsResponse = ResponseOf<typeof AlterShareGroupOffsets>;
