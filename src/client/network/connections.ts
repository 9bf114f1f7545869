// The TCP connections of a client, by lane and broker.
//
// A lane keeps requests that wait (a long-polling Fetch, a JoinGroup) from blocking others, since a
// broker works on one request per connection at a time. Invariant: a lane has at most one open
// connection to a broker, and a failed one is replaced by the next request, never repaired. Once
// closed there are none, and none are made.

import { formatAddress } from "../../base/address.ts";
import { messageOf, PlatformFault, UsageFault } from "../../base/faults.ts";
import type { Address } from "../../runtime/ports.ts";
import { BrokerConnection, type ConnectionOptions, type ConnectionPorts } from "./connection.ts";
import { isConnectionLoss } from "../faults.ts";
import type { BrokerMetadata } from "../metadata.ts";

export interface ConnectionsOptions extends ConnectionOptions {
  /** Whom to ask while no broker is known, or none that is can be reached. */
  readonly bootstrap: readonly Address[];
  /** How long to wait for one. */
  readonly connectTimeoutMs: number;
}

/** A connection being made, and the connection once it is. */
interface Link {
  readonly connecting: Promise<BrokerConnection>;
  connection?: BrokerConnection;
}

export class Connections {
  readonly #ports: ConnectionPorts;
  readonly #options: ConnectionsOptions;
  readonly #links = new Map<string, Link>();
  /** Whom of all brokers a request goes to that any of them can answer. */
  #anyTurn = 0;
  #lanes = 0;
  #isClosed = false;

  constructor(ports: ConnectionPorts, options: ConnectionsOptions) {
    this.#ports = ports;
    this.#options = options;
  }

  /** A lane name that nobody else uses. */
  newLane(purpose: string): string {
    return `${purpose}-${++this.#lanes}`;
  }

  /** Closes the connections of `lane`. */
  closeLane(lane: string): void {
    for (const [key, link] of this.#links) {
      if (!key.startsWith(`${lane}/`)) continue;
      this.#links.delete(key);
      closeLink(link);
    }
  }

  /** Closes every connection; what is under way rejects. */
  close(): void {
    this.#isClosed = true;
    for (const link of this.#links.values()) closeLink(link);
    this.#links.clear();
  }

  /** The lane's connection to the broker at `address`. */
  to(lane: string, address: Address): Promise<BrokerConnection> {
    if (this.#isClosed) {
      return Promise.reject(new UsageFault("the client is closed: connect again"));
    }
    const key = `${lane}/${formatAddress(address)}`;
    const known = this.#links.get(key);
    if (known !== undefined && !known.connection?.closed) return known.connecting;
    const link: Link = { connecting: this.#open(address) };
    this.#links.set(key, link);
    link.connecting.then((connection) => link.connection = connection, () => {
      if (this.#links.get(key) === link) this.#links.delete(key);
    });
    return link.connecting;
  }

  /** The same to a broker, where it says that it is. Throws a PlatformFault that says so, too. */
  async toBroker(lane: string, broker: BrokerMetadata): Promise<BrokerConnection> {
    try {
      return await this.to(lane, broker);
    } catch (error) {
      if (!isConnectionLoss(error)) throw error;
      const kind = error instanceof PlatformFault ? error.kind : "Io";
      const place = `broker ${broker.id} at ${formatAddress(broker)}, where it says that it is`;
      throw new PlatformFault(
        kind,
        `cannot reach ${place} (advertised.listeners): ${reasonOf(error)}`,
        {
          cause: error,
        },
      );
    }
  }

  /** Any open connection of the lane, else the first of all brokers that can be reached. */
  async any(lane: string, brokers: Iterable<Address>): Promise<BrokerConnection> {
    for (const [key, link] of this.#links) {
      if (!key.startsWith(`${lane}/`)) continue;
      const connection = await link.connecting.catch(() => undefined);
      if (connection !== undefined && !connection.closed) return connection;
    }
    const failures: string[] = [];
    let kind: PlatformFault["kind"] = "Io";
    let cause: unknown;
    const all = [...brokers, ...this.#options.bootstrap];
    // Another one each time: the one that was asked last may be cut off from the others.
    const first = this.#anyTurn++ % all.length;
    for (const address of [...all.slice(first), ...all.slice(0, first)]) {
      try {
        return await this.to(lane, address);
      } catch (error) {
        if (!isConnectionLoss(error)) throw error;
        if (error instanceof PlatformFault) kind = error.kind;
        const failure = `cannot reach ${formatAddress(address)}: ${reasonOf(error)}`;
        if (!failures.includes(failure)) failures.push(failure);
        cause = error;
      }
    }
    throw new PlatformFault(kind, failures.join("; "), { about: "bootstrap", cause });
  }

  #open(address: Address): Promise<BrokerConnection> {
    const options = this.#options;
    return BrokerConnection.openWithin(options.connectTimeoutMs, this.#ports, { address, options });
  }
}

function closeLink({ connecting }: Link): void {
  connecting.then((connection) => connection.close(), () => {});
}

function reasonOf(error: unknown): string {
  if (error instanceof PlatformFault && error.kind === "Refused") return "connection refused";
  if (error instanceof PlatformFault && error.kind === "NotFound") return "no such host";
  return messageOf(error);
}
