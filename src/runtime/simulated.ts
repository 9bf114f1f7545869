// A world under a seed: virtual time, a network and a disk for each machine, and as many runtimes
// as are started in it. The same seed and options give the same history on Deno, Bun and Node;
// `traceHash` says so.
//
//   const world = simulate(42);
//   const runtime = world.start("n1");            // a process on the machine n1
//   await world.drive(scenario(runtime));         // time passes until the scenario is done
//   world.crash("n1");                            // power loss: unsynced data survives in part
//   const again = world.start("n1");              // the next process finds that disk
//
//   machine: off --start--> running --kill--> off (cache kept) | --crash--> off (disk as synced)
//
// Invariant: a process that is dead is never called again; what it waits for never settles.

import { fromUtf8 } from "../base/bytes.ts";
import { PlatformFault } from "../base/faults.ts";
import { instantCodecs } from "./codecs.ts";
import { instantDigests } from "./digests.ts";
import { formatLine } from "./log_lines.ts";
import { memoryFiles } from "./memory_files.ts";
import type {
  Clock,
  HttpPort,
  LogFields,
  Logger,
  LogLevel,
  LogOptions,
  Network,
  ProcessPort,
  Runtime,
  Signal,
  Socket,
  Timers,
} from "./ports.ts";
import { type DiskOperation, type DiskOptions, SimulatedDisk } from "./simulated_disk.ts";
import { simulatedFiles } from "./simulated_files.ts";
import { type NetworkOptions, SimulatedNetwork } from "./simulated_network.ts";
import { happenIn, type Host } from "./simulated_connection.ts";
import { simulatedHttpClient } from "./simulated_http.ts";
import { lastRank, Scheduler, SeededRandom } from "./simulated_time.ts";

/** How a world behaves; what is left out is calm: short delays, no failures. */
export interface SimulationOptions {
  readonly network?: Partial<NetworkOptions>;
  readonly disk?: Partial<DiskOptions>;
  /** What the wall clocks say when the world begins. */
  readonly startMs?: number;
  /** Gets each log line, with its end. */
  readonly onLogLine?: (machine: string, line: string) => void;
  /** So many events while one promise is waited for mean that it never settles. */
  readonly eventsMax?: number;
}

/** What is waited for never comes: nothing is left to happen, or only timers go round. */
export class NeverSettles extends Error {
  override readonly name = "NeverSettles";
}

const calmNetwork: NetworkOptions = {
  latencyMs: [0.05, 1],
  spikeProbability: 0,
  spikeMs: [20, 500],
  cutProbability: 0,
  giveUpMs: [5_000, 30_000],
};

const calmDisk: DiskOptions = {
  syncMs: [0.1, 3],
  readMs: [0.02, 1],
  spikeProbability: 0,
  spikeMs: [20, 500],
  syncFailureProbability: 0,
  capacityBytes: 2 ** 36,
};

/** 2026-01-01T00:00:00Z. */
const defaultStartMs = 1_767_225_600_000;

/** A thousand times what is lost where milliseconds of a long history are added up. */
const roundingMs = 1e-6;

/** Characters of a machine's standard output that are kept. */
const outputLengthMax = 1_000_000;

/** What of HTTP a simulated machine has: it asks others of its world. */
function simulatedHttp(network: Network, timers: Timers): HttpPort {
  const client = () => simulatedHttpClient(network, timers);
  // A real one would bring real time into a seeded history.
  const refused = () =>
    Promise.reject(new PlatformFault("Denied", "a simulated machine serves no HTTP"));
  return {
    serve: refused,
    serveTls: refused,
    ask: (url, question) => client().ask(url, question),
    client,
  };
}

const severity: readonly LogLevel[] = ["trace", "debug", "info", "warn", "error"];

interface Machine {
  readonly name: string;
  readonly address: string;
  readonly disk: SimulatedDisk;
  host: Host | undefined;
  incarnations: number;
  /** How often its power was lost. */
  boots: number;
  /** Milliseconds of its clocks in one of the world's, and when that began, by both. */
  clockRate: number;
  rateSince: { readonly worldMs: number; readonly localMs: number };
  signals: Map<Signal, Set<() => void>>;
  output: string;
}

/** Makes a world. */
export function simulate(seed: number, options: SimulationOptions = {}): Simulation {
  return new Simulation(seed, options);
}

const eventsMaxDefault = 5_000_000;

/** A world of machines under one seed. */
export class Simulation {
  readonly seed: number;
  readonly #options: SimulationOptions;
  readonly #scheduler = new Scheduler();
  readonly #machines = new Map<string, Machine>();
  readonly #hosts = new Map<string, Host>();
  readonly #network: SimulatedNetwork;

