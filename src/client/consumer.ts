// Reads records: of partitions assigned by hand, or shared out in a classic consumer group.
//
//   poll / iterator -> [ group up to date? positions known? ] -> records in hand -> reader
//                          join, committed offsets, reset           ^ Fetcher, in the background
//
// Invariant: a record counts as processed when the reader comes for the next one. Only then does
// the position move into a commit, and only then may a rebalance take the partition away: so a
// record is delivered at least once, and with an orderly hand-over exactly once.

import { UsageFault } from "../base/faults.ts";
import type { Offset } from "../base/ids.ts";
import type { Int64 } from "../base/int64.ts";
import { itemAt } from "../base/items.ts";
import { checkOptions, type OptionKinds, show } from "../base/options.ts";
import { ErrorCode } from "../protocol/mod.ts";
import {
  checkOffset,
  checkOffsets,
  checkPartition,
  checkPartitions,
  checkPlace,
} from "./checks.ts";
import type { Client } from "./client.ts";
import { Fetcher } from "./fetcher.ts";
import { KafkaError } from "./faults.ts";
import { GroupMembership } from "./group_membership.ts";
import { commitOffsets, committedOffsets, isCoordinatorLoss, noMember } from "./group_offsets.ts";
import {
  listOffsets,
  nameOf,
  type OffsetSpec,
  type TopicPartition,
  type TopicPartitionOffset,
} from "./offsets.ts";
import { type ConsumerRecord, PartitionReader } from "./partition_reader.ts";
import type { GroupOffsets } from "./transaction.ts";
import { Wakeup } from "./wakeup.ts";

/** How to read. */
export interface ConsumerOptions {
  /** The group to share partitions with and to commit for. Without one nothing is committed. */
  readonly groupId?: string;
  /** Keeps this member's partitions through a restart (KIP-345). */
  readonly groupInstanceId?: string;
  /** Where to begin without a committed offset. Default `latest`. */
  readonly autoOffsetReset?: "earliest" | "latest" | "none";
  /**
   * Commits this often, on polls, and on close; 0 leaves committing to the caller. Default
   * 5,000.
   */
  readonly autoCommitIntervalMs?: number;
  /** Leaves out records of aborted and open transactions. Default false. */
  readonly readCommitted?: boolean;
  /** How long a broker may wait for data. Default 500. */
  readonly fetchWaitMsMax?: number;
  /** How much data a broker waits for. Default 1. */
  readonly fetchBytesMin?: number;
  /** Default 16,777,216. */
  readonly fetchBytesMax?: number;
  /** Default 1,048,576; grows for a batch that is larger. */
  readonly partitionBytesMax?: number;
  /** Default 45,000. */
  readonly sessionTimeoutMs?: number;
  /** Default 300,000; a reader that stays away longer loses its partitions. */
  readonly rebalanceTimeoutMs?: number;
  /** Default 3,000. */
  readonly heartbeatIntervalMs?: number;
  /** Offered in this order. Default range, roundrobin. */
  readonly assignors?: readonly ("range" | "roundrobin")[];
  /** Lets subscribing create a topic, where the broker allows that. Default true, as Kafka's. */
  readonly allowAutoCreateTopics?: boolean;
  /** Called after each rebalance, before records of the new partitions come. */
  readonly onAssigned?: (partitions: readonly TopicPartition[]) => void;
  /**
   * Called when records cannot be had for a reason that may pass, such as a broker that is away or
   * a topic that was deleted, once for each reason; and with null when they can be had again.
   */
  readonly onTrouble?: (trouble: Error | null) => void;
}

const optionKinds: OptionKinds<ConsumerOptions> = {
  groupId: "text",
  groupInstanceId: "text",
  autoOffsetReset: ["earliest", "latest", "none"],
  autoCommitIntervalMs: "count",
  readCommitted: "flag",
  fetchWaitMsMax: "count",
  fetchBytesMin: "count",
  fetchBytesMax: "count",
  partitionBytesMax: "count",
  sessionTimeoutMs: "count",
  rebalanceTimeoutMs: "count",
  heartbeatIntervalMs: "count",
  assignors: "list",
  allowAutoCreateTopics: "flag",
  onAssigned: "function",
  onTrouble: "function",
};

type CallerOptions = "groupId" | "groupInstanceId" | "onAssigned" | "onTrouble";

/** How long closing tries to commit and to leave. */
const closeTimeoutMs = 1500;

/** How long to wait for how much. */
export interface PollOptions {
  /** How long to wait for the first record. Default 500. */
  readonly timeoutMs?: number;
  /** Default 500. */
  readonly recordsMax?: number;
}

