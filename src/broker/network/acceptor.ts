// The open connections: accepts them on every listener, bounds their number, drops idle ones, and
// lets those in the middle of an answer finish when the broker closes.
//
// Kafka's rules: max.connections, in all, by listener and by address, closes the newcomer, and
// connections.max.idle.ms the silent. The listener of brokers, where there are others, takes in
// whoever comes: the connection of another listener that was idle the longest gives way.
// Who comes too fast waits, or is kept out (arrivals.ts).
//
// Invariant: no fault of one socket reaches anything else. Whatever it throws, and even when it
// never ends, the next one is accepted, and `close` resolves: the logs are closed behind it.

import { formatAddress, listenOn } from "../../base/address.ts";
import { messageOf } from "../../base/faults.ts";
import { itemAt } from "../../base/items.ts";
import type {
  Address,
  Listener,
  Logger,
  Network,
  Socket,
  Timer,
  Timers,
} from "../../runtime/ports.ts";
import type { LoginOptions } from "../authentication/login.ts";
import type { TlsListeners } from "../authentication/tls_listeners.ts";
import { Arrivals } from "./arrivals.ts";
import type { ConnectionRates } from "./connection_rates.ts";
import { type ConnectionBounds, ConnectionCounts, type ReachedBound } from "./connection_counts.ts";
import { Connection, type ConnectionOptions } from "./connection.ts";
import { type ListenerAddress, toldOf } from "../config/listeners.ts";
import type { MemoryBudget } from "../limits/memory_budget.ts";
import type { Session } from "./session.ts";

/** Connections that are idle, or that others wait for, are looked for this often. */
const sweepIntervalMs = 1_000;
/** Of thousands so many are looked at in one go, so that no request waits for the look at all. */
const sweptAtOnce = 500;

/** How long a closing broker waits for answers that are being made. */
const drainMsMax = 1_000;

/**
 * How long it waits for connections to end that it has dropped. Each does so at once, but ten
 * thousand of them keep a busy machine for seconds.
 */
const endMsMax = 5_000;

export interface AcceptorOptions {
  readonly network: Network;
  readonly timers: Timers;
  readonly logger: Logger;
  readonly monotonic: () => number;
  /** What others may wait for. */
  readonly memory: Pick<MemoryBudget, "frames" | "answers">;
  readonly bounds: ConnectionBounds;
  readonly rates: ConnectionRates;
  readonly idleMsMax: number;
  /** What a client of `listener` is told; undefined: the address that it reached. */
  readonly advertised: (listener: ListenerAddress) => Address | undefined;
  /** How clients of the listener of this name say who they are; undefined: they need not. */
  readonly loginOf: (listener: string) => LoginOptions | undefined;
  /** Which listeners are behind TLS, and who has shown which certificate. */
  readonly tls: Pick<TlsListeners, "of" | "principalOf" | "watch">;
  /** Hears of each client that is let in; absent: nobody does. */
  readonly onConnected?: (session: Session) => void;
  readonly connection: Omit<
    ConnectionOptions,
    "listener" | "principal" | "login" | "timers" | "monotonic"
  >;
}

/** What a client has shown before its first request. */
interface ShownByTls {
  readonly certificate: Uint8Array | undefined;
}

/** Owns the listeners and their connections. */
export class Acceptor {
  readonly #options: AcceptorOptions;
  readonly #listeners: Listener[] = [];
  readonly #connections = new Set<Connection>();
  /** Those that the sweep looks at in this round, and how far it is. */
  #round: readonly Connection[] = [];
  #swept = 0;
  readonly #counts: ConnectionCounts;
  readonly #arrivals: Arrivals;
  readonly #ended = new Set<Promise<void>>();
  #sweep: Timer | undefined;
  #accepted = 0;
  #refused = 0;
  #slow = 0;

