// Several brokers of one cluster in this process: real brokers, each with a port of its own and its
// files in memory, or a folder of its own, replicas of each other by real connections. What a test
// of a client against a cluster that fails needs.
//
//   1 ──┐                     kill(2)               its connections are reset, nothing is written
//   2 ──┼── SharedMetadata    restart(2)            on the files that it has left
//   3 ──┘                     partition([1], [2, 3])  the larger part goes on; clients reach both
//
// Invariant: at the end nothing of it is left, no port, no timer.

import { UsageFault } from "../../base/faults.ts";
import type { BrokerId } from "../../base/ids.ts";
import {
  MemoryMetadataStore,
  type MetadataMember,
  type SharedHome,
  SharedMetadata,
} from "../../cluster/mod.ts";
import type { Address, Files, Logger, Runtime, Timer } from "../../runtime/ports.ts";
import { Broker } from "../broker.ts";
import {
  type BrokerConfig,
  type ConfigInput,
  loadConfig,
  type ProgramOptions,
} from "../config/mod.ts";
import type { TraceFilter } from "../network/trace_filter.ts";
import { checkPortsForNewFolder } from "../network/free_ports.ts";
import { Gate } from "./gate.ts";
import { KeptMetadata, metadataNodeId, newClusterId, takeFolder } from "./kept_metadata.ts";

export interface LocalClusterOptions {
  readonly runtime: Runtime;
  /** How many, with the ids 1 and up. */
  readonly brokers: number;
  readonly host: string;
  /** Port of the first one, the others' are the next; 0: free ones. */
  readonly port: number;
  /** Kafka's own keys, for each of them. */
  readonly settings: ProgramOptions;
  /** What else they are configured by: flags go before `settings`, and those before the others. */
  readonly input?: ConfigInput;
  readonly logger: Logger;
  /** Where all is kept, as kept_metadata.ts has it; absent: it is in memory. */
  readonly dataDir?: string | undefined;
  /** So long a broker that is gone is not missed. */
  readonly sessionMs: number;
  /** Takes the lines of a trace, with the id of the broker; absent: nothing is traced. */
  readonly trace?: (id: BrokerId, line: string) => void;
  /** What the trace is about; absent: everything. */
  readonly traceFilter?: TraceFilter;
  /** A bug of ours that must not be lived with, in any of them; absent: it is only logged. */
  readonly onFatal?: (error: unknown) => void;
}

interface Member {
  readonly id: BrokerId;
  /** What it has in memory. */
  readonly files: Files;
  gate: Gate | undefined;
  store: MetadataMember | undefined;
  running: Broker | undefined;
  /** Where it listens for clients, once it has. */
  address: Address | undefined;
  /** Those of all its listeners. */
  ports: readonly number[];
}

/** Brokers of one cluster that run here. */
export class LocalCluster {
  readonly #options: LocalClusterOptions;
  readonly #metadata: SharedMetadata<SharedHome>;
  readonly #kept: KeptMetadata | undefined;
  readonly #members: readonly Member[];
  readonly #clusterId: string;
  /** By broker: which part of a network that is parted it is in. */
  #parts = new Map<BrokerId, number>();
  /** Sessions that are about to run out. */
  readonly #missing = new Set<Timer>();

