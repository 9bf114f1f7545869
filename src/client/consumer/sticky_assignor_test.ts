import { assert, assertEquals } from "@std/assert";
import fc from "fast-check";
import type { GroupAssignment, GroupMember } from "./assignors.ts";
import type { TopicPartition } from "../topic_partition.ts";
import { cooperativeStickyAssignor } from "./sticky_assignor.ts";

const counts = new Map([["t0", 4], ["t1", 3]]);

function owning(memberId: string, partitions: number[], generation = 1): GroupMember {
  const owned = partitions.map((partition) => ({ topic: "t0", partition }));
  return { memberId, groupInstanceId: null, topics: ["t0"], owned, generation };
}

function sharesOf(assignment: GroupAssignment): Record<string, string> {
  return Object.fromEntries([...assignment].map(([id, topics]) => [
    id,
    [...topics.values()].flat().join(),
  ]));
}

Deno.test("members keep what they have, and what moves is nobody's for one rebalance", () => {
  const two = [owning("A", [0, 1, 2, 3]), owning("B", [])];
  const first = cooperativeStickyAssignor.assign(two, counts);
  assertEquals(sharesOf(first), { A: "2,3", B: "" });
  const released = [owning("A", [2, 3], 2), owning("B", [], 2)];
  assertEquals(sharesOf(cooperativeStickyAssignor.assign(released, counts)), {
    A: "2,3",
    B: "0,1",
  });
});

Deno.test("of two that claim a partition the later generation has it", () => {
  const claims = [owning("A", [0, 1], 4), owning("B", [1, 2], 5)];
  assertEquals(sharesOf(cooperativeStickyAssignor.assign(claims, counts)), { A: "0,3", B: "1,2" });
});

/** Members that come and go over rebalances, each holding what it was given last. */
Deno.test("after two rebalances all is shared out evenly, and little has moved", () => {
  const ids = fc.uniqueArray(fc.integer({ min: 0, max: 30 }), { minLength: 1, maxLength: 12 });
  fc.assert(fc.property(ids, ids, (before, after) => {
    const topics = ["t0", "t1"];
    const settle = (names: number[], held: ReadonlyMap<number, TopicPartition[]>) => {
      let holding = new Map(held);
      for (let generation = 1; generation <= 2; generation++) {
        const members = names.map((name) => ({
          memberId: `${name}`,
          groupInstanceId: null,
          topics,
          owned: holding.get(name) ?? [],
          generation,
        }));
        const assignment = cooperativeStickyAssignor.assign(members, counts);
        const again = cooperativeStickyAssignor.assign([...members].reverse(), counts);
        for (const [id, theirs] of assignment) assertEquals(again.get(id), theirs);
        holding = new Map(names.map((name) => [name, partitionsOf(assignment.get(`${name}`)!)]));
        const all = [...holding.values()].flat();
        assertEquals(new Set(all.map(keyOf)).size, all.length, "nothing is held twice");
      }
      return holding;
    };
    const first = settle(before, new Map());
    const second = settle(after, first);
    const loads = [...second.values()].map(({ length }) => length);
    assertEquals(loads.reduce((sum, load) => sum + load), 7, "everything is somebody's");
    assert(Math.max(...loads) - Math.min(...loads) <= 1, `${loads}`);
    for (const [name, held] of second) {
      const kept = (first.get(name) ?? []).filter((each) =>
        held.some((one) => keyOf(one) === keyOf(each))
      );
      const most = Math.ceil(7 / after.length);
      const floor = Math.min(first.get(name)?.length ?? 0, Math.floor(7 / after.length));
      assert(kept.length >= floor && held.length <= most, `${name} kept ${kept.length}`);
    }
  }));
});

function partitionsOf(topics: ReadonlyMap<string, number[]>): TopicPartition[] {
  return [...topics].flatMap(([topic, partitions]) =>
    partitions.map((partition) => ({ topic, partition }))
  );
}

function keyOf({ topic, partition }: TopicPartition): string {
  return `${topic}-${partition}`;
}
