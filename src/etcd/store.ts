// The home of a cluster's metadata in etcd, as one process uses it.
//
//   open: range --> replica --watch from there on--> image, listeners, lives
//   change: one at a time (changes.ts)         join: a lease and `live/<id>` (lease.ts)
//   controller: who lives tries for its key whenever there is none; it ticks
//
// While etcd is away the image stays as it is, what has begun goes on when etcd is back, and what
// waits for its turn is given up after a while. An etcd that knows less than it did, as after a
// restore from a backup, ends the store: nothing that it says can be reconciled with what was acted
// upon.
// Invariant: the image shows committed revisions only, one after the other.

import { PartitionFault, throwUnlessStoreFault, UsageFault } from "../base/faults.ts";
import { type BrokerId, type LeaderEpoch, type Uuid, uuidFromRandom } from "../base/ids.ts";
import { sharedRuns } from "../base/shared_runs.ts";
import {
  type BrokerLease,
  type ChangeListener,
  type ChangeQueue,
  decodeMetadataRecord,
  encodeMetadataRecord,
  type HomeCounters,
  imageRecords,
  type Liveness,
  type MetadataImage,
  type MetadataRecord,
  type MetadataRecordInput,
  MetadataReplay,
  type MetadataStore,
  type RememberedHome,
  type ShownRecords,
} from "../cluster/mod.ts";
import type { Clock, Logger, Random, Timer, Timers } from "../runtime/ports.ts";
import { Changes } from "./changes.ts";
import {
  type EtcdClient,
  EtcdCode,
  EtcdFault,
  type EtcdMember,
  isRefusal,
  isUnknown,
  type ReadTerms,
  reasonOf,
} from "./client.ts";
import {
  clusterPrefix,
  formatBytes,
  type FormatValue,
  jsonBytes,
  Key,
  liveKey,
  type LiveValue,
  parseFormat,
  parseLive,
  parseTerm,
} from "./keys.ts";
import { operationsMax } from "./stage.ts";
import { EtcdLease, grantLease, type LeaseWorld, revokeLease } from "./lease.ts";
import { type KeyValue, transactionBody } from "./messages.ts";
import { Moving, refuseMoved } from "./moving.ts";
import { checkRemembered } from "./remembered.ts";
import { compareReports } from "./reports.ts";
import { Replica, type Step } from "./replica.ts";
import { closedFault, contradiction, toStoreFault } from "./store_faults.ts";
import { Watch, type WatchedMember } from "./watch.ts";

const tickMs = 2_000;
/** Three ticks. */
const silenceMsMax = 6_000;
/** How often all keys are read, since old versions of etcd may lose an event. */
const verifyMs = 600_000;
/** A change of ours that the watch does not tell of for so long is looked for, and elsewhere. */
const reachMsMax = 3_000;
const changesMax = 10_000;
/** What has not begun by then, for etcd is away, has not happened. */
const changeWaitMsMax = 30_000;
/** How much longer than a lease another life of the same broker is waited for. */
const joinGraceMs = 5_000;

export interface EtcdStoreOptions {
  readonly client: EtcdClient;
  /** The cluster's, within etcd. */
  readonly name: string;
  readonly clock: Clock;
  readonly timers: Timers;
  readonly random: Random;
  readonly logger: Logger;
  /** For how long a broker that is not heard of lives. */
  readonly leaseMs: number;
  /** The id of a new cluster, where there is none; absent: that is a fault. */
  readonly newClusterId?: () => Uuid;
  /** Whether a cluster that was carried to a broker is opened all the same, to bring it back. */
  readonly takesMoved?: boolean;
  /** What a new cluster is to begin with. */
  readonly formatted?: readonly MetadataRecord[];
  /** How long the first answer is tried for. */
  readonly firstRead?: ReadTerms;
  /** Of one transaction; by default as many as etcd takes. */
  readonly operationsMax?: number;
  /** Nothing can go on: etcd contradicts what it has said, or a bug of ours. */
  readonly onLost: (error: unknown) => void;
}

interface Waiter {
  readonly revision: number;
  readonly resolve: () => void;
}

