// How a broker's parts hang together: each is made here, given what it needs of the others, and
// told of what concerns it. What starts them, in which order, and what ends them is in broker.ts.
//
//   storage, metadata --> partitions, topics, groups, quotas ... --> dispatcher --> acceptor
//
// Handlers are given it as their services, and see of it what services.ts says. It holds no logic
// of its own: a field here has a file of its own.

import { loading } from "../base/loading.ts";
import { AssertionError } from "../base/assert.ts";
import { formatAddress } from "../base/address.ts";
import { ConnectionFault, messageOf } from "../base/faults.ts";
import { type BrokerId, type PartitionId, type Uuid, uuidFromRandom } from "../base/ids.ts";
import {
  type ChangeQueue,
  decideAllocateProducerIds,
  decideTokenSweep,
  type MetadataChange,
  type MetadataStore,
  ResourceType,
  transactionVersionFeature,
} from "../cluster/mod.ts";
import {
  type GroupConfig,
  groupCoordinator,
  shareCoordinator,
  transactionCoordinator,
} from "../coordinator/mod.ts";
import type { Slices } from "../log/mod.ts";
import type { Clock, Codecs, Digests, Logger, Random } from "../runtime/ports.ts";
import type { AuditLog } from "./access/audit.ts";
import { DelegationTokens } from "./authentication/delegation_tokens.ts";
import { Logins } from "./authentication/logins.ts";
import type { Authorizer } from "./access/authorizer.ts";
import { TlsListeners } from "./authentication/tls_listeners.ts";
import { Acceptor } from "./network/acceptor.ts";
import {
  connectionBoundsOf,
  connectionRatesOf,
  mutationWindowsOf,
  quotaWindowsOf,
  shareStateConfigOf,
  transactionConfigOf,
} from "./config/parts.ts";
import { groupConfigOf } from "./config/group_parts.ts";
import { authorizerTermsOf } from "./config/authorizer_terms.ts";
import type { BrokerOptions, Opened, StartWay } from "./broker_options.ts";
import { Cleaner } from "./logs/cleaner.ts";
import { type BrokerConfig, dynamicLayers } from "./config/mod.ts";
import { Coordinators } from "./coordination/coordinators.ts";
import { ConnectionRates } from "./network/connection_rates.ts";
import { forgetInCoordinators, tellCoordinators } from "./coordination/deleted_topics.ts";
import { Dispatcher } from "./network/dispatch.ts";
import { EventLoopDelay } from "./metrics/event_loop_delay.ts";
import { FrameBuffers } from "./network/frame_buffers.ts";
import { groupTopicsOf } from "./coordination/group_topics.ts";
import { descriptorShares } from "./limits/descriptors.ts";
import { Garbage } from "./limits/garbage.ts";
import { type GroupMemory, groupMemoryOf } from "./coordination/group_memory.ts";
import type { Groups } from "./coordination/groups.ts";
import { supportedVersions } from "./handlers/mod.ts";
import { Membership, supportedFeatures } from "./metadata/membership.ts";
import { type MemoryBudget, memoryBudgetOf } from "./limits/memory_budget.ts";
import type { Services } from "./services.ts";
import type { Session } from "./network/session.ts";
import type { Telemetry } from "./metrics/telemetry.ts";
import type { Partition } from "./logs/partition.ts";
import { Partitions } from "./logs/partitions.ts";
import { ProducerIds } from "./transactions/producer_ids.ts";
import { Reconciler } from "./logs/reconciler.ts";
import { replicaLogsOf } from "./logs/replica_logs.ts";
import type { Replication } from "./replication/replication.ts";
import { Purgatory } from "./fetch/purgatory.ts";
import { type FetchSessions, fetchSessionsOf } from "./fetch/sessions.ts";
import { ClientQuotas } from "./limits/quotas.ts";
import { Regexes } from "./coordination/regexes.ts";
import { RequestMetrics } from "./network/request_metrics.ts";
import { Retention } from "./logs/retention.ts";
import { StandardAuthorizer } from "./access/standard_authorizer.ts";
import type { Storage } from "./logs/storage.ts";
import { Topics } from "./topics.ts";
import { tracerOf } from "./network/trace.ts";
import type { SharePartitions } from "./share/share_partitions.ts";
import type { ShareSessions } from "./share/share_sessions.ts";
import type { ShareGroupStates } from "./share/group_states.ts";
import { ShareParts } from "./share/parts.ts";
import type { ShareStates } from "./share/states.ts";
import { TransactionMarkers } from "./transactions/transaction_markers.ts";
import type { TransactionCoordinator } from "./transactions/transaction_verification.ts";
import { Transactions } from "./transactions/transactions.ts";
import { UnreadablePartitions } from "./logs/unreadable.ts";

