// CreateTopics (key 19). Creates topics, each with its own result.
//
//   v1    validateOnly; error messages
//   v2    throttle time (KIP-124)
//   v3    answered before throttling (KIP-219)
//   v4    -1 partitions or replicas mean the broker's default (KIP-464)
//   v5    flexible; partitions, replicas and configs in the answer (KIP-525)
//   v6    may answer THROTTLING_QUOTA_EXCEEDED (KIP-599)
//   v7    topic ids in the answer (KIP-516)

import {
  about,
  api,
  array,
  boolean,
  brokerId,
  configSource,
  configValue,
  defaultsTo,
  errorCode,
  essential,
  from,
  int16,
  int32,
  nullable,
  partitionId,
  type RequestOf,
  type ResponseOf,
  string,
  tagged,
  uuid,
} from "../schema.ts";
import { topicAccess } from "../shared_errors.ts";

const creatableTopicConfigs = {
  name: string,
  value: nullable(configValue),
  readOnly: boolean,
  configSource: about("Where the value comes from", defaultsTo(-1, configSource)),
  isSensitive: boolean,
};

export const CreateTopics = api({
  key: 19,
  name: "CreateTopics",
  versions: "0-7",
  flexible: "5+",
  about: "Creates topics, each with its own result.",
  errors: {
    topics: {
      ...topicAccess,
      THROTTLING_QUOTA_EXCEEDED: "the client has used up its quota of changes",
      TOPIC_ALREADY_EXISTS: "there is a topic of this name",
      INVALID_TOPIC_EXCEPTION: "no topic can have this name, or it is too like another's",
      INVALID_PARTITIONS: "the number of partitions is 0 or too large",
      INVALID_REPLICATION_FACTOR: "there are fewer brokers than replicas asked for",
      INVALID_REPLICA_ASSIGNMENT: "the assignment has a gap, or names a broker that is not there",
      INVALID_CONFIG: "a configuration key is unknown or its value invalid",
      INVALID_REQUEST: "the topic stands in the request twice, or both counts and an assignment",
      POLICY_VIOLATION: "there would be more partitions than the broker allows",
      KAFKA_STORAGE_ERROR: "the topic could not be written to disk",
    },
  },
  request: {
    topics: about(
      "The topics to create",
      array({
        name: string,
        numPartitions: about(
          "How many partitions; -1 as the broker would, or as the assignments say",
          int32,
        ),
        replicationFactor: about("How many replicas; -1 likewise", int16),
        assignments: about(
          "Which brokers get which partition; empty leaves it to the broker",
          array({
            partitionIndex: partitionId,
            brokerIds: about(
              "The brokers that get a replica, its first leader first",
              array(brokerId),
            ),
          }),
        ),
        configs: about(
          "The configuration that differs from the broker's",
          array({
            name: string,
            value: about("The value; null is the default", nullable(configValue)),
          }),
        ),
      }),
    ),
    timeoutMs: about("How long to wait until the topics are there", defaultsTo(60_000, int32)),
    validateOnly: about("Only say whether it would work", from(1, essential(boolean))),
  },
  response: {
    throttleTimeMs: from(2, int32),
    topics: array({
      name: string,
      topicId: from(7, uuid),
      errorCode,
      errorMessage: from(1, nullable(string)),
      topicConfigErrorCode: about("Why the configuration is not told", tagged(0, 5, errorCode)),
      numPartitions: from(5, defaultsTo(-1, int32)),
      replicationFactor: from(5, defaultsTo(-1, int16)),
      configs: about(
        "The configuration that the topic has",
        from(5, nullable(array(creatableTopicConfigs))),
      ),
    }),
  },
});

export type CreateTopicsRequest = RequestOf<typeof CreateTopics>;
export type CreateTopicsResponse = ResponseOf<typeof CreateTopics>;
