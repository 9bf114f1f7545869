// AlterPartitionReassignments (key 45). Starts or cancels moving partitions to other replicas
// (KIP-455).
//
//   v1    whether the number of replicas may change (KIP-860)

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
  nullable,
  orNull,
  partitionId,
  type RequestOf,
  type ResponseOf,
  string,
  throttleTimeMs,
} from "../schema.ts";

export const AlterPartitionReassignments = api({
  key: 45,
  name: "AlterPartitionReassignments",
  versions: "0-1",
  flexible: "0+",
  request: {
    timeoutMs: defaultsTo(60_000, int32),
    allowReplicationFactorChange: from(1, essential(defaultsTo(true, boolean))),
    topics: array({
      name: string,
      partitions: array({ partitionIndex: partitionId, replicas: orNull(array(brokerId)) }),
    }),
  },
  response: {
    throttleTimeMs,
    allowReplicationFactorChange: from(1, defaultsTo(true, boolean)),
    errorCode,
    errorMessage: nullable(string),
    responses: array({
      name: string,
      partitions: array({
        partitionIndex: partitionId,
        errorCode,
        errorMessage: nullable(string),
      }),
    }),
  },
});

export type AlterPartitionReassignmentsRequest = RequestOf<typeof AlterPartitionReassignments>;
export type AlterPartitionReassignmentsResponse = ResponseOf<typeof AlterPartitionReassignments>;
