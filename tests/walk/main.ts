// `deno task test:groups`: the small worlds of coordinators, walked further than a test has time
// for, wandered through at random, and each mutant looked for.
//
//   deno task test:groups [--kind consumer] [--events 8] [--seeds 100000] [--length 60]

import { SeededRandom } from "../../src/runtime/simulated_time.ts";
import { kinds } from "./kinds.ts";
import { walk, wander } from "./walker.ts";
import { taskFlags } from "../../scripts/task_flags.ts";

/** Within so many seeds each mutant has to be found out. */
const mutantSeedsMax = 2_000;

const flags = taskFlags(Deno.args, {
  string: ["kind", "events", "seeds", "length"],
  default: { kind: "", events: "8", seeds: "100000", length: "60" },
});
const length = Number(flags.length);

for (const { name: kind, worlds, mutants } of kinds) {
  if (!kind.includes(flags.kind)) continue;
  const seeds = Math.ceil(Number(flags.seeds) / Object.keys(worlds).length);
  for (const [name, { small, wide }] of Object.entries(worlds)) {
    const { states, steps, broken } = walk(small, Number(flags.events));
    if (broken !== undefined) fail(`${kind}, ${name}`, broken);
    for (let seed = 1; seed <= seeds; seed++) {
      const lost = wander(wide(), new SeededRandom(seed, name), length);
      if (lost !== undefined) fail(`${kind}, ${name}, seed ${seed}`, lost);
    }
    console.log(
      `${kind}, ${name}: ${states} states in ${steps} steps, ${seeds} seeds; every law holds`,
    );
  }
  for (const [name, { newWorld, breaks }] of Object.entries(mutants)) {
    let seed = 1;
    let broken: ReturnType<typeof wander>;
    while ((broken = wander(newWorld(), new SeededRandom(seed, kind), length)) === undefined) {
      if (++seed > mutantSeedsMax) throw new Error(`${kind}: nobody finds out that ${name}`);
    }
    if (!breaks.test(broken.law)) fail(`${kind}: another law breaks when ${name}`, broken);
    console.log(`${kind}: "${name}" is found out with seed ${seed}: ${broken.law}`);
  }
}

function fail(where: string, { law, history }: { law: string; history: readonly string[] }): never {
  throw new Error(`${where}: ${law}, after ${history.join(", ")}`);
}
