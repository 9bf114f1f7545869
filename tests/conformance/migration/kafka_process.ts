// Apache Kafka on a data folder that the test names, and the Java client that fills and lists a
// cluster (Cluster.java).
//
//   format (once) --> start --> fill, list --> stop          the folder stays
//
// Invariant: after `stop`, or the end of an `await using` block, the JVM has ended. One node is
// broker and controller; it takes the node id of the folder.

import { within } from "../../harness/deadline.ts";
import { ProcessLines, run } from "../../harness/process_lines.ts";
import { fetchJars } from "../java/fetch.ts";

export type Release = "3.9" | "4.3";

const java = new URL("../java/", import.meta.url).pathname;
const program = new URL("Cluster.java", import.meta.url).pathname;
const small = ["-XX:+UseSerialGC", "-XX:TieredStopAtLevel=1"];
const withinMs = 90_000;

export interface KafkaOptions {
  readonly release: Release;
  readonly folder: string;
  readonly nodeId: number;
  /** Voters named in the configuration (as before KIP-853), or kept in the log. */
  readonly voters: "static" | "dynamic";
  readonly settings?: Readonly<Record<string, string>>;
}

async function jvm(release: Release, logLevel: string): Promise<string[]> {
  const logging = [
    `-Dlog.level=${logLevel}`,
    `-Dlog4j.configuration=file:${java}log4j.properties`,
    `-Dlog4j2.configurationFile=${java}log4j2.properties`,
  ];
  return [...small, ...logging, "-cp", `${await fetchJars(release)}*`];
}

export class KafkaProcess implements AsyncDisposable {
  readonly #process: ProcessLines;
  readonly bootstrap: string;

  private constructor(process: ProcessLines, bootstrap: string) {
    this.#process = process;
    this.bootstrap = bootstrap;
  }

  /** Starts Kafka on a folder, which it formats when there is nothing in it. */
  static async start(options: KafkaOptions): Promise<KafkaProcess> {
    const { release, folder } = options;
    if (await isEmpty(folder)) await formatFolder(options);
    const port = freePort();
    const properties = await writeProperties(options, { port, controller: freePort() });
    const ready = Promise.withResolvers<void>();
    const process = new ProcessLines({
      command: "java",
      args: ["-Xmx512m", ...await jvm(release, "INFO"), "kafka.Kafka", properties],
      onLine: (line) => {
        if (line.includes("Kafka Server started")) ready.resolve();
      },
    });
    const ended = process.finished.then(({ code }) => {
      throw new Error(`Kafka ended with code ${code} before it was ready\n${process.output}`);
    });
    ended.catch(() => {}); // An end after it was ready is no news here.
    try {
      await within(Promise.race([ready.promise, ended]), {
        ms: withinMs,
        what: () => `the start of Kafka\n${process.output}`,
      });
    } catch (error) {
      await process.kill();
      throw error;
    }
    return new KafkaProcess(process, `127.0.0.1:${port}`);
  }

