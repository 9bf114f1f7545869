// What a broker has because there are others in its cluster, as one part of it:
//
//   terms        what its partitions go by, and how they ask for another ISR
//   followers    its fetchers from those who lead
//   controller   decides for the cluster, where it is this broker's turn
//   and, every now and then, has followers that lag leave the ISRs of what it leads
//
// Loaded where the metadata is shared: one node alone knows nothing of it.

import { isStoreFault } from "../../base/faults.ts";
import { type BrokerId, ZERO_UUID } from "../../base/ids.ts";
import { type Int64, saturated } from "../../base/int64.ts";
import {
  type BrokerLease,
  decideAlterPartition,
  hasRoom,
  type MetadataStore,
  minInSyncReplicas,
  type PartitionImage,
} from "../../cluster/mod.ts";
import { transactionCoordinator } from "../../coordinator/mod.ts";
import { ErrorCode } from "../../protocol/mod.ts";
import type { Logger, Runtime } from "../../runtime/ports.ts";
import type { Background } from "../background.ts";
import type { BrokerConfig } from "../config/mod.ts";
import type { Coordinators } from "../coordination/coordinators.ts";
import type { TransactionMarkers } from "../transactions/transaction_markers.ts";
import type { TransactionCoordinator } from "../transactions/transaction_verification.ts";
import { Controller } from "../metadata/controller.ts";
import type { Partition } from "../logs/partition.ts";
import type { Partitions } from "../logs/partitions.ts";
import type { Located } from "../coordination/shards.ts";
import type { SharePersister } from "../share/persister.ts";
import { Followers } from "./followers.ts";
import { Gathering } from "./gathering.ts";
import type { FetchTerms } from "./leader_fetcher.ts";
import { LogEnds } from "./log_ends.ts";
import { measure, ReplicationCounters, type ReplicationMeasures } from "./measures.ts";
import { isReadFromFollowers } from "./nearest.ts";
import type { ReplicationTerms } from "./partition_replication.ts";
import { peerSecurityOf } from "./peer_security.ts";
import { PeerRequests, Peers } from "./peers.ts";
import { ReplicationThrottle } from "./throttles.ts";
import { RoutedShareStates } from "./routed_share_states.ts";
import { RoutedTransactions } from "./routed_transactions.ts";

export interface ReplicationOptions {
  readonly runtime: Runtime;
  readonly config: BrokerConfig;
  readonly nodeId: number;
  readonly metadata: MetadataStore;
  readonly partitions: Pick<Partitions, "all" | "get">;
  readonly lease: () => BrokerLease | undefined;
  readonly logger: Logger;
  /** A follower's log was cut. */
  readonly onCut: (partition: Partition) => void;
  readonly isClosing: () => boolean;
  readonly onBug: (error: unknown) => void;
}

/** Of the time that followers may lag: how often it is looked. */
const looksPerLag = 2;
/** So long a follower may lag whose disk is full, by its own word: it takes nothing meanwhile. */
const fullLagMsMax = 1_000;
const fullLookMs = 250;
/** This broker was asleep, or has too much to do: it is no judge of who lags (KAFKA-8733). */
const lateFactor = 1.5;
const resendAfterMs = 200;

export class Replication {
  readonly terms: ReplicationTerms;
  readonly peers: Peers;
  readonly controller: Controller;
  /** Of what this broker gives to followers. */
  readonly leaderThrottle: ReplicationThrottle;
  /** Of who waits for its followers. */
  readonly gathering: Gathering;
  /** Of replicas anywhere. */
  readonly logEnds: LogEnds;
  readonly counters: ReplicationCounters = new ReplicationCounters();
  readonly #options: ReplicationOptions;
  readonly #followers: Followers;
  readonly #stopCounting: () => void;
  #lookedMs: number;

