// All machines of one topic on this broker: a shard for each of its partitions that is led here.
//
//   led here --> loading --(not readable, or too few replicas: again, later)--> loaded --> resigned
//
// The machines' code is loaded with the first partition of the topic that is led here.
//
// A partition is loaded (replayed) when a request needs it or, after a start and when it comes to
// be led here, in the background, so that what ran out meanwhile is noticed. One that cannot be
// loaded coordinates nothing for a while and is loaded again, whether somebody asks for it or not;
// the others do not notice. One that is led elsewhere from now on has its machine resign: whoever
// waits looks for the coordinator again.
// Invariant: a partition has one shard at a time, and a request is given none that is not loaded.

import { assert } from "../../base/assert.ts";
import { isStoreFault, messageOf } from "../../base/faults.ts";
import type { BrokerId, PartitionId } from "../../base/ids.ts";
import type { ImageChange, Machine } from "../../coordinator/mod.ts";
import { ErrorCode } from "../../protocol/mod.ts";
import type { Timer } from "../../runtime/ports.ts";
import type { Partition } from "../logs/partition.ts";
import type { Unacknowledged } from "../replication/acknowledgements.ts";
import { type Coordinating, Shard, type ShardSurroundings, type ShardWatcher } from "./shard.ts";

/** For so long a partition that could not be loaded is not read again. */
const reloadAfterMs = 10_000;
/** The same for one whose records too few replicas had: that may pass soon. */
const resettleAfterMs = 1_000;

/** The topic, and how it is coordinated. */
export interface ShardsOptions<M, Rec> extends ShardSurroundings {
  /** Called when a partition is to be loaded, until it has gone well. */
  readonly coordinating: () => Promise<Coordinating<M, Rec>>;
  /** This broker. */
  readonly nodeId: BrokerId;
  /** Makes sure that the topic exists, and returns its number of partitions. */
  readonly ensureTopic: () => Promise<number>;
  /** The topic's number of partitions, 0 while it does not exist. */
  readonly partitionCount: () => number;
  /** The broker that leads a partition of the topic; -1 while there is none. */
  readonly leader: (id: PartitionId) => BrokerId;
  readonly partition: (id: PartitionId) => Partition | undefined;
  /** A partition cannot be loaded. */
  readonly noteUnreadable: (partition: Partition, reason: unknown) => void;
  /** It is to be loaded again, in the background. */
  readonly reload: (id: PartitionId) => void;
}

/** Who coordinates. */
export interface Located {
  readonly nodeId: BrokerId;
  /** Whether it is still the same broker. */
  readonly isStill: () => boolean;
}

/** Kafka's choice of partition for a group or a transactional id: Java's hash of it. */
export function partitionOfKey(key: string, partitionCount: number): PartitionId {
  let hash = 0;
  for (let i = 0; i < key.length; i++) hash = (31 * hash + key.charCodeAt(i)) | 0;
  return (hash === -2147483648 ? 0 : Math.abs(hash)) % partitionCount;
}

/** A shard, or the code that says why there is none. */
type Found<S> = S | ErrorCode;

/** What `use` makes of a shard that is here, or of one that comes. */
export function withFound<S, R>(
  found: Found<S> | Promise<Found<S>>,
  use: (found: Found<S>) => R | Promise<R>,
): R | Promise<R> {
  return found instanceof Promise ? found.then(use) : use(found);
}

/** A machine that loads or is loaded. */
interface Held<M extends Machine<Rec, Response>, Rec, Response> {
  readonly shard: Shard<M, Rec, Response>;
  /** Whether that has gone well. */
  readonly loading: Promise<boolean>;
}

/** All machines of one topic on this broker. */
export class Shards<M extends Machine<Rec, Response>, Rec, Response> {
  readonly #options: ShardsOptions<M, Rec>;
  readonly #shards = new Map<PartitionId, Held<M, Rec, Response>>();
  readonly #reloads = new Set<Timer>();
  /** Those whose records too few replicas had when they were loaded last. */
  readonly #unsettled = new Set<PartitionId>();
  readonly #loaded = new Set<Shard<M, Rec, Response>>();
  #coordinating: Coordinating<M, Rec> | undefined;
  #watcher: ShardWatcher<M, Rec, Response> = {};
  #passedOver = 0;
  #closed = false;

