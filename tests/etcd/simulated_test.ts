// The home of the metadata in etcd, in a simulated world: the suite.

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
