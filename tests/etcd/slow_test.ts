// An etcd that answers, but late, as on a machine that has much else to do: with one of its members
// frozen, too. Whoever waits long enough gets through, and no broker that lives is taken for dead.

import { assert, assertEquals } from "@std/assert";
import { decideAllocateProducerIds } from "../../src/cluster/mod.ts";
import { simulate, type Simulation } from "../../src/runtime/simulated.ts";
import { openSimulated } from "./open_simulated.ts";
import { SimulatedEtcd } from "./simulated_etcd.ts";

const sessionMs = 6_000;
const unrestMs = 60_000;

/** Runs `scenario` in a world with an etcd of three members. */
async function inWorld(
  scenario: (world: Simulation, etcd: SimulatedEtcd) => Promise<void>,
): Promise<void> {
  const world = simulate(1);
  await world.drive((async () => {
    await scenario(world, await SimulatedEtcd.start(world, { members: 3 }));
  })());
}

function pass(etcd: SimulatedEtcd, ms: number): Promise<void> {
  return new Promise((go) => etcd.after(ms, go));
}

Deno.test("slow etcd: a life is kept from when it was granted, before it is heard of", async () => {
  await inWorld(async (world, etcd) => {
    const store = await openSimulated(world, "n1", { etcd, sessionMs });
    etcd.faults.slowMs = [1_500, 1_500];
    const lease = await store.join(1);
    for (let ms = 0; ms < unrestMs; ms += 50) {
      assert(lease.isValid(), `not sure of itself after ${ms} ms`);
      await pass(etcd, 50);
    }
    await store.close();
  });
});

Deno.test("slow etcd: a lease outlives each of its members, one at a time", async () => {
  await inWorld(async (world, etcd) => {
    const store = await openSimulated(world, "n1", { etcd, sessionMs });
    const lease = await store.join(1);
    etcd.faults.slowMs = [1_500, 1_500];
    for (let ms = 0; ms < unrestMs; ms += 50) {
      const [at, inTurn] = [Math.floor(ms / 10_000) % 3, ms % 10_000];
      if (inTurn === 0) world.stop(etcd.names[at]!);
      if (inTurn === 8_000) world.resume(etcd.names[at]!);
      assert(lease.isValid(), `not sure of itself after ${ms} ms`);
      await pass(etcd, 50);
    }
    await store.close();
  });
});

Deno.test("slow etcd: an answer that takes longer than a first try waits is heard", async () => {
  await inWorld(async (world, etcd) => {
    const store = await openSimulated(world, "n1", { etcd, sessionMs });
    etcd.faults.slowMs = [3_000, 3_000];
    const changed = store.change((image) => decideAllocateProducerIds(image, 1)).then(() => true);
    const late = pass(etcd, 30_000).then(() => false);
    assertEquals(await Promise.race([changed, late]), true);
    await store.close();
  });
});
