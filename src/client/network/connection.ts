// One TCP connection to one broker: versions agreed once, then requests pipelined.
//
//   open -> ApiVersions -> login, if asked for -> [ request -> ... -> response ]* -> closed
//
// Invariant: responses arrive in request order, so the oldest pending request owns the next frame;
// a correlation id that does not match closes the connection. At most `inFlightMax` requests are
// unanswered, further ones wait their turn. Once closed, everything pending and waiting has been
// rejected with a ConnectionFault, and nothing can be sent. After an answer with a throttle time
// nothing more is sent for so long (KIP-219): the broker would not read it. A connection whose
// login is soon over takes no more requests, and closes when it has answers to all (KIP-368).

import { formatAddress } from "../../base/address.ts";
import { ConnectionFault, messageOf, PlatformFault } from "../../base/faults.ts";
import { uint16At } from "../../base/items.ts";
import { SendQueue } from "../../base/send_queue.ts";
import {
  type AnyApi,
  ApiVersions,
  decodeResponse,
  encodeRequest,
  ErrorCode,
  type RequestInput,
  type ResponseOf,
} from "../../protocol/mod.ts";
import { programVersion } from "../../base/version.ts";
import type { Address, Runtime, Socket, Timer, Timers, TlsMaterial } from "../../runtime/ports.ts";
import { KafkaError } from "../faults.ts";
import { responseFrames } from "./frames.ts";
import { authenticate, type Credentials } from "./sasl.ts";
import { agreedVersion, spokenVersions } from "./versions.ts";

export interface ConnectionOptions {
  readonly clientId: string;
  /** A request without an answer for this long closes the connection. */
  readonly requestTimeoutMs: number;
  readonly inFlightMax: number;
  /** Whether an answer's bytes are good only until another request is sent; one is in flight. */
  readonly answersAreLent?: boolean;
  /** Whether the process lives on while nothing is under way. Default true. */
  readonly holdsProcess?: boolean;
  /** By what it is encrypted; absent: it is not. */
  readonly tls?: TlsMaterial;
  /** Who the client is; absent: it does not say. */
  readonly sasl?: Credentials;
}

/** A login is renewed, by another connection, when so much of its time is over. */
const loginShare = 0.85;

/** What a connection needs of the runtime. */
export type ConnectionPorts = Pick<Runtime, "network" | "timers" | "digests" | "random">;

interface Pending {
  readonly api: AnyApi;
  readonly version: number;
  readonly correlationId: number;
  readonly timer: Timer;
  resolve(message: unknown): void;
  reject(error: Error): void;
}

export class BrokerConnection {
  readonly address: Address;
  readonly #socket: Socket;
  readonly #timers: Timers;
  readonly #options: ConnectionOptions;
  readonly #out: SendQueue;
  readonly #pending: Pending[] = [];
  readonly #turns: (() => void)[] = [];
  readonly #features = new Map<string, number>();
  #ranges = new Map<number, { min: number; max: number }>();
  #inFlight = 0;
  /** Requests that hold the process, the opening among them. */
  #waitedFor = 1;
  #correlationId = 0;
  #fault: ConnectionFault | undefined;
  #isRetired = false;
  #retirement: Timer | undefined;
  /** While a quota keeps this client waiting. */
  #throttle: { readonly over: Promise<void>; end(): void } | undefined;

