// AlterPartitionReassignments: other replicas for partitions, or an end to moving them (KIP-455).
//
// Serves: 0-1.
// Behaviour: replicas that are in sync take over when the answer goes out: another order, or fewer.
//   Those that have to copy the log do so first, and then the others go. A broker that is not
//   registered is INVALID_REPLICA_ASSIGNMENT, as in Kafka; nothing to cancel is
//   NO_REASSIGNMENT_IN_PROGRESS.
// Versions: 1 the replication factor may be kept from changing (KIP-860).
// Not done: moving replicas to brokers that are not running; they get INVALID_REPLICA_ASSIGNMENT.

import { decideAlterReassignments } from "../../cluster/replicas/reassignments.ts";
import {
  AlterPartitionReassignments,
} from "../../protocol/apis/45_alter_partition_reassignments.ts";
import { needs } from "../access/authorizer.ts";
import { handler, type RequestContext } from "../handler.ts";

type Context = RequestContext<"change">;

export const alterPartitionReassignments = handler(AlterPartitionReassignments, {
  serves: "0-1",
  authorise: [needs("cluster alter")],
  handle: (request, { services }: Context) =>
    services.change((image) => decideAlterReassignments(image, request)),
  refuse: ({ topics }, { errorCode, errorMessage }) => ({
    errorCode,
    errorMessage,
    responses: topics.map(({ name, partitions }) => ({
      name,
      partitions: partitions.map(({ partitionIndex }) => {
        return { partitionIndex, errorCode, errorMessage };
      }),
    })),
  }),
});
