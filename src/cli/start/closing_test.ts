import { assertEquals } from "@std/assert";
import { simulate } from "../../runtime/simulated.ts";
import { closeInTime } from "./closing.ts";

/** Closes what takes `tookMs`: whether it was closed, after how long, and when that was said. */
async function closingOf({ tookMs, withinMs }: { tookMs: number; withinMs: number | undefined }) {
  const saidMs: unknown[] = [];
  const world = simulate(1);
  const { clock, timers, logger } = world.start("server");
  const log = { ...logger({ level: "info", format: "text" }) };
  const closing = closeInTime(
    () => new Promise((resolve) => timers.after(tookMs, resolve)),
    {
      timers,
      withinMs,
      logger: { ...log, log: (_, __, fields) => saidMs.push(fields?.["waitedMs"]) },
    },
  );
  const fromMs = clock.monotonic();
  const isClosed = await world.drive(closing);
  return { isClosed, tookMs: Math.round(clock.monotonic() - fromMs), saidMs };
}

Deno.test("who is asked to stop takes the time that it needs, and says so", async () => {
  const slow = await closingOf({ tookMs: 35_000, withinMs: undefined });
  assertEquals(slow, { isClosed: true, tookMs: 35_000, saidMs: [2_000, 12_000, 22_000, 32_000] });
  const quick = await closingOf({ tookMs: 500, withinMs: undefined });
  assertEquals(quick, { isClosed: true, tookMs: 500, saidMs: [] });
});

Deno.test("who cannot go on leaves the rest to the next start", async () => {
  const stuck = await closingOf({ tookMs: 35_000, withinMs: 8_000 });
  assertEquals(stuck, { isClosed: false, tookMs: 8_000, saidMs: [2_000] });
});
