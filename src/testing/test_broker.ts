// A broker for one test: declared, looked into, disturbed, moved through time, copied.
//
//   start ──> running ──restart──> running ──close──> gone
//               │ snapshot
//               v
//            Snapshot ──fork──> another broker, running
//
// It is the broker of the library, whose ports are wrapped: time by KitTime, files by
// troubledFiles, requests by Intercept. Invariant: nothing of it is left after `close`, and a fork
// and what it was taken from never see each other's changes.

import { formatAddress } from "../base/address.ts";
import { UsageFault } from "../base/faults.ts";
import { checkOptions, type OptionKinds } from "../base/options.ts";
import { type BrokerConfig, type RunningBroker, startBroker } from "../broker/mod.ts";
import { Client } from "../client/mod.ts";
import {
  brokerOptionKinds,
  type BrokerOptions,
  type LibraryRuntime,
  libraryRuntime,
  type LibraryStart,
  startOf,
} from "../library/start.ts";
import { detectRuntime } from "../runtime/detect.ts";
import { copyOf, MemoryFiles, type MemoryFolder } from "../runtime/memory_files.ts";
import type { Address, Files, Logger } from "../runtime/ports.ts";
import { applyDeclaration, checkDeclaration, type Declaration } from "../seed/mod.ts";
import { type Duration, millisecondsOf } from "./durations.ts";
import { Faults } from "./faults.ts";
import { Intercept, kitClientId } from "./intercept.ts";
import { type KitAccess, kitAccess } from "./kit_access.ts";
import { type DiskTrouble, troubledFiles } from "./kit_files.ts";
import { KitTime } from "./kit_time.ts";
import { loggerOf, type LogLine } from "./log_lines.ts";
import {
  readGroup,
  readTopic,
  type RecordsOptions,
  type TestGroup,
  type TestRecord,
} from "./reading.ts";
import { Release } from "./releases.ts";
import type { KafkaRelease } from "./releases_table.ts";
import { type KafkaRequest, RequestLog, Requests } from "./requests.ts";
import {
  type GroupGoal,
  type RecordsGoal,
  type RequestsGoal,
  waitFor,
  type WaitOptions,
} from "./waiting.ts";

/** How to start a test's broker: as the library's, and more. */
export interface TestBrokerOptions extends BrokerOptions, Declaration {
  /** Begins with what was in another broker, in memory. */
  readonly snapshot?: Snapshot;
  /** Passes for a release of Kafka: its APIs, versions and features, such as "2.8". */
  readonly asKafka?: KafkaRelease;
  /** Gets the lines of its log, in place of standard error. */
  readonly logger?: (line: LogLine) => void;
}

const optionKinds: OptionKinds<TestBrokerOptions> = {
  ...brokerOptionKinds,
  topics: "object",
  groups: "object",
  snapshot: "object",
  asKafka: "text",
  logger: "function",
};

/** All that was in a broker's memory, as it was then. */
export class Snapshot {
  readonly #root: MemoryFolder;
  readonly #options: TestBrokerOptions;

  /** @internal Made by `broker.snapshot()`. */
  constructor(root: MemoryFolder, options: TestBrokerOptions) {
    this.#root = copyOf(root);
    this.#options = options;
  }

