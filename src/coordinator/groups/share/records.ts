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
  string,
  uuid,
} from "../../../protocol/schema.ts";
import { ofGroup, ofMember, targetEpochFields, topicPartitionsFields } from "../modern/records.ts";

const topicPartitionsInfo = { topicId: uuid, topicName: string, partitions: array(partitionId) };

const topicInfo = { topicId: uuid, topicName: string };

export const shareTables = {
  ShareGroupMemberMetadata: ofMember(10, "ShareGroupMemberMetadata", {
    rackId: nullable(string),
    clientId: string,
    clientHost: string,
    subscribedTopicNames: array(string),
  }),
  ShareGroupMetadata: ofGroup(11, "ShareGroupMetadata", { epoch: int32, metadataHash: int64 }),
  ShareGroupTargetAssignmentMetadata: ofGroup(
    12,
    "ShareGroupTargetAssignmentMetadata",
    targetEpochFields,
  ),
  ShareGroupTargetAssignmentMember: ofMember(13, "ShareGroupTargetAssignmentMember", {
    topicPartitions: array(topicPartitionsFields),
  }),
  ShareGroupCurrentMemberAssignment: ofMember(14, "ShareGroupCurrentMemberAssignment", {
    memberEpoch: int32,
    previousMemberEpoch: int32,
    state: int8,
    assignedPartitions: array(topicPartitionsFields),
  }),
  ShareGroupStatePartitionMetadata: ofGroup(15, "ShareGroupStatePartitionMetadata", {
    initializingTopics: array(topicPartitionsInfo),
    initializedTopics: array(topicPartitionsInfo),
    deletingTopics: array(topicInfo),
  }),
} as const;
