// One fetch session (KIP-227): the partitions that a reader wants, and what it knows of each, so
// that it need not name what has not changed, and is not told what it knows.
//
//   wanted: changed partitions, forgotten ones --> update
//   data of all partitions                     --> tell --> data of those that have news
//
// A partition has news when it has records or an error, when one of its offsets is not the one that
// was told last, or when the reader's log went another way.
//
// Invariant: applied one after the other, what `tell` lets through is what full answers would say.
// The order is that of the last records: a partition that has given some goes to the end, so that
// where the answer's bound is reached every time, each has its turn.

import type { Offset, PartitionId, Uuid } from "../../base/ids.ts";
import type { Int64 } from "../../base/int64.ts";
import { itemAt } from "../../base/items.ts";
import { ErrorCode } from "../../protocol/mod.ts";
import type { PartitionData, WantedPartition } from "./partition_data.ts";

/** A topic as the reader names it: by `topic`, or in newer versions by `topicId`. */
export interface NamedTopic {
  readonly topic: string;
  readonly topicId: Uuid;
}

/** A partition as a request wants it. */
export interface Wanted extends WantedPartition {
  readonly of: NamedTopic;
  /** Where a follower's log begins; absent: a consumer asks, or it has not said. */
  readonly readerStartOffset?: Int64;
}

/** Partitions that are not wanted any more. */
export interface Forgotten extends NamedTopic {
  readonly partitions: readonly PartitionId[];
}

/** What a request changes in a session. */
export interface SessionChanges {
  readonly wanted: readonly Wanted[];
  readonly forgotten: readonly Forgotten[];
}

/** What was read for each of `wanted`, in the same order. */
export interface FetchedData {
  readonly wanted: readonly Wanted[];
  readonly data: readonly PartitionData[];
}

/** A partition in a session. Offsets are -1 until they have been told, and after an error. */
type SessionPartition = { -readonly [K in keyof Wanted]: Wanted[K] } & {
  highWatermark: Offset;
  lastStableOffset: Offset;
  logStartOffset: Offset;
};

interface SessionTopic {
  readonly named: NamedTopic;
  readonly partitions: Map<PartitionId, SessionPartition>;
}

const notTold = { highWatermark: -1, lastStableOffset: -1, logStartOffset: -1 };

/** About what a partition, and a topic without its name, takes in memory. */
const partitionBytes = 256;
const topicBytes = 512;

export interface SessionOptions {
  readonly id: number;
  readonly usesTopicIds: boolean;
  /** Whether it is a follower's, which consumers do not drive out. */
  readonly isPrivileged: boolean;
  readonly nowMs: number;
}

export class FetchSession {
  readonly id: number;
  readonly usesTopicIds: boolean;
  readonly isPrivileged: boolean;
  readonly createdMs: number;
  lastUsedMs: number;
  /** What the next request must say. */
  epoch = 1;
  /** Whether no request has gone on with it yet. */
  isNew = true;
  /** What it takes in memory, about. */
  bytes = 0;
  readonly #topics = new Map<string, SessionTopic>();
  readonly #inOrder = new Set<SessionPartition>();

  constructor({ id, usesTopicIds, isPrivileged, nowMs }: SessionOptions) {
    this.id = id;
    this.usesTopicIds = usesTopicIds;
    this.isPrivileged = isPrivileged;
    this.createdMs = nowMs;
    this.lastUsedMs = nowMs;
  }

  /** How many partitions it has. */
  get size(): number {
    return this.#inOrder.size;
  }

