import { assertEquals, assertRejects } from "@std/assert";
import { firstOf, itemAt } from "../../base/items.ts";
import { SharedSync } from "./shared_sync.ts";

/** A sync whose end is in the test's hands. */
function rig() {
  const begun: PromiseWithResolvers<void>[] = [];
  const shared = new SharedSync(() => {
    begun.push(Promise.withResolvers<void>());
    return begun.at(-1)!.promise;
  });
  return { shared, begun };
}

Deno.test("who comes while one runs shares the next", async () => {
  const { shared, begun } = rig();
  const first = shared.run();
  const others = [shared.run(), shared.run(), shared.run()];
  assertEquals(begun.length, 1);
  firstOf(begun).resolve();
  await first;
  await Promise.resolve();
  itemAt(begun, 1).resolve();
  await Promise.all(others);
  assertEquals(begun.length, 2);
});

Deno.test("a failure is told to those whom it concerns, and the next one begins anew", async () => {
  const { shared, begun } = rig();
  const first = shared.run();
  const second = shared.run();
  firstOf(begun).reject(new Error("gone"));
  await assertRejects(() => first, Error, "gone");
  await Promise.resolve();
  itemAt(begun, 1).resolve();
  await second;
  const third = shared.run();
  itemAt(begun, 2).resolve();
  await third;
});
