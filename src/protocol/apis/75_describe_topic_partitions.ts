// DescribeTopicPartitions (key 75). Topics with their partitions, page by page: Metadata for tools
// (KIP-966).
//
// `nextCursor` is where the next request goes on; null after the last partition.

import {
  about,
  api,
  array,
  boolean,
  brokerId,
  defaultsTo,
  errorCode,
  int32,
  leaderEpoch,
  nullable,
  orNull,
  partitionId,
  type RequestOf,
  type ResponseOf,
  string,
  struct,
  throttleTimeMs,
  uuid,
} from "../schema.ts";
import { topicAccess } from "../shared_errors.ts";

export const DescribeTopicPartitions = api({
  key: 75,
  name: "DescribeTopicPartitions",
  versions: "0",
  flexible: "0+",
  about: "Tells topics with their partitions, page by page, for tools.",
  errors: {
    topics: {
      ...topicAccess,
      UNKNOWN_TOPIC_OR_PARTITION: "no topic has this name",
      INVALID_TOPIC_EXCEPTION: "no topic can have this name",
      INVALID_REQUEST: "the cursor is at no partition of a topic that is asked for",
    },
    partitions: {
      LEADER_NOT_AVAILABLE: "the partition has no leader now",
      KAFKA_STORAGE_ERROR: "the partition's log cannot be used",
    },
  },
  request: {
    topics: about("The topics to tell of; empty is all", array({ name: string })),
    responsePartitionLimit: about("At most as many partitions on a page", defaultsTo(2000, int32)),
    cursor: about(
      "Where to begin: the last page's nextCursor",
      orNull(struct({ topicName: string, partitionIndex: partitionId })),
    ),
  },
  response: {
    throttleTimeMs,
    topics: array({
      errorCode,
      name: nullable(string),
      topicId: uuid,
      isInternal: about("Whether the topic is the brokers' own", boolean),
      partitions: array({
        errorCode,
        partitionIndex: partitionId,
        leaderId: about("The broker that leads it; -1 is none", brokerId),
        leaderEpoch: about("Grows with each change of the leader", defaultsTo(-1, leaderEpoch)),
        replicaNodes: about("The brokers with a replica", array(brokerId)),
        isrNodes: about("Those of them that are in sync", array(brokerId)),
        eligibleLeaderReplicas: about(
          "Those that may lead though they are not in sync",
          orNull(array(brokerId)),
        ),
        lastKnownElr: about(
          "Those that might have all records, when no other does",
          orNull(array(brokerId)),
        ),
        offlineReplicas: about("Those of them that are away", array(brokerId)),
      }),
      topicAuthorizedOperations: about(
        "A bit for each operation that is allowed; the smallest number where nobody asked",
        defaultsTo(-0x8000_0000, int32),
      ),
    }),
    nextCursor: about(
      "Where the next page begins; null after the last",
      orNull(struct({ topicName: string, partitionIndex: partitionId })),
    ),
  },
});

export type DescribeTopicPartitionsRequest = RequestOf<typeof DescribeTopicPartitions>;
export type DescribeTopicPartitionsResponse = ResponseOf<typeof DescribeTopicPartitions>;
