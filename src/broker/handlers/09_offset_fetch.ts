// OffsetFetch: how far groups have read.
//
// Serves: 0-10.
// Behaviour: offset -1 with empty metadata where nothing is committed. What is answered has been
//   synced. A null topic list means all topics of the group.
// Versions: 2 all topics, top-level error; 5 leader epoch; 6 flexible; 7 requireStable: nothing is
//   told of what an open transaction may change, UNSTABLE_OFFSET_COMMIT (KIP-447); 8
//   several groups (KIP-709); 9 member and epoch of KIP-848; 10 topic ids.

import { ZERO_UUID } from "../../base/ids.ts";
import { itemAt } from "../../base/items.ts";
import { mapSliced, type WorkSlices } from "../../base/pieces.ts";
import { ErrorCode, OffsetFetch, type RequestOf } from "../../protocol/mod.ts";
import type { GroupShard } from "../coordination/groups.ts";
import { needs } from "../access/authorizer.ts";
import { handler, type RequestContext } from "../handler.ts";
import { Shard } from "../coordination/shard.ts";

type Request = RequestOf<typeof OffsetFetch>;
type GroupRequest = Request["groups"][number] & Pick<Request, "requireStable">;
type TopicRequest = NonNullable<GroupRequest["topics"]>[number];

/** So many offsets are looked up in one go. */
const atOnceMax = 1000;

type Context = RequestContext<"metadata" | "groups" | "slices">;

export const offsetFetch = handler(OffsetFetch, {
  serves: "0-10",
  authorise: [
    needs("group describe"),
    needs("topic describe"),
    needs("topic describe", { refusal: null, when: "all topics are asked for" }),
  ],

  async handle(request, context: Context) {
    if (context.version >= 8) {
      const { services: { slices } } = context;
      const { requireStable } = request;
      const fetch = (each: Request["groups"][number]) =>
        fetchGroup({ ...each, requireStable }, context);
      return { groups: await mapSliced(request.groups, slices, fetch) };
    }
    const group = await fetchGroup(firstGroup(request), context);
    const { errorCode } = group;
    const isRefused = context.version < 2 && errorCode !== ErrorCode.NONE;
    return { topics: isRefused ? refusedTopics(request, errorCode) : group.topics, errorCode };
  },
});

/** The one group of versions 0 to 7, in the form of the later ones. */
function firstGroup({ groupId, topics, requireStable }: Request): GroupRequest {
  return {
    groupId,
    requireStable,
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
  const { groupId } = group;
  if (!context.may("describe", { type: "group", name: groupId })) {
    return { groupId, topics: [], errorCode: ErrorCode.GROUP_AUTHORIZATION_FAILED };
  }
  const shard = await services.groups.of(group.groupId);
  if (!(shard instanceof Shard)) return { groupId, topics: [], errorCode: shard };
  const fetched = await fetchFrom(shard, group, context);
  const errorCode = shard.isResigned ? ErrorCode.NOT_COORDINATOR : await shard.durable();
  return errorCode === ErrorCode.NONE ? fetched : { groupId, topics: [], errorCode };
}

/** What `shard` has; nothing that counts where it resigns meanwhile. */
async function fetchFrom(shard: GroupShard, group: GroupRequest, context: Context) {
  const { services, version, may } = context;
  const { image } = services.metadata;
  const byId = version >= 10;
  const isAllowed = (name: string) => may("describe", { type: "topic", name });
  const asked: TopicRequest[] = [];
  const failed: FailedTopic[] = [];
  for (const topic of group.topics ?? []) {
    const name = byId ? image.topicById(topic.topicId)?.name : topic.name;
    if (name === undefined) failed.push(failedTopic(topic, ErrorCode.UNKNOWN_TOPIC_ID));
    else if (isAllowed(name)) asked.push({ ...topic, name });
    else failed.push(failedTopic(topic, ErrorCode.TOPIC_AUTHORIZATION_FAILED));
  }
  const topics = group.topics === null ? null : asked;
  const fetched = await lookUp(shard, { ...group, topics }, services.slices);
  const found = topics === null
    ? fetched.topics.filter(({ name }) => isAllowed(name))
    : fetched.topics;
  if (!byId) return { ...fetched, topics: [...found, ...failed] };
  const known = found.flatMap((topic) => {
    const known = image.topic(topic.name);
    return known === undefined ? [] : [{ ...topic, topicId: known.id }];
  });
  return { ...fetched, topics: [...known, ...failed] };
}

/** Many partitions one by one, with turns of the event loop in between. */
async function lookUp(shard: GroupShard, group: GroupRequest, slices: WorkSlices) {
  const { machine: table } = shard;
  const { groupId } = group;
  const topics = group.topics ?? table.committedTopics(groupId);
  const count = topics.reduce((sum, each) => sum + each.partitionIndexes.length, 0);
  if (count + topics.length <= atOnceMax) return table.fetchOffsets(group);
  const { errorCode } = table.fetchOffsets({ ...group, topics: [] });
  if (errorCode !== ErrorCode.NONE) return { groupId, topics: [], errorCode };
  const found = await mapSliced(topics, slices, async ({ partitionIndexes, ...topic }) => ({
    ...topic,
    partitions: await mapSliced(partitionIndexes, slices, (index) => {
      if (shard.isResigned) return nothingCommitted(index, ErrorCode.NOT_COORDINATOR);
      const one = [{ ...topic, partitionIndexes: [index] }];
      const fetched = table.fetchOffsets({ ...group, topics: one });
      return itemAt(itemAt(fetched.topics, 0).partitions, 0);
    }),
  }));
  return { groupId, topics: found, errorCode: ErrorCode.NONE };
}

type FailedTopic = ReturnType<typeof failedTopic>;

function failedTopic({ name, topicId, partitionIndexes }: TopicRequest, errorCode: ErrorCode) {
  const partitions = partitionIndexes.map((index) => nothingCommitted(index, errorCode));
  return { name, topicId, partitions };
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
