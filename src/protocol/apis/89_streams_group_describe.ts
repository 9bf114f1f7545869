// StreamsGroupDescribe (key 89). Groups of Kafka Streams with members, tasks and topology
// (KIP-1071).
//
//   v1    the topology's description; the assignor's name (KIP-1331, KIP-1357)

import {
  about,
  api,
  array,
  boolean,
  defaultsTo,
  errorCode,
  essential,
  from,
  int16,
  int32,
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
import { coordinatorErrors, groupAccess, topicAccess } from "../shared_errors.ts";
import { topologyDescriptionStatus, topologyNodeType } from "../words.ts";

const keyValue = { key: about("The name of it", string), value: string };

const topicInfo = {
  name: string,
  partitions: about("0 where the broker works it out", int32),
  replicationFactor: about("0 for the broker's own", int16),
  topicConfigs: about("Settings that the topic is to have", array(keyValue)),
};

const endpoint = { host: string, port: uint16 };

const subtopologyId = about("A part of the topology", string);

const taskOffset = { subtopologyId, partition: partitionId, offset };

const taskIds = { subtopologyId, partitions: array(partitionId) };

const assignment = {
  activeTasks: about("Tasks to work on", array(taskIds)),
  standbyTasks: about("Tasks whose state is copied", array(taskIds)),
  warmupTasks: about("Tasks whose state is copied to take them over", array(taskIds)),
};

const topologyDescriptionNode = {
  name: string,
  nodeType: about("What it does", topologyNodeType),
  sourceTopics: about("Topics that a source reads", array(string)),
  sinkTopic: about("The topic that a sink writes", nullableString),
  stores: about("Stores that a processor uses", array(string)),
  successors: about("Nodes that get what it gives", array(string)),
};

const topologyDescriptionSubtopology = {
  subtopologyId,
  nodes: about("What it consists of", array(topologyDescriptionNode)),
};

const topologyDescriptionGlobalStore = {
  source: about("Where its data comes from", struct(topologyDescriptionNode)),
  processor: about("What fills it", struct(topologyDescriptionNode)),
};

const topologyDescription = {
  subtopologies: about(
    "The parts that run apart from each other",
    array(topologyDescriptionSubtopology),
  ),
  globalStores: about("Stores that every instance has", array(topologyDescriptionGlobalStore)),
};

export const StreamsGroupDescribe = api({
  key: 89,
  name: "StreamsGroupDescribe",
  versions: "0-1",
  flexible: "0+",
  about: "Groups of Kafka Streams, with their epochs, topology, members and tasks.",
  errors: {
    groups: {
      ...groupAccess,
      ...topicAccess,
      ...coordinatorErrors,
      GROUP_ID_NOT_FOUND: "there is no such streams group",
      INVALID_GROUP_ID: "the group has an empty name",
      UNSUPPORTED_VERSION: "the streams protocol is turned off",
    },
  },
  request: {
    groupIds: about("The groups to tell of", array(string)),
    includeAuthorizedOperations: about("Whether to tell what the client may do", boolean),
    includeTopologyDescription: about(
      "Whether to describe the topology, node by node",
      from(1, essential(boolean)),
    ),
  },
  response: {
    throttleTimeMs,
    groups: array({
      errorCode,
      errorMessage: nullableString,
      groupId: string,
      groupState: about("Empty, NotReady, Assigning, Reconciling or Stable", string),
      groupEpoch: about("Grows when members, topology or topics change", int32),
      assignmentEpoch: about("The group epoch that the targets are of", int32),
      topology: about(
        "What the application does; null where nobody has said",
        orNull(struct({
          epoch: about("Which topology of the application it is", int32),
          subtopologies: about(
            "The parts that run apart from each other",
            orNull(array({
              subtopologyId,
              sourceTopics: about("Topics that it reads", array(string)),
              repartitionSinkTopics: about(
                "Topics of the application that it writes",
                array(string),
              ),
              stateChangelogTopics: about("Topics that keep its state", array(topicInfo)),
              repartitionSourceTopics: about(
                "Topics of the application that it reads",
                array(topicInfo),
              ),
            })),
          ),
        })),
      ),
      members: array({
        memberId: string,
        memberEpoch: about("The assignment epoch that it has come to", int32),
        instanceId: about("The group.instance.id of a static member", nullableString),
        rackId: about("The rack that it is in", nullableString),
        clientId: about("As its requests say", string),
        clientHost: about("The address that it connects from", string),
        topologyEpoch: about("The topology that it runs", int32),
        processId: about("The process that it runs in", string),
        userEndpoint: about("Where its state can be asked for", orNull(struct(endpoint))),
        clientTags: about("What is known of where it runs", array(keyValue)),
        taskOffsets: about("How far the state of its tasks is", array(taskOffset)),
        taskEndOffsets: about("How far the state of its tasks could be", array(taskOffset)),
        assignment: struct(assignment),
        targetAssignment: about("What it is to have", struct(assignment)),
        isClassic: about("Whether it speaks the classic protocol", boolean),
      }),
      authorizedOperations: about(
        "A bit for each operation allowed; the least number where it was not asked for",
        defaultsTo(-0x8000_0000, int32),
      ),
      topologyDescription: about(
        "The topology, node by node",
        from(1, orNull(struct(topologyDescription))),
      ),
      topologyDescriptionStatus: about(
        "Why there is no description, or that there is",
        from(1, topologyDescriptionStatus),
      ),
      assignorName: about("The assignor in use", from(1, nullableString)),
    }),
  },
});

export type StreamsGroupDescribeRequest = RequestOf<typeof StreamsGroupDescribe>;
export type StreamsGroupDescribeResponse = ResponseOf<typeof StreamsGroupDescribe>;
