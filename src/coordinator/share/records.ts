// Records of share groups (KIP-932) in __consumer_offsets, framed as in record_framing.ts. What the
// members acknowledged is not here but in __share_group_state: share_state/records.ts.
//
//   key 10 member         subscription and client, as the member last said
//       11 group          its epoch, and a hash of what it subscribes to
//       12 target epoch   the epoch of the target assignment
//       13 target         what a member is to have
//       14 current        what a member has
//       15 state          for which partitions the share coordinator keeps state

import {
  array,
  int32,
  int64,
  int8,
  nullable,
  partitionId,
  record,
  string,
  tagged,
  uuid,
} from "../../protocol/schema.ts";

export const ShareGroupMemberMetadataKey = record({
  key: 10,
  name: "ShareGroupMemberMetadataKey",
  versions: "0",
  flexible: "none",
  fields: { groupId: string, memberId: string },
});

export const ShareGroupMemberMetadataValue = record({
  key: 10,
  name: "ShareGroupMemberMetadataValue",
  versions: "0",
  flexible: "0+",
  fields: {
    rackId: nullable(string),
    clientId: string,
    clientHost: string,
    subscribedTopicNames: array(string),
  },
});

export const ShareGroupMetadataKey = record({
  key: 11,
  name: "ShareGroupMetadataKey",
  versions: "0",
  flexible: "none",
  fields: { groupId: string },
});

export const ShareGroupMetadataValue = record({
  key: 11,
  name: "ShareGroupMetadataValue",
  versions: "0",
  flexible: "0+",
  fields: { epoch: int32, metadataHash: int64 },
});

export const ShareGroupTargetAssignmentMetadataKey = record({
  key: 12,
  name: "ShareGroupTargetAssignmentMetadataKey",
  versions: "0",
  flexible: "none",
  fields: { groupId: string },
});

export const ShareGroupTargetAssignmentMetadataValue = record({
  key: 12,
  name: "ShareGroupTargetAssignmentMetadataValue",
  versions: "0",
  flexible: "0+",
  fields: { assignmentEpoch: int32, assignmentTimestamp: tagged(0, 0, int64) },
});

export const ShareGroupTargetAssignmentMemberKey = record({
  key: 13,
  name: "ShareGroupTargetAssignmentMemberKey",
  versions: "0",
  flexible: "none",
  fields: { groupId: string, memberId: string },
});

export const ShareGroupTargetAssignmentMemberValue = record({
  key: 13,
  name: "ShareGroupTargetAssignmentMemberValue",
  versions: "0",
  flexible: "0+",
  fields: {
    topicPartitions: array({ topicId: uuid, partitions: array(partitionId) }),
  },
});

export const ShareGroupCurrentMemberAssignmentKey = record({
  key: 14,
  name: "ShareGroupCurrentMemberAssignmentKey",
  versions: "0",
  flexible: "none",
  fields: { groupId: string, memberId: string },
});

const topicPartitions = { topicId: uuid, partitions: array(partitionId) };

export const ShareGroupCurrentMemberAssignmentValue = record({
  key: 14,
  name: "ShareGroupCurrentMemberAssignmentValue",
  versions: "0",
  flexible: "0+",
  fields: {
    memberEpoch: int32,
    previousMemberEpoch: int32,
    state: int8,
    assignedPartitions: array(topicPartitions),
  },
});

export const ShareGroupStatePartitionMetadataKey = record({
  key: 15,
  name: "ShareGroupStatePartitionMetadataKey",
  versions: "0",
  flexible: "none",
  fields: { groupId: string },
});

const topicPartitionsInfo = { topicId: uuid, topicName: string, partitions: array(partitionId) };

const topicInfo = { topicId: uuid, topicName: string };

export const ShareGroupStatePartitionMetadataValue = record({
  key: 15,
  name: "ShareGroupStatePartitionMetadataValue",
  versions: "0",
  flexible: "0+",
  fields: {
    initializingTopics: array(topicPartitionsInfo),
    initializedTopics: array(topicPartitionsInfo),
    deletingTopics: array(topicInfo),
  },
});
