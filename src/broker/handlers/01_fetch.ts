// Fetch: record batches from an offset on, waiting for them if need be.
//
// Serves: 0-18.
// Behaviour: long polling until minBytes are readable, maxWaitMs has passed, or a partition has an
//   error to tell. Whole batches only, and the first partition with data gives at least one however
//   large it is, so that a consumer always advances (KIP-74). Sessions (KIP-227,
//   fetch/sessions.ts): who asks for one names what has changed, and is told what has; who is over
//   its quota gets an answer without partitions, and its session is as if that were not made.
//   read_committed ends at the last stable offset and lists the aborted transactions below it. The
//   more all answers together hold of what they may (memory_budget.ts), the less this one brings;
//   where next to nothing is left, a few kilobytes are still brought at once, and for a batch that
//   is larger it waits in turn.
// Versions: 0-3 message sets, of magic 0 before 2 (message_sets.ts); before 3 there is no bound on
//   the answer, and each partition gives a batch; before 4 zstd is refused (KIP-110 did so before
//   10, where the topic has it, and Kafka 4 does no more); 4 isolation level (KIP-98); 5
//   logStartOffset; 7 sessions; 9 currentLeaderEpoch (KIP-320); 11 rack; 12 flexible,
//   divergingEpoch (KIP-595); 13 topic ids (KIP-516); 15 replicaState (KIP-903); 16 nodeEndpoints
//   (KIP-951); 17 directory ids (KIP-853); 18 high watermark (KIP-1166).
//
// Differs from Kafka: an answer holds whole batches only (before version 4: whole messages). Kafka
// fills it up to the consumer's limit with the beginning of the next batch, which every consumer
// discards and fetches again.
//
// Differs from Kafka: an answer with an error still has the partition's offsets, so that a client
// can see its lag; Kafka's has -1.
//
// Differs from Kafka: the all-zero topic id is answered as an unknown one; Kafka fails the whole
// request.
//
// Followers read to the log's end, and what they ask for says how far they have come
// (replication/). With replica.selector.class consumers are sent to a replica in their rack, and
// read from followers (KIP-392); Kafka lets any consumer read from any follower.

import { referenceBytesMin } from "../../base/bytes.ts";
import { type BrokerId, ZERO_UUID } from "../../base/ids.ts";
import { saturated } from "../../base/int64.ts";
import { itemAt } from "../../base/items.ts";
import { ErrorCode, Fetch, type RequestOf, type ResponseInput } from "../../protocol/mod.ts";
import { needs, refusedWith, theCluster } from "../access/authorizer.ts";
import { failure } from "../fetch/pass.ts";
import { readPartitions, type ReadRequest, type ReadServices } from "../fetch/reader.ts";
import type { FetchedData, NamedTopic, Wanted } from "../fetch/session.ts";
import { checkPosition } from "../fetch/position.ts";
import type { SessionAnswer } from "../fetch/sessions.ts";
import { handler, type RequestContext } from "../handler.ts";
import { Partition } from "../logs/partition.ts";
import { checkLeader } from "../leadership/leader_epoch.ts";
import { isAboutLeader, LeaderHints } from "../leadership/leader_hints.ts";
import { isReadFromFollowers, nearerReplica } from "../replication/nearest.ts";

type Request = RequestOf<typeof Fetch>;
type Response = ResponseInput<typeof Fetch>;
type TopicAnswer = Response["responses"][number];
type PartitionAnswer = TopicAnswer["partitions"][number];

const readCommitted = 1;
/** What an answer says of a partition besides its records, about. */
const partitionBytes = 64;
const noRecords = new Uint8Array(0);
/** Since which version consumers read v2 batches, bound their answers, and name topics by id. */
const batchesFrom = 4;
const boundedFrom = 3;
const topicIdsFrom = 13;
/** Since which version leaders are told (KIP-951). */
const leadersFrom = 16;
/** Since which version consumers say where they stand (KIP-392). */
const racksFrom = 11;

type Context = RequestContext<
  | "nodeId"
  | "config"
  | "metadata"
  | "partitions"
  | "quotas"
  | "replication"
  | "fetchSessions"
  | keyof ReadServices
>;