  private constructor(
    options: LocalClusterOptions,
    { clusterId, kept }: { clusterId: string; kept: KeptMetadata | undefined },
  ) {
    const { runtime, brokers } = options;
    this.#options = options;
    this.#clusterId = clusterId;
    this.#kept = kept;
    this.#metadata = new SharedMetadata<SharedHome>(kept ?? new MemoryMetadataStore());
    this.#members = Array.from({ length: brokers }, (_, i) => ({
      id: i + 1,
      files: runtime.memoryFiles(),
      gate: undefined,
      store: undefined,
      running: undefined,
      address: undefined,
      ports: [],
    }));
  }

  /**
   * Starts all of them; resolves once clients can connect to each. Throws UsageFault where the
   * folder is of another number of brokers.
   */
  static async start(options: LocalClusterOptions): Promise<LocalCluster> {
    const { runtime, brokers, dataDir } = options;
    const given = configOf(options, { "node.id": metadataNodeId }).get("cluster.id");
    if (dataDir !== undefined && options.port !== 0) {
      const { host, port } = options;
      const ports = Array.from({ length: brokers }, (_, i) => ({ host, port: port + i }));
      await checkPortsForNewFolder(runtime, { folders: [dataDir], ports });
    }
    const memory = { clusterId: given ?? newClusterId(runtime), path: undefined };
    const folder = dataDir === undefined
      ? memory
      : await takeFolder(runtime, { path: dataDir, nodes: brokers, clusterId: given });
    const { clusterId, path } = folder;
    const kept = path === undefined ? undefined : await KeptMetadata.open({
      runtime,
      folder: { path, clusterId },
      config: configOf(options, {
        "node.id": metadataNodeId,
        "cluster.id": clusterId,
        folder: "metadata",
      }),
      logger: options.logger,
      onFatal: (error) => options.onFatal?.(error),
    });
    const cluster = new LocalCluster(options, { clusterId, kept });
    try {
      for (const member of cluster.#members) await cluster.#start(member);
    } catch (error) {
      await cluster.close();
      throw error;
    }
    return cluster;
  }

  /** Where each broker listens, or last did, in the order of their ids. */
  get addresses(): readonly Address[] {
    return this.#members.flatMap(({ address }) => address === undefined ? [] : [address]);
  }

  /** Ids of those that run. */
  get running(): readonly BrokerId[] {
    return this.#members.filter(({ running }) => running !== undefined).map(({ id }) => id);
  }

  /** A broker dies at once: its connections are reset, and what it had under way is gone. */
  kill(id: BrokerId): void {
    const member = this.#member(id, "running");
    this.#forget(member);
    this.#missLater(id);
  }

  /** A broker stops as it should: others lead before it is gone. */
  async stop(id: BrokerId): Promise<void> {
    const member = this.#member(id, "running");
    await member.running?.close();
    this.#forget(member);
  }

  /** A broker starts again, at the same port, on the files that it has left. */
  async restart(id: BrokerId): Promise<void> {
    await this.#start(this.#member(id, "stopped"));
  }

  /**
   * Parts the network: brokers of different groups do not reach each other. The largest group, the
   * first of them, keeps the metadata; clients reach all. Brokers that no group names are with it.
   */
  partition(...groups: readonly (readonly BrokerId[])[]): void {
    for (const id of groups.flat()) this.#member(id);
    const main = groups.reduce((a, b) => b.length > a.length ? b : a, []);
    const others = groups.filter((each) => each !== main);
    this.#parts = new Map(others.flatMap((group, i) => group.map((id) => [id, i + 1] as const)));
    for (const { id, gate, store } of this.#members) {
      gate?.dropParted();
      const isCutOff = this.#parts.has(id);
      store?.cutOff(isCutOff);
      if (isCutOff) this.#missLater(id);
    }
  }

  /** Everybody reaches everybody again. */
  heal(): void {
    this.#parts.clear();
    for (const { store } of this.#members) store?.cutOff(false);
  }

  /** Stops all of them. */
  async close(): Promise<void> {
    this.heal();
    for (const timer of this.#missing) timer.cancel();
    await Promise.all(this.#members.map(async (member) => {
      await member.running?.close();
      this.#forget(member);
    }));
    await this.#kept?.close();
  }

  async #start(member: Member): Promise<void> {
    const { id, files } = member;
    const { runtime, port, logger, trace, traceFilter, onFatal } = this.#options;
    const isApart = (address: Address) => this.#areApart(id, address);
    const gate = member.gate = new Gate(runtime, { files, isApart });
    const store = member.store = this.#metadata.member(() => gate.runtime.timers.turn());
    const config = configOf(this.#options, {
      port: member.address?.port ?? (port === 0 ? 0 : port + id - 1),
      folder: `${id}`,
      "node.id": id,
      "cluster.id": this.#clusterId,
    });
    member.running = await Broker.start({
      runtime: gate.runtime,
      config,
      metadata: store,
      logger: ofOne(logger.child(`broker${id}`), () => member.gate === gate),
      trace: trace && ((line) => trace(id, line)),
      traceFilter,
      onFatal,
    });
    member.address = member.running.address;
    member.ports = member.running.ports;
  }

  #forget(member: Member): void {
    member.gate?.shut();
    if (member.store !== undefined) this.#metadata.leave(member.store);
    member.store = member.running = member.gate = undefined;
  }

  /** Others take it for dead once its session is over, unless it is back by then. */
  #missLater(id: BrokerId): void {
    const { liveness } = this.#metadata;
    const epoch = liveness.alive(id);
    const timer = this.#options.runtime.timers.after(this.#options.sessionMs, () => {
      this.#missing.delete(timer);
      const isAway = this.#member(id).store?.isCutOff ?? true;
      if (isAway && liveness.alive(id) === epoch) liveness.expire(id);
    });
    this.#missing.add(timer);
  }

  #areApart(id: BrokerId, address: Address): boolean {
    const other = this.#members.find(({ ports }) => ports.includes(address.port));
    return other !== undefined && this.#partOf(id) !== this.#partOf(other.id);
  }

  #partOf(id: BrokerId): number {
    return this.#parts.get(id) ?? 0;
  }

  #member(id: BrokerId, state?: "running" | "stopped"): Member {
    const member = this.#members.find((each) => each.id === id);
    if (member === undefined) {
      throw new UsageFault(`there is no broker ${id}: they are 1 to ${this.#members.length}`);
    }
    const isRunning = member.running !== undefined;
    if (state === "running" && !isRunning) throw new UsageFault(`broker ${id} does not run`);
    if (state === "stopped" && isRunning) throw new UsageFault(`broker ${id} runs already`);
    return member;
  }
}

/** What one of them goes by; `folder` is its place in the folder of all. */
function configOf(
  { host, input, settings, dataDir }: LocalClusterOptions,
  { port = 0, folder = "", ...own }: ProgramOptions & { port?: number; folder?: string },
): BrokerConfig {
  const place = dataDir === undefined
    ? { ephemeral: true, dataDir: undefined }
    : { ephemeral: false, dataDir: `${dataDir}/${folder}` };
  const flags = { ...input?.flags, host, port, ...place };
  return loadConfig({ ...input, flags, options: { ...settings, ...own } }).config;
}

/** A broker's log lines, while it lives: what the dead have to say is no news. */
function ofOne(logger: Logger, isAlive: () => boolean): Logger {
  return {
    enabled: (level) => isAlive() && logger.enabled(level),
    log: (level, message, fields) => {
      if (isAlive()) logger.log(level, message, fields);
    },
    child: (name) => ofOne(logger.child(name), isAlive),
  };
}
