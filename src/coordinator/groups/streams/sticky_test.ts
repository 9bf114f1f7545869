import { assert, assertEquals } from "@std/assert";
import fc from "fast-check";
import { assignSticky, type StickyInput, type StickyMember } from "./sticky.ts";
import { eachTask, noTasks, roles, sameTasks, type TaskAssignment, tasksOf } from "./tasks.ts";

const runs = Number(Deno.env.get("FUZZ_RUNS") ?? 200);

function check(law: (given: StickyInput) => void): void {
  fc.assert(fc.property(input, law), { numRuns: runs });
}

function member(memberId: string, processId = memberId, formerly = noTasks): StickyMember {
  return { memberId, processId, formerly };
}

function namesOf(assignment: TaskAssignment | undefined, role: "active" | "standby"): string[] {
  return [...eachTask(assignment?.[role] ?? new Map())].map(([id, at]) => `${id}_${at}`).sort();
}

Deno.test("two members share the tasks of two subtopologies", () => {
  const assigned = assignSticky({
    members: [member("a"), member("b")],
    subtopologies: [
      { subtopologyId: "0", taskCount: 2, isStateful: false },
      { subtopologyId: "1", taskCount: 2, isStateful: true },
    ],
    standbyReplicas: 1,
  });
  assertEquals(namesOf(assigned.get("a"), "active"), ["0_0", "0_1"]);
  assertEquals(namesOf(assigned.get("b"), "active"), ["1_0", "1_1"]);
  assertEquals(namesOf(assigned.get("a"), "standby"), ["1_0", "1_1"]);
  assertEquals(namesOf(assigned.get("b"), "standby"), []);
});

Deno.test("a task goes to whoever has a copy of its state when its member is gone", () => {
  const standby = { ...noTasks, standby: tasksOf([{ subtopologyId: "0", partitions: [0, 1] }]) };
  const assigned = assignSticky({
    members: [member("c"), member("b", "b", standby)],
    subtopologies: [{ subtopologyId: "0", taskCount: 2, isStateful: true }],
    standbyReplicas: 1,
  });
  assertEquals(namesOf(assigned.get("b"), "active"), ["0_0"]);
  assertEquals(namesOf(assigned.get("b"), "standby"), ["0_1"]);
  assertEquals(namesOf(assigned.get("c"), "active"), ["0_1"]);
});

Deno.test("a standby is in another process than its active task, or nowhere", () => {
  const assigned = assignSticky({
    members: [member("a", "p"), member("b", "p")],
    subtopologies: [{ subtopologyId: "0", taskCount: 3, isStateful: true }],
    standbyReplicas: 1,
  });
  assertEquals(["a", "b"].flatMap((id) => namesOf(assigned.get(id), "standby")), []);
});

const input = fc.record({
  processes: fc.array(fc.nat({ max: 4 }), { minLength: 1, maxLength: 7 }),
  counts: fc.array(fc.tuple(fc.nat({ max: 7 }), fc.boolean()), { minLength: 1, maxLength: 4 }),
  standbyReplicas: fc.nat({ max: 2 }),
}).map(({ processes, counts, standbyReplicas }): StickyInput => ({
  members: processes.map((process, i) => member(`m${i}`, `p${process}`)),
  subtopologies: counts.map(([taskCount, isStateful], i) => {
    return { subtopologyId: String(i), taskCount, isStateful };
  }),
  standbyReplicas,
}));

/** The same group after `assigned` has become what its members were to have. */
function after(before: StickyInput, assigned: ReadonlyMap<string, TaskAssignment>): StickyInput {
  return {
    ...before,
    members: before.members.map((each) => {
      return { ...each, formerly: assigned.get(each.memberId) ?? noTasks };
    }),
  };
}

