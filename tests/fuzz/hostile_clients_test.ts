// A slice of what `deno task hostile` does at length.

import { assert } from "@std/assert";
import { besideBytes, budgetBytes, hostileClients } from "./hostile_clients.ts";
import { boundedKinds } from "./hostile_kinds.ts";
import { freshSeed } from "./mutate.ts";

Deno.test("hostile clients take no more than the budget, and others are answered", async () => {
  const seed = freshSeed();
  console.log(`seed ${seed}`);
  const result = await hostileClients({ seed, acts: 60, kinds: boundedKinds });
  const { answered, held } = result.endings;
  assert(answered > 0 && held > 0, JSON.stringify(result.endings));
  assert(result.waitsMs.length >= 100, `${result.waitsMs.length} answers for the bystander`);
  const bound = budgetBytes + besideBytes;
  assert(result.residentBytesMax <= bound, `${result.residentBytesMax} bytes, seed ${seed}`);
});
