// When a member is to be heard of next: soon while it has something to expect, as configured else.

import { assert, assertEquals } from "@std/assert";
import fc from "fast-check";
import { expectedIn, heartbeatAfterMs } from "./cadence.ts";

const settings = {
  sessionTimeoutMs: 45_000,
  heartbeatIntervalMs: 5_000,
  assignmentIntervalMs: 1_000,
};
const startMs = 1_800_000_000_000;
const computed = { groupEpoch: 7, assignmentEpoch: 7, assignmentTimestampMs: startMs };
const changed = { ...computed, groupEpoch: 8 };

/** After so long since the targets were computed. */
function afterMs(group: typeof computed, sinceMs: number, isWaiting = false): number {
  const at = { nowMs: startMs + sinceMs, settings, isWaiting };
  return heartbeatAfterMs(settings.heartbeatIntervalMs, expectedIn(group, at));
}

Deno.test("a member comes back soon for targets that are due, and for what others have", () => {
  assertEquals(afterMs(computed, 300), 5_000, "at rest");
  assertEquals(afterMs(changed, 0), 1_000, "they are computed then");
  assertEquals(afterMs(changed, 400), 800, "200 ms later than who was there 400 ms before");
  assertEquals(afterMs(computed, 0, true), 500);
  assertEquals(afterMs(computed, 20_000, true), 2_000, "a tenth of its wait");
  assertEquals(afterMs(computed, 600_000, true), 5_000);
});

Deno.test("who waits for a minute asks some 35 times, and waits a tenth longer at most", () => {
  let asked = 0;
  for (let sinceMs = 0; sinceMs < 60_000; asked++) {
    const ms = afterMs(computed, sinceMs, true);
    assert(ms <= Math.max(500, sinceMs / 10 + 1));
    sinceMs += ms;
  }
  assert(asked > 20 && asked < 40, `${asked}`);
});

Deno.test("who was heard of one after the other comes back so, when targets are due", () => {
  const at = fc.integer({ min: 0, max: 999 });
  fc.assert(fc.property(at, at, (a, b) => {
    const apart = (b + afterMs(changed, b)) - (a + afterMs(changed, a));
    assert(Math.abs(apart - (b - a) / 2) <= 1, "in half the time");
    assert(a + afterMs(changed, a) >= settings.assignmentIntervalMs);
  }));
});

Deno.test("nobody is told a longer interval than is configured, or one below half a second", () => {
  const any = fc.record({
    heartbeatIntervalMs: fc.integer({ min: 1, max: 60_000 }),
    assignmentIntervalMs: fc.nat(60_000),
    sinceMs: fc.oneof(fc.integer({ min: -10_000, max: 100_000 }), fc.constant(startMs)),
    groupEpoch: fc.integer({ min: 7, max: 8 }),
    isWaiting: fc.boolean(),
  });
  fc.assert(fc.property(any, ({ sinceMs, groupEpoch, isWaiting, ...times }) => {
    const assignmentTimestampMs = startMs - sinceMs;
    const group = { groupEpoch, assignmentEpoch: 7, assignmentTimestampMs };
    const at = { nowMs: startMs, settings: { ...settings, ...times }, isWaiting };
    const ms = heartbeatAfterMs(times.heartbeatIntervalMs, expectedIn(group, at));
    assert(ms <= times.heartbeatIntervalMs);
    assert(ms >= Math.min(500, times.heartbeatIntervalMs) && Number.isInteger(ms));
  }));
});
