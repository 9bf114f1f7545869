// Brokers of one cluster on simulated machines, with one home of the metadata in memory: each is
// the real broker with its own disk and listener, and leads what the image gives it. Nothing is
// copied between them: who leads decides whose log a record is in.
//
//   await simulatedCluster({ brokers: 2 }, async ({ store, client, lead }) => {
//     const producer = new Producer(await client(), {});
//     await lead("orders", 0, 2);
//   });
//
// Invariant: brokers and clients of the scenario are closed at its end.

import { itemAt } from "../../src/base/items.ts";
import { loadConfig, type RunningBroker, startBroker } from "../../src/broker/mod.ts";
import { Client } from "../../src/client/mod.ts";
import { MemoryMetadataStore, type PartitionImage } from "../../src/cluster/mod.ts";
import type { Runtime } from "../../src/runtime/ports.ts";
import { simulate, type Simulation } from "../../src/runtime/simulated.ts";
import { RawClient } from "./raw_client.ts";
import { socketTransport } from "./simulated_broker.ts";
import { inWorldTime } from "./world_time.ts";

const port = 9092;
const clusterId = "AAAAAAAAQACAAAAAAAAAcQ";

/** What a scenario has at hand. */
export interface ClusterScene {
  readonly world: Simulation;
  readonly store: MemoryMetadataStore;
  /** By node id. */
  readonly brokers: ReadonlyMap<number, RunningBroker>;
  /** A client of ours, that is told of every broker; `runtime` is where it runs. */
  client(): Promise<Client>;
  readonly runtime: Runtime;
  /** A connection to one broker. */
  connect(nodeId: number): Promise<RawClient>;
  /** A change of the image: `nodeId` leads from now on, in a new epoch. -1: nobody. */
  lead(topic: string, partition: number, nodeId: number): Promise<void>;
  /** What the image says of a partition. */
  partition(topic: string, partition: number): PartitionImage;
  /** Resolves `ms` later. */
  pass(ms: number): Promise<void>;
  /** What brokers have said in their logs, with their machine's name before it. */
  readonly lines: readonly string[];
}

export interface ClusterOptions {
  readonly brokers: number;
  readonly settings?: Readonly<Record<string, string | number>>;
  readonly seed?: number;
}

/** Runs `scenario` against a cluster of its own, in simulated time. */
export async function simulatedCluster(
  { brokers: count, settings = {}, seed = 1 }: ClusterOptions,
  scenario: (scene: ClusterScene) => Promise<void>,
): Promise<void> {
  const lines: string[] = [];
  const onLogLine = (machine: string, line: string) => void lines.push(`${machine} ${line}`);
  const world = simulate(seed, { startMs: Date.now(), onLogLine });
  const store = new MemoryMetadataStore();
  const machines = Array.from({ length: count }, (_, i) => world.start(`broker-${i + 1}`));
  const runtime = world.start("client");
  const hostOf = (nodeId: number) => `10.0.0.${nodeId}`;
  await inWorldTime({ world, clock: runtime.clock }, async () => {
    const brokers = new Map<number, RunningBroker>();
    const clients: Client[] = [];
    for (const [i, machine] of machines.entries()) {
      const nodeId = i + 1;
      const at = { nodeId, host: hostOf(nodeId) };
      brokers.set(nodeId, await start(machine, { ...at, settings, store }));
    }
    const partition = (topic: string, id: number) =>
      itemAt(store.image.topic(topic)!.partitions, id);
    await scenario({
      world,
      store,
      brokers,
      runtime,
      lines,
      partition,
      async client() {
        const client = await Client.connect(runtime, { bootstrap: `${hostOf(1)}:${port}` });
        clients.push(client);
        return client;
      },
      connect: async (nodeId) =>
        new RawClient(
          socketTransport(await runtime.network.connect({ host: hostOf(nodeId), port })),
        ),
      lead: (topic, partitionId, leader) => {
        const fields = { topicId: store.image.topic(topic)!.id, partitionId, leader };
        return store.append([{ type: "PartitionChangeRecord", version: 0, fields }]);
      },
      pass: (ms) => new Promise((go) => runtime.timers.after(ms, go)),
    });
    for (const client of clients) client.close();
    for (const broker of brokers.values()) await broker.close();
  });
}

function start(
  runtime: Runtime,
  { nodeId, host, settings, store }: {
    readonly nodeId: number;
    readonly host: string;
    readonly settings: Readonly<Record<string, string | number>>;
    readonly store: MemoryMetadataStore;
  },
): Promise<RunningBroker> {
  const { config } = loadConfig({
    flags: { host, port, dataDir: "/data" },
    options: {
      "node.id": nodeId,
      "cluster.id": clusterId,
      "group.initial.rebalance.delay.ms": 0,
      ...settings,
    },
  });
  return startBroker({
    runtime,
    config,
    metadata: store,
    logger: runtime.logger({ level: "info", format: "text" }),
    onFatal: (error) => {
      throw error;
    },
  });
}
