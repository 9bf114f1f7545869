// Small worlds of share partitions, walked whole up to a length that takes seconds; `deno task
// test:groups` goes further.

import { assert, assertEquals, assertMatch } from "@std/assert";
import { SeededRandom } from "../../src/runtime/simulated_time.ts";
import { shareMutants } from "./share_mutants.ts";
import { ShareWorld, shareWorlds } from "./share_world.ts";
import { walk, wander } from "./walker.ts";

for (const [name, options] of Object.entries(shareWorlds)) {
  Deno.test(`every history of four events keeps the laws of share partitions: ${name}`, () => {
    const { states, broken } = walk(() => new ShareWorld(options), 4);
    assertEquals(broken, undefined);
    assert(states > 300, `${states} states`);
  });

  Deno.test(`long histories keep the laws of share partitions: ${name}`, () => {
    for (let seed = 1; seed <= 2_000; seed++) {
      const random = new SeededRandom(seed, "share");
      assertEquals(wander(new ShareWorld(options), random, 60), undefined, `seed ${seed}`);
    }
  });
}

for (const [name, { options, breaks }] of Object.entries(shareMutants)) {
  Deno.test(`a random way finds out that ${name}`, () => {
    for (let seed = 1; seed <= 2_000; seed++) {
      const lost = wander(new ShareWorld(options), new SeededRandom(seed, "share"), 60);
      if (lost === undefined) continue;
      assertMatch(lost.law, breaks);
      return;
    }
    throw new Error("nobody finds out");
  });
}
