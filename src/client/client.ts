// The client's view of a cluster: connections by broker and lane, cached metadata, retries.
//
//   Producer, Consumer, admin functions
//     -> Client: who leads this partition, which broker coordinates this group
//       -> BrokerConnection per (lane, broker): one TCP connection each
//
// A lane keeps requests that wait (a long-polling Fetch, a JoinGroup) from blocking others, since a
// broker works on one request per connection at a time. Invariant: a lane has at most one open
// connection to a broker, and a failed one is replaced by the next request, never repaired.

import { formatAddress } from "../base/address.ts";
import { ConnectionFault, messageOf, PlatformFault, UsageFault } from "../base/faults.ts";
import type { BrokerId, LeaderEpoch, PartitionId } from "../base/ids.ts";
import { checkOptions, type OptionKinds } from "../base/options.ts";
import {
  type AnyApi,
  ErrorCode,
  FindCoordinator,
  Metadata,
  type RequestInput,
  type ResponseOf,
} from "../protocol/mod.ts";
import type { Address, Runtime, TlsMaterial } from "../runtime/ports.ts";
import { parseBootstrap } from "./address.ts";
import { BrokerConnection } from "./connection.ts";
import { checkCode, isConnectionLoss, isRetriable, KafkaError } from "./faults.ts";
import { type BrokerMetadata, type ClusterMetadata, clusterMetadata } from "./metadata.ts";
import type { TopicMetadata } from "./metadata.ts";
import { retrying } from "./retry.ts";
import { checkSasl, type Credentials, type SaslOptions } from "./sasl.ts";

/** What the client needs of a runtime. */
export type ClientPorts = Pick<
  Runtime,
  "clock" | "timers" | "random" | "network" | "codecs" | "digests" | "http" | "files"
>;

/** How to reach a cluster. */
export interface ClientOptions {
  /** One broker or several to ask first, `host:port` with commas between. */
  readonly bootstrap: string;
  /** Shown in the broker's logs and in group listings. Default `ottla`. */
  readonly clientId?: string;
  /** A request without an answer for this long drops its connection. Default 30,000. */
  readonly requestTimeoutMs?: number;
  /** How long operations repeat what may succeed later. Default 60,000. */
  readonly retryTimeoutMs?: number;
  /** Metadata older than this is fetched again. Default 300,000. */
  readonly metadataAgeMsMax?: number;
  /** How long to wait for a TCP connection. Default 10,000. */
  readonly connectTimeoutMs?: number;
  /** Who the client is, where the listener asks for it. */
  readonly sasl?: SaslOptions;
  /** Encrypts the connections: `true`, or whom to trust and what to show. */
  readonly tls?: boolean | TlsOptions;
}

/** Whom a client trusts, and what it shows of itself. Texts are PEM. */
export interface TlsOptions {
  /** The certificates that brokers are trusted by. Default: those that the runtime comes with. */
  readonly ca?: string;
  /** The client's own certificate, where the listener asks for one. */
  readonly cert?: string;
  /** The private key of `cert`. */
  readonly key?: string;
  /** The password of `key`, where it is encrypted. */
  readonly keyPassword?: string;
}

/** Where a request goes. */
export interface RequestTarget {
  /** A broker by id, whichever is at hand, or the controller. */
  readonly to: BrokerId | "any" | "controller";
  /** Requests of one lane share a connection and are answered in order. Default `main`. */
  readonly lane?: string;
  readonly timeoutMs?: number;
  /** No newer version than this, whatever both sides know. */
  readonly versionMax?: number;
}

/** Whose coordinator is looked for: KIP-98's transactions, and KIP-932's share groups. */
export type CoordinatorKind = "group" | "transaction" | "share";

const coordinatorKeyTypes: Readonly<Record<CoordinatorKind, number>> = {
  group: 0,
  transaction: 1,
  share: 2,
};

/** Where a broker said that a partition is led now (KIP-951). */
export interface NewLeader {
  readonly topic: string;
  readonly partition: PartitionId;
  readonly leader: BrokerId;
  readonly leaderEpoch: LeaderEpoch;
}

/** A connection being made, and the connection once it is. */
interface Link {
  readonly connecting: Promise<BrokerConnection>;
  connection?: BrokerConnection;
}

const optionKinds: OptionKinds<ClientOptions> = {
  bootstrap: "text",
  clientId: "text",
  requestTimeoutMs: "count",
  retryTimeoutMs: "count",
  metadataAgeMsMax: "count",
  connectTimeoutMs: "count",
  sasl: "object",
  tls: "flagOrObject",
};

