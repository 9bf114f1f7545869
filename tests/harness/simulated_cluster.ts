// Brokers of one cluster on simulated machines: each is the real broker with its own disk and
// listener, and sees the one home of the metadata from afar (metadata_homes.ts).
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
import type { MetadataStore, PartitionImage } from "../../src/cluster/mod.ts";
import type { Files, Network, Runtime } from "../../src/runtime/ports.ts";
import { simulate, type Simulation, type SimulationOptions } from "../../src/runtime/simulated.ts";
import type { SimulatedEtcd } from "../etcd/simulated_etcd.ts";
import { etcdHome, machineOf, type MetadataHome, sessionMs, sharedHome } from "./metadata_homes.ts";
import { RawClient } from "./raw_client.ts";
import { socketTransport } from "./simulated_broker.ts";
import { inWorldTime } from "./world_time.ts";

const port = 9092;
const clusterId = "AAAAAAAAQACAAAAAAAAAcQ";
/** By then every broker has heard of a change of the metadata. */
const heardMs = 50;

export interface SceneClientOptions {
  readonly requestTimeoutMs?: number;
  /** The network as this client has it. */
  readonly network?: (network: Network) => Network;
}

/** What a scenario has at hand. */
export interface ClusterScene {
  readonly world: Simulation;
  /** The metadata as it is, of which brokers may know an older state. */
  readonly metadata: Pick<MetadataHome, "image" | "onChange" | "controllerId">;
  /** Where that is kept, if in an etcd. */
  readonly etcd: SimulatedEtcd | undefined;
  /** Those that run, by node id. */
  readonly brokers: ReadonlyMap<number, RunningBroker>;
  /** A client of ours, that is told of every broker; `runtime` is where it runs. */
  client(options?: SceneClientOptions): Promise<Client>;
  readonly runtime: Runtime;
  /** A connection to one broker. */
  connect(nodeId: number): Promise<RawClient>;
  /** A change of the image: `nodeId` leads from now on, in a new epoch. -1: nobody. */
  lead(topic: string, partition: number, nodeId: number): Promise<void>;
  /** What the metadata says of a partition. */
  partition(topic: string, partition: number): PartitionImage;
  /** A broker's machine loses power. */
  crash(nodeId: number): void;
  /** The disk of its machine, as the broker has it, or as it is left to the next process there. */
  files(nodeId: number): Files;
  /** The data directories of a broker. */
  folders(nodeId: number): readonly string[];
  /** Its process is killed: what it wrote stays. */
  kill(nodeId: number): void;
  /** Its process is stopped (SIGSTOP): others take it for dead, of which it knows nothing. */
  pause(nodeId: number): void;
  /** It goes on where it was. */
  resume(nodeId: number): void;
  /** The home of the metadata is away for these: it takes them for dead once that was long. */
  loseMetadata(...nodeIds: readonly number[]): void;
  /** It starts on the disk that it has left. */
  start(nodeId: number): Promise<void>;
  /** It stops as it should. */
  stop(nodeId: number): Promise<void>;
  /** Nothing passes between brokers of different groups, nor to the metadata but from the first. */
  partitionNetwork(...groups: readonly (readonly number[])[]): void;
  /** Everything passes again. */
  heal(): void;
  /** Everything passes again from and to one broker. */
  rejoin(nodeId: number): void;
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
  /** Those of one broker. */
  readonly settingsOf?: (nodeId: number) => Readonly<Record<string, string | number>>;
  readonly seed?: number;
  /** A broker cannot go on, and its process would end; absent: the scenario fails. */
  readonly onFatal?: (nodeId: number, error: unknown) => void;
  /** Someone cannot follow the metadata any more; absent: the scenario fails. */
  readonly onMetadataLost?: (error: unknown) => void;
  /** How the world behaves; calm by default. */
  readonly world?: SimulationOptions;
  /** Where the metadata is kept; by default in memory. */
  readonly home?: "memory" | "etcd";
  /** Keys that one transaction of an etcd may change; what takes more is staged. */
  readonly operationsMax?: number;
  /** So long nobody has heard of a broker when it is taken for dead; by default `sessionMs`. */
  readonly sessionMs?: number;
  /** What a broker is to use in place of a store. */
  readonly storeOf?: (store: MetadataStore, runtime: Runtime) => MetadataStore;
}

