// Heartbeat: a member of a group is alive, and learns whether it has to rejoin.
//
// Serves: 0-4.
// Behaviour: src/coordinator/groups/classic/sessions.ts.
// Versions: 3 static members (KIP-345); 4 flexible.

import { type ErrorCode, Heartbeat, type RequestOf, type ResponseOf } from "../../protocol/mod.ts";
import { needs } from "../access/authorizer.ts";
import type { GroupShard } from "../coordination/groups.ts";
import { Shard } from "../coordination/shard.ts";
import { handler, type RequestContext } from "../handler.ts";

type Context = RequestContext<"groups">;
type Request = RequestOf<typeof Heartbeat>;
type Response = Pick<ResponseOf<typeof Heartbeat>, "errorCode">;

export const heartbeat = handler(Heartbeat, {
  serves: "0-4",
  authorise: [needs("group read", { of: "groupId" })],

  handle(request, { services }: Context) {
    const found = services.groups.of(request.groupId);
    return found instanceof Promise ? answerLater(request, found) : answerOf(request, found);
  },

  refuse: (_, { errorCode }) => ({ errorCode }),
});

function answerOf(request: Request, shard: GroupShard | ErrorCode): Response {
  return shard instanceof Shard ? shard.machine.heartbeat(request, shard) : { errorCode: shard };
}

/** A function of its own: a closure is paid for by every call of the function that it is in. */
function answerLater(
  request: Request,
  found: Promise<GroupShard | ErrorCode>,
): Promise<Response> {
  return found.then((shard) => answerOf(request, shard));
}
