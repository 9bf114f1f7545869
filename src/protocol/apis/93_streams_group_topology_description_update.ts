// StreamsGroupTopologyDescriptionUpdate (key 93). The topology of a Kafka Streams application, for
// people to look at (KIP-1331).

import {
  api,
  array,
  errorCode,
  int32,
  int8,
  nullableString,
  type RequestOf,
  type ResponseOf,
  string,
  struct,
  throttleTimeMs,
} from "../schema.ts";

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

export const StreamsGroupTopologyDescriptionUpdate = api({
  key: 93,
  name: "StreamsGroupTopologyDescriptionUpdate",
  versions: "0",
  flexible: "0+",
  request: {
    groupId: string,
    memberId: string,
    topologyEpoch: int32,
    topologyDescription: struct(topologyDescription),
  },
  response: {
    throttleTimeMs,
    errorCode,
    errorMessage: nullableString,
  },
});

export type StreamsGroupTopologyDescriptionUpdateRequest = RequestOf<
  typeof StreamsGroupTopologyDescriptionUpdate
>;
export type StreamsGroupTopologyDescriptionUpdateResponse = ResponseOf<
  typeof StreamsGroupTopologyDescriptionUpdate
>;
