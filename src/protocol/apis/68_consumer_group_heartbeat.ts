// ConsumerGroupHeartbeat (key 68). Joins a consumer group, keeps a member in it, tells changes both
// ways and leaves: the whole of the consumer protocol (KIP-848).
//
//   v1    subscribing by regular expression; members choose their id (KIP-848, KIP-1082)
//
// A field that did not change since the last heartbeat is null, or -1.

import {
  api,
  array,
  defaultsTo,
  errorCode,
  essential,
  from,
  int32,
  nullableString,
  orNull,
  partitionId,
  type RequestOf,
  type ResponseOf,
  string,
  struct,
  throttleTimeMs,
  uuid,
} from "../schema.ts";

const topicPartitions = { topicId: uuid, partitions: array(partitionId) };

export const ConsumerGroupHeartbeat = api({
  key: 68,
  name: "ConsumerGroupHeartbeat",
  versions: "0-1",
  flexible: "0+",
  request: {
    groupId: string,
    memberId: string,
    memberEpoch: int32,
    instanceId: nullableString,
    rackId: nullableString,
    rebalanceTimeoutMs: defaultsTo(-1, int32),
    subscribedTopicNames: orNull(array(string)),
    subscribedTopicRegex: from(1, essential(nullableString)),
    serverAssignor: nullableString,
    topicPartitions: orNull(array({ topicId: uuid, partitions: array(partitionId) })),
  },
  response: {
    throttleTimeMs,
    errorCode,
    errorMessage: nullableString,
    memberId: nullableString,
    memberEpoch: int32,
    heartbeatIntervalMs: int32,
    assignment: orNull(struct({ topicPartitions: array(topicPartitions) })),
  },
});

export type ConsumerGroupHeartbeatRequest = RequestOf<typeof ConsumerGroupHeartbeat>;
export type ConsumerGroupHeartbeatResponse = ResponseOf<typeof ConsumerGroupHeartbeat>;
