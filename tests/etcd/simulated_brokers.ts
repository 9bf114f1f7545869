// Real brokers on simulated machines, with their metadata in a simulated etcd: what a whole cluster
// does when etcd does what it should not. tests/harness/simulated_cluster.ts has one home in memory
// instead, which knows no revisions.
//
//   await etcdCluster(async ({ etcd, start, client }) => {
//     await start(1);
//     etcd.restore(backup);
//   });
//
// Invariant: brokers and clients are closed at the end of the scenario.

import { loadConfig, type RunningBroker, startBroker } from "../../src/broker/mod.ts";
import { Client } from "../../src/client/mod.ts";
import type { EtcdMetadataStore } from "../../src/etcd/mod.ts";
import type { Runtime } from "../../src/runtime/ports.ts";
import { simulate, type Simulation } from "../../src/runtime/simulated.ts";
import { inWorldTime } from "../harness/world_time.ts";
import { openOn } from "./open_simulated.ts";
import { SimulatedEtcd } from "./simulated_etcd.ts";

const port = 9092;

/** A broker with its connection to etcd. */
export interface EtcdMember {
  readonly broker: RunningBroker;
  readonly store: EtcdMetadataStore;
  /** Resolves with why it cannot go on, once it cannot. */
  readonly lost: Promise<unknown>;
}

export interface EtcdScene {
  readonly world: Simulation;
  readonly etcd: SimulatedEtcd;
  /** Where clients run. */
  readonly runtime: Runtime;
  /** Starts a broker on the disk that it has left; rejects as its start does. */
  start(nodeId: number, settings?: Settings): Promise<EtcdMember>;
  /** It stops as it should. */
  stop(nodeId: number): Promise<void>;
  /** The process of its machine is killed, whatever it does: what it wrote stays. */
  kill(nodeId: number): void;
  /** A process on a machine whose broker does not run; the broker's next start takes its place. */
  machine(nodeId: number): Runtime;
  /** A machine that has no broker. */
  tool(): Runtime;
  /** A client of ours that is told of these brokers. */
  client(...nodeIds: readonly number[]): Promise<Client>;
  /** Resolves `ms` later. */
  pass(ms: number): Promise<void>;
}

type Settings = Readonly<Record<string, string | number>>;

/** Runs `scenario` with an etcd of three members and no brokers yet. */
export async function etcdCluster(
  scenario: (scene: EtcdScene) => Promise<void>,
  settings: Settings = {},
): Promise<void> {
  const world = simulate(1, { startMs: Date.now() });
  const members = new Map<number, EtcdMember>();
  const clients: Client[] = [];
  const tools: Runtime[] = [];
  // Machines get their addresses in the order in which they come.
  const idle = new Map([1, 2, 3].map((id) => [id, world.start(nameOf(id))]));
  /** A process on a machine that has none at work. */
  const processOn = (id: number) => {
    const process = idle.get(id) ?? world.start(nameOf(id));
    idle.set(id, process);
    return process;
  };
  const runtime = world.start("client");
  await inWorldTime({ world, clock: runtime.clock }, async () => {
    const etcd = await SimulatedEtcd.start(world, { members: 3 });
    await scenario({
      world,
      etcd,
      runtime,
      pass: (ms) => new Promise((go) => runtime.timers.after(ms, go)),
      machine: processOn,
      tool: () => tools[0] ??= world.start("tool"),
      async start(nodeId, more = {}) {
        const process = processOn(nodeId);
        idle.delete(nodeId);
        try {
          const of = { nodeId, etcd, settings: { ...settings, ...more } };
          const member = await startMember(process, of);
          members.set(nodeId, member);
          return member;
        } catch (error) {
          world.kill(nameOf(nodeId));
          throw error;
        }
      },
      async stop(nodeId) {
        const member = members.get(nodeId);
        members.delete(nodeId);
        await member?.broker.close();
        await member?.store.close();
        world.kill(nameOf(nodeId));
      },
      kill(nodeId) {
        members.delete(nodeId);
        idle.delete(nodeId);
        world.kill(nameOf(nodeId));
      },
      async client(...nodeIds) {
        const bootstrap = nodeIds.map((id) => `${hostOf(id)}:${port}`).join(",");
        const client = await Client.connect(runtime, { bootstrap, requestTimeoutMs: 10_000 });
        clients.push(client);
        return client;
      },
    });
    for (const client of clients) client.close();
    for (const { broker, store } of members.values()) {
      await broker.close();
      await store.close();
    }
  });
}

async function startMember(
  runtime: Runtime,
  { nodeId, etcd, settings }: { nodeId: number; etcd: SimulatedEtcd; settings: Settings },
): Promise<EtcdMember> {
  const lost = Promise.withResolvers<unknown>();
  const store = await openOn(runtime, { etcd, onLost: lost.resolve });
  const { config } = loadConfig({
    flags: { host: hostOf(nodeId), port },
    options: {
      "log.dirs": "/data",
      "node.id": nodeId,
      "cluster.id": store.clusterId,
      "group.initial.rebalance.delay.ms": 0,
      ...settings,
    },
  });
  const logger = runtime.logger({ level: "info", format: "text" });
  try {
    const broker = await startBroker({ runtime, config, metadata: store, logger });
    return { broker, store, lost: lost.promise };
  } catch (error) {
    await store.close();
    throw error;
  }
}

function nameOf(nodeId: number): string {
  return `broker-${nodeId}`;
}

function hostOf(nodeId: number): string {
  return `10.0.0.${nodeId}`;
}