export class EtcdMetadataStore implements MetadataStore {
  readonly isShared = true;
  readonly formatted: readonly MetadataRecord[];
  readonly liveness: Liveness = {
    alive: (brokerId) => this.#replica.alive(brokerId),
    onChange: (listener) => {
      this.#lifeListeners.add(listener);
      return () => this.#lifeListeners.delete(listener);
    },
    declareDead: async (brokerId, brokerEpoch) => {
      const life = this.#replica.get(liveKey(brokerId));
      // What else hangs on its lease, such as the controller's key, goes with it.
      if (life?.createRevision === brokerEpoch) await revokeLease(this.#world, life.lease);
    },
  };
  readonly counters: HomeCounters;
  readonly remembered: RememberedHome = {
    note: () => ({
      home: "etcd",
      cluster: this.#options.name,
      etcd: this.#etcdClusterId ?? "",
      revision: this.#replica.revision,
      ...this.#lease && {
        brokerEpoch: Number(this.image.broker(this.#lease.brokerId)?.epoch ?? -1),
      },
    }),
    check: (noted, brokerId) =>
      checkRemembered(this.remembered.note(), {
        noted,
        registeredAs: this.image.broker(brokerId)?.epoch,
      }),
    isOutdated: ({ brokerEpoch = Infinity }, brokerId) =>
      Number(brokerEpoch) < Number(this.image.broker(brokerId)?.epoch ?? -1),
    compare: (ends, brokers, decide) => {
      const lease = this.#lease;
      if (lease === undefined) return Promise.reject(new PartitionFault("no broker has joined"));
      const of = { client: this.#client, replica: this.#replica, prefix: this.#prefix };
      const { logger } = this.#options;
      return compareReports({ ...of, lease, logger, brokers, decide }, ends);
    },
  };
  readonly moving: Moving;
  readonly #options: EtcdStoreOptions;
  readonly #client: EtcdClient;
  readonly #prefix: string;
  readonly #replica: Replica;
  readonly #changes: Changes;
  readonly #listeners = new Set<ChangeListener>();
  readonly #world: LeaseWorld;
  readonly #lifeListeners = new Set<() => void>();
  readonly #waiters = new Set<Waiter>();
  #shown: MetadataImage | undefined;
  #lease: EtcdLease | undefined;
  #last: Promise<unknown> = Promise.resolve();
  #changeCount = 0;
  #watch: Watch | undefined;
  #watching: Promise<void> = Promise.resolve();
  #resyncing: Promise<void> | undefined;
  #timers: Timer[] = [];
  #isTicking = false;
  #etcdClusterId: string | undefined;
  #isClosed = false;

  private constructor(options: EtcdStoreOptions) {
    const { client, random, name, clock, timers, logger } = options;
    this.#options = options;
    this.#world = { client, timers, logger, monotonic: () => clock.monotonic() };
    this.#client = client;
    this.counters = client.counters;
    this.#prefix = clusterPrefix(name);
    this.#replica = new Replica(this.#prefix);
    this.formatted = options.formatted ?? [];
    const reached = (revision: number) => this.#reached(revision);
    this.moving = new Moving({ client, prefix: this.#prefix, replica: this.#replica, reached });
    this.#changes = new Changes({
      client,
      random,
      prefix: this.#prefix,
      replica: this.#replica,
      lease: () => this.#lease,
      operationsMax: options.operationsMax ?? operationsMax,
      reached,
    });
  }

  /**
   * Reads the cluster's metadata, and follows it. Rejects with UsageFault where there is no such
   * cluster, with PlatformFault where no member answers.
   */
  static async open(options: EtcdStoreOptions): Promise<EtcdMetadataStore> {
    const store = new EtcdMetadataStore(options);
    await store.#resync(options.firstRead);
    if (store.#replica.get(Key.FORMAT) === undefined) await store.#format();
    // Refuses what a later version has made.
    const format = store.#formatNow();
    if (options.takesMoved !== true) refuseMoved(format, options.name);
    store.#watching = store.#follow();
    store.#every(tickMs, () => store.#tick());
    store.#every(verifyMs, () => store.#resync());
    return store;
  }

  /** The cluster's id, as clients see it. */
  get clusterId(): Uuid {
    return this.#formatNow().clusterId;
  }

  #formatNow(): FormatValue {
    const format = this.#replica.get(Key.FORMAT);
    if (format === undefined) throw new UsageFault(`there is no cluster ${this.#options.name}`);
    return parseFormat(format.value);
  }

  get image(): MetadataImage {
    return this.#shown ?? this.#replica.image;
  }

  get controllerId(): BrokerId {
    return this.#replica.controller?.brokerId ?? -1;
  }

  get leaderEpoch(): LeaderEpoch {
    return this.#replica.controller?.term ?? parseTerm(this.#replica.get(Key.TERM)?.value);
  }

  /** What each member of etcd says of itself. */
  members(): Promise<EtcdMember[]> {
    return this.#client.members();
  }

  /** The last revision of etcd that is in the image. */
  get revision(): number {
    return this.#replica.revision;
  }

  readonly change: ChangeQueue = (decide) => {
    if (this.#isClosed) return Promise.reject(closedFault());
    if (this.#changeCount >= changesMax) {
      return Promise.reject(new PartitionFault("too many changes of the metadata wait"));
    }
    this.#changeCount++;
    const begun = Promise.withResolvers<never>();
    let isGivenUp = false;
    const patience = this.#options.timers.after(changeWaitMsMax, () => {
      isGivenUp = true;
      begun.reject(new PartitionFault("the metadata cannot be changed: etcd does not answer"));
    });
    const run = async () => {
      patience.cancel();
      if (isGivenUp) return await begun.promise;
      return await this.#changes.make(decide);
    };
    const result = this.#last.then(run).catch(toStoreFault);
    this.#last = result.catch(() => {});
    return Promise.race([result, begun.promise]).finally(() => this.#changeCount--);
  };

  /** Every change but of partitions touches this one key. */
  readonly catchUp: () => Promise<void> = sharedRuns(async () => {
    const { all } = await this.#client.range(this.#prefix + Key.STRUCTURE).catch(toStoreFault);
    await this.#reached(all[0]?.modRevision ?? 0);
  });

  onChange(listener: ChangeListener): () => void {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  }

  join(brokerId: BrokerId, directory?: Uuid): Promise<BrokerLease> {
    return this.#join(brokerId, directory).catch((error) => {
      if (error instanceof UsageFault) throw error;
      return toStoreFault(error);
    });
  }

  async #join(brokerId: BrokerId, directory: Uuid | undefined): Promise<BrokerLease> {
    const { clock, random, leaseMs, logger } = this.#options;
    const incarnation = uuidFromRandom(random.bytes(16));
    const untilMs = clock.monotonic() + leaseMs + joinGraceMs;
    for (let tries = 0;; tries++) {
      const granted = await grantLease(this.#world, { id: this.#newLeaseId(), ttlMs: leaseMs });
      const lease: EtcdLease = new EtcdLease({
        ...this.#world,
        brokerId,
        granted,
        isController: () => this.#isController(lease),
      });
      const live = await this.#putLive(lease, { incarnation, directory });
      if (live?.lease === lease.id) return await this.#begin(lease, live.createRevision);
      await lease.end();
      if (live === undefined) continue;
      if (directory !== undefined && parseLive(live.value).directory === directory) {
        // We hold the directory's lock, so that process is dead.
        await revokeLease(this.#world, live.lease);
      } else if (clock.monotonic() > untilMs) {
        throw new UsageFault(
          `broker ${brokerId} of the cluster ${this.#options.name} lives elsewhere: ` +
            "two brokers cannot have the same id. Give this one another with --node-id",
        );
      } else if (tries === 0) {
        logger.log("warn", "another life of this broker is waited for to end", { brokerId });
      }
      await this.#client.pause(tries);
    }
  }

  /** Puts the key of a life; what is there then, ours or another's. Undefined: try again. */
  async #putLive(
    lease: EtcdLease,
    life: LiveValue,
  ): Promise<Pick<KeyValue, "value" | "lease" | "createRevision"> | undefined> {
    const key = this.#prefix + liveKey(lease.brokerId);
    const value = jsonBytes(life);
    try {
      const result = await this.#client.settle({
        compare: [{ key, target: "create", revision: 0 }],
        success: [{ put: key, value, lease: lease.id }],
        failure: [key],
      });
      if (!result.succeeded) return result.found[0];
      return { value, lease: lease.id, createRevision: result.revision };
    } catch (error) {
      // The lease has run out before it was used.
      if (error instanceof EtcdFault && error.code === EtcdCode.NOT_FOUND) return undefined;
      lease.lapse();
      throw error;
    }
  }

  async #begin(lease: EtcdLease, brokerEpoch: number): Promise<EtcdLease> {
    lease.begin(brokerEpoch);
    try {
      await this.#reached(brokerEpoch);
      refuseMoved(this.#formatNow(), this.#options.name);
    } catch (error) {
      lease.lapse();
      throw error;
    }
    this.#lease?.lapse();
    this.#lease = lease;
    this.#seeOwnLife();
    this.#unwatched(this.#tick());
    return lease;
  }

  show(decide: ShownRecords | undefined): Promise<void> {
    this.#shown = undefined;
    if (decide === undefined) return Promise.resolve();
    const shown = new MetadataReplay();
    const { image } = this;
    const records = [...imageRecords(image), ...decide(image)].map(throughBytes);
    shown.apply(records, image.lastOffset);
    this.#shown = shown.image;
    return Promise.resolve();
  }

  /** Ends it: the lease is left to run out unless it was ended before. */
  async close(): Promise<void> {
    if (this.#isClosed) return;
    this.#isClosed = true;
    for (const timer of this.#timers) timer.cancel();
    this.#watch?.stop();
    this.#client.close();
    this.#lease?.lapse();
    for (const { resolve } of this.#waiters) resolve();
    await this.#watching;
    await this.#last;
  }

  #isController(lease: EtcdLease): boolean {
    return this.#replica.get(Key.CONTROLLER)?.lease === lease.id;
  }

  /** Positive, and nobody else's: chance sees to that. */
  #newLeaseId(): string {
    const { random } = this.#options;
    return String((random.uint32() & 0x1f_ffff) * 2 ** 32 + random.uint32() + 1);
  }

  async #format(): Promise<void> {
    const { newClusterId, name } = this.#options;
    if (newClusterId === undefined) {
      throw new UsageFault(
        `there is no cluster "${name}" in etcd. A broker with an empty data folder makes ` +
          "one; if it was there before, etcd has lost it: docs/cluster.md says how to go on",
      );
    }
    const key = this.#prefix + Key.FORMAT;
    const { revision } = await this.#client.settle({
      compare: [{ key, target: "create", revision: 0 }],
      success: [{ put: key, value: formatBytes({ clusterId: newClusterId() }) }],
      failure: [],
    });
    await this.#resync();
    if (this.#replica.revision < revision) throw contradiction("it has lost a revision");
  }

  #every(ms: number, run: () => Promise<void>): void {
    const at = this.#timers.length;
    const again = () => {
      this.#timers[at] = this.#options.timers.after(ms, () => {
        this.#unwatched(run()).finally(() => this.#isClosed || again());
      });
    };
    again();
  }

  /** Runs on while nobody waits for it; that etcd does not answer is no news. */
  #unwatched(running: Promise<void>): Promise<void> {
    return running.catch((error) => {
      if (this.#isClosed || isUnknown(error) || isRefusal(error)) return;
      this.#options.onLost(error);
    });
  }

  /** Follows the changes, for as long as this store is open. */
  async #follow(): Promise<void> {
    const { logger, timers, onLost } = this.#options;
    let tries = 0;
    while (!this.#isClosed) {
      const { endpoint } = this.#client;
      try {
        this.#watch = new Watch({
          client: this.#client,
          timers,
          prefix: this.#prefix,
          from: this.#replica.revision + 1,
          silenceMsMax,
          tries,
          onOpened: (member) => {
            tries = 0;
            this.#checkMember(member);
          },
          onRevision: (revision, events) => this.#told(this.#replica.apply(revision, events)),
        });
        const end = await this.#watch.run();
        if (end === "stopped") return;
        this.counters.watchRestarts++;
        if (end === "ended") this.#client.moveOn(endpoint);
        if (end === "compacted") {
          logger.log("warn", "etcd has forgotten what is to be heard next: all is read anew", {});
          await this.#resync();
        }
      } catch (error) {
        if (this.#isClosed) return;
        if (!isUnknown(error) && !isRefusal(error)) return onLost(error);
        this.#client.moveOn(endpoint);
        if (tries === 3) {
          const fields = { reason: reasonOf(error) };
          logger.log("warn", "etcd does not answer; what is known of the cluster stands", fields);
        }
      }
      await this.#client.pause(tries++);
    }
  }

  /** One that was restored from a backup lets watch revisions that it has lost, and waits. */
  #checkMember({ revision, clusterId }: WatchedMember): void {
    if (revision >= this.#replica.revision && clusterId === this.#etcdClusterId) return;
    // It may as well be behind the others: what they agree on tells.
    this.#unwatched(this.#resync());
  }

  /** Reads all keys. One at a time: who comes later may need what this one has not seen. */
  async #resync(terms?: ReadTerms): Promise<void> {
    while (this.#resyncing !== undefined) await Promise.allSettled([this.#resyncing]);
    this.#resyncing = this.#readAll(terms).finally(() => this.#resyncing = undefined);
    await this.#resyncing;
  }

  async #readAll(terms?: ReadTerms): Promise<void> {
    const floor = this.#replica.revision;
    const found = await this.#client.range(this.#prefix, terms);
    if (this.#isClosed) return;
    this.#etcdClusterId ??= found.clusterId;
    if (this.#etcdClusterId !== found.clusterId) throw contradiction("it is another etcd");
    if (found.revision < floor) throw contradiction("it is older than it was");
    this.#told(this.#replica.resync(found));
  }

  #told(step: Step | undefined): void {
    if (step === undefined) return;
    for (const waiter of this.#waiters) {
      if (waiter.revision > this.#replica.revision) continue;
      this.#waiters.delete(waiter);
      waiter.resolve();
    }
    if (step.changes.length > 0) {
      for (const listener of this.#listeners) listener(step.changes);
    }
    if (!step.isAboutLives) return;
    this.#seeOwnLife();
    for (const listener of this.#lifeListeners) listener();
    if (this.#replica.controller === undefined) this.#unwatched(this.#tick());
  }

  /** A lease whose key is gone is over, whatever etcd says to its keep-alive. */
  #seeOwnLife(): void {
    const lease = this.#lease;
    if (lease === undefined || this.#replica.revision < lease.brokerEpoch) return;
    if (this.#replica.alive(lease.brokerId) !== lease.brokerEpoch) lease.lapse();
  }

  /** Resolves once the image has come to `revision`, or this store is closed. */
  async #reached(revision: number): Promise<void> {
    while (this.#replica.revision < revision && !this.#isClosed) {
      const seen = Promise.withResolvers<void>();
      const waiter = { revision, resolve: seen.resolve };
      this.#waiters.add(waiter);
      const timer = this.#options.timers.after(reachMsMax, () => {
        this.#watch?.doubt();
        this.#unwatched(this.#resync()).finally(seen.resolve);
      });
      await seen.promise;
      timer.cancel();
      this.#waiters.delete(waiter);
    }
    if (this.#isClosed) throw closedFault();
  }

  /** What the controller does every few seconds, and whoever could be one where there is none. */
  async #tick(): Promise<void> {
    const lease = this.#lease;
    if (this.#isTicking || lease === undefined || !lease.isValid()) return;
    this.#isTicking = true;
    try {
      if (this.#replica.controller === undefined) await this.#campaign(lease);
      else if (this.#isController(lease)) await this.#beat(lease);
    } finally {
      this.#isTicking = false;
    }
  }

  async #campaign(lease: EtcdLease): Promise<void> {
    const controller = this.#prefix + Key.CONTROLLER;
    const term = this.#prefix + Key.TERM;
    const next = parseTerm(this.#replica.get(Key.TERM)?.value) + 1;
    const value = jsonBytes({ brokerId: lease.brokerId, term: next });
    const { succeeded, revision } = await this.#client.settle({
      compare: [
        { key: controller, target: "create", revision: 0 },
        { key: term, target: "mod", revision: this.#replica.modRevision(Key.TERM) },
        {
          key: this.#prefix + liveKey(lease.brokerId),
          target: "create",
          revision: lease.brokerEpoch,
        },
      ],
      success: [
        { put: controller, value, lease: lease.id },
        { put: term, value: jsonBytes({ term: next }) },
      ],
      failure: [],
    });
    if (!succeeded) return;
    await this.#reached(revision);
    const fields = { brokerId: lease.brokerId, term: next };
    this.#options.logger.log("info", "this broker is the controller", fields);
  }

  async #beat(lease: EtcdLease): Promise<void> {
    const { clock } = this.#options;
    const revision = this.#replica.createRevision(Key.CONTROLLER);
    const body = transactionBody({
      compare: [{ key: this.#prefix + Key.CONTROLLER, target: "create", revision }],
      success: [{ put: this.#prefix + Key.TICK, value: jsonBytes({ atMs: clock.now() }) }],
      failure: [],
    });
    // Whether it is carried out does not matter: the next one comes.
    await this.#client.ask("/v3/kv/txn", body);
    // Whoever has decided it may be dead before it was carried into its keys.
    if (this.#replica.pending !== undefined && lease.isValid()) {
      // Where it cannot be done now, the next beat or the next change does it.
      await this.change(() => ({ records: [], response: undefined })).catch(throwUnlessStoreFault);
    }
  }
}

function throughBytes(record: MetadataRecordInput) {
  return decodeMetadataRecord(encodeMetadataRecord(record));
}
