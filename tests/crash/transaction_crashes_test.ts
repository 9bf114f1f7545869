import { assert } from "@std/assert";
import { seedsFrom } from "./seeds.ts";
import { crashTransactions } from "./transaction_crashes.ts";

Deno.test("wherever a log is interrupted, readers of committed records get the truth", async () => {
  const counts = { crashes: 0 };
  for (const seed of seedsFrom("transactions of a log", 2)) {
    await seed.run((n) => crashTransactions(n, { counts }));
  }
  assert(counts.crashes > 100, `${counts.crashes} crashes`);
});
