// The broker: what a start opens, in which order, and what a close closes, in the reverse one.
//
//   data folder (lock) > metadata tried > data folder claimed > metadata log > partitions > groups
//   > listeners > ready > background work
//
// Handlers see it through RequestContext. It holds no logic of its own: a field here is a service
// with a file of its own. It is long because every service is wired up, started, told of changes
// and closed in this one place.

import { AssertionError } from "../base/assert.ts";
import { formatAddress } from "../base/address.ts";
import { messageOf, PartitionFault } from "../base/faults.ts";
import { type BrokerId, type Uuid, uuidFromRandom } from "../base/ids.ts";
import { saturated } from "../base/int64.ts";
import {
  type ChangeQueue,
  changeQueue,
  decideAllocateProducerIds,
  directoryOfReplica,
  type MetadataChange,
  offsetsTopic,
  ResourceType,
} from "../cluster/mod.ts";
import type { PartitionLog, Slices } from "../log/mod.ts";
import type { Address, Clock, Codecs, Digests, Logger, Random, Runtime } from "../runtime/ports.ts";
import { Acceptor } from "./acceptor.ts";
import { Background } from "./background.ts";
import {
  groupConfigOf,
  metadataLogConfig,
  offsetsTopicOf,
  quotaWindowsOf,
  snapshotConfigOf,
} from "./broker_config.ts";
import { Cleaner } from "./cleaner.ts";
import { type BrokerConfig, dynamicLayers } from "./config.ts";
import { Dispatcher } from "./dispatch.ts";
import { EventLoopDelay } from "./event_loop_delay.ts";
import { FrameBuffers } from "./frame_buffers.ts";
import { type Groups, groupShards } from "./groups.ts";
import { supportedVersions } from "./handlers/mod.ts";
import { Membership, supportedFeatures } from "./membership.ts";
import { type MemoryBudget, memoryBudgetOf } from "./memory_budget.ts";
import { MetadataLog, metadataTopic, metadataTopicId } from "./metadata_log.ts";
import { checkLevels, readMetadata } from "./metadata_reading.ts";
import { MetadataSnapshots } from "./metadata_snapshots.ts";
import type { Services } from "./services.ts";
import type { Session, SessionListener } from "./session.ts";
import type { Telemetry } from "./telemetry.ts";
import type { Partition } from "./partition.ts";
import { Partitions } from "./partitions.ts";
import { ProducerIds } from "./producer_ids.ts";
import type { MetricFamily } from "./metrics_table.ts";
import { Purgatory } from "./fetch/purgatory.ts";
import { FetchSessions } from "./fetch/sessions.ts";
import { ClientQuotas } from "./quotas.ts";
import { RequestMetrics } from "./request_metrics.ts";
import { Retention } from "./retention.ts";
import { Storage } from "./storage.ts";
import { Topics } from "./topics.ts";
import { Tracer } from "./trace.ts";
import { UnreadablePartitions } from "./unreadable.ts";

export interface BrokerOptions {
  readonly runtime: Runtime;
  readonly config: BrokerConfig;
  readonly logger: Logger;
  /** Takes the lines of a trace; absent: nothing is traced. */
  readonly trace?: (line: string) => void;
  /** A bug of ours that must not be lived with; absent: it is only logged. */
  readonly onFatal?: (error: unknown) => void;
}

/** How often logs look for a due flush.ms, idle producers and files to delete or to close. */
const choresIntervalMs = 2_000;

/** How often it is looked whether the metadata is due for a snapshot: next to no work. */
const snapshotCheckMs = 100;

/** How often a start that takes long says how far it is. */
const progressIntervalMs = 2_000;

/** What all fetch sessions together may take in memory: some 100,000 partitions. */
const fetchSessionBytesMax = 32 * 1024 * 1024;

function fetchSessionsOf({ config, runtime: { clock, random } }: BrokerOptions): FetchSessions {
  return new FetchSessions({
    slotsMax: config.get("max.incremental.fetch.session.cache.slots"),
    bytesMax: fetchSessionBytesMax,
    random,
    monotonic: () => clock.monotonic(),
  });
}

/** What a start has opened before there is a broker. */
interface Opened {
  readonly storage: Storage;
  readonly metadata: MetadataLog;
  readonly snapshots: MetadataSnapshots;
}

