// A slice of the histories that `deno task sim:cluster` runs.

import { assert, assertEquals } from "@std/assert";
import { runHistory } from "./history.ts";
import { told } from "./shrink.ts";

Deno.test("a seed gives one history of a cluster, to the byte", async () => {
  const [first, second] = [await runHistory({ seed: 2 }), await runHistory({ seed: 2 })];
  assertEquals(second.story, first.story);
  assertEquals(second.traceHash, first.traceHash);
  assert(first.story.length > 300, "something happens in it");
});

for (const home of ["memory", "etcd"] as const) {
  Deno.test(`whatever fails, clients of a cluster are told the truth (${home})`, async () => {
    const totals = new Map<string, number>();
    for (let seed = 1; seed <= 5; seed++) {
      const summary = await runHistory({ seed, home });
      assert(summary.broken.length === 0, told(summary).join("\n"));
      for (const [what, count] of Object.entries(summary.counts)) {
        totals.set(what, (totals.get(what) ?? 0) + count);
      }
    }
    for (const [what, count] of totals) assert(count > 25, `${count} ${what}`);
  });
}

Deno.test("a broker that begins another life while it writes a note keeps its disks", async () => {
  // Both notes are of each directory, and were written at the same time.
  const summary = await runHistory({ seed: 9_400_308, kept: [0, 1, 3], isShared: false });
  assertEquals(summary.broken, []);
});
