// ConsumerGroupHeartbeat: a member of a consumer group joins, goes on or leaves, and is told what
// it is assigned (KIP-848).
//
// Serves: 0-1.
// Behaviour: src/coordinator/groups/consumer/heartbeat.ts. Answered once what it tells is synced.
//   UNSUPPORTED_VERSION where group.coordinator.rebalance.protocols does not name the protocol, or
//   group.version is 0.
// Versions: 1 regular expressions; members choose their id (KIP-1082).

import {
  ConsumerGroupHeartbeat,
  type ConsumerGroupHeartbeatRequest as Request,
} from "../../protocol/apis/68_consumer_group_heartbeat.ts";
import { ErrorCode, type ResponseOf } from "../../protocol/mod.ts";
import { needs } from "../access/authorizer.ts";
import { type GroupShard, unaskedError } from "../coordination/groups.ts";
import { handler, type RequestContext } from "../handler.ts";
import { Shard } from "../coordination/shard.ts";
import { withFound } from "../coordination/shards.ts";

type Context = RequestContext<"groups" | "groupProtocols" | "groupMemory" | "newUuid" | "regexes">;

export const consumerGroupHeartbeat = handler(ConsumerGroupHeartbeat, {
  serves: "0-1",
  authorise: [needs("group read", { of: "groupId" }), needs("topic describe")],

  handle(request, context: Context) {
    const { groups } = context.services;
    const mayDescribe = (name: string) => context.may("describe", { type: "topic", name });
    if (request.subscribedTopicNames?.every(mayDescribe) === false) {
      return refusal(ErrorCode.TOPIC_AUTHORIZATION_FAILED);
    }
    return withFound(
      groups.of(request.groupId),
      (shard) => answerOf(request, { shard, context, mayDescribe }),
    );
  },

  refuse: (_, { errorCode }) => refusal(errorCode),
});

function answerOf(
  request: Request,
  { shard, context, mayDescribe }: {
    readonly shard: GroupShard | ErrorCode;
    readonly context: Context;
    readonly mayDescribe: (name: string) => boolean;
  },
) {
  if (!(shard instanceof Shard)) {
    return refusal(
      unaskedError(context.services.groupProtocols, { type: "consumer", errorCode: shard }),
    );
  }
  const { services, version: apiVersion, clientId, session, requestBytes } = context;
  const errorCode = services.groupMemory.admit(requestBytes);
  if (errorCode !== ErrorCode.NONE) return refusal(errorCode);
  const input = {
    request,
    apiVersion,
    clientId: clientId ?? "",
    clientHost: `/${session.remote.host}`,
    uuid: request.memberId === "" ? services.newUuid() : "",
    mayDescribe,
  };
  const decided = () =>
    shard.submit<ResponseOf<typeof ConsumerGroupHeartbeat>>((table, at) =>
      table.consumerHeartbeat(input, at)
    );
  const isByRegex = request.subscribedTopicRegex !== null && request.subscribedTopicRegex !== "";
  return isByRegex ? services.regexes.load().then(decided) : decided();
}

/** No group was asked. */
function refusal(errorCode: ErrorCode) {
  return { errorCode, memberEpoch: 0, heartbeatIntervalMs: 0 };
}
