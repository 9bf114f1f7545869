// What happens to a real cluster: one thing at a time, for some seconds, by the seed.
//
//   kill -9, SIGSTOP, a stop as it should be, of a broker or a member of etcd
//   a rolling restart of all brokers
//   the network: a broker cut off from all, both ways or one; from one other; from etcd
//   a full disk
//
// Invariant: whatever has begun is over when `strike` resolves; `heal` leaves nothing behind.

import type { SeededRandom } from "../../src/runtime/simulated_time.ts";
import type { Chronicle } from "../cluster/chronicle.ts";
import type { Machines } from "./machines.ts";
import { brokerNames, etcdNames, type Server } from "./processes.ts";

const kinds = [
  "is killed",
  "is paused",
  "stops and starts again",
  "are restarted one after the other",
  "is cut off",
  "is heard by nobody",
  "hears nobody",
  "is apart from one other",
  "is cut off from etcd",
  "etcd is killed",
  "etcd is paused",
  "has a full disk",
] as const;

export interface NemesisOptions {
  readonly machines: Machines;
  readonly servers: readonly Server[];
  readonly chronicle: Chronicle;
  readonly random: SeededRandom;
  readonly pass: (ms: number) => Promise<void>;
}

export class Nemesis {
  readonly #options: NemesisOptions;

  constructor(options: NemesisOptions) {
    this.#options = options;
  }

  /** Does something, and mends it. What it was. */
  async strike(): Promise<string> {
    const { random, chronicle, pass } = this.#options;
    const kind = this.#pick(kinds);
    const name = kind.startsWith("etcd ") ? this.#pick(etcdNames) : this.#pick(brokerNames);
    const forMs = random.chance(0.3) ? random.between(100, 2_000) : random.between(2_000, 20_000);
    const words = kind.startsWith("are ") ? `brokers ${kind}` : `${name} ${kind}`;
    chronicle.tell(name, `${words} for ${forMs.toFixed(0)} ms`);
    await this.#happen(kind, name, () => pass(forMs));
    chronicle.tell(name, `${words} no more`);
    return `${words} (${(forMs / 1000).toFixed(1)} s)`;
  }

  /** Everything runs, and reaches everything. */
  async heal(): Promise<void> {
    const { machines, servers } = this.#options;
    await machines.mendAll();
    for (const server of servers) {
      server.signal("SIGCONT");
      await this.#run(server);
    }
  }

  #pick<T>(items: readonly T[]): T {
    return items[Math.floor(this.#options.random.between(0, items.length))]!;
  }

  #server(name: string): Server {
    return this.#options.servers.find((each) => each.name === name)!;
  }

  /** Starts a server until it serves: a broker ends where etcd does not answer. */
  async #run(server: Server): Promise<void> {
    while (!server.isRunning && !await server.start()) await this.#options.pass(1_000);
  }

  async #happen(
    kind: typeof kinds[number],
    name: string,
    wait: () => Promise<void>,
  ): Promise<void> {
    const server = this.#server(name);
    const others = brokerNames.filter((each) => each !== name);
    switch (kind) {
      case "is killed":
      case "etcd is killed":
        await server.kill();
        await wait();
        break;
      case "is paused":
      case "etcd is paused":
        server.signal("SIGSTOP");
        await wait();
        server.signal("SIGCONT");
        break;
      case "stops and starts again":
        await server.stop();
        await wait();
        break;
      case "are restarted one after the other":
        for (const each of brokerNames) {
          await this.#server(each).stop();
          await this.#run(this.#server(each));
          await this.#options.pass(2_000);
        }
        break;
      case "is cut off":
        await this.#cut([[name], [...others, ...etcdNames]], wait, "both");
        break;
      case "is heard by nobody":
        await this.#cut([[name], others], wait, "one");
        break;
      case "hears nobody":
        await this.#cut([others, [name]], wait, "one");
        break;
      case "is apart from one other":
        await this.#cut([[name], [this.#pick(others)]], wait, "both");
        break;
      case "is cut off from etcd":
        await this.#cut([[name], etcdNames], wait, "both");
        break;
      case "has a full disk":
        await this.#options.machines.fill(name);
        await wait();
        await this.#options.machines.empty(name);
        break;
    }
    await this.#run(server);
  }

  async #cut(
    [from, to]: readonly [readonly string[], readonly string[]],
    wait: () => Promise<void>,
    ways: "one" | "both",
  ): Promise<void> {
    const { machines } = this.#options;
    const pairs = from.flatMap((a) =>
      to.flatMap((b): [string, string][] => ways === "one" ? [[a, b]] : [[a, b], [b, a]])
    );
    for (const [a, b] of pairs) await machines.cut(a, b);
    await wait();
    for (const [a, b] of pairs) await machines.mend(a, b);
  }
}