const inFlightMax = 5;
/** A topic that a look has asked the broker to create is there by then, or will not be. */
const createWaitMs = 3000;

export class Client {
  readonly ports: ClientPorts;
  readonly options: Required<Omit<ClientOptions, "sasl" | "tls">>;
  readonly #sasl: Credentials | undefined;
  readonly #tls: TlsMaterial | undefined;
  readonly #bootstrap: readonly Address[];
  /** Whom of all brokers a request goes to that any of them can answer. */
  #anyTurn = 0;
  readonly #connections = new Map<string, Link>();
  readonly #coordinators = new Map<string, BrokerId>();
  readonly #topics = new Map<string, { topic: TopicMetadata; readAtMs: number }>();
  readonly #looking = new Map<string, Promise<TopicMetadata>>();
  readonly #refreshing = new Set<string>();
  #brokers = new Map<BrokerId, BrokerMetadata>();
  #controller: BrokerId = -1;
  #closed = false;
  #lanes = 0;

  private constructor(ports: ClientPorts, options: ClientOptions) {
    const { sasl, tls, ...given } = checkOptions("connect", options, optionKinds);
    if (options.bootstrap === undefined) {
      throw new UsageFault('connect needs bootstrap, such as { bootstrap: "localhost:9092" }');
    }
    this.ports = ports;
    this.#sasl = sasl && checkSasl(sasl, ports);
    this.#tls = tls ? checkTls(tls) : undefined;
    this.options = {
      clientId: "ottla",
      requestTimeoutMs: 30_000,
      retryTimeoutMs: 60_000,
      metadataAgeMsMax: 300_000,
      connectTimeoutMs: 10_000,
      ...given,
    };
    this.#bootstrap = parseBootstrap(options.bootstrap);
  }

  /**
   * Connects to the first bootstrap broker that answers. Throws a PlatformFault that names the
   * addresses when none does, at once: waiting for a broker to come up is the caller's choice.
   */
  static async connect(ports: ClientPorts, options: ClientOptions): Promise<Client> {
    const client = new Client(ports, options);
    try {
      await client.fetchMetadata([]);
    } catch (error) {
      client.close();
      throw error;
    }
    return client;
  }

  /** Closes every connection; pending requests reject. Close producers and consumers first. */
  close(): void {
    this.#closed = true;
    for (const link of this.#connections.values()) {
      link.connecting.then((connection) => connection.close(), () => {});
    }
    this.#connections.clear();
  }

  /** A lane name that nobody else uses. */
  newLane(purpose: string): string {
    return `${purpose}-${++this.#lanes}`;
  }

  /** Closes the connections of `lane`. */
  closeLane(lane: string): void {
    for (const [key, link] of this.#connections) {
      if (!key.startsWith(`${lane}/`)) continue;
      this.#connections.delete(key);
      link.connecting.then((connection) => connection.close(), () => {});
    }
  }

  /** Sends one request, without retries. */
  async request<A extends AnyApi>(
    api: A,
    message: RequestInput<A>,
    target: RequestTarget,
  ): Promise<ResponseOf<A>> {
    const connection = await this.#connectionFor(target);
    return connection.request(api, message, target);
  }

