// What happens to a real cluster: something new every few seconds, by the seed, whether or not the
// last thing is over.
//
//   kill -9, SIGSTOP, a stop as it should be, of a broker or a member of etcd
//   a rolling restart of all brokers, or one to the other release
//   the network: a broker cut off from all, both ways or one; from another, etcd or clients
//   a clock that is set, forwards or back, and right again later; a full disk
//
// Invariant: one thing at a time happens to a server; `heal` leaves nothing behind.

import type { SeededRandom } from "../../src/runtime/simulated_time.ts";
import type { Chronicle } from "../cluster/chronicle.ts";
import { clientsName } from "./clients.ts";
import type { Clocks } from "./clocks.ts";
import type { Machines } from "./machines.ts";
import { brokerNames, etcdNames, type Server } from "./processes.ts";

const kinds = [
  "is killed",
  "is paused",
  "stops and starts again",
  "are restarted one after the other",
  "are changed to the other release",
  "is cut off",
  "is heard by nobody",
  "hears nobody",
  "is apart from one other",
  "is cut off from etcd",
  "is cut off from clients",
  "is heard by no client",
  "has another time of day",
  "has a full disk",
  "etcd is killed",
  "etcd is paused",
  "etcd is cut off",
] as const;
type Kind = typeof kinds[number];

/** So much may happen at once. */
const atOnceMax = 2;
/** Chance is asked again where what it says is not to be had. */
const triesMax = 20;
/** A broker may end where etcd does not answer. */
const restartMs = 1_000;
const betweenRestartsMs = 2_000;
/** A record may be an hour ahead of its broker. */
const clockSecondsMax = 3_000;

export interface NemesisOptions {
  readonly machines: Machines;
  readonly servers: readonly Server[];
  /** undefined: they cannot be set. */
  readonly clocks: Clocks | undefined;
  /** There is another release of the broker. */
  readonly hasReleases: boolean;
  readonly chronicle: Chronicle;
  readonly random: SeededRandom;
  readonly pass: (ms: number) => Promise<void>;
  /** Between two strikes: most of what happens is over by the next. */
  readonly everyMs: number;
}

export class Nemesis {
  readonly #options: NemesisOptions;
  readonly #kinds: readonly Kind[];
  readonly #busy = new Set<string>();
  readonly #underWay = new Set<Promise<void>>();
  readonly #counts = new Map<Kind, number>();
  #failure: unknown;

  constructor(options: NemesisOptions) {
    this.#options = options;
    this.#kinds = kinds.filter((kind) =>
      (options.clocks !== undefined || kind !== "has another time of day") &&
      (options.hasReleases || kind !== "are changed to the other release")
    );
  }

  /** How often what has happened. */
  get counts(): string {
    return [...this.#counts].map(([kind, count]) => `${kind}: ${count}`).sort().join("; ");
  }

  /** Begins something, unless so much is under way that it would be too much. What it is. */
  strike(): string {
    if (this.#failure !== undefined) throw this.#failure;
    const { random, chronicle, pass, everyMs } = this.#options;
    const next = this.#next();
    if (next === undefined) return "nothing: too much is under way";
    const { kind, name, names } = next;
    const isOfAll = names.length > 1;
    const forMs = random.chance(0.3) ? random.between(100, 2_000) : random.between(
      2_000,
      0.9 * everyMs,
    );
    const words = isOfAll ? `brokers ${kind}` : `${name} ${kind} (${(forMs / 1000).toFixed(1)} s)`;
    this.#counts.set(kind, (this.#counts.get(kind) ?? 0) + 1);
    chronicle.tell(name, words);
    for (const each of names) this.#busy.add(each);
    const happening = this.#happen(kind, name, () => pass(forMs)).catch((error) => {
      this.#failure = error;
    }).finally(() => {
      chronicle.tell(name, `${words} no more`);
      for (const each of names) this.#busy.delete(each);
      this.#underWay.delete(happening);
    });
    this.#underWay.add(happening);
    return words;
  }

  /** What is to happen to whom; undefined: so much is under way that nothing is. */
  #next(): { kind: Kind; name: string; names: readonly string[] } | undefined {
    if (this.#underWay.size >= atOnceMax) return undefined;
    for (let tries = 0; tries < triesMax; tries++) {
      const kind = this.#pick(this.#kinds);
      const name = this.#pick(kind.startsWith("etcd ") ? etcdNames : brokerNames);
      const names = kind.startsWith("are ") ? brokerNames : [name];
      if (!names.some((each) => this.#busy.has(each))) return { kind, name, names };
    }
    return undefined;
  }

  /** Everything runs, and reaches everything. */
  async heal(): Promise<void> {
    await Promise.all(this.#underWay);
    if (this.#failure !== undefined) throw this.#failure;
    await this.#options.machines.mendAll();
    for (const server of this.#options.servers) await this.#run(server);
  }

  #pick<T>(items: readonly T[]): T {
    return items[Math.floor(this.#options.random.between(0, items.length))]!;
  }

  #server(name: string): Server {
    return this.#options.servers.find((each) => each.name === name)!;
  }

  /** Starts a server until it serves: a broker ends where etcd does not answer. */
  async #run(server: Server): Promise<void> {
    while (!server.isRunning && !await server.start()) await this.#options.pass(restartMs);
  }

  async #happen(kind: Kind, name: string, wait: () => Promise<void>): Promise<void> {
    const server = this.#server(name);
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
      case "are changed to the other release":
        for (const each of brokerNames) {
          await this.#server(each).stop();
          if (kind === "are changed to the other release") this.#server(each).change();
          await this.#run(this.#server(each));
          await this.#options.pass(betweenRestartsMs);
        }
        break;
      case "has another time of day":
        await this.#options.clocks!.set(
          name,
          Math.round(this.#options.random.between(-clockSecondsMax, clockSecondsMax)),
        );
        await wait();
        await this.#options.clocks!.set(name, 0);
        break;
      case "has a full disk":
        await this.#options.machines.fill(name);
        await wait();
        await this.#options.machines.empty(name);
        break;
      default:
        await this.#separate(kind, name, wait);
    }
    await this.#run(server);
  }

  /** Cuts connections, and mends them. */
  async #separate(kind: Kind, name: string, wait: () => Promise<void>): Promise<void> {
    const brokers = brokerNames.filter((each) => each !== name);
    const etcds = etcdNames.filter((each) => each !== name);
    const way = (from: readonly string[], to: readonly string[], ways: "one" | "both") =>
      this.#cut([from, to], wait, ways);
    switch (kind) {
      case "is cut off":
        return await way([name], [...brokers, ...etcds, clientsName], "both");
      case "is heard by nobody":
        return await way([name], brokers, "one");
      case "hears nobody":
        return await way(brokers, [name], "one");
      case "is apart from one other":
        return await way([name], [this.#pick(brokers)], "both");
      case "is cut off from etcd":
        return await way([name], etcds, "both");
      case "is cut off from clients":
        return await way([name], [clientsName], "both");
      case "is heard by no client":
        return await way([name], [clientsName], "one");
      case "etcd is cut off":
        return await way([name], [...brokers, ...etcds], "both");
      default:
        throw new Error(`${kind} is not about connections`);
    }
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
