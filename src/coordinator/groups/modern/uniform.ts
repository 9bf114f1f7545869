// The assignor `uniform`: members have equally many partitions, and keep what they have where that
// is possible.
//
//   all subscribe to the same   sizes differ by one at most; what is past a member's share is taken
//                               from it, and what nobody has is given to those below theirs
//   else                        first to who has least; then partitions move from who has more to
//                               who has less, as long as that makes a pair of subscribers more even
//
// Of what a member was to have it keeps first what it has: a change that it has not heard of when
// the next one comes then moves nothing.
//
// Differs from Kafka: for members with different subscriptions the `uniform` assignor is another
// algorithm with the same goals: a partition may go to another of its subscribers.

import type { Uuid } from "../../../base/ids.ts";
import type { Assignment } from "./assignment.ts";
import {
  type AssignorInput,
  type AssignorMember,
  isHomogeneous,
  subscribedTopicIds,
} from "./assignor.ts";

type Partition = readonly [topicId: Uuid, partition: number];

/** A member's assignment in the making. */
interface Share {
  readonly member: AssignorMember;
  readonly topics: Map<Uuid, Set<number>>;
  size: number;
}

export function assignUniform(input: AssignorInput): Map<string, Assignment> {
  const { members, partitionCount } = input;
  const shares: Share[] = members.map((member) => ({ member, topics: new Map(), size: 0 }));
  const homogeneous = isHomogeneous(members);
  const total = [...subscribedTopicIds(members)].reduce((sum, id) => sum + partitionCount(id), 0);
  const taken = new Map<Uuid, Set<number>>();
  const quotas = homogeneous ? evenQuotas(shares, total) : undefined;
  for (const share of shares) {
    keep(share, { quota: quotas?.get(share) ?? total, taken, partitionCount });
  }
  const free = freePartitions(input, taken);
  if (quotas !== undefined) fill(quotas, free);
  else {
    spread(shares, free);
    even(shares);
  }
  return new Map(shares.map(({ member, topics }) => [member.memberId, topics]));
}

/** Sizes that differ by one at most; the larger ones are for those that have more already. */
function evenQuotas(shares: readonly Share[], total: number): Map<Share, number> {
  const quota = Math.floor(total / Math.max(shares.length, 1));
  let extra = total - quota * shares.length;
  const quotas = new Map(shares.map((share) => [share, quota]));
  const hasMore = ({ member: { assigned, topicIds } }: Share): boolean => {
    let size = 0;
    for (const [topicId, partitions] of assigned) {
      if (topicIds.has(topicId)) size += partitions.size;
    }
    return size > quota;
  };
  for (const isTurn of [hasMore, (share: Share) => !hasMore(share)]) {
    for (const share of shares) {
      if (extra === 0) return quotas;
      if (!isTurn(share)) continue;
      quotas.set(share, quota + 1);
      extra--;
    }
  }
  return quotas;
}

/** The member keeps what it has, as far as that still is its own, and no more than `quota`. */
function keep(
  share: Share,
  { quota, taken, partitionCount }: {
    quota: number;
    taken: Map<Uuid, Set<number>>;
    partitionCount: (topicId: Uuid) => number;
  },
): void {
  const { topicIds, assigned, held } = share.member;
  for (const isTurn of [true, false]) {
    for (const [topicId, partitions] of assigned) {
      if (!topicIds.has(topicId)) continue;
      const ofTopic = taken.get(topicId) ?? new Set<number>();
      taken.set(topicId, ofTopic);
      const count = partitionCount(topicId);
      const heldOfTopic = held.get(topicId);
      for (const partition of partitions) {
        if (share.size >= quota) return;
        if ((heldOfTopic?.has(partition) === true) !== isTurn) continue;
        if (partition >= count || ofTopic.has(partition)) continue;
        ofTopic.add(partition);
        give(share, [topicId, partition]);
      }
    }
  }
}

/** What nobody has, topic by topic; those that fewest may have first. */
function freePartitions(
  { members, partitionCount }: AssignorInput,
  taken: ReadonlyMap<Uuid, ReadonlySet<number>>,
): Partition[] {
  const subscribers = new Map<Uuid, number>();
  for (const { topicIds } of members) {
    for (const topicId of topicIds) subscribers.set(topicId, (subscribers.get(topicId) ?? 0) + 1);
  }
  const free: Partition[] = [];
  for (const [topicId] of [...subscribers].sort((a, b) => a[1] - b[1])) {
    for (let partition = 0; partition < partitionCount(topicId); partition++) {
      if (!taken.get(topicId)?.has(partition)) free.push([topicId, partition]);
    }
  }
  return free;
}

/** Gives each what its share lacks, in the order of the members. */
function fill(quotas: ReadonlyMap<Share, number>, free: readonly Partition[]): void {
  let next = 0;
  for (const [share, quota] of quotas) {
    for (; share.size < quota; next++) {
      const partition = free[next];
      if (partition === undefined) return;
      give(share, partition);
    }
  }
}

/** Gives each to the one with least among its subscribers. */
function spread(shares: readonly Share[], free: readonly Partition[]): void {
  for (const partition of free) {
    let least: Share | undefined;
    for (const share of shares) {
      if (!share.member.topicIds.has(partition[0])) continue;
      if (least === undefined || share.size < least.size) least = share;
    }
    if (least !== undefined) give(least, partition);
  }
}

/**
 * Moves partitions until no subscriber of a topic has two more than another that could take one.
 */
function even(shares: readonly Share[]): void {
  const topicIds = subscribedTopicIds(shares.map(({ member }) => member));
  for (let hasMoved = true; hasMoved;) {
    hasMoved = false;
    for (const topicId of topicIds) {
      const subscribers = shares.filter(({ member }) => member.topicIds.has(topicId));
      while (moveOne(subscribers, topicId)) hasMoved = true;
    }
  }
}

/** Each move makes the sum of the squares of the sizes smaller, so that there is an end to them. */
function moveOne(subscribers: readonly Share[], topicId: Uuid): boolean {
  let least: Share | undefined;
  let most: Share | undefined;
  for (const share of subscribers) {
    if (least === undefined || share.size < least.size) least = share;
    if (!share.topics.has(topicId)) continue;
    if (most === undefined || share.size > most.size) most = share;
  }
  if (least === undefined || most === undefined || most.size - least.size < 2) return false;
  const partition = [...most.topics.get(topicId) ?? []].at(-1);
  if (partition === undefined) return false;
  take(most, [topicId, partition]);
  give(least, [topicId, partition]);
  return true;
}

function give(share: Share, [topicId, partition]: Partition): void {
  const ofTopic = share.topics.get(topicId) ?? new Set<number>();
  share.topics.set(topicId, ofTopic.add(partition));
  share.size++;
}

function take(share: Share, [topicId, partition]: Partition): void {
  const ofTopic = share.topics.get(topicId);
  ofTopic?.delete(partition);
  if (ofTopic?.size === 0) share.topics.delete(topicId);
  share.size--;
}
