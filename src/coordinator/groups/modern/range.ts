// The assignor `range`: each topic is cut into as many pieces as there are subscribers, of sizes
// that differ by one at most, and the first member gets the first piece.
//
// Members are in one order for all topics, static ones first, by instance id, then by member id: so
// topics with equally many partitions and the same subscribers are cut alike, and whoever reads
// partition 3 of one reads partition 3 of the other.

import type { Uuid } from "../../../base/ids.ts";
import type { Assignment } from "./assignment.ts";
import type { AssignorInput, AssignorMember } from "./assignor.ts";

/** What is left of a topic. */
interface Piece {
  next: number;
  readonly quota: number;
  extra: number;
}

export function assignRange({ members, partitionCount }: AssignorInput): Map<string, Assignment> {
  const subscribers = new Map<Uuid, number>();
  for (const { topicIds } of members) {
    for (const topicId of topicIds) subscribers.set(topicId, (subscribers.get(topicId) ?? 0) + 1);
  }
  const pieces = new Map<Uuid, Piece>();
  for (const [topicId, count] of subscribers) {
    const partitions = partitionCount(topicId);
    pieces.set(topicId, {
      next: 0,
      quota: Math.floor(partitions / count),
      extra: partitions % count,
    });
  }
  const assignments = new Map<string, Assignment>();
  for (const { memberId, topicIds } of [...members].sort(inOrder)) {
    const assignment = new Map<Uuid, ReadonlySet<number>>();
    for (const topicId of topicIds) {
      const range = cut(pieces.get(topicId));
      if (range.size > 0) assignment.set(topicId, range);
    }
    assignments.set(memberId, assignment);
  }
  return assignments;
}

function cut(piece: Piece | undefined): Set<number> {
  const range = new Set<number>();
  if (piece === undefined) return range;
  const end = piece.next + piece.quota + (piece.extra > 0 ? 1 : 0);
  piece.extra--;
  for (; piece.next < end; piece.next++) range.add(piece.next);
  return range;
}

function inOrder(a: AssignorMember, b: AssignorMember): number {
  if (a.instanceId !== null && b.instanceId !== null) return compare(a.instanceId, b.instanceId);
  if (a.instanceId !== null) return -1;
  if (b.instanceId !== null) return 1;
  return compare(a.memberId, b.memberId);
}

function compare(a: string, b: string): number {
  if (a === b) return 0;
  return a < b ? -1 : 1;
}
