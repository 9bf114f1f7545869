// DeleteTopics (key 20). Deletes topics, each with its own result.
//
//   v1    throttle time (KIP-124)
//   v2    answered before throttling (KIP-219)
//   v3    may answer TOPIC_DELETION_DISABLED
//   v4    flexible (KIP-482)
//   v5    error messages; may answer THROTTLING_QUOTA_EXCEEDED (KIP-599)
//   v6    by name or by topic id (KIP-516)

import {
  api,
  array,
  errorCode,
  essential,
  from,
  int32,
  nullableFrom,
  nullableString,
  type RequestOf,
  type ResponseOf,
  string,
  until,
  uuid,
} from "../schema.ts";

export const DeleteTopics = api({
  key: 20,
  name: "DeleteTopics",
  versions: "0-6",
  flexible: "4+",
  request: {
    topics: from(6, essential(array({ name: nullableString, topicId: uuid }))),
    topicNames: until(5, array(string)),
    timeoutMs: int32,
  },
  response: {
    throttleTimeMs: from(1, int32),
    responses: array({
      name: nullableFrom(6, string),
      topicId: from(6, uuid),
      errorCode,
      errorMessage: from(5, nullableString),
    }),
  },
});

export type DeleteTopicsRequest = RequestOf<typeof DeleteTopics>;
export type DeleteTopicsResponse = ResponseOf<typeof DeleteTopics>;