  constructor(options: ShardsOptions<M, Rec>) {
    this.#options = options;
  }

  /** The one who hears of them, from the first one on. */
  watch(watcher: ShardWatcher<M, Rec, Response>): void {
    assert(this.#shards.size === 0, "shards are watched before the first one is loaded");
    this.#watcher = watcher;
  }

  /** The topic that the machines keep their state in. */
  get topic(): string {
    return this.#options.topic;
  }

  /** Records that could not be decoded when their partition was loaded. */
  get recordsPassedOver(): number {
    return this.#passedOver;
  }

  /**
   * The shard that coordinates `key`, loaded; or the code that says why there is none. Of one that
   * is loaded nobody waits to hear: a broker at rest does little else than answer heartbeats.
   */
  of(key: string): Found<Shard<M, Rec, Response>> | Promise<Found<Shard<M, Rec, Response>>> {
    const partitionCount = this.#options.partitionCount();
    if (partitionCount === 0) return ErrorCode.NOT_COORDINATOR;
    const id = partitionOfKey(key, partitionCount);
    const shard = this.#shards.get(id)?.shard;
    if (shard === undefined || shard.isResigned || !this.#loaded.has(shard)) {
      return this.#sureShard(id);
    }
    return shard.isSure ? shard : ErrorCode.NOT_COORDINATOR;
  }

  /**
   * The broker that coordinates `key`, for FindCoordinator: whoever leads its partition of the
   * topic, which is created where it is missing. Who asks for more has asked for that before.
   */
  async locate(key: string): Promise<Located | ErrorCode> {
    const { ensureTopic, leader, nodeId, logger, topic } = this.#options;
    let partitionCount: number;
    try {
      partitionCount = await ensureTopic();
    } catch (error) {
      if (!isStoreFault(error)) throw error;
      logger.log("error", "the topic of a coordinator cannot be created", {
        topic,
        reason: messageOf(error),
      });
      return ErrorCode.COORDINATOR_NOT_AVAILABLE;
    }
    if (partitionCount === 0) return ErrorCode.COORDINATOR_NOT_AVAILABLE;
    const id = partitionOfKey(key, partitionCount);
    const found = leader(id);
    if (found < 0) return ErrorCode.COORDINATOR_NOT_AVAILABLE;
    // Of this broker's own more is known: whether it can coordinate.
    const isHere = found !== nodeId || await this.#sureShard(id) instanceof Shard;
    if (!isHere) return ErrorCode.COORDINATOR_NOT_AVAILABLE;
    return { nodeId: found, isStill: () => leader(id) === found };
  }

  /** The shard of the topic's partition `id`, loaded; or the code that says why there is none. */
  ofPartition(id: PartitionId): Promise<Shard<M, Rec, Response> | ErrorCode> {
    return this.#loadedShard(id);
  }

  /** Every shard that can be loaded; none while the topic does not exist. */
  async all(): Promise<Shard<M, Rec, Response>[]> {
    const shards: Shard<M, Rec, Response>[] = [];
    for (let id = 0; id < this.#options.partitionCount(); id++) {
      const shard = await this.#loadedShard(id);
      if (shard instanceof Shard) shards.push(shard);
    }
    return shards;
  }

  /** Those that are loaded now. */
  *loaded(): Generator<Shard<M, Rec, Response>> {
    for (const shard of this.#loaded) {
      if (shard.isResigned) this.#loaded.delete(shard);
      else yield shard;
    }
  }

  /** There is a new metadata image: every machine decides what that is to it. */
  async onImage(change: ImageChange): Promise<void> {
    for (const shard of await this.all()) {
      shard.tell((machine, nowMs) => machine.onImage?.(change, nowMs));
    }
  }

  /** A partition of the topic is led here from now on. Resolves once it is loaded, or is not. */
  async load(id: PartitionId): Promise<void> {
    await this.#loadedShard(id);
  }

  /** Partitions are offline or led elsewhere from now on: clients look for a coordinator again. */
  resignFrom(partitions: readonly PartitionId[]): void {
    for (const id of partitions) {
      const held = this.#shards.get(id);
      this.#shards.delete(id);
      this.#unsettled.delete(id);
      held?.shard.resign();
    }
  }

  /** Ends: requests that wait are told to look for the coordinator again. */
  async close(): Promise<void> {
    this.#closed = true;
    for (const timer of this.#reloads) timer.cancel();
    const ending = [...this.#shards.values()].map(async ({ shard, loading }) => {
      try {
        await loading;
      } finally {
        shard.resign();
      }
    });
    // One whose loading was a bug keeps no other from its end.
    await Promise.all(ending);
  }

  /** As {@link #loadedShard}, unless another broker may coordinate by now. */
  async #sureShard(id: PartitionId): Promise<Shard<M, Rec, Response> | ErrorCode> {
    const found = await this.#loadedShard(id);
    return found instanceof Shard && !found.isSure ? ErrorCode.NOT_COORDINATOR : found;
  }

