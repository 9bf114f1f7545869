// LeaveGroup: members leave their group, which then rebalances without waiting for their sessions.
//
// Serves: 0-5.
// Behaviour: src/coordinator/groups/classic/leave.ts.
// Versions: 3 several members, static ones by instance id (KIP-345); 4 flexible; 5 reason
//   (KIP-800).

import { LeaveGroup, type ResponseOf } from "../../protocol/mod.ts";
import { needs } from "../access/authorizer.ts";
import { handler, type RequestContext } from "../handler.ts";
import { Shard } from "../coordination/shard.ts";

type Context = RequestContext<"groups">;

export const leaveGroup = handler(LeaveGroup, {
  serves: "0-5",
  authorise: [needs("group read", { of: "groupId" })],

  async handle(request, { services, version: apiVersion }: Context) {
    const shard = await services.groups.of(request.groupId);
    if (!(shard instanceof Shard)) return { errorCode: shard, members: [] };
    return shard.submit<ResponseOf<typeof LeaveGroup>>((table, at) =>
      table.leave({ request, apiVersion }, at)
    );
  },

  refuse: (_, { errorCode }) => ({ errorCode, members: [] }),
});
