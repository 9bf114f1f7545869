// The shell around a coordinator, whichever topic it keeps its state in: a machine for each
// partition of the topic that is led here (src/coordinator/machine.ts), with log, clock and timer.
//
//   request, timer, event ──> the machine decides ──> records appended at once ──> applied, settled
//                                                          └─ refused ──> nothing happened
//   answers go out now, or once all that was appended is synced
//
// The machines' code is loaded with the first partition of the topic that is led here.
//
// A partition is loaded (replayed) when a request needs it or, after a start and when it comes to
// be led here, in the background, so that what ran out meanwhile is noticed. One that cannot be
// loaded coordinates nothing for a while and is loaded again, whether somebody asks for it or not;
// the others do not notice. One that is led elsewhere
// from now on has its machine resign: whoever waits looks for the coordinator again.
// Invariant: a decision is carried out in the turn of the event loop that made it.

import { assert } from "../../base/assert.ts";
import { isStoreFault, messageOf, ResignedFault } from "../../base/faults.ts";
import type { BrokerId, LeaderEpoch, Offset, PartitionId } from "../../base/ids.ts";
import {
  type Answer,
  type Append,
  type At,
  carryOut,
  type Decision,
  type ImageChange,
  type Machine,
  type TransactionProducer,
} from "../../coordinator/mod.ts";
import type { Verification, VerificationStart } from "../../log/mod.ts";
import { ErrorCode } from "../../protocol/mod.ts";
import { buildBatch } from "../../records/mod.ts";
import type { Codecs, Logger, Timer, Timers } from "../../runtime/ports.ts";
import { appendEndMarker, type EndedTransaction } from "../transactions/end_marker.ts";
import type { Partition } from "../logs/partition.ts";
import type { Unacknowledged } from "../replication/acknowledgements.ts";
import { loadShard, type StoredRecords } from "./shard_loading.ts";

/** A timer is never set further ahead than this: runtimes keep delays in 31 bits. */
const timerMsMax = 3_600_000;

/** For so long a partition that could not be loaded is not read again. */
const reloadAfterMs = 10_000;
/** The same for one whose records too few replicas had: that may pass soon. */
const resettleAfterMs = 1_000;

/** What a coordinator does with the partitions of its topic. */
export interface Coordinating<M, Rec> extends StoredRecords<Rec> {
  readonly newMachine: () => M;
  readonly encodeKey: (record: Rec) => Uint8Array;
  readonly encodeValue: (record: Rec) => Uint8Array | null;
}

/** The topic, and how it is coordinated. */
export interface ShardsOptions<M, Rec> {
  readonly topic: string;
  /** Called when a partition is to be loaded, until it has gone well. */
  readonly coordinating: () => Promise<Coordinating<M, Rec>>;
  /** This broker. */
  readonly nodeId: BrokerId;
  /** Milliseconds since the epoch, never stepping. */
  readonly nowMs: () => number;
  readonly timers: Timers;
  readonly codecs: Codecs;
  readonly logger: Logger;
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

/** Who hears of what goes on in shards. */
export interface ShardsWatcher<M extends Machine<Rec, Response>, Rec, Response> {
  /** A shard begins to coordinate. */
  onLoaded?(shard: Shard<M, Rec, Response>): void;
  /** A record lies at this offset: told as the machine takes it over. */
  onRecord?(machine: M, record: Rec, offset: Offset): void;
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
  #watcher: ShardsWatcher<M, Rec, Response> = {};
  #passedOver = 0;
  #closed = false;

  constructor(options: ShardsOptions<M, Rec>) {
    this.#options = options;
  }

