// `ottla start`: reads the configuration, starts the broker, says that it is ready, waits for the
// end.
//
//   starting --(ready line)--> serving --SIGTERM, Ctrl-C--> closing --> exit 0
//                     \--a fault that it cannot live with--^  |           (then: exit 1)
//                      a second signal; 8 s after such a fault ^--> exit 1
//
// Invariant: clients do not hold up the end for more than a second. What takes longer is a disk
// that has much to write.

import { formatAddress } from "../../base/address.ts";
import { messageOf, PlatformFault, UsageFault } from "../../base/faults.ts";
import { programVersion } from "../../base/version.ts";
import { checkPortsFirst, type ConfigInput, loadConfig, startBroker } from "../../broker/mod.ts";
import type { Files, Logger, LogLevel, Runtime, Signal } from "../../runtime/ports.ts";
import { ArgumentFault, command, type Values } from "../arguments.ts";
import { closeInTime } from "./closing.ts";
import { type CliContext, exitCode, onInterrupt } from "../context.ts";
import type { ClusterHomeOptions } from "../cluster/home.ts";
import { nearest } from "../nearest.ts";
import { readTextFile } from "../text_file.ts";
import type { ReadyLine, Started, StartGiven } from "./started.ts";
import { traceFilterOf, traceOptions } from "./trace_options.ts";
import { traceOutput } from "./trace_output.ts";

const levels: readonly LogLevel[] = ["trace", "debug", "info", "warn", "error"];
/** What it takes to close what cannot go on, which may be why it does not come to an end. */
const failedWithinMs = 8_000;

const portMax = 65_535;

const options = {
  port: { kind: "number", max: portMax, value: "PORT", about: "default 9092; 0 picks a free one" },
  host: { kind: "text", value: "HOST", about: "address to bind (default: all, as Kafka does)" },
  "data-dir": { kind: "text", value: "FOLDER", about: "default ./ottla-data" },
  ephemeral: { kind: "flag", about: "keep everything in memory: nothing survives the end" },
  nodes: { kind: "number", value: "N", about: "so many brokers here, replicas of each other" },
  "metrics-port": {
    kind: "number",
    max: portMax,
    value: "PORT",
    about: "serve /metrics and /health over HTTP",
  },
  cluster: { kind: "text", value: "etcd://HOST/NAME", about: "take part in a cluster" },
  "accept-metadata-rollback": {
    kind: "text",
    value: "IDS",
    about: "etcd was restored from an old backup: these start again",
  },
  "node-id": { kind: "number", value: "ID", about: "of this broker in its cluster (default 1)" },
  set: { kind: "list", value: "KEY=VALUE", about: "any of Kafka's broker configs" },
  config: { kind: "text", value: "FILE", about: "a Kafka server.properties, or the same as JSON" },
  "log-format": { kind: "text", value: "text|json", about: "for people or for machines" },
  "log-level": { kind: "text", value: "LEVEL", about: `${levels.join(", ")} (default info)` },
  seed: { kind: "text", value: "FILE", about: "topics, records and groups to have, as JSON" },
  ...traceOptions,
} as const;

const start = command({
  name: "start",
  operands: [],
  about: "start a broker",
  options,
  examples: [
    ["start", "on port 9092 of every address, data in ./ottla-data"],
    ["start --host 127.0.0.1 --ephemeral", "for this machine only, nothing kept"],
    ["start --data-dir /var/lib/ottla --set log.retention.hours=24", "keep records for a day"],
    ["start --metrics-port 9404", "for Prometheus, and for probes of its health"],
    ["start --cluster etcd://a:2379,b:2379/main --node-id 2", "as a broker of the cluster main"],
    ["start --nodes 3 --ephemeral", "a cluster for tests, on ports 9092 to 9094 of this machine"],
    ["start --nodes 3 --data-dir cluster", "the same, and all of it is there the next time"],
    ["start --trace --log-level warn", "watch clients talk"],
    ["start --trace-only api=Produce --trace-only topic=orders", "what is sent to one topic"],
  ],
  run: async (context, parsed) => {
    const { runtime } = context;
    const flags = parsed.options;
    const logger = runtime.logger(logOptions(flags));
    const input = configInput(runtime, flags);
    const { config: alone, warnings } = loadConfig(input);
    for (const warning of warnings) logger.log("warn", warning);
    const seed = await readSeed(runtime.files, flags.seed);
    let hasStarted = false;
    let isSignalled = false;
    const ended = signalled(context, (signal) => {
      isSignalled = true;
      const whenStarted = "closing, once it has started: a second signal ends it at once";
      logger.log("info", hasStarted ? "closing" : whenStarted, { signal });
    });
    const fatal = Promise.withResolvers<unknown>();
    const traceFilter = await traceFilterOf(flags["trace-only"]);
    const given = {
      input,
      config: alone,
      runtime,
      logger,
      trace: flags.trace || traceFilter !== undefined ? traceOutput(context, logger) : undefined,
      traceFilter,
      onLost: fatal.resolve,
      stopped: ended,
    };
    const starting = flags.nodes === undefined
      ? startOne(given)
      : (await import("./nodes.ts")).startNodes({ ...given, nodes: flags.nodes });
    const started = await starting.catch((error) => {
      // It was stopped while it waited for etcd.
      if (isSignalled && error instanceof PlatformFault && error.about === "etcd") return undefined;
      throw error;
    });
    if (started === undefined) return exitCode.ok;
    if (seed !== undefined) await seed.apply({ runtime, config: started.config, broker: started });
    hasStarted = true;
    for (const line of started.ready) logReady(logger, { ...line, runtime });
    const failure = await Promise.race([ended, fatal.promise]);
    if (failure !== undefined) logger.log("error", "stopping", { reason: messageOf(failure) });
    const withinMs = failure === undefined ? undefined : failedWithinMs;
    const { timers } = runtime;
    const isClosed = await closeInTime(() => started.close(), { timers, logger, withinMs });
    if (!isClosed) logger.log("warn", "not everything closed in time", { waitedMs: withinMs });
    await started.metadata?.close();
    return failure === undefined ? exitCode.ok : exitCode.failed;
  },
});

