// A network between simulated machines. TCP loses no bytes: what goes wrong is time and
// connections.
//
//   reset: the other side sees one, behind what was sent before
//   cut:   both sides see a reset; segments under way are gone
//   kill:  the machine lives and resets the connections of its dead process
//   crash: silence; the peer finds out when TCP gives up
//
// Each direction of each connection draws from its own stream of random numbers.

import { formatAddress } from "../base/address.ts";
import { PlatformFault } from "../base/faults.ts";
import type { Address, Listener, Network, Socket } from "./ports.ts";
import { type ConnectionWorld, End, happenIn, type Host, never } from "./simulated_connection.ts";
import { type Scheduler, SeededRandom } from "./simulated_time.ts";

/** How the network behaves. Durations are [min, max) in milliseconds. */
export interface NetworkOptions {
  readonly latencyMs: readonly [number, number];
  /** One segment in so many takes `spikeMs` instead; 0 for never. */
  readonly spikeProbability: number;
  readonly spikeMs: readonly [number, number];
  /** One segment in so many cuts its connection instead of arriving; 0 for never. */
  readonly cutProbability: number;
  /** After this long without an answer TCP gives up. */
  readonly giveUpMs: readonly [number, number];
}

const firstEphemeralPort = 32_768;

interface Bound {
  readonly host: Host;
  readonly onConnection: (socket: Socket) => void;
}

interface Link {
  readonly name: string;
  readonly ends: readonly [End, End];
}

/** All machines' connections. */
export class SimulatedNetwork {
  readonly #options: NetworkOptions;
  readonly #scheduler: Scheduler;
  readonly #seed: number;
  readonly #hosts: ReadonlyMap<string, Host>;
  readonly #bound = new Map<string, Bound>();
  readonly #links = new Set<Link>();
  /** Ways that nothing passes: `from>to`. */
  readonly #partitions = new Set<string>();
  /** By how much longer some ways are. */
  readonly #detoursMs = new Map<string, number>();
  readonly #counts = new Map<string, number>();

  /** `hosts` has the present incarnation of each machine, by name. */
  constructor(
    options: NetworkOptions,
    parts: { scheduler: Scheduler; seed: number; hosts: ReadonlyMap<string, Host> },
  ) {
    this.#options = options;
    this.#scheduler = parts.scheduler;
    this.#seed = parts.seed;
    this.#hosts = parts.hosts;
  }

  /** The network as the process on `host` has it. */
  portOf(host: Host): Network {
    return {
      listen: (address, onConnection) => this.#listen(address, { host, onConnection }),
      connect: (address) => this.#connect(address, host),
      checkTls: () => {},
      listenTls: noTls,
      connectTls: noTls,
    };
  }

  /** Nothing passes between `a` and `b` until `heal`; `oneWay`: nothing from `a` to `b`. */
  partition(a: string, b: string, { oneWay = false }: { readonly oneWay?: boolean } = {}): void {
    this.#partitions.add(wayKey(a, b));
    if (!oneWay) this.#partitions.add(wayKey(b, a));
  }

