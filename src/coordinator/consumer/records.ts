// Records of consumer groups (KIP-848) in __consumer_offsets.
// record_framing.ts has how keys and values are framed.
//
//   key  3 group          its epoch, and a hash of what it subscribes to
//        4 partitions     the subscribed topics; written until the hash came (KIP-1101)
//        5 member         subscription and client, as the member last said
//        6 target epoch   the epoch of the target assignment
//        7 target         what a member is to have
//        8 current        what a member has, and what it still has to give up
//       16 regex          the topics that a regular expression stands for
//
// A group is a record of key 3, 6 and a 5, 7, 8 for each member; a tombstone ends each. A tag that
// may be null has an empty value as its default all the same: null is written.

import {
  array,
  bytes,
  defaultsTo,
  int32,
  int64,
  int8,
  nullable,
  partitionId,
  record,
  string,
  struct,
  tagged,
  uuid,
} from "../../protocol/schema.ts";

export const ConsumerGroupMetadataKey = record({
  key: 3,
  name: "ConsumerGroupMetadataKey",
  versions: "0",
  flexible: "none",
  fields: { groupId: string },
});

export const ConsumerGroupMetadataValue = record({
  key: 3,
  name: "ConsumerGroupMetadataValue",
  versions: "0",
  flexible: "0+",
  fields: { epoch: int32, metadataHash: tagged(0, 0, int64) },
});

export const ConsumerGroupPartitionMetadataKey = record({
  key: 4,
  name: "ConsumerGroupPartitionMetadataKey",
  versions: "0",
  flexible: "none",
  fields: { groupId: string },
});

export const ConsumerGroupPartitionMetadataValue = record({
  key: 4,
  name: "ConsumerGroupPartitionMetadataValue",
  versions: "0",
  flexible: "0+",
  fields: {
    topics: array({
      topicId: uuid,
      topicName: string,
      numPartitions: int32,
      partitionMetadata: array({ partition: partitionId, racks: array(string) }),
    }),
  },
});

export const ConsumerGroupMemberMetadataKey = record({
  key: 5,
  name: "ConsumerGroupMemberMetadataKey",
  versions: "0",
  flexible: "none",
  fields: { groupId: string, memberId: string },
});

const classicMemberMetadata = {
  sessionTimeoutMs: int32,
  supportedProtocols: array({ name: string, metadata: bytes }),
};

export const ConsumerGroupMemberMetadataValue = record({
  key: 5,
  name: "ConsumerGroupMemberMetadataValue",
  versions: "0",
  flexible: "0+",
  fields: {
    instanceId: nullable(string),
    rackId: nullable(string),
    clientId: string,
    clientHost: string,
    subscribedTopicNames: array(string),
    subscribedTopicRegex: nullable(string),
    rebalanceTimeoutMs: defaultsTo(-1, int32),
    serverAssignor: nullable(string),
    classicMemberMetadata: tagged(0, 0, nullable(struct(classicMemberMetadata))),
  },
});

export const ConsumerGroupTargetAssignmentMetadataKey = record({
  key: 6,
  name: "ConsumerGroupTargetAssignmentMetadataKey",
  versions: "0",
  flexible: "none",
  fields: { groupId: string },
});

export const ConsumerGroupTargetAssignmentMetadataValue = record({
  key: 6,
  name: "ConsumerGroupTargetAssignmentMetadataValue",
  versions: "0",
  flexible: "0+",
  fields: { assignmentEpoch: int32, assignmentTimestamp: tagged(0, 0, int64) },
});

export const ConsumerGroupTargetAssignmentMemberKey = record({
  key: 7,
  name: "ConsumerGroupTargetAssignmentMemberKey",
  versions: "0",
  flexible: "none",
  fields: { groupId: string, memberId: string },
});

export const ConsumerGroupTargetAssignmentMemberValue = record({
  key: 7,
  name: "ConsumerGroupTargetAssignmentMemberValue",
  versions: "0",
  flexible: "0+",
  fields: {
    topicPartitions: array({ topicId: uuid, partitions: array(partitionId) }),
  },
});

export const ConsumerGroupCurrentMemberAssignmentKey = record({
  key: 8,
  name: "ConsumerGroupCurrentMemberAssignmentKey",
  versions: "0",
  flexible: "none",
  fields: { groupId: string, memberId: string },
});

const topicPartitions = {
  topicId: uuid,
  partitions: array(partitionId),
  assignmentEpochs: tagged(0, 0, nullable(array(int32))),
};

export const ConsumerGroupCurrentMemberAssignmentValue = record({
  key: 8,
  name: "ConsumerGroupCurrentMemberAssignmentValue",
  versions: "0",
  flexible: "0+",
  fields: {
    memberEpoch: int32,
    previousMemberEpoch: int32,
    state: int8,
    assignedPartitions: array(topicPartitions),
    partitionsPendingRevocation: array(topicPartitions),
  },
});

export const ConsumerGroupRegularExpressionKey = record({
  key: 16,
  name: "ConsumerGroupRegularExpressionKey",
  versions: "0",
  flexible: "none",
  fields: { groupId: string, regularExpression: string },
});

export const ConsumerGroupRegularExpressionValue = record({
  key: 16,
  name: "ConsumerGroupRegularExpressionValue",
  versions: "0",
  flexible: "0+",
  fields: { topics: array(string), version: int64, timestamp: int64 },
});
