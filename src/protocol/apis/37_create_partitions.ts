// CreatePartitions (key 37). Adds partitions to topics; `count` is the new total (KIP-195).
//
//   v1    answered before throttling (KIP-219)
//   v2    flexible (KIP-482)
//   v3    may answer THROTTLING_QUOTA_EXCEEDED (KIP-599)

import {
  about,
  api,
  array,
  boolean,
  brokerId,
  errorCode,
  int32,
  nullable,
  nullableString,
  type RequestOf,
  type ResponseOf,
  string,
  throttleTimeMs,
} from "../schema.ts";
import { topicAccess } from "../shared_errors.ts";

export const CreatePartitions = api({
  key: 37,
  name: "CreatePartitions",
  versions: "0-3",
  flexible: "2+",
  about: "Adds partitions to topics.",
  errors: {
    results: {
      ...topicAccess,
      THROTTLING_QUOTA_EXCEEDED: "the client has used up its quota of changes",
      UNKNOWN_TOPIC_OR_PARTITION: "there is no such topic",
      INVALID_TOPIC_EXCEPTION: "no topic can have this name, or the topic is the broker's own",
      INVALID_PARTITIONS: "the topic has as many partitions already, or would get too many",
      INVALID_REPLICATION_FACTOR: "there are fewer brokers than replicas",
      INVALID_REPLICA_ASSIGNMENT: "the assignment does not fit the number of new partitions",
      INVALID_REQUEST: "the topic stands in the request twice",
      POLICY_VIOLATION: "there would be more partitions than the broker allows",
      KAFKA_STORAGE_ERROR: "the change could not be written to disk",
    },
  },
  request: {
    topics: about(
      "The topics that are to grow",
      array({
        name: string,
        count: about("How many partitions the topic is to have in the end", int32),
        assignments: about(
          "Which brokers get each new partition; null leaves it to the broker",
          nullable(array({ brokerIds: about("The brokers that get a replica", array(brokerId)) })),
        ),
      }),
    ),
    timeoutMs: about("How long to wait until they are there", int32),
    validateOnly: about("Only say whether it would work", boolean),
  },
  response: {
    throttleTimeMs,
    results: array({ name: string, errorCode, errorMessage: nullableString }),
  },
});

export type CreatePartitionsRequest = RequestOf<typeof CreatePartitions>;
export type CreatePartitionsResponse = ResponseOf<typeof CreatePartitions>;
