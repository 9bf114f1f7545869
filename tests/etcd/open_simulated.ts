// A process of a simulated world that has the metadata of the cluster "c" in a simulated etcd.

import { uuidFromRandom } from "../../src/base/ids.ts";
import { EtcdClient, EtcdMetadataStore } from "../../src/etcd/mod.ts";
import type { Runtime } from "../../src/runtime/ports.ts";
import type { Simulation } from "../../src/runtime/simulated.ts";
import type { SimulatedEtcd } from "./simulated_etcd.ts";

interface Opened {
  readonly etcd: SimulatedEtcd;
  readonly onLost?: (error: unknown) => void;
}

/** A broker's process on a machine of its own. */
export function openSimulated(
  world: Simulation,
  machine: string,
  opened: Opened,
): Promise<EtcdMetadataStore> {
  return openOn(world.start(machine), opened);
}

/** The same in a process that runs. */
export async function openOn(
  { http, clock, timers, random, logger }: Runtime,
  { etcd, onLost }: Opened,
): Promise<EtcdMetadataStore> {
  const log = logger({ level: "info", format: "text" });
  const endpoints = etcd.endpoints;
  const client = new EtcdClient({
    endpoints,
    http: http.client({}),
    clock,
    timers,
    random,
    logger: log,
  });
  return await EtcdMetadataStore.open({
    client,
    name: "c",
    clock,
    timers,
    random,
    logger: log,
    leaseMs: 6_000,
    newClusterId: () => uuidFromRandom(random.bytes(16)),
    onLost: onLost ?? ((error) => {
      throw error;
    }),
  });
}
