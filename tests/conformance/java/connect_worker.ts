// A worker of Kafka Connect in distributed mode as a process, and its REST interface.
//
//   start ──"REST server listening"──> a port ──put()──> connectors, which run until the end
//
// Invariant: after `close` the process and the folder of its files are gone. What it answers while
// it comes up, or its group rebalances, is asked again; each question paces the next.

import { within } from "../../harness/deadline.ts";
import { ProcessLines } from "../../harness/process_lines.ts";
import { fetchJars } from "./fetch.ts";

const log4j = new URL("log4j2.properties", import.meta.url).pathname;
const strings = "org.apache.kafka.connect.storage.StringConverter";
const withinMs = 600_000;

export class ConnectWorker implements AsyncDisposable {
  readonly #process: ProcessLines;
  readonly #listening = Promise.withResolvers<string>();
  /** Where connectors may have their files. */
  readonly folder: string;

  private constructor(jars: string, folder: string) {
    this.folder = folder;
    this.#process = new ProcessLines({
      command: "java",
      args: [
        "-Xmx512m",
        "-XX:+UseSerialGC",
        "-XX:TieredStopAtLevel=1",
        `-Dlog4j2.configurationFile=${log4j}`,
        "-Dlog.level=INFO",
        "-cp",
        `${jars}*`,
        "org.apache.kafka.connect.cli.ConnectDistributed",
        `${folder}/worker.properties`,
      ],
      onLine: (line) => {
        const [, address] = /REST server listening at (\S+?)\/?,/.exec(line) ?? [];
        if (address !== undefined) this.#listening.resolve(address);
      },
    });
    this.#listening.promise.catch(() => {}); // Who asks is told.
    this.#process.finished.then(() => {
      this.#listening.reject(new Error(`the worker has ended\n${this.output}`));
    });
  }

  /** A worker whose sources write in transactions (KIP-618). */
  static async start({ bootstrap }: { readonly bootstrap: string }): Promise<ConnectWorker> {
    const jars = await fetchJars();
    const folder = await Deno.makeTempDir({ prefix: "connect-worker-" });
    await Deno.writeTextFile(`${folder}/worker.properties`, properties(bootstrap));
    return new ConnectWorker(jars, folder);
  }

  /** What it wrote lately, for an error message. */
  get output(): string {
    return this.#process.output;
  }

  /** Makes a connector, or gives it another configuration. */
  async put(name: string, config: Readonly<Record<string, string>>): Promise<void> {
    await this.#ask(`/connectors/${name}/config`, { method: "PUT", body: JSON.stringify(config) });
  }

  /** What a connector says it is at: RUNNING, and the same of its tasks. */
  async states(name: string): Promise<string[]> {
    const { connector, tasks } = await this.#ask(`/connectors/${name}/status`) as {
      connector: { state: string };
      tasks: readonly { state: string }[];
    };
    return [connector, ...tasks].map(({ state }) => state);
  }

  async #ask(path: string, request: { method?: string; body?: string } = {}): Promise<unknown> {
    const what = () => `an answer for ${path}\n${this.output}`;
    const address = await within(this.#listening.promise, { ms: withinMs, what });
    const signal = AbortSignal.timeout(withinMs);
    while (true) {
      const headers = { "content-type": "application/json" };
      const response = await fetch(`${address}${path}`, { ...request, headers, signal });
      const text = await response.text();
      if (response.ok) return JSON.parse(text);
      // It comes up, it rebalances, or it cannot reach the broker.
      if (![404, 409, 500, 503].includes(response.status)) {
        throw new Error(`${path}: ${response.status} ${text}`);
      }
      await new Promise((again) => setTimeout(again, 200));
    }
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#process.kill();
    await Deno.remove(this.folder, { recursive: true });
  }
}

function properties(bootstrap: string): string {
  const settings: Record<string, string> = {
    "bootstrap.servers": bootstrap,
    "group.id": "workers",
    "key.converter": strings,
    "value.converter": strings,
    "offset.storage.topic": "connect-offsets",
    "config.storage.topic": "connect-configs",
    "status.storage.topic": "connect-status",
    "offset.storage.replication.factor": "1",
    "config.storage.replication.factor": "1",
    "status.storage.replication.factor": "1",
    "offset.flush.interval.ms": "500",
    "exactly.once.source.support": "enabled",
    "listeners": "HTTP://127.0.0.1:0",
    "plugin.discovery": "SERVICE_LOAD",
    "session.timeout.ms": "60000",
    "rebalance.timeout.ms": "120000",
  };
  return Object.entries(settings).map(([key, value]) => `${key}=${value}\n`).join("");
}