/** What holds of every assignment, whatever was before. */
function checkLaws(given: StickyInput, assigned: ReadonlyMap<string, TaskAssignment>): void {
  const { members, subtopologies, standbyReplicas } = given;
  const tasks = subtopologies.flatMap(({ subtopologyId, taskCount }) =>
    Array.from({ length: taskCount }, (_, i) => `${subtopologyId}_${i}`)
  ).sort();
  const active = members.map(({ memberId }) => namesOf(assigned.get(memberId), "active"));
  assertEquals(active.flat().sort(), tasks, "every task is active once");
  const sizes = active.map((each) => each.length);
  assert(Math.max(...sizes) - Math.min(...sizes) <= 1, `uneven: ${sizes}`);
  const ofProcess = new Map<string, string[]>();
  for (const { memberId, processId } of members) {
    const of = ofProcess.get(processId) ?? [];
    ofProcess.set(processId, of);
    for (const role of ["active", "standby"] as const) {
      of.push(...namesOf(assigned.get(memberId), role));
    }
  }
  for (const [process, names] of ofProcess) {
    assertEquals(new Set(names).size, names.length, `process ${process} has a task twice`);
  }
  const standbys = members.flatMap(({ memberId }) => namesOf(assigned.get(memberId), "standby"));
  const copies = Math.min(standbyReplicas, ofProcess.size - 1);
  for (const { subtopologyId, taskCount, isStateful } of subtopologies) {
    for (let i = 0; i < taskCount; i++) {
      const count = standbys.filter((name) => name === `${subtopologyId}_${i}`).length;
      assertEquals(count, isStateful ? copies : 0, `copies of ${subtopologyId}_${i}`);
    }
  }
}

Deno.test("tasks are spread evenly, active once, with all their copies in other processes", () => {
  check((given) => checkLaws(given, assignSticky(given)));
});

Deno.test("active tasks stay where they are while nothing changes", () => {
  check((given) => {
    const first = assignSticky(given);
    const again = assignSticky(after(given, first));
    checkLaws(given, again);
    for (const { memberId } of given.members) {
      assertEquals(namesOf(again.get(memberId), "active"), namesOf(first.get(memberId), "active"));
    }
  });
});

Deno.test("nothing moves at all while nothing changes, where every process has one member", () => {
  check((given) => {
    const members = given.members.map(({ memberId }) => member(memberId));
    const alone = { ...given, members };
    const first = assignSticky(alone);
    const again = assignSticky(after(alone, first));
    for (const { memberId } of members) {
      const [now, then] = [again.get(memberId) ?? noTasks, first.get(memberId) ?? noTasks];
      assert(sameTasks(now, then), JSON.stringify([memberId, now, then]));
    }
  });
});

Deno.test("a member that comes takes its share, and no other task moves", () => {
  check((given) => {
    const first = assignSticky(given);
    const before = after(given, first);
    const now = { ...before, members: [...before.members, member("new", "pNew")] };
    const assigned = assignSticky(now);
    checkLaws(now, assigned);
    let kept = 0;
    for (const { memberId } of given.members) {
      const had = new Set(namesOf(first.get(memberId), "active"));
      kept += namesOf(assigned.get(memberId), "active").filter((name) => had.has(name)).length;
    }
    const total = given.subtopologies.reduce((sum, { taskCount }) => sum + taskCount, 0);
    const most = Math.ceil(total / now.members.length);
    assert(total - kept <= most, `${total - kept} tasks move, and a share is ${most}`);
  });
});

Deno.test("when a member goes, the others keep what they have", () => {
  check((given) => {
    const first = assignSticky(given);
    const [gone, ...left] = after(given, first).members;
    if (gone === undefined || left.length === 0) return;
    const now = { ...given, members: left };
    const assigned = assignSticky(now);
    checkLaws(now, assigned);
    for (const { memberId } of left) {
      const has = new Set(namesOf(assigned.get(memberId), "active"));
      for (const name of namesOf(first.get(memberId), "active")) {
        assert(has.has(name), `${memberId} loses ${name}`);
      }
    }
  });
});

Deno.test("no assignment names a role that there is none of", () => {
  const assigned = assignSticky({ members: [member("a")], subtopologies: [], standbyReplicas: 2 });
  for (const role of roles) assertEquals(assigned.get("a")?.[role].size, 0);
});