export const commands = [start];

/** What the command line, the environment and a file say of the configuration. */
function configInput({ files, process }: Runtime, flags: Values<typeof options>): ConfigInput {
  return {
    flags: {
      port: flags.port,
      host: flags.host,
      dataDir: flags["data-dir"],
      ephemeral: flags.ephemeral,
      metricsPort: flags["metrics-port"],
      cluster: flags.cluster,
      nodeId: flags["node-id"],
      acceptMetadataRollback: flags["accept-metadata-rollback"],
      set: flags.set,
    },
    environment: process.environment,
    file: flags.config === undefined ? undefined : {
      name: flags.config,
      text: readTextFile(files, { path: flags.config, option: "--config" }),
    },
  };
}

async function startOne(given: StartGiven): Promise<Started> {
  const { runtime, logger, trace, traceFilter, onLost } = given;
  const { config, metadata } = await homeOf(given);
  const start = config.get("ottla.metrics.port") === null
    ? startBroker
    : (await import("../../http/mod.ts")).startMonitoredBroker;
  await checkPortsFirst({ runtime, config });
  const broker = await start({
    runtime,
    config,
    metadata,
    logger,
    onFatal: onLost,
    trace,
    traceFilter,
  }).catch(onUnusableFolder);
  const { address } = broker;
  const folder = config.ephemeral ? "memory" : config.dataFolders.join(",");
  const node = metadata === undefined ? undefined : config.get("node.id");
  const ready = [{ address, folder, node }];
  return { address, close: () => broker.close(), config, metadata, ready };
}

/** Where the metadata is: in a log of this broker's own (undefined), or its cluster's. */
async function homeOf(given: ClusterHomeOptions) {
  if (given.config.get("ottla.cluster") === null) {
    return { config: given.config, metadata: undefined };
  }
  return await (await import("../cluster/home.ts")).openClusterHome(given);
}

function logOptions(flags: Values<typeof options>) {
  const { "log-format": format = "text", "log-level": level = "info" } = flags;
  if (format !== "text" && format !== "json") {
    throw new ArgumentFault(`--log-format takes text or json, not "${format}"`);
  }
  if (!levels.includes(level as LogLevel)) {
    throw new ArgumentFault(
      `--log-level takes ${levels.join(", ")}, not "${level}"${nearest(level, levels)}`,
    );
  }
  return { format, level: level as LogLevel } as const;
}

/** What the file names, if there is one: it is found out before anything starts. */
async function readSeed(files: Files, path: string | undefined) {
  if (path === undefined) return undefined;
  const { Seed } = await import("./seed.ts");
  return new Seed({ name: path, text: readTextFile(files, { path, option: "--seed" }) });
}

/** Says what to do about a data folder that cannot be created or written; throws in any case. */
function onUnusableFolder(error: unknown): never {
  const reasons = ["AlreadyExists", "Denied", "ReadOnly", "NotFound", "Io"];
  if (!(error instanceof PlatformFault) || !reasons.includes(error.kind)) throw error;
  if (error.about !== "data folder") throw error;
  throw new UsageFault(
    `${error.message}. Choose another folder with --data-dir, or make this one writable`,
    { cause: error },
  );
}

function logReady(logger: Logger, ready: ReadyLine & { readonly runtime: Runtime }): void {
  const { address, node, runtime } = ready;
  const startMs = Math.round(runtime.clock.now() - runtime.process.startedAtMs);
  logger.log("info", `Ottla is listening on ${formatAddress(address)}`, {
    ...node !== undefined && { node },
    data: ready.folder,
    version: programVersion,
    runtime: `${runtime.name} ${runtime.version}`,
    startMs,
  });
}

/** Resolves at the first signal, once `said`; a second one ends the process at once. */
function signalled(context: CliContext, said: (signal: Signal) => void): Promise<void> {
  return new Promise((resolve) => {
    onInterrupt(context, (signal) => {
      said(signal);
      resolve();
    }, { exitCodeAtOnce: exitCode.failed });
  });
}