  private constructor(
    socket: Socket,
    at: { address: Address; timers: Timers; options: ConnectionOptions },
  ) {
    this.#socket = socket;
    this.address = at.address;
    this.#timers = at.timers;
    this.#options = at.options;
    this.#out = new SendQueue({
      write: (bytes) => socket.write(bytes),
      onFailed: (error) => this.#fail(lost(error)),
    });
    this.#receive();
  }

  /** Connects and agrees on versions. Throws the network's PlatformFault when it cannot connect. */
  static async open(
    ports: ConnectionPorts,
    address: Address,
    options: ConnectionOptions,
  ): Promise<BrokerConnection> {
    const { network } = ports;
    const { tls, requestTimeoutMs: msMax } = options;
    const socket =
      await (tls ? network.connectTls(address, tls, { msMax }) : network.connect(address));
    const connection = new BrokerConnection(socket, { address, timers: ports.timers, options });
    try {
      await connection.#agree();
      if (options.sasl !== undefined) await connection.#login(options.sasl, ports);
    } catch (error) {
      connection.close();
      throw error;
    }
    connection.#hold(-1);
    return connection;
  }

  /** As `open`, but throws PlatformFault (Io) where that takes longer than `ms`. */
  static openWithin(
    ms: number,
    ports: ConnectionPorts,
    { address, options }: { readonly address: Address; readonly options: ConnectionOptions },
  ): Promise<BrokerConnection> {
    const opening = BrokerConnection.open(ports, address, options);
    return new Promise((resolve, reject) => {
      const timer = ports.timers.after(ms, () => {
        reject(new PlatformFault("Io", `no connection within ${ms} ms`));
        opening.then((late) => late.close(), () => {});
      });
      opening.then(resolve, reject).finally(() => timer.cancel());
    });
  }

  /** Whether it takes no more requests. */
  get closed(): boolean {
    return this.#fault !== undefined || this.#isRetired;
  }

  /** Version ranges that the broker advertises, by API key. */
  get ranges(): ReadonlyMap<number, { min: number; max: number }> {
    return this.#ranges;
  }

  /** The level of a feature that the whole cluster has agreed on (KIP-584); 0 for none. */
  featureLevel(name: string): number {
    return this.#features.get(name) ?? 0;
  }

  /** The version in which `api` is spoken here; throws UNSUPPORTED_VERSION when there is none. */
  versionOf(api: AnyApi, options?: { versionMax?: number }): number {
    const version = agreedVersion(api, this.#ranges.get(api.key), options);
    if (version === undefined) {
      throw new KafkaError(
        ErrorCode.UNSUPPORTED_VERSION,
        `${api.name} to ${formatAddress(this.address)}`,
      );
    }
    return version;
  }

  /**
   * Sends a request and resolves with its answer. `version`: for who knows more of one than this
   * client does. `holdsProcess` is false for what nobody waits for.
   */
  async request<A extends AnyApi>(
    api: A,
    message: RequestInput<A>,
    options: {
      timeoutMs?: number;
      versionMax?: number;
      version?: number;
      holdsProcess?: boolean;
    } = {},
  ): Promise<ResponseOf<A>> {
    const { version = this.versionOf(api, options), timeoutMs, holdsProcess = true } = options;
    if (holdsProcess) this.#hold(1);
    try {
      await this.#turn();
      return await this.#exchange(api, { message, version, timeoutMs, holdsProcess });
    } finally {
      if (holdsProcess) this.#hold(-1);
    }
  }

  /** Sends a request that has no answer (Produce with acks=0); resolves once it is written. */
  async notify<A extends AnyApi>(api: A, message: RequestInput<A>): Promise<void> {
    const version = this.versionOf(api);
    await this.#turn();
    const header = { correlationId: this.#correlationId++, clientId: this.#options.clientId };
    try {
      this.#send(encodeRequest(api, version, header, message));
      await this.#out.drained();
      if (this.#fault !== undefined) throw this.#fault;
    } finally {
      this.#passTurn();
    }
  }

  /** Drops the connection at once; everything pending rejects. */
  close(): void {
    this.#fail(new ConnectionFault("the connection was closed"));
  }

  /** KIP-511: a broker that does not know our version answers in version 0 with its range. */
  async #agree(): Promise<void> {
    let version = spokenVersions(ApiVersions).max;
    for (;;) {
      await this.#turn();
      const answer = await this.#exchange(ApiVersions, {
        version,
        message: { clientSoftwareName: "ottla", clientSoftwareVersion: programVersion },
      });
      this.#ranges = new Map(
        answer.apiKeys.map((each) => [each.apiKey, { min: each.minVersion, max: each.maxVersion }]),
      );
      for (const { name, maxVersionLevel } of answer.finalizedFeatures ?? []) {
        this.#features.set(name, maxVersionLevel);
      }
      if (answer.errorCode === ErrorCode.NONE) return;
      const offered = agreedVersion(ApiVersions, this.#ranges.get(ApiVersions.key)) ?? 0;
      if (answer.errorCode !== ErrorCode.UNSUPPORTED_VERSION || version <= offered) {
        throw new KafkaError(answer.errorCode, "agree on protocol versions");
      }
      version = offered;
    }
  }

  async #login(sasl: Credentials, ports: ConnectionPorts): Promise<void> {
    const lifetimeMs = await authenticate(sasl, {
      send: (api, message) => this.request(api, message),
      ports,
    });
    if (lifetimeMs <= 0) return;
    const retire = () => {
      this.#isRetired = true;
      this.#closeIfDone();
    };
    const { holdsProcess } = this.#options;
    this.#retirement = this.#timers.after(lifetimeMs * loginShare, retire, { holdsProcess });
  }

  #closeIfDone(): void {
    if (this.#isRetired && this.#inFlight === 0) this.close();
  }

  #exchange<A extends AnyApi>(
    api: A,
    request: {
      message: RequestInput<A>;
      version: number;
      timeoutMs?: number;
      holdsProcess?: boolean;
    },
  ): Promise<ResponseOf<A>> {
    // It may have failed since the turn was given: nobody would ever reject what is pending then.
    if (this.#fault !== undefined) throw this.#fault;
    const { version, timeoutMs = this.#options.requestTimeoutMs, holdsProcess } = request;
    const correlationId = this.#correlationId++;
    const header = { correlationId, clientId: this.#options.clientId };
    let chunks: Uint8Array[];
    try {
      chunks = encodeRequest(api, version, header, request.message);
    } catch (error) {
      this.#passTurn();
      throw error;
    }
    return new Promise<ResponseOf<A>>((resolve, reject) => {
      const timer = this.#timers.after(timeoutMs, () => {
        this.#fail(new ConnectionFault(`no answer to ${api.name} within ${timeoutMs} ms`));
      }, { holdsProcess });
      this.#pending.push({
        api,
        version,
        correlationId,
        timer,
        resolve: resolve as (message: unknown) => void,
        reject,
      });
      this.#send(chunks);
    });
  }

  #send(chunks: readonly Uint8Array[]): void {
    for (const chunk of chunks) this.#out.add(chunk);
    this.#out.flush();
  }

  async #receive(): Promise<void> {
    try {
      const { answersAreLent: areLent } = this.#options;
      for await (const frame of responseFrames(this.#socket, { areLent })) this.#onFrame(frame);
      this.#fail(new ConnectionFault("the broker closed the connection"));
    } catch (error) {
      this.#fail(error instanceof ConnectionFault ? error : lost(error));
    }
  }

  #onFrame(frame: Uint8Array): void {
    const pending = this.#pending[0];
    if (pending === undefined) throw new ConnectionFault("an answer that nobody asked for");
    const version = isRefusedApiVersions(pending.api, frame) ? 0 : pending.version;
    const { correlationId, message } = decodeResponse(pending.api, version, frame);
    if (correlationId !== pending.correlationId) {
      throw new ConnectionFault(`an answer out of turn to ${pending.api.name}`);
    }
    this.#pending.shift();
    pending.timer.cancel();
    this.#onThrottled(message);
    this.#passTurn();
    pending.resolve(message);
  }

  /** Sends nothing for the throttle time of `message`, if it has one. */
  #onThrottled(message: { readonly throttleTimeMs?: unknown }): void {
    const { throttleTimeMs } = message;
    if (typeof throttleTimeMs !== "number" || throttleTimeMs <= 0) return;
    this.#throttle?.end();
    const { promise: over, resolve } = Promise.withResolvers<void>();
    // Whoever waits for it holds the process by the socket.
    const holdsProcess = false;
    const timer = this.#timers.after(throttleTimeMs, () => throttle.end(), { holdsProcess });
    const throttle = {
      over,
      end: () => {
        timer.cancel();
        if (this.#throttle === throttle) this.#throttle = undefined;
        resolve();
      },
    };
    this.#throttle = throttle;
  }

  /** Waits until one more request may be in flight, and counts it. */
  async #turn(): Promise<void> {
    if (this.#fault !== undefined) throw this.#fault;
    if (this.#inFlight < this.#options.inFlightMax) this.#inFlight++;
    // Whoever passes its turn hands over its place, so the count stays.
    else await new Promise<void>((resolve) => this.#turns.push(resolve));
    while (this.#throttle !== undefined && this.#fault === undefined) await this.#throttle.over;
    if (this.#fault !== undefined) throw this.#fault;
  }

  #passTurn(): void {
    const next = this.#turns.shift();
    if (next !== undefined) return next();
    this.#inFlight--;
    this.#closeIfDone();
  }

  /** While somebody waits for an answer the process lives on in any case. */
  #hold(change: 1 | -1): void {
    const wasHeld = this.#waitedFor > 0;
    this.#waitedFor += change;
    const isHeld = this.#waitedFor > 0;
    const isOver = this.#fault !== undefined || this.#options.holdsProcess !== false;
    if (!isOver && isHeld !== wasHeld) this.#socket.holdProcess(isHeld);
  }

  #fail(fault: ConnectionFault): void {
    if (this.#fault !== undefined) return;
    this.#fault = fault;
    this.#retirement?.cancel();
    this.#throttle?.end();
    this.#out.end();
    this.#socket.close();
    for (const pending of this.#pending.splice(0)) {
      pending.timer.cancel();
      pending.reject(fault);
    }
    for (const next of this.#turns.splice(0)) next();
  }
}

function lost(error: unknown): ConnectionFault {
  return new ConnectionFault(`the connection was lost: ${messageOf(error)}`);
}

/** Whether `frame` answers ApiVersions with error 35, whose body is always version 0. */
function isRefusedApiVersions(api: AnyApi, frame: Uint8Array): boolean {
  return api.key === ApiVersions.key && frame.length >= 6 &&
    uint16At(frame, 4) === ErrorCode.UNSUPPORTED_VERSION;
}