  /** All that is wanted, in the order in which it is read. */
  get wanted(): Wanted[] {
    return [...this.#inOrder];
  }

  /** Begins with the next request. */
  advance(): void {
    this.epoch = this.epoch === 0x7fff_ffff ? 1 : this.epoch + 1;
    this.isNew = false;
  }

  /** Returns false, half done, when the session comes to take more than `bytesMax`. */
  update({ wanted, forgotten }: SessionChanges, bytesMax: number): boolean {
    for (const each of wanted) {
      this.#want(each);
      if (this.bytes > bytesMax) return false;
    }
    for (const { partitions, ...named } of forgotten) {
      for (const partition of partitions) this.#forget(named, partition);
    }
    return true;
  }

  /** The reader is told all of it. */
  takeForTold({ wanted, data }: FetchedData): void {
    for (const [i, each] of data.entries()) {
      const partition = this.#find(itemAt(wanted, i));
      if (partition !== undefined) setTold(partition, each);
    }
  }

  /** Lets through what the reader does not know, and takes it for told. */
  tell({ wanted, data }: FetchedData): FetchedData {
    const news = { wanted: [] as Wanted[], data: [] as PartitionData[] };
    for (const [i, each] of data.entries()) {
      const asked = itemAt(wanted, i);
      const partition = this.#find(asked);
      if (partition === undefined || !hasNews(partition, each)) continue;
      news.wanted.push(asked);
      news.data.push(each);
      setTold(partition, each);
      if (each.records.length === 0) continue;
      this.#inOrder.delete(partition);
      this.#inOrder.add(partition);
    }
    return news;
  }

  /** An answer that had news of a partition was not sent after all. */
  takeBack(named: NamedTopic, partition: PartitionId): void {
    const found = this.#find({ of: named, partition });
    if (found !== undefined) Object.assign(found, notTold);
  }

  #find({ of, partition }: Pick<Wanted, "of" | "partition">): SessionPartition | undefined {
    return this.#topics.get(this.#keyOf(of))?.partitions.get(partition);
  }

  #want(wanted: Wanted): void {
    const { partition } = wanted;
    const topic = this.#topicOf(wanted.of);
    const found = topic.partitions.get(partition);
    // Each fetch of a follower names most of what it follows.
    if (found !== undefined) {
      found.partitionMaxBytes = wanted.partitionMaxBytes;
      found.fetchOffset = wanted.fetchOffset;
      found.currentLeaderEpoch = wanted.currentLeaderEpoch;
      found.lastFetchedEpoch = wanted.lastFetchedEpoch;
      found.readerStartOffset = wanted.readerStartOffset;
      return;
    }
    const added: SessionPartition = { ...placeOf(wanted), of: topic.named, ...notTold };
    topic.partitions.set(partition, added);
    this.#inOrder.add(added);
    this.bytes += partitionBytes;
  }

  #forget(named: NamedTopic, partition: PartitionId): void {
    const topic = this.#topics.get(this.#keyOf(named));
    const found = topic?.partitions.get(partition);
    if (topic === undefined || found === undefined) return;
    topic.partitions.delete(partition);
    this.#inOrder.delete(found);
    this.bytes -= partitionBytes;
    if (topic.partitions.size > 0) return;
    this.#topics.delete(this.#keyOf(named));
    this.bytes -= bytesOf(topic.named);
  }

  #topicOf({ topic, topicId }: NamedTopic): SessionTopic {
    const named = { topic, topicId };
    const key = this.#keyOf(named);
    let found = this.#topics.get(key);
    if (found === undefined) {
      this.#topics.set(key, found = { named, partitions: new Map() });
      this.bytes += bytesOf(named);
    }
    return found;
  }

  #keyOf({ topic, topicId }: NamedTopic): string {
    return this.usesTopicIds ? topicId : topic;
  }
}

function placeOf(
  {
    partition,
    partitionMaxBytes,
    fetchOffset,
    currentLeaderEpoch,
    lastFetchedEpoch,
    readerStartOffset,
  }: Wanted,
): Omit<Wanted, "of"> {
  return {
    partition,
    partitionMaxBytes,
    fetchOffset,
    currentLeaderEpoch,
    lastFetchedEpoch,
    readerStartOffset,
  };
}

function bytesOf({ topic }: NamedTopic): number {
  return topicBytes + 2 * topic.length;
}

function hasNews(known: SessionPartition, data: PartitionData): boolean {
  return data.records.length > 0 ||
    data.errorCode !== ErrorCode.NONE ||
    data.divergingEpoch !== undefined ||
    data.preferredReadReplica !== undefined ||
    data.highWatermark !== known.highWatermark ||
    data.lastStableOffset !== known.lastStableOffset ||
    data.logStartOffset !== known.logStartOffset;
}

function setTold(known: SessionPartition, data: PartitionData): void {
  // Once an error is gone the partition will be told of, whatever was told before.
  const { highWatermark, lastStableOffset, logStartOffset } = data.errorCode === ErrorCode.NONE
    ? data
    : notTold;
  known.highWatermark = highWatermark;
  known.lastStableOffset = lastStableOffset;
  known.logStartOffset = logStartOffset;
}
