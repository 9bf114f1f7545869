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
  string,
  struct,
  tagged,
  uuid,
} from "../../../protocol/schema.ts";
import {
  keyedBy,
  ofGroup,
  ofMember,
  targetEpochFields,
  topicPartitionsFields,
} from "../modern/records.ts";

const classicMemberMetadata = {
  sessionTimeoutMs: int32,
  supportedProtocols: array({ name: string, metadata: bytes }),
};

const ownedPartitions = {
  ...topicPartitionsFields,
  assignmentEpochs: tagged(0, 0, nullable(array(int32))),
};

export const consumerTables = {
  ConsumerGroupMetadata: ofGroup(3, "ConsumerGroupMetadata", {
    epoch: int32,
    metadataHash: tagged(0, 0, int64),
  }),
  ConsumerGroupPartitionMetadata: ofGroup(4, "ConsumerGroupPartitionMetadata", {
    topics: array({
      topicId: uuid,
      topicName: string,
      numPartitions: int32,
      partitionMetadata: array({ partition: partitionId, racks: array(string) }),
    }),
  }),
  ConsumerGroupMemberMetadata: ofMember(5, "ConsumerGroupMemberMetadata", {
    instanceId: nullable(string),
    rackId: nullable(string),
    clientId: string,
    clientHost: string,
    subscribedTopicNames: array(string),
    subscribedTopicRegex: nullable(string),
    rebalanceTimeoutMs: defaultsTo(-1, int32),
    serverAssignor: nullable(string),
    classicMemberMetadata: tagged(0, 0, nullable(struct(classicMemberMetadata))),
  }),
  ConsumerGroupTargetAssignmentMetadata: ofGroup(
    6,
    "ConsumerGroupTargetAssignmentMetadata",
    targetEpochFields,
  ),
  ConsumerGroupTargetAssignmentMember: ofMember(7, "ConsumerGroupTargetAssignmentMember", {
    topicPartitions: array(topicPartitionsFields),
  }),
  ConsumerGroupCurrentMemberAssignment: ofMember(8, "ConsumerGroupCurrentMemberAssignment", {
    memberEpoch: int32,
    previousMemberEpoch: int32,
    state: int8,
    assignedPartitions: array(ownedPartitions),
    partitionsPendingRevocation: array(ownedPartitions),
  }),
  ConsumerGroupRegularExpression: keyedBy({ groupId: string, regularExpression: string }, {
    key: 16,
    name: "ConsumerGroupRegularExpression",
    value: { topics: array(string), version: int64, timestamp: int64 },
  }),
} as const;
