// The home of the metadata in etcd, in a simulated world: the suite, and what it counts.

import { assert, assertEquals } from "@std/assert";
import { decideAllocateProducerIds } from "../../src/cluster/mod.ts";
import { simulate } from "../../src/runtime/simulated.ts";
import type { EtcdMetadataStore } from "../../src/etcd/mod.ts";
import { openSimulated } from "./open_simulated.ts";
import { suite } from "./suite.ts";
import { SimulatedEtcd } from "./simulated_etcd.ts";

for (const { name, run } of suite) {
  Deno.test(`simulated etcd: ${name}`, async () => {
    const world = simulate(1);
    await world.drive((async () => {
      const etcd = await SimulatedEtcd.start(world, { members: 3 });
      const stores = new Map<EtcdMetadataStore, string>();
      await run({
        async open() {
          const machine = `n${stores.size + 1}`;
          const store = await openSimulated(world, machine, { etcd });
          stores.set(store, machine);
          return store;
        },
        async kill(store) {
          world.kill(stores.get(store)!);
          stores.delete(store);
          await Promise.resolve();
        },
      });
      for (const store of stores.keys()) await store.close();
    })());
  });
}

Deno.test("simulated etcd: requests are counted, and those without an answer", async () => {
  const world = simulate(1);
  await world.drive((async () => {
    const etcd = await SimulatedEtcd.start(world, { members: 3 });
    const store = await openSimulated(world, "n1", { etcd });
    const { counters } = store;
    const ask = () => store.change((image) => decideAllocateProducerIds(image, 1));
    const counted = (call: string) => counters.of(call).seconds.counts.reduce((a, b) => a + b, 0);
    await ask();
    assert(counted("kv/range") > 0 && counted("kv/txn") > 0);
    assertEquals([...counters.byCall].map(([, { unanswered }]) => unanswered), [0, 0]);
    const before = counters.memberChanges;
    for (const name of etcd.names) world.stop(name);
    const asked = ask();
    await new Promise<void>((resolve) => etcd.after(10_000, resolve));
    for (const name of etcd.names) world.resume(name);
    await asked;
    assert(counters.of("kv/txn").unanswered > 0);
    assert(counters.memberChanges > before);
    await store.close();
  })());
});
