// A slice of the histories that `deno task sim:cluster` runs.

import { assert } from "@std/assert";
import { runHistory } from "./history.ts";

for (const seed of [1, 2, 3]) {
  Deno.test(`what brokers acknowledge outlives their faults (seed ${seed})`, async () => {
    const { acknowledged, epochs } = await runHistory({ seed, faults: 6 });
    assert(acknowledged > 50 && epochs > 0, "something was acknowledged by more than one leader");
  });
}