  async #loadedShard(id: PartitionId): Promise<Shard<M, Rec, Response> | ErrorCode> {
    if (this.#closed) return ErrorCode.COORDINATOR_NOT_AVAILABLE;
    let held = this.#shards.get(id);
    if (held === undefined) {
      const partition = this.#options.partition(id);
      if (partition === undefined) return ErrorCode.NOT_COORDINATOR;
      if (this.#coordinating === undefined) {
        this.#coordinating = await this.#options.coordinating();
        // By now it may be led elsewhere, or have been loaded for somebody else.
        return await this.#loadedShard(id);
      }
      held = this.#hold(partition, this.#coordinating);
    }
    const { shard, loading } = held;
    const isLoaded = await loading;
    return isLoaded && !shard.isResigned ? shard : ErrorCode.NOT_COORDINATOR;
  }

  #hold(partition: Partition, coordinating: Coordinating<M, Rec>): Held<M, Rec, Response> {
    const { id } = partition;
    // By then the partition may have come back, with a machine of its own.
    const letGo = () => {
      if (this.#shards.get(id) === held) this.#shards.delete(id);
    };
    const shard = new Shard<M, Rec, Response>(partition, {
      ...this.#options,
      ...coordinating,
      watcher: this.#watcher,
      onFailed: letGo,
    });
    const held = { shard, loading: this.#load(shard, { partition, letGo }) };
    this.#shards.set(id, held);
    return held;
  }

  /** False where the partition cannot be read, or too few replicas have what was. */
  async #load(
    shard: Shard<M, Rec, Response>,
    { partition, letGo }: { readonly partition: Partition; readonly letGo: () => void },
  ): Promise<boolean> {
    const { noteUnreadable, logger, topic } = this.#options;
    let unsettled: Unacknowledged | undefined;
    try {
      const loaded = await shard.load();
      this.#passedOver += loaded.passedOver;
      unsettled = loaded.unsettled;
    } catch (error) {
      if (!isStoreFault(error)) throw error;
      noteUnreadable(partition, error);
      this.#reloadLater(partition.id, { afterMs: reloadAfterMs, letGo });
      return false;
    }
    if (unsettled !== undefined) {
      const fields = { topic, partition: partition.id, reason: unsettled.message };
      // Once is no trouble: brokers that are stopped one after the other hand it on.
      const level = this.#unsettled.has(partition.id) ? "warn" : "debug";
      logger.log(level, "a coordinator waits for replicas of its records", fields);
      this.#unsettled.add(partition.id);
      this.#reloadLater(partition.id, { afterMs: resettleAfterMs, letGo });
      return false;
    }
    this.#unsettled.delete(partition.id);
    if (this.#closed || shard.isResigned) {
      shard.resign();
      return true;
    }
    this.#loaded.add(shard);
    this.#watcher.onLoaded?.(shard);
    return true;
  }

  /**
   * Clients ask many times a second, and to replay a log is not cheap. Nobody may ask at all, and
   * what runs out must be noticed.
   */
  #reloadLater(id: PartitionId, o: { readonly afterMs: number; readonly letGo: () => void }): void {
    if (this.#closed) return;
    const { timers, reload } = this.#options;
    const timer = timers.after(o.afterMs, () => {
      this.#reloads.delete(timer);
      o.letGo();
      reload(id);
    });
    this.#reloads.add(timer);
  }
}
