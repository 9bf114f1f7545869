// A slice of the crashes that `deno task test:crash` runs in full; a seed of its own each time.

import { assert } from "@std/assert";
import { crashLog } from "./log_crashes.ts";
import { seedsFrom } from "./seeds.ts";

Deno.test("whenever a log is interrupted, what was synced is there, in order, once", async () => {
  const counts = { crashes: 0, cutRecords: 0 };
  for (const seed of seedsFrom("log", 300)) await seed.run((n) => crashLog(n, { counts }));
  assert(counts.crashes >= 5, JSON.stringify(counts));
});