  /** Ends it cleanly. Returns what it has logged. */
  async stop(): Promise<string> {
    if (!this.#process.ended) await this.#process.stop(withinMs);
    return this.#process.output;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    if (!this.#process.ended) await this.#process.kill();
  }
}

/**
 * Formats the folder with Kafka's StorageTool, told `flags` besides what the options say. Returns
 * the properties file.
 */
export async function formatFolder(
  options: KafkaOptions,
  flags: readonly string[] = [],
): Promise<string> {
  const { release, voters } = options;
  const ports = { port: freePort(), controller: freePort() };
  const properties = await writeProperties(options, ports);
  const format = ["kafka.tools.StorageTool", "format", "-t", "b3R0bGEtY29uZm9ybWFuYw", ...flags];
  if (voters === "dynamic") format.push("--standalone");
  const args = [...await jvm(release, "WARN"), ...format, "-c", properties];
  await run({ command: "java", args, withinMs });
  return properties;
}

async function writeProperties(
  options: KafkaOptions,
  ports: { port: number; controller: number },
): Promise<string> {
  const path = `${options.folder}.properties`;
  await Deno.writeTextFile(path, propertiesOf(options, ports));
  return path;
}

function propertiesOf(
  { folder, nodeId, voters, settings }: KafkaOptions,
  { port, controller }: { port: number; controller: number },
): string {
  const properties: Record<string, string> = {
    "process.roles": "broker,controller",
    "node.id": `${nodeId}`,
    "controller.listener.names": "CONTROLLER",
    "listeners": `PLAINTEXT://127.0.0.1:${port},CONTROLLER://127.0.0.1:${controller}`,
    "log.dirs": folder,
    "group.initial.rebalance.delay.ms": "0",
    "offsets.topic.num.partitions": "4",
    "offsets.topic.replication.factor": "1",
    "transaction.state.log.num.partitions": "4",
    "transaction.state.log.replication.factor": "1",
    "transaction.state.log.min.isr": "1",
    ...settings,
  };
  const address = `127.0.0.1:${controller}`;
  if (voters === "static") properties["controller.quorum.voters"] = `${nodeId}@${address}`;
  else properties["controller.quorum.bootstrap.servers"] = address;
  return Object.entries(properties).map(([key, value]) => `${key}=${value}\n`).join("");
}

async function isEmpty(folder: string): Promise<boolean> {
  await Deno.mkdir(folder, { recursive: true });
  for await (const _ of Deno.readDir(folder)) return false;
  return true;
}

function freePort(): number {
  const listener = Deno.listen({ hostname: "127.0.0.1", port: 0 });
  const { port } = listener.addr;
  listener.close();
  return port;
}

/** The Java client, compiled into `classes`. */
export class JavaCluster {
  readonly #classes: string;

  private constructor(classes: string) {
    this.#classes = classes;
  }

  static async compile(classes: string): Promise<JavaCluster> {
    const args = ["-nowarn", "-d", classes, "-cp", `${await fetchJars()}*`, program];
    await run({ command: "javac", args, withinMs });
    return new JavaCluster(classes);
  }

  /** Puts topics, records, groups and, where the broker can, transactions into a cluster. */
  async fill(bootstrap: string, options: { consumerProtocol: boolean }): Promise<string[]> {
    return await this.#run("fill", bootstrap, ...options.consumerProtocol ? ["modern"] : []);
  }

  /** Adds a little to a filled cluster. */
  async grow(bootstrap: string): Promise<void> {
    await this.#run("grow", bootstrap);
  }

  /** A line for everything that a cluster holds. */
  list(bootstrap: string): Promise<string[]> {
    return this.#run("list", bootstrap);
  }

  async #run(...args: string[]): Promise<string[]> {
    const jars = `${this.#classes}:${await fetchJars()}*`;
    const logging = [`-Dlog.level=ERROR`, `-Dlog4j2.configurationFile=${java}log4j2.properties`];
    const command = ["-Xmx256m", ...small, ...logging, "-cp", jars, "Cluster", ...args];
    const lines: string[] = [];
    // Collected here: the list is longer than what a process's output is remembered for.
    const child = new ProcessLines({
      command: "java",
      args: command,
      onLine: (line, source) => {
        if (source === "stdout") lines.push(line);
      },
    });
    try {
      const { code } = await within(child.finished, { ms: withinMs, what: () => child.output });
      if (code !== 0) throw new Error(`exit code ${code} from\n${child.output}`);
    } finally {
      await child.kill();
    }
    return lines;
  }
}

/** Runs Kafka's DumpLogSegments over files, and returns what it prints. */
export async function dumpLogSegments(files: readonly string[], flags: string[]): Promise<string> {
  const tool = ["org.apache.kafka.tools.DumpLogSegments", ...flags, "--files", files.join(",")];
  const args = [...await jvm("4.3", "WARN"), ...tool];
  const { stdout, stderr } = await run({ command: "java", args, withinMs });
  return stdout + stderr;
}
