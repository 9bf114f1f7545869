// The two assignment strategies that every Kafka client knows, as pure functions: the leader of a
// classic group calls the one that the coordinator selected.
//
// Invariant: every partition of a subscribed topic goes to exactly one member that subscribed to
// it, and the result depends on the set of members, not on their order.
//
//   range, 2 members, topics t0 and t1 of 3:      A: t0-0 t0-1 t1-0 t1-1   B: t0-2 t1-2
//   roundrobin, the same:                         A: t0-0 t0-2 t1-1        B: t0-1 t1-0 t1-2

import type { PartitionId } from "../../base/ids.ts";
import { itemAt } from "../../base/items.ts";
import type { TopicPartition } from "../topic_partition.ts";

/** A member of the group as the leader sees it. */
export interface GroupMember {
  readonly memberId: string;
  /** The static id (KIP-345); it sorts members when present, so that restarts move nothing. */
  readonly groupInstanceId: string | null;
  readonly topics: readonly string[];
  /** What it holds, and since which generation; of members that keep it through a rebalance. */
  readonly owned?: readonly TopicPartition[];
  readonly generation?: number;
}

/** Assignment by member id; every member has an entry. */
export type GroupAssignment = Map<string, Map<string, PartitionId[]>>;

export interface Assignor {
  /** The protocol's name, as exchanged in JoinGroup. */
  readonly name: string;
  /** Whether members keep what they have through a rebalance (KIP-429). */
  readonly isCooperative?: boolean;
  /** `partitionCounts` gives the topics that exist; others are left out. */
  assign(
    members: readonly GroupMember[],
    partitionCounts: ReadonlyMap<string, number>,
  ): GroupAssignment;
}

/**
 * Per topic: contiguous ranges, the first members taking one more when it does not divide
 * evenly.
 */
export const rangeAssignor: Assignor = {
  name: "range",
  assign(members, partitionCounts) {
    const assignment = emptyAssignment(members);
    const sorted = sortedMembers(members);
    for (const topic of subscribedTopics(members)) {
      const count = partitionCounts.get(topic) ?? 0;
      const subscribers = sorted.filter((member) => member.topics.includes(topic));
      let next = 0;
      subscribers.forEach((member, index) => {
        const extra = index < count % subscribers.length ? 1 : 0;
        const end = next + Math.floor(count / subscribers.length) + extra;
        for (; next < end; next++) give(assignment, member, { topic, partition: next });
      });
    }
    return assignment;
  },
};

/** All partitions in order, dealt to the members in turn; one not subscribed is passed over. */
export const roundRobinAssignor: Assignor = {
  name: "roundrobin",
  assign(members, partitionCounts) {
    const assignment = emptyAssignment(members);
    const sorted = sortedMembers(members);
    let turn = 0;
    for (const topic of subscribedTopics(members)) {
      const count = partitionCounts.get(topic) ?? 0;
      for (let partition = 0; partition < count; partition++) {
        const next = () => itemAt(sorted, turn++ % sorted.length);
        let member = next();
        while (!member.topics.includes(topic)) member = next();
        give(assignment, member, { topic, partition });
      }
    }
    return assignment;
  },
};

/** Nothing for each of `members`. */
export function emptyAssignment(members: readonly GroupMember[]): GroupAssignment {
  return new Map(members.map((member) => [member.memberId, new Map()]));
}

/** The topics of all members, in order. */
export function subscribedTopics(members: readonly GroupMember[]): string[] {
  return [...new Set(members.flatMap((member) => member.topics))].sort();
}

/** In an order that a restart of static members does not change. */
export function sortedMembers(members: readonly GroupMember[]): GroupMember[] {
  return [...members].sort((a, b) => {
    // Kafka: static members first, by their instance id; the others by member id.
    if (a.groupInstanceId !== null && b.groupInstanceId !== null) {
      return compareText(a.groupInstanceId, b.groupInstanceId);
    }
    if (a.groupInstanceId !== null) return -1;
    if (b.groupInstanceId !== null) return 1;
    return compareText(a.memberId, b.memberId);
  });
}

function compareText(a: string, b: string): number {
  return a < b ? -1 : a > b ? 1 : 0;
}

/** Adds a partition to the share of `member`. */
export function give(
  assignment: GroupAssignment,
  member: GroupMember,
  at: { topic: string; partition: PartitionId },
): void {
  const topics = assignment.get(member.memberId)!;
  const partitions = topics.get(at.topic);
  if (partitions === undefined) topics.set(at.topic, [at.partition]);
  else partitions.push(at.partition);
}
