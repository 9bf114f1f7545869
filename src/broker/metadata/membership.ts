// This broker as the metadata tells of it:
//
//   start --join--> registered, unfenced, leader of what only it has --leave--> fenced
//           \--no room--> only reads, and is shown as it will be --retry--> registered, ...
//           \--on a trial of files that cannot be written--> registered there, and frozen
//
// and which of its data directories hold which logs. One node decides all of that about itself; in
// a cluster the controller does, with the same functions of src/cluster. There a broker is fenced
// from its registration until it serves, and others may take it for dead at any time:
//
//   start --join--> registered, fenced --logs are open--> serves
//                        ^       \--taken for dead--.       \--taken for dead--.
//                        '-----------anew------------+-------------------------'
//
// Invariant: what its logs may lack is told with its first registration, which is recorded before
// a log is opened; it is in sync nowhere from then until it has caught up.

import { securityProtocols } from "../config/listeners.ts";
import { assert } from "../../base/assert.ts";
import { isPlatformFault, isStoreFault, messageOf, PartitionFault } from "../../base/faults.ts";
import type { BrokerId, Uuid } from "../../base/ids.ts";
import {
  type BrokerLease,
  type BrokerLife,
  type ChangeQueue,
  decideAlone,
  decideBootstrap,
  decideControlledShutdown,
  decideDamaged,
  decideDirectories,
  decideFenceBroker,
  decideFullMember,
  decideLeadership,
  decideLostDirectories,
  decideRegisterBroker,
  decideRegisterMember,
  decideServe,
  decideWorkingDirectories,
  type FullDirectoriesOutcome,
  isDirectory,
  type MetadataImage,
  type MetadataStore,
  metadataVersionFeature,
  metadataVersionRange,
  optionalFeatures,
  type PartitionImage,
  type TopicImage,
} from "../../cluster/mod.ts";
import type { Clock, Logger, Timers } from "../../runtime/ports.ts";
import type { BrokerConfig } from "../config/mod.ts";
import type { Storage } from "../logs/storage.ts";
import { FullDirectories } from "./full_directories.ts";
import { outdatedFolders } from "./home_notes.ts";

/** Features with the levels that this broker can serve, by name. */
export const supportedFeatures = [
  {
    name: metadataVersionFeature,
    minVersion: metadataVersionRange.min,
    maxVersion: metadataVersionRange.max,
  },
  ...optionalFeatures.map(({ name, minVersion, maxVersion }) => ({ name, minVersion, maxVersion })),
].sort((a, b) => a.name < b.name ? -1 : 1);

/** Pause before it is tried again to register anew. */
const rejoinAfterMs = 500;
/** So long a broker that stops waits for a shared home, which may be away, to hear of it. */
const farewellMsMax = 2_000;

export interface MembershipOptions {
  readonly config: BrokerConfig;
  readonly storage: Storage;
  readonly metadata: MetadataStore;
  readonly newUuid: () => Uuid;
  readonly timers: Pick<Timers, "after">;
  readonly clock: Pick<Clock, "monotonic">;
  /** Others take this broker for dead: whatever it led, it leads no more. */
  readonly onFenced: () => void;
  readonly logger: Logger;
  /** Why nothing that is registered here will last; undefined: it will. */
  readonly readsOnlyBecause: string | undefined;
  /** What nobody waits for has failed in a way that nobody has foreseen. */
  readonly onBug: (error: unknown) => void;
}

export class Membership {
  readonly #options: MembershipOptions;
  #readsOnlyBecause: string | undefined;
  #lease: BrokerLease | undefined;
  #isLeaving = false;
  #isFenced = false;
  /** Its directories were put back from a copy of an earlier life. */
  #isOutdated = false;
  /** It has not served yet. */
  #isStarting = true;
  #registering: Promise<void> | undefined;
  /** It goes, and the home of the metadata did not hear that in time. */
  #isUnheard = false;
  #hasGivenUp = false;
  readonly #full: FullDirectories;
  #isTellingFull = false;

