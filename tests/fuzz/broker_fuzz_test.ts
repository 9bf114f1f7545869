import { assert } from "@std/assert";
import { fuzzBroker } from "./broker_fuzz.ts";
import { seedsFrom } from "../harness/seeds.ts";

Deno.test("bad frames leave the broker alive, small, and at the service of others", async () => {
  for (const each of seedsFrom("bad frames", 1)) {
    await each.run(async (seed) => {
      const result = await fuzzBroker({ seed, frames: 15_000 });
      assert(result.frames >= 15_000);
      assert(result.bursts.answered > 0 && result.bursts.closed > 0, JSON.stringify(result));
      assert(result.healthyRounds > 5, JSON.stringify(result));
      assert(result.residentBytesMax < 500e6, JSON.stringify(result));
    });
  }
});
