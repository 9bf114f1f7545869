// FindCoordinator: which broker coordinates a group or a transactional id, or keeps the state of a
// share partition.
//
// Serves: 0-6.
// Behaviour: the leader of the group's partition of __consumer_offsets, which the first call
//   creates. A group whose partition is offline, or led by nobody whom the client can reach, has no
//   coordinator. Transactional ids likewise, with __transaction_state, and share partitions
//   (groupId:topicId:partition), with __share_group_state; only brokers ask for those.
// Versions: 1 key type; 3 flexible; 4 several keys (KIP-699); 5 (KIP-890) and 6 share groups
//   (KIP-932) change what may be asked, not the message.

import { mapSliced } from "../../base/pieces.ts";
import { ErrorCode, errorMessage, FindCoordinator } from "../../protocol/mod.ts";
import { needs, refusedWith, theCluster } from "../access/authorizer.ts";
import { ClusterView } from "../leadership/cluster_view.ts";
import { handler, type RequestContext } from "../handler.ts";

type Context = RequestContext<"checkNotFenced" | "coordinators" | "nodeId" | "metadata" | "slices">;

export const findCoordinator = handler(FindCoordinator, {
  serves: "0-6",
  authorise: [
    needs("group describe", { when: "the key is a group" }),
    needs("transactionalId describe", { when: "the key is a transactional id" }),
    needs("cluster clusterAction", { when: "the key is a share partition" }),
  ],

  async handle(request, context: Context) {
    context.services.checkNotFenced();
    if (context.version < 4) return await find(request.key, request.keyType, context);
    const { slices } = context.services;
    const coordinators = await mapSliced(request.coordinatorKeys, slices, async (key) => {
      const found = await find(key, request.keyType, context);
      const message = found.errorCode === ErrorCode.NONE ? "" : found.errorMessage;
      return { key, ...found, errorMessage: message };
    });
    return { coordinators };
  },
});

const keyTypeOf = { group: 0, transaction: 1, share: 2 } as const;

async function find(key: string, keyType: number, context: Context) {
  const { services, session } = context;
  const nowhere = { nodeId: -1, host: "", port: -1 };
  const refusal = refusalOf(key, keyType, context);
  if (refusal !== undefined) return { ...refusal, ...nowhere };
  const coordinator = services.coordinators.ofKeyType(keyType);
  const problem = coordinator === undefined
    ? `there is no coordinator of type ${keyType}`
    : coordinator.keyProblem(key);
  if (coordinator === undefined || problem !== undefined) {
    return { errorCode: ErrorCode.INVALID_REQUEST, errorMessage: problem ?? null, ...nowhere };
  }
  const found = await coordinator.locate(key);
  const node = typeof found === "number"
    ? undefined
    : new ClusterView(services, session.listener).broker(found.nodeId);
  if (node === undefined) {
    const errorCode = ErrorCode.COORDINATOR_NOT_AVAILABLE;
    return { errorCode, errorMessage: errorMessage(errorCode), ...nowhere };
  }
  const { nodeId, host, port } = node;
  // Kafka's word for no error, until version 4 came without one.
  return { errorCode: ErrorCode.NONE, errorMessage: "NONE", nodeId, host, port };
}

/** What is told to who may not know of the coordinator. */
function refusalOf(key: string, keyType: number, { may }: Context) {
  switch (keyType) {
    case keyTypeOf.group: {
      const group = { type: "group", name: key } as const;
      return may("describe", group) ? undefined : refusedWith(group);
    }
    case keyTypeOf.transaction: {
      const transactionalId = { type: "transactionalId", name: key } as const;
      return may("describe", transactionalId) ? undefined : refusedWith(transactionalId);
    }
    case keyTypeOf.share:
      return may("clusterAction", theCluster) ? undefined : refusedWith(theCluster);
  }
}
