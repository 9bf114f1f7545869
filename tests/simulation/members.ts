// Actors that read: members of a classic group by our own consumer, members of a group of the
// consumer protocol by its requests, readers of committed records.

import { fromUtf8 } from "../../src/base/bytes.ts";
import { type Client, Consumer, KafkaError } from "../../src/client/mod.ts";
import { ConsumerGroupHeartbeat } from "../../src/protocol/apis/68_consumer_group_heartbeat.ts";
import { ErrorCode, OffsetCommit, OffsetFetch } from "../../src/protocol/mod.ts";
import { type Actor, ask, type Life } from "./actor.ts";
import type { ReadRecord } from "./law.ts";
import type { Place } from "./producers.ts";

export interface MemberOptions {
  readonly groupId: string;
  readonly topic: string;
}

export interface ClassicMemberOptions extends MemberOptions {
  /** Keeps its place through restarts (KIP-345). */
  readonly isStatic?: boolean;
}

/** Reads a few records, commits behind them, leaves now and then and comes back. */
export class ClassicMember implements Actor {
  readonly name: string;
  readonly #options: ClassicMemberOptions;

  constructor(name: string, options: ClassicMemberOptions) {
    this.name = name;
    this.#options = options;
  }

  async live(life: Life): Promise<void> {
    const client = await life.connect();
    while (!life.isOver) await this.#stay(client, life);
    client.close();
  }

  async #stay(client: Client, life: Life): Promise<void> {
    const { groupId, topic, isStatic } = this.#options;
    const consumer = new Consumer(client, {
      groupId,
      ...isStatic && { groupInstanceId: this.name },
      autoOffsetReset: "earliest",
      autoCommitIntervalMs: 0,
      sessionTimeoutMs: 3_000,
      rebalanceTimeoutMs: 5_000,
      heartbeatIntervalMs: 400,
      partitionBytesMax: 2_000,
    });
    consumer.subscribe([topic]);
    try {
      await this.#work(consumer, life);
    } catch (error) {
      // A late request of an earlier life has taken its place.
      const isFenced = error instanceof KafkaError &&
        error.errorCode === ErrorCode.FENCED_INSTANCE_ID;
      if (!isFenced || !isStatic) throw error;
    }
    await consumer.close();
  }

  async #work(consumer: Consumer, life: Life): Promise<void> {
    while (!life.isOver) {
      if (life.isTroubled && life.random.chance(0.03)) break;
      const records = await consumer.poll({ timeoutMs: 300, recordsMax: 3 });
      if (records.length > 0) await life.passSome(1, 100);
      if (life.random.chance(0.7)) await committed(consumer);
      if (life.isTroubled && life.random.chance(0.02)) await life.passSome(2_000, 7_000);
    }
  }
}

/** Commits, unless the partitions are not the member's any more. */
async function committed(consumer: Consumer): Promise<void> {
  try {
    await consumer.commit();
  } catch (error) {
    if (!(error instanceof KafkaError && movedOn.has(error.errorCode))) throw error;
  }
}

const movedOn: ReadonlySet<ErrorCode> = new Set([
  ErrorCode.UNKNOWN_MEMBER_ID,
  ErrorCode.ILLEGAL_GENERATION,
  ErrorCode.REBALANCE_IN_PROGRESS,
]);

export interface ConsumerMemberOptions extends MemberOptions {
  /** Known once the topic is there. */
  readonly topicId: () => string;
  /** Nobody commits further. */
  readonly recordsMax: number;
}

/** A member by heartbeats (KIP-848), which commits one offset more now and then. */
export class ConsumerMember implements Actor {
  readonly name: string;
  readonly #options: ConsumerMemberOptions;

  constructor(name: string, options: ConsumerMemberOptions) {
    this.name = name;
    this.#options = options;
  }

