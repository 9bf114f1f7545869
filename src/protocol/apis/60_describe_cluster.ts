// DescribeCluster (key 60). Cluster id, controller and brokers, for tools (KIP-700).
//
//   v1    brokers or controllers (KIP-919)
//   v2    fenced brokers, when asked for (KIP-1073)

import {
  api,
  array,
  boolean,
  brokerId,
  defaultsTo,
  errorCode,
  essential,
  from,
  int32,
  int8,
  nullableString,
  type RequestOf,
  type ResponseOf,
  string,
  throttleTimeMs,
} from "../schema.ts";

export const DescribeCluster = api({
  key: 60,
  name: "DescribeCluster",
  versions: "0-2",
  flexible: "0+",
  request: {
    includeClusterAuthorizedOperations: boolean,
    endpointType: from(1, essential(defaultsTo(1, int8))),
    includeFencedBrokers: from(2, essential(boolean)),
  },
  response: {
    throttleTimeMs,
    errorCode,
    errorMessage: nullableString,
    endpointType: from(1, defaultsTo(1, int8)),
    clusterId: string,
    controllerId: defaultsTo(-1, brokerId),
    brokers: array({
      brokerId,
      host: string,
      port: int32,
      rack: nullableString,
      isFenced: from(2, boolean),
    }),
    clusterAuthorizedOperations: defaultsTo(-0x8000_0000, int32),
  },
});

export type DescribeClusterRequest = RequestOf<typeof DescribeCluster>;
export type DescribeClusterResponse = ResponseOf<typeof DescribeCluster>;
