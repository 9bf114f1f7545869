// The assignor `simple` of share groups (KIP-932): every partition has a member and every member a
// partition, spread as evenly as can be, and nothing moves without need.
//
//   topics with the same subscribers are one pool, which is spread over these:
//   P partitions, M members   P >= M   each partition has one member; members have P/M, one more
//                                      or one less
//                             P <  M   each member has one partition; partitions have M/P members
//
//   1. who had a partition keeps it, up to what is his share and the partition's
//   2. what nobody has goes to whoever has least
//   3. who has nothing gets what the fewest have
//
// Invariant: the same input gives the same assignment.

import type { Uuid } from "../../../base/ids.ts";
import { type Assignment, eachPartition } from "../modern/assignment.ts";

export interface SimpleMember {
  readonly memberId: string;
  /** Ids of the topics that it subscribes to, as far as they exist. */
  readonly topicIds: ReadonlySet<Uuid>;
  /** What it was to have so far. */
  readonly assigned: Assignment;
}

export interface SimpleInput {
  readonly members: readonly SimpleMember[];
  /** The partitions of a topic that can be assigned. */
  readonly partitionsOf: (topicId: Uuid) => Iterable<number>;
}

type Assigned = Map<Uuid, Set<number>>;

/** The assignment of each member, by its id. */
export function assignSimple({ members, partitionsOf }: SimpleInput): Map<string, Assignment> {
  const assignments = new Map<string, Assigned>(
    members.map(({ memberId }) => [memberId, new Map()]),
  );
  for (const { subscribers, topicIds } of poolsOf(members)) {
    const partitions = topicIds.flatMap((topicId) =>
      [...partitionsOf(topicId)].sort((a, b) => a - b).map((partition) => ({
        topicId,
        partition,
        sharers: 0,
      }))
    );
    const takers = subscribers.map((member) => ({
      member,
      count: 0,
      assigned: assignments.get(member.memberId) ?? new Map(),
    }));
    // Of those with equally much in this pool, whoever has little in others comes first.
    takers.sort((a, b) => sizeOf(a.assigned) - sizeOf(b.assigned));
    spread(takers, partitions);
  }
  return assignments;
}

interface Pool {
  readonly subscribers: readonly SimpleMember[];
  readonly topicIds: Uuid[];
}

/** Topics with the same subscribers, the ones of the fewest first: others can make up for them. */
function poolsOf(members: readonly SimpleMember[]): Pool[] {
  const subscribersOf = new Map<Uuid, number[]>();
  for (const [index, { topicIds }] of members.entries()) {
    for (const topicId of topicIds) {
      const known = subscribersOf.get(topicId);
      if (known === undefined) subscribersOf.set(topicId, [index]);
      else known.push(index);
    }
  }
  const pools = new Map<string, Pool>();
  for (const topicId of [...subscribersOf.keys()].sort()) {
    const indexes = subscribersOf.get(topicId) ?? [];
    const id = indexes.length === members.length ? "all" : indexes.join(",");
    const subscribers = members.filter(({ topicIds }) => topicIds.has(topicId));
    const pool = pools.get(id) ?? { subscribers, topicIds: [] };
    pool.topicIds.push(topicId);
    pools.set(id, pool);
  }
  return [...pools.values()].sort((a, b) => a.subscribers.length - b.subscribers.length);
}

interface Taker {
  readonly member: SimpleMember;
  /** Partitions of this pool. */
  count: number;
  /** With those of other pools. */
  readonly assigned: Assigned;
}

interface Part {
  readonly topicId: Uuid;
  readonly partition: number;
  sharers: number;
}

function spread(takers: readonly Taker[], parts: readonly Part[]): void {
  if (takers.length === 0 || parts.length === 0) return;
  keep(takers, parts);
  const byCount = leastFirst(takers, ({ count }) => count);
  for (const part of parts) if (part.sharers === 0) give(byCount.next().value, part);
  const bySharers = leastFirst(parts, ({ sharers }) => sharers);
  for (const taker of takers) if (taker.count === 0) give(taker, bySharers.next().value);
}

/** Each time one of those with the least, which must have one more the next time. */
function* leastFirst<T>(items: readonly T[], countOf: (item: T) => number): Generator<T, never> {
  for (let least = 0;; least++) {
    for (const item of items) if (countOf(item) === least) yield item;
  }
}

function give(taker: Taker, part: Part): void {
  const ofTopic = taker.assigned.get(part.topicId) ?? new Set<number>();
  taker.assigned.set(part.topicId, ofTopic.add(part.partition));
  taker.count++;
  part.sharers++;
}

/** What is left to have more than the least of: at most `extra` have one more than `least`. */
class Share {
  readonly #least: number;
  #extra: number;

  constructor(pairs: number, among: number) {
    this.#least = Math.floor(pairs / among);
    this.#extra = pairs % among;
  }

  allows(count: number): boolean {
    return count < this.#least || (count === this.#least && this.#extra > 0);
  }

  note(countBefore: number): void {
    if (countBefore === this.#least) this.#extra--;
  }
}

/** Gives takers what they had, as far as it is theirs still in an even spread. */
function keep(takers: readonly Taker[], parts: readonly Part[]): void {
  const pairs = Math.max(takers.length, parts.length);
  const ofTakers = new Share(pairs, takers.length);
  const ofParts = new Share(pairs, parts.length);
  const known = new Map<Uuid, Map<number, Part>>();
  for (const part of parts) {
    const ofTopic = known.get(part.topicId) ?? new Map<number, Part>();
    known.set(part.topicId, ofTopic.set(part.partition, part));
  }
  for (const taker of takers) {
    for (const [topicId, partition] of eachPartition(taker.member.assigned)) {
      const part = known.get(topicId)?.get(partition);
      if (part === undefined) continue;
      if (!ofTakers.allows(taker.count) || !ofParts.allows(part.sharers)) continue;
      ofTakers.note(taker.count);
      ofParts.note(part.sharers);
      give(taker, part);
    }
  }
}

function sizeOf(assigned: Assignment): number {
  let size = 0;
  for (const partitions of assigned.values()) size += partitions.size;
  return size;
}