  async live(life: Life): Promise<void> {
    const client = await life.connect();
    while (!life.isOver) {
      const stay = new Stay(client, { ...this.#options, memberId: life.newName() });
      while (!life.isOver) {
        if (life.isTroubled && life.random.chance(0.02)) break;
        // Who is lazy works on for a while on what it has to give up.
        if (life.random.chance(0.7)) await stay.becomeTarget();
        await stay.beat();
        if (life.random.chance(0.6)) await stay.commit();
        await life.passSome(100, 600);
        if (life.isTroubled && life.random.chance(0.02)) {
          await life.passSome(2_000, 6_000);
        }
      }
      await stay.leave();
    }
    client.close();
  }
}

interface StayOptions extends ConsumerMemberOptions {
  readonly memberId: string;
}

/** What a heartbeat says beside whose it is. */
interface Said {
  readonly memberEpoch: number;
  readonly rebalanceTimeoutMs?: number;
  readonly subscribedTopicNames?: string[] | null;
  readonly topicPartitions?: { topicId: string; partitions: number[] }[] | null;
}

/** A member from its joining to its leaving, fenced as often as may be. */
class Stay {
  readonly #client: Client;
  readonly #options: StayOptions;
  #epoch = 0;
  /** How far it is in each partition that it works on. */
  readonly #held = new Map<number, number>();
  /** What it was last told that it is to have. */
  #target: readonly number[] = [];
  /** What the coordinator was last told that it has; undefined: it may not know. */
  #told: string | undefined;

  constructor(client: Client, options: StayOptions) {
    this.#client = client;
    this.#options = options;
  }

  async beat(): Promise<void> {
    const partitions = [...this.#held.keys()].sort((a, b) => a - b);
    const answer = await this.#ask((isRepeated) => {
      // Whoever does not know what was heard of it says everything.
      const isFull = isRepeated || this.#epoch === 0 || this.#told === undefined;
      const owned = [{ topicId: this.#options.topicId(), partitions }];
      return {
        memberEpoch: this.#epoch,
        rebalanceTimeoutMs: isFull ? 5_000 : -1,
        subscribedTopicNames: isFull ? [this.#options.topic] : null,
        topicPartitions: !isFull && this.#told === partitions.join()
          ? null
          : partitions.length === 0
          ? []
          : owned,
      };
    });
    this.#told = undefined;
    if (answer.errorCode !== ErrorCode.NONE) return this.#fail(answer.errorCode);
    this.#epoch = answer.memberEpoch;
    this.#told = partitions.join();
    if (answer.assignment === null) return;
    this.#target = answer.assignment.topicPartitions.flatMap((each) => [...each.partitions]);
  }

  /** Gives up and takes over what it was told to. */
  async becomeTarget(): Promise<void> {
    for (const partition of this.#held.keys()) {
      if (!this.#target.includes(partition)) this.#held.delete(partition);
    }
    for (const partition of this.#target) {
      if (!this.#held.has(partition)) this.#held.set(partition, await this.#committed(partition));
    }
  }

  /** One further, in every partition. */
  async commit(): Promise<void> {
    const { groupId, topic: name, memberId } = this.#options;
    if (this.#held.size === 0) return;
    const next = [...this.#held].map(([partition, position]) =>
      [partition, Math.min(position + 1, this.#options.recordsMax)] as const
    );
    const { topics } = await ask(this.#client, OffsetCommit, {
      message: {
        groupId,
        memberId,
        generationIdOrMemberEpoch: this.#epoch,
        groupInstanceId: null,
        topics: [{
          name,
          partitions: next.map(([partitionIndex, committedOffset]) => ({
            partitionIndex,
            committedOffset,
            committedMetadata: null,
          })),
        }],
      },
      codeOf: ({ topics }) => topics[0]?.partitions[0]?.errorCode ?? ErrorCode.NONE,
    });
    const errorCode = topics[0]?.partitions[0]?.errorCode ?? ErrorCode.UNKNOWN_SERVER_ERROR;
    if (errorCode === ErrorCode.NONE) {
      for (const [partition, position] of next) this.#held.set(partition, position);
    } else if (errorCode !== ErrorCode.STALE_MEMBER_EPOCH) this.#fail(errorCode);
  }

  async leave(): Promise<void> {
    if (this.#epoch > 0) await this.#ask(() => ({ memberEpoch: -1 }));
  }

  #ask(said: (isRepeated: boolean) => Said) {
    const { groupId, memberId } = this.#options;
    return ask(this.#client, ConsumerGroupHeartbeat, {
      message: (isRepeated) => ({
        groupId,
        memberId,
        instanceId: null,
        rackId: null,
        rebalanceTimeoutMs: -1,
        subscribedTopicNames: null,
        subscribedTopicRegex: null,
        serverAssignor: null,
        topicPartitions: null,
        ...said(isRepeated),
      }),
      codeOf: ({ errorCode }) => errorCode,
    });
  }

  async #committed(partition: number): Promise<number> {
    const { groupId, topic } = this.#options;
    const { groups } = await ask(this.#client, OffsetFetch, {
      message: {
        groups: [{ groupId, topics: [{ name: topic, partitionIndexes: [partition] }] }],
        requireStable: false,
      },
      codeOf: ({ groups }) => groups[0]?.errorCode ?? ErrorCode.NONE,
    });
    return Math.max(0, Number(groups[0]?.topics[0]?.partitions[0]?.committedOffset ?? 0));
  }

  #fail(errorCode: ErrorCode): void {
    if (!fencedCodes.has(errorCode)) throw new Error(`a member is told ${errorCode}`);
    this.#epoch = 0;
    this.#target = [];
    this.#held.clear();
    this.#told = undefined;
  }
}

const fencedCodes: ReadonlySet<ErrorCode> = new Set([
  ErrorCode.UNKNOWN_MEMBER_ID,
  ErrorCode.FENCED_MEMBER_EPOCH,
  ErrorCode.GROUP_ID_NOT_FOUND,
]);

/** Reads committed records from the beginning, and again in each life. */
export class CommittedReader implements Actor {
  readonly name: string;
  readonly #places: readonly Place[];
  readonly #onRead: (partition: string, record: ReadRecord) => void;

  constructor(
    name: string,
    options: {
      readonly places: readonly Place[];
      readonly onRead: (partition: string, record: ReadRecord) => void;
    },
  ) {
    this.name = name;
    this.#places = options.places;
    this.#onRead = options.onRead;
  }

  async live(life: Life): Promise<void> {
    const client = await life.connect();
    const consumer = new Consumer(client, { autoOffsetReset: "earliest", readCommitted: true });
    consumer.assign(this.#places);
    while (!life.isOver) {
      for (const { topic, partition, offset, value } of await consumer.poll()) {
        this.#onRead(`${topic}-${partition}`, { offset, value: fromUtf8(value!) });
      }
    }
    await consumer.close();
    client.close();
  }
}
