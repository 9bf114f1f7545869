// OffsetDelete (key 47). Deletes committed offsets of a group (KIP-496). One version, not flexible.

import {
  api,
  array,
  errorCode,
  partitionId,
  type RequestOf,
  type ResponseOf,
  string,
  throttleTimeMs,
} from "../schema.ts";
import { coordinatorErrors, groupAccess, topicAccess } from "../shared_errors.ts";

export const OffsetDelete = api({
  key: 47,
  name: "OffsetDelete",
  versions: "0",
  flexible: "none",
  about: "Deletes offsets that a group has committed.",
  errors: {
    response: {
      ...groupAccess,
      ...coordinatorErrors,
      GROUP_ID_NOT_FOUND: "there is no such group",
      NON_EMPTY_GROUP: "the group has members, and is none of consumers",
      INVALID_GROUP_ID: "the group id is invalid",
      KAFKA_STORAGE_ERROR: "the change could not be written to disk",
    },
    partitions: {
      ...topicAccess,
      UNKNOWN_TOPIC_OR_PARTITION: "there is no such topic or partition",
      GROUP_SUBSCRIBED_TO_TOPIC: "members of the group read the topic",
    },
  },
  request: {
    groupId: string,
    topics: array({
      name: string,
      partitions: array({ partitionIndex: partitionId }),
    }),
  },
  response: {
    errorCode,
    throttleTimeMs,
    topics: array({
      name: string,
      partitions: array({ partitionIndex: partitionId, errorCode }),
    }),
  },
});

export type OffsetDeleteRequest = RequestOf<typeof OffsetDelete>;
export type OffsetDeleteResponse = ResponseOf<typeof OffsetDelete>;
