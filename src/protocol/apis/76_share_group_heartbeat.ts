// ShareGroupHeartbeat (key 76). Joins a share group, keeps a member in it and leaves (KIP-932).
//
//   v0    early access in Kafka 4.0
//   v1    the first stable version
//
// A field that did not change since the last heartbeat is null.

import {
  about,
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
import { coordinatorErrors, groupAccess } from "../shared_errors.ts";
import { spokenEpoch } from "../words.ts";

const topicPartitions = { topicId: uuid, partitions: array(partitionId) };

export const ShareGroupHeartbeat = api({
  key: 76,
  name: "ShareGroupHeartbeat",
  versions: "0-1",
  flexible: "0+",
  about: "Joins a share group, keeps a member in it, and tells what has changed both ways.",
  errors: {
    response: {
      ...groupAccess,
      ...coordinatorErrors,
      INVALID_REQUEST: "a field is missing, or may not be there",
      UNSUPPORTED_VERSION: "share groups are turned off",
      GROUP_ID_NOT_FOUND: "there is no such group, or it is no share group",
      UNKNOWN_MEMBER_ID: "the group does not know the member: join anew",
      FENCED_MEMBER_EPOCH: "the epoch is not the member's: give everything up and join anew",
      GROUP_MAX_SIZE_REACHED: "the group is full (group.share.max.size)",
      TOPIC_AUTHORIZATION_FAILED: "the client may not describe the topics",
    },
  },
  request: {
    groupId: string,
    memberId: string,
    memberEpoch: about("The epoch that the member is at", spokenEpoch),
    rackId: about("The rack that the member is in", nullableString),
    subscribedTopicNames: about(
      "The topics that it subscribes to; null where they did not change",
      orNull(array(string)),
    ),
  },
  response: {
    throttleTimeMs,
    errorCode,
    errorMessage: nullableString,
    memberId: nullableString,
    memberEpoch: about("The epoch that the member is at now", int32),
    heartbeatIntervalMs: about("How often it is to send a heartbeat", int32),
    assignment: about(
      "What it is assigned; null where that did not change",
      orNull(struct({ topicPartitions: about("Partitions by topic", array(topicPartitions)) })),
    ),
  },
});

export type ShareGroupHeartbeatRequest = RequestOf<typeof ShareGroupHeartbeat>;
export type ShareGroupHeartbeatResponse = ResponseOf<typeof ShareGroupHeartbeat>;
