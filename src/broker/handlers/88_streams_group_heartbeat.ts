// StreamsGroupHeartbeat: a member of a streams group joins, goes on or leaves, and is told which
// tasks it has (KIP-1071).
//
// Serves: 0-1.
// Behaviour: src/coordinator/groups/streams/heartbeat.ts. Answered once what it tells is synced.
//   Topics that the application needs of its own, for repartitioning and for its state, are made
//   before the answer, which still tells that they were missing: the next heartbeat finds them.
//   UNSUPPORTED_VERSION where group.coordinator.rebalance.protocols does not name the protocol, or
//   streams.version is 0.
// Versions: 1 whether a description of the topology is wanted (KIP-1331): it never is, since
//   nothing here keeps one.

import {
  StreamsGroupHeartbeat,
  type StreamsGroupHeartbeatRequest,
} from "../../protocol/apis/88_streams_group_heartbeat.ts";
import { ErrorCode, errorMessage, type ResponseInput } from "../../protocol/mod.ts";
import { topicNameProblem } from "../../cluster/mod.ts";
import type { StreamsHeartbeatResult, StreamsInternalTopic } from "../../coordinator/mod.ts";
import { needs, theCluster } from "../access/authorizer.ts";
import { unaskedError } from "../coordination/groups.ts";
import { handler, type RequestContext } from "../handler.ts";
import { Shard } from "../coordination/shard.ts";
import { topicsOfTopology } from "../coordination/streams_topology.ts";

type Context = RequestContext<"groups" | "groupProtocols" | "groupMemory" | "topics">;

/** The status that tells of topics which the broker is to make. */
const missingInternalTopics = 3;

/** Of so many topics the reason is told why they could not be made. */
const reasonsMax = 3;

export const streamsGroupHeartbeat = handler(StreamsGroupHeartbeat, {
  serves: "0-1",
  authorise: [
    needs("group read", { of: "groupId" }),
    needs("topic describe"),
    needs("cluster create", { or: "topic create", when: "topics are missing", refusal: null }),
  ],

  async handle(request, context: Context) {
    const { services, clientId, session, requestBytes } = context;
    const invalid = topicsThatCannotBe(request, services.topics.isInternal);
    if (invalid !== undefined) return refusal(ErrorCode.STREAMS_INVALID_TOPOLOGY, invalid);
    const mayDescribe = (name: string) => context.may("describe", { type: "topic", name });
    if (!topicsOfTopology(request.topology).every(mayDescribe)) {
      return refusal(ErrorCode.TOPIC_AUTHORIZATION_FAILED);
    }
    const shard = await services.groups.of(request.groupId);
    if (!(shard instanceof Shard)) {
      return refusal(unaskedError(services.groupProtocols, { type: "streams", errorCode: shard }));
    }
    const errorCode = services.groupMemory.admit(requestBytes);
    if (errorCode !== ErrorCode.NONE) return refusal(errorCode);
    const clientHost = `/${session.remote.host}`;
    const input = { request, clientId: clientId ?? "", clientHost };
    const { heartbeat, missing } = await shard.submit<StreamsHeartbeatResult>((table, at) =>
      table.streamsHeartbeat(input, at)
    );
    if (missing.length === 0) return heartbeat;
    const problem = await create(missing, context);
    return problem === undefined ? heartbeat : withProblem(heartbeat, problem);
  },

  refuse: (_, { errorCode }) => refusal(errorCode),
});

function topicsThatCannotBe(
  { topology }: StreamsGroupHeartbeatRequest,
  isInternal: (name: string) => boolean,
): string | undefined {
  const names = topicsOfTopology(topology);
  const internal = names.filter(isInternal);
  if (internal.length > 0) {
    return `Use of Kafka internal topics ${internal.join(",")} in a Kafka Streams topology is ` +
      "prohibited.";
  }
  const bad = names.filter((name) => topicNameProblem(name) !== undefined);
  return bad.length > 0 ? `Topic names ${bad.join(",")} are not valid topic names.` : undefined;
}

/** Makes topics; why some could not be made, or undefined. */
async function create(
  missing: readonly StreamsInternalTopic[],
  { services, may }: Context,
): Promise<string | undefined> {
  const isAllowed = (name: string): boolean =>
    may("create", theCluster) || may("create", { type: "topic", name });
  const unallowed = missing.filter(({ name }) => !isAllowed(name)).map(({ name }) => name);
  if (unallowed.length > 0) return `Unauthorized to CREATE on topics ${unallowed.join(",")}.`;
  const { topics } = await services.topics.create({
    topics: missing.map(({ name, partitionCount, replicationFactor, configs }) => ({
      name,
      numPartitions: partitionCount,
      replicationFactor,
      assignments: [],
      configs: configs.map(({ key, value }) => ({ name: key, value })),
    })),
    timeoutMs: 0,
    validateOnly: false,
  });
  // Another member's heartbeat may have been faster.
  const failed = topics.filter(({ errorCode }) =>
    errorCode !== ErrorCode.NONE && errorCode !== ErrorCode.TOPIC_ALREADY_EXISTS
  );
  if (failed.length === 0) return undefined;
  const reasons = failed.slice(0, reasonsMax).map(({ name, errorCode, errorMessage: why }) =>
    `${name} (${why ?? errorMessage(errorCode)})`
  );
  const more = failed.length > reasonsMax ? ` and ${failed.length - reasonsMax} more` : "";
  return `Creation failed: ${reasons.join(", ")}${more}.`;
}

function withProblem(
  heartbeat: StreamsHeartbeatResult["heartbeat"],
  problem: string,
): StreamsHeartbeatResult["heartbeat"] {
  return {
    ...heartbeat,
    status: (heartbeat.status ?? []).map((each) =>
      each.statusCode === missingInternalTopics
        ? { ...each, statusDetail: `${each.statusDetail}; ${problem}` }
        : each
    ),
  };
}

/** No group was asked. */
function refusal(
  errorCode: ErrorCode,
  errorMessage: string | null = null,
): ResponseInput<typeof StreamsGroupHeartbeat> {
  return {
    errorCode,
    errorMessage,
    memberId: "",
    memberEpoch: 0,
    heartbeatIntervalMs: 0,
    acceptableRecoveryLagLegacy: 0,
    taskOffsetIntervalMs: 0,
    status: [],
    endpointInformationEpoch: 0,
  };
}
