// Committed offsets of the groups of one __consumer_offsets partition, and reading them.
//
//   group id -> topic -> partition -> CommittedOffset
//
// Invariant: no empty map is kept, so that a group without offsets is not in the table at all.
// The table changes by `put` alone, with records that the log has.

import { type Uuid, ZERO_UUID } from "../base/ids.ts";
import { ErrorCode } from "../protocol/errors.ts";
import type { MessageOf, OffsetFetchRequest, OffsetFetchResponse } from "../protocol/mod.ts";
import type { OffsetCommitRecord, OffsetCommitValue } from "./offset_records.ts";

/**
 * A committed offset. leaderEpoch is -1 when the client did not say; expireTimestamp is -1 when the
 * broker's retention decides; topicId is ZERO_UUID when the commit named the topic only.
 */
export type CommittedOffset = MessageOf<typeof OffsetCommitValue>;

/** What a record says of one partition; null: nothing is committed (a tombstone). */
export interface OffsetChange {
  readonly key: OffsetCommitRecord["key"];
  readonly value: CommittedOffset | null;
}

type OffsetsOfTopic = Map<number, CommittedOffset>;

/** Offsets of one group: topic -> partition -> offset. */
export type OffsetsOfGroup = ReadonlyMap<string, ReadonlyMap<number, CommittedOffset>>;

const noOffsets: OffsetsOfGroup = new Map();

export class OffsetTable {
  #groups = new Map<string, Map<string, OffsetsOfTopic>>();

  ofGroup(groupId: string): OffsetsOfGroup {
    return this.#groups.get(groupId) ?? noOffsets;
  }

  /** Takes a change over. */
  put({ key: { group, topic, partition }, value }: OffsetChange): void {
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

/** The records that take out all that `groupId` has committed for these topics; by default, all. */
export function* tombstonesOf(
  offsets: Pick<OffsetTable, "ofGroup">,
  groupId: string,
  topics?: readonly string[],
): Generator<OffsetCommitRecord> {
  const committed = offsets.ofGroup(groupId);
  for (const topic of topics ?? committed.keys()) {
    for (const partition of committed.get(topic)?.keys() ?? []) {
      yield offsetRecord({ group: groupId, topic, partition }, null);
    }
  }
}

/** One group of an OffsetFetch request. */
export type OffsetFetchGroup = OffsetFetchRequest["groups"][number];
/** Its part of the response. */
export type FetchedGroup = OffsetFetchResponse["groups"][number];
type FetchedTopic = FetchedGroup["topics"][number];
type FetchedPartition = FetchedTopic["partitions"][number];

/**
 * Reads the offsets that `request` asks for, or all of the group's. Nothing committed is offset -1
 * with empty metadata, as it is for an unknown group. A partition of a topic id that is not the one
 * committed to has nothing committed.
 */
export function fetchOffsets(offsets: OffsetTable, request: OffsetFetchGroup): FetchedGroup {
  const committed = offsets.ofGroup(request.groupId);
  const wanted = request.topics ?? [...committed].map(([name, partitions]) => ({
    name,
    topicId: ZERO_UUID,
    partitionIndexes: [...partitions.keys()],
  }));
  const topics = wanted.map(({ name, topicId, partitionIndexes }): FetchedTopic => ({
    name,
    topicId,
    partitions: partitionIndexes.map((partition) => {
      const offset = committed.get(name)?.get(partition);
      if (offset === undefined || isOtherTopic(offset.topicId, topicId)) {
        return nothingCommitted(partition);
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

/** Two ids that are both known and differ: the topic was deleted and created anew. */
function isOtherTopic(a: Uuid, b: Uuid): boolean {
  return a !== b && a !== ZERO_UUID && b !== ZERO_UUID;
}

function nothingCommitted(partition: number): FetchedPartition {
  return {
    partitionIndex: partition,
    committedOffset: -1,
    committedLeaderEpoch: -1,
    metadata: "",
    errorCode: ErrorCode.NONE,
  };
}
