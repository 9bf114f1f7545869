// Brokers of one cluster on simulated machines: each is the real broker with its own disk and
// listener, and sees the one home of the metadata from afar (src/cluster/shared_metadata.ts).
//
//   await simulatedCluster({ brokers: 3 }, async ({ client, crash, start }) => {
//     const producer = new Producer(await client(), {});
//     crash(2);              // power is lost, and with it a part of what was not synced
//     await start(2);
//   });
//
// A broker that is gone is taken for dead once its session has run out. Invariant: brokers and
// clients of the scenario are closed at its end.

import { itemAt } from "../../src/base/items.ts";
import { loadConfig, type RunningBroker, startBroker } from "../../src/broker/mod.ts";
import { Client } from "../../src/client/mod.ts";
import { type MetadataMember, type PartitionImage, SharedMetadata } from "../../src/cluster/mod.ts";
import type { Files, Runtime } from "../../src/runtime/ports.ts";
import { simulate, type Simulation, type SimulationOptions } from "../../src/runtime/simulated.ts";
import { keptLease } from "./kept_lease.ts";
import { RawClient } from "./raw_client.ts";
import { socketTransport } from "./simulated_broker.ts";
import { inWorldTime } from "./world_time.ts";

const port = 9092;
const clusterId = "AAAAAAAAQACAAAAAAAAAcQ";
/** So long nobody has heard of a broker when it is taken for dead. */
const sessionMs = 6_000;

/** By then every broker has heard of a change of the metadata. */
const heardMs = 50;

/** What a scenario has at hand. */
export interface ClusterScene {
  readonly world: Simulation;
  /** The metadata as it is, of which brokers may know an older state. */
  readonly metadata: SharedMetadata;
  /** Those that run, by node id. */
  readonly brokers: ReadonlyMap<number, RunningBroker>;
  /** A client of ours, that is told of every broker; `runtime` is where it runs. */
  client(): Promise<Client>;
  readonly runtime: Runtime;
  /** A connection to one broker. */
  connect(nodeId: number): Promise<RawClient>;
  /** A change of the image: `nodeId` leads from now on, in a new epoch. -1: nobody. */
  lead(topic: string, partition: number, nodeId: number): Promise<void>;
  /** What the metadata says of a partition. */
  partition(topic: string, partition: number): PartitionImage;
  /** A broker's machine loses power. */
  crash(nodeId: number): void;
  /** The disk of its machine, as it is left to the next process there. */
  files(nodeId: number): Files;
  /** Its process is killed: what it wrote stays. */
  kill(nodeId: number): void;
  /** Its process is stopped (SIGSTOP): others take it for dead, of which it knows nothing. */
  pause(nodeId: number): void;
  /** It goes on where it was. */
  resume(nodeId: number): void;
  /** The home of the metadata is away for these: they hear nothing of it, and are not missed. */
  loseMetadata(...nodeIds: readonly number[]): void;
  /** It starts on the disk that it has left. */
  start(nodeId: number): Promise<void>;
  /** It stops as it should. */
  stop(nodeId: number): Promise<void>;
  /** Nothing passes between brokers of different groups, nor to the metadata but from the first. */
  partitionNetwork(...groups: readonly (readonly number[])[]): void;
  /** Everything passes again. */
  heal(): void;
  /** Resolves once `holds` does: it is looked every few milliseconds. */
  until(holds: () => boolean): Promise<void>;
  /** Resolves `ms` later. */
  pass(ms: number): Promise<void>;
  /** What brokers have said in their logs, with their machine's name before it. */
  readonly lines: readonly string[];
}

export interface ClusterOptions {
  readonly brokers: number;
  readonly settings?: Readonly<Record<string, string | number>>;
  readonly seed?: number;
  /** A broker cannot go on, and its process would end; absent: the scenario fails. */
  readonly onFatal?: (nodeId: number, error: unknown) => void;
  /** How the world behaves; calm by default. */
  readonly world?: SimulationOptions;
}

