// Offsets by time: the first, the last, or the first at or after a moment, asked of each leader.

import type { BrokerId, LeaderEpoch, Offset } from "../../base/ids.ts";
import { type Int64, safeInt64 } from "../../base/int64.ts";
import { itemAt } from "../../base/items.ts";
import { ErrorCode, ListOffsets } from "../../protocol/mod.ts";
import type { Client } from "../client.ts";
import { checkCode, KafkaError } from "../faults.ts";
import { byTopic, nameOf, type TopicPartition } from "../topic_partition.ts";

/** A place in a partition: its first offset, its end, or by time in ms since the Unix epoch. */
export type OffsetSpec = "earliest" | "latest" | { readonly timestampMs: Int64 };

/** What a look-up of an offset found. */
export interface ListedOffset extends TopicPartition {
  /** The offset; -1 where nothing fits. */
  readonly offset: Offset;
  /** Of the record found by time; -1 otherwise. `offset` is -1 when no record is that late. */
  readonly timestampMs: Int64;
  /** The leader epoch of the record there; -1 where it is not known. */
  readonly leaderEpoch: LeaderEpoch;
}

/**
 * The offset at `spec` of each partition, in the order given; with `readCommitted` the latest is
 * the last stable offset. Throws a KafkaError when a partition does not exist.
 */
export function listOffsets(
  client: Client,
  partitions: readonly TopicPartition[],
  options: { spec: OffsetSpec; readCommitted?: boolean },
): Promise<ListedOffset[]> {
  return client.retrying(async () => {
    const led = await byLeader(client, partitions);
    const found = new Map<string, ListedOffset>();
    const asked = [...led].map(([leader, theirs]) =>
      askLeader(client, theirs, { ...options, leader })
    );
    for (const answer of await Promise.all(asked)) {
      for (const each of answer) found.set(nameOf(each), each);
    }
    return partitions.map((each) => found.get(nameOf(each))!);
  });
}

/** The first offset of partitions and the offset at their end, in the order given. */
export async function listRanges<P extends TopicPartition>(
  client: Client,
  partitions: readonly P[],
): Promise<(P & { readonly first: Offset; readonly end: Offset })[]> {
  const [first, end] = await Promise.all([
    listOffsets(client, partitions, { spec: "earliest" }),
    listOffsets(client, partitions, { spec: "latest" }),
  ]);
  return partitions.map((each, i) => ({
    ...each,
    first: itemAt(first, i).offset,
    end: itemAt(end, i).offset,
  }));
}

/** Partitions by the broker that leads them, in the order given. */
export async function byLeader<P extends TopicPartition>(
  client: Client,
  partitions: readonly P[],
): Promise<Map<BrokerId, P[]>> {
  const led = new Map<BrokerId, P[]>();
  for (const each of partitions) {
    const leader = await leaderOf(client, each);
    const theirs = led.get(leader);
    if (theirs === undefined) led.set(leader, [each]);
    else theirs.push(each);
  }
  return led;
}

/** The leader of a partition; throws a KafkaError when there is no such partition, or no leader. */
async function leaderOf(client: Client, at: TopicPartition): Promise<number> {
  const topic = await client.topic(at.topic);
  const partition = topic.partitions[at.partition];
  if (partition === undefined) {
    throw new KafkaError(
      ErrorCode.INVALID_PARTITIONS,
      `find ${nameOf(at)}`,
      `topic ${at.topic} has partitions 0 to ${topic.partitions.length - 1}`,
    );
  }
  if (partition.leader < 0) {
    client.refreshTopic(at.topic);
    throw new KafkaError(ErrorCode.LEADER_NOT_AVAILABLE, `find the leader of ${nameOf(at)}`);
  }
  return partition.leader;
}

async function askLeader(
  client: Client,
  partitions: readonly TopicPartition[],
  options: { spec: OffsetSpec; readCommitted?: boolean; leader: number },
): Promise<ListedOffset[]> {
  const { spec } = options;
  const timestamp = spec === "earliest" ? -2 : spec === "latest" ? -1 : spec.timestampMs;
  const answer = await client.request(ListOffsets, {
    replicaId: -1,
    isolationLevel: options.readCommitted ? 1 : 0,
    timeoutMs: client.options.requestTimeoutMs,
    topics: [...byTopic(partitions)].map(([name, theirs]) => ({
      name,
      partitions: theirs.map(({ partition }) => ({ partitionIndex: partition, timestamp })),
    })),
  }, { to: options.leader });
  const listed: ListedOffset[] = [];
  for (const topic of answer.topics) {
    for (const each of topic.partitions) {
      const at = { topic: topic.name, partition: each.partitionIndex };
      if (each.errorCode !== ErrorCode.NONE) client.refreshTopic(topic.name);
      checkCode(each.errorCode, `list the offsets of ${nameOf(at)}`);
      listed.push({
        ...at,
        offset: safeInt64(each.offset),
        timestampMs: each.timestamp,
        leaderEpoch: each.leaderEpoch,
      });
    }
  }
  return listed;
}
