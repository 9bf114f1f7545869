// Small worlds of transactions, walked whole up to a length that takes seconds; `deno task
// test:groups` goes further.

import { assert, assertEquals, assertMatch } from "@std/assert";
import { SeededRandom } from "../../src/runtime/simulated_time.ts";
import { transactionMutants } from "./transaction_mutants.ts";
import { TransactionWorld, transactionWorlds } from "./transaction_world.ts";
import { walk, wander } from "./walker.ts";

for (const [name, options] of Object.entries(transactionWorlds)) {
  Deno.test(`every history of five events keeps the laws: ${name}`, () => {
    const { states, broken } = walk(() => new TransactionWorld(options), 5);
    assertEquals(broken, undefined);
    assert(states > 500, `${states} states`);
  });

  Deno.test(`long histories keep the laws: ${name}`, () => {
    for (let seed = 1; seed <= 200; seed++) {
      const random = new SeededRandom(seed, "transactions");
      assertEquals(wander(new TransactionWorld(options), random, 60), undefined, `seed ${seed}`);
    }
  });
}

for (const [name, { mutation, breaks }] of Object.entries(transactionMutants)) {
  Deno.test(`a walk finds out that ${name}`, () => {
    const { broken } = walk(
      () => new TransactionWorld({ ids: ["t", "t"], protocol: 2, mutation }),
      8,
    );
    assertMatch(broken?.law ?? "nothing is wrong", breaks);
  });
}
