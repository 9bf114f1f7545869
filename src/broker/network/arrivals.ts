// Connections between their arrival and their service: those of an address that come too fast are
// kept out, and closed a moment later, so that they do not come again at once; those of a listener
// that come too fast wait for their turn.
//
//   arrived ──too many of its address──> held ──pause──> closed
//      └──> waiting (in order, by listener) ──pause──> admitted
//
// Invariant: at most `heldMax` are held, and `waitingMax` of a listener wait; further ones are
// closed at once.

import type { Socket, Timer, Timers } from "../../runtime/ports.ts";
import type { ConnectionRates } from "./connection_rates.ts";

export interface ArrivalsOptions {
  readonly rates: Pick<ConnectionRates, "addressPauseMs" | "listenerPauseMs">;
  readonly timers: Timers;
  /** Listeners whose connections do not wait for those of others. */
  readonly isProtected: (listener: string) => boolean;
  /** A connection is kept out. */
  readonly onRefused: (host: string, why: string) => void;
}

interface Arrived {
  readonly socket: Socket;
  readonly admit: () => void;
}

/** Those of one listener. The first one's time is running. */
interface Queue {
  readonly waiting: Arrived[];
  timer: Timer | undefined;
}

const heldMax = 1_000;
const waitingMax = 511;
const tooFast = "too many connections come from its address";

/** The connections of one broker that are not served yet. */
export class Arrivals {
  readonly #options: ArrivalsOptions;
  readonly #held = new Map<Socket, Timer>();
  readonly #queues = new Map<string, Queue>();

  constructor(options: ArrivalsOptions) {
    this.#options = options;
  }

  /** Whether a connection from `host` may come: asked where an early refusal saves work. */
  admits(host: string): boolean {
    if (this.#options.rates.addressPauseMs(host) === 0) return true;
    this.#options.onRefused(host, tooFast);
    return false;
  }

  /** Calls `admit` now or later, or closes the socket. `isAdmitted`: its address may come. */
  take(
    { socket, admit }: Arrived,
    { listener, isAdmitted }: { readonly listener: string; readonly isAdmitted: boolean },
  ): void {
    const { rates, onRefused } = this.#options;
    const { host } = socket.remote;
    const pauseMs = isAdmitted ? 0 : rates.addressPauseMs(host);
    if (pauseMs > 0) {
      onRefused(host, tooFast);
      return this.#hold(socket, pauseMs);
    }
    const queue = this.#queues.get(listener) ?? { waiting: [], timer: undefined };
    this.#queues.set(listener, queue);
    if (queue.waiting.length >= waitingMax) {
      onRefused(host, "too many connections wait for their turn");
      return socket.close();
    }
    queue.waiting.push({ socket, admit });
    if (queue.timer === undefined) this.#admitNext(listener, queue);
  }

  /** Those that wait are closed. */
  close(): void {
    for (const [socket, timer] of this.#held) {
      timer.cancel();
      socket.close();
    }
    this.#held.clear();
    for (const { waiting, timer } of this.#queues.values()) {
      timer?.cancel();
      for (const { socket } of waiting.splice(0)) socket.close();
    }
  }

  #admitNext(listener: string, queue: Queue): void {
    const { rates, timers, isProtected } = this.#options;
    while (queue.waiting.length > 0) {
      const pauseMs = rates.listenerPauseMs(listener, { isProtected: isProtected(listener) });
      if (pauseMs > 0) {
        queue.timer = timers.after(pauseMs, () => {
          queue.timer = undefined;
          queue.waiting.shift()?.admit();
          this.#admitNext(listener, queue);
        });
        return;
      }
      queue.waiting.shift()?.admit();
    }
  }

  #hold(socket: Socket, pauseMs: number): void {
    if (this.#held.size >= heldMax) return socket.close();
    const timer = this.#options.timers.after(pauseMs, () => {
      this.#held.delete(socket);
      socket.close();
    });
    this.#held.set(socket, timer);
  }
}
