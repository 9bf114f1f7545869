// ListPartitionReassignments: partitions that are being moved (KIP-455).
//
// Serves: 0.
// Behaviour: none, unless the folder comes from a cluster that stopped while it moved some.

import { listReassignments } from "../../cluster/replicas/reassignments.ts";
import { ListPartitionReassignments } from "../../protocol/apis/46_list_partition_reassignments.ts";
import { needs } from "../access/authorizer.ts";
import { handler, type RequestContext } from "../handler.ts";

type Context = RequestContext<"metadata">;

export const listPartitionReassignments = handler(ListPartitionReassignments, {
  serves: "0",
  authorise: [needs("cluster describe")],
  handle: (request, { services }: Context) => listReassignments(services.metadata.image, request),

  refuse: (_, { errorCode, errorMessage }) => ({ errorCode, errorMessage, topics: [] }),
});
