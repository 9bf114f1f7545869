// A broker on a simulated machine, and raw clients on another one: time passes only while a test
// waits for something, so that a test can say to the millisecond how long it took, on a machine as
// busy as may be.
//
//   await simulated({ settings }, async ({ connect }) => {
//     using client = await connect();
//   });
//
// Invariant: the scenario's broker is closed at the end, nothing of it lives on, and no secret of
// its settings is in its log.

import { fromUtf8 } from "../../src/base/bytes.ts";
import { loadConfig, type RunningBroker, startBroker } from "../../src/broker/mod.ts";
import { readWholeFile } from "../../src/log/files/whole_file.ts";
import type {
  Files,
  LogFields,
  Logger,
  LogLevel,
  Runtime,
  Socket,
  Timers,
} from "../../src/runtime/ports.ts";
import { simulate, type Simulation } from "../../src/runtime/simulated.ts";
import { Confidence } from "./confidence.ts";
import { RawClient, type RawTransport } from "./raw_client.ts";
import { inWorldTime } from "./world_time.ts";

const port = 9092;

/** What a scenario has at hand. */
export interface SimulatedScene {
  readonly world: Simulation;
  readonly broker: RunningBroker;
  /** A new connection to the broker. */
  connect(): Promise<RawClient>;
  /** The same by another listener of the broker. */
  connectTo(port: number): Promise<RawClient>;
  /** The same from another machine of the world. */
  connectFrom(machine: Runtime): Promise<RawClient>;
  /** Milliseconds since the world began. */
  nowMs(): number;
  /** Resolves `ms` later. */
  pass(ms: number): Promise<void>;
  /** What the broker itself took for a bug. */
  readonly bugs: readonly string[];
  /** Why the broker cannot go on; undefined while it can. */
  fatal(): unknown;
}

export interface SimulatedOptions {
  /** Kafka's own keys. */
  readonly settings?: Readonly<Record<string, string | number>>;
  readonly seed?: number;
  /** Bytes that the machine's own disk has. */
  readonly diskBytes?: number;
  /** In place of the machine's own disk. */
  readonly files?: Files;
  /** The broker gives the event loop back in the middle of something. */
  readonly onTurn?: () => void;
  /** The broker serves, and what it does in the background after a start is still to come. */
  readonly onStarted?: () => void;
  /** Gets each line of the log. */
  readonly onLine?: (line: LoggedLine) => void;
}

/** A line of the log, before it is text. */
export interface LoggedLine {
  readonly level: LogLevel;
  readonly message: string;
  readonly fields: LogFields;
}

/** Runs `scenario` against a broker of its own, in simulated time. */
export async function simulated(
  options: SimulatedOptions,
  scenario: (scene: SimulatedScene) => Promise<void>,
): Promise<void> {
  // Records are stamped by the real clock: Kafka refuses those of a far future.
  const bugs: string[] = [];
  const onLogLine = (_: string, line: string) => {
    if (line.includes("this is a bug")) bugs.push(line);
  };
  const world = simulate(options.seed ?? 1, {
    startMs: Date.now(),
    onLogLine,
    disk: options.diskBytes === undefined ? {} : { capacityBytes: options.diskBytes },
  });
  const machine = world.start("broker");
  const timers: Timers = {
    after: (ms, run) => machine.timers.after(ms, run),
    turn() {
      options.onTurn?.();
      return machine.timers.turn();
    },
  };
  const server = { ...machine, timers, ...options.files && { files: options.files } };
  const client = world.start("client");
  const host = "10.0.0.1";
  await inWorldTime({ world, clock: client.clock }, async () => {
    let fatal: unknown;
    const { settings = {} } = options;
    const confidence = new Confidence(settings);
    const onLine = (line: LoggedLine) => {
      confidence.hear(`${line.message} ${JSON.stringify(line.fields)}`);
      options.onLine?.(line);
    };
    const onFatal = (error: unknown) => fatal = error;
    const broker = await start(server, { host, settings, onLine, onFatal });
    options.onStarted?.();
    const open = async ({ network }: Runtime, port: number) =>
      new RawClient(socketTransport(await network.connect({ host, port })));
    const connectTo = (port: number) => open(client, port);
    await scenario({
      world,
      broker,
      connect: () => connectTo(port),
      connectTo,
      connectFrom: (machine) => open(machine, port),
      nowMs: () => world.nowMs,
      pass: (ms) => new Promise((go) => client.timers.after(ms, go)),
      bugs,
      fatal: () => fatal,
    });
    await broker.close();
    const audit = settings["ottla.audit.log"];
    if (audit !== undefined) confidence.hear(textIn(server.files, String(audit)));
    confidence.check();
  });
}

function textIn(files: Files, path: string): string {
  return fromUtf8(readWholeFile(files, path) ?? new Uint8Array());
}

function start(
  runtime: Runtime,
  { host, settings, onLine, onFatal }: {
    host: string;
    settings: Readonly<Record<string, string | number>>;
    onLine: (line: LoggedLine) => void;
    onFatal: (error: unknown) => void;
  },
): Promise<RunningBroker> {
  const { config } = loadConfig({
    flags: {
      ...!("listeners" in settings) && { host, port },
      ...!("log.dirs" in settings) && { dataDir: "/data" },
    },
    options: { "group.initial.rebalance.delay.ms": 0, ...settings },
  });
  return startBroker({
    runtime,
    config,
    logger: heard(runtime.logger({ level: "info", format: "text" }), onLine),
    onFatal,
  });
}

/** `logger`, with `onLine` told of what it writes. */
function heard(logger: Logger, onLine: (line: LoggedLine) => void): Logger {
  return {
    enabled: (level) => logger.enabled(level),
    log(level, message, fields = {}) {
      if (logger.enabled(level)) onLine({ level, message, fields });
      logger.log(level, message, fields);
    },
    child: (name) => heard(logger.child(name), onLine),
  };
}

/** A socket of the ports as what {@link RawClient} reads and writes. */
export function socketTransport(socket: Socket): RawTransport {
  return {
    localAddr: { hostname: socket.local.host, port: socket.local.port },
    async write(bytes) {
      await socket.write(bytes.slice());
      return bytes.length;
    },
    read: (into) => socket.read(into),
    closeWrite: () => socket.closeWrite(),
    close: () => socket.close(),
  };
}