  /** Starts a broker that begins so, as often as wanted. */
  fork(options: TestBrokerOptions = {}): Promise<Broker> {
    return Broker.start({ ...this.#options, ...options, snapshot: this });
  }

  /** @internal Another copy, for a broker to change. */
  copy(): MemoryFolder {
    return copyOf(this.#root);
  }
}

/** What lasts through the restarts of one test broker. */
interface World extends LibraryRuntime {
  readonly options: TestBrokerOptions;
  readonly time: KitTime;
  /** Of a broker in memory: all that it has. */
  readonly root: MemoryFolder | undefined;
  readonly log: RequestLog;
  readonly faults: Faults;
  readonly intercept: Intercept;
  readonly logger: Logger;
  /** How the kit's own client comes in; undefined: as every client. */
  readonly access: KitAccess | undefined;
}

/** A broker for tests, in this process, on a port of its own. */
export class Broker implements AsyncDisposable {
  /** Makes things go wrong: `using fault = broker.faults.fail(...)`. */
  readonly faults: Faults;
  /** The requests that clients have sent and send. */
  readonly requests: Requests;
  /** The broker's time. */
  readonly clock: TestClock;
  readonly #world: World;
  #running: RunningBroker;
  #client: Promise<Client> | undefined;
  #closing: Promise<void> | undefined;

  private constructor(world: World, running: RunningBroker) {
    this.#world = world;
    this.#running = running;
    this.faults = world.faults;
    this.requests = new Requests(world.log);
    this.clock = new TestClock(world.time);
  }

  /**
   * Starts a broker and resolves once it has what is declared, and clients can connect.
   *
   * Throws UsageFault for options that do not fit together, PlatformFault when the port or the
   * folder cannot be used.
   */
  static async start(options: TestBrokerOptions = {}): Promise<Broker> {
    const { topics, groups, snapshot: _, asKafka: __, logger: ___, ...library } = checkOptions(
      "Broker.start",
      options,
      optionKinds,
    );
    const declaration = checkDeclaration("Broker.start", { topics, groups });
    const { runtime, waitedFor } = libraryRuntime(await detectRuntime(), library);
    const access = kitAccess(library, runtime.random);
    const start = await startOf(
      { ...library, config: { ...kitDefaults, ...library.config } },
      access?.own,
    );
    const { config } = start;
    const of = { runtime, waitedFor, config, access };
    const world = worldOf({ ...options, topics, groups }, of);
    return await waitedFor(async () => {
      const broker = new Broker(world, await startIn(world, start));
      try {
        if (topics !== undefined || groups !== undefined) await broker.#apply(declaration);
        return broker;
      } catch (error) {
        await broker.close();
        throw error;
      }
    });
  }

  /** Where it listens. */
  get address(): Address {
    return this.#running.address;
  }

  /** HOST:PORT, as Kafka clients take it for `bootstrap.servers` or `brokers`. */
  get bootstrap(): string {
    return formatAddress(this.address);
  }

  /** All records of a topic, by partition and offset; none of a topic that there is not. */
  async records(topic: string, options: RecordsOptions = {}): Promise<TestRecord[]> {
    return await this.#asked((client) => readTopic(client, topic, options));
  }

  /** How a group stands; its state is Dead where there is none. */
  async group(groupId: string): Promise<TestGroup> {
    return await this.#asked((client) => readGroup(client, groupId));
  }

  /** Waits until a topic has so many records, and gives all that it has. Throws WaitTimeout. */
  waitFor(goal: RecordsGoal, options?: WaitOptions): Promise<TestRecord[]>;
  /** Waits until a group stands so. Throws WaitTimeout. */
  waitFor(goal: GroupGoal, options?: WaitOptions): Promise<TestGroup>;
  /** Waits until such requests have come. Throws WaitTimeout. */
  waitFor(goal: RequestsGoal, options?: WaitOptions): Promise<KafkaRequest[]>;
  /** Waits until a function gives something, or throws no more. Throws WaitTimeout. */
  waitFor<T>(
    goal: () => T | undefined | null | false | Promise<T | undefined | null | false>,
    options?: WaitOptions,
  ): Promise<T>;
  async waitFor(
    goal: RecordsGoal | GroupGoal | RequestsGoal | (() => unknown),
    options: WaitOptions = {},
  ): Promise<unknown> {
    const { timers, clock } = this.#world.runtime;
    const { requests } = this;
    const monotonic = () => clock.monotonic();
    return await this.#asked((client) =>
      waitFor({ client, requests, timers, monotonic }, goal, options)
    );
  }

  /** Makes what is declared, where it is not there: as the options of `start`. */
  async seed(declaration: Declaration): Promise<void> {
    const checked = checkDeclaration("broker.seed", declaration);
    await this.#apply(checked);
  }

  /** All that it has in memory now. Throws UsageFault for a broker with a folder. */
  snapshot(): Snapshot {
    const { root, options } = this.#world;
    if (root === undefined) {
      throw new UsageFault("a broker with a dataDir has no snapshot: copy the folder");
    }
    const { topics: _, groups: __, port: ___, snapshot: ____, ...rest } = options;
    return new Snapshot(root, rest);
  }

  /** Starts another broker with all that this one has now. */
  fork(options: TestBrokerOptions = {}): Promise<Broker> {
    return this.snapshot().fork(options);
  }

  /**
   * Stops it and starts it again on the same port, with what it had, in memory, too. Faults and
   * the requests that are kept stay.
   */
  async restart(): Promise<void> {
    await this.#world.waitedFor(() => this.#restart());
  }

  async #restart(): Promise<void> {
    const { port } = this.address;
    await this.#stop();
    const { dataDir, host, config, tls, users, acls } = this.#world.options;
    const options = {
      ...{ dataDir, host, port, tls, users, acls },
      config: { ...kitDefaults, ...config },
    };
    const start = await startOf(options, this.#world.access?.own);
    this.#running = await startIn(this.#world, start);
    this.#world.log.reopen();
  }

  /** Stops it: connections end, and nothing of it is left. */
  close(): Promise<void> {
    this.faults.clear();
    this.#closing ??= this.#world.waitedFor(() => this.#stop());
    return this.#closing;
  }

  /** As {@link Broker.close}. */
  async [Symbol.asyncDispose](): Promise<void> {
    await this.close();
  }

  async #stop(): Promise<void> {
    const { intercept, log } = this.#world;
    const client = this.#client;
    this.#client = undefined;
    (await client)?.close();
    intercept.release();
    log.close();
    await this.#running.close();
  }

  /** What the kit's own client does. */
  #asked<T>(work: (client: Client) => Promise<T>): Promise<T> {
    return this.#world.waitedFor(async () => await work(await this.#connected()));
  }

