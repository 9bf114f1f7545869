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

export const DeleteShareGroupOffsets = api({
  key: 92,
  name: "DeleteShareGroupOffsets",
  versions: "0",
  flexible: "0+",
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
