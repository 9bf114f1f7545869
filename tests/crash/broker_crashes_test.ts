import { assert } from "@std/assert";
import { crashBroker } from "./broker_crashes.ts";
import { seedsFrom } from "../harness/seeds.ts";

Deno.test("clients find every record once, in order, however a broker is interrupted", async () => {
  const counts = { crashes: 0, cutRecords: 0 };
  for (const seed of seedsFrom("broker", 15)) {
    await seed.run((n) => crashBroker(n, { counts, lives: 8 }));
  }
  assert(counts.crashes >= 8, JSON.stringify(counts));
});
