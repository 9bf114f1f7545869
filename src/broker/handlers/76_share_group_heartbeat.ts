// ShareGroupHeartbeat: a member of a share group joins, goes on or leaves, and is told what it is
// assigned (KIP-932).
//
// Serves: 1.
// Behaviour: src/coordinator/groups/share/heartbeat.ts. Answered once what it tells is synced.
//   Partitions that are new to a group are assigned once the share coordinator keeps their state:
//   at the next heartbeat. UNSUPPORTED_VERSION where the cluster's share.version is 0.

import { ShareGroupHeartbeat } from "../../protocol/apis/76_share_group_heartbeat.ts";
import { ErrorCode, type ResponseOf } from "../../protocol/mod.ts";
import { needs } from "../access/authorizer.ts";
import { unaskedError } from "../coordination/groups.ts";
import { handler, type RequestContext } from "../handler.ts";
import { Shard } from "../coordination/shard.ts";

type Context = RequestContext<"groups" | "groupProtocols" | "groupMemory">;

export const shareGroupHeartbeat = handler(ShareGroupHeartbeat, {
  serves: "1",
  authorise: [needs("group read", { of: "groupId" }), needs("topic describe")],

  async handle(request, { services, clientId, session, requestBytes, may }: Context) {
    const mayDescribe = (name: string) => may("describe", { type: "topic", name });
    if (request.subscribedTopicNames?.every(mayDescribe) === false) {
      return refusal(ErrorCode.TOPIC_AUTHORIZATION_FAILED);
    }
    const shard = await services.groups.of(request.groupId);
    if (!(shard instanceof Shard)) {
      return refusal(unaskedError(services.groupProtocols, { type: "share", errorCode: shard }));
    }
    const errorCode = services.groupMemory.admit(requestBytes);
    if (errorCode !== ErrorCode.NONE) return refusal(errorCode);
    const clientHost = `/${session.remote.host}`;
    const input = { request, clientId: clientId ?? "", clientHost };
    return shard.submit<ResponseOf<typeof ShareGroupHeartbeat>>((table, at) =>
      table.shareHeartbeat(input, at)
    );
  },

  refuse: (_, { errorCode }) => refusal(errorCode),
});

/** No group was asked. */
function refusal(errorCode: ErrorCode) {
  return { errorCode, memberEpoch: 0, heartbeatIntervalMs: 0 };
}
