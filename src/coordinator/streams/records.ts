// Records of groups of Kafka Streams (KIP-1071) in __consumer_offsets, framed as in
// record_framing.ts. Where a consumer has partitions, a member here has tasks: partitions of a
// subtopology.
//
//   key 17 group          its epoch, the topology's epoch, a hash of the topics
//       19 member         client, process and tags, as the member last said
//       20 target epoch   the epoch of the target assignment
//       21 target         the tasks that a member is to have
//       22 current        the tasks that a member has, and those it still has to give up
//       23 topology       subtopologies with their topics
//
// Key 18 was never released. A tag that may be null has an empty value as its default all the same:
// null is written.

import {
  array,
  defaultsTo,
  int16,
  int32,
  int64,
  int8,
  nullable,
  orNull,
  partitionId,
  record,
  string,
  struct,
  tagged,
  uint16,
} from "../../protocol/schema.ts";

export const StreamsGroupMetadataKey = record({
  key: 17,
  name: "StreamsGroupMetadataKey",
  versions: "0",
  flexible: "none",
  fields: { groupId: string },
});

const lastAssignmentConfig = { key: string, value: string };

export const StreamsGroupMetadataValue = record({
  key: 17,
  name: "StreamsGroupMetadataValue",
  versions: "0",
  flexible: "0+",
  fields: {
    epoch: int32,
    metadataHash: int64,
    validatedTopologyEpoch: tagged(0, 0, defaultsTo(-1, int32)),
    lastAssignmentConfigs: tagged(1, 0, nullable(array(lastAssignmentConfig))),
    storedDescriptionTopologyEpoch: tagged(2, 0, defaultsTo(-1, int32)),
    failedDescriptionTopologyEpoch: tagged(3, 0, defaultsTo(-1, int32)),
  },
});

export const StreamsGroupMemberMetadataKey = record({
  key: 19,
  name: "StreamsGroupMemberMetadataKey",
  versions: "0",
  flexible: "none",
  fields: { groupId: string, memberId: string },
});

const endpoint = { host: string, port: uint16 };

const keyValue = { key: string, value: string };

export const StreamsGroupMemberMetadataValue = record({
  key: 19,
  name: "StreamsGroupMemberMetadataValue",
  versions: "0",
  flexible: "0+",
  fields: {
    instanceId: nullable(string),
    rackId: nullable(string),
    clientId: string,
    clientHost: string,
    rebalanceTimeoutMs: defaultsTo(-1, int32),
    topologyEpoch: int32,
    processId: string,
    userEndpoint: orNull(struct(endpoint)),
    clientTags: array(keyValue),
  },
});

export const StreamsGroupTargetAssignmentMetadataKey = record({
  key: 20,
  name: "StreamsGroupTargetAssignmentMetadataKey",
  versions: "0",
  flexible: "none",
  fields: { groupId: string },
});

export const StreamsGroupTargetAssignmentMetadataValue = record({
  key: 20,
  name: "StreamsGroupTargetAssignmentMetadataValue",
  versions: "0",
  flexible: "0+",
  fields: { assignmentEpoch: int32, assignmentTimestamp: tagged(0, 0, int64) },
});

export const StreamsGroupTargetAssignmentMemberKey = record({
  key: 21,
  name: "StreamsGroupTargetAssignmentMemberKey",
  versions: "0",
  flexible: "none",
  fields: { groupId: string, memberId: string },
});

const taskIds = { subtopologyId: string, partitions: array(partitionId) };

export const StreamsGroupTargetAssignmentMemberValue = record({
  key: 21,
  name: "StreamsGroupTargetAssignmentMemberValue",
  versions: "0",
  flexible: "0+",
  fields: {
    activeTasks: array(taskIds),
    standbyTasks: array(taskIds),
    warmupTasks: array(taskIds),
  },
});

export const StreamsGroupCurrentMemberAssignmentKey = record({
  key: 22,
  name: "StreamsGroupCurrentMemberAssignmentKey",
  versions: "0",
  flexible: "none",
  fields: { groupId: string, memberId: string },
});

const taskIdsWithEpochs = {
  subtopologyId: string,
  partitions: array(partitionId),
  assignmentEpochs: tagged(0, 0, nullable(array(int32))),
};

export const StreamsGroupCurrentMemberAssignmentValue = record({
  key: 22,
  name: "StreamsGroupCurrentMemberAssignmentValue",
  versions: "0",
  flexible: "0+",
  fields: {
    memberEpoch: int32,
    previousMemberEpoch: int32,
    state: int8,
    activeTasks: array(taskIdsWithEpochs),
    standbyTasks: array(taskIdsWithEpochs),
    warmupTasks: array(taskIdsWithEpochs),
    activeTasksPendingRevocation: array(taskIdsWithEpochs),
    standbyTasksPendingRevocation: array(taskIdsWithEpochs),
    warmupTasksPendingRevocation: array(taskIdsWithEpochs),
  },
});

export const StreamsGroupTopologyKey = record({
  key: 23,
  name: "StreamsGroupTopologyKey",
  versions: "0",
  flexible: "none",
  fields: { groupId: string },
});

const topicConfig = { key: string, value: string };

const topicInfo = {
  name: string,
  partitions: int32,
  replicationFactor: int16,
  topicConfigs: array(topicConfig),
};

export const StreamsGroupTopologyValue = record({
  key: 23,
  name: "StreamsGroupTopologyValue",
  versions: "0",
  flexible: "0+",
  fields: {
    epoch: int32,
    subtopologies: array({
      subtopologyId: string,
      sourceTopics: array(string),
      sourceTopicRegex: array(string),
      stateChangelogTopics: array(topicInfo),
      repartitionSinkTopics: array(string),
      repartitionSourceTopics: array(topicInfo),
      copartitionGroups: array({
        sourceTopics: array(int16),
        sourceTopicRegex: array(int16),
        repartitionSourceTopics: array(int16),
      }),
    }),
  },
});
