// One simulated TCP connection: two ends, each sending to the other.
//
//   write -> window (bounded) -> segment --latency, in order--> receiver's queue -> its reader
//                                   |
//                     partition: held until it heals, or TCP gives up and the connection is cut
//
// Invariant: what arrives at an end is a prefix of what the other end sent, whatever goes wrong.

import type { Address } from "./ports.ts";
import { PushedSocket, type Transport } from "./pushed_socket.ts";
import type { Scheduler, SeededRandom } from "./simulated_time.ts";

/** Bytes under way or unread that one direction takes before its writer waits. */
const windowBytes = 256 * 1024;
const segmentBytes = 16 * 1024;

/** One run of a process, as the network knows it. */
export interface Host {
  readonly name: string;
  readonly address: string;
  readonly incarnation: number;
  alive: boolean;
  /** Whether its machine is off as well: it refuses nothing, it does not answer. */
  isDark: boolean;
  /** What is to happen in a process that is stopped, once it goes on; undefined: it runs. */
  stopped: (() => void)[] | undefined;
}

/** Calls `run` in the process: now, or once it goes on; never if it is dead. */
export function happenIn(host: Host, run: () => void): void {
  if (!host.alive) return;
  if (host.stopped === undefined) run();
  else host.stopped.push(run);
}

/** What a dead process waits for. */
export function never<T>(): Promise<T> {
  return new Promise(() => {});
}

/** What an end asks of the network that it is part of. */
export interface ConnectionWorld {
  readonly scheduler: Scheduler;
  latencyMs(random: SeededRandom, from: Host, to: Host): number;
  readonly cutChance: number;
  isPartitioned(from: Host, to: Host): boolean;
  cut(): void;
  giveUpMs(random: SeededRandom): number;
}

/** What travels: bytes, the end of a side, or of both at once. */
type Item = Uint8Array | "end" | "reset";

/** One side of a connection: it sends to the other, and takes what the other sent. */
export class End implements Transport {
  readonly host: Host;
  readonly random: SeededRandom;
  readonly #name: string;
  readonly #world: ConnectionWorld;
  #socket: PushedSocket | undefined;
  #peer: End | undefined;
  #onGone = () => {};
  /** Still to be sent; its writer waits. */
  #pending: { bytes: Uint8Array; resolve: () => void } | undefined;
  /** Sent, and neither read nor lost. */
  #outstandingBytes = 0;
  #lastArrivalMs = 0;
  /** Arrived while the reader was paused, or held up by a partition: in order. */
  #held: Item[] = [];
  #paused = false;
  /** Counts the partitions that held something up; undefined while none does. */
  #stuckSince: number | undefined;
  #sentCount = 0;
  #isCut = false;
  readonly #rankBase: number;
  gone = false;

  constructor(world: ConnectionWorld, options: { host: Host; random: SeededRandom; name: string }) {
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

  /** A simulated process ends when the test says so. */
  hold(): void {}

  /**
   * Our process closed: the peer reads what is under way and then an end, and can send no more. As
   * in TCP, it hears of a reset instead where some of what it sent was not read.
   */
  destroy(): void {
    if (this.gone) return;
    this.#transmit(this.#held.length > 0 ? "reset" : "end");
    this.#leave();
  }

  /** Our process drops the connection without manners: the peer hears of a reset. */
  drop(): void {
    if (this.gone) return;
    this.#transmit("reset");
    this.#leave();
    this.socket.onClosed();
  }

  /** The connection breaks, as seen from here, `delayMs` from now. */
  reset(delayMs: number): void {
    this.#schedule(delayMs, "reset", () => this.#onReset());
  }

  /** Our process died: nothing is said to anybody. */
  abandon(): void {
    this.#leave();
  }

  onHeal(): void {
    this.#stuckSince = undefined;
    this.#release();
  }

  /** Our process goes on. */
  onResumed(): void {
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
    happenIn(this.host, pending.resolve);
  }

  #transmit(item: Item): void {
    const peer = this.#peer!;
    const now = this.#world.scheduler.nowMs;
    const arrival = Math.max(this.#lastArrivalMs, now + this.#latencyMs());
    this.#lastArrivalMs = arrival;
    const isText = typeof item === "string";
    const cuts = !isText && this.random.chance(this.#world.cutChance);
    const label = isText ? item : `${item.length} B`;
    this.#world.scheduler.at(arrival, {
      rank: this.#rank(),
      label: `${label} ${this.#name}`,
      run: () => {
        // What was behind it does not arrive without it.
        if (this.#isCut) return;
        if (!cuts) return peer.#arrive(item);
        this.#isCut = true;
        this.#world.cut();
      },
    });
  }

  #latencyMs(): number {
    return this.#world.latencyMs(this.random, this.host, this.#peer!.host);
  }

  /** Segments of one direction that arrive at the same moment keep their order. */
  #rank(): number {
    return this.#rankBase + this.#sentCount++ / 2 ** 20;
  }

  #arrive(item: Item): void {
    if (!this.host.alive) return;
    if (this.gone) {
      if (typeof item !== "string") this.#peer!.reset(this.#latencyMs());
      return;
    }
    this.#held.push(item);
    this.#release();
  }

  #release(): void {
    const peer = this.#peer!;
    if (this.#world.isPartitioned(peer.host, this.host)) {
      if (this.#held.length > 0 && this.#stuckSince === undefined) this.#getStuck();
      return;
    }
    // A reset is heard of whether the reader is paused or not; what came before can still be read.
    const isReset = this.#held.at(-1) === "reset";
    while (
      this.#held.length > 0 && (isReset || !this.#paused) && !this.gone && this.host.alive &&
      this.host.stopped === undefined
    ) {
      const item = this.#held.shift()!;
      if (item === "reset") {
        this.#onReset();
      } else if (item === "end") {
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

  #onReset(): void {
    if (this.gone) return;
    this.#leave();
    const error = Object.assign(new Error("reset (simulated)"), { code: "ECONNRESET" });
    this.socket.onClosed(error);
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
      run: () => happenIn(this.host, run),
    });
  }
}