export const fetch = handler(Fetch, {
  serves: "0-18",
  authorise: [
    needs("topic read"),
    needs("cluster clusterAction", {
      when: "a follower asks",
      refusal: ErrorCode.TOPIC_AUTHORIZATION_FAILED,
    }),
  ],
  waits: true,

  async handle(request, context: Context) {
    const { services, version } = context;
    const replicaId = replicaOf(request, version);
    if (replicaId >= 0 && !context.may("clusterAction", theCluster)) return notAllowed(request);
    const turn = services.fetchSessions.begin({
      sessionId: request.sessionId,
      sessionEpoch: request.sessionEpoch,
      usesTopicIds: version >= topicIdsFrom,
      isPrivileged: replicaId >= 0,
      wanted: wantedOf(request),
      forgotten: request.forgottenTopicsData,
    });
    if (typeof turn === "number") return { errorCode: turn, responses: [] };
    if (replicaId >= 0) noteFollower(turn.wanted, { replicaId, request, context });
    const data = await read(turn.wanted, request, context);
    if (replicaId >= 0) noteTold({ wanted: turn.wanted, data }, { replicaId, context });
    return withLeaders(answerOf(turn.finish(data)), context);
  },

  withhold(answer, { services }: RequestContext<"fetchSessions">) {
    const { sessionId = 0, errorCode } = answer;
    const left = services.fetchSessions.withhold({ sessionId, partitions: partitionsOf(answer) });
    return { errorCode, sessionId: left, responses: [] };
  },

  bytesOf({ responses }) {
    let bytes = 0;
    for (const { partitions } of responses) {
      for (const { records } of partitions) {
        const { length } = records ?? noRecords;
        bytes += partitionBytes + (length < referenceBytesMin ? length : 0);
      }
    }
    return bytes;
  },
});

/** The follower that asks; -1: a consumer does. */
function replicaOf({ replicaState, replicaId }: Request, version: number): BrokerId {
  return version >= 15 ? replicaState.replicaId : replicaId;
}

function notAllowed({ topics }: Request): Response {
  const { errorCode } = refusedWith({ type: "topic" });
  return {
    errorCode: ErrorCode.NONE,
    responses: topics.map(({ topic, topicId, partitions }) => ({
      topic,
      topicId,
      partitions: partitions.map(({ partition }) => failure(partition, errorCode)),
    })),
  };
}

/** Tells partitions how far a follower has come, where its log and theirs agree up to there. */
function noteFollower(
  wanted: readonly Wanted[],
  { replicaId, request, context }: {
    readonly replicaId: BrokerId;
    readonly request: Request;
    readonly context: Context;
  },
): void {
  const find = finderOf(context, replicaId);
  const brokerEpoch = context.version >= 15 ? request.replicaState.replicaEpoch : -1;
  for (const each of wanted) {
    const found = find(each);
    if (!(found instanceof Partition)) continue;
    if (checkPosition(found, each, { isolation: "logEnd" }) !== ErrorCode.NONE) continue;
    const fetchOffset = saturated(each.fetchOffset);
    const logStartOffset = saturated(each.readerStartOffset ?? 0);
    found.replication?.onFetched(replicaId, { brokerEpoch, fetchOffset, logStartOffset });
  }
}

/** A follower is told where high watermarks stand, and given records. */
function noteTold(
  { wanted, data }: FetchedData,
  { replicaId, context }: { readonly replicaId: BrokerId; readonly context: Context },
): void {
  const find = finderOf(context, replicaId);
  const throttle = context.services.replication?.leaderThrottle;
  for (const [i, { errorCode, highWatermark, records }] of data.entries()) {
    const found = find(itemAt(wanted, i));
    if (errorCode !== ErrorCode.NONE || !(found instanceof Partition)) continue;
    found.replication?.onGiven(replicaId, { highWatermark, bytes: records.length });
    throttle?.note(found, records.length);
  }
}

/** Whether a follower does not know yet how far consumers may read from it. */
function isBehind(
  wanted: readonly Wanted[],
  { replicaId, context }: { readonly replicaId: BrokerId; readonly context: Context },
): boolean {
  const find = finderOf(context, replicaId);
  return wanted.some((each) => {
    const found = find(each);
    if (!(found instanceof Partition)) return false;
    return found.replication?.led?.isTold(replicaId, found.highWatermark) === false;
  });
}

/** How followers read besides. */
function followerTerms(
  wanted: readonly Wanted[],
  { replicaId, context }: { readonly replicaId: BrokerId; readonly context: Context },
): Pick<ReadRequest<Wanted>, "isHeld" | "isDue" | "more"> {
  const { config, replication } = context.services;
  return {
    more: () => replication?.gathering.more(),
    isHeld: (partition) => replication?.leaderThrottle.holds(partition, replicaId) ?? false,
    ...isReadFromFollowers(config) && {
      isDue: () => isBehind(wanted, { replicaId, context }),
    },
  };
}

/** How consumers read from replicas that are near to them (KIP-392). */
function nearness(
  { rackId }: Request,
  { version, services: { config, metadata, nodeId } }: Context,
): Pick<ReadRequest<Wanted>, "mayFollow" | "nearer"> {
  if (version < racksFrom || !isReadFromFollowers(config)) return {};
  return {
    mayFollow: true,
    nearer: (partition, { fetchOffset }) => {
      const offset = saturated(fetchOffset);
      return nearerReplica(partition, { rack: rackId, offset, image: metadata.image, nodeId });
    },
  };
}

