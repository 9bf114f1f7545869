// ConsumerGroupHeartbeat (key 68). Joins a consumer group, keeps a member in it, tells changes both
// ways and leaves: the whole of the consumer protocol (KIP-848).
//
//   v1    subscribing by regular expression; members choose their id (KIP-848, KIP-1082)
//
// A field that did not change since the last heartbeat is null, or -1.

import {
  about,
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
import { coordinatorErrors, groupAccess } from "../shared_errors.ts";
import { spokenEpoch } from "../words.ts";

const topicPartitions = { topicId: uuid, partitions: array(partitionId) };

export const ConsumerGroupHeartbeat = api({
  key: 68,
  name: "ConsumerGroupHeartbeat",
  versions: "0-1",
  flexible: "0+",
  about: "Joins a consumer group, keeps a member in it, and tells what has changed both ways.",
  errors: {
    response: {
      ...groupAccess,
      ...coordinatorErrors,
      INVALID_REQUEST: "a field is missing, or may not be there",
      UNSUPPORTED_VERSION: "the consumer protocol is turned off",
      GROUP_ID_NOT_FOUND: "there is no such group, or it cannot become a consumer group",
      UNKNOWN_MEMBER_ID: "the group does not know the member: join anew",
      FENCED_MEMBER_EPOCH: "the epoch is not the member's: give everything up and join anew",
      FENCED_INSTANCE_ID: "another member has taken over the instance id",
      UNRELEASED_INSTANCE_ID: "another member has the instance id",
      UNSUPPORTED_ASSIGNOR: "the broker has no such assignor (group.consumer.assignors)",
      GROUP_MAX_SIZE_REACHED: "the group is full (group.consumer.max.size)",
      INVALID_REGULAR_EXPRESSION: "the regular expression cannot be compiled",
      TOPIC_AUTHORIZATION_FAILED: "the client may not describe the topics",
    },
  },
  request: {
    groupId: string,
    memberId: string,
    memberEpoch: about("The epoch that the member is at", spokenEpoch),
    instanceId: about("The group.instance.id of a static member", nullableString),
    rackId: about("The rack that the member is in", nullableString),
    rebalanceTimeoutMs: about(
      "How long it may take to give up partitions; -1 where that did not change",
      defaultsTo(-1, int32),
    ),
    subscribedTopicNames: about(
      "The topics that it subscribes to; null where they did not change",
      orNull(array(string)),
    ),
    subscribedTopicRegex: about(
      "An expression for more of them, in RE2's syntax; null where it did not change",
      from(1, essential(nullableString)),
    ),
    serverAssignor: about("The assignor that it asks for; null is any", nullableString),
    topicPartitions: about(
      "The partitions that it has; null where they did not change",
      orNull(array({ topicId: uuid, partitions: array(partitionId) })),
    ),
  },
  response: {
    throttleTimeMs,
    errorCode,
    errorMessage: nullableString,
    memberId: nullableString,
    memberEpoch: about("The epoch that the member is at now", int32),
    heartbeatIntervalMs: about("When it is to be heard of next", int32),
    assignment: about(
      "What it has from now on; null where that did not change",
      orNull(struct({
        topicPartitions: about("All its partitions, not only new ones", array(topicPartitions)),
      })),
    ),
  },
});

export type ConsumerGroupHeartbeatRequest = RequestOf<typeof ConsumerGroupHeartbeat>;
export type ConsumerGroupHeartbeatResponse = ResponseOf<typeof ConsumerGroupHeartbeat>;
