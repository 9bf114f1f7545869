// OffsetDelete: removes committed offsets of topics that the group does not consume (KIP-496).
//
// Serves: 0.
// Behaviour: GROUP_SUBSCRIBED_TO_TOPIC while a member is subscribed or it cannot be told,
//   UNKNOWN_TOPIC_OR_PARTITION for partitions that do not exist.

import { ErrorCode, OffsetDelete, type RequestOf, type ResponseOf } from "../../protocol/mod.ts";
import { handler } from "../handler.ts";
import type { Broker } from "../broker.ts";
import { Shard } from "../shards.ts";

type Topic = RequestOf<typeof OffsetDelete>["topics"][number];
type Response = ResponseOf<typeof OffsetDelete>;

export const offsetDelete = handler(OffsetDelete, {
  serves: "0",

  async handle(request, { broker }) {
    const shard = await broker.groups.of(request.groupId);
    if (!(shard instanceof Shard)) return { errorCode: shard, topics: [] };
    const topics = request.topics.map((topic) => ({
      name: topic.name,
      partitions: topic.partitions.filter((each) => exists(broker, topic, each.partitionIndex)),
    }));
    const response = await shard.submit<Response>((table, at) =>
      table.deleteOffsets({ ...request, topics }, at)
    );
    if (response.errorCode !== ErrorCode.NONE) return response;
    return { ...response, topics: request.topics.map((topic) => withUnknown(topic, response)) };
  },
});

function exists({ metadata }: Broker, { name }: Topic, partitionIndex: number): boolean {
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
