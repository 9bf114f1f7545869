// StreamsGroupHeartbeat (key 88). Joins a group of Kafka Streams, keeps a member in it, tells
// topology, tasks and changes both ways, and leaves (KIP-1071).
//
//   v1    whether the coordinator wants the topology described (KIP-1331)
//
// A field that did not change since the last heartbeat is null, or -1.

import {
  api,
  array,
  boolean,
  defaultsTo,
  errorCode,
  from,
  int16,
  int32,
  int64,
  int8,
  nullable,
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
  until,
} from "../schema.ts";

const keyValue = { key: string, value: string };

const topicInfo = {
  name: string,
  partitions: int32,
  replicationFactor: int16,
  topicConfigs: array(keyValue),
};

const taskIds = { subtopologyId: string, partitions: array(partitionId) };

const endpoint = { host: string, port: uint16 };

const taskOffset = { subtopologyId: string, partition: partitionId, offset };

const status = { statusCode: int8, statusDetail: string };

const topicPartition = { topic: string, partitions: array(partitionId) };

export const StreamsGroupHeartbeat = api({
  key: 88,
  name: "StreamsGroupHeartbeat",
  versions: "0-1",
  flexible: "0+",
  request: {
    groupId: string,
    memberId: string,
    memberEpoch: int32,
    endpointInformationEpoch: int32,
    instanceId: nullableString,
    rackId: nullableString,
    rebalanceTimeoutMs: defaultsTo(-1, int32),
    topology: orNull(struct({
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
    })),
    activeTasks: orNull(array(taskIds)),
    standbyTasks: orNull(array(taskIds)),
    warmupTasks: orNull(array(taskIds)),
    processId: nullableString,
    userEndpoint: orNull(struct(endpoint)),
    clientTags: orNull(array(keyValue)),
    taskOffsets: orNull(array(taskOffset)),
    taskEndOffsets: orNull(array(taskOffset)),
    shutdownApplication: boolean,
  },
  response: {
    throttleTimeMs,
    errorCode,
    errorMessage: nullableString,
    memberId: string,
    memberEpoch: int32,
    heartbeatIntervalMs: int32,
    acceptableRecoveryLagLegacy: until(0, int32),
    taskOffsetIntervalMs: int32,
    acceptableRecoveryLag: from(1, defaultsTo(-1, int64)),
    status: nullable(array(status)),
    activeTasks: orNull(array(taskIds)),
    standbyTasks: orNull(array(taskIds)),
    warmupTasks: orNull(array(taskIds)),
    topologyDescriptionRequired: from(1, boolean),
    endpointInformationEpoch: int32,
    partitionsByUserEndpoint: orNull(array({
      userEndpoint: struct(endpoint),
      activePartitions: array(topicPartition),
      standbyPartitions: array(topicPartition),
    })),
  },
});

export type StreamsGroupHeartbeatRequest = RequestOf<typeof StreamsGroupHeartbeat>;
export type StreamsGroupHeartbeatResponse = ResponseOf<typeof StreamsGroupHeartbeat>;
