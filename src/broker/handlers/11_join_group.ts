// JoinGroup: enters a consumer group, or takes part in its rebalance.
//
// Serves: 0-9.
// Behaviour: src/coordinator/groups/classic/join.ts. The answer comes when the rebalance
//   completes, so it may take as long as the rebalance timeout.
// Versions: 1 rebalance timeout; 4 a member first gets its id (KIP-394); 5 static members
//   (KIP-345); 6 flexible; 7 protocol type and a nullable protocol name (KIP-559); 8 reason
//   (KIP-800); 9 skipAssignment (KIP-814).

import { ErrorCode, JoinGroup, type ResponseOf } from "../../protocol/mod.ts";
import { needs } from "../access/authorizer.ts";
import { handler, type RequestContext } from "../handler.ts";
import { Shard } from "../coordination/shard.ts";

type Context = RequestContext<"groups" | "groupMemory" | "newUuid">;

export const joinGroup = handler(JoinGroup, {
  serves: "0-9",
  authorise: [needs("group read", { of: "groupId" })],
  waits: true,
  copiesBytes: true,

  async handle(request, context: Context) {
    const { services, version: apiVersion, clientId, session, requestBytes } = context;
    const shard = await services.groups.of(request.groupId);
    if (!(shard instanceof Shard)) {
      return refusal(request.memberId, { errorCode: shard, apiVersion });
    }
    const errorCode = services.groupMemory.admit(requestBytes);
    if (errorCode !== ErrorCode.NONE) return refusal(request.memberId, { errorCode, apiVersion });
    const clientHost = `/${session.remote.host}`;
    const uuid = services.newUuid();
    const input = { request, apiVersion, clientId: clientId ?? "", clientHost, uuid };
    const answer = shard.submit<ResponseOf<typeof JoinGroup>>((table, at) => table.join(input, at));
    // It may be long in coming, and what the group keeps is a copy.
    context.doneWithBytes();
    return answer;
  },

  refuse: (_, { errorCode, version: apiVersion }) => refusal("", { errorCode, apiVersion }),
});

/** No group was asked. Before version 7 the protocol's name cannot be null. */
function refusal(
  memberId: string,
  { errorCode, apiVersion }: { errorCode: ErrorCode; apiVersion: number },
) {
  return {
    errorCode,
    generationId: -1,
    protocolName: apiVersion >= 7 ? null : "",
    leader: "",
    memberId,
    members: [],
  };
}
