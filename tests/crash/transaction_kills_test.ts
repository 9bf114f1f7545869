import { assert } from "@std/assert";
import { within } from "../harness/deadline.ts";
import { seedsFrom } from "../harness/seeds.ts";
import { killTransactions } from "./transaction_kills.ts";

Deno.test("six kills -9 tear no transaction apart", async () => {
  for (const seed of seedsFrom("transactions", 1)) {
    await seed.run(async (n) => {
      const what = () => `six kills with seed ${n}`;
      const { transactions } = await within(killTransactions(n, 6), { ms: 180_000, what });
      assert(transactions > 20);
    });
  }
});