/** One machine of a cluster, and the broker that runs on it, if any. */
interface Member {
  readonly name: string;
  store: MetadataMember | undefined;
  running: RunningBroker | undefined;
  isPaused: boolean;
}

/** Runs `scenario` against a cluster of its own, in simulated time. */
export async function simulatedCluster(
  options: ClusterOptions,
  scenario: (scene: ClusterScene) => Promise<void>,
): Promise<void> {
  const lines: string[] = [];
  const onLogLine = (machine: string, line: string) => void lines.push(`${machine} ${line}`);
  const { seed = 1 } = options;
  const world = simulate(seed, { startMs: Date.now(), ...options.world, onLogLine });
  const cluster = new SimulatedCluster(world, options);
  for (let id = 1; id <= options.brokers; id++) cluster.add(id);
  const runtime = cluster.runtime = world.start("client");
  await inWorldTime({ world, clock: runtime.clock }, async () => {
    for (let id = 1; id <= options.brokers; id++) await cluster.start(id);
    const clients: Client[] = [];
    await scenario(sceneOf(cluster, { runtime, lines, clients }));
    for (const client of clients) client.close();
    await cluster.close();
  });
}

class SimulatedCluster {
  readonly world: Simulation;
  readonly metadata = new SharedMetadata();
  readonly brokers = new Map<number, RunningBroker>();
  readonly #options: ClusterOptions;
  readonly #members = new Map<number, Member>();
  readonly #runtimes = new Map<number, Runtime>();
  readonly #apart = new Set<readonly [string, string]>();
  runtime: Runtime | undefined;

  constructor(world: Simulation, options: ClusterOptions) {
    this.world = world;
    this.#options = options;
  }

  /** Machines get their addresses in the order in which they come. */
  add(nodeId: number): string {
    const name = `broker-${nodeId}`;
    this.#members.set(nodeId, { name, store: undefined, running: undefined, isPaused: false });
    this.#runtimes.set(nodeId, this.world.start(name));
    return name;
  }

  /** Of a machine where no broker runs: its next one begins there. */
  runtimeOf(nodeId: number): Runtime {
    const runtime = this.#runtimes.get(nodeId) ?? this.world.start(`broker-${nodeId}`);
    this.#runtimes.set(nodeId, runtime);
    return runtime;
  }

  async start(nodeId: number): Promise<void> {
    const member = this.#members.get(nodeId)!;
    const runtime = this.runtimeOf(nodeId);
    this.#runtimes.delete(nodeId);
    const store = member.store = this.metadata.member(() => {
      const delayMs = 0.2 + (runtime.random.uint32() % 1000) / 500;
      return new Promise((arrived) => runtime.timers.after(delayMs, arrived));
    }, (lease, way) => keptLease(lease, { runtime, sessionMs, way }));
    const { settings = {}, onFatal } = this.#options;
    const running = await start(runtime, { nodeId, settings, store, onFatal });
    member.running = running;
    this.brokers.set(nodeId, running);
  }

  async stop(nodeId: number): Promise<void> {
    const { store, running, name } = this.#members.get(nodeId)!;
    await running?.close();
    this.#forget(nodeId);
    if (store !== undefined) this.metadata.leave(store);
    this.world.kill(name);
  }

  /** Its process is gone; others find out when its session is over. */
  end(nodeId: number, how: "crash" | "kill"): void {
    const { store, name } = this.#members.get(nodeId)!;
    this.world[how](name);
    this.#forget(nodeId);
    if (store !== undefined) this.metadata.leave(store);
    this.#expireLater(nodeId);
  }

