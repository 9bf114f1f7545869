// Brings a cluster to what is declared, through the client: what is missing is made, what is there
// stays, so that it does no harm to apply a declaration again.
//
//   topic      missing: created    fewer partitions: grown    configs: set
//   group      configs: set
//   records    written while the topic has never had one
//   offsets    committed where the group has none for the partition
//
// Invariant: nothing is deleted, and no record or offset is written a second time.

import { entryOf, itemAt } from "../base/items.ts";
import type { Int64 } from "../base/int64.ts";
import {
  alterConfigs,
  type Client,
  commitOffsets,
  committedOffsets,
  createPartitions,
  createTopic,
  describeTopic,
  listRanges,
  listTopics,
  Producer,
  type TopicMetadata,
  type TopicPartitionOffset,
} from "../client/mod.ts";
import type {
  Declaration,
  Seeded,
  SeedGroup,
  SeedOffset,
  SeedOffsets,
  SeedRecord,
  SeedTopic,
} from "./declaration.ts";

/** Applies a declaration that has been checked. What the cluster refuses throws a KafkaError. */
export async function applyDeclaration(client: Client, declaration: Declaration): Promise<void> {
  const { topics = {}, groups = {} } = declaration;
  const known = new Map((await listTopics(client)).map((topic) => [topic.name, topic]));
  await Promise.all(
    Object.entries(topics).map(([name, topic]) => applyTopic(client, { name, topic, known })),
  );
  await writeRecords(client, topics);
  await Promise.all(
    Object.entries(groups).map(([groupId, group]) => applyGroup(client, groupId, group)),
  );
}

async function applyTopic(
  client: Client,
  { name, topic, known }: {
    name: string;
    topic: SeedTopic;
    known: ReadonlyMap<string, TopicMetadata>;
  },
): Promise<void> {
  const { partitions, configs = {} } = topic;
  const before = known.get(name);
  if (before === undefined) {
    await createTopic(client, { name, partitions, configs: { ...configs } });
    return;
  }
  if (partitions !== undefined && partitions > before.partitions.length) {
    await createPartitions(client, { topic: name, count: partitions });
  }
  if (Object.keys(configs).length > 0) {
    await alterConfigs(client, { topic: name }, { set: { ...configs } });
  }
}

async function writeRecords(
  client: Client,
  topics: Readonly<Record<string, SeedTopic>>,
): Promise<void> {
  const wanted = Object.entries(topics).filter(([, { records = [] }]) => records.length > 0);
  if (wanted.length === 0) return;
  const producer = new Producer(client);
  try {
    await Promise.all(wanted.map(async ([name, { records = [] }]) => {
      const partitions = await partitionsOf(client, name);
      const ranges = await listRanges(client, partitions);
      if (ranges.some(({ end }) => end > 0)) return;
      const sent = records.map((record, i) => {
        const { key, value, headers = {}, partition, timestamp } = recordOf(record);
        const turn = itemAt(partitions, i % partitions.length).partition;
        return producer.send({
          topic: name,
          key: seededText(key),
          value: seededText(value),
          headers: Object.entries(headers).map(([each, text]) => [each, seededText(text)] as const),
          ...key === undefined || partition !== undefined ? { partition: partition ?? turn } : {},
          ...timestamp === undefined ? {} : { timestamp },
        });
      });
      await Promise.all(sent);
    }));
  } finally {
    await producer.close();
  }
}

function recordOf(record: SeedRecord | string): SeedRecord {
  return typeof record === "string" ? { value: record } : record;
}

function seededText(seeded: Seeded | undefined): string | Uint8Array | null {
  if (seeded === undefined || seeded === null) return null;
  return typeof seeded === "string" || seeded instanceof Uint8Array
    ? seeded
    : JSON.stringify(seeded);
}

async function applyGroup(client: Client, groupId: string, group: SeedGroup): Promise<void> {
  const { configs = {}, offsets: declared = {} } = group;
  if (Object.keys(configs).length > 0) {
    await alterConfigs(client, { group: groupId }, { set: { ...configs } });
  }
  const offsets = (await Promise.all(
    Object.entries(declared).map(([topic, wanted]) => offsetsOf(client, topic, wanted)),
  )).flat();
  const committed = await committedOffsets(client, groupId, { partitions: offsets });
  const has = new Set(committed.map(({ topic, partition }) => `${topic} ${partition}`));
  const missing = offsets.filter(({ topic, partition }) => !has.has(`${topic} ${partition}`));
  if (missing.length > 0) await commitOffsets(client, groupId, { offsets: missing });
}

async function offsetsOf(
  client: Client,
  topic: string,
  wanted: SeedOffsets[string],
): Promise<TopicPartitionOffset[]> {
  const partitions = await partitionsOf(client, topic);
  const chosen = partitions.flatMap(({ partition }) => {
    const offset = typeof wanted === "object"
      ? entryOf<SeedOffset>(wanted, String(partition))
      : wanted;
    return offset === undefined ? [] : [{ topic, partition, wanted: offset }];
  });
  const ranges = await listRanges(client, chosen);
  return ranges.map(({ topic, partition, wanted, first, end }) => {
    const places: Readonly<Record<string, Int64>> = { earliest: first, latest: end };
    return {
      topic,
      partition,
      offset: typeof wanted === "number" ? wanted : places[wanted] ?? end,
    };
  });
}

async function partitionsOf(client: Client, topic: string) {
  const { partitions } = await describeTopic(client, topic);
  return partitions.map(({ partition }) => ({ topic, partition }));
}
