// A process of a simulated world that has the metadata of the cluster "c" in a simulated etcd.

import { uuidFromRandom } from "../../src/base/ids.ts";
import { EtcdClient, EtcdMetadataStore } from "../../src/etcd/mod.ts";
import type { Runtime } from "../../src/runtime/ports.ts";
import type { Simulation } from "../../src/runtime/simulated.ts";
import type { SimulatedEtcd } from "./simulated_etcd.ts";

interface StoreOptions {
  readonly etcd: SimulatedEtcd;
  /** Of a new cluster; by chance where it is not given. */
  readonly clusterId?: string;
  readonly sessionMs?: number;
  /** Keys of one transaction; what takes more is staged. */
  readonly operationsMax?: number;
  readonly onLost?: (error: unknown) => void;
}

/** A broker's process on a machine of its own. */
export async function openSimulated(
  world: Simulation,
  machine: string,
  options: StoreOptions,
): Promise<EtcdMetadataStore> {
  return await openOn(world.start(machine), options);
}

/** The same for a process that runs already. */
export async function openOn(
  { http, clock, timers, random, logger }: Runtime,
  { etcd, clusterId, sessionMs = 6_000, operationsMax, onLost }: StoreOptions,
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
    leaseMs: sessionMs,
    operationsMax,
    newClusterId: () => clusterId ?? uuidFromRandom(random.bytes(16)),
    onLost: onLost ?? ((error) => {
      throw error;
    }),
  });
}
