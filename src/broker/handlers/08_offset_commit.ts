// OffsetCommit: a group stores how far it has read.
//
// Serves: 0-10.
// Behaviour: answered once the offsets are synced to __consumer_offsets. Unknown partitions fail by
//   themselves. Very many are stored in several parts, each of them whole. Rules of membership are
//   in src/coordinator/groups/offsets/commit.ts.
// Versions: 1 generation, member and timestamp; 2-4 retentionTimeMs; 6 leader epoch; 7 static
//   members (KIP-345); 8 flexible; 9 the consumer protocol of KIP-848; 10 topic ids (KIP-848).
//
// Differs from Kafka: version 0 stores offsets in __consumer_offsets, too; in old Kafkas it stores
// them in ZooKeeper.

import { ZERO_UUID } from "../../base/ids.ts";
import { itemAt } from "../../base/items.ts";
import { mapSliced } from "../../base/pieces.ts";
import { ErrorCode, OffsetCommit, type RequestOf, type ResponseOf } from "../../protocol/mod.ts";
import { needs } from "../access/authorizer.ts";
import type { GroupShard } from "../coordination/groups.ts";
import { handler, type RequestContext } from "../handler.ts";
import { Shard } from "../coordination/shard.ts";

type Request = RequestOf<typeof OffsetCommit>;
type Response = ResponseOf<typeof OffsetCommit>;
type Topic = Request["topics"][number];
type Answer = Response["topics"][number]["partitions"][number];

/** One offset that is to be stored, and the place for what comes of it. */
interface Known {
  /** With its name, whatever the request names it by. */
  readonly topic: Topic;
  readonly partition: Topic["partitions"][number];
  readonly answer: Answer;
}

/** Offsets that are stored in one go. */
const partPartitions = 1000;
/** Storing one is about as heavy as looking at so many bytes. */
const storeWeight = 2048;

type Context = RequestContext<"metadata" | "groups" | "slices">;

export const offsetCommit = handler(OffsetCommit, {
  serves: "0-10",
  authorise: [needs("group read", { of: "groupId" }), needs("topic read")],

  async handle(request, context: Context) {
    const { groups, slices } = context.services;
    const known: Known[] = [];
    const topics = await mapSliced(request.topics, slices, async (topic) => {
      const { unknown, named } = lookUp(topic, context);
      const partitions = await mapSliced(topic.partitions, slices, (partition) => {
        const { partitionIndex } = partition;
        const answer = { partitionIndex, errorCode: unknown };
        if (named?.has(partitionIndex)) known.push({ topic: named.topic, partition, answer });
        return answer;
      });
      return { name: topic.name, topicId: topic.topicId, partitions };
    });
    const shard = await groups.of(request.groupId);
    if (shard instanceof Shard) await commit(request, { known, shard, context });
    else for (const { answer } of known) answer.errorCode = shard;
    return { topics };
  },

  refuse: ({ topics }, { errorCode }) => ({
    topics: topics.map(({ partitions, ...topic }) => ({
      ...topic,
      partitions: partitions.map(({ partitionIndex }) => ({ partitionIndex, errorCode })),
    })),
  }),
});

/** What is known of a topic, and what is told of its partitions that do not exist. */
function lookUp(topic: Topic, { services, version, may }: Context) {
  const { image } = services.metadata;
  const byId = version >= 10;
  const found = byId ? image.topicById(topic.topicId) : image.topic(topic.name);
  const name = byId ? found?.name : topic.name;
  if (name !== undefined && !may("read", { type: "topic", name })) {
    return { unknown: ErrorCode.TOPIC_AUTHORIZATION_FAILED };
  }
  if (found === undefined) {
    const { UNKNOWN_TOPIC_ID, UNKNOWN_TOPIC_OR_PARTITION } = ErrorCode;
    return { unknown: byId ? UNKNOWN_TOPIC_ID : UNKNOWN_TOPIC_OR_PARTITION };
  }
  // Without an id the record has the version that every Kafka can read.
  const known = { ...topic, name: found.name, topicId: byId ? found.id : ZERO_UUID };
  const has = (partition: number) => found.partitions[partition] !== undefined;
  return { unknown: ErrorCode.UNKNOWN_TOPIC_OR_PARTITION, named: { topic: known, has } };
}

/** Resolves once all of it is answered. */
async function commit(
  request: Request,
  o: { known: readonly Known[]; shard: GroupShard; context: Context },
): Promise<void> {
  const { known, shard, context: { services: { slices }, version: apiVersion } } = o;
  const stored: Promise<void>[] = [];
  // Without any partition, too: a commit keeps its member's session alive.
  for (let start = 0; start === 0 || start < known.length; start += partPartitions) {
    if (slices.isOver) await slices.next();
    const part = known.slice(start, start + partPartitions);
    if (shard.isResigned) {
      for (const { answer } of part) answer.errorCode = ErrorCode.NOT_COORDINATOR;
      continue;
    }
    const input = { request: { ...request, topics: topicsOf(part) }, apiVersion };
    stored.push(noteAnswers(
      part,
      shard.submit<Response>((table, at) => table.commitOffsets(input, at)),
    ));
    slices.spend(part.length * storeWeight);
  }
  await Promise.all(stored);
}

async function noteAnswers(part: readonly Known[], stored: Response | Promise<Response>) {
  const answers = (await stored).topics.flatMap(({ partitions }) => partitions);
  for (const [i, { answer }] of part.entries()) {
    answer.errorCode = itemAt(answers, i).errorCode;
  }
}

/** The partitions under their topics, in their order. */
function topicsOf(part: readonly Known[]): Topic[] {
  const topics: Topic[] = [];
  let last: Topic | undefined;
  for (const { topic, partition } of part) {
    if (topic !== last) topics.push({ ...topic, partitions: [] });
    topics.at(-1)!.partitions.push(partition);
    last = topic;
  }
  return topics;
}