/** Reads the metadata on a trial, and takes the data directories once that has gone well. */
async function openMetadata(options: BrokerOptions, storage: Storage): Promise<Opened> {
  const { runtime, config, logger } = options;
  const request = {
    topic: metadataTopic,
    partition: 0,
    topicId: metadataTopicId,
    config: () => metadataLogConfig(config),
    isNew: false,
    directoryId: undefined,
  };
  const known = await storage.tryLog(request, async ({ log, files }) => {
    const state = await readMetadata({ ...runtime, files, log, logger });
    checkLevels(state);
    return state;
  });
  await storage.claim();
  const log = await storage.openLog(request);
  const opened = { ...runtime, files: storage.files, log, logger };
  const metadata = await MetadataLog.open({ ...opened, known });
  const snapshots = new MetadataSnapshots({
    ...opened,
    metadata,
    config: () => snapshotConfigOf(config),
  });
  return { storage, metadata, snapshots };
}

/** Whether clients are served as they should be. */
export interface BrokerHealth {
  readonly status: "ready" | "closing" | "degraded";
  /** Data directories that failed: what lies in them cannot be used before the next start. */
  readonly offlineDirectories: readonly string[];
}

/** One broker. Made by `Broker.start`, ended by `close`. */
export class Broker implements Services {
  readonly config: BrokerConfig;
  readonly clock: Clock;
  readonly codecs: Codecs;
  readonly nodeId: BrokerId;
  readonly clusterId: string;
  readonly metadata: MetadataLog;
  readonly partitions: Partitions;
  readonly topics: Topics;
  readonly groups: Groups;
  readonly producerIds: ProducerIds;
  readonly purgatory: Purgatory;
  readonly fetchSessions: FetchSessions;
  readonly quotas: ClientQuotas;
  /** What clients make us hold, all together. */
  readonly memory: MemoryBudget;
  readonly logger: Logger;
  readonly digests: Digests;
  readonly random: Random;
  /** Through it go all changes of the metadata. */
  readonly change: ChangeQueue;
  readonly #options: BrokerOptions;
  readonly #storage: Storage;
  readonly #membership: Membership;
  readonly #acceptor: Acceptor;
  readonly #background: Background;
  readonly #retention: Retention;
  readonly #cleaner: Cleaner;
  readonly #unreadable: UnreadablePartitions;
  /** Undefined where nobody asks for metrics, as the next one. */
  readonly #requestMetrics: RequestMetrics | undefined;
  readonly #eventLoopDelay: EventLoopDelay | undefined;
  /** What opening the logs took, in ms. */
  #openedInMs = 0;
  #closing: Promise<void> | undefined;
  #telemetry: Promise<Telemetry> | undefined;

