// StreamsGroupDescribe (key 89). Groups of Kafka Streams with members, tasks and topology
// (KIP-1071).
//
//   v1    the topology's description; the assignor's name (KIP-1331, KIP-1357)

import {
  api,
  array,
  boolean,
  defaultsTo,
  errorCode,
  essential,
  from,
  int16,
  int32,
  int8,
  nullableString,
  offset,
  orNull,
  partitionId,
  type RequestOf,
  type ResponseOf,
  string,
  struct,
  throttleTimeMs,
  uint16,
} from "../schema.ts";

const keyValue = { key: string, value: string };

const topicInfo = {
  name: string,
  partitions: int32,
  replicationFactor: int16,
  topicConfigs: array(keyValue),
};

const endpoint = { host: string, port: uint16 };

const taskOffset = { subtopologyId: string, partition: partitionId, offset };

const taskIds = { subtopologyId: string, partitions: array(partitionId) };

const assignment = {
  activeTasks: array(taskIds),
  standbyTasks: array(taskIds),
  warmupTasks: array(taskIds),
};

const topologyDescriptionNode = {
  name: string,
  nodeType: int8,
  sourceTopics: array(string),
  sinkTopic: nullableString,
  stores: array(string),
  successors: array(string),
};

const topologyDescriptionSubtopology = {
  subtopologyId: string,
  nodes: array(topologyDescriptionNode),
};

const topologyDescriptionGlobalStore = {
  source: struct(topologyDescriptionNode),
  processor: struct(topologyDescriptionNode),
};

const topologyDescription = {
  subtopologies: array(topologyDescriptionSubtopology),
  globalStores: array(topologyDescriptionGlobalStore),
};

export const StreamsGroupDescribe = api({
  key: 89,
  name: "StreamsGroupDescribe",
  versions: "0-1",
  flexible: "0+",
  request: {
    groupIds: array(string),
    includeAuthorizedOperations: boolean,
    includeTopologyDescription: from(1, essential(boolean)),
  },
  response: {
    throttleTimeMs,
    groups: array({
      errorCode,
      errorMessage: nullableString,
      groupId: string,
      groupState: string,
      groupEpoch: int32,
      assignmentEpoch: int32,
      topology: orNull(struct({
        epoch: int32,
        subtopologies: orNull(array({
          subtopologyId: string,
          sourceTopics: array(string),
          repartitionSinkTopics: array(string),
          stateChangelogTopics: array(topicInfo),
          repartitionSourceTopics: array(topicInfo),
        })),
      })),
      members: array({
        memberId: string,
        memberEpoch: int32,
        instanceId: nullableString,
        rackId: nullableString,
        clientId: string,
        clientHost: string,
        topologyEpoch: int32,
        processId: string,
        userEndpoint: orNull(struct(endpoint)),
        clientTags: array(keyValue),
        taskOffsets: array(taskOffset),
        taskEndOffsets: array(taskOffset),
        assignment: struct(assignment),
        targetAssignment: struct(assignment),
        isClassic: boolean,
      }),
      authorizedOperations: defaultsTo(-0x8000_0000, int32),
      topologyDescription: from(1, orNull(struct(topologyDescription))),
      topologyDescriptionStatus: from(1, int8),
      assignorName: from(1, nullableString),
    }),
  },
});

export type StreamsGroupDescribeRequest = RequestOf<typeof StreamsGroupDescribe>;
export type StreamsGroupDescribeResponse = ResponseOf<typeof StreamsGroupDescribe>;
