import { assert, assertEquals } from "@std/assert";
import fc from "fast-check";
import {
  type Assignor,
  type GroupAssignment,
  type GroupMember,
  rangeAssignor,
  roundRobinAssignor,
} from "./assignors.ts";
import { cooperativeStickyAssignor } from "./sticky_assignor.ts";

function member(memberId: string, ...topics: string[]): GroupMember {
  return { memberId, groupInstanceId: null, topics };
}

function shown(assignment: GroupAssignment): Record<string, string> {
  return Object.fromEntries(
    [...assignment].map(([id, topics]) => [
      id,
      [...topics].flatMap(([topic, partitions]) => partitions.map((p) => `${topic}-${p}`))
        .join(" "),
    ]),
  );
}

const two = [member("B", "t0", "t1"), member("A", "t0", "t1")];
const counts = new Map([["t0", 3], ["t1", 3]]);

Deno.test("range gives each member a contiguous share of each topic", () => {
  assertEquals(shown(rangeAssignor.assign(two, counts)), {
    A: "t0-0 t0-1 t1-0 t1-1",
    B: "t0-2 t1-2",
  });
});

Deno.test("round robin deals all partitions in turn", () => {
  assertEquals(shown(roundRobinAssignor.assign(two, counts)), {
    A: "t0-0 t0-2 t1-1",
    B: "t0-1 t1-0 t1-2",
  });
});

Deno.test("round robin passes over a member that did not subscribe", () => {
  const members = [member("A", "t0"), member("B", "t0", "t1")];
  assertEquals(shown(roundRobinAssignor.assign(members, counts)), {
    A: "t0-0 t0-2",
    B: "t0-1 t1-0 t1-1 t1-2",
  });
});

Deno.test("static members sort by their instance id, so a restart moves nothing", () => {
  const of = (x: string, y: string) => [
    { memberId: x, groupInstanceId: "one", topics: ["t0"] },
    { memberId: y, groupInstanceId: "two", topics: ["t0"] },
  ];
  assertEquals(shown(rangeAssignor.assign(of("a", "b"), counts)).a, "t0-0 t0-1");
  assertEquals(shown(rangeAssignor.assign(of("z", "b"), counts)).z, "t0-0 t0-1");
});

Deno.test("each assignor gives every partition to one subscriber, in any member order", () => {
  const topics = ["t0", "t1", "t2", "absent"];
  const arbitrary = fc.record({
    members: fc.uniqueArray(
      fc.record({
        memberId: fc.string({ minLength: 1 }),
        groupInstanceId: fc.constant(null),
        topics: fc.subarray(topics),
      }),
      { minLength: 1, maxLength: 6, selector: (each) => each.memberId },
    ),
    counts: fc.tuple(fc.nat(7), fc.nat(7), fc.nat(7)),
  });
  const all: Assignor[] = [rangeAssignor, roundRobinAssignor, cooperativeStickyAssignor];
  for (const assignor of all) {
    fc.assert(fc.property(arbitrary, ({ members, counts: [n0, n1, n2] }) => {
      const partitionCounts = new Map([["t0", n0], ["t1", n1], ["t2", n2]]);
      const assignment = assignor.assign(members, partitionCounts);
      const seen = new Map<string, string>();
      for (const [memberId, byTopic] of assignment) {
        const subscribed = members.find((each) => each.memberId === memberId)!.topics;
        for (const [topic, partitions] of byTopic) {
          assert(subscribed.includes(topic));
          for (const partition of partitions) {
            assert(!seen.has(`${topic}-${partition}`), "given twice");
            seen.set(`${topic}-${partition}`, memberId);
          }
        }
      }
      const expected = [...partitionCounts].filter(([topic]) =>
        members.some((each) => each.topics.includes(topic))
      ).reduce((sum, [, count]) => sum + count, 0);
      assertEquals(seen.size, expected);
      const reversed = assignor.assign([...members].reverse(), partitionCounts);
      for (const each of members) {
        assertEquals(reversed.get(each.memberId), assignment.get(each.memberId));
      }
    }));
  }
});
