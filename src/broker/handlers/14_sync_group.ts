// SyncGroup: the leader of a group hands in the assignment, every member gets its own.
//
// Serves: 0-5.
// Behaviour: src/coordinator/groups/classic/sync.ts. Answered once the leader's assignment is
//   synced to the log.
// Versions: 3 static members (KIP-345); 4 flexible; 5 protocol type and name (KIP-559).

import { ErrorCode, type ResponseOf, SyncGroup } from "../../protocol/mod.ts";
import { needs } from "../access/authorizer.ts";
import { handler, type RequestContext } from "../handler.ts";
import { Shard } from "../coordination/shard.ts";

type Context = RequestContext<"groups" | "groupMemory">;

export const syncGroup = handler(SyncGroup, {
  serves: "0-5",
  authorise: [needs("group read", { of: "groupId" })],
  waits: true,
  copiesBytes: true,

  async handle(request, context: Context) {
    const { services, version: apiVersion, requestBytes } = context;
    const shard = await services.groups.of(request.groupId);
    if (!(shard instanceof Shard)) return refusal(shard);
    const errorCode = services.groupMemory.admit(requestBytes);
    if (errorCode !== ErrorCode.NONE) return refusal(errorCode);
    const answer = shard.submit<ResponseOf<typeof SyncGroup>>((table, at) =>
      table.sync({ request, apiVersion }, at)
    );
    context.doneWithBytes();
    return answer;
  },

  refuse: (_, { errorCode }) => refusal(errorCode),
});

/** No group was asked. */
function refusal(errorCode: ErrorCode) {
  return { errorCode, assignment: new Uint8Array(0) };
}