/** One machine of a cluster, and the broker that runs on it, if any. */
interface Member {
  readonly name: string;
  running: RunningBroker | undefined;
  /** Where it runs. */
  runtime: Runtime | undefined;
}

/** Runs `scenario` against a cluster of its own, in simulated time. */
export async function simulatedCluster(
  options: ClusterOptions,
  scenario: (scene: ClusterScene) => Promise<void>,
): Promise<void> {
  const lines: string[] = [];
  const onLogLine = (machine: string, line: string) => {
    lines.push(`${machine} ${line}`);
    options.world?.onLogLine?.(machine, line);
  };
  const { seed = 1, sessionMs: silenceMs = sessionMs, operationsMax } = options;
  const onLost = options.onMetadataLost;
  const world = simulate(seed, { startMs: Date.now(), ...options.world, onLogLine });
  const cluster = new SimulatedCluster(world, options);
  // Machines get their addresses in the order in which they come.
  for (let id = 1; id <= options.brokers; id++) cluster.add(id);
  const runtime = world.start("client");
  await inWorldTime({ world, clock: runtime.clock }, async () => {
    cluster.home = options.home === "etcd"
      ? await etcdHome(world, { clusterId, sessionMs: silenceMs, operationsMax, onLost })
      : sharedHome((ms, run) => runtime.timers.after(ms, run), silenceMs);
    for (let id = 1; id <= options.brokers; id++) await cluster.start(id);
    const clients: Client[] = [];
    await scenario(sceneOf(cluster, { runtime, lines, clients }));
    for (const client of clients) client.close();
    await cluster.close();
  });
}

class SimulatedCluster {
  readonly world: Simulation;
  readonly brokers = new Map<number, RunningBroker>();
  readonly #options: ClusterOptions;
  readonly #members = new Map<number, Member>();
  readonly #runtimes = new Map<number, Runtime>();
  home!: MetadataHome;

  constructor(world: Simulation, options: ClusterOptions) {
    this.world = world;
    this.#options = options;
  }

  add(nodeId: number): void {
    const name = machineOf(nodeId);
    this.#members.set(nodeId, { name, running: undefined, runtime: undefined });
    this.#runtimes.set(nodeId, this.world.start(name));
  }

  /** Of a machine where no broker runs: its next one begins there. */
  runtimeOf(nodeId: number): Runtime {
    const runtime = this.#runtimes.get(nodeId) ?? this.world.start(machineOf(nodeId));
    this.#runtimes.set(nodeId, runtime);
    return runtime;
  }

