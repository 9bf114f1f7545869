// Metadata: who the brokers are, and which of them lead which partitions.
//
// Serves: 0-13.
// Behaviour: version 0 reads an empty list as "all topics", later ones null; an empty list then
//   means none. A named topic that does not exist is created when auto.create.topics.enable and the
//   request allow it. Each client is told the address that it reached (advertised.listeners
//   overrides).
// Versions: 1 all topics as null, rack, controller, internal topics; 2 cluster id; 4
//   allowAutoTopicCreation; 5 offline replicas; 7 leader epochs (KIP-320); 8 authorized operations
//   (KIP-430); 9 flexible; 10 topic ids (KIP-516); 12 look-up by id with a null name; 13 top-level
//   error (KIP-1102).
//
// Differs from Kafka: a topic that the request creates is in its answer; Kafka answers
// UNKNOWN_TOPIC_OR_PARTITION, and the client asks again.
//
// Differs from Kafka: a request that names some topics and gives the ids of others is answered for
// all of them; Kafka answers only for those with an id.

import { ZERO_UUID } from "../../base/ids.ts";
import { mapSliced, type WorkSlices } from "../../base/pieces.ts";
import { type TopicImage, topicNameProblem } from "../../cluster/mod.ts";
import { ErrorCode, Metadata, type RequestOf, type ResponseInput } from "../../protocol/mod.ts";
import {
  authorizedOperations,
  clusterOperations,
  type May,
  needs,
  theCluster,
} from "../access/authorizer.ts";
import { ClusterView } from "../leadership/cluster_view.ts";
import { handler, type RequestContext } from "../handler.ts";
import type { Mutations } from "../limits/mutation_quota.ts";

type Request = RequestOf<typeof Metadata>;
type TopicRequest = NonNullable<Request["topics"]>[number];
type TopicAnswer = ResponseInput<typeof Metadata>["topics"][number];

/** Since when topics are looked up by id. */
const byIdFrom = 12;

type Context = RequestContext<
  | "audit"
  | "checkNotFenced"
  | "nodeId"
  | "clusterId"
  | "metadata"
  | "partitions"
  | "quotas"
  | "topics"
  | "slices"
>;

export const metadata = handler(Metadata, {
  serves: "0-13",
  authorise: [
    needs("topic describe"),
    needs("topic describe", { refusal: null, when: "all topics are asked for" }),
    needs("topic create", { or: "cluster create", when: "a topic is created by naming it" }),
  ],

  async handle(request, context: Context) {
    context.services.checkNotFenced();
    const { services, version } = context;
    if (version < byIdFrom && request.topics?.some(({ topicId }) => topicId !== ZERO_UUID)) {
      return refuse(request);
    }
    const all = request.topics === null || (version === 0 && request.topics.length === 0);
    const mutations = all ? undefined : mutationsOf(request, context);
    const topics = all
      ? await allTopics(request, context)
      : await named(request, context, mutations);
    return {
      throttleTimeMs: mutations?.settle() ?? 0,
      brokers: viewOf(context).brokers(),
      clusterId: services.clusterId,
      controllerId: services.metadata.controllerId,
      topics,
      clusterAuthorizedOperations: clusterOperations(context.may, {
        asked: request.includeClusterAuthorizedOperations,
      }),
    };
  },
});

/** Kafka's answer to a request that is wrong as a whole. */
function refuse({ topics }: Request): ResponseInput<typeof Metadata> {
  const errorCode = ErrorCode.INVALID_REQUEST;
  return {
    brokers: [],
    clusterId: null,
    topics: (topics ?? []).map(({ name, topicId }) => {
      return { errorCode, name: name ?? "", topicId, partitions: [] };
    }),
  };
}

function allTopics(request: Request, context: Context): Promise<TopicAnswer[]> {
  const { metadata, slices } = context.services;
  const view = viewOf(context);
  return mapSliced(
    metadata.image.topics().filter(({ name }) => context.may("describe", { type: "topic", name })),
    slices,
    (topic) => found(topic, { request, context, view }),
  );
}

/** What the client may make of topics by naming them; undefined: as many as it likes. */
function mutationsOf(request: Request, { services, session, clientId }: Context) {
  if (!request.allowAutoTopicCreation || !services.topics.autoCreates) return undefined;
  return services.quotas.meter(session.principal, clientId)?.mutations({ isStrict: false });
}

