// The client's view of a cluster: connections by broker and lane, cached metadata, retries.
//
//   Producer, Consumer, admin functions
//     -> Client: who leads this partition, which broker coordinates this group
//       -> Connections: one for each lane and broker
//
// Invariant: what is known is one for all that share a connection to the cluster. A view of it for
// one call (`until`) asks nothing more once that call's signal is aborted; what others wait for as
// well, such as a look at a topic, goes on.

import { ConnectionFault, UsageFault } from "../base/faults.ts";
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
import type { Runtime, TlsMaterial } from "../runtime/ports.ts";
import { type CallOptions, unlessAborted } from "./aborting.ts";
import { parseBootstrap } from "./network/address.ts";
import type { BrokerConnection } from "./network/connection.ts";
import { Connections } from "./network/connections.ts";
import { checkCode, isConnectionLoss, isRetriable, KafkaError } from "./faults.ts";
import { type BrokerMetadata, type ClusterMetadata, clusterMetadata, newest } from "./metadata.ts";
import type { TopicMetadata } from "./metadata.ts";
import { retrying } from "./retry.ts";
import { checkSasl, type SaslOptions } from "./network/sasl.ts";
import { type Tracer, Tracing } from "./tracing.ts";

/** What the client needs of a runtime. */
export type ClientPorts = Pick<
  Runtime,
  "clock" | "timers" | "random" | "network" | "codecs" | "digests" | "http" | "files"
>;

/** How to reach a cluster. */
export interface ClientOptions {
  /** The brokers to ask first: `host:port`, several with commas between them. */
  readonly bootstrap: string;
  /** Shown in the broker's logs and in group listings. Default `ottla`. */
  readonly clientId?: string;
  /** A request without an answer for this long drops its connection. Default 30,000. */
  readonly requestTimeoutMs?: number;
  /** How long a call goes on retrying what may succeed later. Default 60,000. */
  readonly retryTimeoutMs?: number;
  /** Metadata older than this is fetched again. Default 300,000. */
  readonly metadataAgeMsMax?: number;
  /** How long to wait for a TCP connection. Default 10,000. */
  readonly connectTimeoutMs?: number;
  /**
   * Lets the process end while connections are open and nothing is under way: no request, no
   * group membership, no loop over records that waits for one. Default false.
   */
  readonly unref?: boolean;
  /**
   * Makes spans of what is sent, polled and processed: `trace.getTracer("shop")` of
   * OpenTelemetry's. Records carry their trace along, in W3C's headers.
   */
  readonly tracer?: Tracer;
  /** How the client logs in, where the listener asks for it. */
  readonly sasl?: SaslOptions;
  /** Encrypts the connections: `true`, or which certificates to trust and to show. */
  readonly tls?: boolean | TlsOptions;
}

/** Which certificates a client trusts, and which one it shows. All are PEM texts. */
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
  /** False for what nobody waits for: with `unref` it lets the process end. */
  readonly holdsProcess?: boolean;
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

const optionKinds: OptionKinds<ClientOptions> = {
  bootstrap: "text",
  clientId: "text",
  requestTimeoutMs: "count",
  retryTimeoutMs: "count",
  metadataAgeMsMax: "count",
  connectTimeoutMs: "count",
  unref: "flag",
  tracer: "object",
  sasl: "object",
  tls: "flagOrObject",
};

const inFlightMax = 5;
/** A topic that a look has asked the broker to create is there by then, or will not be. */
const createWaitMs = 3000;

/** What all views of a client have in common. */
interface Known {
  readonly connections: Connections;
  readonly coordinators: Map<string, BrokerId>;
  readonly topics: Map<string, { topic: TopicMetadata; readAtMs: number }>;
  /** By topic, apart for those that may have it created: nobody else's answer is theirs. */
  readonly looking: Map<string, Promise<TopicMetadata>>;
  readonly refreshing: Map<string, Promise<unknown>>;
  brokers: Map<BrokerId, BrokerMetadata>;
  controller: BrokerId;
}

type Settings = Required<Omit<ClientOptions, "sasl" | "tls" | "tracer" | "unref">>;

interface Parts {
  readonly ports: ClientPorts;
  readonly options: Settings;
  readonly tracing: Tracing | undefined;
  readonly known: Known;
}

export class Client {
  readonly ports: ClientPorts;
  readonly options: Settings;
  /** Absent: nobody wants spans. */
  readonly tracing: Tracing | undefined;
  readonly #known: Known;
  /** Of the call that this view is for. */
  readonly #signal: AbortSignal | undefined;
  /** What is not for one call alone is asked by the client itself. */
  readonly #whole: Client;

