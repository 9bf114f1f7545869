import { assertEquals } from "@std/assert";
import { errandTurns } from "./errand_turns.ts";

/** Turns beside an event loop that comes to its timers when it is told. */
function turnsBesideLoop() {
  let nowMs = 0;
  const lookAtTimers: (() => void)[] = [];
  const seen: string[] = [];
  const turn = errandTurns({
    clock: { now: () => nowMs, monotonic: () => nowMs },
    errand() {
      seen.push("errand");
      return Promise.resolve();
    },
    timer() {
      seen.push("timer is set");
      return new Promise<void>((resolve) => lookAtTimers.push(resolve));
    },
  });
  return {
    seen,
    async turnAndWork(workMs: number) {
      const turned = turn().then(() => seen.push("turned"));
      nowMs += workMs;
      for (let i = 0; i < 5; i++) await undefined;
      seen.push("timers are looked at");
      for (const look of lookAtTimers.splice(0)) look();
      await turned;
    },
    async workAndTurn(workMs: number, { looksAtTimers = true } = {}) {
      nowMs += workMs;
      const turned = turn().then(() => seen.push("turned"));
      for (let i = 0; i < 5; i++) await undefined;
      if (looksAtTimers) {
        for (const look of lookAtTimers.splice(0)) look();
      }
      await turned;
    },
  };
}

Deno.test("an errand that is done at once is not followed by another before a timer", async () => {
  const { seen, workAndTurn } = turnsBesideLoop();
  await workAndTurn(2, { looksAtTimers: false });
  await workAndTurn(2);
  assertEquals(seen, ["timer is set", "errand", "turned", "turned"]);
  await workAndTurn(2);
  assertEquals(seen.slice(4), ["timer is set", "errand", "turned"]);
});

Deno.test("who works on after asking for a turn gets it once timers were looked at", async () => {
  const { seen, turnAndWork } = turnsBesideLoop();
  for (let i = 0; i < 2; i++) await turnAndWork(2);
  const each = ["timer is set", "errand", "timers are looked at", "turned"];
  assertEquals(seen, [...each, ...each]);
});

Deno.test("where the event loop has looked at its timers, an errand does", async () => {
  const { seen, workAndTurn } = turnsBesideLoop();
  for (let i = 0; i < 3; i++) await workAndTurn(2);
  assertEquals(seen.filter((what) => what === "errand").length, 3);
});

Deno.test("short work goes on with errands until the timer is overdue", async () => {
  const { seen, workAndTurn } = turnsBesideLoop();
  for (let i = 0; i < 3; i++) await workAndTurn(0.9, { looksAtTimers: false });
  await workAndTurn(0.9);
  assertEquals(seen.filter((what) => what === "errand").length, 3);
  assertEquals(seen.filter((what) => what === "timer is set").length, 1);
});
