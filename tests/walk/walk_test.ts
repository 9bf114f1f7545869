// Small worlds of coordinators, walked whole up to a length that takes seconds; `deno task
// test:groups` goes further.

import { assert, assertEquals, assertMatch } from "@std/assert";
import { SeededRandom } from "../../src/runtime/simulated_time.ts";
import { kinds } from "./kinds.ts";
import { walk, wander } from "./walker.ts";

/** Within so many seeds each mutant has to be found out. */
const mutantSeedsMax = 2_000;

for (const { name: kind, worlds, eventsInTests, mutants } of kinds) {
  for (const [name, { small, wide }] of Object.entries(worlds)) {
    Deno.test(`${kind}: every short history keeps the laws: ${name}`, () => {
      const { states, broken } = walk(small, eventsInTests);
      assertEquals(broken, undefined);
      assert(states > 100, `${states} states`);
    });

    Deno.test(`${kind}: long histories keep the laws: ${name}`, () => {
      for (let seed = 1; seed <= 200; seed++) {
        assertEquals(wander(wide(), new SeededRandom(seed, name), 60), undefined, `${seed}`);
      }
    });
  }

  for (const [name, { newWorld, breaks }] of Object.entries(mutants)) {
    Deno.test(`${kind}: somebody finds out that ${name}`, () => {
      let broken: ReturnType<typeof wander>;
      for (let seed = 1; broken === undefined && seed <= mutantSeedsMax; seed++) {
        broken = wander(newWorld(), new SeededRandom(seed, kind), 60);
      }
      assertMatch(broken?.law ?? "nothing is wrong", breaks);
    });
  }
}