/** The parts of one broker. Made once its metadata is read; nothing in it runs yet. */
export class Wiring implements Services {
  readonly config: BrokerConfig;
  readonly clock: Clock;
  readonly codecs: Codecs;
  readonly nodeId: BrokerId;
  readonly clusterId: string;
  readonly metadata: MetadataStore;
  readonly partitions: Partitions;
  /** What there is because of other brokers; undefined where there can be none. */
  readonly replication: Replication | undefined;
  /** Makes the logs agree with the metadata. */
  readonly reconciler: Reconciler;
  readonly topics: Topics;
  readonly coordinators: Coordinators;
  readonly groups: Groups;
  readonly groupProtocols: GroupConfig;
  readonly groupMemory: GroupMemory;
  readonly regexes = new Regexes();
  readonly shareStates: ShareStates;
  readonly sharePartitions: SharePartitions;
  readonly shareSessions: ShareSessions;
  readonly shareGroupStates: ShareGroupStates;
  readonly producerIds: ProducerIds;
  readonly transactionMarkers: TransactionMarkers;
  readonly transactions: Transactions;
  readonly transactionClaims: TransactionCoordinator;
  readonly purgatory: Purgatory;
  readonly fetchSessions: FetchSessions;
  readonly quotas: ClientQuotas;
  /** What clients make us hold, all together. */
  readonly memory: MemoryBudget;
  readonly frameBuffers: FrameBuffers;
  readonly garbage: Garbage;
  readonly logger: Logger;
  readonly digests: Digests;
  readonly random: Random;
  /** Undefined where everybody may do everything. */
  readonly authorizer: Authorizer | undefined;
  /** Through it go all changes of the metadata. */
  readonly change: ChangeQueue;
  readonly storage: Storage;
  readonly membership: Membership;
  /** From now on nobody here hears of changes of the metadata. */
  readonly stopWatching: () => void;
  readonly audit: AuditLog | undefined;
  readonly tlsListeners: TlsListeners;
  readonly logins: Logins;
  readonly delegationTokens: DelegationTokens;
  readonly acceptor: Acceptor;
  readonly retention: Retention;
  readonly cleaner: Cleaner;
  readonly unreadable: UnreadablePartitions;
  /** Undefined where nobody asks for metrics, as the next one. */
  readonly requestMetrics: RequestMetrics | undefined;
  readonly eventLoopDelay: EventLoopDelay | undefined;
  /** Set once the broker has begun to close: waits should end. */
  isClosing = false;
  readonly #options: BrokerOptions;
  #telemetry: Promise<Telemetry> | undefined;

