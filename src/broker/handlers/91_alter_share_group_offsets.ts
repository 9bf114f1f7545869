// AlterShareGroupOffsets: a share group without members starts elsewhere (KIP-932).
//
// Serves: 0.
// Behaviour: the share coordinator begins the states anew, also of partitions that the group did
//   not know. GROUP_ID_NOT_FOUND, NON_EMPTY_GROUP; UNKNOWN_TOPIC_OR_PARTITION for a partition that
//   does not exist.
//
// Differs from Kafka: if none of the partitions exists, each gets that error, too; Kafka then fails
// the request with UNKNOWN_SERVER_ERROR.

import { type Offset, type PartitionId, type Uuid, ZERO_UUID } from "../../base/ids.ts";
import { saturated } from "../../base/int64.ts";
import { AlterShareGroupOffsets } from "../../protocol/apis/91_alter_share_group_offsets.ts";
import { ErrorCode, errorMessage, type RequestOf, type ResponseInput } from "../../protocol/mod.ts";
import { needs } from "../access/authorizer.ts";
import { handler, type RequestContext } from "../handler.ts";
import type { StatesOfTopic } from "../share/group_states.ts";
import { Shard } from "../coordination/shard.ts";

type Context = RequestContext<"groups" | "shareGroupStates" | "metadata">;
type Services = Context["services"];
type Request = RequestOf<typeof AlterShareGroupOffsets>;
type Response = ResponseInput<typeof AlterShareGroupOffsets>;

export const alterShareGroupOffsets = handler(AlterShareGroupOffsets, {
  serves: "0",
  authorise: [needs("group read", { of: "groupId" }), needs("topic read")],

  async handle(request, { services, may }: Context): Promise<Response> {
    const { groupId } = request;
    const mayRead = (name: string) => may("read", { type: "topic", name });
    const shard = await services.groups.of(groupId);
    if (!(shard instanceof Shard)) return refused(shard, errorMessage(shard));
    const topics = [...startsOf(request, services, mayRead)].map(([topicId, starts]) => ({
      topicId,
      starts,
    }));
    const taken = await services.shareGroupStates.alter(shard, { groupId, topics });
    if (taken.errorCode !== ErrorCode.NONE) return refused(taken.errorCode, taken.errorMessage);
    return {
      ...refused(ErrorCode.NONE, null),
      responses: answersTo(request, taken.states, { services, mayRead }),
    };
  },

  refuse: (_, { errorCode, errorMessage: why }) => refused(errorCode, why),
});

function refused(errorCode: ErrorCode, errorMessage: string | null): Response {
  return { errorCode, errorMessage, responses: [] };
}

/** Where to start in those of the partitions that there are. */
function startsOf(
  { topics }: Request,
  { metadata: { image } }: Services,
  mayRead: (name: string) => boolean,
): Map<Uuid, Map<PartitionId, Offset>> {
  const starts = new Map<Uuid, Map<PartitionId, Offset>>();
  for (const { topicName, partitions } of topics) {
    const topic = image.topic(topicName);
    if (topic === undefined || !mayRead(topicName)) continue;
    const ofTopic = starts.get(topic.id) ?? new Map<PartitionId, Offset>();
    for (const { partitionIndex, startOffset } of partitions) {
      if (topic.partitions[partitionIndex] === undefined) continue;
      ofTopic.set(partitionIndex, saturated(startOffset));
    }
    if (ofTopic.size > 0) starts.set(topic.id, ofTopic);
  }
  return starts;
}

/** Each partition that was named, with what became of it. */
function answersTo(
  { topics }: Request,
  states: readonly StatesOfTopic[],
  { services: { metadata: { image } }, mayRead }: {
    readonly services: Services;
    readonly mayRead: (name: string) => boolean;
  },
): Response["responses"] {
  const became = new Map(states.map(({ topicId, partitions }) => [
    topicId,
    new Map(partitions.map((each) => [each.partition, each])),
  ]));
  return topics.map(({ topicName, partitions }) => {
    const isAllowed = mayRead(topicName);
    const topicId = (isAllowed ? image.topic(topicName)?.id : undefined) ?? ZERO_UUID;
    const unknown = isAllowed
      ? ErrorCode.UNKNOWN_TOPIC_OR_PARTITION
      : ErrorCode.TOPIC_AUTHORIZATION_FAILED;
    return {
      topicName,
      topicId,
      partitions: partitions.map(({ partitionIndex }) => {
        const found = became.get(topicId)?.get(partitionIndex);
        const errorCode = found?.errorCode ?? unknown;
        const message = found === undefined ? errorMessage(errorCode) : found.errorMessage;
        return { partitionIndex, errorCode, errorMessage: message };
      }),
    };
  });
}
