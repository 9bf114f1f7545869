// DescribeTopicPartitions: partitions of topics page by page (KIP-966).
//
// Serves: 0.
// Behaviour: topics in name order; no names means all of them. At most responsePartitionLimit
//   partitions a page (and never more than max.request.partition.size.limit), then a cursor at the
//   next one. A cursor whose topic is gone continues behind it. Nothing is created by asking.

import { ZERO_UUID } from "../../base/ids.ts";
import { slicedFromNow, sortedPieces } from "../../base/pieces.ts";
import { type PartitionImage, type TopicImage, topicNameProblem } from "../../cluster/mod.ts";
import {
  DescribeTopicPartitions,
  ErrorCode,
  type RequestOf,
  type ResponseInput,
} from "../../protocol/mod.ts";
import { authorizedOperations, type May, needs } from "../access/authorizer.ts";
import { ClusterView } from "../leadership/cluster_view.ts";
import { handler, type RequestContext } from "../handler.ts";

type Request = RequestOf<typeof DescribeTopicPartitions>;
type Response = ResponseInput<typeof DescribeTopicPartitions>;

/** A topic is about as heavy as looking at so many bytes, and so is each of its partitions. */
const topicWeight = 2048;

type Context = RequestContext<
  "nodeId" | "config" | "metadata" | "partitions" | "topics" | "slices"
>;

export const describeTopicPartitions = handler(DescribeTopicPartitions, {
  serves: "0",
  authorise: [
    needs("topic describe"),
    needs("topic describe", { refusal: null, when: "all topics are asked for" }),
  ],

  async handle(request, context: Context) {
    const { services, may } = context;
    const { slices } = services;
    const { cursor } = request;
    if (!isValid(request)) {
      const invalid = request.topics.map(({ name }) => failed(name, ErrorCode.INVALID_REQUEST));
      return { topics: invalid, nextCursor: null };
    }
    const topics: Response["topics"][number][] = [];
    const limit = services.config.get("max.request.partition.size.limit");
    let left = Math.max(1, Math.min(request.responsePartitionLimit, limit));
    const isEach = request.topics.length > 0;
    for (const name of await names(request, services)) {
      slices.spend(topicWeight);
      if (slices.isOver) await slices.next();
      if (!may("describe", { type: "topic", name })) {
        // Whose topics all are asked for is told of those that it may know.
        if (isEach) topics.push(failed(name, ErrorCode.TOPIC_AUTHORIZATION_FAILED));
        continue;
      }
      const first = cursor?.topicName === name ? cursor.partitionIndex : 0;
      if (left === 0) return { topics, nextCursor: { topicName: name, partitionIndex: first } };
      const topic = services.metadata.image.topic(name);
      if (topic === undefined) {
        const errorCode = topicNameProblem(name) === undefined
          ? ErrorCode.UNKNOWN_TOPIC_OR_PARTITION
          : ErrorCode.INVALID_TOPIC_EXCEPTION;
        const topicAuthorizedOperations = operationsOnTopic(name, may);
        topics.push({ ...failed(name, errorCode), topicAuthorizedOperations });
        continue;
      }
      const page = topic.partitions.slice(first, first + left);
      topics.push(describe(topic, page, context));
      slices.spend(page.length * topicWeight);
      left -= page.length;
      if (first + page.length < topic.partitions.length) {
        const partitionIndex = first + page.length;
        return { topics, nextCursor: { topicName: name, partitionIndex } };
      }
    }
    return { topics, nextCursor: null };
  },
});

/** A cursor must be at a partition of a topic that is asked for. */
function isValid({ topics, cursor }: Request): boolean {
  if (cursor === null) return true;
  const isAsked = topics.length === 0 || topics.some(({ name }) => name === cursor.topicName);
  return isAsked && cursor.partitionIndex >= 0;
}

function failed(name: string, errorCode: ErrorCode): Response["topics"][number] {
  return { errorCode, name, topicId: ZERO_UUID, isInternal: false, partitions: [] };
}

async function names(
  { topics, cursor }: Request,
  { metadata, slices }: Context["services"],
): Promise<string[]> {
  const asked = topics.length > 0
    ? topics.map(({ name }) => name)
    : [...metadata.image.topics()].map(({ name }) => name);
  const sorted = await slicedFromNow(sortedPieces([...new Set(asked)]), slices);
  return cursor === null ? sorted : sorted.filter((name) => name >= cursor.topicName);
}

function describe(
  topic: TopicImage,
  page: readonly PartitionImage[],
  { services, session, may }: Context,
) {
  const view = new ClusterView(services, session.listener);
  return {
    errorCode: ErrorCode.NONE,
    name: topic.name,
    topicId: topic.id,
    isInternal: services.topics.isInternal(topic.name),
    partitions: page.map((partition) => ({
      ...view.leaderOf(partition, services.partitions.isOffline(topic.name, partition.id)),
      partitionIndex: partition.id,
      leaderEpoch: partition.leaderEpoch,
      replicaNodes: partition.replicas,
      isrNodes: partition.isr,
      eligibleLeaderReplicas: partition.elr,
      lastKnownElr: partition.lastKnownElr,
    })),
    topicAuthorizedOperations: operationsOnTopic(topic.name, may),
  };
}

function operationsOnTopic(name: string, may: May): number {
  return authorizedOperations(may, { type: "topic", name }, { asked: true });
}
