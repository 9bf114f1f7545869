// ShareGroupHeartbeat (key 76). Joins a share group, keeps a member in it and leaves (KIP-932).
//
//   v0    early access in Kafka 4.0
//   v1    the first stable version
//
// A field that did not change since the last heartbeat is null.

import {
  api,
  array,
  errorCode,
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

export const ShareGroupHeartbeat = api({
  key: 76,
  name: "ShareGroupHeartbeat",
  versions: "0-1",
  flexible: "0+",
  request: {
    groupId: string,
    memberId: string,
    memberEpoch: int32,
    rackId: nullableString,
    subscribedTopicNames: orNull(array(string)),
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

export type ShareGroupHeartbeatRequest = RequestOf<typeof ShareGroupHeartbeat>;
export type ShareGroupHeartbeatResponse = ResponseOf<typeof ShareGroupHeartbeat>;
