// The assignor of share groups: evenly, everything to somebody and something to everybody, and
// nothing moves without need.

import { assert, assertEquals } from "@std/assert";
import fc from "fast-check";
import type { Uuid } from "../../../base/ids.ts";
import { type Assignment, eachPartition, nothingAssigned } from "../modern/assignment.ts";
import { assignSimple, type SimpleMember } from "./simple.ts";

const topics = ["a", "b", "c"] as unknown as Uuid[];

function member(memberId: string, subscribed: string, assigned = nothingAssigned): SimpleMember {
  return { memberId, topicIds: new Set([...subscribed] as unknown as Uuid[]), assigned };
}

/** Partitions 0 to the count, by topic. */
function counted(counts: Readonly<Record<string, number>>) {
  return (topicId: Uuid) => Array.from({ length: counts[topicId] ?? 0 }, (_, index) => index);
}

/** "a0" and so on. */
function listed(assignment: Assignment | undefined): string[] {
  return [...eachPartition(assignment ?? nothingAssigned)].map(([topic, id]) => `${topic}${id}`)
    .sort();
}

Deno.test("partitions are spread over members, and members over partitions", () => {
  const three = [member("m1", "a"), member("m2", "a"), member("m3", "a")];
  const many = assignSimple({ members: three, partitionsOf: counted({ a: 4 }) });
  assertEquals(three.map(({ memberId }) => listed(many.get(memberId))), [
    ["a0", "a3"],
    ["a1"],
    ["a2"],
  ]);
  const few = assignSimple({ members: three, partitionsOf: counted({ a: 2 }) });
  assertEquals(three.map(({ memberId }) => listed(few.get(memberId))), [["a0"], ["a1"], ["a0"]]);
});

Deno.test("topics with other subscribers are spread over these", () => {
  const members = [member("m1", "ab"), member("m2", "a"), member("m3", "")];
  const assignment = assignSimple({ members, partitionsOf: counted({ a: 3, b: 1 }) });
  assertEquals(members.map(({ memberId }) => listed(assignment.get(memberId))), [
    ["a1", "b0"],
    ["a0", "a2"],
    [],
  ]);
});

const subscription = fc.subarray(["a", "b", "c"]).map((each) => each.join(""));
const counts = fc.record({ a: fc.nat(9), b: fc.nat(4), c: fc.nat(1) });
const runs = { numRuns: Number(Deno.env.get("FUZZ_RUNS") ?? 300) };

Deno.test("no partition and no member is left out, and nobody has what is not his", () => {
  fc.assert(
    fc.property(fc.array(subscription, { maxLength: 12 }), counts, (subscriptions, counts) => {
      const members = subscriptions.map((each, index) => member(`m${index}`, each));
      const partitionsOf = counted(counts);
      const assignment = assignSimple({ members, partitionsOf });
      const given = new Set<string>();
      for (const { memberId, topicIds } of members) {
        const own = listed(assignment.get(memberId));
        for (const each of own) {
          given.add(each);
          assert(topicIds.has(each[0] as unknown as Uuid), "it is not subscribed to");
          assert(Number(each.slice(1)) < counts[each[0] as "a"], "there is no such partition");
        }
        const isThere = [...topicIds].some((topicId) => partitionsOf(topicId).length > 0);
        assertEquals(own.length > 0, isThere, "a member has something if there is something");
      }
      const wanted = topics.filter((id) => members.some(({ topicIds }) => topicIds.has(id)))
        .flatMap((topicId) => partitionsOf(topicId).map((id) => `${topicId}${id}`));
      assertEquals([...given].sort(), wanted.sort());
    }),
    runs,
  );
});

/** Whether none of these is more than one larger than another. */
function isEven(sizes: readonly number[]): boolean {
  return sizes.length === 0 || Math.max(...sizes) - Math.min(...sizes) <= 1;
}

Deno.test("members come and go: it stays even, and nothing moves without need", () => {
  const change = fc.record({
    members: fc.integer({ min: 1, max: 12 }),
    leaves: fc.nat(11),
    counts,
  });
  fc.assert(
    fc.property(fc.array(change, { maxLength: 8 }), (changes) => {
      let before = new Map<string, Assignment>();
      for (const { members: count, leaves, counts } of changes) {
        const ids = Array.from({ length: count + 1 }, (_, index) => `m${index}`)
          .filter((_, index) => index !== leaves % (count + 1));
        const members = ids.map((id) => member(id, "abc", before.get(id)));
        const partitionsOf = counted(counts);
        const all = topics.flatMap((topicId) =>
          partitionsOf(topicId).map((id) => `${topicId}${id}`)
        );
        const after = assignSimple({ members, partitionsOf });
        const sizes = ids.map((id) => listed(after.get(id)).length);
        assert(isEven(sizes), `members have ${sizes}`);
        const given = ids.flatMap((id) => listed(after.get(id)));
        const sharers = all.map((each) => given.filter((other) => other === each).length);
        assert(isEven(sharers), `partitions have ${sharers}`);
        assertEquals(given.length, all.length === 0 ? 0 : Math.max(all.length, ids.length));
        // Where nothing has changed, nothing moves.
        const again = assignSimple({
          members: ids.map((id) => member(id, "abc", after.get(id))),
          partitionsOf,
        });
        for (const id of ids) assertEquals(listed(again.get(id)), listed(after.get(id)));
        // Who had a partition to himself loses it, or is given another, never both.
        const had = [...before.values()].flatMap((each) => listed(each));
        const isShared = new Set(had).size < had.length || all.length < ids.length;
        for (const id of isShared ? [] : ids) {
          const kept = listed(before.get(id)).filter((each) => all.includes(each));
          const has = listed(after.get(id));
          const lost = kept.some((each) => !has.includes(each));
          const gained = has.some((each) => !kept.includes(each));
          assert(!lost || !gained, `${id} had ${kept} and has ${has}`);
        }
        before = after;
      }
    }),
    runs,
  );
});
