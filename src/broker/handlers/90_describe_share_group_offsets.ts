// DescribeShareGroupOffsets: where share groups start in their partitions, and how far they lag
// (KIP-932).
//
// Serves: 0-1.
// Behaviour: the share coordinator tells where; -1 where the group has not begun, or there is no
//   such group or topic. Who asks for all topics is told those whose state is kept. The lag is what
//   lies between the start and the high watermark, less what the group is done with; -1 where one
//   of them is not known.
// Versions: 1 the lag (KIP-1226).
//
// Differs from Kafka: a partition number that cannot exist gets an error of its own; because of it
// Kafka fails the whole group, or never answers.

import { type PartitionId, ZERO_UUID } from "../../base/ids.ts";
import type { TopicPartitions } from "../../coordinator/mod.ts";
import { DescribeShareGroupOffsets } from "../../protocol/apis/90_describe_share_group_offsets.ts";
import { ErrorCode, errorMessage, type RequestOf, type ResponseInput } from "../../protocol/mod.ts";
import { needs, refusedWith } from "../access/authorizer.ts";
import { handler, type RequestContext } from "../handler.ts";
import type { StateOfPartition } from "../share/group_states.ts";
import { Shard } from "../coordination/shard.ts";

type Context = RequestContext<"groups" | "shareGroupStates" | "metadata" | "partitions">;
type Services = Context["services"];
type Group = RequestOf<typeof DescribeShareGroupOffsets>["groups"][number];
type Answer = ResponseInput<typeof DescribeShareGroupOffsets>["groups"][number];
type TopicAnswer = Answer["topics"][number];

export const describeShareGroupOffsets = handler(DescribeShareGroupOffsets, {
  serves: "0-1",
  authorise: [needs("group describe"), needs("topic describe")],

  async handle(request, context: Context) {
    const groups: Answer[] = [];
    for (const group of request.groups) groups.push(await describe(group, context));
    return { groups };
  },
});

async function describe(
  { groupId, topics }: Group,
  { services, may }: Context,
): Promise<Answer> {
  const resource = { type: "group", name: groupId } as const;
  if (!may("describe", resource)) return { groupId, topics: [], ...refusedWith(resource) };
  const mayKnow = (name: string) => may("describe", { type: "topic", name });
  const shard = await services.groups.of(groupId);
  if (!(shard instanceof Shard)) {
    return { groupId, topics: [], errorCode: shard, errorMessage: errorMessage(shard) };
  }
  const kept = shard.machine.sharePartitions(groupId);
  if (kept.errorCode !== ErrorCode.NONE) {
    return { groupId, topics: [], errorCode: kept.errorCode, errorMessage: kept.errorMessage };
  }
  const { image } = services.metadata;
  const unknown: TopicAnswer[] = [];
  const named: TopicPartitions[] = [];
  for (const { topicName, partitions } of topics ?? []) {
    const topic = image.topic(topicName);
    if (!mayKnow(topicName)) {
      unknown.push(unknownTopic(topicName, partitions, refusedWith({ type: "topic" })));
    } else if (topic === undefined) unknown.push(unknownTopic(topicName, partitions));
    else named.push({ topicId: topic.id, partitions });
  }
  const asked = topics === null ? kept.topics : named;
  const states = await services.shareGroupStates.summarise(groupId, asked);
  const known = states.flatMap(({ topicId, partitions }): TopicAnswer[] => {
    const topicName = image.topicById(topicId)?.name;
    if (topicName === undefined || !mayKnow(topicName)) return [];
    const ofTopic = partitions.map((each) => answerOf(each, topicName, services));
    return [{ topicName, topicId, partitions: ofTopic }];
  });
  return { groupId, topics: [...unknown, ...known], errorCode: ErrorCode.NONE, errorMessage: null };
}

const nowhere = { startOffset: -1, leaderEpoch: 0, lag: -1 };

const noError = { errorCode: ErrorCode.NONE as ErrorCode, errorMessage: null as string | null };

function unknownTopic(
  topicName: string,
  partitions: readonly PartitionId[],
  told = noError,
): TopicAnswer {
  return {
    topicName,
    topicId: ZERO_UUID,
    partitions: partitions.map((partitionIndex) => ({
      partitionIndex,
      ...nowhere,
      ...told,
    })),
  };
}

function answerOf(
  { partition: partitionIndex, errorCode, errorMessage, state }: StateOfPartition,
  topicName: string,
  { partitions }: Services,
): TopicAnswer["partitions"][number] {
  if (state === undefined) return { ...nowhere, partitionIndex, errorCode, errorMessage };
  const { startOffset, leaderEpoch, deliveryCompleteCount } = state;
  const end = partitions.get(topicName, partitionIndex)?.highWatermark;
  const isKnown = startOffset >= 0 && deliveryCompleteCount >= 0 && end !== undefined;
  const lag = isKnown ? end - startOffset - deliveryCompleteCount : -1;
  return { partitionIndex, startOffset, leaderEpoch, lag, errorCode, errorMessage };
}
