// The same suite against a real etcd, where one is installed; each case has a cluster of its own.

import { uuidFromRandom } from "../../src/base/ids.ts";
import { EtcdClient, EtcdMetadataStore } from "../../src/etcd/mod.ts";
import { denoRuntime } from "../../src/runtime/deno.ts";
import { etcdAbsence, EtcdProcess } from "../harness/etcd_process.ts";
import { suite } from "./suite.ts";

const absence = await etcdAbsence();
if (absence !== undefined) console.log(`the suite of a real etcd is skipped: ${absence}`);

let clusters = 0;

async function openReal(address: string, name: string): Promise<EtcdMetadataStore> {
  const { http, clock, timers, random, logger } = denoRuntime();
  const log = logger({ level: "warn", format: "text" });
  const endpoints = [`http://${address}`];
  return await EtcdMetadataStore.open({
    client: new EtcdClient({
      endpoints,
      http: http.client({}),
      clock,
      timers,
      random,
      logger: log,
    }),
    name,
    clock,
    timers,
    random,
    logger: log,
    leaseMs: 2_000,
    newClusterId: () => uuidFromRandom(random.bytes(16)),
    onLost: (error) => {
      throw error;
    },
  });
}

Deno.test({
  name: "real etcd: what the home of the metadata promises",
  ignore: absence !== undefined,
  async fn(context) {
    await using etcd = await EtcdProcess.start();
    for (const { name, run } of suite) {
      await context.step(name, async () => {
        const cluster = `suite-${++clusters}`;
        const stores = new Set<EtcdMetadataStore>();
        await run({
          async open() {
            const store = await openReal(etcd.address, cluster);
            stores.add(store);
            return store;
          },
          // Its lease is left to run out: a store that is closed revokes nothing.
          kill: (store) => store.close(),
        });
        for (const store of stores) await store.close();
      });
    }
  },
});
