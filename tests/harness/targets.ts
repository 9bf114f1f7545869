// Which program is the broker under test, and how it is started.
//
//   OTTLA_TARGET = deno (default) | bun   from source, under that runtime
//                  binary                 the executable that OTTLA_BINARY names
//                  node                   the library, in a program of its own under Node; the
//                                         command line from source
//                  kafka                  Apache Kafka itself, to prove the tests; OTTLA_KAFKA=3.9
//                                         the last release before Kafka 4
//
// Invariant: whatever the target, the broker listens on 127.0.0.1, keeps its files in `dataDir`,
// and one line of its output matches `ready` once clients can connect.

import { fetchJars, type KafkaRelease } from "../conformance/java/fetch.ts";
import { run } from "./process_lines.ts";

export type Target = "deno" | "bun" | "node" | "binary" | "kafka";

export interface LaunchOptions {
  dataDir: string;
  /** 0 for any free one. */
  port: number;
  settings: Record<string, string>;
  /** Further arguments of `ottla start`; Kafka has none. */
  flags: readonly string[];
  /** Kafka's Java as for real work, not as for a quick start. */
  forLoad?: boolean;
}

export interface Launch {
  command: string;
  args: string[];
  ready: RegExp;
  /** The port, when it is known before the start; otherwise the ready line's last group has it. */
  port?: number;
  readyWithinMs: number;
  stopWithinMs: number;
}

const root = new URL("../../", import.meta.url).pathname;
const targets: readonly string[] = ["deno", "bun", "node", "binary", "kafka"];

/** The target that the environment asks for. */
export function targetFromEnvironment(): Target {
  const fallback = Deno.env.get("OTTLA_BINARY") ? "binary" : "deno";
  const target = Deno.env.get("OTTLA_TARGET") || fallback;
  if (!targets.includes(target)) {
    throw new Error(`OTTLA_TARGET is "${target}"; it can be one of: ${targets.join(", ")}`);
  }
  return target as Target;
}

/**
 * What a test that is to hold on each runtime runs on: the target that the environment asks for,
 * or, when it asks for none, the sources on Deno and, where it is installed, on Bun.
 */
export async function targetsHere(): Promise<Target[]> {
  if (Deno.env.get("OTTLA_TARGET") || Deno.env.get("OTTLA_BINARY")) {
    return [targetFromEnvironment()];
  }
  try {
    await run({ command: "bun", args: ["--version"], withinMs: 20_000 });
    return ["deno", "bun"];
  } catch (error) {
    if (!(error instanceof Deno.errors.NotFound)) throw error;
    console.log("bun is skipped: it is not installed (npm install -g bun)");
    return ["deno"];
  }
}

/** The same, and the library under Node where several are asked. */
export async function targetsWithNode(): Promise<Target[]> {
  const here = await targetsHere();
  return here.length > 1 ? [...here, "node"] : here;
}

/** The command line that starts `target`. */
export async function launch(target: Target, options: LaunchOptions): Promise<Launch> {
  if (target === "kafka") return await launchKafka(options);
  if (target === "node") return await launchLibrary(options);
  const [command, ...prefix] = await ottlaCommand(target);
  const args = [...prefix, "start", "--host", "127.0.0.1", "--port", `${options.port}`];
  args.push("--data-dir", options.dataDir);
  for (const [key, value] of Object.entries(options.settings)) {
    args.push("--set", `${key}=${value}`);
  }
  args.push(...options.flags);
  return { command: command!, args, ...ottlaLimits };
}

const ottlaLimits = {
  ready: /listening on (\S+):(\d+)/,
  readyWithinMs: 120_000,
  stopWithinMs: 60_000,
};

async function launchLibrary({ port, dataDir, settings }: LaunchOptions): Promise<Launch> {
  const program = new URL("library_broker.ts", import.meta.url).pathname;
  const args = [program, JSON.stringify({ port, dataDir, config: settings })];
  return { command: await nodePath(), args, ...ottlaLimits };
}

/**
 * The words for `ottla` on a command line: `[...await ottlaCommand("bun"), "topics"]`. Kafka, which
 * has none of ours, is used with Deno's.
 */
export async function ottlaCommand(target: Target): Promise<string[]> {
  const main = `${root}src/main.ts`;
  if (target === "bun") return ["bun", main];
  if (target === "node") return [await nodePath(), main];
  if (target !== "binary") {
    return [Deno.execPath(), "run", "-A", "--no-check", `--lock=${root}start.lock`, main];
  }
  const binary = Deno.env.get("OTTLA_BINARY");
  if (!binary) throw new Error("OTTLA_TARGET=binary needs OTTLA_BINARY, the executable's path");
  return [await Deno.realPath(binary)];
}

