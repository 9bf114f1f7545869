// OffsetFetch: how far groups have read.
//
// Serves: 0-10.
// Behaviour: offset -1 with empty metadata where nothing is committed. What is answered has been
//   synced. A null topic list means all topics of the group.
// Versions: 2 all topics, top-level error; 5 leader epoch; 6 flexible; 7 requireStable (KIP-447); 8
//   several groups (KIP-709); 9 member and epoch of KIP-848; 10 topic ids.

import { ZERO_UUID } from "../../base/ids.ts";
import { ErrorCode, OffsetFetch, type RequestOf } from "../../protocol/mod.ts";
import type { GroupShard } from "../groups.ts";
import { needs } from "../authorizer.ts";
import { handler, type RequestContext } from "../handler.ts";
import { Shard } from "../shards.ts";

type Request = RequestOf<typeof OffsetFetch>;
type GroupRequest = Request["groups"][number];
type TopicRequest = NonNullable<GroupRequest["topics"]>[number];

type Context = RequestContext<"metadata" | "groups">;

export const offsetFetch = handler(OffsetFetch, {
  serves: "0-10",
  authorise: [
    needs("group describe"),
    needs("topic describe"),
    needs("topic describe", { refusal: null, when: "all topics are asked for" }),
  ],

  async handle(request, context: Context) {
    if (context.version >= 8) {
      const groups = [];
      for (const group of request.groups) groups.push(await fetchGroup(group, context));
      return { groups };
    }
    const group = await fetchGroup(firstGroup(request), context);
    const { errorCode } = group;
    const isRefused = context.version < 2 && errorCode !== ErrorCode.NONE;
    return { topics: isRefused ? refusedTopics(request, errorCode) : group.topics, errorCode };
  },
});

/** The one group of versions 0 to 7, in the form of the later ones. */
function firstGroup({ groupId, topics }: Request): GroupRequest {
  return {
    groupId,
    memberId: null,
    memberEpoch: -1,
    topics: topics?.map((topic) => ({ ...topic, topicId: ZERO_UUID })) ?? null,
  };
}

/** Before version 2 there is no place for an error but with each partition. */
function refusedTopics({ topics }: Request, errorCode: ErrorCode) {
  return (topics ?? []).map(({ name, partitionIndexes }) => ({
    name,
    partitions: partitionIndexes.map((index) => nothingCommitted(index, errorCode)),
  }));
}

async function fetchGroup(group: GroupRequest, context: Context) {
  const { services } = context;
  const shard = await services.groups.of(group.groupId);
  const fetched = shard instanceof Shard ? fetchFrom(shard, group, context) : undefined;
  const errorCode = shard instanceof Shard ? await shard.durable() : shard;
  if (fetched !== undefined && errorCode === ErrorCode.NONE) return fetched;
  return { groupId: group.groupId, topics: [], errorCode };
}

function fetchFrom(
  { machine: table }: GroupShard,
  group: GroupRequest,
  { services, version }: Context,
) {
  if (version < 10) return table.fetchOffsets(group);
  const { image } = services.metadata;
  const named = group.topics?.flatMap((topic) => {
    const found = image.topicById(topic.topicId);
    return found === undefined ? [] : [{ ...topic, name: found.name }];
  });
  const fetched = table.fetchOffsets({ ...group, topics: named ?? null });
  const known = fetched.topics.flatMap((topic) => {
    const found = image.topic(topic.name);
    return found === undefined ? [] : [{ ...topic, topicId: found.id }];
  });
  const unknown = (group.topics ?? []).filter(({ topicId }) => !image.topicById(topicId));
  return { ...fetched, topics: [...known, ...unknown.map(unknownTopic)] };
}

function unknownTopic({ name, topicId, partitionIndexes }: TopicRequest) {
  return {
    name,
    topicId,
    partitions: partitionIndexes.map((index) =>
      nothingCommitted(index, ErrorCode.UNKNOWN_TOPIC_ID)
    ),
  };
}

function nothingCommitted(partitionIndex: number, errorCode: ErrorCode) {
  return {
    partitionIndex,
    committedOffset: -1,
    committedLeaderEpoch: -1,
    metadata: "",
    errorCode,
  };
}
