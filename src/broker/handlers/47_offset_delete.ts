// OffsetDelete: removes committed offsets of topics that the group does not consume (KIP-496).
//
// Serves: 0.
// Behaviour: GROUP_SUBSCRIBED_TO_TOPIC while a member is subscribed or it cannot be told,
//   UNKNOWN_TOPIC_OR_PARTITION for partitions that do not exist.

import type { PartitionId } from "../../base/ids.ts";
import { mapSliced } from "../../base/pieces.ts";
import { ErrorCode, OffsetDelete, type RequestOf, type ResponseOf } from "../../protocol/mod.ts";
import { needs } from "../access/authorizer.ts";
import { handler, type RequestContext } from "../handler.ts";
import { Shard } from "../coordination/shard.ts";

type Topic = RequestOf<typeof OffsetDelete>["topics"][number];
type Response = ResponseOf<typeof OffsetDelete>;

type Context = RequestContext<"metadata" | "groups" | "slices">;

export const offsetDelete = handler(OffsetDelete, {
  serves: "0",
  authorise: [needs("group delete", { of: "groupId" }), needs("topic read")],

  async handle(request, { services, may }: Context) {
    const { slices } = services;
    const mayRead = (name: string) => may("read", { type: "topic", name });
    const shard = await services.groups.of(request.groupId);
    if (!(shard instanceof Shard)) return { errorCode: shard, topics: [] };
    const known = await existing(request.topics.filter(({ name }) => mayRead(name)), services);
    const topics = [...known].map(([name, partitions]) => {
      return { name, partitions: [...partitions].map((partitionIndex) => ({ partitionIndex })) };
    });
    if (shard.isResigned) return { errorCode: ErrorCode.NOT_COORDINATOR, topics: [] };
    const response = await shard.submit<Response>((table, at) =>
      table.deleteOffsets({ ...request, topics }, at)
    );
    if (response.errorCode !== ErrorCode.NONE) return response;
    const codes = codesOf(response);
    const answered = await mapSliced(request.topics, slices, async ({ name, partitions }) => {
      const unknown = mayRead(name)
        ? ErrorCode.UNKNOWN_TOPIC_OR_PARTITION
        : ErrorCode.TOPIC_AUTHORIZATION_FAILED;
      const answers = await mapSliced(partitions, slices, ({ partitionIndex }) => {
        const errorCode = codes.get(name)?.get(partitionIndex) ?? unknown;
        return { partitionIndex, errorCode };
      });
      return { name, partitions: answers };
    });
    return { ...response, topics: answered };
  },

  refuse: (_, { errorCode }) => ({ errorCode, topics: [] }),
});

/** The partitions among those named that there are, each once, by topic. */
async function existing(
  topics: readonly Topic[],
  { metadata, slices }: Context["services"],
): Promise<ReadonlyMap<string, ReadonlySet<PartitionId>>> {
  const known = new Map<string, Set<PartitionId>>();
  await mapSliced(topics, slices, async ({ name, partitions }) => {
    const found = metadata.image.topic(name);
    if (found === undefined) return;
    const ofTopic = known.get(name) ?? new Set();
    known.set(name, ofTopic);
    await mapSliced(partitions, slices, ({ partitionIndex }) => {
      if (found.partitions[partitionIndex] !== undefined) ofTopic.add(partitionIndex);
    });
  });
  return known;
}

/** What became of each partition, by topic. */
function codesOf({ topics }: Response): ReadonlyMap<string, ReadonlyMap<PartitionId, ErrorCode>> {
  return new Map(topics.map(({ name, partitions }) => {
    return [name, new Map(partitions.map((each) => [each.partitionIndex, each.errorCode]))];
  }));
}