  /** The one who hears of them, from the first one on. */
  watch(watcher: ShardsWatcher<M, Rec, Response>): void {
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

interface ShardOptions<M extends Machine<Rec, Response>, Rec, Response>
  extends ShardsOptions<M, Rec>, Coordinating<M, Rec> {
  readonly watcher: ShardsWatcher<M, Rec, Response>;
  /** Its log could not keep what it has decided. */
  readonly onFailed: () => void;
}

/** A request: answered while it is decided, or later. */
interface Waiter<Response> {
  response: Response | undefined;
  resolve: ((response: Response) => void) | undefined;
}

/** The machine of one partition. */
export class Shard<M extends Machine<Rec, Response>, Rec, Response> {
  readonly machine: M;
  readonly #partition: Partition;
  readonly #options: ShardOptions<M, Rec, Response>;
  /** Requests that wait, by the number that the machine knows them by. */
  readonly #waiting = new Map<number, Waiter<Response>>();
  #asked = 0;
  #timer: Timer | undefined;
  #timerDueMs = Infinity;
  #isLoaded = false;
  #closed = false;

  constructor(partition: Partition, options: ShardOptions<M, Rec, Response>) {
    this.#partition = partition;
    this.#options = options;
    this.machine = options.newMachine();
  }

  /** Whether it coordinates no more. */
  get isResigned(): boolean {
    return this.#closed;
  }

  /** Whether no other broker can coordinate by now what this one does. */
  get isSure(): boolean {
    return this.#partition.isLedForSure;
  }

  /** The term in which it coordinates. */
  get leaderEpoch(): LeaderEpoch {
    return this.#partition.leaderEpoch;
  }

  /** Milliseconds since the epoch, as the machine counts them. */
  get nowMs(): number {
    return this.#options.nowMs();
  }

  /**
   * Replays the partition; then time begins to count. Returns the number of records passed over,
   * and why it cannot begin where too few replicas have what was read.
   */
  async load(): Promise<{ passedOver: number; unsettled?: Unacknowledged }> {
    const { machine } = this;
    const { watcher } = this.#options;
    const passedOver = await loadShard(this.#partition, {
      ...this.#options,
      apply: (record, { offset, producerId }) => {
        machine.apply(record, producerId);
        watcher.onRecord?.(machine, record, offset);
      },
      endTransaction: machine.endTransaction &&
        ((producerId, committed) => machine.endTransaction?.(producerId, committed)),
    });
    // What an earlier leader's followers may lack is told to nobody before they have it.
    const unsettled = await this.#partition.settled();
    // It may be led elsewhere by now.
    if (this.#closed) return { passedOver };
    if (unsettled !== undefined) return { passedOver, unsettled };
    this.#isLoaded = true;
    this.tell((_, nowMs) => machine.onLoaded(nowMs));
    return { passedOver };
  }

  /**
   * Has the machine decide a request: its answer, where that waits for nothing, or when it comes.
   * `verification`: of the transaction that its records belong to, where it may begin with them.
   * Throws ResignedFault once it coordinates no more: it may have been found just before.
   */
  submit<R extends Response>(
    decide: (machine: M, at: At<R>) => Decision<Rec, Response>,
    options?: { readonly verification: Verification | undefined },
  ): R | Promise<R> {
    if (this.#closed) throw new ResignedFault("another broker coordinates from now on");
    const id = ++this.#asked;
    const waiter: Waiter<Response> = { response: undefined, resolve: undefined };
    this.#waiting.set(id, waiter);
    const decision = decide(this.machine, { nowMs: this.nowMs, asked: { id } });
    this.#carryOut(decision, options?.verification);
    // A machine answers a request with a response of its type: At says so to the compiler.
    if (waiter.response !== undefined) return waiter.response as R;
    return new Promise<R>((resolve) => {
      waiter.resolve = resolve as (response: Response) => void;
    });
  }

  /** Begins to verify a transaction that the machine is to store records for (KIP-890). */
  beginVerification(of: Omit<VerificationStart, "nowMs" | "baseSequence">) {
    return this.#partition.log.beginVerification({ ...of, baseSequence: -1 });
  }

  /** Ends a transaction: its marker is appended, and the machine takes it over at once. */
  async endTransaction(transaction: EndedTransaction): Promise<ErrorCode> {
    const errorCode = appendEndMarker(this.#partition, transaction, this.nowMs);
    if (errorCode !== ErrorCode.NONE) return errorCode;
    this.machine.endTransaction?.(transaction.producerId, transaction.committed);
    return await this.durable();
  }

  /** Has the machine decide what no request has asked for; undefined: it is nothing to it. */
  tell(decide: (machine: M, nowMs: number) => Decision<Rec, Response> | undefined): void {
    if (this.#closed) return;
    const decision = decide(this.machine, this.nowMs);
    if (decision !== undefined) this.#carryOut(decision);
  }

  /** Resolves once all that was decided so far is acknowledged: with an error code if it is not. */
  async durable(): Promise<ErrorCode> {
    const partition = this.#partition;
    const failed = await partition.acknowledged(partition.log.logEndOffset);
    if (failed === undefined) return ErrorCode.NONE;
    if (!this.#closed) {
      this.#options.logger.log("error", "a coordinator could not store its records", {
        topic: this.#options.topic,
        partition: partition.id,
        reason: failed.message,
      });
    }
    // The machine is ahead of what the log can keep: the next request loads it anew.
    this.resign();
    this.#options.onFailed();
    const { errorCode } = failed;
    const isLost = errorCode === ErrorCode.NOT_LEADER_OR_FOLLOWER;
    return isLost ? ErrorCode.NOT_COORDINATOR : errorCode;
  }

  #carryOut(decision: Decision<Rec, Response>, verification?: Verification): void {
    const append: Append<Rec> = (records, producer) =>
      this.#append(records, { producer, verification });
    const { answers, notes } = carryOut(this.machine, decision, append);
    for (const { message, fields } of notes) this.#options.logger.log("info", message, fields);
    let whenDurable: Answer<Response>[] | undefined;
    for (const answer of answers) {
      const isDue = answer.failed === undefined || this.#partition.isAcknowledged;
      if (isDue) this.#answer(answer.to.id, answer.response);
      else (whenDurable ??= []).push(answer);
    }
    if (whenDurable !== undefined) this.#answerWhenDurable(whenDurable);
    this.#setTimer();
  }

  #append(
    records: readonly Rec[],
    { producer, verification }: {
      readonly producer: TransactionProducer | undefined;
      readonly verification: Verification | undefined;
    },
  ): ErrorCode {
    const { encodeKey, encodeValue } = this.#options;
    // One decision is one batch, so that it is in the log whole or not at all: the topic's
    // max.message.bytes lets it be as large as it comes.
    const batch = buildBatch({
      records: records.map((record) => ({
        key: encodeKey(record),
        value: encodeValue(record),
        headers: [],
      })),
      timestamp: this.nowMs,
      ...producer,
      isTransactional: producer !== undefined,
    });
    const result = this.#partition.append(batch, "coordinator", { verification });
    if (!result.ok) return result.errorCode as ErrorCode;
    const { watcher } = this.#options;
    if (watcher.onRecord === undefined) return ErrorCode.NONE;
    for (const [i, record] of records.entries()) {
      watcher.onRecord(this.machine, record, result.baseOffset + i);
    }
    return ErrorCode.NONE;
  }

  /** Cuts off the log: nothing that lies before `offset` is needed any more. */
  async forgetBefore(offset: Offset): Promise<void> {
    const { log } = this.#partition;
    if (offset <= log.logStartOffset) return;
    // What stands for the records that go must outlive a crash.
    if (await this.durable() !== ErrorCode.NONE) return;
    await log.deleteRecordsBefore(offset);
  }

  async #answerWhenDurable(answers: readonly Answer<Response>[]): Promise<void> {
    // Of a bug of ours nobody is told more, but nobody waits for ever.
    let errorCode: ErrorCode = ErrorCode.UNKNOWN_SERVER_ERROR;
    try {
      errorCode = await this.durable();
    } finally {
      for (const { to, response, failed } of answers) {
        const isKept = errorCode === ErrorCode.NONE;
        this.#answer(to.id, isKept ? response : failed?.(errorCode) ?? response);
      }
    }
  }

