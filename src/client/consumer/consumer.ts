// Reads records: of partitions assigned by hand, or as a member of a group, of either protocol.
//
//   poll / iterator -> [ group up to date? positions known? ] -> records in hand -> reader
//                          join, committed offsets, reset           ^ Fetcher, in the background
//
// Invariant: a record counts as processed when the reader comes for the next one. Only then does
// the position move into a commit, and only then may a rebalance take the partition away: so a
// record is delivered at least once, and with an orderly hand-over exactly once. At most once is
// the other way about: the position is committed, then the record is handed out.
//
// More than 400 lines: polling, rebalancing and committing share the readers and their positions.

import { UsageFault } from "../../base/faults.ts";
import type { Offset } from "../../base/ids.ts";
import type { Int64 } from "../../base/int64.ts";
import { checkOptions, type OptionKinds, show } from "../../base/options.ts";
import { type CallOptions, checkedSignal, closed, signalOf, unlessAborted } from "../aborting.ts";
import { ErrorCode } from "../../protocol/mod.ts";
import {
  checkOffset,
  checkOffsets,
  checkPartition,
  checkPartitions,
  checkPlace,
} from "../checks.ts";
import { AssignedPartitions } from "./assigned_partitions.ts";
import { ClassicMembership } from "./classic_membership.ts";
import type { Client } from "../client.ts";
import { ConsumerMembership } from "./consumer_membership.ts";
import {
  type ConsumerOptions,
  type ConsumerSettings,
  consumerSettings,
} from "./consumer_options.ts";
import { Fetcher } from "./fetcher.ts";
import { KafkaError } from "../faults.ts";
import { commitOffsets, noMember, type OffsetToCommit } from "../admin/group_offsets.ts";
import { isCoordinatorLoss } from "../coordinators.ts";
import { type Membership, type Subscription, without } from "./membership.ts";
import type { OffsetSpec } from "../admin/offsets.ts";
import { nameOf, type TopicPartition } from "../topic_partition.ts";
import type { ConsumerRecord } from "./partition_reader.ts";
import { locate } from "./positions.ts";
import type { GroupOffsets } from "../producer/transaction.ts";
import { settledWithin } from "../retry.ts";
import { Wakeup } from "../wakeup.ts";

/** How long a request of a close waits for its answer, and the whole for a silent broker. */
const closeTimeoutMs = 1_500;
const closeMsMax = 5_000;
/** An iterator comes back this often, to see whether anything is due. */
const iteratorPollMs = 1000;
const recordsMaxDefault = 500;

/** How long to wait for how much. */
export interface PollOptions {
  /** How long to wait for the first record, and for the group to be ready. Default 500. */
  readonly timeoutMs?: number;
  /** How many records are returned at most. Default 500. */
  readonly recordsMax?: number;
  /** Ends the wait: the call rejects with the signal's reason. */
  readonly signal?: AbortSignal;
}

/** How to iterate. */
export interface IterationOptions {
  /** Ends the iteration, without an error. */
  readonly signal?: AbortSignal;
  /** For batches: at most so many records in one. Default 500. */
  readonly recordsMax?: number;
}

/** Records of one partition, in order. */
export interface ConsumerBatch extends TopicPartition {
  /** At least one. */
  readonly records: readonly ConsumerRecord[];
  /** The end of the partition that consumers may see, as of the last fetch. */
  readonly highWatermark: Offset;
}

const pollKinds: OptionKinds<PollOptions> = {
  timeoutMs: "duration",
  recordsMax: "count",
  signal: "any",
};
const iterationKinds: OptionKinds<IterationOptions> = { signal: "any", recordsMax: "count" };

/** Reads records: of assigned partitions, or as a member of a group. */
export class Consumer implements AsyncIterable<ConsumerRecord>, AsyncDisposable {
  readonly #client: Client;
  readonly #settings: ConsumerSettings;
  readonly #fetcher: Fetcher;
  readonly #wakeup: Wakeup;
  readonly #assigned: AssignedPartitions;
  #membership: Membership | undefined;
  #commitDueMs: number;
  #catchingUp: Promise<void> | undefined;
  #closed = false;
  #closing: Promise<void> | undefined;

