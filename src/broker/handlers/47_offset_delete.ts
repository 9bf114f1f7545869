// OffsetDelete: removes committed offsets of topics that the group does not consume (KIP-496).
//
// Serves: 0.
// Behaviour: GROUP_SUBSCRIBED_TO_TOPIC while a member is subscribed or it cannot be told,
//   UNKNOWN_TOPIC_OR_PARTITION for partitions that do not exist.

import { ErrorCode, OffsetDelete, type RequestOf, type ResponseOf } from "../../protocol/mod.ts";
import { needs } from "../authorizer.ts";
import { handler, type RequestContext } from "../handler.ts";
import { Shard } from "../shards.ts";

type Topic = RequestOf<typeof OffsetDelete>["topics"][number];
type Response = ResponseOf<typeof OffsetDelete>;

type Context = RequestContext<"metadata" | "groups">;

export const offsetDelete = handler(OffsetDelete, {
  serves: "0",
  authorise: [needs("group delete"), needs("topic read")],

  async handle(request, { services }: Context) {
    const shard = await services.groups.of(request.groupId);
    if (!(shard instanceof Shard)) return { errorCode: shard, topics: [] };
    const topics = request.topics.map((topic) => ({
      name: topic.name,
      partitions: topic.partitions.filter((each) => exists(services, topic, each.partitionIndex)),
    }));
    const response = await shard.submit<Response>((table, at) =>
      table.deleteOffsets({ ...request, topics }, at)
    );
    if (response.errorCode !== ErrorCode.NONE) return response;
    return { ...response, topics: request.topics.map((topic) => withUnknown(topic, response)) };
  },
});

function exists(
  { metadata }: Context["services"],
  { name }: Topic,
  partitionIndex: number,
): boolean {
  return metadata.image.topic(name)?.partitions[partitionIndex] !== undefined;
}

function withUnknown({ name, partitions }: Topic, response: Response) {
  const answered = response.topics.find((topic) => topic.name === name)?.partitions ?? [];
  return {
    name,
    partitions: partitions.map(({ partitionIndex }) =>
      answered.find((each) => each.partitionIndex === partitionIndex) ??
        { partitionIndex, errorCode: ErrorCode.UNKNOWN_TOPIC_OR_PARTITION }
    ),
  };
}
