// The broker: what a start opens, in which order, and what a close closes, in the reverse one.
//
//   data folder (lock) > metadata tried > data folder claimed > metadata log > partitions > groups
//   > listeners > ready > background work
//
// What its parts are, and how they hang together: wiring.ts.

import { loading } from "../base/loading.ts";
import { isLoopback } from "../base/address.ts";
import { isStoreFault, messageOf, PartitionFault } from "../base/faults.ts";
import { saturated } from "../base/int64.ts";
import { firstOf } from "../base/items.ts";
import { escapedLines } from "../base/visible.ts";
import { checkFeatureLevels } from "../cluster/mod.ts";
import type { PartitionLog } from "../log/mod.ts";
import type { Address } from "../runtime/ports.ts";
import { type AuditLog, openAuditLog } from "./access/audit.ts";
import { checkLoginFiles } from "./authentication/logins.ts";
import { tlsTermsOf } from "./authentication/tls_terms.ts";
import { Background } from "./background.ts";
import { CalmLog } from "./calm_log.ts";
import type { ListenerAddress } from "./config/listeners.ts";
import { dynamicLayers } from "./config/mod.ts";
import { checkHome } from "./metadata/home_notes.ts";
import { metadataTopic } from "./metadata/log.ts";
import { supportedFeatures } from "./metadata/membership.ts";
import type { MetadataSnapshots } from "./metadata/snapshots.ts";
import { openOwnLog } from "./metadata/own_log.ts";
import type { MetricFamily } from "./metrics/metrics_table.ts";
import type { ConnectionList } from "./network/connection_list.ts";
import { Storage } from "./logs/storage.ts";
import type { BrokerOptions, Opened, StartWay } from "./broker_options.ts";
import { Wiring } from "./wiring.ts";

/** How often stored records that no share state needs any more are deleted. */
const sharePruneMs = 300_000;

/** How often logs look for a due flush.ms, idle producers and files to delete or to close. */
const choresIntervalMs = 2_000;

/** By then every client that writes, or reads, has been told by an answer who leads. */
const sendAwayMs = 500;

/** How often it is looked whether the metadata is due for a snapshot: next to no work. */
const snapshotCheckMs = 100;

/** How often a start that takes long says how far it is. */
const progressIntervalMs = 2_000;

/** Reads the metadata on a trial, and takes the data directories once that has gone well. */
async function openMetadata(
  options: BrokerOptions & StartWay,
  storage: Storage,
): Promise<Opened> {
  const { runtime, config, logger, readsOnlyBecause } = options;
  const isAccepted = config.get("ottla.accept.metadata.rollback").length > 0;
  if (!isAccepted) checkHome(storage, options.metadata?.remembered);
  if (options.metadata !== undefined) {
    checkFeatureLevels(options.metadata.image, supportedFeatures);
    if (options.metadata.remembered !== undefined && !isAccepted) {
      const { checkLogsAreNotAhead } = await loading(import("./metadata/rollback.ts"));
      await checkLogsAreNotAhead(storage, options.metadata.image);
    }
    await storage.claim();
    const opened = { storage, metadata: options.metadata, snapshots: undefined };
    if (!options.metadata.isShared) return opened;
    const { Replication } = await loading(import("./replication/replication.ts"));
    return { ...opened, newReplication: (of) => new Replication(of) };
  }
  const isReadOnly = readsOnlyBecause !== undefined;
  return { storage, ...await openOwnLog({ runtime, config, logger, storage, isReadOnly }) };
}

/** The log of what clients do, where the configuration names one. */
function auditLogOf({ config, runtime, logger, metadata }: BrokerOptions): AuditLog | undefined {
  const path = config.get("ottla.audit.log");
  if (path === null) return undefined;
  return openAuditLog({
    path,
    bytesMax: config.get("ottla.audit.log.bytes"),
    olderMax: config.get("ottla.audit.log.older"),
    peersListener: metadata?.isShared === true ? config.interBrokerListener : undefined,
    files: runtime.files,
    stderr: (text) => runtime.process.stderr(escapedLines(text)),
    clock: runtime.clock,
    logger,
  });
}

