// The share partitions that this broker leads: each begins with what the share coordinator keeps of
// it, when a member first reads, and is kept while its group has share sessions here.
//
//   find ──not here, or of an earlier term──> read the state ──> where to begin? ──> led
//   led ──fenced, led elsewhere, deleted, the group has left──> forgotten
//
// Where the log ends before what is stored of it (a crash took what nobody had synced), its new
// records are new to the group, too: that is stored before anything else.
//
// Invariant: what all of them know of records is bounded: once much is under way in all, no
// partition looks at more than a few new records until some are done with.
//
// Differs from Kafka: the offset at which a group starts in a partition is stored at once. Kafka
// stores it with the first acknowledgement, and until then a new leader may start elsewhere.

import { isStoreFault, throwUnlessStoreFault } from "../../base/faults.ts";
import type { Offset, Uuid } from "../../base/ids.ts";
import { mapSliced, type WorkSlices } from "../../base/pieces.ts";
import type { MetadataImage } from "../../cluster/mod.ts";
import { type SharePartitionKey, sharePartitionText } from "../../coordinator/mod.ts";
import { ErrorCode } from "../../protocol/mod.ts";
import type { Clock, Logger, Timers } from "../../runtime/ports.ts";
import type { BrokerConfig } from "../config/mod.ts";
import { type ShareGroupTerms, shareGroupTerms } from "../config/share_terms.ts";
import { Partition } from "../logs/partition.ts";
import type { Partitions } from "../logs/partitions.ts";
import { LedSharePartition, type ShareCounters, type Stored } from "./led_share_partition.ts";
import type { ReadAnswer, SharePersister } from "./persister.ts";
import type { ShareWrite, StoredBatch, StoredSharePartition } from "./share_partition.ts";
import type { EndedSession } from "./share_sessions.ts";

export interface SharePartitionsOptions {
  readonly config: Pick<BrokerConfig, "get">;
  readonly image: () => MetadataImage;
  /** Resolves once the image shows what is stored now. */
  readonly catchUp: () => Promise<void>;
  readonly partitions: Pick<Partitions, "find">;
  readonly states: SharePersister;
  /** Of all share partitions together: so many offsets may be under way. */
  readonly inFlightMax: () => number;
  readonly noteUnreadable: (partition: Partition, reason: unknown) => void;
  readonly slices: WorkSlices;
  readonly clock: Clock;
  readonly timers: Timers;
  readonly logger: Logger;
  readonly onBug: (error: unknown) => void;
}

/** So many offsets of a partition may be under way however much is elsewhere: each goes on. */
const fewRecordLocks = 32;
/** So long those that are loaded wait for others. */
const loadMsMax = 500;
/** So long the home of the metadata may take to say what is stored. */
const catchUpMsMax = 3_000;

type State = NonNullable<ReadAnswer["state"]>;

export class SharePartitions {
  readonly counters: ShareCounters = {
    inFlight: 0,
    acquired: 0,
    lockTimeouts: 0,
    acknowledged: { gap: 0, accept: 0, release: 0, reject: 0, renew: 0 },
  };
  readonly #options: SharePartitionsOptions;
  readonly #led = new Map<string, LedSharePartition>();
  readonly #loading = new Map<string, Promise<LedSharePartition | ErrorCode>>();

  constructor(options: SharePartitionsOptions) {
    this.#options = options;
  }

  /** How many there are. */
  get count(): number {
    return this.#led.size;
  }

  /** What `groupId` obeys now. */
  terms(groupId: string): ShareGroupTerms {
    const { config, image } = this.#options;
    return shareGroupTerms(config, { image: image(), groupId });
  }

  /**
   * The share partitions, or why there are none here. They are loaded together: what is stored of
   * where a group begins is synced at once. One that loads for long holds up no other, and is said
   * to be COORDINATOR_NOT_AVAILABLE, as is one whose state is not to be had.
   */
  async findAll(keys: readonly SharePartitionKey[]): Promise<(LedSharePartition | ErrorCode)[]> {
    const { slices, timers } = this.#options;
    const found: (LedSharePartition | ErrorCode)[] = keys.map(() =>
      ErrorCode.COORDINATOR_NOT_AVAILABLE
    );
    const loading: Promise<void>[] = [];
    await mapSliced(keys.entries(), slices, ([i, key]) => {
      const here = this.#here(key);
      if (here === undefined) loading.push(this.#find(key).then((led) => void (found[i] = led)));
      else found[i] = here;
    });
    if (loading.length === 0) return found;
    const isAnyFound = loading.length < keys.length ? undefined : Promise.race(loading);
    const late = Promise.withResolvers<void>();
    const timer = timers.after(loadMsMax, late.resolve);
    await Promise.race([Promise.all(loading), Promise.all([late.promise, isAnyFound])])
      .finally(() => timer.cancel());
    return [...found];
  }

  /** Undefined: it has to be loaded. */
  #here(key: SharePartitionKey): LedSharePartition | ErrorCode | undefined {
    const led = this.get(key);
    if (led !== undefined) return led;
    const partition = this.#partitionOf(key);
    return partition instanceof Partition ? undefined : partition;
  }