  /** @internal Made by `cluster.consumer()`. */
  constructor(client: Client, options: ConsumerOptions = {}) {
    const settings = consumerSettings(options);
    this.#client = client;
    this.#settings = settings;
    this.#wakeup = new Wakeup(client.ports.timers);
    this.#commitDueMs = client.ports.clock.monotonic() + settings.autoCommitIntervalMs;
    this.#fetcher = new Fetcher(client, {
      waitMsMax: settings.fetchWaitMsMax,
      bytesMin: settings.fetchBytesMin,
      bytesMax: settings.fetchBytesMax,
      bufferBytesMax: settings.bufferBytesMax,
      readCommitted: settings.readCommitted,
      rack: settings.clientRack,
      onProgress: () => this.#wakeup.wake(),
      onTrouble: settings.onTrouble ?? (() => {}),
      onOutOfRange: (reader) => this.#assigned.lose(reader),
      onMadeAnew: (reader) => {
        this.#assigned.onMadeAnew(reader);
        this.#wakeup.wake();
      },
      onTruncated: (reader, parting) => this.#assigned.onTruncated(reader, parting),
    });
    this.#assigned = new AssignedPartitions({
      partitionBytesMax: settings.partitionBytesMax,
      codecs: client.ports.codecs,
      isReset: settings.autoOffsetReset !== "none",
      filter: settings.filter,
      onChanged: (readers) => this.#fetcher.readers = readers,
      onRoom: () => this.#fetcher.pump(),
    });
  }

  /**
   * Joins the group at the next poll, for topics by name, or for all whose whole names match a
   * regular expression (in RE2's syntax with the group protocol `consumer`). Throws a UsageFault
   * without a `groupId`, or when there is a subscription already.
   */
  subscribe(topics: readonly string[] | RegExp): void {
    const isNames = topics instanceof RegExp ||
      Array.isArray(topics) && topics.every((each) => typeof each === "string");
    if (!isNames) throw new UsageFault(`subscribe takes a list of topics, not ${show(topics)}`);
    if (this.#settings.groupId === undefined) throw new UsageFault("subscribing needs a groupId");
    if (this.#membership !== undefined) throw new UsageFault("the consumer has subscribed already");
    this.#membership = this.#newMembership(this.#settings.groupId, topics);
  }

  #newMembership(groupId: string, subscription: Subscription): Membership {
    const { groupInstanceId = null, groupProtocol, rebalanceTimeoutMs, clientRack } =
      this.#settings;
    const { assignors, heartbeatIntervalMs, sessionTimeoutMs } = this.#settings;
    const shared = {
      groupId,
      subscription,
      groupInstanceId,
      rebalanceTimeoutMs,
      rack: clientRack || null,
      onStale: () => this.#wakeup.wake(),
    };
    if (groupProtocol === "consumer") {
      const assignor = this.#settings.groupRemoteAssignor ?? null;
      return new ConsumerMembership(this.#client, { ...shared, assignor });
    }
    return new ClassicMembership(this.#client, {
      ...shared,
      sessionTimeoutMs,
      heartbeatIntervalMs,
      assignors,
      allowCreateTopics: this.#settings.allowAutoCreateTopics,
    });
  }

  /**
   * Reads these partitions, without taking part in a group. Each begins at its `at`, else at the
   * group's committed offset, else by `autoOffsetReset`.
   */
  assign(partitions: readonly (TopicPartition & { at?: Int64 | OffsetSpec })[]): void {
    checkPartitions("assign", partitions, ["at"]);
    for (const { at = 0 } of partitions) {
      if (typeof at === "number" || typeof at === "bigint") checkOffset("assign", at);
      else checkPlace("assign", at);
    }
    if (this.#membership !== undefined) throw new UsageFault("the consumer has subscribed already");
    this.#assigned.remove();
    this.#assigned.add(partitions);
    for (const { at, ...partition } of partitions) {
      if (at !== undefined) this.#assigned.move(this.#assigned.held(partition), at);
    }
  }

  /** The partitions read now. */
  get assignment(): TopicPartition[] {
    return this.#assigned.readers.map(({ topic, partition }) => ({ topic, partition }));
  }

  /** The offset of the next record of a partition; undefined while it is not known. */
  position(at: TopicPartition): Int64 | undefined {
    checkPartition("position", at);
    return this.#assigned.find(at)?.position;
  }

  /** The end of a partition that consumers may see, as of the last fetch; -1 before one. */
  highWatermark(at: TopicPartition): Offset {
    checkPartition("highWatermark", at);
    return this.#assigned.find(at)?.highWatermark ?? -1;
  }

  /** Continues at an offset, at an end of the partition, or at a time. */
  seek(place: TopicPartition & { readonly offset: Int64 | OffsetSpec }): void {
    checkPartition("seek", place, ["offset"]);
    const { offset, ...at } = place;
    if (typeof offset === "object" || typeof offset === "string") checkPlace("seek", offset);
    else checkOffset("seek", offset);
    this.#assigned.move(this.#assigned.held(at), offset);
  }

  /** Hands out no more records of these partitions, by default of all, until {@link resume}. */
  pause(partitions: readonly TopicPartition[] = this.assignment): void {
    checkPartitions("pause", partitions);
    for (const each of partitions) this.#assigned.held(each).isPaused = true;
  }

  /** Goes on with these partitions, by default with all, where they were paused. */
  resume(partitions: readonly TopicPartition[] = this.assignment): void {
    checkPartitions("resume", partitions);
    for (const each of partitions) this.#assigned.held(each).isPaused = false;
    this.#wakeup.wake();
  }

  /** Those that are paused. */
  get paused(): TopicPartition[] {
    return this.#assigned.readers.filter((each) => each.isPaused)
      .map(({ topic, partition }) => ({ topic, partition }));
  }

  /**
   * Waits for records and returns those that have come, none when the time is over. The next call
   * says that these are processed. Rejects with a KafkaError for what waiting cannot cure.
   */
  async poll(options: PollOptions = {}): Promise<ConsumerRecord[]> {
    const { timeoutMs = 500, recordsMax = recordsMaxDefault, signal } = checkOptions(
      "poll",
      options,
      pollKinds,
    );
    checkedSignal("poll", signal);
    const startMs = this.#client.ports.clock.now();
    const records = await this.#next(() => this.#takeUpTo(recordsMax), { timeoutMs, signal });
    if (records.length === 0) signal?.throwIfAborted();
    this.#onPolled(records, startMs);
    return records;
  }

  /** What `take` finds, once there is any; nothing at the end of the time, or when aborted. */
  async #next(
    take: () => ConsumerRecord[],
    { timeoutMs, signal }: { timeoutMs: number; signal: AbortSignal | undefined },
  ): Promise<ConsumerRecord[]> {
    const { clock } = this.#client.ports;
    const deadlineMs = clock.monotonic() + timeoutMs;
    const wake = () => this.#wakeup.wake();
    signal?.addEventListener("abort", wake);
    try {
      while (!this.#closed && !signal?.aborted) {
        const leftMs = deadlineMs - clock.monotonic();
        if (this.#isDue() && !await this.#caughtUp({ leftMs, signal })) break;
        const records = take();
        this.#fetcher.pump();
        if (records.length > 0) {
          if (this.#settings.delivery === "at-most-once") await this.commit();
          return records;
        }
        const waitMs = deadlineMs - clock.monotonic();
        if (waitMs <= 0) break;
        await this.#wakeup.wait(waitMs);
      }
      return [];
    } catch (error) {
      if (signal?.aborted && error === signal.reason) return [];
      throw error;
    } finally {
      signal?.removeEventListener("abort", wake);
    }
  }

  /**
   * Whether what is due has happened, within the time: a group may wait long for another member.
   * When that or `signal` ends the waiting, it goes on for the next poll.
   */
  async #caughtUp(
    { leftMs, signal }: { leftMs: number; signal: AbortSignal | undefined },
  ): Promise<boolean> {
    this.#catchingUp ??= this.#catchUp().finally(() => this.#catchingUp = undefined);
    const late = Promise.withResolvers<boolean>();
    const { timers } = this.#client.ports;
    const timer = timers.after(Math.max(0, leftMs), () => late.resolve(false));
    try {
      const caughtUp = this.#catchingUp.then(() => true);
      return await unlessAborted(Promise.race([caughtUp, late.promise]), signal);
    } finally {
      timer.cancel();
    }
  }

  /** As {@link Consumer.records}. */
  [Symbol.asyncIterator](): AsyncIterableIterator<ConsumerRecord> {
    return this.records();
  }

  /**
   * Each record, endlessly: ends when the consumer is closed, or the signal aborts. A record counts
   * as processed when the loop comes for the next one. Leaving the loop does not close it.
   */
  records(options: IterationOptions = {}): AsyncIterableIterator<ConsumerRecord> {
    const { signal } = checkOptions("records", options, iterationKinds);
    if (this.#settings.delivery === "at-most-once") return this.#recordsAtMostOnce(signal);
    const take = () => {
      const record = this.#take();
      return record === undefined ? [] : [record];
    };
    const end: IteratorResult<ConsumerRecord> = { value: undefined, done: true };
    const wait = async (): Promise<IteratorResult<ConsumerRecord>> => {
      while (!this.#closed && !signal?.aborted) {
        const [value] = await this.#next(take, { timeoutMs: iteratorPollMs, signal });
        if (value !== undefined) return { value, done: false };
      }
      return end;
    };
    const iterator: AsyncIterableIterator<ConsumerRecord> = {
      [Symbol.asyncIterator]: () => iterator,
      next: () => {
        // What is in hand costs a promise and no more.
        if (this.#closed || signal?.aborted) return Promise.resolve(end);
        if (this.#isDue()) return wait();
        let value: ConsumerRecord | undefined;
        try {
          value = this.#take();
        } catch (error) {
          return Promise.reject(error);
        }
        return value === undefined ? wait() : Promise.resolve({ value, done: false });
      },
      return: () => Promise.resolve(end),
    };
    return iterator;
  }

  /** What is in hand was committed as a whole. */
  async *#recordsAtMostOnce(signal?: AbortSignal): AsyncGenerator<ConsumerRecord, void> {
    for await (const { records } of this.batches({ signal })) yield* records;
  }

  /**
   * Records of one partition at a time, endlessly, as {@link Consumer.records}: a batch counts as
   * processed when the loop comes for the next one. No more is fetched than two answers for each
   * partition, however long the loop takes.
   */
  async *batches(options: IterationOptions = {}): AsyncGenerator<ConsumerBatch, void> {
    const { signal, recordsMax = recordsMaxDefault } = checkOptions(
      "batches",
      options,
      iterationKinds,
    );
    const take = () => this.#takeUpTo(recordsMax, { ofOne: true });
    while (!this.#closed && !signal?.aborted) {
      const startMs = this.#client.ports.clock.now();
      const records = await this.#next(take, { timeoutMs: iteratorPollMs, signal });
      const [first] = records;
      if (first === undefined) continue;
      this.#onPolled(records, startMs);
      const { topic, partition } = first;
      yield { topic, partition, records, highWatermark: this.highWatermark(first) };
    }
  }

  #onPolled(records: readonly ConsumerRecord[], startMs: number): void {
    const { groupId } = this.#settings;
    if (records.length > 0) this.#client.tracing?.polled(records, { groupId, startMs });
  }

  /**
   * Runs `run`, which processes `record`, in a span that links to where the record was sent; it is
   * active meanwhile. Where `connect` was given no tracer, `run` and nothing else.
   */
  process<T>(record: ConsumerRecord, run: () => Promise<T> | T): Promise<T> {
    const { groupId } = this.#settings;
    const { tracing } = this.#client;
    if (tracing === undefined) return Promise.resolve().then(run);
    return tracing.process(record, { groupId, run });
  }

  /**
   * Commits `offsets`, by default the position of every partition: all records handed out so far.
   * Throws a KafkaError, for instance ILLEGAL_GENERATION when the partitions have moved on.
   */
  async commit(offsets?: readonly OffsetToCommit[], options?: CallOptions): Promise<void> {
    if (offsets !== undefined) checkOffsets("commit", offsets);
    const signal = signalOf("commit", options);
    if (this.#settings.groupId === undefined) throw new UsageFault("committing needs a groupId");
    await this.#commit(offsets ?? this.#assigned.uncommitted, { signal });
  }

  /** What a transaction commits in its place: see {@link Transaction.sendOffsets}. */
  offsetsToCommit(): GroupOffsets {
    const { groupId } = this.#settings;
    if (groupId === undefined) throw new UsageFault("committing needs a groupId");
    const by = this.#membership?.committer ?? noMember;
    return { groupId, offsets: this.#assigned.uncommitted, by };
  }

  async #commit(
    offsets: readonly OffsetToCommit[],
    { timeoutMs, signal }: { timeoutMs?: number; signal?: AbortSignal },
  ): Promise<void> {
    const { groupId } = this.#settings;
    const membership = this.#membership;
    for (;;) {
      const by = membership?.committer ?? noMember;
      if (membership !== undefined && by.memberId === "") {
        throw new KafkaError(ErrorCode.UNKNOWN_MEMBER_ID, `commit for group ${groupId}`);
      }
      try {
        await commitOffsets(this.#client.until(signal), groupId!, {
          offsets,
          by,
          lane: membership?.lane,
          timeoutMs,
        });
        break;
      } catch (error) {
        // A heartbeat has brought the member's next epoch meanwhile (KIP-848).
        const isStale = error instanceof KafkaError &&
          error.errorCode === ErrorCode.STALE_MEMBER_EPOCH;
        if (!isStale || membership?.committer.generation === by.generation) throw error;
      }
    }
    this.#assigned.onCommitted(offsets.map((each) => [nameOf(each), each.offset]));
  }

  /**
   * Commits, when committing is automatic, and leaves the group. When `signal` is aborted that is
   * not waited for.
   */
  close(options?: CallOptions): Promise<void> {
    this.#closing ??= this.#close();
    return closed(this.#closing, options);
  }

  async #close(): Promise<void> {
    this.#closed = true;
    this.#wakeup.wake();
    this.#fetcher.close();
    await settledWithin(this.#client.ports.timers, closeMsMax, this.#leave());
    // Who has not answered by now is not asked any more: the session's timeout does it for us.
    if (this.#membership !== undefined) this.#client.closeLane(this.#membership.lane);
  }

  async #leave(): Promise<void> {
    if (this.#isAutoCommitting()) {
      // What cannot be committed is read again by whoever comes next.
      await this.#commit(this.#assigned.uncommitted, { timeoutMs: closeTimeoutMs }).catch(() => {});
    }
    await this.#membership?.close();
  }

  /** As {@link Consumer.close}. */
  async [Symbol.asyncDispose](): Promise<void> {
    await this.close();
  }

  /** Whether anything must happen before a record may be handed out. */
  #isDue(): boolean {
    return this.#catchingUp !== undefined || this.#fetcher.fault !== undefined ||
      this.#membership?.isStale === true || this.#assigned.isLost ||
      this.#isAutoCommitting() && this.#client.ports.clock.monotonic() >= this.#commitDueMs;
  }

  async #catchUp(): Promise<void> {
    if (this.#fetcher.fault !== undefined) throw this.#fetcher.fault;
    if (this.#isAutoCommitting()) await this.#autoCommit();
    if (this.#membership?.isStale) {
      try {
        await this.#rejoin(this.#membership);
      } catch (error) {
        if (this.#closed) return;
        throw error;
      }
    }
    await this.#findPositions();
  }

  /** Gives up what is to be given up, takes what is new, and keeps what stays as it is. */
  async #rejoin(membership: Membership): Promise<void> {
    const { onAssigned } = this.#settings;
    if (membership.isOut) await this.#giveUp(this.assignment, "lost");
    else if (membership.isEager) await this.#giveUp(this.assignment, "revoked");
    const { partitions, isFresh } = await membership.join(this.assignment);
    if (isFresh) await this.#giveUp(this.assignment, "lost");
    const revoked = without(this.assignment, partitions);
    await this.#giveUp(revoked, "revoked");
    const added = without(partitions, this.assignment);
    const topics = new Set(added.map((each) => each.topic));
    await Promise.allSettled([...topics].map((name) => this.#client.topic(name)));
    this.#assigned.add(added);
    membership.onOwned(this.assignment, revoked.length > 0);
    await onAssigned?.(added);
  }

  async #giveUp(partitions: readonly TopicPartition[], how: "lost" | "revoked"): Promise<void> {
    if (partitions.length === 0) return;
    const { onRevoked, onLost = onRevoked } = this.#settings;
    await (how === "lost" ? onLost : onRevoked)?.(partitions);
    this.#assigned.remove(partitions);
  }

  #takeUpTo(recordsMax: number, how?: { ofOne: boolean }): ConsumerRecord[] {
    this.#membership?.onPoll();
    return this.#assigned.takeUpTo(recordsMax, how);
  }

  #take(): ConsumerRecord | undefined {
    this.#membership?.onPoll();
    return this.#assigned.take();
  }

  #isAutoCommitting(): boolean {
    const { groupId, autoCommitIntervalMs, delivery } = this.#settings;
    return groupId !== undefined && autoCommitIntervalMs > 0 && delivery === "at-least-once";
  }

  /** Best effort: what fails is committed by the next one, or read again by the next owner. */
  async #autoCommit(): Promise<void> {
    const { autoCommitIntervalMs } = this.#settings;
    this.#commitDueMs = this.#client.ports.clock.monotonic() + autoCommitIntervalMs;
    await this.commit().catch(() => {});
  }

  async #findPositions(): Promise<void> {
    if (!this.#assigned.isLost) return;
    this.#assigned.isLost = false;
    const { groupId, autoOffsetReset, readCommitted } = this.#settings;
    try {
      const lost = this.#assigned.readers.filter((each) => each.position === undefined);
      const committed = await locate(this.#client, lost, {
        groupId,
        lane: this.#membership?.lane,
        autoOffsetReset,
        readCommitted,
        starts: this.#assigned.starts,
      });
      this.#assigned.onCommitted(committed);
    } catch (error) {
      this.#assigned.isLost = true;
      // An outage is sat out, as it is while records come: the next poll tries again. So is a
      // transaction that has not decided about the group's offsets.
      const isUndecided = error instanceof KafkaError &&
        error.errorCode === ErrorCode.UNSTABLE_OFFSET_COMMIT;
      if (!isUndecided && !isCoordinatorLoss(error)) throw error;
    }
  }
}
