// ShareFetch: a member of a share group is given records, and says what became of earlier ones
// (KIP-932).
//
// Serves: 1-2.
// Behaviour: share sessions (share/share_sessions.ts) say which partitions are read; what may be
//   handed out of them is (share/share_partition.ts), long polling until minBytes are readable,
//   maxWaitMs has passed or a partition has an error to tell. What is said of earlier records is
//   done beside that, and the answer tells of it once it is stored. UNSUPPORTED_VERSION where
//   share.version is 0.
// Versions: 2 no more records than asked for, or whole batches (KIP-1206); renewing, which reads
//   nothing (KIP-1222).
//
// Differs from Kafka: transaction markers are never acquired. Kafka acquires them, and clients
// acknowledge them as gaps.
//
// Differs from Kafka: a record that has used up half of its delivery attempts is acquired together
// with others, as any other. Kafka acquires it with fewer, so that a bad record is isolated sooner.
//
// Differs from Kafka: while a partition's share state cannot be read, the answer has neither
// records nor an error for it. Kafka answers COORDINATOR_NOT_AVAILABLE, on which the poll of its
// own consumer fails for good.
//
// Differs from Kafka: before a group starts to read a partition, the partition's leader makes sure
// that it knows the group's newest configuration. In Kafka it may not have heard of it yet, and
// then starts at the end.
//
// Differs from Kafka: an answer that takes a client over its quota is sent, and the client is
// throttled after it. Kafka sends an empty answer, and the records that were acquired for it stay
// locked.

import { ErrorCode, errorMessage, type RequestOf, type ResponseInput } from "../../protocol/mod.ts";
import { ShareFetch } from "../../protocol/apis/78_share_fetch.ts";
import { needs } from "../access/authorizer.ts";
import { handler, type RequestContext } from "../handler.ts";
import { isAboutLeader, LeaderHints } from "../leadership/leader_hints.ts";
import {
  acknowledgeAll,
  type AcknowledgedPartition,
  noLeader,
  saysAnything,
} from "../share/acknowledging.ts";
import { readShare, type ShareRead, type ShareReadServices } from "../share/share_reader.ts";
import { memberOf, type ShareMember } from "../share/share_sessions.ts";

type Request = RequestOf<typeof ShareFetch>;
type Response = ResponseInput<typeof ShareFetch>;
type TopicAnswer = Response["responses"][number];
type PartitionAnswer = TopicAnswer["partitions"][number];

const finalEpoch = -1;
const acquireModes = { batchOptimized: 0, recordLimit: 1 };
/** Since which version clients may renew, and bound the records strictly. */
const renewsFrom = 2;

type Context = RequestContext<
  "nodeId" | "metadata" | "shareSessions" | "config" | "quotas" | keyof ShareReadServices
>;

export const shareFetch = handler(ShareFetch, {
  serves: "1-2",
  authorise: [needs("group read", { of: "groupId" }), needs("topic read")],
  waits: true,

  async handle(request, context: Context) {
    const { services } = context;
    const member = memberOf(request, services);
    if (typeof member === "number") return refused(member);
    const problem = problemOf(request, context);
    if (problem !== undefined) return refused(ErrorCode.INVALID_REQUEST, problem);
    const isAcknowledging = saysAnything(request.topics);
    const wanted = services.shareSessions.fetch({
      ...member,
      owner: context.session,
      wanted: request.topics.map(({ topicId, partitions }) => ({
        topicId,
        partitions: partitions.map(({ partitionIndex }) => partitionIndex),
      })),
      forgotten: request.forgottenTopicsData,
      isAcknowledging,
    });
    if (typeof wanted === "number") return refused(wanted);
    const [acknowledged, reads] = await Promise.all([
      acknowledgeAll(services, {
        ...member,
        topics: request.topics,
        canRenew: context.version >= renewsFrom,
        isRenewing: request.isRenewAck,
        may: context.may,
      }),
      read(wanted, { request, member, context, isAcknowledging }),
    ]);
    if (member.epoch === finalEpoch) services.shareSessions.end(member.groupId, member.memberId);
    const told = reads.filter(({ errorCode, acquired }) =>
      errorCode !== ErrorCode.NONE || acquired.length > 0
    );
    return answerOf({ reads: told, acknowledged }, { context, member });
  },

  refuse: (_, { errorCode }) => refused(errorCode),

  // Its records are acquired.
  withhold: () => undefined,
});

function refused(errorCode: ErrorCode, message = errorMessage(errorCode)): Response {
  return { errorCode, errorMessage: message, responses: [], nodeEndpoints: [] };
}

