// Ottla as a library: a Kafka-compatible broker inside your own process, for Deno, Bun and Node.
//
//   import { Broker } from "./mod.ts";
//   await using broker = await Broker.start();
//   const kafka = new Kafka({ brokers: [broker.bootstrap] });   // any Kafka client
//
//   await using cluster = await connect({ bootstrap: broker.bootstrap });   // or this small one
//   await cluster.producer().send({ topic: "orders", value: "paid" });
//
//   await using three = await LocalCluster.start({ brokers: 3 });   // replicas of each other
//   three.kill(2);
//
// It is the same broker as the `ottla` program, with defaults that suit a test: a free port, the
// loopback address, everything in memory. The client is loaded when `connect` is first called: who
// brings another one does not pay for it.

import { formatAddress } from "./src/base/address.ts";
import { UsageFault } from "./src/base/faults.ts";
import { checkOptions, type OptionKinds } from "./src/base/options.ts";
import {
  checkPortsFirst,
  clusterDefaults,
  type LocalCluster as RunningCluster,
  type RunningBroker,
  startBroker,
  startLocalCluster,
} from "./src/broker/mod.ts";
import type { MonitoredBroker } from "./src/http/mod.ts";
import type { ClientOptions, Cluster } from "./client.ts";
import {
  type BrokerOptions,
  ephemeralDefaults,
  type LibraryRuntime,
  libraryRuntime,
  startOf,
} from "./src/library/start.ts";
import { detectRuntime } from "./src/runtime/detect.ts";
import type { Address, LogLevel } from "./src/runtime/ports.ts";

export type * from "./client.ts";
export type {
  AclOperation,
  BrokerAcl,
  BrokerTlsOptions,
} from "./src/broker/access/secured_options.ts";
export { KafkaError } from "./src/client/faults.ts";
export { ConnectionFault, OttlaError, PlatformFault, UsageFault } from "./src/base/faults.ts";
export type { BrokerOptions } from "./src/library/start.ts";
export type { LogLevel } from "./src/runtime/ports.ts";

/** A broker that runs in this process. Many may run at a time. */
export class Broker implements AsyncDisposable {
  readonly #running: RunningBroker | MonitoredBroker;
  readonly #waitedFor: LibraryRuntime["waitedFor"];

  private constructor(
    running: RunningBroker | MonitoredBroker,
    waitedFor: LibraryRuntime["waitedFor"],
  ) {
    this.#running = running;
    this.#waitedFor = waitedFor;
  }

  /**
   * Starts a broker and resolves once clients can connect.
   *
   * Throws {@link UsageFault} for options that do not fit together or an invalid configuration, and
   * PlatformFault when the port or the folder cannot be used.
   */
  static async start(options: BrokerOptions = {}): Promise<Broker> {
    const { config, access } = await startOf(options);
    const { runtime, waitedFor } = libraryRuntime(await detectRuntime(), options);
    const logger = runtime.logger({ level: options.logLevel ?? "error", format: "text" });
    const start = config.get("ottla.metrics.port") === null
      ? startBroker
      : (await import("./src/http/mod.ts")).startMonitoredBroker;
    const starting = async () => {
      await checkPortsFirst({ runtime, config });
      return await start({ runtime, config, logger, access });
    };
    return new Broker(await waitedFor<RunningBroker | MonitoredBroker>(starting), waitedFor);
  }

  /** Where it listens. */
  get address(): Address {
    return this.#running.address;
  }

  /** Where /metrics and /health are, when `ottla.metrics.port` is configured. */
  get metricsAddress(): Address | undefined {
    return "metricsAddress" in this.#running ? this.#running.metricsAddress : undefined;
  }

