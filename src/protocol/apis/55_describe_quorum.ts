// DescribeQuorum (key 55). The leader, voters and observers of the metadata quorum (KIP-595).
//
//   v1    when each replica last fetched and was last caught up (KIP-836)
//   v2    error messages, directory ids and the nodes' addresses (KIP-853)

import {
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

const replicaState = {
  replicaId: brokerId,
  replicaDirectoryId: from(2, uuid),
  logEndOffset: offset,
  lastFetchTimestamp: from(1, defaultsTo(-1, int64)),
  lastCaughtUpTimestamp: from(1, defaultsTo(-1, int64)),
};

const node = {
  nodeId: brokerId,
  listeners: array({ name: string, host: string, port: uint16 }),
};

export const DescribeQuorum = api({
  key: 55,
  name: "DescribeQuorum",
  versions: "0-2",
  flexible: "0+",
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
        leaderId: brokerId,
        leaderEpoch,
        highWatermark: offset,
        currentVoters: array(replicaState),
        observers: array(replicaState),
      }),
    }),
    nodes: from(2, array(node)),
  },
});

export type DescribeQuorumRequest = RequestOf<typeof DescribeQuorum>;
export type DescribeQuorumResponse = ResponseOf<typeof DescribeQuorum>;