  constructor(options: ReplicationOptions) {
    this.#options = options;
    const { runtime, config, nodeId, metadata, logger, lease, onBug } = options;
    const { clock, timers } = runtime;
    this.#lookedMs = clock.monotonic();
    this.#stopCounting = metadata.onChange((changes) => this.counters.note(changes, nodeId));
    this.gathering = new Gathering(timers);
    this.terms = {
      nodeId,
      clock,
      timers,
      gathering: this.gathering,
      isAlive: () => lease()?.isValid() ?? false,
      isReadFromFollowers: () => isReadFromFollowers(config),
      minIsr: (topic) => minInSyncReplicas(metadata.image, topic),
      isEligible: (id, epoch) => this.#isEligible(id, epoch),
      alterIsr: (asked) => this.#alterIsr(asked),
    };
    this.peers = new Peers({
      ports: runtime,
      nodeId,
      image: () => metadata.image,
      listener: config.interBrokerListener,
      security: () => peerSecurityOf(config, runtime.files),
      requestTimeoutMs: config.get("replica.socket.timeout.ms"),
    });
    const image = () => metadata.image;
    const measured = { nodeId, config, image, monotonic: () => clock.monotonic() };
    this.leaderThrottle = new ReplicationThrottle({ ...measured, role: "leader" });
    this.#followers = new Followers(this.peers, {
      nodeId,
      brokerEpoch: () => this.#brokerEpoch,
      terms: () => fetchTermsOf(config),
      timers,
      monotonic: () => clock.monotonic(),
      logger,
      counters: this.counters,
      throttle: new ReplicationThrottle({ ...measured, role: "follower" }),
      servesBy: (id) => this.#servesBy(id),
      onGone: (id, brokerEpoch) => {
        const message = "a broker's process is gone: nobody waits for its session to end";
        logger.log("warn", message, { brokerId: id });
        return metadata.liveness.declareDead(id, saturated(brokerEpoch));
      },
      onCut: options.onCut,
      onBug,
    });
    const { partitions } = options;
    const asking = this.#newRequests();
    this.logEnds = new LogEnds({ nodeId, image, partitions, peers: asking });
    this.controller = new Controller({
      metadata,
      logEnds: this.logEnds,
      recovers: () => config.get("ottla.unclean.recovery.strategy") === "balanced",
      lease,
      timers,
      clock,
      logger: logger.child("controller"),
      balanceIntervalMs: () =>
        config.get("auto.leader.rebalance.enable")
          ? config.get("leader.imbalance.check.interval.seconds") * 1000
          : undefined,
      defaults: () => ({ allowsUnclean: config.get("unclean.leader.election.enable") }),
      onBug,
    });
  }

  /** A partition is in this state from now on; undefined: it is not to be here. */
  enter(partition: Partition, state: PartitionImage | undefined): void {
    this.#followers.enter(partition, state);
  }

  /** Transactions whose parts lie on several brokers. */
  routeTransactions(here: {
    readonly coordinators: Pick<Coordinators, "of">;
    readonly transactions: TransactionCoordinator;
    readonly transactionMarkers: TransactionMarkers;
  }): RoutedTransactions {
    const { nodeId, metadata } = this.#options;
    return new RoutedTransactions({
      nodeId,
      peers: this.#newRequests(),
      image: () => metadata.image,
      locate: (id) => here.coordinators.of(transactionCoordinator).locate(id),
      coordinator: () => here.transactions,
      markers: here.transactionMarkers,
    });
  }

  /** States of share partitions, which lie on several brokers; `here`: those of this one. */
  routeShareStates(
    here: SharePersister,
    locate: (name: string) => Promise<Located | ErrorCode>,
  ): RoutedShareStates {
    const { nodeId, runtime: { timers }, isClosing } = this.#options;
    const peers = this.#newRequests();
    return new RoutedShareStates({ nodeId, peers, locate, here, timers, isClosing });
  }

  /** What goes on by itself. */
  start(background: Background): void {
    const { config } = this.#options;
    this.controller.start();
    background.start({
      name: "in-sync replicas",
      intervalMs: () => config.get("replica.lag.time.max.ms") / looksPerLag,
      run: () => Promise.resolve(this.#shrink()),
    });
    background.start({
      name: "in-sync replicas on full disks",
      intervalMs: () => fullLookMs,
      run: () => Promise.resolve(this.#shrinkFull()),
    });
  }

  /** How things stand. */
  measures(): ReplicationMeasures {
    const { metadata, nodeId, partitions, lease } = this.#options;
    return measure({
      image: metadata.image,
      nodeId,
      isController: lease()?.isController() ?? false,
      partitions: partitions.all(),
    });
  }

  /** Nothing is fetched, decided or asked for any more. */
  close(): void {
    this.#stopCounting();
    this.controller.close();
    this.#followers.close();
    this.peers.close();
  }

  /** Of one purpose. */
  #newRequests(): PeerRequests {
    return new PeerRequests(this.peers, (listener) => this.#options.metadata.onChange(listener));
  }

  /** Has those leave the ISRs of what is led here that lag. */
  #shrink(): void {
    const { config, partitions, runtime: { clock } } = this.#options;
    const lagMsMax = config.get("replica.lag.time.max.ms");
    const nowMs = clock.monotonic();
    const passedMs = nowMs - this.#lookedMs;
    this.#lookedMs = nowMs;
    if (passedMs > lateFactor * lagMsMax / looksPerLag) return;
    for (const { replication } of partitions.all()) {
      // It may have been in doubt until now, and nobody has fetched or appended since.
      replication?.advance();
      replication?.shrink(() => lagMsMax);
    }
  }

  /** Has those leave that lag since their disks are full: acks=all goes on without them. */
  #shrinkFull(): void {
    const { partitions, config, metadata: { image } } = this.#options;
    if (image.brokers().every(({ fullDirectories }) => fullDirectories.length === 0)) return;
    const lagMsMax = Math.min(fullLagMsMax, config.get("replica.lag.time.max.ms"));
    const lagMsMaxOf = (id: BrokerId, { replicas, directories }: PartitionImage) => {
      const broker = image.broker(id);
      const folder = directories[replicas.indexOf(id)] ?? ZERO_UUID;
      return broker === undefined || hasRoom(broker, folder) ? Infinity : lagMsMax;
    };
    for (const { replication } of partitions.all()) replication?.shrink(lagMsMaxOf);
  }

  get #brokerEpoch(): Int64 {
    const { metadata, nodeId } = this.#options;
    return metadata.image.broker(nodeId)?.epoch ?? -1;
  }

  #servesBy(id: number): Int64 | undefined {
    const broker = this.#options.metadata.image.broker(id);
    return broker?.fenced === false && !broker.inControlledShutdown ? broker.epoch : undefined;
  }

  #isEligible(id: number, epoch: Int64): boolean {
    const servesBy = this.#servesBy(id);
    return servesBy !== undefined && (epoch === -1 || epoch === servesBy);
  }

  /**
   * The same again until there is an answer: what came of a change that got none may still come
   * about, and until it is known what has, the larger ISR counts. Undefined: that is not known any
   * more. A broker that closes follows the metadata no longer, so that no answer tells who counts.
   */
  async #alterIsr(
    asked: Parameters<ReplicationTerms["alterIsr"]>[0],
  ): Promise<boolean | undefined> {
    const { metadata, nodeId, runtime: { timers }, isClosing } = this.#options;
    const brokerEpoch = this.#brokerEpoch;
    while (!isClosing()) {
      try {
        const alter = { ...asked, leader: nodeId, brokerEpoch };
        const code = await metadata.change((image) => decideAlterPartition(image, alter));
        return isClosing() ? undefined : code === ErrorCode.NONE;
      } catch (error) {
        if (!isStoreFault(error)) throw error;
        await new Promise<void>((resolve) => timers.after(resendAfterMs, resolve));
      }
    }
    return undefined;
  }
}

function fetchTermsOf(config: BrokerConfig): FetchTerms {
  return {
    waitMsMax: config.get("replica.fetch.wait.max.ms"),
    bytesMin: config.get("replica.fetch.min.bytes"),
    bytesMax: config.get("replica.fetch.response.max.bytes"),
    partitionBytesMax: config.get("replica.fetch.max.bytes"),
    answerMsMax: config.get("replica.socket.timeout.ms"),
    backoffMs: config.get("replica.fetch.backoff.ms"),
  };
}