  /** HOST:PORT, as Kafka clients take it for `bootstrap.servers` or `brokers`. */
  get bootstrap(): string {
    return formatAddress(this.#running.address);
  }

  /** Stops it: connections end, and what is on disk is synced. */
  async close(): Promise<void> {
    await this.#waitedFor(() => this.#running.close());
  }

  /** As {@link Broker.close}. */
  async [Symbol.asyncDispose](): Promise<void> {
    await this.close();
  }
}

/** How to start several brokers of one cluster. */
export interface LocalClusterOptions {
  /** How many; the default is 3. */
  readonly brokers?: number;
  /** TCP port of the first one, the others take the next; 0, the default, takes free ones. */
  readonly port?: number;
  /** Address to listen on; the default is 127.0.0.1. */
  readonly host?: string;
  /**
   * Folder that keeps records and metadata, for the next cluster of as many brokers that is started
   * in it; without it everything is in memory.
   */
  readonly dataDir?: string;
  /** Kafka's own configuration keys, for each broker. */
  readonly config?: BrokerOptions["config"];
  /** For so long, in ms, a broker that is gone is not missed by the others; the default is 100. */
  readonly sessionMs?: number;
  /** What to log to standard error; the default is "error". */
  readonly logLevel?: LogLevel;
  /** Lets the process end while the brokers run, as timers do that are `unref`. Default false. */
  readonly unref?: boolean;
}

const clusterOptionKinds: OptionKinds<LocalClusterOptions> = {
  brokers: "count",
  port: "count",
  host: "text",
  dataDir: "text",
  config: "object",
  sessionMs: "duration",
  logLevel: ["trace", "debug", "info", "warn", "error"],
  unref: "flag",
};

/**
 * Several brokers of one cluster in this process, replicas of each other: for tests of how a client
 * gets on with brokers that fail. Their ids are 1 and up, everything is in memory unless `dataDir`
 * names a folder. A new topic has three replicas, and acks=all waits for two, or for as many as
 * there are brokers.
 */
export class LocalCluster implements AsyncDisposable {
  readonly #running: RunningCluster;
  readonly #waitedFor: LibraryRuntime["waitedFor"];

  private constructor(running: RunningCluster, waitedFor: LibraryRuntime["waitedFor"]) {
    this.#running = running;
    this.#waitedFor = waitedFor;
  }

  /**
   * Starts the brokers and resolves once clients can connect to each.
   *
   * Throws {@link UsageFault} for options that do not fit together or an invalid configuration, and
   * PlatformFault when a port cannot be used.
   */
  static async start(options: LocalClusterOptions = {}): Promise<LocalCluster> {
    checkOptions("LocalCluster.start", options, clusterOptionKinds);
    const { brokers = 3, port = 0, host = "127.0.0.1", sessionMs = 100, dataDir } = options;
    if (brokers === 0) throw new UsageFault("brokers: 0 makes no cluster: give 1 or more");
    const { runtime, waitedFor } = libraryRuntime(await detectRuntime(), options);
    const logger = runtime.logger({ level: options.logLevel ?? "error", format: "text" });
    const settings = { ...ephemeralDefaults, ...clusterDefaults(brokers), ...options.config };
    const start = { runtime, brokers, host, port, settings, logger, sessionMs, dataDir };
    return new LocalCluster(await waitedFor(() => startLocalCluster(start)), waitedFor);
  }

  /** HOST:PORT of each broker, with commas, as Kafka clients take it for `bootstrap.servers`. */
  get bootstrap(): string {
    return this.#running.addresses.map(formatAddress).join(",");
  }

  /** Where each broker listens, or last did, in the order of their ids. */
  get addresses(): readonly Address[] {
    return this.#running.addresses;
  }

  /** Ids of the brokers that run. */
  get running(): readonly number[] {
    return this.#running.running;
  }

  /** A broker dies at once: its connections are reset, what it had under way is gone. */
  kill(id: number): void {
    this.#running.kill(id);
  }

  /** A broker stops as it should: others lead what it led before it is gone. */
  async stop(id: number): Promise<void> {
    await this.#waitedFor(() => this.#running.stop(id));
  }

  /** One that is gone starts again, at the same port, with what it had written. */
  async restart(id: number): Promise<void> {
    await this.#waitedFor(() => this.#running.restart(id));
  }

  /**
   * Parts the network: `partition([1], [2, 3])`. Brokers of different groups do not reach each
   * other, and the largest group goes on; clients reach all of them.
   */
  partition(...groups: readonly (readonly number[])[]): void {
    this.#running.partition(...groups);
  }

  /** All brokers reach each other again. */
  heal(): void {
    this.#running.heal();
  }

  /** Stops all brokers. */
  async close(): Promise<void> {
    await this.#waitedFor(() => this.#running.close());
  }

  /** As {@link LocalCluster.close}. */
  async [Symbol.asyncDispose](): Promise<void> {
    await this.close();
  }
}

/**
 * Connects to the first broker of `bootstrap` that answers. Loads the client when it is first
 * called.
 *
 * Throws PlatformFault, at once, when none does.
 */
export async function connect(options: ClientOptions): Promise<Cluster> {
  const { Cluster } = await import("./client.ts");
  return await Cluster.connect(options);
}
