// AlterPartitionReassignments (key 45). Starts or cancels moving partitions to other replicas
// (KIP-455).
//
//   v1    whether the number of replicas may change (KIP-860)

import {
  about,
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
import { clusterAccess } from "../shared_errors.ts";

export const AlterPartitionReassignments = api({
  key: 45,
  name: "AlterPartitionReassignments",
  versions: "0-1",
  flexible: "0+",
  about: "Starts or cancels moving partitions to other replicas.",
  errors: {
    response: { ...clusterAccess, KAFKA_STORAGE_ERROR: "the change could not be written to disk" },
    partitions: {
      ...clusterAccess,
      UNKNOWN_TOPIC_OR_PARTITION: "there is no such topic or partition",
      INVALID_REPLICA_ASSIGNMENT: "the list names a broker twice, or one that is not there",
      INVALID_REPLICATION_FACTOR: "the number of replicas may not change",
      NO_REASSIGNMENT_IN_PROGRESS: "nothing moves that could be cancelled",
      KAFKA_STORAGE_ERROR: "the change could not be written to disk",
    },
  },
  request: {
    timeoutMs: about("How long to wait", defaultsTo(60_000, int32)),
    allowReplicationFactorChange: about(
      "Whether the number of replicas may change",
      from(1, essential(defaultsTo(true, boolean))),
    ),
    topics: array({
      name: string,
      partitions: array({
        partitionIndex: partitionId,
        replicas: about("The brokers that are to have it; null cancels", orNull(array(brokerId))),
      }),
    }),
  },
  response: {
    throttleTimeMs,
    allowReplicationFactorChange: about(
      "Whether the number of replicas may change",
      from(1, defaultsTo(true, boolean)),
    ),
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
