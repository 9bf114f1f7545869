// The assignor whose members keep what they have (KIP-429), as a pure function.
//
//   held:    A: 0 1 2 3   B: 4 5   C: -          wanted:  A: 0 1   B: 4 5   C: 2 3
//   1st assignment         A: 0 1   B: 4 5   C: -         what moves is nobody's for one rebalance,
//   2nd, A has let go      A: 0 1   B: 4 5   C: 2 3       so that two never read it at a time
//
// Invariant: loads of members that subscribed to the same topics differ by one at most, and of all
// such assignments this is one that moves few. The result depends on the set of members, not on
// their order, and a partition goes to nobody while another member still holds it.

import type { PartitionId } from "../../base/ids.ts";
import { itemAt } from "../../base/items.ts";
import {
  type Assignor,
  emptyAssignment,
  give,
  type GroupMember,
  sortedMembers,
  subscribedTopics,
} from "./assignors.ts";

/** Who holds a partition, by its place among the sorted members; -1 is nobody. */
type Holders = Map<string, number[]>;

const nobody = -1;

export const cooperativeStickyAssignor: Assignor = {
  name: "cooperative-sticky",
  isCooperative: true,
  assign(members, partitionCounts) {
    const sorted = sortedMembers(members);
    const topics = subscribedTopics(members).filter((topic) => partitionCounts.has(topic));
    const held = heldBy(sorted, partitionCounts);
    const wanted = balanced(held, { sorted, topics });
    const assignment = emptyAssignment(members);
    for (const topic of topics) {
      itemsOf(wanted, topic).forEach((place, partition) => {
        const holder = itemAt(itemsOf(held, topic), partition);
        const isHeldElsewhere = holder !== nobody && holder !== place;
        if (place === nobody || isHeldElsewhere) return;
        give(assignment, itemAt(sorted, place), { topic, partition });
      });
    }
    return assignment;
  },
};

function itemsOf(holders: Holders, topic: string): number[] {
  return holders.get(topic) ?? [];
}

/** Of two that claim a partition the one of the later generation has it; of the same, neither. */
function heldBy(
  sorted: readonly GroupMember[],
  partitionCounts: ReadonlyMap<string, number>,
): Holders {
  const held: Holders = new Map();
  const generations = new Map<string, number[]>();
  for (const [topic, count] of partitionCounts) {
    held.set(topic, new Array<number>(count).fill(nobody));
    generations.set(topic, new Array<number>(count).fill(-2));
  }
  sorted.forEach(({ owned = [], generation = -1, topics }, place) => {
    const subscribed = new Set(topics);
    for (const { topic, partition } of owned) {
      const holders = held.get(topic);
      const since = generations.get(topic)?.[partition];
      if (holders === undefined || since === undefined || !subscribed.has(topic)) continue;
      if (generation < since) continue;
      holders[partition] = generation === since ? nobody : place;
      generations.get(topic)![partition] = generation;
    }
  });
  return held;
}

/** `held`, with what nobody has given away, and with moves from who has most to who has least. */
function balanced(
  held: Holders,
  { sorted, topics }: { sorted: readonly GroupMember[]; topics: readonly string[] },
): Holders {
  const wanted: Holders = new Map(topics.map((topic) => [topic, [...itemsOf(held, topic)]]));
  const loads = new Array<number>(sorted.length).fill(0);
  for (const holders of wanted.values()) {
    for (const place of holders) if (place !== nobody) loads[place] = itemAt(loads, place) + 1;
  }
  const subscribers = subscribersOf(sorted, topics);
  for (let hasMoved = true, isFirst = true; hasMoved; isFirst = false) {
    hasMoved = false;
    for (const topic of topics) {
      const holders = itemsOf(wanted, topic);
      const theirs = subscribers.get(topic) ?? [];
      for (let partition: PartitionId = 0; partition < holders.length; partition++) {
        const from = itemAt(holders, partition);
        // Before anything moves, everything is somebody's.
        if (isFirst && from !== nobody) continue;
        const to = leastLoaded(theirs, loads);
        const isBetter = from === nobody || itemAt(loads, from) - itemAt(loads, to) > 1;
        if (!isBetter) continue;
        if (from !== nobody) loads[from] = itemAt(loads, from) - 1;
        loads[to] = itemAt(loads, to) + 1;
        holders[partition] = to;
        hasMoved = true;
      }
    }
    hasMoved ||= isFirst;
  }
  return wanted;
}

function subscribersOf(
  sorted: readonly GroupMember[],
  topics: readonly string[],
): Map<string, number[]> {
  const subscribers = new Map<string, number[]>(topics.map((topic) => [topic, []]));
  sorted.forEach((member, place) => {
    for (const topic of new Set(member.topics)) subscribers.get(topic)?.push(place);
  });
  return subscribers;
}

function leastLoaded(places: readonly number[], loads: readonly number[]): number {
  let least = itemAt(places, 0);
  for (const place of places) if (itemAt(loads, place) < itemAt(loads, least)) least = place;
  return least;
}
