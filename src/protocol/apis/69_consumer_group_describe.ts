// ConsumerGroupDescribe (key 69). Consumer groups with their members and assignments (KIP-848).
//
//   v1    whether a member speaks the classic protocol (KIP-1099)

import {
  api,
  array,
  boolean,
  defaultsTo,
  errorCode,
  from,
  int32,
  int8,
  nullableString,
  partitionId,
  type RequestOf,
  type ResponseOf,
  string,
  struct,
  throttleTimeMs,
  uuid,
} from "../schema.ts";

const topicPartitions = { topicId: uuid, topicName: string, partitions: array(partitionId) };

const assignment = { topicPartitions: array(topicPartitions) };

export const ConsumerGroupDescribe = api({
  key: 69,
  name: "ConsumerGroupDescribe",
  versions: "0-1",
  flexible: "0+",
  request: { groupIds: array(string), includeAuthorizedOperations: boolean },
  response: {
    throttleTimeMs,
    groups: array({
      errorCode,
      errorMessage: nullableString,
      groupId: string,
      groupState: string,
      groupEpoch: int32,
      assignmentEpoch: int32,
      assignorName: string,
      members: array({
        memberId: string,
        instanceId: nullableString,
        rackId: nullableString,
        memberEpoch: int32,
        clientId: string,
        clientHost: string,
        subscribedTopicNames: array(string),
        subscribedTopicRegex: nullableString,
        assignment: struct(assignment),
        targetAssignment: struct(assignment),
        memberType: from(1, defaultsTo(-1, int8)),
      }),
      authorizedOperations: defaultsTo(-0x8000_0000, int32),
    }),
  },
});

export type ConsumerGroupDescribeRequest = RequestOf<typeof ConsumerGroupDescribe>;
export type ConsumerGroupDescribeResponse = ResponseOf<typeof ConsumerGroupDescribe>;
