// Committed offsets of the groups of one __consumer_offsets partition, and reading them.
//
//   group id -> topic -> partition -> CommittedOffset
//
// Offsets committed within an open transaction are beside it, and nobody reads them
// (pending.ts).
//
// Invariant: no empty map is kept, so that a group without offsets is not in the table at all.
// The table changes with records and markers that the log has, and with nothing else.

import { type ProducerId, type Uuid, ZERO_UUID } from "../../../base/ids.ts";
import { ErrorCode } from "../../../protocol/errors.ts";
import type { MessageOf, OffsetFetchRequest, OffsetFetchResponse } from "../../../protocol/mod.ts";
import type { OffsetCommitRecord, OffsetCommitValue } from "./records.ts";
import { type OffsetChange, PendingOffsets } from "./pending.ts";

/**
 * A committed offset. leaderEpoch is -1 when the client did not say; expireTimestamp is -1 when the
 * broker's retention decides; topicId is ZERO_UUID when the commit named the topic only.
 */
export type CommittedOffset = MessageOf<typeof OffsetCommitValue>;

type OffsetsOfTopic = Map<number, CommittedOffset>;

/** Offsets of one group: topic -> partition -> offset. */
export type OffsetsOfGroup = ReadonlyMap<string, ReadonlyMap<number, CommittedOffset>>;

const noOffsets: OffsetsOfGroup = new Map();

export class OffsetTable {
  #groups = new Map<string, Map<string, OffsetsOfTopic>>();
  readonly #pending = new PendingOffsets();

  ofGroup(groupId: string): OffsetsOfGroup {
    return this.#groups.get(groupId) ?? noOffsets;
  }

  /** What is committed within transactions that are open. */
  get pending(): Pick<PendingOffsets, "has" | "hasGroup" | "ofGroup"> {
    return this.#pending;
  }

  /** Whether anything of the group is here, be it pending. */
  has(groupId: string): boolean {
    return this.#groups.has(groupId) || this.#pending.hasGroup(groupId);
  }

  /** Takes a change over; of a producer's transaction: keeps it pending. */
  put({ key, value }: OffsetChange, producerId?: ProducerId): void {
    if (producerId !== undefined && value !== null) {
      return this.#pending.put({ key, value }, producerId);
    }
    this.#pending.onCommitted({ key, value });
    this.#set({ key, value });
  }

  /** Takes over what a producer has pending, if it was committed; otherwise it is gone. */
  endTransaction(producerId: ProducerId, committed: boolean): void {
    for (const change of this.#pending.end(producerId, committed)) this.#set(change);
  }

  #set({ key: { group, topic, partition }, value }: OffsetChange): void {
    const topics = this.#groups.get(group);
    const partitions = topics?.get(topic);
    if (value !== null) {
      const intoTopics = topics ?? new Map<string, OffsetsOfTopic>();
      const into = partitions ?? new Map<number, CommittedOffset>();
      into.set(partition, value);
      if (partitions === undefined) intoTopics.set(topic, into);
      if (topics === undefined) this.#groups.set(group, intoTopics);
    } else if (topics !== undefined && partitions !== undefined) {
      partitions.delete(partition);
      if (partitions.size === 0) topics.delete(topic);
      if (topics.size === 0) this.#groups.delete(group);
    }
  }
}

/** The record that puts `value` into the table; null takes out what is committed. */
export function offsetRecord(
  key: OffsetCommitRecord["key"],
  value: CommittedOffset | null,
): OffsetCommitRecord {
  return { type: "OffsetCommit", key, value };
}

/**
 * The records that take out all that `groupId` has committed for these topics, or has pending; by
 * default, all.
 */
export function* tombstonesOf(
  offsets: Pick<OffsetTable, "ofGroup" | "pending">,
  groupId: string,
  topics?: readonly string[],
): Generator<OffsetCommitRecord> {
  const committed = offsets.ofGroup(groupId);
  for (const topic of topics ?? committed.keys()) {
    for (const partition of committed.get(topic)?.keys() ?? []) {
      yield offsetRecord({ group: groupId, topic, partition }, null);
    }
  }
  const told = new Set<string>();
  for (const key of offsets.pending.ofGroup(groupId)) {
    const { topic, partition } = key;
    const name = `${topic}/${partition}`;
    if (topics?.includes(topic) === false || committed.get(topic)?.has(partition)) continue;
    if (!told.has(name)) yield offsetRecord(key, null);
    told.add(name);
  }
}

/** One group of an OffsetFetch request. */
export type OffsetFetchGroup = OffsetFetchRequest["groups"][number] & {
  readonly requireStable?: boolean;
};
/** Its part of the response. */
export type FetchedGroup = OffsetFetchResponse["groups"][number];
type FetchedTopic = FetchedGroup["topics"][number];
type FetchedPartition = FetchedTopic["partitions"][number];

/**
 * Reads the offsets that `request` asks for, or all of the group's. Nothing committed is offset -1
 * with empty metadata, as it is for an unknown group. A partition of a topic id that is not the one
 * committed to has nothing committed. With `requireStable` a partition whose offset an open
 * transaction may change is UNSTABLE_OFFSET_COMMIT (KIP-447).
 */
export function fetchOffsets(offsets: OffsetTable, request: OffsetFetchGroup): FetchedGroup {
  const { groupId: group, requireStable } = request;
  const committed = offsets.ofGroup(request.groupId);
  const wanted = request.topics ?? topicsOf(committed);
  const topics = wanted.map(({ name, topicId, partitionIndexes }): FetchedTopic => ({
    name,
    topicId,
    partitions: partitionIndexes.map((partition) => {
      if (requireStable && offsets.pending.has({ group, topic: name, partition })) {
        return nothingTold(partition, ErrorCode.UNSTABLE_OFFSET_COMMIT);
      }
      const offset = committed.get(name)?.get(partition);
      if (offset === undefined || isOtherTopic(offset.topicId, topicId)) {
        return nothingTold(partition, ErrorCode.NONE);
      }
      return {
        partitionIndex: partition,
        committedOffset: offset.offset,
        committedLeaderEpoch: offset.leaderEpoch,
        metadata: offset.metadata,
        errorCode: ErrorCode.NONE,
      };
    }),
  }));
  return { groupId: request.groupId, topics, errorCode: ErrorCode.NONE };
}

/** Topics and partitions that have offsets, as a request that wants all of them would name them. */
export function topicsOf(committed: OffsetsOfGroup): NonNullable<OffsetFetchGroup["topics"]> {
  return [...committed].map(([name, partitions]) => ({
    name,
    topicId: ZERO_UUID,
    partitionIndexes: [...partitions.keys()],
  }));
}

/** Two ids that are both known and differ: the topic was deleted and created anew. */
function isOtherTopic(a: Uuid, b: Uuid): boolean {
  return a !== b && a !== ZERO_UUID && b !== ZERO_UUID;
}

function nothingTold(partition: number, errorCode: ErrorCode): FetchedPartition {
  return {
    partitionIndex: partition,
    committedOffset: -1,
    committedLeaderEpoch: -1,
    metadata: "",
    errorCode,
  };
}