let nodePathOnce: Promise<string> | undefined;

/** A Node that strips types: 24, the machine's own or one that npx brings. */
export function nodePath(): Promise<string> {
  nodePathOnce ??= findNode();
  return nodePathOnce;
}

async function findNode(): Promise<string> {
  const args = ["-p", "process.versions.node + ' ' + process.execPath"];
  const own = await run({ command: "node", args, withinMs: 20_000 });
  const [version, path] = own.stdout.trim().split(" ");
  if (Number(version!.split(".")[0]) >= 24) return path!;
  // The path, not npx itself: a signal to npx would not reach the Node below it.
  const brought = await run({
    command: "npx",
    args: ["-y", "node@24", "-p", "process.execPath"],
    withinMs: 300_000,
  });
  return brought.stdout.trim();
}

const kafkaLog4j = new URL("../conformance/java/log4j2.properties", import.meta.url).pathname;

const kafkaLog4j1 = new URL("../conformance/java/log4j.properties", import.meta.url).pathname;

/** Which of Kafka's releases is meant; the newest where nothing is said. */
function kafkaRelease(): KafkaRelease {
  const release = Deno.env.get("OTTLA_KAFKA") || "4.3";
  if (release === "4.3" || release === "3.9") return release;
  throw new Error(`OTTLA_KAFKA is "${release}"; it can be 4.3 or 3.9`);
}

/** Java's options: for a start that is quick, and those of Kafka's own kafka-server-start.sh. */
const kafkaJava: Readonly<Record<"test" | "load", readonly string[]>> = {
  test: ["-Xmx512m", "-XX:TieredStopAtLevel=1", "-XX:+UseSerialGC"],
  load: [
    "-Xmx1G",
    "-Xms1G",
    "-server",
    "-XX:+UseG1GC",
    "-XX:MaxGCPauseMillis=20",
    "-XX:InitiatingHeapOccupancyPercent=35",
    "-XX:+ExplicitGCInvokesConcurrent",
  ],
};

async function launchKafka(options: LaunchOptions): Promise<Launch> {
  const jars = await fetchJars(kafkaRelease());
  const port = options.port || freePort();
  const properties = `${options.dataDir}.properties`;
  const logs = `${options.dataDir}/logs`;
  await Deno.writeTextFile(properties, kafkaProperties(options, { port, logs }));
  const java = [...options.forLoad ? kafkaJava.load : kafkaJava.test, "-Dlog.level=INFO"];
  java.push(`-Dlog4j2.configurationFile=${kafkaLog4j}`);
  java.push(`-Dlog4j.configuration=file:${kafkaLog4j1}`, "-cp", `${jars}*`);
  const format = ["kafka.tools.StorageTool", "format", "--ignore-formatted"];
  format.push("-t", "b3R0bGEtY29uZm9ybWFuYw", "-c", properties);
  await run({ command: "java", args: [...java, ...format], withinMs: 60_000 });
  return {
    command: "java",
    args: [...java, "kafka.Kafka", properties],
    ready: /Kafka Server started/,
    port,
    readyWithinMs: 60_000,
    stopWithinMs: 60_000,
  };
}

function kafkaProperties(
  options: LaunchOptions,
  { port, logs }: { port: number; logs: string },
): string {
  const controllerPort = freePort();
  const properties: Record<string, string> = {
    "process.roles": "broker,controller",
    "node.id": "1",
    "controller.quorum.voters": `1@127.0.0.1:${controllerPort}`,
    "controller.listener.names": "CONTROLLER",
    "listeners": `PLAINTEXT://127.0.0.1:${port},CONTROLLER://127.0.0.1:${controllerPort}`,
    "log.dirs": logs,
    "offsets.topic.num.partitions": "4",
    "offsets.topic.replication.factor": "1",
    "transaction.state.log.num.partitions": "4",
    "transaction.state.log.replication.factor": "1",
    "transaction.state.log.min.isr": "1",
    "share.coordinator.state.topic.num.partitions": "1",
    "share.coordinator.state.topic.replication.factor": "1",
    "share.coordinator.state.topic.min.isr": "1",
    ...options.settings,
  };
  return Object.entries(properties).map(([key, value]) => `${key}=${value}\n`).join("");
}

/** A port that was free a moment ago: Kafka's advertised listeners want a number beforehand. */
function freePort(): number {
  const listener = Deno.listen({ hostname: "127.0.0.1", port: 0 });
  const { port } = listener.addr;
  listener.close();
  return port;
}
