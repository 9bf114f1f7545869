// Heartbeat: a member of a group is alive, and learns whether it has to rejoin.
//
// Serves: 0-4.
// Behaviour: src/coordinator/classic/sessions.ts.
// Versions: 3 static members (KIP-345); 4 flexible.

import { Heartbeat } from "../../protocol/mod.ts";
import { needs } from "../access/authorizer.ts";
import { handler, type RequestContext } from "../handler.ts";
import { Shard, withFound } from "../coordination/shards.ts";

type Context = RequestContext<"groups">;

export const heartbeat = handler(Heartbeat, {
  serves: "0-4",
  authorise: [needs("group read", { of: "groupId" })],

  handle(request, { services }: Context) {
    return withFound(
      services.groups.of(request.groupId),
      (shard) =>
        shard instanceof Shard ? shard.machine.heartbeat(request, shard) : { errorCode: shard },
    );
  },

  refuse: (_, { errorCode }) => ({ errorCode }),
});
