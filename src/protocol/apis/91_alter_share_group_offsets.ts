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

export const AlterShareGroupOffsets = api({
  key: 91,
  name: "AlterShareGroupOffsets",
  versions: "0",
  flexible: "0+",
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