  #answer(id: number, response: Response): void {
    const waiter = this.#waiting.get(id);
    if (waiter === undefined) return;
    this.#waiting.delete(id);
    waiter.response = response;
    waiter.resolve?.(response);
  }

  /** Coordinates no more: whoever waits is told so. */
  resign(): void {
    if (this.#closed) return;
    this.#closed = true;
    this.#timer?.cancel();
    // A machine that is still being loaded, or could not be, has nobody who waits.
    if (!this.#isLoaded) return;
    for (const { to, response } of this.machine.resign(ErrorCode.NOT_COORDINATOR, this.nowMs)) {
      this.#answer(to.id, response);
    }
  }

  /** One timer, for the earliest deadline; one that moves later leaves it alone. */
  #setTimer(): void {
    const dueMs = this.machine.nextDeadlineMs() ?? Infinity;
    if (this.#closed || dueMs >= this.#timerDueMs) return;
    this.#timer?.cancel();
    this.#timerDueMs = dueMs;
    const delayMs = Math.min(timerMsMax, Math.max(0, dueMs - this.nowMs));
    this.#timer = this.#options.timers.after(delayMs, () => {
      this.#timerDueMs = Infinity;
      this.tell((machine, nowMs) => machine.onTick(nowMs));
    });
  }
}
