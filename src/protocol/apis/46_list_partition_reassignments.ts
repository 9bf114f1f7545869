// ListPartitionReassignments (key 46). The partitions that are moving now, and where to (KIP-455).

import {
  api,
  array,
  brokerId,
  defaultsTo,
  errorCode,
  int32,
  nullable,
  orNull,
  partitionId,
  type RequestOf,
  type ResponseOf,
  string,
  throttleTimeMs,
} from "../schema.ts";

export const ListPartitionReassignments = api({
  key: 46,
  name: "ListPartitionReassignments",
  versions: "0",
  flexible: "0+",
  request: {
    timeoutMs: defaultsTo(60_000, int32),
    topics: orNull(array({ name: string, partitionIndexes: array(partitionId) })),
  },
  response: {
    throttleTimeMs,
    errorCode,
    errorMessage: nullable(string),
    topics: array({
      name: string,
      partitions: array({
        partitionIndex: partitionId,
        replicas: array(brokerId),
        addingReplicas: array(brokerId),
        removingReplicas: array(brokerId),
      }),
    }),
  },
});

export type ListPartitionReassignmentsRequest = RequestOf<typeof ListPartitionReassignments>;
export type ListPartitionReassignmentsResponse = ResponseOf<typeof ListPartitionReassignments>;
