// Who is to have which partitions: what an assignor is given, and gives back.
//
// An assignor is a pure function; the same input gives the same assignment. It gives each partition
// of a topic to exactly one of the members that subscribe to it. Kafka's server-side assignors do
// not look at racks since 4.0, and neither do these.

import type { Uuid } from "../../../base/ids.ts";
import type { Assignment, OwnedPartitions } from "./assignment.ts";

export interface AssignorMember {
  readonly memberId: string;
  readonly instanceId: string | null;
  /** Ids of the topics that it subscribes to, as far as they exist. */
  readonly topicIds: ReadonlySet<Uuid>;
  /** What it was to have so far. */
  readonly assigned: Assignment;
  /** What it has: not all of that, where it has not heard of it yet or waits for others. */
  readonly held: OwnedPartitions;
}

export interface AssignorInput {
  readonly members: readonly AssignorMember[];
  readonly partitionCount: (topicId: Uuid) => number;
}

/** The assignment of each member, by its id. */
export type Assignor = (input: AssignorInput) => Map<string, Assignment>;

/** Whether all members subscribe to the same topics. */
export function isHomogeneous(members: readonly AssignorMember[]): boolean {
  const [first, ...others] = members;
  if (first === undefined) return true;
  return others.every(({ topicIds }) => {
    if (topicIds.size !== first.topicIds.size) return false;
    for (const topicId of topicIds) if (!first.topicIds.has(topicId)) return false;
    return true;
  });
}

/** Everything that some member subscribes to. */
export function subscribedTopicIds(members: readonly AssignorMember[]): Set<Uuid> {
  const all = new Set<Uuid>();
  for (const { topicIds } of members) for (const topicId of topicIds) all.add(topicId);
  return all;
}