  /** One that is loaded, and is of this term. */
  get(key: SharePartitionKey): LedSharePartition | undefined {
    const led = this.#led.get(sharePartitionText(key));
    if (led === undefined || led.isOver) return undefined;
    const partition = this.#partitionOf(key);
    if (partition === led.partition && partition.leaderEpoch === led.leaderEpoch) return led;
    led.end(typeof partition === "number" ? partition : ErrorCode.NOT_LEADER_OR_FOLLOWER);
    return undefined;
  }

  /** A member of the group is gone. Resolves once others may have what it held. */
  async release({ memberId, partitions }: EndedSession): Promise<void> {
    await Promise.all(partitions.map((key) => this.get(key)?.release(memberId)));
  }

  /** Nobody of the group reads here any more, or its state is about to change. */
  forgetGroup(groupId: string): void {
    for (const led of [...this.#led.values()]) {
      if (led.key.groupId === groupId) led.end(ErrorCode.NOT_LEADER_OR_FOLLOWER);
    }
  }

  /** Forgets what belongs to topics that are no more. */
  forgetTopics(isTopic: (topicId: Uuid) => boolean): void {
    for (const led of [...this.#led.values()]) {
      if (!isTopic(led.key.topicId)) led.end(ErrorCode.UNKNOWN_TOPIC_OR_PARTITION);
    }
  }

  /** Ends all: the broker is closing. */
  close(): void {
    for (const led of [...this.#led.values()]) led.end(ErrorCode.COORDINATOR_NOT_AVAILABLE);
  }

  #find(key: SharePartitionKey): Promise<LedSharePartition | ErrorCode> {
    const id = sharePartitionText(key);
    let loading = this.#loading.get(id);
    if (loading === undefined) {
      loading = this.#load(key).finally(() => this.#loading.delete(id));
      this.#loading.set(id, loading);
    }
    return loading;
  }

  #partitionOf({ topicId, partition }: SharePartitionKey): Partition | ErrorCode {
    const { image, partitions } = this.#options;
    const topic = image().topicById(topicId);
    if (topic === undefined) return ErrorCode.UNKNOWN_TOPIC_ID;
    const found = partitions.find(topic.name, partition);
    const isFollower = found instanceof Partition && !found.isLeader;
    return isFollower ? ErrorCode.NOT_LEADER_OR_FOLLOWER : found;
  }

  async #load(key: SharePartitionKey): Promise<LedSharePartition | ErrorCode> {
    const partition = this.#partitionOf(key);
    if (!(partition instanceof Partition)) return partition;
    const { leaderEpoch } = partition;
    const exists = true;
    const read = await this.#options.states.read({ key, exists, leaderEpoch });
    if (read.state === undefined) return loadErrorOf(read.errorCode);
    const stored = await this.#beginning(read.state, { key, partition });
    if (typeof stored === "number") return stored;
    const { stateEpoch } = read.state;
    const store = (write: Omit<ShareWrite, "number">) =>
      this.#store({ ...write, key, stateEpoch, leaderEpoch });
    if (stored.isNews) {
      const { errorCode } = await store({ ...stored, deliveryCompleteCount: 0 });
      if (errorCode !== ErrorCode.NONE) return errorCode;
    }
    if (this.#partitionOf(key) !== partition || partition.leaderEpoch !== leaderEpoch) {
      return ErrorCode.NOT_LEADER_OR_FOLLOWER;
    }
    return this.#lead({ key, partition, stored, store });
  }

  #lead(of: {
    readonly key: SharePartitionKey;
    readonly partition: Partition;
    readonly stored: StoredSharePartition;
    readonly store: (write: ShareWrite) => Promise<Stored>;
  }): LedSharePartition {
    const { clock, timers, onBug } = this.#options;
    const id = sharePartitionText(of.key);
    const led: LedSharePartition = new LedSharePartition({
      ...of,
      terms: () => this.#termsUnderWay(of.key.groupId),
      monotonic: () => clock.monotonic(),
      timers,
      counters: this.counters,
      onBug,
      onOver: () => {
        if (this.#led.get(id) === led) this.#led.delete(id);
      },
    });
    this.#led.set(id, led);
    return led;
  }

  /** The group's terms; where much is under way in all, few records more in each partition. */
  #termsUnderWay(groupId: string): ShareGroupTerms {
    const terms = this.terms(groupId);
    if (this.counters.inFlight < this.#options.inFlightMax()) return terms;
    return { ...terms, recordLocksMax: Math.min(terms.recordLocksMax, fewRecordLocks) };
  }

  /** What to begin with; whether it is to be stored before. */
  async #beginning(
    state: State,
    { key, partition }: { readonly key: SharePartitionKey; readonly partition: Partition },
  ): Promise<StoredSharePartition & { readonly isNews: boolean } | ErrorCode> {
    const { startOffset, stateBatches } = state;
    const { highWatermark } = partition;
    const isNew = startOffset === -1;
    const beyond = stateBatches.at(-1)?.lastOffset ?? startOffset - 1;
    const isInLog = !isNew && beyond < highWatermark && startOffset <= highWatermark;
    if (isInLog) return { startOffset, stateBatches, isNews: false };
    // Before followers have fetched from it, a new leader knows an older end than was told of.
    if (!partition.isEndKnown) return ErrorCode.COORDINATOR_NOT_AVAILABLE;
    if (isNew) {
      // It is for good: what the group was told just before must be heard of.
      if (!await this.#isUpToDate()) return ErrorCode.COORDINATOR_NOT_AVAILABLE;
      const first = await this.#resetOffset(key, partition);
      return first === undefined
        ? ErrorCode.KAFKA_STORAGE_ERROR
        : { startOffset: first, stateBatches: [], isNews: true };
    }
    this.#options.logger.log("warn", "a share group knows records that the log has lost", {
      group: key.groupId,
      topic: partition.topic,
      partition: partition.id,
      logEnd: highWatermark,
      known: beyond,
    });
    // What is stored of lost offsets must not be taken for what is stored of new ones.
    const lost: StoredBatch = {
      firstOffset: highWatermark,
      lastOffset: beyond,
      deliveryState: 0,
      deliveryCount: 0,
    };
    return {
      startOffset: Math.min(startOffset, highWatermark),
      stateBatches: [
        ...stateBatches.filter(({ firstOffset }) => firstOffset < highWatermark).map((batch) => ({
          ...batch,
          lastOffset: Math.min(batch.lastOffset, highWatermark - 1),
        })),
        ...beyond < highWatermark ? [] : [lost],
      ],
      isNews: true,
    };
  }

  async #isUpToDate(): Promise<boolean> {
    const { catchUp, timers } = this.#options;
    const late = Promise.withResolvers<boolean>();
    const timer = timers.after(catchUpMsMax, () => late.resolve(false));
    const caughtUp = catchUp().then(() => true, (error) => {
      throwUnlessStoreFault(error);
      return false;
    });
    try {
      return await Promise.race([caughtUp, late.promise]);
    } finally {
      timer.cancel();
    }
  }

  /** Where a group begins in a partition that is new to it; undefined where that cannot be read. */
  async #resetOffset(
    { groupId }: SharePartitionKey,
    partition: Partition,
  ): Promise<Offset | undefined> {
    const { reset } = this.terms(groupId);
    const { clock, noteUnreadable } = this.#options;
    if (reset.to === "earliest") return partition.log.logStartOffset;
    if (reset.to === "latest") return partition.highWatermark;
    const { ageMs } = reset;
    try {
      const found = await partition.log.offsetForTimestamp(clock.now() - ageMs);
      return found === undefined ? partition.highWatermark : found.offset;
    } catch (error) {
      if (!isStoreFault(error)) throw error;
      noteUnreadable(partition, error);
      return undefined;
    }
  }

  async #store(
    { key, ...write }: Omit<ShareWrite, "number"> & {
      readonly key: SharePartitionKey;
      readonly stateEpoch: number;
      readonly leaderEpoch: number;
    },
  ): Promise<Stored> {
    const { states, image } = this.#options;
    const exists = image().topicById(key.topicId) !== undefined;
    const answer = await states.write({ ...write, key, exists });
    return storedOf(answer.errorCode);
  }
}

