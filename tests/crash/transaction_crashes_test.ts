import { assert } from "@std/assert";
import { crashTransactions } from "./transaction_crashes.ts";

/**
 * With the last a loss of power once left half an index of aborted transactions; with 25 a start
 * knows of an open transaction only by what deleted records have left of it.
 */
const seeds = [21, 25, 938_215_154];

Deno.test("wherever a log is interrupted, readers of committed records get the truth", async () => {
  const counts = { crashes: 0 };
  for (const seed of seeds) await crashTransactions(seed, { counts });
  assert(counts.crashes > 100, `${counts.crashes} crashes`);
});
