// A real etcd of one member, as a process of its own with a folder of its own.
//
//   OTTLA_ETCD = etcd (default), or the path of another version's executable
//   OTTLA_ETCDCTL = etcdctl (default), the same of its tool
//
// Invariant: after `close` the process has ended and its folder is gone.

import { within } from "./deadline.ts";
import { ProcessLines, run } from "./process_lines.ts";

const command = Deno.env.get("OTTLA_ETCD") || "etcd";
const ctl = Deno.env.get("OTTLA_ETCDCTL") || "etcdctl";
const readyMsMax = 60_000;

const absences = new Map<string, Promise<string | undefined>>();

/** Why no etcd can be started here; undefined: one can. */
export function etcdAbsence(): Promise<string | undefined> {
  return absenceOf(
    [command, "--version"],
    "etcd is not installed (apt-get install etcd-server), or OTTLA_ETCD names another",
  );
}

/** Why no snapshot of an etcd can be restored here; undefined: one can. */
export async function etcdctlAbsence(): Promise<string | undefined> {
  return await etcdAbsence() ?? await absenceOf(
    [ctl, "version"],
    "etcdctl is not installed (apt-get install etcd-client), or OTTLA_ETCDCTL names another",
  );
}

function absenceOf([name = "", ...args]: string[], why: string): Promise<string | undefined> {
  const known = absences.get(name) ?? run({ command: name, args, withinMs: 20_000 }).then(
    () => undefined,
    (error) => {
      if (!(error instanceof Deno.errors.NotFound)) throw error;
      return why;
    },
  );
  absences.set(name, known);
  return known;
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

  /** Keeps what it has by now, as a copy of its disk would. */
  async backUp(): Promise<void> {
    await this.kill();
    await copy(`${this.#folder}/data`, `${this.#folder}/backup`);
    await this.restart();
  }

  /** It has what it had when it was backed up, and serves again. */
  async restore(): Promise<void> {
    await this.kill();
    await Deno.remove(`${this.#folder}/data`, { recursive: true });
    await copy(`${this.#folder}/backup`, `${this.#folder}/data`);
    await this.restart();
  }

  /** A snapshot of what it has, as `etcdctl snapshot save` makes one, is what `file` has then. */
  async saveSnapshot(file: string): Promise<void> {
    await run({ command: ctl, args: this.#ctl("snapshot", "save", file), withinMs: readyMsMax });
  }

  /** It is another etcd, which begins with what a snapshot has. */
  async restoreSnapshot(file: string): Promise<void> {
    await this.kill();
    await Deno.remove(`${this.#folder}/data`, { recursive: true });
    const peer = `http://127.0.0.1:${this.#peerPort}`;
    const args = this.#ctl(
      ...["snapshot", "restore", file, "--data-dir", `${this.#folder}/data`, "--name", "m"],
      ...["--initial-cluster", `m=${peer}`, "--initial-advertise-peer-urls", peer],
      ...["--initial-cluster-token", "restored"],
    );
    await run({ command: ctl, args, withinMs: readyMsMax });
    await this.restart();
  }

  #ctl(...words: readonly string[]): string[] {
    return [`--endpoints=http://${this.address}`, ...words];
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

/** A folder with all that is in it. */
async function copy(from: string, to: string): Promise<void> {
  await Deno.mkdir(to);
  for await (const { name, isDirectory } of Deno.readDir(from)) {
    if (isDirectory) await copy(`${from}/${name}`, `${to}/${name}`);
    else await Deno.copyFile(`${from}/${name}`, `${to}/${name}`);
  }
}

/** A port that was free a moment ago: etcd's members want to know each other's beforehand. */
function freePort(): number {
  const listener = Deno.listen({ hostname: "127.0.0.1", port: 0 });
  const { port } = listener.addr;
  listener.close();
  return port;
}
