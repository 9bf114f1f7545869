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
  about,
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
import { topicAccess } from "../shared_errors.ts";

const metadataRequestTopic = {
  topicId: about("Asks by id, with a null name", from(10, uuid)),
  name: nullableFrom(10, string),
};

export const Metadata = api({
  key: 3,
  name: "Metadata",
  versions: "0-13",
  flexible: "9+",
  about:
    "Tells the brokers, and topics with their partitions and leaders: what a client asks first.",
  errors: {
    response: { REBOOTSTRAP_REQUIRED: "the client knows another cluster: begin anew" },
    topics: {
      ...topicAccess,
      UNKNOWN_TOPIC_OR_PARTITION: "no topic has this name, and none was to be created",
      UNKNOWN_TOPIC_ID: "no topic has this id",
      INVALID_TOPIC_EXCEPTION: "no topic can have this name",
      INVALID_REQUEST: "a topic has to be asked for by name or by id",
      INVALID_REPLICATION_FACTOR: "the topic cannot be created: there are too few brokers",
      INVALID_PARTITIONS: "the topic cannot be created: a setting asks for too many partitions",
      INVALID_CONFIG: "the topic cannot be created: the broker's settings contradict each other",
      POLICY_VIOLATION: "the topic cannot be created: there are too many already",
      LEADER_NOT_AVAILABLE: "the topic was created just now: ask again",
      KAFKA_STORAGE_ERROR: "the topic cannot be created: the disk failed",
    },
    partitions: {
      LEADER_NOT_AVAILABLE: "the partition has no leader now",
      REPLICA_NOT_AVAILABLE: "a replica is on a broker that is away",
      KAFKA_STORAGE_ERROR: "the partition's log cannot be used",
    },
  },
  request: {
    topics: about(
      "The topics to tell of; null is all",
      nullableFrom(1, array(metadataRequestTopic)),
    ),
    allowAutoTopicCreation: about(
      "Create topics that are missing, where the broker may",
      from(4, essential(defaultsTo(true, boolean))),
    ),
    includeClusterAuthorizedOperations: about(
      "Tell what the client may do with the cluster",
      between(8, 10, essential(boolean)),
    ),
    includeTopicAuthorizedOperations: about(
      "Tell what the client may do with each topic",
      from(8, essential(boolean)),
    ),
  },
  response: {
    throttleTimeMs: from(3, int32),
    brokers: about(
      "All brokers that are up",
      array({
        nodeId: brokerId,
        host: string,
        port: int32,
        rack: from(1, nullableString),
      }),
    ),
    clusterId: about("The id of the cluster, for ever the same", from(2, nullableString)),
    controllerId: about(
      "The broker that takes changes of topics",
      from(1, defaultsTo(-1, brokerId)),
    ),
    topics: array({
      errorCode,
      name: nullableFrom(12, string),
      topicId: from(10, uuid),
      isInternal: about("Whether the topic is the brokers' own", from(1, boolean)),
      partitions: array({
        errorCode,
        partitionIndex: partitionId,
        leaderId: about("Send Produce and Fetch there; -1 is no leader", brokerId),
        leaderEpoch: about(
          "Grows with each change of the leader",
          from(7, defaultsTo(-1, leaderEpoch)),
        ),
        replicaNodes: about("The brokers with a replica", array(brokerId)),
        isrNodes: about("Those of them that are in sync", array(brokerId)),
        offlineReplicas: about("Those of them that are away", from(5, array(brokerId))),
      }),
      topicAuthorizedOperations: about(
        "A bit for each operation that is allowed; the smallest number where nobody asked",
        from(8, defaultsTo(-0x8000_0000, int32)),
      ),
    }),
    clusterAuthorizedOperations: about("Likewise", between(8, 10, defaultsTo(-0x8000_0000, int32))),
    errorCode: from(13, errorCode),
  },
});

export type MetadataRequest = RequestOf<typeof Metadata>;
export type MetadataResponse = ResponseOf<typeof Metadata>;
