// Metadata (key 3). Brokers, controller, topics and who leads their partitions: what a client asks
// first.
//
//   v0    an empty list of topics means all
//   v1    null means all and empty means none; racks, controller, which topics are internal
//   v2    cluster id (KIP-78)
//   v3    throttle time (KIP-124)
//   v4    whether missing topics may be created
//   v5    offline replicas (KIP-112)
//   v6    answered before throttling (KIP-219)
//   v7    leader epochs (KIP-320)
//   v8    authorized operations, when asked for (KIP-430)
//   v9    flexible (KIP-482)
//   v10   topic ids in the answer (KIP-516)
//   v11   the cluster's authorized operations moved to DescribeCluster (KIP-700)
//   v12   topics asked for by id, with a null name (KIP-516)
//   v13   an error code for the whole answer, REBOOTSTRAP_REQUIRED (KIP-1102)

import {
  api,
  array,
  between,
  boolean,
  brokerId,
  defaultsTo,
  errorCode,
  essential,
  from,
  int32,
  leaderEpoch,
  nullableFrom,
  nullableString,
  partitionId,
  type RequestOf,
  type ResponseOf,
  string,
  uuid,
} from "../schema.ts";

const metadataRequestTopic = { topicId: from(10, uuid), name: nullableFrom(10, string) };

export const Metadata = api({
  key: 3,
  name: "Metadata",
  versions: "0-13",
  flexible: "9+",
  request: {
    topics: nullableFrom(1, array(metadataRequestTopic)),
    allowAutoTopicCreation: from(4, essential(defaultsTo(true, boolean))),
    includeClusterAuthorizedOperations: between(8, 10, essential(boolean)),
    includeTopicAuthorizedOperations: from(8, essential(boolean)),
  },
  response: {
    throttleTimeMs: from(3, int32),
    brokers: array({
      nodeId: brokerId,
      host: string,
      port: int32,
      rack: from(1, nullableString),
    }),
    clusterId: from(2, nullableString),
    controllerId: from(1, defaultsTo(-1, brokerId)),
    topics: array({
      errorCode,
      name: nullableFrom(12, string),
      topicId: from(10, uuid),
      isInternal: from(1, boolean),
      partitions: array({
        errorCode,
        partitionIndex: partitionId,
        leaderId: brokerId,
        leaderEpoch: from(7, defaultsTo(-1, leaderEpoch)),
        replicaNodes: array(brokerId),
        isrNodes: array(brokerId),
        offlineReplicas: from(5, array(brokerId)),
      }),
      topicAuthorizedOperations: from(8, defaultsTo(-0x8000_0000, int32)),
    }),
    clusterAuthorizedOperations: between(8, 10, defaultsTo(-0x8000_0000, int32)),
    errorCode: from(13, errorCode),
  },
});

export type MetadataRequest = RequestOf<typeof Metadata>;
export type MetadataResponse = ResponseOf<typeof Metadata>;