  async #apply(declaration: Declaration): Promise<void> {
    await this.#asked((client) => applyDeclaration(client, declaration));
  }

  /** The kit's own client, which no fault and nobody who looks at requests sees. */
  #connected(): Promise<Client> {
    const { runtime, access, options: { unref } } = this.#world;
    const { address, addresses } = this.#running;
    // The kit's listener, where there is one, is behind those that clients know.
    const at = access === undefined ? address : addresses.at(-1) ?? address;
    this.#client ??= Client.connect(runtime, {
      bootstrap: formatAddress(at),
      clientId: kitClientId,
      sasl: access?.sasl,
      unref,
    });
    return this.#client;
  }
}

/** A broker's time, which is the real one and more. */
export class TestClock {
  readonly #time: KitTime;

  /** @internal Made by the broker. */
  constructor(time: KitTime) {
    this.#time = time;
  }

  /** What the broker takes for now, in milliseconds since the Unix epoch. */
  now(): number {
    return this.#time.clock.now();
  }

  /**
   * Lets time pass for the broker, at once: what was to happen meanwhile, such as the end of a
   * session or of records' retention, has begun when it resolves.
   */
  async advance(duration: Duration): Promise<void> {
    await this.#time.advance(millisecondsOf("clock.advance", duration));
  }
}

/**
 * Without fetch sessions each Fetch names its partitions, so that faults and tests can tell what it
 * is about. A broker whose sessions are all taken is no other.
 */
const kitDefaults = { "max.incremental.fetch.session.cache.slots": 0 };

function worldOf(
  options: TestBrokerOptions,
  of: LibraryRuntime & {
    readonly config: BrokerConfig;
    readonly access: KitAccess | undefined;
  },
): World {
  const { runtime, waitedFor, config, access } = of;
  const { snapshot, asKafka } = options;
  if (snapshot !== undefined && !config.ephemeral) {
    throw new UsageFault("a snapshot starts in memory: leave dataDir out");
  }
  const time = new KitTime(runtime);
  const { clock, timers } = time;
  const empty = (): MemoryFolder => ({
    entries: new Map(),
    modifiedMs: clock.now(),
    locked: false,
  });
  const root = config.ephemeral ? snapshot?.copy() ?? empty() : undefined;
  const trouble: DiskTrouble = { isFull: false, slowness: undefined };
  const files = (files: Files) => troubledFiles(files, { trouble, timers });
  const faults = new Faults(trouble);
  const log = new RequestLog();
  const release = asKafka === undefined ? undefined : new Release(asKafka);
  return {
    options,
    waitedFor,
    runtime: {
      ...runtime,
      clock,
      timers,
      files: files(runtime.files),
      memoryFiles: () => files(new MemoryFiles({ clock, root })),
    },
    time,
    root,
    log,
    faults,
    intercept: new Intercept({ log, faults, clock, timers, release }),
    logger: loggerOf(options, runtime),
    access,
  };
}

function startIn({ runtime, intercept, logger }: World, { config, access }: LibraryStart) {
  return startBroker({ runtime, config, access, logger, around: intercept.around });
}