  /** The level of a feature of the cluster (KIP-584), as the broker at `target` knows it. */
  async featureLevel(name: string, target: RequestTarget): Promise<number> {
    return (await this.#connectionFor(target)).featureLevel(name);
  }

  /** Sends one request that has no answer. */
  async notify<A extends AnyApi>(
    api: A,
    message: RequestInput<A>,
    target: RequestTarget,
  ): Promise<void> {
    const connection = await this.#connectionFor(target);
    await connection.notify(api, message);
  }

  /** Repeats `attempt` for as long as its failures are retriable and the time allows. */
  retrying<T>(attempt: () => Promise<T>, timeoutMs = this.options.retryTimeoutMs): Promise<T> {
    return retrying(attempt, this.ports, { timeoutMs });
  }

  /** Asks a broker for metadata of `topics`, or of all when null, and remembers it. */
  async fetchMetadata(
    topics: readonly string[] | null,
    options: { allowCreate?: boolean } = {},
  ): Promise<ClusterMetadata> {
    const ask = () =>
      this.request(Metadata, {
        topics: topics === null ? null : topics.map((name) => ({ name })),
        allowAutoTopicCreation: options.allowCreate ?? false,
      }, { to: "any" });
    const answer = await ask().catch((error) => {
      // A broker ends connections that were idle for long, at times just as they are used again.
      if (!(error instanceof ConnectionFault)) throw error;
      return ask();
    });
    const cluster = clusterMetadata(answer);
    this.#brokers = new Map(cluster.brokers.map((broker) => [broker.id, broker]));
    this.#controller = cluster.controller;
    const readAtMs = this.ports.clock.monotonic();
    for (const topic of cluster.topics) {
      if (topic.errorCode === ErrorCode.NONE) this.#topics.set(topic.name, { topic, readAtMs });
      else this.#topics.delete(topic.name);
    }
    return cluster;
  }

  /** What is known of `name` without asking; undefined when nothing is. */
  cachedTopic(name: string): TopicMetadata | undefined {
    const known = this.#topics.get(name);
    if (known === undefined) return undefined;
    const ageMs = this.ports.clock.monotonic() - known.readAtMs;
    if (ageMs > this.options.metadataAgeMsMax) this.refreshTopic(name);
    return known.topic;
  }

  /** Asks a broker about `name` in the background; what is known serves on until the answer. */
  refreshTopic(name: string): void {
    if (this.#refreshing.has(name)) return;
    this.#refreshing.add(name);
    // A failure is no news: whoever finds the metadata stale asks for it again.
    this.fetchMetadata([name]).catch(() => {}).finally(() => this.#refreshing.delete(name));
  }

  /**
   * Metadata of one topic, from the cache or a broker; waits for a topic that is being created.
   * Throws a KafkaError, UNKNOWN_TOPIC_OR_PARTITION for one that does not exist.
   */
  topic(name: string, options: { allowCreate?: boolean } = {}): Promise<TopicMetadata> {
    const known = this.cachedTopic(name);
    if (known !== undefined) return Promise.resolve(known);
    const looking = this.#looking.get(name) ?? this.#lookFor(name, options.allowCreate ?? false);
    this.#looking.set(name, looking);
    return looking;
  }

  /**
   * Takes the word of a broker that a partition is led elsewhere; false when what is known is as
   * new, or nothing is.
   */
  onNewLeader(
    { topic: name, partition, leader, leaderEpoch }: NewLeader,
    endpoints: readonly { nodeId: BrokerId; host: string; port: number; rack: string | null }[],
  ): boolean {
    const known = this.#topics.get(name);
    const old = known?.topic.partitions[partition];
    if (known === undefined || old === undefined || leader < 0) return false;
    if (leaderEpoch <= old.leaderEpoch) return false;
    for (const { nodeId: id, ...place } of endpoints) this.#brokers.set(id, { id, ...place });
    if (!this.#brokers.has(leader)) return false;
    const partitions = known.topic.partitions.with(partition, { ...old, leader, leaderEpoch });
    this.#topics.set(name, { ...known, topic: { ...known.topic, partitions } });
    return true;
  }

  /** The broker that coordinates `key`, cached until {@link forgetCoordinator}. */
  async coordinatorOf(key: string, kind: CoordinatorKind = "group"): Promise<BrokerId> {
    const known = this.#coordinators.get(`${kind} ${key}`);
    if (known !== undefined) return known;
    const about = `find the coordinator of ${kind} ${key}`;
    const answer = await this.request(
      FindCoordinator,
      { keyType: coordinatorKeyTypes[kind], coordinatorKeys: [key] },
      { to: "any" },
    );
    const found = answer.coordinators[0];
    if (found === undefined) throw new KafkaError(ErrorCode.COORDINATOR_NOT_AVAILABLE, about);
    checkCode(found.errorCode, about, found.errorMessage);
    if (!this.#brokers.has(found.nodeId)) {
      this.#brokers.set(found.nodeId, {
        id: found.nodeId,
        host: found.host,
        port: found.port,
        rack: null,
      });
    }
    this.#coordinators.set(`${kind} ${key}`, found.nodeId);
    return found.nodeId;
  }

  forgetCoordinator(key: string, kind: CoordinatorKind = "group"): void {
    this.#coordinators.delete(`${kind} ${key}`);
  }

  async #lookFor(name: string, allowCreate: boolean): Promise<TopicMetadata> {
    const about = `look up topic ${name}`;
    const { clock } = this.ports;
    const startMs = clock.monotonic();
    const isPassing = (error: unknown) =>
      isConnectionLoss(error) ||
      error instanceof KafkaError && isRetriable(error) &&
        (error.errorCode !== ErrorCode.UNKNOWN_TOPIC_OR_PARTITION ||
          allowCreate && clock.monotonic() - startMs < createWaitMs);
    try {
      return await retrying(
        async () => {
          const { topics } = await this.fetchMetadata([name], { allowCreate });
          const topic = topics.find((each) => each.name === name);
          if (topic === undefined) throw new KafkaError(ErrorCode.LEADER_NOT_AVAILABLE, about);
          checkCode(topic.errorCode, about);
          return topic;
        },
        this.ports,
        { timeoutMs: this.options.retryTimeoutMs, retriable: isPassing },
      );
    } finally {
      this.#looking.delete(name);
    }
  }

  async #connectionFor(target: RequestTarget): Promise<BrokerConnection> {
    const { to, lane = "main" } = target;
    if (to === "any") return await this.#anyConnection(lane);
    if (to === "controller" && this.#controller < 0) return await this.#anyConnection(lane);
    const id = to === "controller" ? this.#controller : to;
    let broker = this.#brokers.get(id);
    if (broker === undefined) {
      await this.fetchMetadata([]);
      broker = this.#brokers.get(id);
    }
    if (broker === undefined) {
      throw new KafkaError(ErrorCode.LEADER_NOT_AVAILABLE, `reach broker ${id}`, "it is not known");
    }
    return await this.#connection(lane, broker);
  }

  /** Any open connection of the lane, else the first broker that can be reached. */
  async #anyConnection(lane: string): Promise<BrokerConnection> {
    for (const [key, link] of this.#connections) {
      if (!key.startsWith(`${lane}/`)) continue;
      const connection = await link.connecting.catch(() => undefined);
      if (connection !== undefined && !connection.closed) return connection;
    }
    const failures: string[] = [];
    let kind: PlatformFault["kind"] = "Io";
    let cause: unknown;
    const all = [...this.#brokers.values(), ...this.#bootstrap];
    // Another one each time: the one that was asked last may be cut off from the others.
    const first = this.#anyTurn++ % all.length;
    for (const address of [...all.slice(first), ...all.slice(0, first)]) {
      try {
        return await this.#connection(lane, address);
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

  #connection(lane: string, address: Address): Promise<BrokerConnection> {
    if (this.#closed) return Promise.reject(new PlatformFault("Closed", "the client is closed"));
    const key = `${lane}/${formatAddress(address)}`;
    const known = this.#connections.get(key);
    if (known !== undefined && !known.connection?.closed) return known.connecting;
    const link: Link = { connecting: this.#open(address) };
    this.#connections.set(key, link);
    link.connecting.then((connection) => link.connection = connection, () => {
      if (this.#connections.get(key) === link) this.#connections.delete(key);
    });
    return link.connecting;
  }

  async #open(address: Address): Promise<BrokerConnection> {
    const { clientId, requestTimeoutMs, connectTimeoutMs } = this.options;
    const opening = BrokerConnection.open(this.ports, address, {
      clientId,
      requestTimeoutMs,
      inFlightMax,
      sasl: this.#sasl,
      tls: this.#tls,
    });
    return await new Promise((resolve, reject) => {
      const timer = this.ports.timers.after(connectTimeoutMs, () => {
        reject(new PlatformFault("Io", `no connection within ${connectTimeoutMs} ms`));
        opening.then((late) => late.close(), () => {});
      });
      opening.then(resolve, reject).finally(() => timer.cancel());
    });
  }
}

/** What TLS is spoken by, from what a program has given. Throws UsageFault. */
export function checkTls(tls: true | TlsOptions): TlsMaterial {
  if (tls === true) return {};
  const kinds = { ca: "text", cert: "text", key: "text", keyPassword: "text" } as const;
  const { ca, cert, key, keyPassword: password } = checkOptions("connect: tls", tls, kinds);
  if ((cert === undefined) !== (key === undefined)) {
    throw new UsageFault("connect: tls needs cert and key together");
  }
  const identity = cert !== undefined && key !== undefined
    ? { key, chain: cert, password }
    : undefined;
  return { trusted: ca, identity };
}

function reasonOf(error: unknown): string {
  if (error instanceof PlatformFault && error.kind === "Refused") return "connection refused";
  if (error instanceof PlatformFault && error.kind === "NotFound") return "no such host";
  return messageOf(error);
}
