// The assignors of consumer groups: each partition is one subscriber's, evenly, and with `uniform`
// nothing moves without need.

import { assert, assertEquals } from "@std/assert";
import fc from "fast-check";
import type { Uuid } from "../../../base/ids.ts";
import { missing } from "../../../base/items.ts";
import {
  type Assignment,
  eachPartition,
  nothingAssigned,
  nothingOwned,
  type OwnedPartitions,
} from "./assignment.ts";
import type { Assignor, AssignorMember } from "./assignor.ts";
import { assignRange } from "./range.ts";
import { assignUniform } from "./uniform.ts";

const assignors: Readonly<Record<string, Assignor>> = {
  uniform: assignUniform,
  range: assignRange,
};
const runs = { numRuns: Number(Deno.env.get("FUZZ_RUNS") ?? 300) };

interface Asked {
  readonly instanceId?: string;
  readonly assigned?: Assignment;
  readonly held?: OwnedPartitions;
}

function member(memberId: string, subscribed: string, asked: Asked = {}): AssignorMember {
  const { instanceId = null, assigned = nothingAssigned, held = nothingOwned } = asked;
  return { memberId, instanceId, topicIds: new Set([...subscribed] as Uuid[]), assigned, held };
}

type Counts = Readonly<Record<string, number>>;

const counted = (counts: Counts) => (topicId: Uuid) => counts[topicId] ?? 0;

/** "a0" and so on. */
function listed(assignment: Assignment | undefined): string[] {
  return [...eachPartition(assignment ?? nothingAssigned)].map(([topic, id]) => `${topic}${id}`)
    .sort();
}

function assigned(assignor: Assignor, members: readonly AssignorMember[], counts: Counts) {
  const assignment = assignor({ members, partitionCount: counted(counts) });
  return members.map(({ memberId }) => listed(assignment.get(memberId)));
}

Deno.test("range cuts every topic into pieces, in one order of members", () => {
  const members = [member("m2", "ab"), member("m1", "ab"), member("m3", "a")];
  assertEquals(assigned(assignRange, members, { a: 7, b: 3 }), [
    ["a3", "a4", "b2"],
    ["a0", "a1", "a2", "b0", "b1"],
    ["a5", "a6"],
  ]);
});

Deno.test("range gives a static member the same piece under each member id", () => {
  const counts = { a: 4 };
  const before = [member("x", "a", { instanceId: "i1" }), member("y", "a", { instanceId: "i2" })];
  const after = [member("z", "a", { instanceId: "i1" }), member("y", "a", { instanceId: "i2" })];
  assertEquals(assigned(assignRange, before, counts), [["a0", "a1"], ["a2", "a3"]]);
  assertEquals(assigned(assignRange, after, counts), assigned(assignRange, before, counts));
  const dynamic = [...after, member("a", "a")];
  assertEquals(assigned(assignRange, dynamic, counts), [["a0", "a1"], ["a2"], ["a3"]]);
});

Deno.test("uniform takes what is past a member's share, and leaves it the rest", () => {
  const first = assignUniform({ members: [member("m1", "ab")], partitionCount: () => 3 });
  const members = [member("m1", "ab", { assigned: first.get("m1") }), member("m2", "ab")];
  const [kept = missing(), given = missing()] = assigned(assignUniform, members, { a: 3, b: 3 });
  assertEquals([kept.length, given.length], [3, 3]);
  assertEquals([...kept, ...given].toSorted(), ["a0", "a1", "a2", "b0", "b1", "b2"]);
});

Deno.test("uniform leaves a member what it has, rather than what it has not heard of", () => {
  const [a, b] = ["a", "b"] as Uuid[];
  const assigned = new Map([[a!, new Set([0, 1])], [b!, new Set([0])]]);
  const held = new Map([[b!, new Map([[0, 7]])]]);
  const members = [member("m1", "ab", { assigned, held }), member("m2", "ab"), member("m3", "ab")];
  const given = assignUniform({ members, partitionCount: counted({ a: 2, b: 1 }) });
  assertEquals(members.map(({ memberId }) => listed(given.get(memberId))), [["b0"], ["a0"], [
    "a1",
  ]]);
});

const subscription = fc.subarray(["a", "b", "c"]).map((each) => each.join(""));
const counts = fc.record({ a: fc.nat(9), b: fc.nat(5), c: fc.nat(2) });
const asked = fc.record({
  subscribed: subscription,
  instanceId: fc.option(fc.constantFrom("i1", "i2", "i3"), { nil: undefined }),
});

