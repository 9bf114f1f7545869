// DescribeCluster (key 60). Cluster id, controller and brokers, for tools (KIP-700).
//
//   v1    brokers or controllers (KIP-919)
//   v2    fenced brokers, when asked for (KIP-1073)

import {
  about,
  api,
  array,
  boolean,
  brokerId,
  defaultsTo,
  endpointType,
  errorCode,
  essential,
  from,
  int32,
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
  about: "Tells the id, the controller and the brokers of the cluster, for tools.",
  errors: {
    response: {
      MISMATCHED_ENDPOINT_TYPE: "the address leads to brokers, and controllers were asked for",
      UNSUPPORTED_ENDPOINT_TYPE: "there is no such type of endpoint",
    },
  },
  request: {
    includeClusterAuthorizedOperations: about(
      "Tell what the client may do with the cluster",
      boolean,
    ),
    endpointType: about("What nodes to tell of", from(1, essential(defaultsTo(1, endpointType)))),
    includeFencedBrokers: about(
      "Tell brokers that are shut out for now, too",
      from(2, essential(boolean)),
    ),
  },
  response: {
    throttleTimeMs,
    errorCode,
    errorMessage: nullableString,
    endpointType: about("What nodes to tell of", from(1, defaultsTo(1, endpointType))),
    clusterId: about("The id of the cluster, for ever the same", string),
    controllerId: about("The broker that takes changes; -1 is none", defaultsTo(-1, brokerId)),
    brokers: about(
      "The nodes",
      array({
        brokerId,
        host: string,
        port: int32,
        rack: nullableString,
        isFenced: about("Whether it is shut out for now", from(2, boolean)),
      }),
    ),
    clusterAuthorizedOperations: about(
      "A bit for each operation that is allowed; the smallest number where nobody asked",
      defaultsTo(-0x8000_0000, int32),
    ),
  },
});

export type DescribeClusterRequest = RequestOf<typeof DescribeCluster>;
export type DescribeClusterResponse = ResponseOf<typeof DescribeCluster>;
