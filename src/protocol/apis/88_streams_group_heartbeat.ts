// StreamsGroupHeartbeat (key 88). Joins a group of Kafka Streams, keeps a member in it, tells
// topology, tasks and changes both ways, and leaves (KIP-1071).
//
//   v1    whether the coordinator wants the topology described (KIP-1331)
//
// A field that did not change since the last heartbeat is null, or -1.

import {
  about,
  api,
  array,
  boolean,
  defaultsTo,
  errorCode,
  from,
  int16,
  int32,
  int64,
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
import { coordinatorErrors, groupAccess } from "../shared_errors.ts";
import { spokenEpoch, streamsStatus } from "../words.ts";

const keyValue = { key: about("The name of it", string), value: string };

const topicInfo = {
  name: string,
  partitions: about("0 where the broker is to work it out", int32),
  replicationFactor: about("0 for the broker's own", int16),
  topicConfigs: about("Settings that the topic is to have", array(keyValue)),
};

const subtopologyId = about("A part of the topology", string);

const taskIds = { subtopologyId, partitions: array(partitionId) };

const endpoint = { host: string, port: uint16 };

const taskOffset = { subtopologyId, partition: partitionId, offset };

const status = {
  statusCode: about("What it is about", streamsStatus),
  statusDetail: about("A sentence for people", string),
};

const copartitionGroup = {
  sourceTopics: about("Indexes into the subtopology's list", array(int16)),
  sourceTopicRegex: about("Indexes into the subtopology's list", array(int16)),
  repartitionSourceTopics: about("Indexes into the subtopology's list", array(int16)),
};

const topicPartition = { topic: string, partitions: array(partitionId) };

export const StreamsGroupHeartbeat = api({
  key: 88,
  name: "StreamsGroupHeartbeat",
  versions: "0-1",
  flexible: "0+",
  about: "Joins a group of Kafka Streams, keeps a member in it, and tells changes both ways.",
  errors: {
    response: {
      ...groupAccess,
      ...coordinatorErrors,
      INVALID_REQUEST: "a field is missing, or may not be there, or the topology has changed",
      UNSUPPORTED_VERSION: "the streams protocol is turned off",
      GROUP_ID_NOT_FOUND: "there is no such group, or it is of another kind and not empty",
      UNKNOWN_MEMBER_ID: "the group does not know the member: join anew",
      FENCED_MEMBER_EPOCH: "the epoch is not the member's: give everything up and join anew",
      GROUP_MAX_SIZE_REACHED: "the group is full (group.streams.max.size)",
      STREAMS_INVALID_TOPOLOGY: "the topology can never work",
      TOPIC_AUTHORIZATION_FAILED: "the client may not describe the topics",
    },
  },
  request: {
    groupId: string,
    memberId: string,
    memberEpoch: about("The epoch that the member is at", spokenEpoch),
    endpointInformationEpoch: about("The endpoints that it knows", int32),
    instanceId: about("The group.instance.id of a static member", nullableString),
    rackId: about("The rack that the member is in", nullableString),
    rebalanceTimeoutMs: about(
      "How long it may take to give up tasks; -1 where that did not change",
      defaultsTo(-1, int32),
    ),
    topology: about(
      "What the application does, where the member joins; null otherwise",
      orNull(struct({
        epoch: about("Which topology of the application it is", int32),
        subtopologies: about(
          "The parts of it that run apart from each other",
          array({
            subtopologyId,
            sourceTopics: about("Topics that it reads", array(string)),
            sourceTopicRegex: about("Expressions for more of them", array(string)),
            stateChangelogTopics: about("Topics that keep its state", array(topicInfo)),
            repartitionSinkTopics: about("Topics of the application that it writes", array(string)),
            repartitionSourceTopics: about(
              "Topics of the application that it reads",
              array(topicInfo),
            ),
            copartitionGroups: about(
              "Topics of which a task reads the same partition",
              array(copartitionGroup),
            ),
          }),
        ),
      })),
    ),
    activeTasks: about(
      "The tasks that it works on; null where they did not change",
      orNull(array(taskIds)),
    ),
    standbyTasks: about(
      "The tasks whose state it copies; null where they did not change",
      orNull(array(taskIds)),
    ),
    warmupTasks: about(
      "The tasks whose state it copies to take them over; null where they did not change",
      orNull(array(taskIds)),
    ),
    processId: about("The process that it runs in; null where it did not change", nullableString),
    userEndpoint: about(
      "Where its state can be asked for; null where that did not change",
      orNull(struct(endpoint)),
    ),
    clientTags: about(
      "What is known of where it runs; null where that did not change",
      orNull(array(keyValue)),
    ),
    taskOffsets: about(
      "How far the state of its tasks is; null where that is not told",
      orNull(array(taskOffset)),
    ),
    taskEndOffsets: about(
      "How far the state of its tasks could be; null where that is not told",
      orNull(array(taskOffset)),
    ),
    shutdownApplication: about("Whether all of the application is to end", boolean),
  },
  response: {
    throttleTimeMs,
    errorCode,
    errorMessage: nullableString,
    memberId: string,
    memberEpoch: about("The epoch that the member is at now", int32),
    heartbeatIntervalMs: about("When it is to be heard of next", int32),
    acceptableRecoveryLagLegacy: about(
      "How far behind a copy of state may be to take over; 0 where that is not used",
      until(0, int32),
    ),
    taskOffsetIntervalMs: about(
      "How often to tell how far state is; 0 where that is not used",
      int32,
    ),
    acceptableRecoveryLag: about(
      "How far behind a copy of state may be to take over; -1 where that is not used",
      from(1, defaultsTo(-1, int64)),
    ),
    status: about("What keeps the group from working, or should end it", nullable(array(status))),
    activeTasks: about(
      "The tasks to work on; null where they did not change",
      orNull(array(taskIds)),
    ),
    standbyTasks: about(
      "The tasks whose state is to be copied; null where they did not change",
      orNull(array(taskIds)),
    ),
    warmupTasks: about(
      "The tasks whose state is to be copied to take them over; null where they did not change",
      orNull(array(taskIds)),
    ),
    topologyDescriptionRequired: about(
      "Whether a description of the topology is wanted",
      from(1, boolean),
    ),
    endpointInformationEpoch: about("Which endpoints these are", int32),
    partitionsByUserEndpoint: about(
      "Who works on which partitions; null where the member knows",
      orNull(array({
        userEndpoint: about("Where a member's state can be asked for", struct(endpoint)),
        activePartitions: about("What it works on", array(topicPartition)),
        standbyPartitions: about("What it copies the state of", array(topicPartition)),
      })),
    ),
  },
});

export type StreamsGroupHeartbeatRequest = RequestOf<typeof StreamsGroupHeartbeat>;
export type StreamsGroupHeartbeatResponse = ResponseOf<typeof StreamsGroupHeartbeat>;
