// An etcd that answers, but late, as on a machine that has much else to do: with one of its members
// frozen, too. Whoever waits long enough gets through, no broker that lives is taken for dead, and
// nobody stays blind who follows the changes at a member that is silent.

import { assert, assertEquals } from "@std/assert";
import { decideAllocateProducerIds, type HomeCounters } from "../../src/cluster/mod.ts";
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

Deno.test("slow etcd: a broker joins though no first try is answered", async () => {
  await inWorld(async (world, etcd) => {
    const store = await openSimulated(world, "n1", { etcd, sessionMs });
    etcd.faults.slowMs = [3_000, 3_000];
    const joined = store.join(1).then(() => true);
    const late = pass(etcd, 60_000).then(() => false);
    assertEquals(await Promise.race([joined, late]), true);
    await store.close();
  });
});

Deno.test("slow etcd: who begins to follow waits for a member that takes its time", async () => {
  await inWorld(async (world, etcd) => {
    etcd.faults.slowMs = [3_000, 3_000];
    const store = await openSimulated(world, "n1", { etcd, sessionMs });
    const other = await openSimulated(world, "n2", { etcd, sessionMs });
    await pass(etcd, 30_000);
    const reads = readsOf(store);
    for (let n = 0; n < 3; n++) await other.change((image) => decideAllocateProducerIds(image, 1));
    await pass(etcd, 1_000);
    assertEquals(store.revision, other.revision);
    assertEquals(readsOf(store), reads);
    await store.close();
    await other.close();
  });
});

Deno.test("slow etcd: what one changes is seen soon, though its member is silent", async () => {
  await inWorld(async (world, etcd) => {
    const store = await openSimulated(world, "n1", { etcd, sessionMs });
    await pass(etcd, 1_000);
    for (const name of etcd.names) {
      world.stop(name);
      const startMs = world.nowMs;
      for (let n = 0; n < 20; n++) {
        await store.change((image) => decideAllocateProducerIds(image, 1));
      }
      // Once it is missed, and nineteen times it is not.
      const tookMs = world.nowMs - startMs;
      assert(tookMs < 10_000, `${tookMs} ms while ${name} is frozen`);
      world.resume(name);
    }
    await store.close();
  });
});

Deno.test("slow etcd: a silent member is left for another, and nothing is read anew", async () => {
  await inWorld(async (world, etcd) => {
    const [first, second] = [
      await openSimulated(world, "n1", { etcd, sessionMs }),
      await openSimulated(world, "n2", { etcd, sessionMs }),
    ];
    await first.join(1);
    await second.join(2);
    await pass(etcd, 5_000);
    const reads = readsOf(second);
    for (const name of etcd.names) {
      world.stop(name);
      await pass(etcd, 12_000);
      const sawMs = world.nowMs;
      await first.change((image) => decideAllocateProducerIds(image, 1));
      await pass(etcd, 100);
      assert(second.revision >= first.revision - 1, `blind from ${sawMs} on, without ${name}`);
      world.resume(name);
      await pass(etcd, 100);
    }
    assertEquals(readsOf(second), reads);
    await first.close();
    await second.close();
  });
});

Deno.test("slow etcd: a member without a leader is left for one that has it", async () => {
  await inWorld(async (world, etcd) => {
    const store = await openSimulated(world, "n1", { etcd, sessionMs });
    const other = await openSimulated(world, "n2", { etcd, sessionMs });
    await pass(etcd, 1_000);
    for (const name of etcd.names) {
      etcd.cutOff(name, true);
      await pass(etcd, 3_000);
      await other.change((image) => decideAllocateProducerIds(image, 1));
      await pass(etcd, 500);
      assertEquals(store.revision, other.revision, `without ${name}`);
      etcd.cutOff(name, false);
    }
    await store.close();
    await other.close();
  });
});

/** How often it has read keys that it was not told of. */
function readsOf({ counters }: { readonly counters: HomeCounters }): number {
  const { seconds, unanswered } = counters.of("kv/range");
  return seconds.counts.reduce((sum, count) => sum + count, unanswered);
}
