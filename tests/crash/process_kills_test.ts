import { assertEquals } from "@std/assert";
import { killBroker } from "./process_kills.ts";
import { seedsFrom } from "./seeds.ts";

Deno.test("ten kills -9 lose, move and repeat nothing of an idempotent producer", async () => {
  for (const seed of seedsFrom("kills", 1)) {
    await seed.run(async (n) => assertEquals((await killBroker(n, 10)).kills, 10));
  }
});
