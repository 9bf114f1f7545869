// ShareGroupDescribe (key 77). Share groups with their members and assignments (KIP-932).
//
//   v0    early access in Kafka 4.0
//   v1    the first stable version

import {
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

const topicPartitions = { topicId: uuid, topicName: string, partitions: array(partitionId) };

const assignment = { topicPartitions: array(topicPartitions) };

export const ShareGroupDescribe = api({
  key: 77,
  name: "ShareGroupDescribe",
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
        rackId: nullableString,
        memberEpoch: int32,
        clientId: string,
        clientHost: string,
        subscribedTopicNames: array(string),
        assignment: struct(assignment),
      }),
      authorizedOperations: defaultsTo(-0x8000_0000, int32),
    }),
  },
});

export type ShareGroupDescribeRequest = RequestOf<typeof ShareGroupDescribe>;
export type ShareGroupDescribeResponse = ResponseOf<typeof ShareGroupDescribe>;
