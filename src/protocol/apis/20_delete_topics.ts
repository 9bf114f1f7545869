// DeleteTopics (key 20). Deletes topics, each with its own result.
//
//   v1    throttle time (KIP-124)
//   v2    answered before throttling (KIP-219)
//   v3    may answer TOPIC_DELETION_DISABLED
//   v4    flexible (KIP-482)
//   v5    error messages; may answer THROTTLING_QUOTA_EXCEEDED (KIP-599)
//   v6    by name or by topic id (KIP-516)

import {
  about,
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
import { topicAccess } from "../shared_errors.ts";

export const DeleteTopics = api({
  key: 20,
  name: "DeleteTopics",
  versions: "0-6",
  flexible: "4+",
  about: "Deletes topics with all their records, each with its own result.",
  errors: {
    responses: {
      ...topicAccess,
      THROTTLING_QUOTA_EXCEEDED: "the client has used up its quota of changes",
      UNKNOWN_TOPIC_OR_PARTITION: "no topic has this name",
      UNKNOWN_TOPIC_ID: "no topic has this id",
      INVALID_TOPIC_EXCEPTION: "the topic is the broker's own, or no topic can have this name",
      INVALID_REQUEST: "the topic stands in the request twice, or by both name and id",
      TOPIC_DELETION_DISABLED: "the broker's delete.topic.enable is off",
      KAFKA_STORAGE_ERROR: "the change could not be written to disk",
    },
  },
  request: {
    topics: about(
      "The topics to delete, by name or by id",
      from(
        6,
        essential(
          array({
            name: about("The name; null where the id is given", nullableString),
            topicId: uuid,
          }),
        ),
      ),
    ),
    topicNames: about("The topics to delete", until(5, array(string))),
    timeoutMs: about("How long to wait until the topics are gone", int32),
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
