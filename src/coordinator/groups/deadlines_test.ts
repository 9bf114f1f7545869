import { assert, assertEquals } from "@std/assert";
import fc from "fast-check";
import { itemAt, missing } from "../../base/items.ts";
import { type Alarm, alarmOf, Deadlines } from "./deadlines.ts";

Deno.test("alarms ring in order of their deadlines, once each", () => {
  const deadlines = new Deadlines<string>();
  const [a = missing(), b = missing(), c = missing()] = ["a", "b", "c"].map((name) =>
    alarmOf(name)
  );
  deadlines.set(a, 30);
  deadlines.set(b, 10);
  deadlines.set(c, 20);
  deadlines.set(a, 15);
  deadlines.clear(c);
  assertEquals(deadlines.nextMs(), 10);
  assertEquals(deadlines.takeDue(9), undefined);
  assertEquals(deadlines.takeDue(15)?.owner, "b");
  assertEquals(deadlines.takeDue(15)?.owner, "a");
  assertEquals(deadlines.takeDue(Infinity), undefined);
  assertEquals(deadlines.nextMs(), undefined);
});

Deno.test("equal deadlines ring in the order in which they were set", () => {
  const deadlines = new Deadlines<number>();
  const alarms = Array.from({ length: 20 }, (_, i) => alarmOf(i));
  for (const alarm of alarms) deadlines.set(alarm, 5);
  assertEquals(alarms.map(() => deadlines.takeDue(5)?.owner), alarms.map((alarm) => alarm.owner));
});

Deno.test("postponing an alarm adds nothing to the heap", () => {
  const deadlines = new Deadlines<string>();
  const session = alarmOf("session");
  for (let nowMs = 0; nowMs < 10_000; nowMs++) deadlines.set(session, nowMs + 100);
  assertEquals(deadlines.size, 1);
  assertEquals(deadlines.takeDue(10_098), undefined);
  assertEquals(deadlines.takeDue(10_099)?.owner, "session");
});

Deno.test("the heap does not keep what was cleared", () => {
  const deadlines = new Deadlines<number>();
  for (let i = 0; i < 10_000; i++) {
    const alarm = alarmOf(i);
    deadlines.set(alarm, 1_000_000 - i);
    deadlines.set(alarm, 900_000 - i);
    deadlines.clear(alarm);
    assert(deadlines.size < 200, `${deadlines.size} entries for no alarm`);
  }
});

Deno.test("deadlines ring like those of a plain list", () => {
  const step = fc.record({
    verb: fc.constantFrom("set", "set", "set", "clear", "take"),
    alarm: fc.nat({ max: 9 }),
    ms: fc.nat({ max: 40 }),
  });
  fc.assert(fc.property(fc.array(step, { maxLength: 400, size: "max" }), (steps) => {
    const deadlines = new Deadlines<number>();
    const alarms: Alarm<number>[] = Array.from({ length: 10 }, (_, i) => alarmOf(i));
    const model = new Map<number, number>();
    for (const { verb, alarm, ms } of steps) {
      if (verb === "set") {
        deadlines.set(itemAt(alarms, alarm), ms);
        model.set(alarm, ms);
      } else if (verb === "clear") {
        deadlines.clear(itemAt(alarms, alarm));
        model.delete(alarm);
      } else {
        const rang = deadlines.takeDue(ms);
        const earliestMs = Math.min(...model.values());
        assertEquals(rang === undefined, earliestMs > ms);
        if (rang !== undefined) {
          assertEquals(model.get(rang.owner), earliestMs);
          model.delete(rang.owner);
        }
      }
      assertEquals(deadlines.nextMs() ?? Infinity, Math.min(...model.values()));
    }
  }));
});
