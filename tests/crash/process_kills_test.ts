import { assertEquals } from "@std/assert";
import { within } from "../harness/deadline.ts";
import { killBroker } from "./process_kills.ts";
import { seedsFrom } from "../harness/seeds.ts";

Deno.test("ten kills -9 lose and move nothing, and repeat only what acks=1 lets them", async () => {
  for (const seed of seedsFrom("kills", 1)) {
    await seed.run(async (n) => {
      const what = () => `ten kills with seed ${n}`;
      const { kills } = await within(killBroker(n, 10), { ms: 180_000, what });
      assertEquals(kills, 10);
    });
  }
});