  constructor(
    options: BrokerOptions & StartWay,
    { storage, metadata, newReplication }: Opened,
  ) {
    const { runtime, config, logger } = options;
    const { clock, timers, codecs } = runtime;
    this.#options = options;
    this.storage = storage;
    this.config = config;
    this.audit = options.audit;
    this.clock = clock;
    this.codecs = codecs;
    this.digests = runtime.digests;
    this.random = runtime.random;
    this.logger = logger;
    this.nodeId = storage.nodeId;
    this.clusterId = storage.clusterId;
    this.metadata = metadata;
    const terms = authorizerTermsOf(config);
    this.authorizer = terms && new StandardAuthorizer(terms, () => metadata.image.acls);
    this.membership = this.#makeMembership(options.readsOnlyBecause);
    this.change = this.membership.change;
    this.quotas = new ClientQuotas({
      windows: quotaWindowsOf(config),
      mutationWindows: mutationWindowsOf(config),
      monotonic: () => clock.monotonic(),
    });
    this.quotas.set(metadata.image.clientQuotas());
    this.stopWatching = metadata.onChange((changes) => this.#onMetadataChanged(changes));
    this.memory = memoryBudgetOf(config, runtime.process);
    this.frameBuffers = new FrameBuffers(this.memory);
    this.garbage = new Garbage({ ...runtime, memory: this.memory, logger });
    this.purgatory = new Purgatory(timers);
    this.fetchSessions = fetchSessionsOf(options);
    this.partitions = new Partitions(() => metadata.image);
    this.replication = newReplication && this.#makeReplication(newReplication);
    this.reconciler = this.#makeReconciler();
    this.topics = this.#makeTopics();
    this.groupProtocols = groupConfigOf(config, () => metadata.image);
    this.coordinators = this.#makeCoordinators();
    this.groups = this.coordinators.of(groupCoordinator);
    const { memory } = this;
    this.groupMemory = groupMemoryOf({ ...options, memory, groups: () => this.groups });
    const share = this.#makeShareParts();
    this.shareStates = share.states;
    this.sharePartitions = share.partitions;
    this.shareSessions = share.sessions;
    this.shareGroupStates = share.groupStates;
    this.producerIds = new ProducerIds(() =>
      this.change((image) => decideAllocateProducerIds(image, this.nodeId))
    );
    this.transactionMarkers = new TransactionMarkers(this);
    const routed = this.replication?.routeTransactions(this);
    this.transactions = this.#makeTransactions(routed ?? this.transactionMarkers);
    this.transactionClaims = routed ?? this.transactions;
    this.retention = this.#makeRetention();
    this.cleaner = this.#makeCleaner();
    const monotonic = () => clock.monotonic();
    this.unreadable = new UnreadablePartitions({ logger, monotonic });
    if (config.get("ottla.metrics.port") !== null) {
      this.requestMetrics = new RequestMetrics(monotonic);
      this.eventLoopDelay = new EventLoopDelay({ clock, timers });
    }
    this.tlsListeners = new TlsListeners({ ...runtime, config, logger, audit: this.audit });
    this.delegationTokens = this.#makeDelegationTokens();
    this.logins = this.#makeLogins();
    this.acceptor = this.#makeAcceptor();
  }

  /** Long work is done in these. */
  get slices(): Slices {
    return this.storage.slices;
  }

  /** Throws where others know better who leads. */
  checkNotFenced(): void {
    if (this.membership.isFenced) {
      throw new ConnectionFault("this broker is cut off from its cluster: ask another one");
    }
  }

  /** A partition's log could not be read: said in the log, not to the client. */
  noteUnreadable(partition: Partition, reason: unknown): void {
    this.unreadable.note(partition, reason);
  }

  /** The data folders, with the room on their disks. */
  dataFolders() {
    return this.storage.describeFolders();
  }

  /** Id of the folder that holds the metadata log. */
  get metadataDirectoryId(): Uuid {
    return this.storage.metadataDirectoryId;
  }

  /** What ApiVersions tells. */
  supportedVersions() {
    const subscriptions = this.metadata.image.configuredNames(ResourceType.CLIENT_METRICS);
    return supportedVersions({ clientMetrics: subscriptions.length > 0 });
  }

  /** Clients' own metrics; loaded when a client first asks. */
  readonly telemetry = (): Promise<Telemetry> => {
    this.#telemetry ??= loading(import("./metrics/telemetry.ts"))
      .then(({ Telemetry }) => new Telemetry(() => this.metadata.image));
    return this.#telemetry;
  };

  /** Features with the levels that this broker can serve. */
  supportedFeatures() {
    return supportedFeatures;
  }

  #makeMembership(readsOnlyBecause: string | undefined): Membership {
    const { config, logger, runtime: { timers, clock } } = this.#options;
    return new Membership({
      config,
      storage: this.storage,
      metadata: this.metadata,
      newUuid: this.newUuid,
      timers,
      clock,
      onFenced: () => this.reconciler.fence(),
      logger,
      onBug: (error) => this.onBug(error, "what became of this broker was not told: this is a bug"),
      readsOnlyBecause,
    });
  }

