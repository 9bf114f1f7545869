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
  string,
  struct,
  tagged,
  uint16,
} from "../../../protocol/schema.ts";
import { ofGroup, ofMember, targetEpochFields } from "../modern/records.ts";

const lastAssignmentConfig = { key: string, value: string };

const endpoint = { host: string, port: uint16 };

const keyValue = { key: string, value: string };

const taskIds = { subtopologyId: string, partitions: array(partitionId) };

const taskIdsWithEpochs = {
  ...taskIds,
  assignmentEpochs: tagged(0, 0, nullable(array(int32))),
};

const topicConfig = { key: string, value: string };

const topicInfo = {
  name: string,
  partitions: int32,
  replicationFactor: int16,
  topicConfigs: array(topicConfig),
};

export const streamsTables = {
  StreamsGroupMetadata: ofGroup(17, "StreamsGroupMetadata", {
    epoch: int32,
    metadataHash: int64,
    validatedTopologyEpoch: tagged(0, 0, defaultsTo(-1, int32)),
    lastAssignmentConfigs: tagged(1, 0, nullable(array(lastAssignmentConfig))),
    storedDescriptionTopologyEpoch: tagged(2, 0, defaultsTo(-1, int32)),
    failedDescriptionTopologyEpoch: tagged(3, 0, defaultsTo(-1, int32)),
  }),
  StreamsGroupMemberMetadata: ofMember(19, "StreamsGroupMemberMetadata", {
    instanceId: nullable(string),
    rackId: nullable(string),
    clientId: string,
    clientHost: string,
    rebalanceTimeoutMs: defaultsTo(-1, int32),
    topologyEpoch: int32,
    processId: string,
    userEndpoint: orNull(struct(endpoint)),
    clientTags: array(keyValue),
  }),
  StreamsGroupTargetAssignmentMetadata: ofGroup(
    20,
    "StreamsGroupTargetAssignmentMetadata",
    targetEpochFields,
  ),
  StreamsGroupTargetAssignmentMember: ofMember(21, "StreamsGroupTargetAssignmentMember", {
    activeTasks: array(taskIds),
    standbyTasks: array(taskIds),
    warmupTasks: array(taskIds),
  }),
  StreamsGroupCurrentMemberAssignment: ofMember(22, "StreamsGroupCurrentMemberAssignment", {
    memberEpoch: int32,
    previousMemberEpoch: int32,
    state: int8,
    activeTasks: array(taskIdsWithEpochs),
    standbyTasks: array(taskIdsWithEpochs),
    warmupTasks: array(taskIdsWithEpochs),
    activeTasksPendingRevocation: array(taskIdsWithEpochs),
    standbyTasksPendingRevocation: array(taskIdsWithEpochs),
    warmupTasksPendingRevocation: array(taskIdsWithEpochs),
  }),
  StreamsGroupTopology: ofGroup(23, "StreamsGroupTopology", {
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
  }),
} as const;