async function named(
  request: Request,
  context: Context,
  mutations: Mutations | undefined,
): Promise<TopicAnswer[]> {
  const { services } = context;
  const { image } = services.metadata;
  const topics = await distinct(request.topics ?? [], services.slices);
  let refused: ReadonlyMap<string, ErrorCode> = new Map();
  if (request.allowAutoTopicCreation && services.topics.autoCreates) {
    const missing = topics.flatMap(({ name }) =>
      name !== null && !image.topic(name) && topicNameProblem(name) === undefined ? [name] : []
    );
    refused = await createAllowed(missing, context, mutations);
  }
  const view = viewOf(context);
  return await mapSliced(topics, services.slices, (each) => {
    const topic = look(each, context);
    const name = each.name ?? topic?.name;
    if (name !== undefined && !context.may("describe", { type: "topic", name })) {
      return notAllowed(each);
    }
    if (topic !== undefined) return found(topic, { request, context, view });
    const refusal = each.name === null ? undefined : refused.get(each.name);
    return notFound(each, { request, refusal, may: context.may });
  });
}

/** Creates what the client may know of and create. Returns why not, by name. */
async function createAllowed(
  missing: readonly string[],
  { services, may, session }: Context,
  mutations: Mutations | undefined,
): Promise<ReadonlyMap<string, ErrorCode>> {
  const mayAll = may("create", theCluster);
  const known = missing.filter((name) => may("describe", { type: "topic", name }));
  const [allowed, refused]: [string[], string[]] = [[], []];
  for (const name of known) {
    const isAllowed = mayAll || may("create", { type: "topic", name });
    (isAllowed ? allowed : refused).push(name);
  }
  const failed = allowed.length > 0
    ? await services.topics.createMissing(allowed, mutations)
    : new Map<string, ErrorCode>();
  services.audit?.created(session, allowed.filter((name) => !failed.has(name)));
  return new Map([
    ...failed,
    ...refused.map((name) => [name, ErrorCode.TOPIC_AUTHORIZATION_FAILED] as const),
  ]);
}

/** A topic that the client may not know of is told by what the client knew of it. */
function notAllowed({ name, topicId }: TopicRequest): TopicAnswer {
  return { errorCode: ErrorCode.TOPIC_AUTHORIZATION_FAILED, name, topicId, partitions: [] };
}

/** Each topic once. An id counts before a name. */
async function distinct(topics: readonly TopicRequest[], slices: WorkSlices) {
  const byKey = new Map<string, TopicRequest>();
  await mapSliced(topics, slices, ({ name, topicId }) => {
    const byId = topicId !== ZERO_UUID;
    const key = byId ? `id ${topicId}` : `name ${name}`;
    if (!byKey.has(key)) byKey.set(key, { name: byId ? null : name, topicId });
  });
  return [...byKey.values()];
}

function look({ name, topicId }: TopicRequest, { services }: Context): TopicImage | undefined {
  const { image } = services.metadata;
  return name === null ? image.topicById(topicId) : image.topic(name);
}

function notFound(
  { name, topicId }: TopicRequest,
  { request, refusal, may }: { request: Request; refusal: ErrorCode | undefined; may: May },
): TopicAnswer {
  if (name === null && topicId !== ZERO_UUID) {
    return { errorCode: ErrorCode.UNKNOWN_TOPIC_ID, name, topicId, partitions: [] };
  }
  return {
    errorCode: missingTopicError(name, refusal),
    name,
    topicId,
    partitions: [],
    topicAuthorizedOperations: authorizedOperations(may, { type: "topic", name: name ?? "" }, {
      asked: request.includeTopicAuthorizedOperations,
    }),
  };
}

/** Whatever keeps a good name from being created, such as another like it, Kafka says 3 of it. */
function missingTopicError(name: string | null, refusal: ErrorCode | undefined): ErrorCode {
  if (name !== null && topicNameProblem(name) !== undefined) {
    return ErrorCode.INVALID_TOPIC_EXCEPTION;
  }
  const isRefused = refusal === ErrorCode.KAFKA_STORAGE_ERROR ||
    refusal === ErrorCode.TOPIC_AUTHORIZATION_FAILED;
  return isRefused ? refusal : ErrorCode.UNKNOWN_TOPIC_OR_PARTITION;
}

function viewOf({ services, session }: Context): ClusterView {
  return new ClusterView(services, session.listener);
}

function found(
  topic: TopicImage,
  { request, context: { services, may }, view }: {
    readonly request: Request;
    readonly context: Context;
    readonly view: ClusterView;
  },
): TopicAnswer {
  return {
    errorCode: ErrorCode.NONE,
    name: topic.name,
    topicId: topic.id,
    isInternal: services.topics.isInternal(topic.name),
    partitions: topic.partitions.map((partition) => ({
      ...view.leaderOf(partition, services.partitions.isOffline(topic.name, partition.id)),
      partitionIndex: partition.id,
      leaderEpoch: partition.leaderEpoch,
      replicaNodes: partition.replicas,
      isrNodes: partition.isr,
    })),
    topicAuthorizedOperations: authorizedOperations(may, { type: "topic", name: topic.name }, {
      asked: request.includeTopicAuthorizedOperations,
    }),
  };
}
