// A slice of what `deno task hostile` does at length.

import { assert } from "@std/assert";
import { besideBytes, budgetBytes, hostileClients } from "./hostile_clients.ts";
import { boundedKinds, itemKinds } from "./hostile_kinds.ts";
import { targetsHere } from "../harness/targets.ts";
import { seedsFrom } from "../harness/seeds.ts";

const tests = [
  { name: "hostile clients", kinds: boundedKinds, acts: 60 },
  { name: "requests of very many items", kinds: itemKinds, acts: 40 },
];

for (const target of await targetsHere()) {
  for (const { name, kinds, acts } of tests) {
    const law = "take no more than the budget, and others are answered";
    Deno.test(`${name} ${law}, on ${target}`, async () => {
      for (const each of seedsFrom(name, 1)) {
        await each.run(async (seed) => {
          const result = await hostileClients({ seed, acts, kinds, target });
          const { answered, held } = result.endings;
          assert(answered > 0 && held > 0, JSON.stringify(result.endings));
          assert(
            result.waitsMs.length >= 100,
            `${result.waitsMs.length} answers for the bystander`,
          );
          const bound = budgetBytes + besideBytes;
          assert(result.residentBytesMax <= bound, `${result.residentBytesMax} bytes`);
        });
      }
    });
  }
}
