// Each law of the histories is held against what would break it: the table that
// `deno task sim:cluster --mutants` prints.

import { assert } from "@std/assert";
import { hunt } from "./hunt.ts";
import { clusterMutants } from "./mutants.ts";

for (const [name, mutant] of Object.entries(clusterMutants)) {
  Deno.test(`a history of a cluster tells that ${name}`, async () => {
    const { seed } = await hunt(mutant, { isAimed: true });
    assert(seed !== undefined, "no history tells");
  });
}
