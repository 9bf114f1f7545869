// The shell around the group coordinator: a GroupTable per partition of __consumer_offsets.
//
//   request --> table decides --> records appended at once --> answers now, or once they are synced
//   timer   --> onTick       -/
//
// The tables are pure; here are their log, their clock and their timer. A partition is loaded
// (replayed) when a request needs it or, after a start, in the background, so that the sessions of
// members that went away meanwhile run out. One that cannot be loaded coordinates nothing for a
// while, and the others do not notice.

import { isStoreFault, messageOf } from "../base/faults.ts";
import type { PartitionId } from "../base/ids.ts";
import {
  type CoordinatorRecord,
  encodeKey,
  encodeValue,
  type GroupConfig,
  type GroupResponse,
  GroupTable,
  type Outcome,
} from "../coordinator/mod.ts";
import { offsetsTopic } from "../cluster/mod.ts";
import { ErrorCode, type HeartbeatRequest, type HeartbeatResponse } from "../protocol/mod.ts";
import { buildBatch } from "../records/mod.ts";
import type { Codecs, Logger, Timer, Timers } from "../runtime/ports.ts";
import { loadGroups } from "./group_loading.ts";
import type { Partition } from "./partition.ts";

/** A timer is never set further ahead than this: runtimes keep delays in 31 bits. */
const timerMsMax = 3_600_000;

/** For so long a partition that could not be loaded is not read again. */
const reloadAfterMs = 10_000;

export interface GroupsOptions {
  readonly config: () => GroupConfig;
  readonly newUuid: () => string;
  /** Milliseconds since the epoch, never stepping. */
  readonly nowMs: () => number;
  readonly timers: Timers;
  readonly codecs: Codecs;
  readonly logger: Logger;
  /** Makes sure that the topic exists, and returns its number of partitions. */
  readonly ensureTopic: () => Promise<number>;
  /** The topic's number of partitions, 0 while it does not exist. */
  readonly partitionCount: () => number;
  readonly partition: (id: PartitionId) => Partition | undefined;
  /** A partition cannot be loaded. */
  readonly noteUnreadable: (partition: Partition, reason: unknown) => void;
}

/** Kafka's choice of partition for a group: Java's hash of the id. */
export function partitionOfGroup(groupId: string, partitionCount: number): PartitionId {
  let hash = 0;
  for (let i = 0; i < groupId.length; i++) hash = (31 * hash + groupId.charCodeAt(i)) | 0;
  return (hash === -2147483648 ? 0 : Math.abs(hash)) % partitionCount;
}

/** All groups of this broker. */
export class Groups {
  readonly #options: GroupsOptions;
  /** Those that load or are loaded; undefined where that has failed. */
  readonly #shards = new Map<PartitionId, Promise<GroupShard | undefined>>();
  readonly #reloads = new Set<Timer>();
  readonly #loaded = new Set<GroupShard>();
  #passedOver = 0;
  #closed = false;

  constructor(options: GroupsOptions) {
    this.#options = options;
  }

  /** The shard that coordinates `groupId`, loaded; or the code that says why there is none. */
  of(groupId: string): Promise<GroupShard | ErrorCode> {
    return this.#shard(groupId, this.#options.partitionCount());
  }

