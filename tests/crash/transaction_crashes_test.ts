import { assert } from "@std/assert";
import { crashTransactions } from "./transaction_crashes.ts";

/** One of them found that a loss of power could leave half an index of aborted transactions. */
const seeds = [21, 938_215_154];

Deno.test("wherever a log is interrupted, readers of committed records get the truth", async () => {
  const counts = { crashes: 0 };
  for (const seed of seeds) await crashTransactions(seed, { counts });
  assert(counts.crashes > 100, `${counts.crashes} crashes`);
});
