// A network between simulated machines. TCP loses no bytes: what goes wrong is time and
// connections.
//
//   write -> window (bounded) -> segment --latency, in order--> receiver's queue -> its reader
//                                   |
//                     partition: held until it heals, or TCP gives up and the connection is cut
//
//   cut:   both sides see a reset; segments under way are gone
//   kill:  the machine lives and resets the connections of its dead process
//   crash: silence; the peer finds out when TCP gives up
//
// Each direction of each connection draws from its own stream of random numbers.

import { PlatformFault } from "../base/faults.ts";
import type { Address, Listener, Network, Socket } from "./ports.ts";
import { PushedSocket, type Transport } from "./pushed_socket.ts";
import { type Scheduler, SeededRandom } from "./simulated_time.ts";
import { addressText } from "./socket_address.ts";

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

/** Bytes under way or unread that one direction takes before its writer waits. */
const windowBytes = 256 * 1024;
const segmentBytes = 16 * 1024;
const firstEphemeralPort = 32_768;

/** One run of a process, as the network knows it. */
export interface Host {
  readonly name: string;
  readonly address: string;
  readonly incarnation: number;
  alive: boolean;
}

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
  readonly #partitions = new Set<string>();
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
    };
  }

  /** Nothing passes between machines `a` and `b` until `heal`. */
  partition(a: string, b: string): void {
    this.#partitions.add(pairKey(a, b));
  }

  heal(a: string, b: string): void {
    this.#partitions.delete(pairKey(a, b));
    for (const link of this.#links) for (const end of link.ends) end.onHeal();
  }

  /** Resets every connection between `a` and `b`. */
  cut(a: string, b: string): void {
    for (const link of this.#links) {
      const [x, y] = link.ends;
      if (pairKey(x.host.name, y.host.name) === pairKey(a, b)) this.#cutLink(link);
    }
  }

  /** The process on `host` is gone; with `silently`, so is its machine. */
  drop(host: Host, options: { silently: boolean }): void {
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

  isPartitioned(a: Host, b: Host): boolean {
    return this.#partitions.has(pairKey(a.name, b.name));
  }

  #listen(address: Address, bound: Bound): Promise<Listener> {
    const { host } = bound;
    if (!host.alive) return never();
    const port = address.port === 0 ? this.#freePort(host) : address.port;
    const key = `${host.name}:${port}`;
    if (this.#bound.has(key)) {
      const text = addressText({ host: address.host, port });
      return Promise.reject(
        new PlatformFault("AddressInUse", `cannot listen on ${text}: the address is in use`),
      );
    }
    this.#bound.set(key, bound);
    return Promise.resolve({
      address: { host: address.host, port },
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
      new PlatformFault(kind, `cannot connect to ${addressText(address)}: ${reason}`);
    if (target === undefined) return Promise.reject(fail("NotFound", "no such host"));
    return new Promise((resolve, reject) => {
      const later = (delayMs: number, label: string, run: () => void) =>
        this.#scheduler.after(delayMs, {
          rank: random.uint32(),
          label: `${label} ${name}`,
          run: () => from.alive && run(),
        });
      later(this.#latency(random), "syn", () => {
        const host = this.#hosts.get(target.name);
        if (host === undefined || !host.alive || this.isPartitioned(from, target)) {
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
    const world: World = {
      scheduler: this.#scheduler,
      latencyMs: (random) => this.#latency(random),
      cutChance: this.#options.cutProbability,
      isPartitioned: (a, b) => this.isPartitioned(a, b),
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
    bound.onConnection(ends[1].socket);
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

function pairKey(a: string, b: string): string {
  return a < b ? `${a} ${b}` : `${b} ${a}`;
}

/** What a dead process waits for. */
export function never<T>(): Promise<T> {
  return new Promise(() => {});
}

interface World {
  readonly scheduler: Scheduler;
  latencyMs(random: SeededRandom): number;
  readonly cutChance: number;
  isPartitioned(a: Host, b: Host): boolean;
  cut(): void;
  giveUpMs(random: SeededRandom): number;
}

/** One side of a connection: it sends to the other, and takes what the other sent. */
class End implements Transport {
  readonly host: Host;
  readonly random: SeededRandom;
  readonly #name: string;
  readonly #world: World;
  #socket: PushedSocket | undefined;
  #peer: End | undefined;
  #onGone = () => {};
  /** Still to be sent; its writer waits. */
  #pending: { bytes: Uint8Array; resolve: () => void } | undefined;
  /** Sent, and neither read nor lost. */
  #outstandingBytes = 0;
  #lastArrivalMs = 0;
  /** Arrived while the reader was paused, or held up by a partition: in order. */
  #held: (Uint8Array | "end")[] = [];
  #paused = false;
  /** Counts the partitions that held something up; undefined while none does. */
  #stuckSince: number | undefined;
  #sentCount = 0;
  readonly #rankBase: number;
  gone = false;

  constructor(world: World, options: { host: Host; random: SeededRandom; name: string }) {
    this.#world = world;
    this.host = options.host;
    this.random = options.random;
    this.#name = options.name;
    this.#rankBase = this.random.uint32();
  }

  connect(
    peer: End,
    options: { addresses: { local: Address; remote: Address }; onGone: () => void },
  ): void {
    this.#peer = peer;
    this.#onGone = options.onGone;
    this.#socket = new PushedSocket(this, options.addresses);
  }

  get socket(): PushedSocket {
    return this.#socket!;
  }

  write(bytes: Uint8Array): Promise<void> {
    if (!this.host.alive) return never();
    return new Promise((resolve) => {
      this.#pending = { bytes, resolve };
      this.#send();
    });
  }

  end(): void {
    this.#transmit("end");
  }

  pause(): void {
    this.#paused = true;
  }

  resume(): void {
    this.#paused = false;
    this.#release();
  }

  /** Our process closed: the peer reads what is under way and then an end, and can send no more. */
  destroy(): void {
    if (this.gone) return;
    this.end();
    this.#leave();
  }

  /** The connection breaks, as seen from here, `delayMs` from now. */
  reset(delayMs: number): void {
    this.#schedule(delayMs, "reset", () => {
      if (this.gone) return;
      this.#leave();
      const error = Object.assign(new Error("reset (simulated)"), { code: "ECONNRESET" });
      this.socket.onClosed(error);
    });
  }

  /** Our process died: nothing is said to anybody. */
  abandon(): void {
    this.#leave();
  }

  onHeal(): void {
    this.#stuckSince = undefined;
    this.#release();
  }

  #send(): void {
    const pending = this.#pending;
    while (pending !== undefined && pending.bytes.length > 0) {
      const room = windowBytes - this.#outstandingBytes;
      if (room <= 0) return;
      const length = Math.min(pending.bytes.length, room, segmentBytes);
      const segment = pending.bytes.slice(0, length);
      pending.bytes = pending.bytes.subarray(length);
      this.#outstandingBytes += length;
      this.#transmit(segment);
    }
    if (pending === undefined || this.#pending !== pending) return;
    this.#pending = undefined;
    pending.resolve();
  }

  #transmit(item: Uint8Array | "end"): void {
    const peer = this.#peer!;
    const now = this.#world.scheduler.nowMs;
    const arrival = Math.max(this.#lastArrivalMs, now + this.#world.latencyMs(this.random));
    this.#lastArrivalMs = arrival;
    const cuts = item !== "end" && this.random.chance(this.#world.cutChance);
    const label = item === "end" ? "end" : `${item.length} B`;
    this.#world.scheduler.after(arrival - now, {
      rank: this.#rank(),
      label: `${label} ${this.#name}`,
      run: () => cuts ? this.#world.cut() : peer.#arrive(item),
    });
  }

  /** Segments of one direction that arrive at the same moment keep their order. */
  #rank(): number {
    return this.#rankBase + this.#sentCount++ / 2 ** 20;
  }

  #arrive(item: Uint8Array | "end"): void {
    if (!this.host.alive) return;
    if (this.gone) {
      if (item !== "end") this.#peer!.reset(this.#world.latencyMs(this.random));
      return;
    }
    this.#held.push(item);
    this.#release();
  }

  #release(): void {
    const peer = this.#peer!;
    if (this.#world.isPartitioned(this.host, peer.host)) {
      if (this.#held.length > 0 && this.#stuckSince === undefined) this.#getStuck();
      return;
    }
    while (this.#held.length > 0 && !this.#paused && !this.gone && this.host.alive) {
      const item = this.#held.shift()!;
      if (item === "end") {
        this.socket.onEnd();
      } else {
        this.socket.onData(item);
        peer.#outstandingBytes -= item.length;
        peer.#send();
      }
    }
  }

  /** Something waits behind a partition: TCP gives up unless it heals in time. */
  #getStuck(): void {
    const since = this.#world.scheduler.nowMs;
    this.#stuckSince = since;
    this.#schedule(this.#world.giveUpMs(this.random), "give up", () => {
      if (this.#stuckSince === since && !this.gone) this.#world.cut();
    });
  }

  #leave(): void {
    this.gone = true;
    this.#held = [];
    this.#pending = undefined;
    this.#onGone();
  }

  #schedule(delayMs: number, label: string, run: () => void): void {
    this.#world.scheduler.after(delayMs, {
      rank: this.random.uint32(),
      label: `${label} ${this.#name}`,
      run: () => {
        if (this.host.alive) run();
      },
    });
  }
}