  #forget(nodeId: number): void {
    const member = this.#members.get(nodeId)!;
    member.store = member.running = undefined;
    member.isPaused = false;
    this.brokers.delete(nodeId);
  }

  #expireLater(nodeId: number): void {
    const { liveness } = this.metadata;
    const epoch = liveness.alive(nodeId);
    this.runtime!.timers.after(sessionMs, () => {
      const { store, isPaused } = this.#members.get(nodeId)!;
      const isSilent = isPaused || (store?.isCutOff ?? true);
      if (isSilent && liveness.alive(nodeId) === epoch) liveness.expire(nodeId);
    });
  }

  pause(nodeId: number, isPaused: boolean): void {
    const member = this.#members.get(nodeId)!;
    member.isPaused = isPaused;
    if (!isPaused) return this.world.resume(member.name);
    this.world.stop(member.name);
    this.#expireLater(nodeId);
  }

  loseMetadata(nodeIds: readonly number[]): void {
    for (const nodeId of nodeIds) this.#members.get(nodeId)!.store?.cutOff();
  }

  partitionNetwork(groups: readonly (readonly number[])[]): void {
    for (const [i, group] of groups.entries()) {
      for (const nodeId of group) {
        if (i > 0) {
          this.#members.get(nodeId)!.store?.cutOff();
          this.#expireLater(nodeId);
        }
        for (const other of groups.slice(i + 1).flat()) this.#part(nodeId, other);
      }
    }
  }

  #part(a: number, b: number): void {
    const pair = [`broker-${a}`, `broker-${b}`] as const;
    this.#apart.add(pair);
    this.world.partition(...pair);
  }

  heal(): void {
    for (const pair of this.#apart) this.world.heal(...pair);
    this.#apart.clear();
    for (const { store } of this.#members.values()) store?.cutOff(false);
  }

  async close(): Promise<void> {
    this.heal();
    await Promise.all([...this.brokers.values()].map((each) => each.close()));
  }
}

function sceneOf(
  cluster: SimulatedCluster,
  { runtime, lines, clients }: { runtime: Runtime; lines: string[]; clients: Client[] },
): ClusterScene {
  const { world, metadata, brokers } = cluster;
  const pass = (ms: number) => new Promise<void>((go) => runtime.timers.after(ms, go));
  return {
    world,
    metadata,
    brokers,
    runtime,
    lines,
    pass,
    partition: (topic, id) => itemAt(metadata.image.topic(topic)!.partitions, id),
    async client() {
      const bootstrap = [...brokers.keys()].map((id) => `${hostOf(id)}:${port}`).join(",");
      const client = await Client.connect(runtime, { bootstrap, requestTimeoutMs: 10_000 });
      clients.push(client);
      return client;
    },
    connect: async (nodeId) =>
      new RawClient(
        socketTransport(await runtime.network.connect({ host: hostOf(nodeId), port })),
      ),
    async lead(topic, partitionId, leader) {
      const fields = { topicId: metadata.image.topic(topic)!.id, partitionId, leader };
      await metadata.append([{ type: "PartitionChangeRecord", version: 0, fields }]);
      await pass(heardMs);
    },
    crash: (nodeId) => cluster.end(nodeId, "crash"),
    files: (nodeId) => cluster.runtimeOf(nodeId).files,
    kill: (nodeId) => cluster.end(nodeId, "kill"),
    pause: (nodeId) => cluster.pause(nodeId, true),
    resume: (nodeId) => cluster.pause(nodeId, false),
    loseMetadata: (...nodeIds) => cluster.loseMetadata(nodeIds),
    start: (nodeId) => cluster.start(nodeId),
    stop: (nodeId) => cluster.stop(nodeId),
    partitionNetwork: (...groups) => cluster.partitionNetwork(groups),
    heal: () => cluster.heal(),
    async until(holds) {
      while (!holds()) await pass(10);
    },
  };
}

function hostOf(nodeId: number): string {
  return `10.0.0.${nodeId}`;
}

function start(
  runtime: Runtime,
  { nodeId, settings, store, onFatal }: {
    readonly nodeId: number;
    readonly settings: Readonly<Record<string, string | number>>;
    readonly store: MetadataMember;
    readonly onFatal: ClusterOptions["onFatal"];
  },
): Promise<RunningBroker> {
  const { config } = loadConfig({
    flags: { host: hostOf(nodeId), port },
    options: {
      "log.dirs": "/data",
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
      if (onFatal === undefined) throw error;
      onFatal(nodeId, error);
    },
  });
}
