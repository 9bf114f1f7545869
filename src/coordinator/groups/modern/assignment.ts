// What a member is to have, and what it has: partitions of topics, by the topic's id.
//
//   Assignment        topic id -> partitions
//   OwnedPartitions   topic id -> partition -> the member epoch in which it was assigned (KIP-1251)
//
// Both are values: nobody changes one that others can see. Empty topics are left out.

import type { Uuid } from "../../../base/ids.ts";

export type Assignment = ReadonlyMap<Uuid, ReadonlySet<number>>;
export type OwnedPartitions = ReadonlyMap<Uuid, ReadonlyMap<number, number>>;

export const nothingAssigned: Assignment = new Map();
export const nothingOwned: OwnedPartitions = new Map();

/** Partitions of a topic as requests and records list them. */
export interface TopicPartitions {
  readonly topicId: Uuid;
  readonly partitions: readonly number[];
}

/** The same partitions, as a value. */
export function assignmentOf(topics: readonly TopicPartitions[]): Assignment {
  const assignment = new Map<Uuid, Set<number>>();
  for (const { topicId, partitions } of topics) {
    if (partitions.length === 0) continue;
    const into = assignment.get(topicId) ?? new Set();
    for (const partition of partitions) into.add(partition);
    assignment.set(topicId, into);
  }
  return assignment;
}

/** The same partitions, as requests and records list them; in order. */
export function topicPartitionsOf(
  partitions: Assignment | OwnedPartitions,
): { topicId: Uuid; partitions: number[] }[] {
  return [...partitions].map(([topicId, each]) => ({
    topicId,
    partitions: [...each.keys()].sort((a, b) => a - b),
  }));
}

/** Whether both name the same partitions. */
export function assignmentsEqual(
  a: Assignment | OwnedPartitions,
  b: Assignment | OwnedPartitions,
): boolean {
  if (a === b) return true;
  if (a.size !== b.size) return false;
  for (const [topicId, partitions] of a) {
    const others = b.get(topicId);
    if (others === undefined || others.size !== partitions.size) return false;
    for (const partition of partitions.keys()) if (!others.has(partition)) return false;
  }
  return true;
}

/** Whether the partitions of a topic are the same, with the epochs in which they were assigned. */
export function ownedEqual(a: OwnedPartitions, b: OwnedPartitions): boolean {
  if (!assignmentsEqual(a, b)) return false;
  for (const [topicId, partitions] of a) {
    for (const [partition, epoch] of partitions) {
      if (b.get(topicId)?.get(partition) !== epoch) return false;
    }
  }
  return true;
}

/** Whether each of `topics`' partitions is in `whole`. */
export function isWithin(
  topics: readonly TopicPartitions[],
  whole: Assignment | OwnedPartitions,
): boolean {
  return topics.every(({ topicId, partitions }) =>
    partitions.every((partition) => whole.get(topicId)?.has(partition) === true)
  );
}

/** Whether one of `topics`' partitions is in `other`. */
export function hasAnyOf(
  topics: readonly TopicPartitions[],
  other: Assignment | OwnedPartitions,
): boolean {
  return topics.some(({ topicId, partitions }) =>
    partitions.some((partition) => other.get(topicId)?.has(partition) === true)
  );
}

/** All partitions, one by one. */
export function* eachPartition(
  partitions: Assignment | OwnedPartitions,
): Generator<readonly [topicId: Uuid, partition: number]> {
  for (const [topicId, each] of partitions) {
    for (const partition of each.keys()) yield [topicId, partition];
  }
}
