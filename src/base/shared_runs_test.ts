import { assertEquals, assertRejects } from "@std/assert";
import { sharedRuns } from "./shared_runs.ts";

Deno.test("who comes while a run is under way shares the next one, and its failure", async () => {
  const runs: PromiseWithResolvers<number>[] = [];
  const ask = sharedRuns(() => {
    const run = Promise.withResolvers<number>();
    runs.push(run);
    return run.promise;
  });
  const first = ask();
  await Promise.resolve();
  const others = [ask(), ask()];
  assertEquals(runs.length, 1);
  runs[0]!.resolve(1);
  assertEquals(await first, 1);
  await Promise.resolve();
  assertEquals(runs.length, 2);
  runs[1]!.reject(new Error("the home is away"));
  for (const other of others) await assertRejects(() => other, "the home is away");
  const later = ask();
  await Promise.resolve();
  runs[2]!.resolve(3);
  assertEquals(await later, 3);
});
