// A slice of the histories that `deno task sim` runs; each law is held against what would break it.

import { assert, assertEquals, assertMatch } from "@std/assert";
import { simulatedMutants } from "./mutants.ts";
import { simulated } from "./simulation.ts";

/** Within so many seeds each mutant has to be found out; most are by the first. */
const mutantSeedsMax = 40;

Deno.test("a seed gives one history, to the byte", async () => {
  const [first, second] = [await simulated(2), await simulated(2)];
  assertEquals(second.story(), first.story());
  assertEquals(second.traceHash, first.traceHash);
  assert(first.story().length > 1_000);
});

Deno.test("the broker and its clients keep the laws, whatever goes wrong", async () => {
  const total = new Map<string, number>();
  for (let seed = 1; seed <= 25; seed++) {
    const { broken, story, counts } = await simulated(seed);
    const told = () => `seed ${seed}: ${broken}\n${story().slice(-40).join("\n")}`;
    assert(broken === undefined, broken && told());
    for (const [what, count] of Object.entries(counts)) {
      total.set(what, (total.get(what) ?? 0) + count);
    }
  }
  for (const [what, count] of total) assert(count > 100, `${count} ${what}`);
});

for (const [name, { part, troubles, breaks, wrong }] of Object.entries(simulatedMutants)) {
  Deno.test(`somebody finds out that ${name}`, async () => {
    const mend = wrong();
    try {
      let broken: string | undefined;
      for (let seed = 1; broken === undefined && seed <= mutantSeedsMax; seed++) {
        ({ broken } = await simulated(seed, { parts: [part], troubles }));
      }
      assertMatch(broken ?? "nothing is wrong", breaks);
    } finally {
      mend();
    }
  });
}