  private constructor(options: BrokerOptions, { storage, metadata }: Opened) {
    const { runtime, config, logger } = options;
    const { clock, timers, codecs } = runtime;
    this.#options = options;
    this.#storage = storage;
    this.config = config;
    this.clock = clock;
    this.codecs = codecs;
    this.digests = runtime.digests;
    this.random = runtime.random;
    this.logger = logger;
    this.nodeId = storage.nodeId;
    this.clusterId = storage.clusterId;
    this.metadata = metadata;
    const change = changeQueue(metadata.store);
    this.change = (decide) => this.#membership.refused ?? change(decide);
    this.#membership = new Membership({
      config,
      storage,
      metadata,
      change,
      newUuid: this.newUuid,
      logger,
    });
    this.quotas = new ClientQuotas({
      windows: quotaWindowsOf(config),
      monotonic: () => clock.monotonic(),
    });
    this.quotas.set(metadata.image.clientQuotas());
    metadata.onChange((changes) => this.#onMetadataChanged(changes));
    this.memory = memoryBudgetOf(config, runtime.process);
    this.purgatory = new Purgatory(timers);
    this.fetchSessions = fetchSessionsOf(options);
    this.partitions = this.#makePartitions();
    this.topics = new Topics({
      config,
      change: this.change,
      image: () => metadata.image,
      partitions: this.partitions,
      newTopicId: this.newUuid,
      logger,
      onDeleted: (names) => this.#onTopicsDeleted(names),
    });
    const epochMs = clock.now() - clock.monotonic();
    this.groups = groupShards({
      nowMs: () => Math.floor(epochMs + clock.monotonic()),
      timers,
      codecs,
      logger: logger.child("groups"),
      ensureTopic: () => this.topics.ensureInternal(offsetsTopicOf(config)),
      partitionCount: () => metadata.image.topic(offsetsTopic)?.partitions.length ?? 0,
      partition: (id) => this.partitions.get(offsetsTopic, id),
      noteUnreadable: (partition, reason) => this.noteUnreadable(partition, reason),
    }, () => groupConfigOf(config));
    this.producerIds = new ProducerIds(() =>
      this.change((image) => decideAllocateProducerIds(image, this.nodeId))
    );
    this.#background = new Background(timers, logger);
    this.#retention = this.#makeRetention();
    this.#cleaner = this.#makeCleaner();
    const monotonic = () => clock.monotonic();
    this.#unreadable = new UnreadablePartitions({ logger, monotonic });
    if (config.get("ottla.metrics.port") !== null) {
      this.#requestMetrics = new RequestMetrics(monotonic);
      this.#eventLoopDelay = new EventLoopDelay({ clock, timers });
    }
    storage.onFolderFailed((logs) => this.#onFolderFailed(logs));
    this.#acceptor = this.#makeAcceptor();
  }

  /** Starts a broker; resolves once clients can connect. */
  static async start(options: BrokerOptions): Promise<Broker> {
    const { config } = options;
    const storage = await Storage.open(options);
    let broker: Broker | undefined;
    try {
      const opened = await openMetadata(options, storage);
      config.setDynamic(dynamicLayers(opened.metadata.image, storage.nodeId));
      broker = new Broker(options, opened);
      await broker.#start(opened.snapshots);
      return broker;
    } catch (error) {
      // Its timers and listeners would outlive a start that failed half-way.
      await (broker ?? storage).close();
      throw error;
    }
  }

  /** Long work is done in these. */
  get slices(): Slices {
    return this.#storage.slices;
  }

  /** Where clients of the first listener connect. */
  get address(): Address {
    return this.#acceptor.addresses[0];
  }

  /** Whether `close` has begun: waits should end. */
  get isClosing(): boolean {
    return this.#closing !== undefined;
  }

  /** Makes log start offsets that have moved durable. Returns the directories that do not do it. */
  checkpoint(): Promise<ReadonlySet<string>> {
    return this.#storage.checkpoint();
  }

  /** A partition's log could not be read: said in the log, not to the client. */
  noteUnreadable(partition: Partition, reason: unknown): void {
    this.#unreadable.note(partition, reason);
  }

  get health(): BrokerHealth {
    const failed = this.dataFolders().filter(({ isOffline }) => isOffline);
    const offlineDirectories = failed.map(({ path }) => path);
    const isWhole = offlineDirectories.length === 0 && !this.#membership.readsOnlyBecause;
    const served = isWhole ? "ready" : "degraded";
    return { status: this.isClosing ? "closing" : served, offlineDirectories };
  }

  /** What there is to measure, as it is now. */
  async metrics(): Promise<MetricFamily[]> {
    const { readMetrics } = await import("./metrics_table.ts");
    const { runtime } = this.#options;
    return readMetrics({
      runtime,
      partitions: this.partitions,
      topicCount: this.metadata.image.topicCount,
      groups: this.groups,
      storage: this.#storage,
      acceptor: this.#acceptor,
      memory: this.memory,
      fetchSessions: this.fetchSessions,
      cleaner: this.#cleaner,
      unreadable: this.#unreadable,
      requests: this.#requestMetrics,
      eventLoopDelay: this.#eventLoopDelay,
      openedInMs: this.#openedInMs,
      segmentsExpired: this.#retention.segmentsExpired,
    });
  }

  /** The brokers, with the addresses at which clients of `listener` can reach them. */
  describeBrokers({ advertised: { host, port } }: SessionListener) {
    return [{ nodeId: this.nodeId, host, port, rack: this.config.get("broker.rack") }];
  }

  /** The data folders, with the room on their disks. */
  dataFolders() {
    return this.#storage.describeFolders();
  }

  /** Id of the folder that holds the metadata log. */
  get metadataDirectoryId(): Uuid {
    return this.#storage.metadataDirectoryId;
  }

  /** What ApiVersions tells. */
  supportedVersions() {
    const subscriptions = this.metadata.image.configuredNames(ResourceType.CLIENT_METRICS);
    return supportedVersions({ clientMetrics: subscriptions.length > 0 });
  }

  /** Clients' own metrics; loaded when a client first asks. */
  readonly telemetry = (): Promise<Telemetry> => {
    this.#telemetry ??= import("./telemetry.ts")
      .then(({ Telemetry }) => new Telemetry(() => this.metadata.image));
    return this.#telemetry;
  };

  /** Features with the levels that this broker can serve. */
  supportedFeatures() {
    return supportedFeatures;
  }

  /**
   * Stops: no new connections, answers in progress go out, logs are synced, the clean-shutdown
   * marker is written. Calls after the first wait for the same end.
   */
  close(): Promise<void> {
    this.#closing ??= this.#close();
    return this.#closing;
  }

  /** What cannot be closed keeps nothing else from it, least of all the logs. */
  async #close(): Promise<void> {
    const failures: unknown[] = [];
    for (const part of this.#parts()) {
      try {
        await part();
      } catch (error) {
        failures.push(error);
      }
    }
    const brokerEpoch = this.metadata.image.broker(this.nodeId)?.epoch;
    await this.#storage.close({ brokerEpoch: saturated(brokerEpoch ?? -1) });
    if (failures.length > 0) throw failures[0];
  }

  /** How to close all but the logs, in order. */
  #parts(): readonly (() => void | Promise<void>)[] {
    return [
      () => this.#eventLoopDelay?.close(),
      // Whatever waits is answered first, so that no connection is in the middle of something.
      () => this.purgatory.close(),
      () => this.groups.close(),
      () => this.#acceptor.close(),
      () => this.#retention.close(),
      () => this.#cleaner.close(),
      () => this.#background.close(),
      () => this.#membership.leave(),
    ];
  }

  async #start(snapshots: MetadataSnapshots): Promise<void> {
    const { config, logger } = this.#options;
    await this.#membership.join();
    await this.#openLogs();
    for (const listener of config.listeners) await this.#acceptor.listen(listener);
    this.#startBackground(snapshots);
    this.groups.all().catch((error) => {
      if (this.isClosing) return;
      logger.log("error", "groups could not be loaded; the next request tries again", {
        reason: messageOf(error),
      });
    });
  }

  /** Opens what the metadata says there is, and says so while it takes long. */
  async #openLogs(): Promise<void> {
    const { logger } = this.#options;
    const { partitionCount } = this.metadata.image;
    const startedMs = this.clock.monotonic();
    let saidMs = startedMs;
    await this.partitions.openAll(this.metadata.image.topics(), (opened) => {
      const nowMs = this.clock.monotonic();
      if (nowMs - saidMs < progressIntervalMs) return;
      saidMs = nowMs;
      logger.log("info", "opening logs", { opened, of: partitionCount });
    });
    await this.#settleLogs();
    this.#openedInMs = this.clock.monotonic() - startedMs;
    if (this.#storage.wasShutDownCleanly) return;
    const tookMs = Math.round(this.clock.monotonic() - startedMs);
    const { bytesChecked } = this.#storage;
    const fields = { logs: partitionCount, bytesChecked, tookMs };
    logger.log("info", "checked the logs after an unclean stop", fields);
  }

  /** All logs are open: what is not among them goes aside, and where they lie is recorded. */
  async #settleLogs(): Promise<void> {
    if (this.#membership.readsOnlyBecause === undefined) {
      await this.#storage.setStraysAside(this.metadata.image);
      await this.#membership.recordDirectories();
    }
    await this.#storage.noteRecovered();
  }

  /** A data directory went offline, and these logs with it. */
  #onFolderFailed(logs: readonly PartitionLog[]): void {
    const { logger } = this.#options;
    if (logs.some(({ topic }) => topic === metadataTopic)) {
      const message = `${logs[0].directory.offlineReason}. It holds the cluster's metadata, ` +
        "without which nothing can go on: repair the disk, then start again";
      logger.log("error", "the broker stops: its metadata cannot be kept", { reason: message });
      if (this.#options.onFatal === undefined) this.close().catch(() => {});
      else this.#options.onFatal(new PartitionFault(message));
      return;
    }
    this.partitions.wakeOffline();
    this.groups.resignFrom(logs.flatMap((log) => log.topic === offsetsTopic ? log.partition : []));
    this.#membership.recordWorkingDirectories();
  }

  #startBackground(snapshots: MetadataSnapshots): void {
    const { config } = this.#options;
    this.#background.start({
      name: "retention",
      intervalMs: () => config.get("log.retention.check.interval.ms"),
      run: () => this.#retention.run(),
    });
    if (config.get("log.cleaner.enable")) {
      this.#background.start({
        name: "compaction",
        intervalMs: () => config.get("log.cleaner.backoff.ms"),
        run: () => this.#cleaner.run(),
      });
    }
    this.#background.start({
      name: "log chores",
      intervalMs: () => choresIntervalMs,
      run: async () => {
        this.#unreadable.sweep();
        await this.#storage.maintain();
        if (await this.#membership.retry()) await this.#settleLogs();
        await this.partitions.openWhereFull((name) => this.metadata.image.topic(name));
      },
    });
    this.#background.start({
      name: "metadata snapshots",
      intervalMs: () => snapshotCheckMs,
      run: () => snapshots.run(),
    });
    this.#background.start({
      name: "checkpoint",
      intervalMs: () => config.get("log.flush.offset.checkpoint.interval.ms"),
      run: async () => void await this.#storage.checkpoint(),
    });
  }

  #makePartitions(): Partitions {
    const { logger } = this.#options;
    return new Partitions({
      openLog: ({ name: topic, id: topicId }, partition, { isNew }) =>
        this.#storage.openLog({
          topic,
          partition,
          topicId,
          config: () => this.topics.logConfig(topic),
          isNew,
          directoryId: directoryOfReplica(this.metadata.image, {
            topic,
            partition,
            brokerId: this.nodeId,
          }),
        }),
      deleteLog: (log) => this.#storage.deleteLog(log),
      onOpened: ({ name }) => this.#membership.recordDirectories(name),
      slices: this.#storage.slices,
      logger,
    });
  }

  #makeRetention(): Retention {
    return new Retention({
      partitions: () => this.partitions.all(),
      clock: this.clock,
      slices: this.#storage.slices,
      logger: this.logger,
    });
  }

  #makeCleaner(): Cleaner {
    const { runtime, config, logger } = this.#options;
    return new Cleaner({
      config,
      partitions: () => this.partitions.all(),
      timers: runtime.timers,
      random: runtime.random,
      logger: logger.child("cleaner"),
      checkpoint: async () => void await this.#storage.checkpoint(),
    });
  }

  #makeAcceptor(): Acceptor {
    const { runtime, config, logger, trace } = this.#options;
    const monotonic = () => runtime.clock.monotonic();
    const tracer = trace === undefined ? undefined : new Tracer(trace, monotonic);
    const metrics = this.#requestMetrics;
    const dispatcher = new Dispatcher(this, { tracer, metrics });
    return new Acceptor({
      network: runtime.network,
      timers: runtime.timers,
      logger,
      monotonic,
      memory: this.memory,
      connectionsMax: () => config.get("max.connections"),
      idleMsMax: config.get("connections.max.idle.ms"),
      advertised: ({ name }) => config.advertised(name),
      connection: {
        logger,
        requestBytesMax: config.get("socket.request.max.bytes"),
        answers: this.memory.answers,
        buffers: new FrameBuffers(this.memory),
        isClosing: () => this.isClosing,
        dispatch: metrics === undefined
          ? (frame, session) => dispatcher.dispatch(frame, session)
          : (frame, session) => metrics.measure(frame, () => dispatcher.dispatch(frame, session)),
        onSent: (chunk) => this.#storage.readBuffers.release(chunk),
        onBug: (error, session) => this.#onBug(error, session),
      },
    });
  }

  /** What clients have set takes effect at once. */
  #onMetadataChanged(changes: readonly MetadataChange[]): void {
    const { image } = this.metadata;
    for (const change of changes) {
      if (change.type === "clientQuotasChanged") this.quotas.set(image.clientQuotas());
      if (change.type === "configChanged" && change.resourceType === ResourceType.BROKER) {
        this.config.setDynamic(dynamicLayers(image, this.nodeId));
      }
      if (change.type === "partitionChanged") {
        const { topic, partition: { id, leaderEpoch } } = change;
        this.partitions.get(topic.name, id)?.lead(leaderEpoch);
      }
    }
  }

  #onTopicsDeleted(names: readonly string[]): void {
    const change = { deletedTopics: names };
    this.groups.tellAll((table, nowMs) => table.onImage(change, nowMs)).catch((error) => {
      if (this.isClosing) return;
      this.#options.logger.log("error", "offsets of deleted topics could not be removed", {
        topics: names.join(","),
        reason: messageOf(error),
      });
    });
  }

  /** Our own invariants do not hold any more: better to stop than to write on. */
  #onBug(error: unknown, session: Session): void {
    const stack = error instanceof Error ? error.stack : undefined;
    this.#options.logger.log("error", "a request could not be answered: this is a bug", {
      peer: formatAddress(session.remote),
      clientId: session.clientId,
      reason: messageOf(error),
      stack,
    });
    if (error instanceof AssertionError) this.#options.onFatal?.(error);
  }

  /** A fresh one, random. */
  readonly newUuid = (): Uuid => uuidFromRandom(this.#options.runtime.random.bytes(16));
}
