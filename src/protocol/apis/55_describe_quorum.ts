// DescribeQuorum (key 55). The leader, voters and observers of the metadata quorum (KIP-595).
//
//   v1    when each replica last fetched and was last caught up (KIP-836)
//   v2    error messages, directory ids and the nodes' addresses (KIP-853)

import {
  about,
  api,
  array,
  brokerId,
  defaultsTo,
  errorCode,
  from,
  int64,
  leaderEpoch,
  nullable,
  offset,
  partitionId,
  type RequestOf,
  type ResponseOf,
  string,
  uint16,
  uuid,
} from "../schema.ts";
import { clusterAccess } from "../shared_errors.ts";

const replicaState = {
  replicaId: about("The node", brokerId),
  replicaDirectoryId: about("The directory of its log", from(2, uuid)),
  logEndOffset: about("Where its log ends", offset),
  lastFetchTimestamp: about("When it last fetched; -1 is unknown", from(1, defaultsTo(-1, int64))),
  lastCaughtUpTimestamp: about(
    "When it last had everything; -1 is unknown",
    from(1, defaultsTo(-1, int64)),
  ),
};

const node = {
  nodeId: brokerId,
  listeners: about(
    "The addresses of the node",
    array({ name: string, host: string, port: uint16 }),
  ),
};

export const DescribeQuorum = api({
  key: 55,
  name: "DescribeQuorum",
  versions: "0-2",
  flexible: "0+",
  about: "Tells the leader, voters and observers of the quorum that keeps the cluster's metadata.",
  errors: {
    response: { ...clusterAccess },
    partitions: { UNKNOWN_TOPIC_OR_PARTITION: "only __cluster_metadata has a quorum" },
  },
  request: {
    topics: array({
      topicName: string,
      partitions: array({ partitionIndex: partitionId }),
    }),
  },
  response: {
    errorCode,
    errorMessage: from(2, nullable(string)),
    topics: array({
      topicName: string,
      partitions: array({
        partitionIndex: partitionId,
        errorCode,
        errorMessage: from(2, nullable(string)),
        leaderId: about("The node that leads; -1 is none", brokerId),
        leaderEpoch: about("Grows with each election", leaderEpoch),
        highWatermark: about("Where what most voters have ends", offset),
        currentVoters: about("The nodes that vote", array(replicaState)),
        observers: about("The nodes that only follow", array(replicaState)),
      }),
    }),
    nodes: about("The addresses of all of them", from(2, array(node))),
  },
});

export type DescribeQuorumRequest = RequestOf<typeof DescribeQuorum>;
export type DescribeQuorumResponse = ResponseOf<typeof DescribeQuorum>;
