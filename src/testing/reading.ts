// What is in a test broker, for a test to look at: the records of a topic, and how a group stands.

import { fromUtf8 } from "../base/bytes.ts";
import type { Int64 } from "../base/int64.ts";
import {
  type Client,
  committedOffsets,
  Consumer,
  type ConsumerRecord,
  type DescribedMember,
  describeGroup,
  describeTopic,
  KafkaError,
  listOffsets,
  type TopicPartition,
} from "../client/mod.ts";
import { ErrorCode } from "../protocol/mod.ts";

/** A record of a topic, as text. */
export interface TestRecord {
  /** The topic. */
  readonly topic: string;
  /** The partition of it. */
  readonly partition: number;
  /** Its place in the partition. */
  readonly offset: number;
  /** Milliseconds since the Unix epoch. */
  readonly timestamp: Int64;
  /** As UTF-8; null where it has none. */
  readonly key: string | null;
  /** As UTF-8; null for a tombstone. */
  readonly value: string | null;
  /** By name; the last where a name repeats. */
  readonly headers: Readonly<Record<string, string | null>>;
  /** The value as JSON. Throws SyntaxError where it is none. */
  json<T = unknown>(): T;
  /** Key and value as they were sent. */
  readonly bytes: { readonly key: Uint8Array | null; readonly value: Uint8Array | null };
}

/** Which records of a topic to read. */
export interface RecordsOptions {
  /** Those of this partition alone. */
  readonly partition?: number;
  /** Without those of transactions that are open or aborted. */
  readonly readCommitted?: boolean;
}

/** What a group has committed for a partition. */
export interface TestOffset {
  /** The topic. */
  readonly topic: string;
  /** The partition of it. */
  readonly partition: number;
  /** The next offset that the group will read. */
  readonly offset: Int64;
  /** How many offsets are behind it. */
  readonly lag: number;
  /** What the committer wrote beside it. */
  readonly metadata: string | null;
}

/** How a group stands. */
export interface TestGroup {
  /** Its name. */
  readonly groupId: string;
  /** Kafka's word, such as Stable or Empty; Dead for one that there is not. */
  readonly state: string;
  /** Kafka's word: classic, consumer, share, streams. */
  readonly type: string;
  /** Who is in it, and what each was given. */
  readonly members: readonly DescribedMember[];
  /** What it has committed. */
  readonly offsets: readonly TestOffset[];
  /** The lag of all partitions for which it has committed something. */
  readonly lag: number;
}

const pollMsMax = 100;

/** All records of a topic, by partition and offset; none of a topic that there is not. */
export async function readTopic(
  client: Client,
  topic: string,
  { partition, readCommitted = false }: RecordsOptions,
): Promise<TestRecord[]> {
  const partitions = (await partitionsOf(client, topic))
    .filter((each) => partition === undefined || each.partition === partition);
  if (partitions.length === 0) return [];
  const ends = await listOffsets(client, partitions, { spec: "latest", readCommitted });
  const consumer = new Consumer(client, { readCommitted, fetchWaitMsMax: pollMsMax });
  try {
    consumer.assign(partitions.map((each) => ({ ...each, at: "earliest" as const })));
    const records: TestRecord[] = [];
    const isDone = () => ends.every((end) => Number(consumer.position(end) ?? -1) >= end.offset);
    while (!isDone()) {
      const polled = await consumer.poll({ timeoutMs: pollMsMax, recordsMax: 1_000 });
      records.push(...polled.map(testRecord));
    }
    const endOf = new Map(ends.map((end) => [end.partition, end.offset]));
    return records.filter((each) => each.offset < (endOf.get(each.partition) ?? 0))
      .sort((a, b) => a.partition - b.partition || a.offset - b.offset);
  } finally {
    await consumer.close();
  }
}

function testRecord(record: ConsumerRecord): TestRecord {
  const key = record.key?.slice() ?? null;
  const value = record.value?.slice() ?? null;
  const text = value === null ? null : fromUtf8(value);
  return {
    topic: record.topic,
    partition: record.partition,
    offset: record.offset,
    timestamp: record.timestamp,
    key: key === null ? null : fromUtf8(key),
    value: text,
    headers: Object.fromEntries(
      record.headers.map(({ key, value }) => [key, value === null ? null : fromUtf8(value)]),
    ),
    json: () => JSON.parse(text ?? "null"),
    bytes: { key, value },
  };
}

/** How many records each partition of a topic has, about; none of a topic that there is not. */
export async function topicEnds(
  client: Client,
  topic: string,
): Promise<readonly (TopicPartition & { readonly count: number })[]> {
  const partitions = await partitionsOf(client, topic);
  const [first, end] = await Promise.all([
    listOffsets(client, partitions, { spec: "earliest" }),
    listOffsets(client, partitions, { spec: "latest" }),
  ]);
  return partitions.map((each, i) => ({
    ...each,
    count: (end[i]?.offset ?? 0) - (first[i]?.offset ?? 0),
  }));
}

async function partitionsOf(client: Client, topic: string): Promise<TopicPartition[]> {
  const none = { partitions: [] };
  const unknown = ErrorCode.UNKNOWN_TOPIC_OR_PARTITION;
  const described = await unlessCode(unknown, describeTopic(client, topic)) ?? none;
  return described.partitions.map(({ partition }) => ({ topic, partition }));
}

/** How a group stands; its state is Dead where there is none. */
export async function readGroup(client: Client, groupId: string): Promise<TestGroup> {
  const none = { state: "Dead", type: "classic", members: [] };
  const [group = none, committed] = await Promise.all([
    unlessCode(ErrorCode.GROUP_ID_NOT_FOUND, describeGroup(client, groupId)),
    committedOffsets(client, groupId, { partitions: null }),
  ]);
  const ends = await listOffsets(client, committed, { spec: "latest" });
  const offsets = committed.map(({ topic, partition, offset, metadata }, i) => ({
    topic,
    partition,
    offset,
    lag: Math.max(0, (ends[i]?.offset ?? 0) - Number(offset)),
    metadata,
  }));
  const { state, type, members } = group;
  const lag = offsets.reduce((sum, each) => sum + each.lag, 0);
  return { groupId, state, type, members, offsets, lag };
}

/** What `asked` gives; undefined where it is refused with `code`. */
async function unlessCode<T>(code: ErrorCode, asked: Promise<T>): Promise<T | undefined> {
  try {
    return await asked;
  } catch (error) {
    if (error instanceof KafkaError && error.errorCode === code) return undefined;
    throw error;
  }
}