  #makeReplication(make: NonNullable<Opened["newReplication"]>): Replication {
    const { runtime, config, logger } = this.#options;
    return make({
      runtime,
      config,
      nodeId: this.nodeId,
      metadata: this.metadata,
      partitions: this.partitions,
      lease: () => this.membership.lease,
      logger: logger.child("replication"),
      onCut: (partition) => this.reconciler.onCut(partition),
      isClosing: () => this.isClosing,
      onBug: (error) => this.onBug(error, "replication has failed: this is a bug"),
    });
  }

  #makeReconciler(): Reconciler {
    const { storage, membership, partitions, metadata, replication } = this;
    const { logger } = this.#options;
    return new Reconciler({
      nodeId: this.nodeId,
      image: () => metadata.image,
      partitions,
      logs: replicaLogsOf({
        nodeId: this.nodeId,
        metadata,
        storage,
        configOf: (topic) => this.topics.logConfig(topic),
      }),
      terms: replication?.terms,
      onEntered: replication && ((partition, state) => replication.enter(partition, state)),
      onOpened: ({ name }) => membership.recordDirectories(name),
      onLed: ({ topic, id }) => this.#loadCoordinator(topic, id),
      onResigned: ({ topic, id }) => this.coordinators.resign(topic, [id]),
      onBug: (error) => this.onBug(error, "logs could not follow the metadata: this is a bug"),
      slices: storage.slices,
      logger,
    });
  }

  #makeCoordinators(): Coordinators {
    const { runtime: { clock, timers, codecs }, config, logger } = this.#options;
    const { metadata } = this;
    const image = () => metadata.image;
    const transactionVersion = () => image().features.get(transactionVersionFeature) ?? 0;
    const epochMs = clock.now() - clock.monotonic();
    return new Coordinators({
      config,
      machines: {
        groups: () => this.groupProtocols,
        transactions: () => transactionConfigOf(config, transactionVersion()),
        shareStates: () => shareStateConfigOf(config),
        topics: groupTopicsOf(image),
        regexes: this.regexes,
      },
      nodeId: this.nodeId,
      nowMs: () => Math.floor(epochMs + clock.monotonic()),
      timers,
      codecs,
      logger,
      ensureTopic: (topic) => this.topics.ensureInternal(topic),
      partitionsOf: (topic) => image().topic(topic)?.partitions ?? [],
      led: (topic, id) => this.partitions.led(topic, id),
      noteUnreadable: (partition, reason) => this.noteUnreadable(partition, reason),
      reload: (topic, id) => this.#loadCoordinator(topic, id),
    });
  }

  #loadCoordinator(topic: string, id: PartitionId): void {
    this.coordinators.load(topic, id).catch((error) =>
      this.onBug(error, "a coordinator could not be loaded: this is a bug")
    );
  }

  #makeShareParts(): ShareParts {
    const { config, logger, runtime: { clock, timers } } = this.#options;
    const shards = this.coordinators.of(shareCoordinator);
    const locate = (name: string) => shards.locate(name);
    return new ShareParts({
      shards,
      everywhere: (here) => this.replication?.routeShareStates(here, locate) ?? here,
      groups: this.groups,
      config,
      image: () => this.metadata.image,
      catchUp: () => this.metadata.catchUp(),
      partitions: this.partitions,
      memory: this.memory,
      noteUnreadable: (partition, reason) => this.noteUnreadable(partition, reason),
      slices: this.storage.slices,
      clock,
      timers,
      logger: logger.child("share"),
      onBug: (error) => this.onBug(error, "what a share group did was not stored: this is a bug"),
    });
  }

  #makeTransactions(markers: Pick<TransactionMarkers, "write">): Transactions {
    const { clock, config, metadata } = this;
    return new Transactions({
      shards: this.coordinators.of(transactionCoordinator),
      timers: this.#options.runtime.timers,
      logger: this.logger.child("transactions"),
      monotonic: () => clock.monotonic(),
      addRetry: () => ({
        backoffMs: config.get("add.partitions.to.txn.retry.backoff.ms"),
        maxMs: config.get("add.partitions.to.txn.retry.backoff.max.ms"),
      }),
      producerIds: this.producerIds,
      markers,
      metadata,
    });
  }

  #makeRetention(): Retention {
    return new Retention({
      partitions: () => this.partitions.all(),
      clock: this.clock,
      slices: this.storage.slices,
      logger: this.logger,
    });
  }

  #makeCleaner(): Cleaner {
    const { runtime, config, logger } = this.#options;
    return new Cleaner({
      config,
      memory: this.memory,
      partitions: () => this.partitions.all(),
      timers: runtime.timers,
      random: runtime.random,
      logger: logger.child("cleaner"),
      checkpoint: async () => void await this.storage.checkpoint(),
    });
  }

  #makeTopics(): Topics {
    return new Topics({
      config: this.config,
      change: this.change,
      image: () => this.metadata.image,
      partitions: this.partitions,
      reconciler: this.reconciler,
      storage: this.storage,
      newTopicId: this.newUuid,
      logger: this.logger,
    });
  }

  #makeDelegationTokens(): DelegationTokens {
    return new DelegationTokens({
      secretKey: this.config.get("delegation.token.secret.key"),
      image: () => this.metadata.image,
      digests: this.digests,
      now: () => this.clock.now(),
    });
  }

  #makeLogins(): Logins {
    const { runtime: { clock, digests, files, http, random, timers }, config, logger } =
      this.#options;
    return new Logins({
      config,
      image: () => this.metadata.image,
      delegationTokens: this.delegationTokens,
      digests,
      random,
      files,
      http,
      timers,
      now: () => clock.now(),
      monotonic: () => clock.monotonic(),
      logger,
    });
  }

  #makeAcceptor(): Acceptor {
    const { runtime, config, logger, around = (dispatch) => dispatch } = this.#options;
    const monotonic = () => runtime.clock.monotonic();
    const descriptors = descriptorShares(runtime.process, config.dataFolders.length);
    const tracer = tracerOf(this.#options, (id) => this.metadata.image.topicById(id)?.name);
    const metrics = this.requestMetrics;
    const dispatcher = new Dispatcher(this, { tracer, metrics, audit: this.audit });
    return new Acceptor({
      network: runtime.network,
      timers: runtime.timers,
      logger,
      monotonic,
      memory: this.memory,
      rates: new ConnectionRates({
        ...connectionRatesOf(config),
        monotonic,
        addressMax: (host) => this.quotas.connectionRateOf(host),
      }),
      bounds: connectionBoundsOf(config, descriptors.connectionsMax),
      idleMsMax: config.get("connections.max.idle.ms"),
      advertised: ({ name }) => config.advertised(name),
      loginOf: (listener) => this.logins.of(listener),
      tls: this.tlsListeners,
      onConnected: tracer && ((session) => tracer.connected(session)),
      connection: {
        logger,
        requestBytesMax: config.get("socket.request.max.bytes"),
        answers: this.memory.answers,
        slices: this.storage.slices,
        buffers: this.frameBuffers,
        onLogin: (session, outcome) => this.audit?.login(session, outcome),
        isClosing: () => this.isClosing,
        dispatch: around(dispatcher.dispatch.bind(dispatcher)),
        onSent: (chunk) => this.storage.readBuffers.release(chunk),
        // Who looks into answers has to have their bytes.
        sendsFileParts: tracer === undefined && this.#options.around === undefined,
        onBug: (error, session) =>
          this.onBug(error, "a request could not be answered: this is a bug", session),
      },
    });
  }

  /** Those whose time is over are removed. */
  async sweepDelegationTokens(): Promise<void> {
    const nowMs = this.clock.now();
    const count = await this.change((image) => decideTokenSweep(image, nowMs));
    if (count > 0) this.logger.log("info", "removed expired delegation tokens", { count });
  }

  /** What clients have set takes effect at once. */
  #onMetadataChanged(changes: readonly MetadataChange[]): void {
    const { image } = this.metadata;
    const removed: string[] = [];
    for (const change of changes) {
      if (change.type === "clientQuotasChanged") this.quotas.set(image.clientQuotas());
      if (change.type === "configChanged" && change.resourceType === ResourceType.BROKER) {
        this.config.setDynamic(dynamicLayers(image, this.nodeId));
        this.tlsListeners.review();
      }
      if (change.type === "topicRemoved") removed.push(change.topic.name);
    }
    this.reconciler.follow(changes);
    if (removed.length > 0) this.#onTopicsDeleted(removed);
  }

  #onTopicsDeleted(names: readonly string[]): void {
    const { image } = this.metadata;
    this.topics.forget(names);
    this.sharePartitions.forgetTopics((id) => image.topicById(id) !== undefined);
    forgetInCoordinators(names, {
      coordinators: this.coordinators,
      image: () => this.metadata.image,
      reconciler: this.reconciler,
      storage: this.storage,
      isClosing: () => this.isClosing,
      logger: this.#options.logger,
      onBug: (error) => this.onBug(error, "groups could not forget deleted topics: this is a bug"),
    });
  }

  /**
   * Loads every coordinator that can be, so that what ran out while nobody looked is noticed, and
   * topics that have gone meanwhile are forgotten.
   */
  async loadCoordinators(): Promise<void> {
    await tellCoordinators([], {
      coordinators: this.coordinators,
      image: () => this.metadata.image,
    });
  }

  /** Our own invariants do not hold any more: better to stop than to write on. */
  onBug(error: unknown, message: string, session?: Session): void {
    const stack = error instanceof Error ? error.stack : undefined;
    const peer = session && { peer: formatAddress(session.remote), clientId: session.clientId };
    this.#options.logger.log("error", message, { ...peer, reason: messageOf(error), stack });
    if (error instanceof AssertionError) this.#options.onFatal?.(error);
  }

  /** A fresh one, random. */
  readonly newUuid = (): Uuid => uuidFromRandom(this.#options.runtime.random.bytes(16));
}
