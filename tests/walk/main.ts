// `deno task test:groups`: the small worlds of coordinators, walked further than a test has time
// for, wandered through at random, and each mutant looked for.
//
//   deno task test:groups [--events 7] [--seeds 100000] [--length 60]

import { parseArgs } from "@std/cli/parse-args";
import { SeededRandom } from "../../src/runtime/simulated_time.ts";
import { shareMutants } from "./share_mutants.ts";
import { ShareWorld, shareWorlds } from "./share_world.ts";
import { transactionMutants } from "./transaction_mutants.ts";
import { TransactionWorld, transactionWorlds } from "./transaction_world.ts";
import { walk, wander, type World } from "./walker.ts";

/** Within so many seeds each mutant has to be found out. */
const mutantSeedsMax = 2_000;

const flags = parseArgs(Deno.args, {
  string: ["events", "seeds", "length"],
  default: { events: "7", seeds: "100000", length: "60" },
});
const length = Number(flags.length);

/** Each kind of world, and what can be wrong in it. */
const kinds = [{
  name: "transactions",
  worlds: Object.entries(transactionWorlds).map(([name, options]) => ({
    name,
    newWorld: (): World => new TransactionWorld(options),
  })),
  mutants: Object.entries(transactionMutants).map(([name, { mutation }]) => ({
    name,
    newWorld: (): World => new TransactionWorld({ ids: ["t", "t"], protocol: 2, mutation }),
  })),
}, {
  name: "share partitions",
  worlds: Object.entries(shareWorlds).map(([name, options]) => ({
    name,
    newWorld: (): World => new ShareWorld(options),
  })),
  mutants: Object.entries(shareMutants).map(([name, { options }]) => ({
    name,
    newWorld: (): World => new ShareWorld(options),
  })),
}];

for (const { name: kind, worlds, mutants } of kinds) {
  const seeds = Math.ceil(Number(flags.seeds) / worlds.length);
  for (const { name, newWorld } of worlds) {
    const { states, steps, broken } = walk(newWorld, Number(flags.events));
    if (broken !== undefined) fail(`${kind}, ${name}`, broken);
    for (let seed = 1; seed <= seeds; seed++) {
      const lost = wander(newWorld(), new SeededRandom(seed, kind), length);
      if (lost !== undefined) fail(`${kind}, ${name}, seed ${seed}`, lost);
    }
    console.log(
      `${kind}, ${name}: ${states} states in ${steps} steps, ${seeds} seeds; every law holds`,
    );
  }
  for (const { name, newWorld } of mutants) {
    let seed = 1;
    while (wander(newWorld(), new SeededRandom(seed, kind), length) === undefined) {
      if (++seed > mutantSeedsMax) throw new Error(`${kind}: nobody finds out that ${name}`);
    }
    console.log(`${kind}: "${name}" is found out with seed ${seed}`);
  }
}

function fail(where: string, { law, history }: { law: string; history: readonly string[] }): never {
  throw new Error(`${where}: ${law}, after ${history.join(", ")}`);
}