  heal(a: string, b: string): void {
    this.#partitions.delete(wayKey(a, b));
    this.#partitions.delete(wayKey(b, a));
    for (const link of this.#links) for (const end of link.ends) end.onHeal();
  }

  /** What is sent from `from` to `to` takes so much longer than usual; 0: as long as usual. */
  slow(from: string, to: string, byMs: number): void {
    this.#detoursMs.set(wayKey(from, to), byMs);
  }

  /** Resets every connection between `a` and `b`. */
  cut(a: string, b: string): void {
    for (const link of this.#links) {
      const [x, y] = link.ends;
      if (pairKey(x.host.name, y.host.name) === pairKey(a, b)) this.#cutLink(link);
    }
  }

  /** The process that has `socket` resets its connection. */
  reset(socket: Socket): void {
    for (const link of this.#links) {
      for (const end of link.ends) if (end.socket === socket) end.drop();
    }
  }

  /** The process on `host` is gone; with `silently`, so is its machine. */
  drop(host: Host, options: { silently: boolean }): void {
    host.isDark = options.silently;
    for (const [key, bound] of this.#bound) if (bound.host === host) this.#bound.delete(key);
    for (const link of this.#links) {
      if (!link.ends.some((end) => end.host === host)) continue;
      for (const end of link.ends) {
        if (end.host === host) end.abandon();
        else if (options.silently) end.reset(this.#giveUpMs(end.random));
        else end.reset(this.#latency(end.random));
      }
    }
  }

  /** The process on `host` was stopped, and goes on: it reads what has come meanwhile. */
  resume(host: Host): void {
    for (const link of this.#links) {
      for (const end of link.ends) if (end.host === host) end.onResumed();
    }
  }

  /** Whether nothing passes on the way between two machines. */
  isPartitioned(from: Host, to: Host): boolean {
    return this.#partitions.has(wayKey(from.name, to.name));
  }

  #listen(address: Address, bound: Bound): Promise<Listener> {
    const { host } = bound;
    if (!host.alive) return never();
    const port = address.port === 0 ? this.#freePort(host) : address.port;
    const key = `${host.name}:${port}`;
    const fail = (kind: "NotFound" | "AddressInUse", reason: string) => {
      const text = formatAddress({ host: address.host, port });
      return Promise.reject(new PlatformFault(kind, `cannot listen on ${text}: ${reason}`));
    };
    // RFC 6761: a name that nobody resolves. Any other may be one of this machine's.
    if (address.host.endsWith(".invalid")) return fail("NotFound", "no such host");
    if (this.#bound.has(key)) return fail("AddressInUse", "the address is in use");
    this.#bound.set(key, bound);
    return Promise.resolve({
      address: { host: address.host, port },
      holdProcess() {},
      close: () => {
        if (this.#bound.get(key) === bound) this.#bound.delete(key);
        return Promise.resolve();
      },
    });
  }

  #connect(address: Address, from: Host): Promise<Socket> {
    if (!from.alive) return never();
    const target = this.#resolve(address.host, from);
    const name = `${from.name}.${from.incarnation}:${this.#count(`connect ${from.name}`)}`;
    const random = new SeededRandom(this.#seed, `connect ${name}`);
    const fail = (kind: "NotFound" | "Refused" | "Io", reason: string) =>
      new PlatformFault(kind, `cannot connect to ${formatAddress(address)}: ${reason}`);
    if (target === undefined) return Promise.reject(fail("NotFound", "no such host"));
    return new Promise((resolve, reject) => {
      const later = (delayMs: number, label: string, run: () => void) =>
        this.#scheduler.after(delayMs, {
          rank: random.uint32(),
          label: `${label} ${name}`,
          run: () => happenIn(from, run),
        });
      later(this.#latency(random), "syn", () => {
        const host = this.#hosts.get(target.name);
        // A connection takes messages both ways.
        const isApart = this.isPartitioned(from, target) || this.isPartitioned(target, from);
        if (host === undefined || host.isDark || isApart) {
          later(this.#giveUpMs(random), "timeout", () => reject(fail("Io", "timed out")));
          return;
        }
        const bound = this.#bound.get(`${host.name}:${address.port}`);
        if (bound === undefined) {
          later(this.#latency(random), "refuse", () => {
            reject(fail("Refused", "nobody listens there"));
          });
          return;
        }
        const client = this.#open(name, { from, address, bound });
        later(this.#latency(random), "accept", () => resolve(client));
      });
    });
  }

  #open(name: string, options: { from: Host; address: Address; bound: Bound }): Socket {
    const { from, address, bound } = options;
    const sameMachine = bound.host.name === from.name;
    const reached = { host: sameMachine ? address.host : bound.host.address, port: address.port };
    if (!/^[\d.]+$|:/.test(reached.host)) reached.host = sameMachine ? "127.0.0.1" : reached.host;
    const local = {
      host: sameMachine ? reached.host : from.address,
      port: this.#freePort(from),
    };
    const world: ConnectionWorld = {
      scheduler: this.#scheduler,
      latencyMs: (random, from, to) =>
        this.#latency(random) + (this.#detoursMs.get(wayKey(from.name, to.name)) ?? 0),
      cutChance: this.#options.cutProbability,
      isPartitioned: (from, to) => this.isPartitioned(from, to),
      cut: () => this.#cutLink(link),
      giveUpMs: (random) => this.#giveUpMs(random),
    };
    const ends = [
      new End(world, {
        host: from,
        random: new SeededRandom(this.#seed, `${name}>`),
        name: `${name}>`,
      }),
      new End(world, {
        host: bound.host,
        random: new SeededRandom(this.#seed, `${name}<`),
        name: `${name}<`,
      }),
    ] as const;
    const link: Link = { name, ends };
    this.#links.add(link);
    const onGone = () => {
      if (ends.every((end) => end.gone)) this.#links.delete(link);
    };
    ends[0].connect(ends[1], { addresses: { local, remote: reached }, onGone });
    ends[1].connect(ends[0], { addresses: { local: reached, remote: local }, onGone });
    happenIn(bound.host, () => bound.onConnection(ends[1].socket));
    return ends[0].socket;
  }

  #cutLink(link: Link): void {
    for (const end of link.ends) end.reset(this.#latency(end.random));
  }

  #giveUpMs(random: SeededRandom): number {
    const [min, max] = this.#options.giveUpMs;
    return random.between(min, max);
  }

  #latency(random: SeededRandom): number {
    const { spikeProbability, spikeMs, latencyMs } = this.#options;
    const [min, max] = random.chance(spikeProbability) ? spikeMs : latencyMs;
    return random.between(min, max);
  }

  #resolve(host: string, from: Host): Host | undefined {
    if (["localhost", "127.0.0.1", "::1", "0.0.0.0"].includes(host)) return from;
    for (const known of this.#hosts.values()) {
      if (known.name === host || known.address === host) return known;
    }
    return undefined;
  }

  #freePort(host: Host): number {
    let port: number;
    do port = firstEphemeralPort + this.#count(`port ${host.name}`) % 28_000; while (
      this.#bound.has(`${host.name}:${port}`)
    );
    return port;
  }

  #count(name: string): number {
    const count = this.#counts.get(name) ?? 0;
    this.#counts.set(name, count + 1);
    return count;
  }
}

function wayKey(from: string, to: string): string {
  return `${from}>${to}`;
}

function pairKey(a: string, b: string): string {
  return a < b ? `${a} ${b}` : `${b} ${a}`;
}

/** A handshake would bring real time, and chance, into a seeded history. */
function noTls(): Promise<never> {
  return Promise.reject(new PlatformFault("Denied", "a simulated machine speaks no TLS"));
}