  constructor(options: AcceptorOptions) {
    this.#options = options;
    const { bounds, rates, timers } = options;
    this.#counts = new ConnectionCounts(bounds);
    this.#arrivals = new Arrivals({
      rates,
      timers,
      isProtected: bounds.isProtected,
      onRefused: (host, reason) => this.#onTooFast(host, reason),
    });
    this.#scheduleSweep();
  }

  /** Where the listeners are, in the order in which they were opened. */
  get addresses(): readonly Address[] {
    return this.#listeners.map(({ address }) => address);
  }

  get connectionCount(): number {
    return this.#connections.size;
  }

  /** The clients of the open connections, in the order in which they came. */
  *sessions(): Generator<Session> {
    for (const { session } of this.#connections) yield session;
  }

  /** Connections that were let in since the start. */
  get acceptedCount(): number {
    return this.#accepted;
  }

  /** Those that were kept out since too many were open. */
  get refusedCount(): number {
    return this.#refused;
  }

  /** Those that were closed since others waited for the memory that they held. */
  get slowCount(): number {
    return this.#slow;
  }

  /** Opens a listener. Host "" is every address: of both families where the machine has both. */
  async listen(listener: ListenerAddress): Promise<void> {
    await listenOn(listener.host, (host) => this.#listenOn(host, listener));
  }

  async #listenOn(host: string, listener: ListenerAddress): Promise<void> {
    const { network, tls } = this.#options;
    const address = { host, port: listener.port };
    const listening = tls.of(listener.name);
    if (listening === undefined) {
      const accept = (socket: Socket) => this.#accept(socket, listener);
      this.#listeners.push(await network.listen(address, accept));
      return;
    }
    const admits = ({ host }: Address) => this.#arrivals.admits(host);
    const guarded = { ...listening, rules: { ...listening.rules, admits } };
    const secure = await network.listenTls(address, guarded, (socket) => {
      this.#accept(socket, listener, { certificate: socket.peerCertificate });
    });
    this.#listeners.push(secure);
    tls.watch(listener.name, secure);
  }

  /**
   * Stops accepting, lets answers in progress go out for a moment, then drops every connection.
   * Never rejects.
   */
  async close(): Promise<void> {
    this.#sweep?.cancel();
    await Promise.all(this.#listeners.map((listener) => this.#closeListener(listener)));
    this.#arrivals.close();
    const finished = [...this.#connections].map((connection) => connection.finish());
    await this.#within(drainMsMax, finished);
    for (const connection of this.#connections) connection.close();
    await this.#within(endMsMax, this.#ended);
    const left = this.#ended.size;
    if (left > 0) this.#options.logger.log("error", "left connections that do not end", { left });
  }

  async #closeListener(listener: Listener): Promise<void> {
    try {
      await listener.close();
    } catch (error) {
      this.#options.logger.log("error", "a listener could not be closed", {
        address: formatAddress(listener.address),
        reason: messageOf(error),
      });
    }
  }

  /** Waits for all of these, but not for longer than `ms`. */
  async #within(ms: number, ending: Iterable<Promise<void>>): Promise<void> {
    let timer: Timer | undefined;
    const late = new Promise<void>((resolve) => {
      timer = this.#options.timers.after(ms, resolve);
    });
    await Promise.race([Promise.all(ending), late]);
    timer?.cancel();
  }

  /** Called by the adapter, which is not to hear of what happens to this socket. */
  #accept(socket: Socket, listener: ListenerAddress, tls?: ShownByTls): void {
    const { name } = listener;
    const admit = () => this.#admit(socket, listener, tls?.certificate);
    this.#guarded(() =>
      this.#arrivals.take({ socket, admit }, { listener: name, isAdmitted: tls !== undefined })
    );
  }

  #admit(socket: Socket, listener: ListenerAddress, certificate: Uint8Array | undefined): void {
    this.#guarded(() => {
      const reached = this.#counts.reachedBy(socket.remote.host, listener.name);
      if (reached !== undefined) this.#refuse(socket, reached);
      else this.#serve(socket, listener, certificate);
    });
  }

  #guarded(work: () => void): void {
    try {
      work();
    } catch (error) {
      this.#options.logger.log("error", "a connection could not be served", {
        reason: messageOf(error),
      });
    }
  }

  #onTooFast(host: string, reason: string): void {
    this.#refused++;
    this.#options.logger.log("warn", "refused a connection", { host, reason });
  }

  #refuse(socket: Socket, { key, max }: ReachedBound): void {
    this.#refused++;
    this.#options.logger.log("warn", "refused a connection: too many are open", {
      peer: formatAddress(socket.remote),
      [key]: max,
    });
    socket.close();
  }

  /** Its certificate is trusted, and by the rules of the listener nobody's. */
  #refuseName(socket: Socket): void {
    this.#options.logger.log("warn", "refused a connection: no rule knows its certificate's name", {
      peer: formatAddress(socket.remote),
    });
    socket.close();
  }

  #serve(socket: Socket, listener: ListenerAddress, certificate: Uint8Array | undefined): void {
    const { logger, timers, monotonic, tls } = this.#options;
    const { name } = listener;
    const login = this.#options.loginOf(name);
    const shown = login === undefined ? certificate : undefined;
    const principal = shown && tls.principalOf(name, shown);
    if (shown !== undefined && principal === undefined) return this.#refuseName(socket);
    const advertised = this.#options.advertised(listener) ?? toldOf(listener, socket.local);
    const connection = new Connection(socket, {
      ...this.#options.connection,
      listener: { name, advertised },
      principal,
      login,
      timers,
      monotonic,
    });
    logger.log("debug", "accepted a connection", { peer: formatAddress(socket.remote) });
    this.#options.onConnected?.(connection.session);
    if (principal !== undefined) {
      this.#options.connection.onLogin?.(connection.session, { mechanism: "TLS" });
    }
    const { host } = socket.remote;
    this.#connections.add(connection);
    this.#counts.add(host, name);
    if (this.#counts.isExceeded) this.#dropLongestIdle();
    this.#accepted++;
    const ended = connection.run().finally(() => {
      this.#connections.delete(connection);
      this.#counts.remove(host, name);
      this.#ended.delete(ended);
    });
    this.#ended.add(ended);
  }

  /** Each connection is looked at about once in the interval, however many there are. */
  #scheduleSweep(): void {
    const parts = 1 + Math.floor(this.#connections.size / sweptAtOnce);
    this.#sweep = this.#options.timers.after(sweepIntervalMs / parts, () => {
      this.#sweepPart();
      this.#scheduleSweep();
    });
  }

  #sweepPart(): void {
    const nowMs = this.#options.monotonic();
    if (this.#swept >= this.#round.length) {
      this.#round = [...this.#connections];
      this.#swept = 0;
    }
    const end = Math.min(this.#round.length, this.#swept + sweptAtOnce);
    for (; this.#swept < end; this.#swept++) {
      const connection = itemAt(this.#round, this.#swept);
      this.#dropIdle(connection, nowMs);
      this.#dropSlow(connection, nowMs);
    }
  }

  /** A peer that neither sends nor takes what memory is held for goes once others wait for it. */
  #dropSlow(connection: Connection, nowMs: number): void {
    const { logger, memory } = this.#options;
    const sending = connection.isSlowToSend(nowMs);
    const taking = connection.isSlowToTake(nowMs);
    const isInTheWay = (sending && memory.frames.waiting > 0) ||
      (taking && memory.answers.waiting > 0);
    if (!isInTheWay) return;
    this.#slow++;
    logger.log("warn", "closed a connection whose peer is slow, since others wait for memory", {
      peer: formatAddress(connection.session.remote),
      slowTo: sending ? "send a request" : "take its answers",
    });
    connection.close();
  }

  /** One connection gives way to another that has come by a protected listener. */
  #dropLongestIdle(): void {
    const { bounds, logger, monotonic } = this.#options;
    const nowMs = monotonic();
    let [longest, longestMs] = [undefined as Connection | undefined, -1];
    for (const connection of this.#connections) {
      if (bounds.isProtected(connection.session.listener.name)) continue;
      const idleMs = connection.idleMs(nowMs);
      if (idleMs > longestMs) [longest, longestMs] = [connection, idleMs];
    }
    if (longest === undefined) return;
    logger.log("warn", "closed the connection that was idle the longest: too many are open", {
      peer: formatAddress(longest.session.remote),
      idleMs: Math.round(longestMs),
    });
    longest.close();
  }

  #dropIdle(connection: Connection, nowMs: number): void {
    const { idleMsMax, logger } = this.#options;
    if (idleMsMax < 0 || connection.noteIdle(nowMs) <= idleMsMax) return;
    // It may have ended since this round began.
    if (connection.session.phase === "ended") return;
    logger.log("debug", "closed an idle connection", {
      peer: formatAddress(connection.session.remote),
    });
    connection.close();
  }
}
