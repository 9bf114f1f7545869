// Connections from this broker to others of its cluster, by the listener that brokers use among
// themselves: one for each purpose and broker, opened when it is first needed.
//
// Invariant: a connection that has failed is never used again; the next request opens another.

import { ConnectionFault, isPlatformFault, PlatformFault, UsageFault } from "../../base/faults.ts";
import type { BrokerId } from "../../base/ids.ts";
import {
  BrokerConnection,
  type ConnectionOptions,
  type ConnectionPorts,
} from "../../client/network/connection.ts";
import { KafkaError } from "../../client/faults.ts";
import type { MetadataImage } from "../../cluster/mod.ts";
import type { AnyApi, RequestInput, ResponseOf } from "../../protocol/mod.ts";
import type { Address } from "../../runtime/ports.ts";
import type { PeerSecurity } from "./peer_security.ts";

export interface PeersOptions {
  readonly ports: ConnectionPorts;
  /** This broker. */
  readonly nodeId: BrokerId;
  readonly image: () => MetadataImage;
  /** The listener that brokers use among themselves. */
  readonly listener: string;
  /** How to prove there who this broker is. Throws UsageFault where that is not to be had now. */
  readonly security: () => PeerSecurity;
  readonly requestTimeoutMs: number;
}

/** How a connection is used. */
export type PeerTerms = Pick<ConnectionOptions, "inFlightMax" | "answersAreLent">;

/** Whether a request to a peer came to nothing in a way that another attempt may mend. */
export function isPeerFault(error: unknown): boolean {
  return error instanceof ConnectionFault || error instanceof KafkaError ||
    error instanceof PlatformFault || error instanceof UsageFault ||
    isPlatformFault(error, "Closed");
}

export class Peers {
  readonly #options: PeersOptions;
  readonly #open = new Set<Peer>();

  constructor(options: PeersOptions) {
    this.#options = options;
  }

  /** A way to broker `id`, for one purpose. */
  to(id: BrokerId, terms: PeerTerms = { inFlightMax: 5 }): Peer {
    const onClosed = () => this.#open.delete(peer);
    const peer: Peer = new Peer(id, this.#options, { terms, onClosed });
    this.#open.add(peer);
    return peer;
  }

  /** Drops all connections. */
  close(): void {
    for (const peer of [...this.#open]) peer.close();
  }
}

/** Requests of one purpose to any broker. */
export class PeerRequests {
  readonly #peers: Peers;
  readonly #onChange: (listener: () => void) => () => void;
  readonly #byBroker = new Map<BrokerId, Peer>();

  /** `onChange` calls back whenever the metadata has changed, until what it returns is called. */
  constructor(peers: Peers, onChange: (listener: () => void) => () => void) {
    this.#peers = peers;
    this.#onChange = onChange;
  }

  /**
   * What `ask` comes to; undefined where the broker cannot be reached, or has not answered when
   * `isDue` holds no longer, since another is to be asked: who is cut off is silent for long.
   */
  async request<R>(
    id: BrokerId,
    ask: (peer: Peer) => Promise<R>,
    isDue: () => boolean = () => true,
  ): Promise<R | undefined> {
    if (!isDue()) return undefined;
    let peer = this.#byBroker.get(id);
    if (peer === undefined) this.#byBroker.set(id, peer = this.#peers.to(id));
    const moved = Promise.withResolvers<undefined>();
    const stop = this.#onChange(() => {
      if (!isDue()) moved.resolve(undefined);
    });
    try {
      return await Promise.race([ask(peer), moved.promise]);
    } catch (error) {
      if (!isPeerFault(error)) throw error;
      return undefined;
    } finally {
      stop();
    }
  }
}

/**
 * So long a connection may take to open, twice as long after each that took longer. To a machine
 * that was cut off, a new attempt gets through sooner than TCP's ever rarer repetitions of an old
 * one.
 */
const openMsMin = 2_000;
const openMsMax = 30_000;

/** A connection to one broker, or none yet. */
export class Peer {
  readonly id: BrokerId;
  readonly #options: PeersOptions;
  readonly #terms: PeerTerms;
  readonly #onClosed: () => void;
  #connection: BrokerConnection | undefined;
  #opening: Promise<BrokerConnection> | undefined;
  #address: Address | undefined;
  #openMs = openMsMin;
  #closed = false;

  constructor(
    id: BrokerId,
    options: PeersOptions,
    how: { readonly terms: PeerTerms; readonly onClosed: () => void },
  ) {
    this.id = id;
    this.#options = options;
    this.#terms = how.terms;
    this.#onClosed = how.onClosed;
  }

  /**
   * Asks, and resolves with the answer. Rejects with what {@link isPeerFault} knows where the
   * broker cannot be reached, or does not speak `api`.
   */
  async request<A extends AnyApi>(
    api: A,
    message: RequestInput<A>,
    options: { readonly timeoutMs?: number } = {},
  ): Promise<ResponseOf<A>> {
    const connection = await this.#connected();
    const version = Math.min(api.versions.max, connection.ranges.get(api.key)?.max ?? -1);
    return await connection.request(api, message, { ...options, version });
  }

  async #connected(): Promise<BrokerConnection> {
    const address = this.#addressNow();
    const isThere = this.#address?.host === address.host && this.#address.port === address.port;
    if (this.#connection?.closed === false && isThere) return this.#connection;
    this.#opening ??= this.#connect(address).finally(() => this.#opening = undefined);
    return await this.#opening;
  }

  async #connect(address: Address): Promise<BrokerConnection> {
    this.#connection?.close();
    const { ports, nodeId, requestTimeoutMs, security } = this.#options;
    const options = {
      clientId: `broker-${nodeId}`,
      requestTimeoutMs,
      ...this.#terms,
      ...security(),
    };
    const openMs = this.#openMs;
    this.#openMs = Math.min(2 * openMs, openMsMax);
    const connection = await BrokerConnection.openWithin(openMs, ports, { address, options });
    this.#openMs = openMsMin;
    if (this.#closed) connection.close();
    this.#connection = connection;
    this.#address = address;
    return connection;
  }

  #addressNow(): Address {
    const { image, listener } = this.#options;
    if (this.#closed) throw new ConnectionFault("the broker is closing");
    const { endPoints = [] } = image().broker(this.id) ?? {};
    const found = endPoints.find(({ name }) => name === listener);
    if (found !== undefined) return found;
    throw new ConnectionFault(`broker ${this.id} has no listener ${listener}`);
  }

  /** Drops the connection, with what is in flight; whether there was one. The next is another. */
  drop(): boolean {
    if (this.#connection?.closed !== false) return false;
    this.#connection.close();
    return true;
  }

  /** Drops it. */
  close(): void {
    this.#closed = true;
    this.#connection?.close();
    this.#onClosed();
  }
}
