// A slice of the crashes that `deno task test:crash` runs in full; a seed of its own each time.

import { assert } from "@std/assert";
import { crashLog } from "./log_crashes.ts";
import { seedsFrom } from "./seeds.ts";

Deno.test("a sync that fails before the boot is noted is known to the next start", async () => {
  // A cut whose sync failed in the first start after a loss of power, a kill, then another loss.
  await crashLog(318_666_885, { counts: { crashes: 0, cutRecords: 0 } });
});

Deno.test("whenever a log is interrupted, what was synced is there, in order, once", async () => {
  const counts = { crashes: 0, cutRecords: 0 };
  for (const seed of seedsFrom("log", 300)) await seed.run((n) => crashLog(n, { counts }));
  assert(counts.crashes >= 5, JSON.stringify(counts));
});