  /** Rejects where it cannot start; its process is gone then. */
  async start(nodeId: number): Promise<void> {
    const member = this.#members.get(nodeId)!;
    const runtime = this.runtimeOf(nodeId);
    this.#runtimes.delete(nodeId);
    const { settingsOf, onFatal, storeOf = (store) => store } = this.#options;
    const settings = { ...this.#options.settings, ...settingsOf?.(nodeId) };
    try {
      const store = storeOf(await this.home.open(nodeId, runtime), runtime);
      const given = { nodeId, settings, store };
      const running = await startOrFail((fatal) => start(runtime, { ...given, onFatal: fatal }), {
        onFatal: (error) => {
          if (onFatal === undefined) throw error;
          onFatal(nodeId, error);
        },
      });
      Object.assign(member, { running, runtime });
      this.brokers.set(nodeId, running);
    } catch (error) {
      this.end(nodeId, "kill");
      throw error;
    }
  }

  filesOf(nodeId: number): Files {
    return (this.#members.get(nodeId)!.runtime ?? this.runtimeOf(nodeId)).files;
  }

  foldersOf(nodeId: number): readonly string[] {
    const { settings, settingsOf } = this.#options;
    const given = settingsOf?.(nodeId)["log.dirs"] ?? settings?.["log.dirs"];
    return `${given ?? `/${machineOf(nodeId)}`}`.split(",");
  }

  async stop(nodeId: number): Promise<void> {
    const { running, name } = this.#members.get(nodeId)!;
    await running?.close();
    this.#forget(nodeId);
    await this.home.onStopped(nodeId);
    this.world.kill(name);
  }

  /** Its process is gone; others find out when its session is over. */
  end(nodeId: number, how: "crash" | "kill"): void {
    this.world[how](this.#members.get(nodeId)!.name);
    this.#forget(nodeId);
    this.home.onDied(nodeId);
  }

  #forget(nodeId: number): void {
    Object.assign(this.#members.get(nodeId)!, { running: undefined, runtime: undefined });
    this.brokers.delete(nodeId);
  }

  pause(nodeId: number, isPaused: boolean): void {
    const { name } = this.#members.get(nodeId)!;
    this.home.onPaused(nodeId, isPaused);
    if (isPaused) this.world.stop(name);
    else this.world.resume(name);
  }

  loseMetadata(nodeIds: readonly number[]): void {
    for (const nodeId of nodeIds) this.home.cutOff(nodeId, true);
  }

  partitionNetwork(groups: readonly (readonly number[])[]): void {
    for (const [i, group] of groups.entries()) {
      for (const nodeId of group) {
        if (i > 0) this.home.cutOff(nodeId, true);
        for (const other of groups.slice(i + 1).flat()) {
          this.world.partition(machineOf(nodeId), machineOf(other));
        }
      }
    }
  }

  heal(): void {
    for (const nodeId of this.#members.keys()) this.rejoin(nodeId);
  }

  rejoin(nodeId: number): void {
    const name = machineOf(nodeId);
    for (const { name: other } of this.#members.values()) this.world.heal(name, other);
    this.home.cutOff(nodeId, false);
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
  const { world, brokers, home } = cluster;
  const pass = (ms: number) => new Promise<void>((go) => runtime.timers.after(ms, go));
  return {
    world,
    metadata: home,
    etcd: home.etcd,
    brokers,
    runtime,
    lines,
    pass,
    partition: (topic, id) => itemAt(home.image.topic(topic)!.partitions, id),
    async client({ requestTimeoutMs = 10_000, network } = {}) {
      const bootstrap = [...brokers.keys()].map((id) => `${hostOf(id)}:${port}`).join(",");
      const its = network === undefined
        ? runtime
        : { ...runtime, network: network(runtime.network) };
      const client = await Client.connect(its, { bootstrap, requestTimeoutMs });
      clients.push(client);
      return client;
    },
    connect: async (nodeId) =>
      new RawClient(
        socketTransport(await runtime.network.connect({ host: hostOf(nodeId), port })),
      ),
    async lead(topic, partitionId, leader) {
      const fields = { topicId: home.image.topic(topic)!.id, partitionId, leader };
      await home.append([{ type: "PartitionChangeRecord", version: 0, fields }]);
      await pass(heardMs);
    },
    crash: (nodeId) => cluster.end(nodeId, "crash"),
    files: (nodeId) => cluster.filesOf(nodeId),
    folders: (nodeId) => cluster.foldersOf(nodeId),
    kill: (nodeId) => cluster.end(nodeId, "kill"),
    pause: (nodeId) => cluster.pause(nodeId, true),
    resume: (nodeId) => cluster.pause(nodeId, false),
    loseMetadata: (...nodeIds) => cluster.loseMetadata(nodeIds),
    start: (nodeId) => cluster.start(nodeId),
    stop: (nodeId) => cluster.stop(nodeId),
    partitionNetwork: (...groups) => cluster.partitionNetwork(groups),
    heal: () => cluster.heal(),
    rejoin: (nodeId) => cluster.rejoin(nodeId),
    async until(holds) {
      while (!holds()) await pass(10);
    },
  };
}

function hostOf(nodeId: number): string {
  return `10.0.0.${nodeId}`;
}

/** What a broker cannot go on after while it starts is why it does not start. */
async function startOrFail<T>(
  start: (onFatal: (error: unknown) => void) => Promise<T>,
  { onFatal }: { readonly onFatal: (error: unknown) => void },
): Promise<T> {
  let isStarting = true;
  return await new Promise<T>((resolve, reject) => {
    const fatal = (error: unknown) => isStarting ? reject(error) : onFatal(error);
    start(fatal).then(resolve, reject);
  }).finally(() => isStarting = false);
}

function start(
  runtime: Runtime,
  { nodeId, settings, store, onFatal }: {
    readonly nodeId: number;
    readonly settings: Readonly<Record<string, string | number>>;
    readonly store: MetadataStore;
    readonly onFatal: (error: unknown) => void;
  },
): Promise<RunningBroker> {
  const { config } = loadConfig({
    flags: { host: hostOf(nodeId), port },
    options: {
      "log.dirs": `/${machineOf(nodeId)}`,
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
    onFatal,
  });
}