function read(wanted: readonly Wanted[], request: Request, context: Context) {
  const { services, version, clientId, session } = context;
  const replicaId = replicaOf(request, version);
  const isFollower = replicaId >= 0;
  const isolation = request.isolationLevel === readCommitted ? "readCommitted" : "readUncommitted";
  return readPartitions(services, {
    wanted,
    find: finderOf(context, replicaId),
    isolation: isFollower ? "logEnd" : isolation,
    ...isFollower ? followerTerms(wanted, { replicaId, context }) : nearness(request, context),
    ...version < batchesFrom && { magic: version < 2 ? 0 : 1 },
    takesFileParts: session.takesFileParts && !isFollower,
    isEachAdvanced: version < boundedFrom,
    bytesMin: request.minBytes,
    bytesMax: Math.min(
      request.maxBytes,
      services.config.get("fetch.max.bytes"),
      isFollower
        ? Infinity
        : services.quotas.meter(session.principal, clientId)?.fetchBytesMax ?? Infinity,
    ),
    waitMsMax: request.maxWaitMs,
    requester: session,
  });
}

function wantedOf({ topics }: Request): Wanted[] {
  return topics.flatMap((of) =>
    of.partitions.map(({ logStartOffset: readerStartOffset, ...each }) => (
      { ...each, readerStartOffset, of }
    ))
  );
}

/** Asked in each pass: what a client may read may change while it waits. */
function finderOf({ services, version, may }: Context, replicaId: BrokerId) {
  return (wanted: Wanted) => {
    const { partition, of: { topic, topicId } } = wanted;
    const name = version < topicIdsFrom ? topic : services.metadata.image.topicById(topicId)?.name;
    if (name === undefined) return ErrorCode.UNKNOWN_TOPIC_ID;
    // Who acts for the cluster has everything.
    if (replicaId >= 0) return followed({ services, name, replicaId }, wanted);
    return may("read", { type: "topic", name })
      ? services.partitions.find(name, partition)
      : ErrorCode.TOPIC_AUTHORIZATION_FAILED;
  };
}

/** What a broker that says that it is a replica may follow. */
function followed(
  { services, name, replicaId }: {
    readonly services: Context["services"];
    readonly name: string;
    readonly replicaId: BrokerId;
  },
  { partition: id, currentLeaderEpoch }: Wanted,
): Partition | ErrorCode {
  const partition = services.partitions.find(name, id);
  const state = services.metadata.image.topic(name)?.partitions[id];
  if (!(partition instanceof Partition) || state?.replicas.includes(replicaId)) return partition;
  const errorCode = checkLeader(partition, currentLeaderEpoch);
  if (errorCode !== ErrorCode.NONE) return errorCode;
  // It may know more than this broker does, and asks again.
  return currentLeaderEpoch < 0 ? ErrorCode.NOT_LEADER_OR_FOLLOWER : ErrorCode.UNKNOWN_LEADER_EPOCH;
}

function answerOf({ errorCode, sessionId, ...told }: SessionAnswer): Response {
  return { errorCode, sessionId, responses: byTopic(told) };
}

/** Tells who leads what was refused because others do. */
function withLeaders(answer: Response, { services, session, version }: Context): Response {
  const isLed = ({ partitions }: TopicAnswer) =>
    partitions.some(({ errorCode }) => isAboutLeader(errorCode));
  if (version < leadersFrom || !answer.responses.some(isLed)) return answer;
  const hints = new LeaderHints(services, session.listener);
  const responses = answer.responses.map((topic) => ({
    ...topic,
    partitions: topic.partitions.map((each) => {
      if (!isAboutLeader(each.errorCode)) return each;
      const asked = { name: topic.topic, topicId: topic.topicId };
      return { ...each, currentLeader: hints.leaderOf(asked, each.partitionIndex) };
    }),
  }));
  return { ...answer, responses, nodeEndpoints: hints.nodeEndpoints };
}

/** What is told, under the topics that it was asked for by. */
function byTopic({ wanted, data }: FetchedData): TopicAnswer[] {
  const topics: TopicAnswer[] = [];
  let last: NamedTopic | undefined;
  let partitions: PartitionAnswer[] = [];
  for (const [i, { of }] of wanted.entries()) {
    if (of !== last) {
      partitions = [];
      topics.push({ topic: of.topic, topicId: of.topicId, partitions });
      last = of;
    }
    partitions.push(itemAt(data, i));
  }
  return topics;
}

function* partitionsOf({ responses }: Response) {
  for (const { topic = "", topicId = ZERO_UUID, partitions } of responses) {
    const of = { topic, topicId };
    for (const { partitionIndex } of partitions) yield { of, partition: partitionIndex };
  }
}
