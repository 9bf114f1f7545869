// ShareAcknowledge: a member of a share group says what became of records (KIP-932).
//
// Serves: 1-2.
// Behaviour: each partition is answered once what was said of it is stored, or with why nothing of
//   it is done: share/share_partition.ts. The last request of a session (epoch -1) lets go of all
//   that the member still holds. UNSUPPORTED_VERSION where share.version is 0.
// Versions: 2 renewing (KIP-1222).

import { ErrorCode, errorMessage, type ResponseInput } from "../../protocol/mod.ts";
import { ShareAcknowledge } from "../../protocol/apis/79_share_acknowledge.ts";
import { needs } from "../access/authorizer.ts";
import { handler, type RequestContext } from "../handler.ts";
import { isAboutLeader, LeaderHints } from "../leadership/leader_hints.ts";
import { acknowledgeAll, type AcknowledgedPartition, noLeader } from "../share/acknowledging.ts";
import { memberOf } from "../share/share_sessions.ts";

type Response = ResponseInput<typeof ShareAcknowledge>;
type TopicAnswer = Response["responses"][number];

const finalEpoch = -1;
/** Since which version clients may renew. */
const renewsFrom = 2;

type Context = RequestContext<
  "nodeId" | "metadata" | "shareSessions" | "sharePartitions" | "slices"
>;

export const shareAcknowledge = handler(ShareAcknowledge, {
  serves: "1-2",
  authorise: [needs("group read", { of: "groupId" }), needs("topic read")],
  // For who keeps the state, where that moves.
  waits: true,

  async handle(request, context: Context) {
    const { services } = context;
    const member = memberOf(request, services);
    if (typeof member === "number") return refused(member);
    const errorCode = services.shareSessions.acknowledge({ ...member, owner: context.session });
    if (errorCode !== ErrorCode.NONE) return refused(errorCode);
    const acknowledged = await acknowledgeAll(services, {
      ...member,
      topics: request.topics,
      canRenew: context.version >= renewsFrom,
      isRenewing: request.isRenewAck,
      may: context.may,
    });
    if (member.epoch === finalEpoch) services.shareSessions.end(member.groupId, member.memberId);
    const { lockMs } = services.sharePartitions.terms(member.groupId);
    return { errorCode, acquisitionLockTimeoutMs: lockMs, ...answerOf(acknowledged, context) };
  },

  refuse: (_, { errorCode }) => refused(errorCode),
});

function refused(errorCode: ErrorCode): Response {
  return { errorCode, errorMessage: errorMessage(errorCode), responses: [], nodeEndpoints: [] };
}

function answerOf(
  acknowledged: readonly AcknowledgedPartition[],
  { services, session }: Context,
): Pick<Response, "responses" | "nodeEndpoints"> {
  const hints = new LeaderHints(services, session.listener);
  const byTopic = Map.groupBy(acknowledged, ({ topicId }) => topicId);
  const responses = [...byTopic].map(([topicId, partitions]): TopicAnswer => ({
    topicId,
    partitions: partitions.map(({ partition: partitionIndex, errorCode }) => ({
      partitionIndex,
      errorCode,
      errorMessage: errorCode === ErrorCode.NONE ? null : errorMessage(errorCode),
      currentLeader:
        (isAboutLeader(errorCode) ? hints.leaderOf({ topicId }, partitionIndex) : undefined) ??
          noLeader,
    })),
  }));
  return { responses, nodeEndpoints: hints.nodeEndpoints };
}
