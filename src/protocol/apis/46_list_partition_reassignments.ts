// ListPartitionReassignments (key 46). The partitions that are moving now, and where to (KIP-455).

import {
  about,
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
import { clusterAccess } from "../shared_errors.ts";

export const ListPartitionReassignments = api({
  key: 46,
  name: "ListPartitionReassignments",
  versions: "0",
  flexible: "0+",
  about: "Lists the partitions that are moving now, and where to.",
  errors: { response: { ...clusterAccess } },
  request: {
    timeoutMs: about("How long to wait", defaultsTo(60_000, int32)),
    topics: about(
      "The partitions to tell of; null is all that move",
      orNull(
        array({
          name: string,
          partitionIndexes: about("The numbers of the partitions", array(partitionId)),
        }),
      ),
    ),
  },
  response: {
    throttleTimeMs,
    errorCode,
    errorMessage: nullable(string),
    topics: array({
      name: string,
      partitions: array({
        partitionIndex: partitionId,
        replicas: about("The brokers that have it now", array(brokerId)),
        addingReplicas: about("Those that get it", array(brokerId)),
        removingReplicas: about("Those that lose it", array(brokerId)),
      }),
    }),
  },
});

export type ListPartitionReassignmentsRequest = RequestOf<typeof ListPartitionReassignments>;
export type ListPartitionReassignmentsResponse = ResponseOf<typeof ListPartitionReassignments>;
