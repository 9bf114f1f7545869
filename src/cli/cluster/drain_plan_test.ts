// Where the replicas of a broker go that is drained.

import { assertEquals, assertThrows } from "@std/assert";
import fc from "fast-check";
import { UsageFault } from "../../base/faults.ts";
import { ZERO_UUID } from "../../base/ids.ts";
import type { ClusterNode, TopicMetadata } from "../../client/mod.ts";
import { drainPlan } from "./drain_plan.ts";

function topicOf(placed: readonly (readonly number[])[], isr = placed): TopicMetadata {
  const partitions = placed.map((replicas, partition) => ({
    partition,
    leader: replicas[0] ?? -1,
    leaderEpoch: 0,
    replicas,
    isr: isr[partition] ?? [],
  }));
  return { name: "orders", id: ZERO_UUID, isInternal: false, errorCode: 0, partitions };
}

function nodesOf(
  topic: TopicMetadata,
  racks: Readonly<Record<number, string | null>>,
  away: readonly number[] = [],
): ClusterNode[] {
  return Object.entries(racks).map(([key, rack]) => {
    const id = Number(key);
    const replicas = topic.partitions.filter((each) => each.replicas.includes(id)).length;
    const state = away.includes(id) ? "fenced" as const : "serves" as const;
    return { id, rack, state, leads: 0, replicas, inSync: replicas };
  });
}

const targets = (moves: readonly { replicas: readonly number[] }[]) =>
  moves.map(({ replicas }) => replicas.join());

Deno.test("a replica goes to another rack first, then to who has the fewest", () => {
  const topic = topicOf([[1, 2], [2, 1], [4, 5], [4, 5]]);
  const nodes = nodesOf(topic, { 1: "a", 2: "b", 3: "b", 4: "a", 5: "c" });
  // Partition 0 and 1 stand in rack a: broker 3 has none, broker 5 two.
  assertEquals(targets(drainPlan(2, { nodes, topics: [topic], moving: [] })), ["1,3", "3,1"]);
  // Partition 0 and 1 stand in rack b, where 3 is, too.
  assertEquals(targets(drainPlan(1, { nodes, topics: [topic], moving: [] })), ["4,2", "2,5"]);
});

Deno.test("a drain that was interrupted goes on where it was", () => {
  const topic = topicOf([[3, 2, 1], [1, 2]]);
  const nodes = nodesOf(topic, { 1: null, 2: null, 3: null });
  const moving = [
    { topic: "orders", partition: 0, replicas: [3, 2, 1], adding: [3], removing: [1] },
  ];
  assertEquals(targets(drainPlan(1, { nodes, topics: [topic], moving })), ["3,2", "3,2"]);
});

Deno.test("what has no other place, or no other copy, is not drained", () => {
  const full = topicOf([[1, 2, 3]]);
  const three = nodesOf(full, { 1: null, 2: null, 3: null });
  assertThrows(
    () => drainPlan(3, { nodes: three, topics: [full], moving: [] }),
    UsageFault,
    "orders-0 has 3 replicas",
  );
  const lone = topicOf([[3]]);
  const dead = nodesOf(lone, { 1: null, 3: null }, [3]);
  assertThrows(
    () => drainPlan(3, { nodes: dead, topics: [lone], moving: [] }),
    UsageFault,
    "is on broker 3 alone",
  );
});

Deno.test("whatever is drained, nothing is on it any more, nothing twice, nothing less", () => {
  const ids = [1, 2, 3, 4, 5];
  const placement = fc.shuffledSubarray(ids, { minLength: 1, maxLength: 4 });
  const racks = fc.tuple(...ids.map(() => fc.constantFrom("a", "b", null)));
  fc.assert(fc.property(fc.array(placement, { maxLength: 8 }), racks, (placed, inRacks) => {
    const topic = topicOf(placed);
    const nodes = nodesOf(topic, Object.fromEntries(ids.map((id, i) => [id, inRacks[i] ?? null])));
    const moves = drainPlan(1, { nodes, topics: [topic], moving: [] });
    assertEquals(moves.length, placed.filter((replicas) => replicas.includes(1)).length);
    for (const { from, replicas } of moves) {
      assertEquals(replicas.includes(1), false);
      assertEquals(new Set(replicas).size, from.length);
      assertEquals(from.filter((id, i) => id !== 1 && replicas[i] !== id), []);
    }
  }));
});
