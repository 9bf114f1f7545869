// OffsetCommit: a group stores how far it has read.
//
// Serves: 0-10.
// Behaviour: answered once the offsets are synced to __consumer_offsets. Unknown partitions fail by
//   themselves. Rules of membership are in src/coordinator/offset_commit.ts.
// Versions: 1 generation, member and timestamp; 2-4 retentionTimeMs; 6 leader epoch; 7 static
//   members (KIP-345); 8 flexible; 9 the consumer protocol of KIP-848; 10 topic ids (KIP-848).
//
// Differs from Kafka: version 0 stores in __consumer_offsets too; there is no ZooKeeper.

import { type Uuid, ZERO_UUID } from "../../base/ids.ts";
import { ErrorCode, OffsetCommit, type RequestOf, type ResponseOf } from "../../protocol/mod.ts";
import { needs } from "../authorizer.ts";
import { handler, type RequestContext } from "../handler.ts";
import { Shard } from "../shards.ts";

type Request = RequestOf<typeof OffsetCommit>;
type Response = ResponseOf<typeof OffsetCommit>;
type Topic = Request["topics"][number];

type Context = RequestContext<"metadata" | "groups">;

export const offsetCommit = handler(OffsetCommit, {
  serves: "0-10",
  authorise: [needs("group read"), needs("topic read")],

  async handle(request, context: Context) {
    const { services, version: apiVersion } = context;
    const refused = new Map<Topic, Map<number, ErrorCode>>();
    const known = request.topics.flatMap((topic) => knownPart(topic, context, refused));
    const shard = await services.groups.of(request.groupId);
    const response = shard instanceof Shard
      ? await shard.submit<Response>((table, at) =>
        table.commitOffsets({ request: { ...request, topics: known }, apiVersion }, at)
      )
      : refusedCommit({ ...request, topics: known }, shard);
    if (refused.size === 0) return response;
    return { ...response, topics: merge(request, response, { refused, byId: apiVersion >= 10 }) };
  },
});

function refusedCommit({ topics }: Pick<Request, "topics">, errorCode: ErrorCode): Response {
  return {
    throttleTimeMs: 0,
    topics: topics.map(({ name, topicId, partitions }) => ({
      name,
      topicId,
      partitions: partitions.map(({ partitionIndex }) => ({ partitionIndex, errorCode })),
    })),
  };
}

/** The topic with a name and with the partitions that exist; notes down the others. */
function knownPart(
  topic: Topic,
  { services, version }: Context,
  refused: Map<Topic, Map<number, ErrorCode>>,
): Topic[] {
  const { image } = services.metadata;
  const found = version >= 10 ? image.topicById(topic.topicId) : image.topic(topic.name);
  const unknown = version >= 10 && found === undefined
    ? ErrorCode.UNKNOWN_TOPIC_ID
    : ErrorCode.UNKNOWN_TOPIC_OR_PARTITION;
  const partitions = topic.partitions.filter(({ partitionIndex }) => {
    if (found?.partitions[partitionIndex] !== undefined) return true;
    const errors = refused.get(topic) ?? new Map<number, ErrorCode>();
    refused.set(topic, errors.set(partitionIndex, unknown));
    return false;
  });
  if (found === undefined || partitions.length === 0) return [];
  // Without an id the record has the version that every Kafka can read.
  const topicId = version >= 10 ? found.id : ZERO_UUID;
  return [{ ...topic, name: found.name, topicId, partitions }];
}

/** The answer in the order of the request. */
function merge(
  request: Request,
  response: Response,
  o: { refused: Map<Topic, Map<number, ErrorCode>>; byId: boolean },
) {
  const { refused, byId } = o;
  const key = ({ name, topicId }: { name: string; topicId: Uuid }) => byId ? topicId : name;
  const answered = new Map(response.topics.map((topic) => [key(topic), topic.partitions]));
  return request.topics.map((topic) => {
    const partitions = answered.get(key(topic)) ?? [];
    return {
      name: topic.name,
      topicId: topic.topicId,
      partitions: topic.partitions.map(({ partitionIndex }) =>
        partitions.find((each) => each.partitionIndex === partitionIndex) ?? {
          partitionIndex,
          errorCode: refused.get(topic)?.get(partitionIndex) ?? ErrorCode.UNKNOWN_SERVER_ERROR,
        }
      ),
    };
  });
}