  /**
   * As `of`, for FindCoordinator: creates the offsets topic where it is missing. Whoever asks for
   * more than the coordinator has asked for that before.
   */
  async locate(groupId: string): Promise<GroupShard | ErrorCode> {
    try {
      return await this.#shard(groupId, await this.#options.ensureTopic());
    } catch (error) {
      if (!isStoreFault(error)) throw error;
      this.#options.logger.log("error", "the topic of groups' offsets cannot be created", {
        topic: offsetsTopic,
        reason: messageOf(error),
      });
      return ErrorCode.COORDINATOR_NOT_AVAILABLE;
    }
  }

  /** Every shard that can be loaded; none while the offsets topic does not exist. */
  async all(): Promise<GroupShard[]> {
    const shards: GroupShard[] = [];
    for (let id = 0; id < this.#options.partitionCount(); id++) {
      const shard = await this.#loadedShard(id);
      if (shard instanceof GroupShard) shards.push(shard);
    }
    return shards;
  }

  /** Records that could not be decoded when their partition was loaded. */
  get recordsPassedOver(): number {
    return this.#passedOver;
  }

  /** How many groups there are, by their state; those of shards that are loaded. */
  countByState(): Map<string, number> {
    const counts = new Map<string, number>();
    for (const shard of this.#loaded) {
      if (shard.isResigned) this.#loaded.delete(shard);
      else {
        for (const { groupState } of shard.table.list({ statesFilter: [], typesFilter: [] })) {
          counts.set(groupState, (counts.get(groupState) ?? 0) + 1);
        }
      }
    }
    return counts;
  }

  /** Partitions of the offsets topic went offline: their members look for a coordinator again. */
  resignFrom(partitions: readonly PartitionId[]): void {
    for (const id of partitions) {
      const shard = this.#shards.get(id);
      this.#shards.delete(id);
      shard?.then((each) => each?.resign());
    }
  }

  /** The offsets that groups committed for these topics go with them. */
  async onTopicsDeleted(topics: readonly string[]): Promise<void> {
    for (const shard of await this.all()) {
      shard.carryOut(shard.table.onTopicsDeleted(topics, { nowMs: this.#options.nowMs() }));
    }
  }

  /** Ends: requests that wait are told to look for the coordinator again. */
  async close(): Promise<void> {
    this.#closed = true;
    for (const timer of this.#reloads) timer.cancel();
    for (const shard of this.#shards.values()) (await shard)?.resign();
  }

  async #shard(groupId: string, partitionCount: number): Promise<GroupShard | ErrorCode> {
    if (partitionCount === 0) return ErrorCode.NOT_COORDINATOR;
    return await this.#loadedShard(partitionOfGroup(groupId, partitionCount));
  }

  async #loadedShard(id: PartitionId): Promise<GroupShard | ErrorCode> {
    if (this.#closed) return ErrorCode.COORDINATOR_NOT_AVAILABLE;
    let loading = this.#shards.get(id);
    if (loading === undefined) {
      const partition = this.#options.partition(id);
      if (partition === undefined) return ErrorCode.NOT_COORDINATOR;
      this.#shards.set(id, loading = this.#load(partition));
    }
    const shard = await loading;
    return shard === undefined || shard.isResigned ? ErrorCode.NOT_COORDINATOR : shard;
  }

  /** Undefined where the partition cannot be read, or the broker closes. */
  async #load(partition: Partition): Promise<GroupShard | undefined> {
    const { id } = partition;
    const shard = new GroupShard(partition, this.#options, () => this.#shards.delete(id));
    try {
      this.#passedOver += await shard.load();
    } catch (error) {
      if (!isStoreFault(error)) throw error;
      this.#options.noteUnreadable(partition, error);
      this.#reloadLater(id);
      return undefined;
    }
    if (this.#closed) shard.resign();
    else this.#loaded.add(shard);
    return shard;
  }

  /** Clients ask many times a second, and to replay a log is not cheap. */
  #reloadLater(id: PartitionId): void {
    const timer = this.#options.timers.after(reloadAfterMs, () => {
      this.#reloads.delete(timer);
      this.#shards.delete(id);
    });
    this.#reloads.add(timer);
  }
}

/** Groups of one partition of the offsets topic. */
export class GroupShard {
  readonly table: GroupTable;
  readonly #partition: Partition;
  readonly #options: GroupsOptions;
  readonly #onFailed: () => void;
  #timer: Timer | undefined;
  #timerDueMs = Infinity;
  #closed = false;

  constructor(partition: Partition, options: GroupsOptions, onFailed: () => void) {
    this.#partition = partition;
    this.#options = options;
    this.#onFailed = onFailed;
    this.table = new GroupTable({ config: options.config, newUuid: options.newUuid });
  }

  /** Whether it coordinates no more. */
  get isResigned(): boolean {
    return this.#closed;
  }

  /** Replays the partition and starts the members' sessions. Returns the records passed over. */
  async load(): Promise<number> {
    const passedOver = await loadGroups(this.#partition, { ...this.#options, table: this.table });
    this.carryOut(this.table.onLoaded(this.#options.nowMs()));
    return passedOver;
  }

  /** Has the table decide a request, and resolves with its answer, whenever that comes. */
  submit<Response extends GroupResponse>(
    decide: (at: { nowMs: number; token: unknown }) => Outcome,
  ): Promise<Response> {
    return new Promise((resolve) => {
      this.carryOut(decide({ nowMs: this.#options.nowMs(), token: resolve }));
    });
  }

  /** A member's sign of life; it needs no log. */
  heartbeat(request: HeartbeatRequest): HeartbeatResponse {
    return this.table.heartbeat(request, { nowMs: this.#options.nowMs() });
  }

  /** Resolves once everything decided so far is synced: with an error code where it cannot be. */
  async durable(): Promise<ErrorCode> {
    const { log } = this.#partition;
    try {
      await log.syncTo(log.logEndOffset);
      return ErrorCode.NONE;
    } catch (error) {
      if (!this.#closed) {
        this.#options.logger.log("error", "groups could not be stored", {
          partition: this.#partition.id,
          reason: messageOf(error),
        });
      }
      // The table is ahead of what the log can keep: the next request loads it anew.
      this.resign();
      this.#onFailed();
      return ErrorCode.KAFKA_STORAGE_ERROR;
    }
  }

  /** Does what an outcome asks for. */
  carryOut(outcome: Outcome): void {
    for (const { message, fields } of outcome.notes) {
      this.#options.logger.log("info", message, fields);
    }
    const errorCode = this.#append(outcome.records);
    if (errorCode !== ErrorCode.NONE) {
      const nowMs = this.#options.nowMs();
      return this.carryOut(this.table.onAppendFailed(outcome, { errorCode, nowMs }));
    }
    const waiting = outcome.answers.filter(({ whenDurable }) => whenDurable);
    for (const { token, response, whenDurable } of outcome.answers) {
      if (!whenDurable) answer(token, response);
    }
    if (waiting.length > 0) this.#answerWhenDurable(waiting);
    this.#setTimer();
  }

  #append(records: readonly CoordinatorRecord[]): ErrorCode {
    if (records.length === 0) return ErrorCode.NONE;
    // One outcome is one batch, so that it is in the log whole or not at all: the topic's
    // max.message.bytes lets it be as large as it comes.
    const batch = buildBatch({
      records: records.map((record) => ({
        key: encodeKey(record),
        value: encodeValue(record),
        headers: [],
      })),
      timestamp: this.#options.nowMs(),
    });
    const result = this.#partition.append(batch, "coordinator");
    return result.ok ? ErrorCode.NONE : result.errorCode as ErrorCode;
  }

  async #answerWhenDurable(answers: Outcome["answers"]): Promise<void> {
    const errorCode = await this.durable();
    for (const { token, response, failed } of answers) {
      const isKept = errorCode === ErrorCode.NONE;
      answer(token, isKept ? response : failed?.(errorCode) ?? response);
    }
  }

  /** Coordinates no more: whoever waits is told so. */
  resign(): void {
    if (this.#closed) return;
    this.#closed = true;
    this.#timer?.cancel();
    const nowMs = this.#options.nowMs();
    for (const { token, response } of this.table.resign(ErrorCode.NOT_COORDINATOR, { nowMs })) {
      answer(token, response);
    }
  }

  /** One timer, for the earliest deadline; heartbeats move deadlines later and leave it alone. */
  #setTimer(): void {
    const dueMs = this.table.nextDeadlineMs() ?? Infinity;
    if (this.#closed || dueMs >= this.#timerDueMs) return;
    this.#timer?.cancel();
    this.#timerDueMs = dueMs;
    const { timers, nowMs } = this.#options;
    const delayMs = Math.min(timerMsMax, Math.max(0, dueMs - nowMs()));
    this.#timer = timers.after(delayMs, () => {
      this.#timerDueMs = Infinity;
      this.carryOut(this.table.onTick(nowMs()));
    });
  }
}

function answer(token: unknown, response: GroupResponse): void {
  (token as (response: GroupResponse) => void)(response);
}
