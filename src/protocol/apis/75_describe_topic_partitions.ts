// DescribeTopicPartitions (key 75). Topics with their partitions, page by page: Metadata for tools
// (KIP-966).
//
// `nextCursor` is where the next request goes on; null after the last partition.

import {
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

export const DescribeTopicPartitions = api({
  key: 75,
  name: "DescribeTopicPartitions",
  versions: "0",
  flexible: "0+",
  request: {
    topics: array({ name: string }),
    responsePartitionLimit: defaultsTo(2000, int32),
    cursor: orNull(struct({ topicName: string, partitionIndex: partitionId })),
  },
  response: {
    throttleTimeMs,
    topics: array({
      errorCode,
      name: nullable(string),
      topicId: uuid,
      isInternal: boolean,
      partitions: array({
        errorCode,
        partitionIndex: partitionId,
        leaderId: brokerId,
        leaderEpoch: defaultsTo(-1, leaderEpoch),
        replicaNodes: array(brokerId),
        isrNodes: array(brokerId),
        eligibleLeaderReplicas: orNull(array(brokerId)),
        lastKnownElr: orNull(array(brokerId)),
        offlineReplicas: array(brokerId),
      }),
      topicAuthorizedOperations: defaultsTo(-0x8000_0000, int32),
    }),
    nextCursor: orNull(struct({ topicName: string, partitionIndex: partitionId })),
  },
});

export type DescribeTopicPartitionsRequest = RequestOf<typeof DescribeTopicPartitions>;
export type DescribeTopicPartitionsResponse = ResponseOf<typeof DescribeTopicPartitions>;