  constructor(options: MembershipOptions) {
    this.#options = options;
    const { storage, clock } = options;
    this.#full = new FullDirectories({
      folders: () => storage.folders,
      monotonic: () => clock.monotonic(),
    });
  }

  /** Why nothing but reading goes on; undefined once this broker is registered. */
  get readsOnlyBecause(): string | undefined {
    return this.#readsOnlyBecause;
  }

  /** Changes the metadata as this broker. Rejects with PartitionFault while it only reads. */
  readonly change: ChangeQueue = async (decide) => {
    const reason = this.#readsOnlyBecause;
    if (reason !== undefined) throw new PartitionFault(`the broker only reads for now: ${reason}`);
    return await this.#alive(() => this.#options.metadata.change(decide));
  };

  /**
   * Registers this broker, and makes it leader of what is its own. Where the disk has no room for
   * that, clients are shown how it will be, and read; {@link retry} goes on with it.
   */
  async join(): Promise<void> {
    try {
      await this.#join();
    } catch (error) {
      if (!isNoRoom(error)) throw error;
      await this.#readOnly(messageOf(error));
    }
    const { storage, readsOnlyBecause } = this.#options;
    if (readsOnlyBecause === undefined) return;
    this.#readsOnlyBecause = readsOnlyBecause;
    storage.freeze(`the broker only reads: ${readsOnlyBecause}`);
  }

  /** Registers this broker where that had no room before. Whether it has gone well just now. */
  async retry(): Promise<boolean> {
    const { storage, metadata, logger, readsOnlyBecause } = this.#options;
    if (this.#readsOnlyBecause === undefined || readsOnlyBecause !== undefined) return false;
    try {
      await this.#join();
    } catch (error) {
      if (isNoRoom(error)) return false;
      throw error;
    }
    this.#readsOnlyBecause = undefined;
    await metadata.show(undefined);
    storage.hold(undefined);
    logger.log("info", "the broker is registered: it writes again", {});
    return true;
  }

  async #readOnly(reason: string): Promise<void> {
    const { storage, metadata, logger } = this.#options;
    this.#readsOnlyBecause = reason;
    storage.hold(`the broker only reads until its disk has room: ${reason}`);
    const registration = this.#registration();
    await metadata.show((image) => [
      ...(metadata.isShared ? [] : decideAlone(image, storage.nodeId).records),
      ...decideRegisterBroker(image, registration).records,
      ...decideLeadership(image, this.#leadership()).records,
    ]);
    logger.log("error", "the broker starts without room on its disk, and only reads", {
      reason,
      advice: "make room, or have retention or DeleteRecords do it; then it goes on by itself",
    });
  }

  #join(): Promise<void> {
    this.#lookForOutdated();
    return this.#beginLife((brokerEpoch) => this.#register(brokerEpoch));
  }

  async #register(brokerEpoch: number | undefined): Promise<void> {
    const { config, storage, metadata } = this.#options;
    const { change, isShared } = metadata;
    await change((image) => ({
      ...decideBootstrap(image, {
        formatted: metadata.formatted,
        metadataVersion: config.get("ottla.metadata.version"),
        minInSyncReplicas: config.get("min.insync.replicas"),
        isShared,
      }),
      spendsReserve: true,
    }));
    const registration = { ...this.#registration(), brokerEpoch };
    if (isShared) {
      const isSuspect = this.#suspicion(metadata.image);
      await change((image) => decideRegisterMember(image, registration, { isSuspect }));
      return;
    }
    // Together, for the sake of one sync instead of two at every start.
    await change((image) => {
      const alone = decideAlone(image, storage.nodeId);
      const registered = decideRegisterBroker(image, registration);
      const led = decideLeadership(image, this.#leadership());
      const records = [...alone.records, ...registered.records, ...led.records];
      // Without it nobody could delete anything.
      return { records, response: undefined, spendsReserve: true };
    });
  }

  /** A life that is told of; another one where that takes longer than others wait for news. */
  async #beginLife(tell: (brokerEpoch: number | undefined) => Promise<void>): Promise<void> {
    const { metadata, storage: { nodeId, metadataDirectoryId } } = this.#options;
    for (;;) {
      const lease = this.#lease = await metadata.join(nodeId, metadataDirectoryId);
      try {
        return await tell(lease.brokerEpoch);
      } catch (error) {
        if (!this.#isOverAtStart(lease, error)) throw error;
      }
    }
  }

  /**
   * What `change` comes to. Where others have taken this broker for dead while it starts, since its
   * process was stopped or has much to do, it is made in another life: were this process to end,
   * the next one would take as long, and so for ever.
   */
  async #alive<T>(change: () => Promise<T>): Promise<T> {
    for (;;) {
      const lease = this.#lease;
      try {
        return await change();
      } catch (error) {
        if (!this.#isOverAtStart(lease, error)) throw error;
      }
      // Another change may have found that out before.
      if (this.#lease === lease) await this.#registerAnew();
    }
  }

  #isOverAtStart(lease: BrokerLease | undefined, error: unknown): boolean {
    const goesOn = this.#isStarting && !this.#isLeaving;
    return goesOn && isStoreFault(error) && lease?.isValid() === false;
  }

  /** Of which partitions the logs here may lack what this broker has acknowledged. */
  #suspicion(image: MetadataImage): (partition: PartitionImage, topic: TopicImage) => boolean {
    const { config, storage } = this.#options;
    const { nodeId, directoryIds } = storage;
    const syncs = "ottla.acks.all.sync";
    const isSynced = config.get(syncs) === "always" &&
      image.topics().every(({ name }) => {
        return (image.topicConfigs(name).get(syncs) ?? "always") === "always";
      });
    if (storage.mayHaveLostWrites && !isSynced) return () => true;
    const isOutdated = this.#isOutdated;
    const known = image.broker(nodeId)?.directories ?? [];
    const hasAll = known.every((id) => directoryIds.includes(id));
    return ({ id: partition, replicas, directories, isr, elr }, { name: topic, id: topicId }) => {
      const directoryId = directories[replicas.indexOf(nodeId)];
      // Nobody has said where it is: it may be in what is missing.
      if (!isDirectory(directoryId) && !hasAll) return true;
      const log = { topic, topicId, partition, directoryId };
      if (storage.hasLost(log)) return true;
      // Who else may lead has what is missing here; a log that is too new to have a folder, too.
      const hasOthers = [...isr, ...elr].some((id) => id !== nodeId);
      return hasOthers && (isOutdated || !storage.hasFolder(log));
    };
  }

  /** Finds directories that are older than the last life of this broker. */
  #lookForOutdated(): void {
    const { storage, metadata, logger } = this.#options;
    const outdated = outdatedFolders(storage, metadata.remembered);
    for (const directory of outdated) {
      const message = "a data directory is older than the last life of this broker: it was put " +
        "back from a copy, and counts for nothing that others have";
      logger.log("warn", message, { directory });
    }
    this.#isOutdated = outdated.length > 0;
  }

  /**
   * The logs of this member of a cluster are open, and it listens at `ports`, by the order of its
   * listeners: it may lead from now on. Once its life is over, as others see it, it begins another.
   */
  async serve(ports: readonly number[]): Promise<void> {
    if (this.#lease?.brokerEpoch === undefined) return;
    await this.#alive(() => this.#serve(ports));
  }

  async #serve(ports: readonly number[]): Promise<void> {
    const lease = this.#lease;
    const { metadata: { change }, storage: { nodeId: brokerId } } = this.#options;
    assert(lease?.brokerEpoch !== undefined, "a broker registers before it serves");
    const endPoints = this.#registration(ports).endPoints;
    const { brokerEpoch } = lease;
    await this.#tellDamaged({ brokerId, brokerEpoch });
    const isKnown = await change((image) =>
      decideServe(image, { brokerId, brokerEpoch }, endPoints)
    );
    if (!isKnown) throw new PartitionFault(`broker ${brokerId} is not registered any more`);
    this.#isFenced = this.#isStarting = false;
    lease.ended.then(async () => {
      if (this.#isLeaving) return;
      this.#isFenced = true;
      this.#options.onFenced();
      await this.#liveAgain(ports);
    }).catch(this.#options.onBug);
  }

  /** What was found since the registration: logs that lack records. */
  async #tellDamaged(life: BrokerLife): Promise<void> {
    const { metadata: { change }, storage } = this.#options;
    const damaged = [...storage.logs].filter(({ isDamaged }) => isDamaged);
    if (damaged.length > 0) await change((image) => decideDamaged(image, life, damaged));
  }

  async #liveAgain(ports: readonly number[]): Promise<void> {
    const { logger, timers } = this.#options;
    while (!this.#isLeaving) {
      try {
        await this.#registerAnew(ports);
        return await this.#serve(ports);
      } catch (error) {
        if (!isStoreFault(error)) throw error;
        logger.log("warn", "this broker cannot register anew, and will try again", {
          reason: messageOf(error),
        });
        await new Promise<void>((resolve) => timers.after(rejoinAfterMs, resolve));
      }
    }
  }

  /** Nothing of its logs is lost since it registered first: others have only not heard of it. */
  async #registerAnew(ports: readonly number[] = []): Promise<void> {
    const { metadata: { change }, logger } = this.#options;
    this.#registering ??= this.#beginLife(async (brokerEpoch) => {
      const registration = { ...this.#registration(ports), brokerEpoch };
      await change((image) =>
        decideRegisterMember(image, registration, { isSuspect: () => false })
      );
    });
    try {
      await this.#registering;
    } finally {
      this.#registering = undefined;
    }
    await this.noteHome();
    logger.log("warn", "the cluster had taken this broker for dead: it has registered anew", {});
  }

  /**
   * Has the directories remember what the home of the metadata has said, and which life of this
   * broker this is: neither may be earlier at a later start.
   */
  async noteHome(): Promise<void> {
    const { metadata: { remembered }, storage } = this.#options;
    if (remembered !== undefined) await storage.noteHome(remembered.note());
  }

  /**
   * This member of a cluster is about to stop: others lead what it led, before it does. Resolves
   * within {@link farewellMsMax}: where nobody can be told, others find out by its lease.
   */
  async retire(): Promise<void> {
    this.#isLeaving = true;
    const { metadata: { change, isShared }, storage: { nodeId: brokerId } } = this.#options;
    const brokerEpoch = this.#lease?.brokerEpoch;
    if (!isShared || brokerEpoch === undefined) return;
    const isLeading = leads(this.#options.metadata.image, brokerId);
    this.#isUnheard = !await this.#tell(
      "what this broker leads could not be given to others before it stops",
      () => change((image) => decideControlledShutdown(image, { brokerId, brokerEpoch })),
    );
    this.#hasGivenUp = isLeading && !this.#isUnheard;
  }

  /** Whether others lead what this broker has led, since it is about to stop. */
  get hasGivenUp(): boolean {
    return this.#hasGivenUp;
  }

  /** Has others told as this broker goes; whether that is done. Where it is not, says `failure`. */
  async #tell(failure: string, change: () => Promise<unknown>): Promise<boolean> {
    const { metadata: { isShared }, timers, logger } = this.#options;
    const late = Promise.withResolvers<never>();
    // A node's own log answers as fast as its disk: nothing else may end while it is written.
    const patience = isShared
      ? timers.after(
        farewellMsMax,
        () => late.reject(new PartitionFault(`no answer for ${farewellMsMax} ms`)),
      )
      : undefined;
    try {
      await Promise.race([change(), late.promise]);
      return true;
    } catch (error) {
      if (!isStoreFault(error)) throw error;
      logger.log("warn", failure, { reason: messageOf(error) });
      return false;
    } finally {
      patience?.cancel();
    }
  }

  /** Whether others take this broker for dead. */
  get isFenced(): boolean {
    return this.#isFenced;
  }

  /** This broker's life, as others see it. */
  get lease(): BrokerLease | undefined {
    return this.#lease;
  }

  #leadership() {
    const { storage } = this.#options;
    return { brokerId: storage.nodeId, newEpochs: !storage.wasShutDownCleanly };
  }

  #registration(ports: readonly number[] = []) {
    const { config, storage, newUuid, metadata } = this.#options;
    return {
      brokerId: storage.nodeId,
      incarnationId: newUuid(),
      endPoints: config.listeners.map((listener, i) => {
        const opened = { ...listener, port: ports[i] ?? listener.port };
        const { name, host, port } = config.advertised(listener.name) ?? opened;
        const securityProtocol = securityProtocols[config.protocolOf(name)];
        return { name, host, port, securityProtocol };
      }),
      rack: config.get("broker.rack"),
      directories: storage.directoryIds,
      fullDirectories: metadata.isShared ? this.#full.look() : [],
      features: supportedFeatures.map(({ name, minVersion, maxVersion }) => ({
        name,
        minSupportedVersion: minVersion,
        maxSupportedVersion: maxVersion,
      })),
    };
  }

  /** Says that this broker is gone. A log that cannot take it says so at the next start. */
  async leave(): Promise<void> {
    const { storage: { nodeId }, metadata } = this.#options;
    if (this.#readsOnlyBecause === undefined && !this.#isUnheard) {
      const epoch = metadata.image.broker(nodeId)?.epoch;
      await this.#tell("the end of this broker could not be recorded", () =>
        // Should it be heard late, whoever has registered since is another.
        metadata.change((image) =>
          image.broker(nodeId)?.epoch === epoch
            ? decideFenceBroker(image, nodeId)
            : { records: [], response: undefined }
        ));
    }
    await this.#lease?.end();
  }

  /** Tells which directories hold the logs, of one topic or of all. */
  async recordDirectories(topic?: string): Promise<void> {
    const { storage, metadata: { change } } = this.#options;
    if (this.#readsOnlyBecause !== undefined) return;
    const placed = { brokerId: storage.nodeId, replicas: storage.placements(topic) };
    await this.#alive(() =>
      change((image) => ({ ...decideDirectories(image, placed), spendsReserve: true }))
    );
  }

  /** Tells which directories still work, after one has failed; in a cluster until it is heard. */
  recordWorkingDirectories(): void {
    const { storage, metadata: { change, isShared } } = this.#options;
    const decide = isShared ? decideLostDirectories : decideWorkingDirectories;
    if (this.#readsOnlyBecause !== undefined) return;
    this.#tellUntilHeard("that a data directory failed could not be recorded", () => {
      const working = { brokerId: storage.nodeId, directories: storage.directoryIds };
      return change((image) => decide(image, working));
    });
  }

  /**
   * In a cluster: tells of logs that have lost their files, until it is heard. While this broker is
   * taken for dead, or only starts, its next life begins with that.
   */
  recordDamaged(): void {
    if (!this.#options.metadata.isShared) return;
    this.#tellUntilHeard("that a partition lost its files could not be recorded", async () => {
      const brokerEpoch = this.#lease?.brokerEpoch;
      if (brokerEpoch === undefined || this.#isStarting || this.#isFenced) return;
      await this.#tellDamaged({ brokerId: this.#options.storage.nodeId, brokerEpoch });
    });
  }

  /**
   * In a cluster: tells which directories are full, where that is news, until it is heard: others
   * lead what is led there. To be called when one has filled up, and every few seconds.
   */
  recordFull(): void {
    const { metadata, storage: { nodeId: brokerId } } = this.#options;
    const isMute = this.#readsOnlyBecause !== undefined || this.#isTellingFull;
    if (!metadata.isShared || isMute) return;
    const isNews = (full: readonly Uuid[]) => {
      const known = metadata.image.broker(brokerId)?.fullDirectories ?? [];
      return known.length !== full.length || full.some((id) => !known.includes(id));
    };
    if (!isNews(this.#full.look())) return;
    this.#isTellingFull = true;
    this.#tellUntilHeard("that a data directory is full could not be recorded", async () => {
      const brokerEpoch = this.#lease?.brokerEpoch;
      // The next life of this broker begins with that.
      if (brokerEpoch === undefined || this.#isStarting || this.#isFenced) return;
      const full = this.#full.look();
      const outcome = await metadata.change((image) =>
        decideFullMember(image, { brokerId, brokerEpoch }, full)
      );
      if (outcome.isNew) this.#sayFull(full.length, outcome);
    }).finally(() => this.#isTellingFull = false);
  }

  #sayFull(directories: number, { handedOver, kept }: FullDirectoriesOutcome): void {
    const { logger } = this.#options;
    if (directories === 0) {
      return logger.log("info", "data directories have room again: this broker may lead there", {});
    }
    const message = "what this broker leads in full data directories is led by others that have " +
      "room; what nobody has room for stays, and refuses records";
    logger.log("warn", message, { directories, handedOver, kept });
  }

  #tellUntilHeard(failure: string, change: () => Promise<unknown>): Promise<void> {
    const { metadata: { isShared }, timers, logger, onBug } = this.#options;
    const tell = async () => {
      while (!this.#isLeaving) {
        try {
          await change();
          return;
        } catch (error) {
          if (!isStoreFault(error)) throw error;
          logger.log("error", failure, { reason: messageOf(error) });
          if (!isShared) return;
          await new Promise<void>((resolve) => timers.after(rejoinAfterMs, resolve));
        }
      }
    };
    return tell().catch(onBug);
  }
}

function leads(image: MetadataImage, id: BrokerId): boolean {
  return image.topics().some(({ partitions }) => partitions.some(({ leader }) => leader === id));
}

function isNoRoom(error: unknown): boolean {
  return isPlatformFault(error, "NoSpace") ||
    isPlatformFault((error as Error | undefined)?.cause, "NoSpace");
}
