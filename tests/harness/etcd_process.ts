// A real etcd of one member, as a process of its own with a folder of its own.
//
//   OTTLA_ETCD = etcd (default), or the path of another version's executable
//
// Invariant: after `close` the process has ended and its folder is gone.

import { within } from "./deadline.ts";
import { ProcessLines, run } from "./process_lines.ts";

const command = Deno.env.get("OTTLA_ETCD") || "etcd";
const readyMsMax = 60_000;

let absence: Promise<string | undefined> | undefined;

/** Why no etcd can be started here; undefined: one can. */
export function etcdAbsence(): Promise<string | undefined> {
  absence ??= run({ command, args: ["--version"], withinMs: 20_000 }).then(
    () => undefined,
    (error) => {
      if (!(error instanceof Deno.errors.NotFound)) throw error;
      return "etcd is not installed (apt-get install etcd-server), or OTTLA_ETCD names another";
    },
  );
  return absence;
}

export class EtcdProcess implements AsyncDisposable {
  readonly #folder: string;
  readonly #flags: readonly string[];
  readonly #port = freePort();
  readonly #peerPort = freePort();
  #process: ProcessLines | undefined;

  private constructor(folder: string, flags: readonly string[]) {
    this.#folder = folder;
    this.#flags = flags;
  }

  static async start(flags: readonly string[] = []): Promise<EtcdProcess> {
    const folder = await Deno.makeTempDir({ prefix: "etcd-under-test-" });
    const etcd = new EtcdProcess(folder, flags);
    try {
      await etcd.restart();
    } catch (error) {
      await etcd.close();
      throw error;
    }
    return etcd;
  }

  get pid(): number {
    if (this.#process === undefined) throw new Error("etcd is not running");
    return this.#process.pid;
  }

  /** Where it listens, HOST:PORT. */
  get address(): string {
    return `127.0.0.1:${this.#port}`;
  }

  /** Starts it, or starts it again, and waits until it serves. */
  async restart(): Promise<void> {
    const ready = Promise.withResolvers<void>();
    const peer = `http://127.0.0.1:${this.#peerPort}`;
    const client = `http://${this.address}`;
    const isSecure = this.#flags.includes("--cert-file");
    const url = isSecure ? client.replace("http:", "https:") : client;
    const process = new ProcessLines({
      command,
      args: [
        ...["--name", "m", "--data-dir", `${this.#folder}/data`],
        ...["--listen-client-urls", url, "--advertise-client-urls", url],
        ...["--listen-peer-urls", peer, "--initial-advertise-peer-urls", peer],
        ...["--initial-cluster", `m=${peer}`, ...this.#flags],
      ],
      onLine: (line) =>
        /ready to serve client requests|serving.*client (traffic|requests)/i.test(line) &&
        ready.resolve(),
    });
    this.#process = process;
    const ended = process.finished.then(() => {
      throw new Error(`etcd has ended\n${process.output}`);
    });
    await within(Promise.race([ready.promise, ended]), {
      ms: readyMsMax,
      what: () => `an etcd that serves\n${process.output}`,
    });
    ended.catch(() => {});
  }

  /** kill -9. */
  async kill(): Promise<void> {
    await this.#process?.kill();
  }

  signal(name: Deno.Signal): void {
    this.#process?.signal(name);
  }

  async close(): Promise<void> {
    await this.kill();
    await Deno.remove(this.#folder, { recursive: true });
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.close();
  }
}

/** A port that was free a moment ago: etcd's members want to know each other's beforehand. */
function freePort(): number {
  const listener = Deno.listen({ hostname: "127.0.0.1", port: 0 });
  const { port } = listener.addr;
  listener.close();
  return port;
}
