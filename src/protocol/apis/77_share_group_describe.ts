// ShareGroupDescribe (key 77). Share groups with their members and assignments (KIP-932).
//
//   v0    early access in Kafka 4.0
//   v1    the first stable version

import {
  about,
  api,
  array,
  boolean,
  defaultsTo,
  errorCode,
  int32,
  nullableString,
  partitionId,
  type RequestOf,
  type ResponseOf,
  string,
  struct,
  throttleTimeMs,
  uuid,
} from "../schema.ts";
import { coordinatorErrors, groupAccess, topicAccess } from "../shared_errors.ts";

const topicPartitions = { topicId: uuid, topicName: string, partitions: array(partitionId) };

const assignment = { topicPartitions: about("Partitions by topic", array(topicPartitions)) };

export const ShareGroupDescribe = api({
  key: 77,
  name: "ShareGroupDescribe",
  versions: "0-1",
  flexible: "0+",
  about: "Share groups, with their epochs, members and assignments.",
  errors: {
    groups: {
      ...groupAccess,
      ...topicAccess,
      ...coordinatorErrors,
      GROUP_ID_NOT_FOUND: "there is no such share group",
      INVALID_GROUP_ID: "the group id is invalid",
      UNSUPPORTED_VERSION: "share groups are turned off",
    },
  },
  request: {
    groupIds: about("The groups to tell of", array(string)),
    includeAuthorizedOperations: about("Whether to tell what the client may do", boolean),
  },
  response: {
    throttleTimeMs,
    groups: array({
      errorCode,
      errorMessage: nullableString,
      groupId: string,
      groupState: about("Empty or Stable", string),
      groupEpoch: about("Grows when members, subscriptions or topics change", int32),
      assignmentEpoch: about("The group epoch that the targets are of", int32),
      assignorName: about("The assignor in use", string),
      members: array({
        memberId: string,
        rackId: about("The rack that it is in", nullableString),
        memberEpoch: about("The assignment epoch that it has come to", int32),
        clientId: about("As its requests say", string),
        clientHost: about("The address that it connects from", string),
        subscribedTopicNames: about("Topics that it subscribes to", array(string)),
        assignment: struct(assignment),
      }),
      authorizedOperations: about(
        "A bit for each operation allowed; the least number where it was not asked for",
        defaultsTo(-0x8000_0000, int32),
      ),
    }),
  },
});

export type ShareGroupDescribeRequest = RequestOf<typeof ShareGroupDescribe>;
export type ShareGroupDescribeResponse = ResponseOf<typeof ShareGroupDescribe>;
