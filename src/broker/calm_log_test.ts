import { assert, assertEquals } from "@std/assert";
import fc from "fast-check";
import { itemAt } from "../base/items.ts";
import type { LogFields, Logger, LogLevel } from "../runtime/ports.ts";
import { CalmLog } from "./calm_log.ts";

interface Said {
  readonly name: string;
  readonly level: LogLevel;
  readonly message: string;
  readonly fields: LogFields | undefined;
  readonly atMs: number;
}

function rig(level: LogLevel = "info") {
  const clock = { nowMs: 0 };
  const said: Said[] = [];
  const levels: LogLevel[] = ["trace", "debug", "info", "warn", "error"];
  const named = (name: string): Logger => ({
    enabled: (asked) => levels.indexOf(asked) >= levels.indexOf(level),
    log: (level, message, fields) =>
      void said.push({ name, level, message, fields, atMs: clock.nowMs }),
    child: named,
  });
  const calm = new CalmLog({ logger: named("broker"), monotonic: () => clock.nowMs });
  return { calm, said, clock };
}

Deno.test("a thousand refusals a second are twenty lines, then one every ten seconds", () => {
  const { calm, said, clock } = rig();
  for (; clock.nowMs < 60_000; clock.nowMs++) calm.logger.log("warn", "refused", { peer: "p" });
  assertEquals(said.length, 25);
  assertEquals(itemAt(said, 19).fields, { peer: "p" });
  assertEquals(itemAt(said, 20).fields, { peer: "p", leftOut: 9_980 });
  assertEquals(itemAt(said, 21).fields, { peer: "p", leftOut: 9_999 });
});

Deno.test("what was left out last is told by a sweep, and not twice", () => {
  const { calm, said, clock } = rig();
  for (let i = 0; i < 50; i++) calm.logger.log("error", "offline", { partition: i });
  calm.sweep();
  assertEquals(said.length, 20);
  clock.nowMs = 10_000;
  calm.sweep();
  calm.sweep();
  assertEquals(said.length, 21);
  assertEquals(itemAt(said, 20).fields, { partition: 49, leftOut: 29 });
});

Deno.test("sentences, and their levels, have their lines each; parts keep their names", () => {
  const { calm, said } = rig();
  const log = calm.logger.child("log");
  for (let i = 0; i < 30; i++) {
    calm.logger.log("warn", "one");
    log.log("warn", "two");
    log.log("error", "two");
  }
  for (const [level, message] of [["warn", "one"], ["warn", "two"], ["error", "two"]]) {
    assertEquals(said.filter((s) => s.level === level && s.message === message).length, 20);
  }
  assertEquals(
    new Set(said.map(({ name, message }) => `${name} ${message}`)),
    new Set(["broker one", "log two"]),
  );
});

Deno.test("who asks for traces has all of them", () => {
  const { calm, said } = rig("trace");
  for (let i = 0; i < 5_000; i++) calm.logger.log("debug", "accepted a connection");
  assertEquals(said.length, 5_000);
});

Deno.test("sentences beyond all bounds share one pace", () => {
  const { calm, said } = rig();
  for (let i = 0; i < 5_000; i++) calm.logger.log("warn", `sentence ${i}`);
  assertEquals(said.length, 500 + 20);
});

Deno.test("whatever comes when, a sentence keeps its pace, and each line is counted", () => {
  const steps = fc.array(fc.record({ afterMs: fc.nat(20_000), lines: fc.nat(60) }));
  fc.assert(fc.property(steps, (history) => {
    const { calm, said, clock } = rig();
    let lines = 0;
    for (const step of history) {
      clock.nowMs += step.afterMs;
      for (let i = 0; i < step.lines; i++) calm.logger.log("warn", "again");
      lines += step.lines;
      calm.sweep();
    }
    clock.nowMs += 10_000;
    calm.sweep();
    const told = said.map(({ fields }) => 1 + Number(fields?.leftOut ?? 0));
    assertEquals(told.reduce((sum, count) => sum + count, 0), lines);
    for (const [i, { atMs }] of said.entries()) {
      const { length } = said.slice(0, i).filter((each) => atMs - each.atMs < 60_000);
      assert(length < 20 + 7, `${length} lines in a minute`);
    }
  }));
});