const pollKinds: OptionKinds<PollOptions> = { timeoutMs: "duration", recordsMax: "count" };

/** Reads records: of assigned partitions, or as a member of a group. */
export class Consumer implements AsyncIterable<ConsumerRecord> {
  readonly #client: Client;
  readonly #options: Required<Omit<ConsumerOptions, CallerOptions>>;
  readonly #groupId: string | undefined;
  readonly #groupInstanceId: string | null;
  readonly #onAssigned: (partitions: readonly TopicPartition[]) => void;
  readonly #fetcher: Fetcher;
  readonly #wakeup: Wakeup;
  #membership: GroupMembership | undefined;
  #readers: PartitionReader[] = [];
  /** Begins at `latest` or `earliest` whatever was committed. */
  readonly #starts = new Map<PartitionReader, OffsetSpec>();
  readonly #committed = new Map<string, Int64>();
  /** Whether some partition's position is not known. */
  #isLost = false;
  #turn = 0;
  #commitDueMs: number;
  #closed = false;
  #closing: Promise<void> | undefined;

  /** @internal Made by `cluster.consumer()`. */
  constructor(client: Client, options: ConsumerOptions = {}) {
    const { groupId, groupInstanceId, onAssigned, onTrouble, ...rest } = checkOptions(
      "a consumer",
      options,
      optionKinds,
    );
    this.#client = client;
    this.#groupId = groupId;
    this.#groupInstanceId = groupInstanceId ?? null;
    this.#onAssigned = onAssigned ?? (() => {});
    this.#options = {
      autoOffsetReset: "latest",
      autoCommitIntervalMs: 5000,
      readCommitted: false,
      fetchWaitMsMax: 500,
      fetchBytesMin: 1,
      fetchBytesMax: 16 * 1024 * 1024,
      partitionBytesMax: 1024 * 1024,
      sessionTimeoutMs: 45_000,
      rebalanceTimeoutMs: 300_000,
      heartbeatIntervalMs: 3000,
      assignors: ["range", "roundrobin"],
      allowAutoCreateTopics: true,
      ...rest,
    };
    this.#wakeup = new Wakeup(client.ports.timers);
    this.#commitDueMs = client.ports.clock.monotonic() + this.#options.autoCommitIntervalMs;
    this.#fetcher = new Fetcher(client, {
      waitMsMax: this.#options.fetchWaitMsMax,
      bytesMin: this.#options.fetchBytesMin,
      bytesMax: this.#options.fetchBytesMax,
      readCommitted: this.#options.readCommitted,
      onProgress: () => this.#wakeup.wake(),
      onTrouble: onTrouble ?? (() => {}),
      onOutOfRange: (reader) => {
        reader.seek(undefined);
        this.#isLost = true;
      },
    });
  }

  /** Joins the group for `topics` at the next poll. Needs a `groupId`. */
  subscribe(topics: readonly string[]): void {
    const isNames = Array.isArray(topics) && topics.every((each) => typeof each === "string");
    if (!isNames) throw new UsageFault(`subscribe takes a list of topics, not ${show(topics)}`);
    if (this.#groupId === undefined) throw new UsageFault("subscribing needs a groupId");
    if (this.#membership !== undefined) throw new UsageFault("the consumer has subscribed already");
    this.#membership = new GroupMembership(this.#client, {
      groupId: this.#groupId,
      topics,
      groupInstanceId: this.#groupInstanceId,
      sessionTimeoutMs: this.#options.sessionTimeoutMs,
      rebalanceTimeoutMs: this.#options.rebalanceTimeoutMs,
      heartbeatIntervalMs: this.#options.heartbeatIntervalMs,
      assignors: this.#options.assignors,
      allowCreateTopics: this.#options.allowAutoCreateTopics,
      onStale: () => this.#wakeup.wake(),
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
    this.#setPartitions(partitions);
    partitions.forEach(({ at }, index) => {
      const reader = itemAt(this.#readers, index);
      if (typeof at === "number" || typeof at === "bigint") reader.seek(at);
      else if (at !== undefined) this.#starts.set(reader, at);
    });
  }

  /** The partitions read now. */
  get assignment(): TopicPartition[] {
    return this.#readers.map(({ topic, partition }) => ({ topic, partition }));
  }

  /** The offset of the next record of a partition; undefined while it is not known. */
  position(at: TopicPartition): Int64 | undefined {
    checkPartition("position", at);
    return this.#readers.find((each) => nameOf(each) === nameOf(at))?.position;
  }

  /** The end of a partition that consumers may see, as of the last fetch; -1 before one. */
  highWatermark(at: TopicPartition): Offset {
    checkPartition("highWatermark", at);
    return this.#readers.find((each) => nameOf(each) === nameOf(at))?.highWatermark ?? -1;
  }

  /** Goes on at `offset`. */
  seek(place: TopicPartitionOffset): void {
    checkOffsets("seek", [place]);
    const { offset, ...at } = place;
    const reader = this.#readers.find((each) => nameOf(each) === nameOf(at));
    if (reader === undefined) throw new UsageFault(`${nameOf(at)} is not assigned`);
    reader.seek(offset);
  }

  /**
   * Waits for records and returns those in hand, none when the time is over. Coming back for more
   * says that these are processed. Throws a KafkaError for what waiting cannot cure.
   */
  async poll(options: PollOptions = {}): Promise<ConsumerRecord[]> {
    const { timeoutMs = 500, recordsMax = 500 } = checkOptions("poll", options, pollKinds);
    const { clock } = this.#client.ports;
    const deadlineMs = clock.monotonic() + timeoutMs;
    while (!this.#closed) {
      if (this.#isDue()) await this.#catchUp();
      const records = this.#takeUpTo(recordsMax);
      this.#fetcher.pump();
      const leftMs = deadlineMs - clock.monotonic();
      if (records.length > 0 || leftMs <= 0) return records;
      await this.#wakeup.wait(leftMs);
    }
    return [];
  }

  /** Endless: ends when the consumer is closed. Leaving the loop does not close it. */
  [Symbol.asyncIterator](): AsyncIterator<ConsumerRecord> {
    let inHand: ConsumerRecord | undefined;
    return {
      next: async () => {
        while (!this.#closed) {
          inHand = this.#isDue() ? undefined : this.#take();
          if (inHand === undefined) [inHand] = await this.poll({ timeoutMs: 1000, recordsMax: 1 });
          if (inHand !== undefined) return { value: inHand, done: false };
        }
        return { value: undefined, done: true };
      },
    };
  }

  /**
   * Commits `offsets`, by default the position of every partition: all records handed out so far.
   * Throws a KafkaError, for instance ILLEGAL_GENERATION when the partitions have moved on.
   */
  async commit(offsets: readonly TopicPartitionOffset[] = this.#uncommitted()): Promise<void> {
    checkOffsets("commit", offsets);
    if (this.#groupId === undefined) throw new UsageFault("committing needs a groupId");
    await this.#commit(offsets);
  }

  /** What a transaction commits in its place: see {@link Transaction.sendOffsets}. */
  offsetsToCommit(): GroupOffsets {
    if (this.#groupId === undefined) throw new UsageFault("committing needs a groupId");
    const by = this.#membership?.committer ?? noMember;
    return { groupId: this.#groupId, offsets: this.#uncommitted(), by };
  }

  async #commit(offsets: readonly TopicPartitionOffset[], timeoutMs?: number): Promise<void> {
    const membership = this.#membership;
    if (membership?.committer.memberId === "") {
      throw new KafkaError(ErrorCode.UNKNOWN_MEMBER_ID, `commit for group ${this.#groupId}`);
    }
    await commitOffsets(this.#client, this.#groupId!, {
      offsets,
      by: membership?.committer ?? noMember,
      lane: membership?.lane,
      timeoutMs,
    });
    for (const each of offsets) this.#committed.set(nameOf(each), each.offset);
  }

  /** Commits, when committing is automatic, and leaves the group. */
  close(): Promise<void> {
    this.#closing ??= this.#close();
    return this.#closing;
  }

  async #close(): Promise<void> {
    this.#closed = true;
    this.#wakeup.wake();
    this.#fetcher.close();
    if (this.#isAutoCommitting()) {
      // What cannot be committed is read again by whoever comes next.
      await this.#commit(this.#uncommitted(), closeTimeoutMs).catch(() => {});
    }
    await this.#membership?.close();
  }

  /** As {@link Consumer.close}. */
  async [Symbol.asyncDispose](): Promise<void> {
    await this.close();
  }

  /** Whether anything must happen before a record may be handed out. */
  #isDue(): boolean {
    return this.#fetcher.fault !== undefined || this.#membership?.isStale === true ||
      this.#isLost ||
      this.#isAutoCommitting() && this.#client.ports.clock.monotonic() >= this.#commitDueMs;
  }

  async #catchUp(): Promise<void> {
    if (this.#fetcher.fault !== undefined) throw this.#fetcher.fault;
    if (this.#isAutoCommitting()) await this.#autoCommit();
    if (this.#membership?.isStale) {
      try {
        const partitions = await this.#membership.join();
        const topics = new Set(partitions.map((each) => each.topic));
        await Promise.allSettled([...topics].map((name) => this.#client.topic(name)));
        this.#setPartitions(partitions);
        this.#committed.clear();
        this.#onAssigned(partitions);
      } catch (error) {
        if (this.#closed) return;
        throw error;
      }
    }
    await this.#findPositions();
  }

  #isAutoCommitting(): boolean {
    return this.#groupId !== undefined && this.#options.autoCommitIntervalMs > 0;
  }

  /** Best effort: what fails is committed by the next one, or read again by the next owner. */
  async #autoCommit(): Promise<void> {
    this.#commitDueMs = this.#client.ports.clock.monotonic() + this.#options.autoCommitIntervalMs;
    await this.commit().catch(() => {});
  }

  #uncommitted(): TopicPartitionOffset[] {
    return this.#readers.flatMap(({ topic, partition, position }) =>
      position === undefined || this.#committed.get(nameOf({ topic, partition })) === position
        ? []
        : [{ topic, partition, offset: position }]
    );
  }

  /** What is in hand. A batch that cannot be read is told of once the records before it are out. */
  #takeUpTo(recordsMax: number): ConsumerRecord[] {
    const records: ConsumerRecord[] = [];
    try {
      while (records.length < recordsMax) {
        const record = this.#take();
        if (record === undefined) break;
        records.push(record);
      }
    } catch (error) {
      if (records.length === 0) throw error;
    }
    return records;
  }

  /** A record from the next partition in turn that has one. */
  #take(): ConsumerRecord | undefined {
    this.#membership?.onPoll();
    const count = this.#readers.length;
    for (let tried = 0; tried < count; tried++) {
      const reader = itemAt(this.#readers, this.#turn % count);
      const wantedMore = reader.wantsMore;
      const record = reader.take();
      if (reader.wantsMore && !wantedMore) this.#fetcher.pump();
      if (record !== undefined) return record;
      this.#turn = (this.#turn + 1) % count;
    }
    return undefined;
  }

  #setPartitions(partitions: readonly TopicPartition[]): void {
    const { codecs } = this.#client.ports;
    const bytesMax = this.#options.partitionBytesMax;
    for (const reader of this.#readers) reader.seek(undefined);
    this.#readers = partitions.map(({ topic, partition }) =>
      new PartitionReader({ topic, partition }, { bytesMax, codecs })
    );
    this.#starts.clear();
    this.#isLost = this.#readers.length > 0;
    this.#turn = 0;
    this.#fetcher.readers = this.#readers;
  }

  /** Finds where to begin: as told, as committed, else by `autoOffsetReset`. */
  async #findPositions(): Promise<void> {
    if (!this.#isLost) return;
    this.#isLost = false;
    try {
      await this.#locate(this.#readers.filter((each) => each.position === undefined));
    } catch (error) {
      this.#isLost = true;
      // An outage is sat out, as it is while records come: the next poll tries again.
      if (!isCoordinatorLoss(error)) throw error;
    }
  }

  async #locate(lost: PartitionReader[]): Promise<void> {
    let unknown = lost;
    const fresh = unknown.filter((each) => each.generation === 0 && !this.#starts.has(each));
    if (this.#groupId !== undefined && fresh.length > 0) {
      const committed = await committedOffsets(this.#client, this.#groupId, {
        partitions: fresh,
        lane: this.#membership?.lane,
      });
      for (const each of committed) {
        const reader = fresh.find((one) => nameOf(one) === nameOf(each));
        reader?.seek(each.offset);
        this.#committed.set(nameOf(each), each.offset);
      }
      unknown = unknown.filter((each) => each.position === undefined);
    }
    const { autoOffsetReset, readCommitted } = this.#options;
    for (const reader of unknown) {
      const spec = this.#starts.get(reader) ?? autoOffsetReset;
      if (spec === "none") {
        throw new KafkaError(
          ErrorCode.OFFSET_OUT_OF_RANGE,
          `read ${nameOf(reader)}`,
          "there is no committed offset, and autoOffsetReset is none",
        );
      }
      const listed = async (spec: OffsetSpec): Promise<Offset> => {
        const offsets = await listOffsets(this.#client, [reader], { spec, readCommitted });
        return itemAt(offsets, 0).offset;
      };
      const found = await listed(spec);
      // No record is as late as the moment asked for: what comes next is.
      const offset = found >= 0 ? found : await listed("latest");
      this.#starts.delete(reader);
      reader.seek(offset);
    }
  }
}