  constructor(seed: number, options: SimulationOptions) {
    this.seed = seed;
    this.#options = options;
    this.#network = new SimulatedNetwork({ ...calmNetwork, ...options.network }, {
      scheduler: this.#scheduler,
      seed,
      hosts: this.#hosts,
    });
  }

  /** Milliseconds since the world began. */
  get nowMs(): number {
    return this.#scheduler.nowMs;
  }

  /** Events so far. */
  get eventCount(): number {
    return this.#scheduler.eventCount;
  }

  /** A hash of all that happened, when and in which order. */
  get traceHash(): string {
    return this.#scheduler.traceHash;
  }

  /** Starts a process on a machine, which comes into being at its first start. */
  start(name: string): Runtime {
    const machine = this.#machine(name);
    if (machine.host?.alive) throw new Error(`a process runs on ${name} already`);
    const incarnation = machine.incarnations++;
    const { address } = machine;
    const host: Host = {
      name,
      address,
      incarnation,
      alive: true,
      isDark: false,
      stopped: undefined,
    };
    machine.host = host;
    this.#hosts.set(name, host);
    return this.#runtime(machine, host);
  }

  /** Runs the next event; false when nothing is going to happen. */
  step(): Promise<boolean> {
    return this.#scheduler.step();
  }

  /** Lets `durationMs` pass. */
  async run(durationMs: number): Promise<void> {
    const end = this.nowMs + durationMs;
    await this.#scheduler.settle();
    while ((this.#scheduler.nextDueMs() ?? Infinity) <= end && await this.#scheduler.next());
    this.#scheduler.skipTo(end);
  }

  /** Lets time pass until `promise` settles, and gives its outcome; rejects with NeverSettles. */
  async drive<T>(promise: Promise<T>): Promise<T> {
    let settled = false;
    const noticed = () => {
      settled = true;
    };
    promise.then(noticed, noticed);
    const { eventsMax = eventsMaxDefault } = this.#options;
    let events = 0;
    await this.#scheduler.settle();
    while (!settled && events < eventsMax && await this.#scheduler.next()) events++;
    if (settled) return promise;
    const left = events < eventsMax ? "nothing is left to happen" : `${events} events happened`;
    throw new NeverSettles(`${left}, and the scenario waits (seed ${this.seed})`);
  }

  /** The machine loses power: its process is gone, and of unsynced data a seeded part. */
  crash(name: string): void {
    const machine = this.#machine(name);
    this.#end(machine, { silently: true });
    machine.disk.crash();
    machine.boots++;
  }

  /** The process dies (kill -9): what it wrote stays in the page cache, connections are reset. */
  kill(name: string): void {
    this.#end(this.#machine(name), { silently: false });
  }

  /** The process stops (SIGSTOP): nothing happens in it until `resume`; its machine lives on. */
  stop(name: string): void {
    const { host } = this.#machine(name);
    if (host?.alive) host.stopped ??= [];
  }

  /** The process goes on: all that was due meanwhile happens now. */
  resume(name: string): void {
    const { host } = this.#machine(name);
    const due = host?.stopped;
    if (host === undefined || due === undefined) return;
    host.stopped = undefined;
    // One event each, in their order: what the first does may take the second back.
    const goOn = (run: () => void, i: number) =>
      this.#scheduler.after(0, {
        rank: i / 2 ** 20,
        label: `go on ${name}`,
        run: () => happenIn(host, run),
      });
    [...due, () => this.#network.resume(host)].forEach(goOn);
  }

  /** Sends a signal to the process on a machine. */
  signal(name: string, signal: Signal): void {
    for (const run of this.#machine(name).signals.get(signal) ?? []) run();
  }

  /** Nothing passes between two machines until `heal`; `oneWay`: nothing from `a` to `b`. */
  partition(a: string, b: string, options?: { readonly oneWay?: boolean }): void {
    this.#network.partition(a, b, options);
  }

  heal(a: string, b: string): void {
    this.#network.heal(a, b);
  }

  /** What one machine sends to another takes so much longer than usual; 0: as long as usual. */
  slow(from: string, to: string, byMs: number): void {
    this.#network.slow(from, to, byMs);
  }

  /** Resets the connections between two machines. */
  cut(a: string, b: string): void {
    this.#network.cut(a, b);
  }

  /** The process that has `socket` drops it without manners: the other side sees a reset. */
  reset(socket: Socket): void {
    this.#network.reset(socket);
  }

  /** Makes the next `count` file syncs on a machine fail. */
  failSyncs(name: string, count: number): void {
    this.#machine(name).disk.failSyncs(count);
  }

  /**
   * Makes all of one kind fail on a machine's disk from now on, or none any more. `folder`: a disk
   * of its own is mounted there, and is the one.
   */
  failDisk(name: string, operation: DiskOperation, isFailing: boolean, folder = "/"): void {
    this.#machine(name).disk.fail(operation, isFailing, folder);
  }

  /** Others take all of a machine's disk but so many bytes; Infinity: they give it back. */
  leaveFree(name: string, bytes: number): void {
    this.#machine(name).disk.leaveFree(bytes);
  }

  /** The clocks and timers of a machine go `rate` times as fast as the world's, from now on. */
  driftClock(name: string, rate: number): void {
    const machine = this.#machine(name);
    machine.rateSince = { worldMs: this.nowMs, localMs: this.#localMs(machine) };
    machine.clockRate = rate;
  }

  /** What the processes of a machine wrote to standard output. */
  outputOf(name: string): string {
    return this.#machine(name).output;
  }

  #end(machine: Machine, options: { silently: boolean }): void {
    const { host } = machine;
    if (!host?.alive) return;
    host.alive = false;
    machine.signals = new Map();
    machine.disk.releaseLocks();
    this.#network.drop(host, options);
  }

  #machine(name: string): Machine {
    let machine = this.#machines.get(name);
    if (machine === undefined) {
      machine = {
        name,
        address: `10.0.0.${this.#machines.size + 1}`,
        disk: new SimulatedDisk({ ...calmDisk, ...this.#options.disk }, {
          random: new SeededRandom(this.seed, `disk ${name}`),
          clock: this.#clock(() => this.#machine(name)),
        }),
        host: undefined,
        incarnations: 0,
        boots: 0,
        clockRate: 1,
        rateSince: { worldMs: 0, localMs: 0 },
        signals: new Map(),
        output: "",
      };
      this.#machines.set(name, machine);
    }
    return machine;
  }

  #clock(machine: () => Machine): Clock {
    const startMs = this.#options.startMs ?? defaultStartMs;
    return {
      now: () => Math.floor(startMs + this.#localMs(machine())),
      monotonic: () => this.#localMs(machine()),
    };
  }

  /** Milliseconds since the world began, as a machine counts them. */
  #localMs({ clockRate, rateSince }: Machine): number {
    const { worldMs, localMs } = rateSince;
    return localMs + (this.nowMs - worldMs) * clockRate;
  }

  #runtime(machine: Machine, host: Host): Runtime {
    const id = `${machine.name}.${host.incarnation}`;
    const ranks = new SeededRandom(this.seed, `ranks ${id}`);
    const after = (delayMs: number, options: { label: string; rank?: number; run: () => void }) => {
      let isCancelled = false;
      const scheduled = this.#scheduler.after(delayMs, {
        rank: options.rank ?? ranks.uint32(),
        label: `${options.label} ${id}`,
        run: () => happenIn(host, () => isCancelled || options.run()),
      });
      return {
        cancel() {
          isCancelled = true;
          scheduled.cancel();
        },
      };
    };
    const clock = this.#clock(() => machine);
    const timers: Timers = {
      after: (delayMs, run) => {
        const { clockRate, rateSince } = machine;
        // By the machine's own clock no timer is early, however that rounds.
        const rounding = rateSince.worldMs > 0 ? roundingMs : 0;
        return after(delayMs / clockRate + rounding, { label: "timer", run });
      },
      turn: () =>
        new Promise((resolve) => after(0, { label: "turn", rank: lastRank, run: resolve })),
    };
    const network = this.#network.portOf(host);
    return {
      name: "simulated",
      version: "1",
      clock,
      timers,
      random: new SeededRandom(this.seed, `random ${id}`),
      network,
      http: simulatedHttp(network, timers),
      files: simulatedFiles({
        disk: machine.disk,
        host,
        later: (delayMs, label, run) => after(delayMs, { label, run }),
      }),
      memoryFiles: () => memoryFiles({ clock }),
      process: this.#process(machine, { host, clock }),
      codecs: instantCodecs,
      digests: instantDigests,
      logger: (options) => this.#logger("", { options, clock, machine }),
    };
  }

  #process(machine: Machine, options: { host: Host; clock: Clock }): ProcessPort {
    const { host, clock } = options;
    const write = (output: string | Uint8Array) => {
      const text = typeof output === "string" ? output : fromUtf8(output);
      if (host.alive) machine.output = (machine.output + text).slice(-outputLengthMax);
    };
    return {
      arguments: [],
      environment: {},
      id: 1_000 + host.incarnation,
      startedAtMs: clock.now(),
      bootId: `${machine.name} boot ${machine.boots}`,
      onSignal(signal, run) {
        const handlers = machine.signals.get(signal) ?? new Set();
        machine.signals.set(signal, handlers.add(run));
        return () => handlers.delete(run);
      },
      exit: (code) => {
        this.#end(machine, { silently: false });
        throw new PlatformFault("Closed", `the process on ${machine.name} exited with ${code}`);
      },
      stdout: write,
      stderr: write,
      async *stdin() {},
      onStdoutUnread: () => () => {},
      stdoutIsTerminal: false,
      stdinIsTerminal: false,
      usage: () => ({ residentBytes: 2 ** 26, cpuSeconds: this.nowMs / 1_000 }),
      collectGarbage() {},
      returnLargeArrays() {},
      openFilesMax: () => undefined,
      memoryBytesMax: () => 2 ** 32,
    };
  }

  #logger(
    part: string,
    parts: { options: LogOptions; clock: Clock; machine: Machine },
  ): Logger {
    const { options, clock, machine } = parts;
    const enabled = (level: LogLevel) => severity.indexOf(level) >= severity.indexOf(options.level);
    return {
      enabled,
      log: (level: LogLevel, message: string, fields: LogFields = {}) => {
        if (!enabled(level)) return;
        const line = { timeMs: clock.now(), level, part, message, fields };
        this.#options.onLogLine?.(machine.name, formatLine(line, options.format, false));
      },
      child: (name) => this.#logger(part === "" ? name : `${part}.${name}`, parts),
    };
  }
}