/** What makes a request one that cannot be. */
function problemOf(request: Request, { version }: Context): string | undefined {
  if (version < renewsFrom) return undefined;
  const { shareAcquireMode } = request;
  if (!Object.values(acquireModes).includes(shareAcquireMode)) {
    return `There is no acquire mode ${shareAcquireMode}.`;
  }
  if (!request.isRenewAck) return undefined;
  const { maxBytes, minBytes, maxRecords, maxWaitMs } = request;
  const reads = Object.entries({ maxBytes, minBytes, maxRecords, maxWaitMs })
    .filter(([, value]) => value !== 0);
  if (reads.length === 0) return undefined;
  return `A request that renews reads nothing, but ${reads.map(([key]) => key).join(", ")} is set.`;
}

async function read(
  wanted: readonly ShareRead["key"][],
  { request, member, context, isAcknowledging }: {
    readonly request: Request;
    readonly member: ShareMember;
    readonly context: Context;
    readonly isAcknowledging: boolean;
  },
): Promise<ShareRead[]> {
  const { services, session, clientId, may } = context;
  const isRenewing = context.version >= renewsFrom && request.isRenewAck;
  // Who reads nothing has come to acknowledge.
  if (isRenewing || member.epoch === finalEpoch) return [];
  if (wanted.length === 0 && isAcknowledging) return [];
  const refusals: ShareRead[] = [];
  const allowed = wanted.filter((key) => {
    const name = services.metadata.image.topicById(key.topicId)?.name;
    const isAllowed = name === undefined || may("read", { type: "topic", name });
    const errorCode = ErrorCode.TOPIC_AUTHORIZATION_FAILED;
    if (!isAllowed) refusals.push({ key, errorCode, records: new Uint8Array(0), acquired: [] });
    return isAllowed;
  });
  const reads = await readShare(services, {
    ...member,
    wanted: allowed,
    bytesMin: request.minBytes,
    bytesMax: Math.min(
      request.maxBytes,
      services.config.get("fetch.max.bytes"),
      services.quotas.meter(session.principal, clientId)?.fetchBytesMax ?? Infinity,
    ),
    waitMsMax: refusals.length > 0 ? 0 : request.maxWaitMs,
    requester: session,
    recordsMax: request.maxRecords,
    batchSize: Math.max(1, request.batchSize),
    isStrict: context.version >= renewsFrom &&
      request.shareAcquireMode === acquireModes.recordLimit,
    isCurrent: () => services.shareSessions.isCurrent(member),
  });
  return [...refusals, ...reads];
}

interface Told {
  readonly reads: readonly ShareRead[];
  readonly acknowledged: readonly AcknowledgedPartition[];
}

function answerOf(
  { reads, acknowledged }: Told,
  { context, member }: { readonly context: Context; readonly member: ShareMember },
): Response {
  const { services, session } = context;
  const hints = new LeaderHints(services, session.listener);
  const topics = new Map<string, Map<number, PartitionAnswer>>();
  const put = (
    { topicId, partition }: { readonly topicId: string; readonly partition: number },
    errorCode: ErrorCode,
    told: Partial<PartitionAnswer>,
  ) => {
    const partitions = topics.get(topicId) ?? new Map<number, PartitionAnswer>();
    const before = partitions.get(partition) ?? emptyAnswer(partition);
    const leader = isAboutLeader(errorCode) ? hints.leaderOf({ topicId }, partition) : undefined;
    const currentLeader = leader ?? before.currentLeader;
    topics.set(topicId, partitions.set(partition, { ...before, ...told, currentLeader }));
  };
  for (const { key, errorCode, records, acquired: acquiredRecords } of reads) {
    const message = messageOf(errorCode);
    put(key, errorCode, { errorCode, errorMessage: message, records, acquiredRecords });
  }
  for (const { errorCode, ...of } of acknowledged) {
    const acknowledgeErrorMessage = messageOf(errorCode);
    put(of, errorCode, { acknowledgeErrorCode: errorCode, acknowledgeErrorMessage });
  }
  return {
    errorCode: ErrorCode.NONE,
    acquisitionLockTimeoutMs: services.sharePartitions.terms(member.groupId).lockMs,
    responses: [...topics].map(([topicId, partitions]): TopicAnswer => ({
      topicId,
      partitions: [...partitions.values()],
    })),
    nodeEndpoints: hints.nodeEndpoints,
  };
}

function emptyAnswer(partitionIndex: number): PartitionAnswer {
  return {
    partitionIndex,
    errorCode: ErrorCode.NONE,
    acknowledgeErrorCode: ErrorCode.NONE,
    currentLeader: noLeader,
    records: new Uint8Array(0),
    acquiredRecords: [],
  };
}

function messageOf(errorCode: ErrorCode): string | null {
  return errorCode === ErrorCode.NONE ? null : errorMessage(errorCode);
}