/** What a write came to, in the words of who acknowledges records. */
function storedOf(errorCode: ErrorCode): Stored {
  switch (errorCode) {
    case ErrorCode.NONE:
      return { errorCode, isFenced: false };
    case ErrorCode.FENCED_LEADER_EPOCH:
    case ErrorCode.FENCED_STATE_EPOCH:
      return { errorCode: ErrorCode.NOT_LEADER_OR_FOLLOWER, isFenced: true };
    case ErrorCode.UNKNOWN_TOPIC_OR_PARTITION:
      return { errorCode, isFenced: true };
    case ErrorCode.INVALID_REQUEST:
      // The state is not there any more.
      return { errorCode: ErrorCode.UNKNOWN_SERVER_ERROR, isFenced: true };
    case ErrorCode.NOT_COORDINATOR:
    case ErrorCode.COORDINATOR_LOAD_IN_PROGRESS:
    case ErrorCode.COORDINATOR_NOT_AVAILABLE:
      return { errorCode: ErrorCode.COORDINATOR_NOT_AVAILABLE, isFenced: false };
    default:
      return { errorCode: ErrorCode.UNKNOWN_SERVER_ERROR, isFenced: false };
  }
}

/** Why a state cannot be read, in the words of who fetches. */
function loadErrorOf(errorCode: ErrorCode): ErrorCode {
  return storedOf(errorCode).errorCode;
}