  private constructor(parts: Parts, call?: { whole: Client; signal: AbortSignal }) {
    this.ports = parts.ports;
    this.options = parts.options;
    this.tracing = parts.tracing;
    this.#known = parts.known;
    this.#whole = call?.whole ?? this;
    this.#signal = call?.signal;
  }

  /**
   * Connects to the first bootstrap broker that answers. Throws a PlatformFault that names the
   * addresses when none does, at once: waiting for a broker to come up is the caller's choice.
   */
  static async connect(
    ports: ClientPorts,
    options: ClientOptions,
    { signal }: CallOptions = {},
  ): Promise<Client> {
    const client = new Client(unconnected(ports, options));
    try {
      await client.until(signal).fetchMetadata([]);
    } catch (error) {
      client.close();
      throw error;
    }
    return client;
  }

  /** Closes every connection; pending requests reject. Close producers and consumers first. */
  close(): void {
    this.#known.connections.close();
  }

  /** This client for a call: all that it waits for rejects once `signal` is aborted. */
  until(signal: AbortSignal | undefined): Client {
    if (signal === undefined) return this;
    const { ports, options, tracing } = this;
    const parts = { ports, options, tracing, known: this.#known };
    return new Client(parts, { whole: this.#whole, signal });
  }

  /** A lane name that nobody else uses. */
  newLane(purpose: string): string {
    return this.#known.connections.newLane(purpose);
  }

  /** Closes the connections of `lane`. */
  closeLane(lane: string): void {
    this.#known.connections.closeLane(lane);
  }

  /** Sends one request, without retries. */
  request<A extends AnyApi>(
    api: A,
    message: RequestInput<A>,
    target: RequestTarget,
  ): Promise<ResponseOf<A>> {
    return this.#bounded(async () => {
      const connection = await this.#connectionFor(target);
      this.#signal?.throwIfAborted();
      return await connection.request(api, message, target);
    });
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
    const signal = this.#signal;
    return this.#bounded(() => retrying(attempt, this.ports, { timeoutMs, signal }));
  }

  /** What `ask` comes to, unless the call that this is for is given up before. */
  async #bounded<T>(ask: () => Promise<T>): Promise<T> {
    this.#signal?.throwIfAborted();
    return await unlessAborted(ask(), this.#signal);
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
    const known = this.#known;
    known.brokers = new Map(cluster.brokers.map((broker) => [broker.id, broker]));
    known.controller = cluster.controller;
    const readAtMs = this.ports.clock.monotonic();
    for (const topic of cluster.topics) {
      const before = known.topics.get(topic.name)?.topic;
      if (topic.errorCode !== ErrorCode.NONE) known.topics.delete(topic.name);
      else known.topics.set(topic.name, { topic: newest(topic, before), readAtMs });
    }
    return cluster;
  }

  /** What is known of `name` without asking; undefined when nothing is. */
  cachedTopic(name: string): TopicMetadata | undefined {
    const known = this.#known.topics.get(name);
    if (known === undefined) return undefined;
    const ageMs = this.ports.clock.monotonic() - known.readAtMs;
    if (ageMs > this.options.metadataAgeMsMax) this.refreshTopic(name);
    return known.topic;
  }

  /**
   * Asks a broker about `name` in the background; what is known serves on until the answer.
   * Resolves when that is there, or there is none.
   */
  refreshTopic(name: string): Promise<unknown> {
    const { refreshing } = this.#known;
    const known = refreshing.get(name);
    if (known !== undefined) return known;
    // A failure is no news: whoever finds the metadata stale asks for it again.
    const refresh = this.#whole.fetchMetadata([name]).catch(() => {})
      .finally(() => refreshing.delete(name));
    refreshing.set(name, refresh);
    return refresh;
  }

  /**
   * Metadata of one topic, from the cache or a broker; waits for a topic that is being created.
   * Throws a KafkaError, UNKNOWN_TOPIC_OR_PARTITION for one that does not exist.
   */
  topic(name: string, options: { allowCreate?: boolean } = {}): Promise<TopicMetadata> {
    const cached = this.cachedTopic(name);
    if (cached !== undefined) return Promise.resolve(cached);
    const { looking } = this.#known;
    const allowCreate = options.allowCreate ?? false;
    const key = `${allowCreate ? "create" : "look at"} ${name}`;
    let look = looking.get(key);
    if (look === undefined) {
      look = this.#whole.#lookFor(name, allowCreate).finally(() => looking.delete(key));
      looking.set(key, look);
    }
    return unlessAborted(look, this.#signal);
  }

  /**
   * Takes the word of a broker that a partition is led elsewhere; false when what is known is as
   * new, or nothing is.
   */
  onNewLeader(
    { topic: name, partition, leader, leaderEpoch }: NewLeader,
    endpoints: readonly { nodeId: BrokerId; host: string; port: number; rack: string | null }[],
  ): boolean {
    const { brokers, topics } = this.#known;
    const known = topics.get(name);
    const old = known?.topic.partitions[partition];
    if (known === undefined || old === undefined || leader < 0) return false;
    if (leaderEpoch <= old.leaderEpoch) return false;
    for (const { nodeId: id, ...place } of endpoints) brokers.set(id, { id, ...place });
    if (!brokers.has(leader)) return false;
    const partitions = known.topic.partitions.with(partition, { ...old, leader, leaderEpoch });
    topics.set(name, { ...known, topic: { ...known.topic, partitions } });
    return true;
  }

  /** Whether it is known where this broker is. */
  knowsBroker(id: BrokerId): boolean {
    return this.#known.brokers.has(id);
  }

  /** The broker that coordinates `key`, cached until {@link forgetCoordinator}. */
  async coordinatorOf(key: string, kind: CoordinatorKind = "group"): Promise<BrokerId> {
    const { coordinators } = this.#known;
    const known = coordinators.get(`${kind} ${key}`);
    if (known !== undefined) return known;
    const about = `find the coordinator of ${kind} ${key}`;
    const answer = await this.request(
      FindCoordinator,
      { keyType: coordinatorKeyTypes[kind], coordinatorKeys: [key] },
      { to: "any" },
    );
    const found = answer.coordinators[0];
    if (found === undefined) throw new KafkaError(ErrorCode.COORDINATOR_NOT_AVAILABLE, about);
    const { nodeId: id, host, port } = found;
    checkCode(found.errorCode, about, found.errorMessage);
    const { brokers } = this.#known;
    if (!brokers.has(id)) brokers.set(id, { id, host, port, rack: null });
    coordinators.set(`${kind} ${key}`, id);
    return id;
  }

  forgetCoordinator(key: string, kind: CoordinatorKind = "group"): void {
    this.#known.coordinators.delete(`${kind} ${key}`);
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
  }

  async #connectionFor(target: RequestTarget): Promise<BrokerConnection> {
    const { to, lane = "main" } = target;
    const { connections, controller } = this.#known;
    if (to === "any" || to === "controller" && controller < 0) {
      return await connections.any(lane, this.#known.brokers.values());
    }
    const id = to === "controller" ? controller : to;
    if (!this.#known.brokers.has(id)) await this.fetchMetadata([]);
    const broker = this.#known.brokers.get(id);
    if (broker === undefined) {
      throw new KafkaError(ErrorCode.LEADER_NOT_AVAILABLE, `reach broker ${id}`, "it is not known");
    }
    return await connections.toBroker(lane, broker);
  }
}

/** What a client begins with, by its options. Throws a UsageFault. */
function unconnected(ports: ClientPorts, options: ClientOptions): Parts {
  const { sasl, tls, tracer, unref = false, ...given } = checkOptions(
    "connect",
    options,
    optionKinds,
  );
  if (options.bootstrap === undefined) {
    throw new UsageFault('connect needs bootstrap, such as { bootstrap: "localhost:9092" }');
  }
  const settings = {
    clientId: "ottla",
    requestTimeoutMs: 30_000,
    retryTimeoutMs: 60_000,
    metadataAgeMsMax: 300_000,
    connectTimeoutMs: 10_000,
    ...given,
  };
  const connections = new Connections(ports, {
    ...settings,
    bootstrap: parseBootstrap(options.bootstrap),
    inFlightMax,
    holdsProcess: !unref,
    sasl: sasl && checkSasl(sasl, ports),
    tls: tls ? checkTls(tls) : undefined,
  });
  const known: Known = {
    connections,
    coordinators: new Map(),
    topics: new Map(),
    looking: new Map(),
    refreshing: new Map(),
    brokers: new Map(),
    controller: -1,
  };
  const tracing = tracer && new Tracing(tracer, settings);
  return { ports, options: settings, tracing, known };
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
