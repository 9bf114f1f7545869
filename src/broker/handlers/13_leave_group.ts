// LeaveGroup: members leave their group, which then rebalances without waiting for their sessions.
//
// Serves: 0-5.
// Behaviour: src/coordinator/leave.ts.
// Versions: 3 several members, static ones by instance id (KIP-345); 4 flexible; 5 reason
//   (KIP-800).

import { LeaveGroup, type ResponseOf } from "../../protocol/mod.ts";
import { GroupShard } from "../groups.ts";
import { handler } from "../handler.ts";

export const leaveGroup = handler(LeaveGroup, {
  serves: "0-5",

  async handle(request, { broker, version: apiVersion }) {
    const shard = await broker.groups.of(request.groupId);
    if (!(shard instanceof GroupShard)) return { errorCode: shard, members: [] };
    return shard.submit<ResponseOf<typeof LeaveGroup>>((at) =>
      shard.table.leave({ request, apiVersion }, at)
    );
  },
});
