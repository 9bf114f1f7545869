// The processes of a real cluster: three members of etcd and three brokers, each on a machine of
// its own, that can be killed, stopped for a while, and started again where they were.

import { within } from "../harness/deadline.ts";
import { ProcessLines } from "../harness/process_lines.ts";
import type { Machines } from "./machines.ts";

/** Etcd goes on being killed meanwhile, and clients have the machine at work as well. */
const readyMsMax = 600_000;
const stopMsMax = 60_000;

export interface ServerOptions {
  readonly name: string;
  /** Its words as it is, and those of another release of it, which takes turns with it. */
  readonly commands: readonly (readonly string[])[];
  readonly env?: Record<string, string>;
  /** A line that matches says that it serves. */
  readonly ready: RegExp;
  readonly onLine: (line: string) => void;
}

/** One server, on its machine. */
export class Server {
  readonly name: string;
  readonly #options: ServerOptions;
  readonly #machines: Machines;
  #process: ProcessLines | undefined;
  #release = 0;

  constructor(machines: Machines, options: ServerOptions) {
    this.name = options.name;
    this.#machines = machines;
    this.#options = options;
  }

  get isRunning(): boolean {
    return this.#process !== undefined && !this.#process.ended;
  }

  /** The other release of it starts from now on. */
  change(): void {
    this.#release = (this.#release + 1) % this.#options.commands.length;
  }

  /** Starts it. Resolves once it serves; false: it has ended instead. */
  async start(): Promise<boolean> {
    const [command = "", ...args] = [
      ...this.#machines.on(this.name),
      ...this.#options.commands[this.#release]!,
    ];
    const ready = Promise.withResolvers<boolean>();
    const process = this.#process = new ProcessLines({
      command,
      args,
      env: this.#options.env,
      onLine: (line) => {
        if (this.#options.ready.test(line)) ready.resolve(true);
        this.#options.onLine(line);
      },
    });
    process.finished.then(() => ready.resolve(false));
    const what = () => `${this.name} serves\n${process.output}`;
    return await within(ready.promise, { ms: readyMsMax, what });
  }

  signal(name: Deno.Signal): void {
    this.#process?.signal(name);
  }

  /** kill -9. */
  async kill(): Promise<void> {
    await this.#process?.kill();
  }

  async stop(): Promise<void> {
    if (this.isRunning) await this.#process?.stop(stopMsMax);
  }
}

export const etcdNames = ["etcd-1", "etcd-2", "etcd-3"] as const;
export const brokerNames = ["broker-1", "broker-2", "broker-3"] as const;

/** A member of etcd. */
export function etcdMember(
  machines: Machines,
  { name, folder, onLine }: { name: string; folder: string; onLine: (line: string) => void },
): Server {
  const url = (of: string, port: number) => `http://${machines.address(of)}:${port}`;
  const command = [
    ...[Deno.env.get("OTTLA_ETCD") || "etcd", "--name", name, "--data-dir", `${folder}/data`],
    ...["--listen-client-urls", url(name, 2379), "--advertise-client-urls", url(name, 2379)],
    ...["--listen-peer-urls", url(name, 2380)],
    ...["--initial-advertise-peer-urls", url(name, 2380)],
    "--initial-cluster",
    etcdNames.map((each) => `${each}=${url(each, 2380)}`).join(","),
  ];
  const ready = /ready to serve client requests|serving.*client (traffic|requests)/i;
  return new Server(machines, { name, commands: [command], ready, onLine });
}

/** A broker of the cluster that those members keep. `releases`: the words of each. */
export function clusterBroker(
  machines: Machines,
  { name, folder, releases, env, onLine }: {
    name: string;
    folder: string;
    releases: readonly (readonly string[])[];
    env: Record<string, string>;
    onLine: (line: string) => void;
  },
): Server {
  const etcd = etcdNames.map((each) => `${machines.address(each)}:2379`).join(",");
  const settings = {
    "broker.session.timeout.ms": 6_000,
    "min.insync.replicas": 2,
    "offsets.topic.num.partitions": 4,
    "transaction.state.log.num.partitions": 4,
    "replica.lag.time.max.ms": 10_000,
    "group.initial.rebalance.delay.ms": 0,
    "group.min.session.timeout.ms": 1_000,
    "transaction.abort.timed.out.transaction.cleanup.interval.ms": 1_000,
  };
  const commands = releases.map((ottla) => [
    ...ottla,
    ...["start", "--cluster", `etcd://${etcd}/chaos`, "--node-id", name.slice(-1)],
    ...["--host", machines.address(name), "--port", "9092", "--data-dir", `${folder}/data`],
    ...Object.entries(settings).flatMap(([key, value]) => ["--set", `${key}=${value}`]),
  ]);
  return new Server(machines, { name, commands, env, ready: /listening on (\S+):(\d+)/, onLine });
}