/** Members of these subscriptions; an instance id is one member's. */
function membersOf(
  all: readonly { subscribed: string; instanceId: string | undefined }[],
  before: ReadonlyMap<string, Assignment> = new Map(),
): AssignorMember[] {
  const taken = new Set<string>();
  return all.map(({ subscribed, instanceId }, index) => {
    const memberId = `m${index}`;
    const isFree = instanceId !== undefined && !taken.has(instanceId);
    if (isFree) taken.add(instanceId);
    return member(memberId, subscribed, {
      ...isFree && { instanceId },
      assigned: before.get(memberId),
    });
  });
}

for (const [name, assignor] of Object.entries(assignors)) {
  Deno.test(`${name} gives each partition to one of those who subscribe to it`, () => {
    fc.assert(
      fc.property(fc.array(asked, { maxLength: 9 }), counts, (all, counts) => {
        const members = membersOf(all);
        const given = assigned(assignor, members, counts);
        for (const [index, own] of given.entries()) {
          for (const each of own) assert(all[index]?.subscribed.includes(each.charAt(0)), each);
        }
        const wanted = Object.entries(counts).flatMap(([topic, count]) =>
          all.some(({ subscribed }) => subscribed.includes(topic))
            ? Array.from({ length: count }, (_, id) => `${topic}${id}`)
            : []
        );
        assertEquals(given.flat().sort(), wanted.sort());
        assertEquals(assigned(assignor, members, counts), given, "the same again");
      }),
      runs,
    );
  });
}

Deno.test("pieces of a range are whole, and their lengths differ by one at most", () => {
  fc.assert(
    fc.property(fc.array(asked, { maxLength: 9 }), counts, (all, counts) => {
      const assignment = assignRange({ members: membersOf(all), partitionCount: counted(counts) });
      for (const [topic, count] of Object.entries(counts)) {
        const pieces = [...assignment.values()].flatMap((each) => {
          const piece = [...each.get(topic as Uuid) ?? []].sort((a, b) => a - b);
          return piece.length === 0 ? [] : [piece];
        });
        for (const piece of pieces) {
          const [first = 0] = piece;
          assertEquals(piece, piece.map((_, index) => first + index), "without gaps");
        }
        const subscribers = all.filter(({ subscribed }) => subscribed.includes(topic)).length;
        const least = Math.floor(count / Math.max(subscribers, 1));
        for (const { length } of pieces) assert(length === least || length === least + 1);
      }
    }),
    runs,
  );
});

Deno.test("uniform stays as even as can be, whoever comes and goes, and settles", () => {
  const change = fc.record({ all: fc.array(asked, { maxLength: 7 }), counts });
  fc.assert(
    fc.property(fc.array(change, { maxLength: 6 }), (changes) => {
      let before = new Map<string, Assignment>();
      for (const { all, counts } of changes) {
        const members = membersOf(all, before);
        const partitionCount = counted(counts);
        const after = assignUniform({ members, partitionCount });
        const sizeOf = (id: string) => listed(after.get(id)).length;
        for (const { memberId } of members) {
          for (const each of listed(after.get(memberId))) {
            for (const other of members) {
              if (!other.topicIds.has(each.charAt(0) as Uuid)) continue;
              const more = sizeOf(memberId) - sizeOf(other.memberId);
              assert(more <= 1, `${each} of ${memberId} could be ${other.memberId}'s`);
            }
          }
        }
        const again = assignUniform({ members: membersOf(all, after), partitionCount });
        for (const { memberId } of members) {
          assertEquals(listed(again.get(memberId)), listed(after.get(memberId)), "nothing moves");
        }
        before = after;
      }
    }),
    runs,
  );
});

Deno.test("of members that subscribe alike nobody loses one partition and gets another", () => {
  const change = fc.record({ members: fc.integer({ min: 1, max: 8 }), leaves: fc.nat(8), counts });
  fc.assert(
    fc.property(fc.array(change, { maxLength: 6 }), (changes) => {
      let before = new Map<string, Assignment>();
      for (const { members: count, leaves, counts } of changes) {
        const ids = Array.from({ length: count + 1 }, (_, index) => `m${index}`)
          .filter((_, index) => index !== leaves % (count + 1));
        const members = ids.map((id) => member(id, "abc", { assigned: before.get(id) }));
        const after = assignUniform({ members, partitionCount: counted(counts) });
        const sizes = ids.map((id) => listed(after.get(id)).length);
        assert(Math.max(...sizes) - Math.min(...sizes) <= 1, `${sizes}`);
        for (const id of ids) {
          const had = listed(before.get(id))
            .filter((each) => Number(each.slice(1)) < (counts[each.charAt(0) as "a"] ?? 0));
          const has = listed(after.get(id));
          const lost = had.some((each) => !has.includes(each));
          const gained = has.some((each) => !had.includes(each));
          assert(!lost || !gained, `${id} had ${had} and has ${has}`);
        }
        before = after;
      }
    }),
    runs,
  );
});
