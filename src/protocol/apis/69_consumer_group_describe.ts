// ConsumerGroupDescribe (key 69). Consumer groups with their members and assignments (KIP-848).
//
//   v1    whether a member speaks the classic protocol (KIP-1099)

import {
  about,
  api,
  array,
  boolean,
  defaultsTo,
  errorCode,
  from,
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
import { memberType } from "../words.ts";

const topicPartitions = { topicId: uuid, topicName: string, partitions: array(partitionId) };

const assignment = { topicPartitions: about("Partitions by topic", array(topicPartitions)) };

export const ConsumerGroupDescribe = api({
  key: 69,
  name: "ConsumerGroupDescribe",
  versions: "0-1",
  flexible: "0+",
  about: "Consumer groups, with their epochs, members and assignments.",
  errors: {
    groups: {
      ...groupAccess,
      ...topicAccess,
      ...coordinatorErrors,
      GROUP_ID_NOT_FOUND: "there is no such consumer group",
      INVALID_GROUP_ID: "the group id is invalid",
      UNSUPPORTED_VERSION: "the consumer protocol is turned off",
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
      groupState: about("Empty, Assigning, Reconciling or Stable", string),
      groupEpoch: about("Grows when members, subscriptions or topics change", int32),
      assignmentEpoch: about("The group epoch that the targets are of", int32),
      assignorName: about("The assignor in use", string),
      members: array({
        memberId: string,
        instanceId: about("The group.instance.id of a static member", nullableString),
        rackId: about("The rack that it is in", nullableString),
        memberEpoch: about("The assignment epoch that it has come to", int32),
        clientId: about("As its requests say", string),
        clientHost: about("The address that it connects from", string),
        subscribedTopicNames: about("Topics that it subscribes to by name", array(string)),
        subscribedTopicRegex: about("An expression for more of them", nullableString),
        assignment: struct(assignment),
        targetAssignment: about("What it is to have", struct(assignment)),
        memberType: about("The protocol that it speaks", from(1, defaultsTo(-1, memberType))),
      }),
      authorizedOperations: about(
        "A bit for each operation allowed; the least number where it was not asked for",
        defaultsTo(-0x8000_0000, int32),
      ),
    }),
  },
});

export type ConsumerGroupDescribeRequest = RequestOf<typeof ConsumerGroupDescribe>;
export type ConsumerGroupDescribeResponse = ResponseOf<typeof ConsumerGroupDescribe>;