/** Whether clients are served as they should be. */
export interface BrokerHealth {
  readonly status: "ready" | "closing" | "degraded";
  /** Data directories that failed: what lies in them cannot be used before the next start. */
  readonly offlineDirectories: readonly string[];
}

/** A broker that serves clients. */
export interface RunningBroker {
  /** Where clients connect, with the real port when 0 was asked for. */
  readonly address: Address;
  /** Where each of its listeners is, in the order of the configuration. */
  readonly addresses: readonly Address[];
  readonly health: BrokerHealth;
  /** What there is to measure, as it is now; of requests only where `ottla.metrics.port` is set. */
  metrics(): Promise<MetricFamily[]>;
  /** Who is connected now. */
  connections(): Promise<ConnectionList>;
  /** Ends it; resolves when all is synced and closed. May be called more than once. */
  close(): Promise<void>;
}

/** One broker. Made by `Broker.start`, ended by `close`. */
export class Broker implements RunningBroker {
  readonly #options: BrokerOptions & StartWay;
  readonly #wiring: Wiring;
  readonly #background: Background;
  readonly #log: CalmLog;
  /** What opening the logs took, in ms. */
  #openedInMs = 0;
  #closing: Promise<void> | undefined;

  private constructor(options: BrokerOptions & StartWay, opened: Opened & { log: CalmLog }) {
    this.#options = options;
    this.#log = opened.log;
    this.#wiring = new Wiring(options, opened);
    this.#background = new Background({
      timers: options.runtime.timers,
      logger: options.logger,
      onBug: (error) => this.#wiring.onBug(error, "a background job has failed: this is a bug"),
    });
    opened.storage.onFolderFailed((logs) => this.#onFolderFailed(logs));
    for (const { state } of opened.storage.folders) {
      // Once who has found it out has come to the end of what it was about.
      state.onFull(() => Promise.resolve().then(() => this.#wiring.membership.recordFull()));
    }
    opened.storage.onLogGone(() => this.#wiring.membership.recordDamaged());
  }

  /** Starts a broker; resolves once clients can connect. */
  static async start(asked: BrokerOptions & StartWay): Promise<Broker> {
    const { config, logger, runtime: { clock } } = asked;
    const log = new CalmLog({ logger, monotonic: () => clock.monotonic() });
    const isTrial = asked.readsOnlyBecause !== undefined;
    // A listener without a key, or with one that does not fit, is found out before anything is
    // written.
    const { files, network } = asked.runtime;
    for (const { name } of config.listeners) {
      if (config.protocolOf(name).endsWith("SSL")) {
        network.checkTls(tlsTermsOf(config, files, name));
      }
      checkLoginFiles({ config, files }, name);
    }
    if (asked.metadata?.isShared === true) {
      const { peerSecurityOf } = await loading(import("./replication/peer_security.ts"));
      peerSecurityOf(config, files);
    }
    const hasReplicasElsewhere = asked.metadata?.isShared === true;
    const opening = { ...asked, logger: log.logger, isTrial, hasReplicasElsewhere };
    const storage = await Storage.open(opening);
    let broker: Broker | undefined;
    let audit: AuditLog | undefined;
    try {
      audit = auditLogOf({ ...asked, logger: log.logger });
      const options = { ...asked, logger: log.logger, audit };
      const opened = await openMetadata(options, storage);
      config.setDynamic(dynamicLayers(opened.metadata.image, storage.nodeId));
      broker = new Broker(options, { ...opened, log });
      await broker.#start(opened.snapshots);
      return broker;
    } catch (error) {
      // Its timers and listeners would outlive a start that failed half-way.
      await (broker ?? storage).close();
      audit?.close();
      throw error;
    }
  }

  /** Where clients of the first listener connect. */
  get address(): Address {
    return firstOf(this.addresses);
  }

  /** Where each of its listeners is, in the order of the configuration. */
  get addresses(): readonly Address[] {
    return this.#wiring.acceptor.addresses;
  }

  /** The ports of all listeners. */
  get ports(): readonly number[] {
    return this.#wiring.acceptor.addresses.map(({ port }) => port);
  }

  get health(): BrokerHealth {
    const failed = this.#wiring.dataFolders().filter(({ isOffline }) => isOffline);
    const offlineDirectories = failed.map(({ path }) => path);
    const isWhole = offlineDirectories.length === 0 && !this.#wiring.membership.readsOnlyBecause;
    const served = isWhole ? "ready" : "degraded";
    return { status: this.#closing !== undefined ? "closing" : served, offlineDirectories };
  }

  /** What there is to measure, as it is now. */
  async metrics(): Promise<MetricFamily[]> {
    const { readMetrics } = await loading(import("./metrics/metrics_table.ts"));
    const { runtime } = this.#options;
    return readMetrics({
      runtime,
      partitions: this.#wiring.partitions,
      topicCount: this.#wiring.metadata.image.topicCount,
      groups: this.#wiring.groups,
      transactions: this.#wiring.transactions,
      storage: this.#wiring.storage,
      acceptor: this.#wiring.acceptor,
      memory: this.#wiring.memory,
      fetchSessions: this.#wiring.fetchSessions,
      sharePartitions: this.#wiring.sharePartitions,
      shareSessions: this.#wiring.shareSessions,
      cleaner: this.#wiring.cleaner,
      unreadable: this.#wiring.unreadable,
      requests: this.#wiring.requestMetrics,
      eventLoopDelay: this.#wiring.eventLoopDelay,
      openedInMs: this.#openedInMs,
      segmentsExpired: this.#wiring.retention.segmentsExpired,
      replication: this.#wiring.replication,
      metadata: this.#wiring.metadata,
    });
  }

  /** Who is connected now. */
  async connections(): Promise<ConnectionList> {
    const { listConnections } = await loading(import("./network/connection_list.ts"));
    return listConnections(this.#wiring.acceptor.sessions());
  }

  /**
   * Stops: others lead, and clients are told who; no new connections, answers in progress go out,
   * logs are synced, the clean-shutdown marker is written. Calls after the first wait for the same
   * end.
   */
  close(): Promise<void> {
    // Who has others beside it serves until they lead.
    if (!this.#wiring.metadata.isShared) this.#wiring.isClosing = true;
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
    const brokerEpoch = this.#wiring.metadata.image.broker(this.#wiring.nodeId)?.epoch;
    await this.#wiring.storage.close({ brokerEpoch: saturated(brokerEpoch ?? -1) });
    if (failures.length > 0) throw failures[0];
  }

  /** How to close all but the logs, in order. */
  #parts(): readonly (() => void | Promise<void>)[] {
    return [
      () => this.#wiring.eventLoopDelay?.close(),
      () => this.#wiring.membership.retire(),
      () => this.#sendAway(),
      () => void (this.#wiring.isClosing = true),
      () => this.#wiring.replication?.close(),
      // Requests and chores wait behind its work, which may be long.
      () => this.#wiring.reconciler.close(),
      // Whatever waits is answered first, so that no connection is in the middle of something.
      () => this.#wiring.purgatory.close(),
      () => this.#wiring.sharePartitions.close(),
      () => this.#wiring.coordinators.close(),
      () => this.#wiring.shareGroupStates.close(),
      () => this.#wiring.transactions.close(),
      () => this.#wiring.acceptor.close(),
      () => this.#wiring.tlsListeners.close(),
      () => this.#wiring.logins.close(),
      () => this.#wiring.retention.close(),
      () => this.#wiring.cleaner.close(),
      () => this.#background.close(),
      () => this.#wiring.audit?.close(),
      () => this.#wiring.membership.leave(),
      () => this.#wiring.stopWatching(),
      () => this.#wiring.membership.noteHome(),
    ];
  }

  /**
   * Those who come to what this broker has led are told who leads now: a connection that is closed
   * without a word sends them to look for that, and some look every few seconds only.
   */
  async #sendAway(): Promise<void> {
    const { membership, acceptor } = this.#wiring;
    if (!membership.hasGivenUp || acceptor.connectionCount === 0) return;
    const { timers } = this.#options.runtime;
    await new Promise<void>((resolve) => timers.after(sendAwayMs, resolve));
  }

  async #start(snapshots: MetadataSnapshots | undefined): Promise<void> {
    const { config, logger, ports } = this.#options;
    const { membership } = this.#wiring;
    await membership.join();
    await membership.noteHome();
    await this.#giveAccess();
    await this.#openLogs();
    for (const [i, listener] of config.listeners.entries()) {
      await this.#wiring.acceptor.listen({ ...listener, port: ports?.[i] ?? listener.port });
      this.#warnIfOpen(listener);
      this.#wiring.logins.open(listener.name);
    }
    await this.#serve();
    this.#startChores();
    const { timers, process } = this.#options.runtime;
    // It takes a millisecond or two, which nobody has to wait for.
    timers.after(0, () => process.returnLargeArrays());
    if (this.#options.readsOnlyBecause === undefined) this.#startBackground(snapshots);
    this.#wiring.loadCoordinators().catch((error) => {
      if (this.#wiring.isClosing) return;
      if (!isStoreFault(error)) {
        return this.#wiring.onBug(error, "coordinators could not be loaded: this is a bug");
      }
      const message = "coordinators could not be loaded; the next request tries again";
      logger.log("error", message, { reason: messageOf(error) });
    });
  }

  async #giveAccess(): Promise<void> {
    const { access, readsOnlyBecause } = this.#options;
    if (access === undefined || readsOnlyBecause !== undefined) return;
    const { giveAccess } = await loading(import("./access/given_access.ts"));
    await giveAccess(this.#wiring, access);
  }

  /** In a cluster: this broker may lead from now on. */
  async #serve(): Promise<void> {
    const { replication, membership } = this.#wiring;
    if (replication === undefined) return;
    await membership.serve(this.ports);
    replication.start(this.#background);
  }

  /** Containers need it, and whoever runs one is to know. */
  #warnIfOpen({ name, host }: ListenerAddress): void {
    const { config, logger } = this.#options;
    const asksForCertificate = config.protocolOf(name) === "SSL" &&
      config.ofListener("ssl.client.auth", { listener: name }) === "required";
    const asks = config.protocolOf(name).startsWith("SASL_") || asksForCertificate;
    if (asks || isLoopback(host)) return;
    const said = config.get("authorizer.class.name")
      ? "whoever reaches this listener is User:ANONYMOUS to access rules: docs/security.md"
      : "whoever reaches this listener may do everything: docs/security.md";
    logger.log("warn", said, {
      listener: name,
      address: host === "" ? "every address" : host,
    });
  }

  /** Opens what the metadata says there is, and says so while it takes long. */
  async #openLogs(): Promise<void> {
    const { logger } = this.#options;
    const { partitionCount } = this.#wiring.metadata.image;
    const startedMs = this.#wiring.clock.monotonic();
    let saidMs = startedMs;
    await this.#wiring.reconciler.start((opened) => {
      const nowMs = this.#wiring.clock.monotonic();
      if (nowMs - saidMs < progressIntervalMs) return;
      saidMs = nowMs;
      logger.log("info", "opening logs", { opened, of: partitionCount });
    });
    await this.#acceptRollback();
    await this.#settleLogs();
    this.#openedInMs = this.#wiring.clock.monotonic() - startedMs;
    if (this.#wiring.storage.wasShutDownCleanly) return;
    const tookMs = Math.round(this.#wiring.clock.monotonic() - startedMs);
    const { bytesChecked } = this.#wiring.storage;
    const fields = { logs: partitionCount, bytesChecked, tookMs };
    logger.log("info", "checked the logs after an unclean stop", fields);
  }

  /** Where an operator says so: the logs are right, and the metadata has gone back. */
  async #acceptRollback(): Promise<void> {
    const heard = this.#options.config.get("ottla.accept.metadata.rollback").map(Number);
    if (heard.length === 0) return;
    const { acceptRollback } = await loading(import("./metadata/rollback.ts"));
    const { metadata, storage, nodeId: brokerId } = this.#wiring;
    const { logger } = this.#options;
    await acceptRollback({ brokerId, metadata, logs: storage.logs, heard, logger });
  }

  /** All logs are open: what is not among them goes aside, and where they lie is recorded. */
  async #settleLogs(): Promise<void> {
    const { storage, membership, metadata } = this.#wiring;
    if (membership.readsOnlyBecause === undefined) {
      await storage.setStraysAside(metadata.image);
      await membership.recordDirectories();
    }
    await storage.noteRecovered();
  }

  /** A data directory went offline, and these logs with it. */
  #onFolderFailed(logs: readonly PartitionLog[]): void {
    const { logger } = this.#options;
    const fatal = this.#whyNothingGoesOn(logs);
    if (fatal !== undefined) {
      const message = `${fatal}: repair the disk, then start again`;
      logger.log("error", "the broker stops: its records cannot be kept", { reason: message });
      if (this.#options.onFatal === undefined) this.close().catch(() => {});
      else this.#options.onFatal(new PartitionFault(message));
      return;
    }
    this.#wiring.partitions.wakeOffline();
    this.#wiring.reconciler.leaveOffline();
    for (const { topic, partition } of logs) this.#wiring.coordinators.resign(topic, [partition]);
    this.#wiring.membership.recordWorkingDirectories();
  }

  /** Why the failure of a directory with these logs is the end; undefined: others go on. */
  #whyNothingGoesOn(logs: readonly PartitionLog[]): string | undefined {
    const metadata = logs.find(({ topic }) => topic === metadataTopic);
    if (metadata !== undefined) {
      return `${metadata.directory.offlineReason}. It holds the cluster's metadata, without ` +
        "which nothing can go on";
    }
    const { storage, replication } = this.#wiring;
    if (replication === undefined || storage.directoryIds.length > 0) return undefined;
    return `${logs[0]?.directory.offlineReason ?? "it failed"}. No other data directory is left`;
  }

  #startChores(): void {
    this.#background.start({
      name: "log chores",
      intervalMs: () => choresIntervalMs,
      run: async () => {
        this.#wiring.unreadable.sweep();
        this.#log.sweep();
        this.#wiring.audit?.sweep();
        this.#wiring.frameBuffers.sweep();
        await this.#wiring.storage.maintain();
        this.#wiring.membership.recordFull();
        if (this.#options.readsOnlyBecause !== undefined) return;
        if (await this.#wiring.membership.retry()) {
          this.#wiring.reconciler.review();
          await this.#settleLogs();
        }
        await this.#wiring.reconciler.openLater();
        await this.#wiring.storage.noteRecovered();
      },
    });
  }

  /** What changes files by itself. */
  #startBackground(snapshots: MetadataSnapshots | undefined): void {
    const { config } = this.#options;
    this.#background.start({
      name: "retention",
      intervalMs: () => config.get("log.retention.check.interval.ms"),
      run: () => this.#wiring.retention.run(),
    });
    if (config.get("log.cleaner.enable")) {
      this.#background.start({
        name: "compaction",
        intervalMs: () => config.get("log.cleaner.backoff.ms"),
        run: () => this.#wiring.cleaner.run(),
      });
    }
    if (this.#wiring.delegationTokens.areEnabled) {
      this.#background.start({
        name: "delegation token expiry",
        intervalMs: () => config.get("delegation.token.expiry.check.interval.ms"),
        run: () => this.#wiring.sweepDelegationTokens(),
      });
    }
    this.#background.start({
      name: "share state pruning",
      intervalMs: () => sharePruneMs,
      run: () => this.#wiring.shareStates.prune(),
    });
    if (snapshots !== undefined) {
      this.#background.start({
        name: "metadata snapshots",
        intervalMs: () => snapshotCheckMs,
        run: () => snapshots.run(),
      });
    }
    this.#background.start({
      name: "checkpoint",
      intervalMs: () => config.get("log.flush.offset.checkpoint.interval.ms"),
      run: async () => {
        await this.#wiring.storage.checkpoint();
        await this.#wiring.membership.noteHome();
      },
    });
  }
}
