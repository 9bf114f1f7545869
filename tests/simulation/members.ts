// Actors that read by our own consumer: members of a classic group, readers of committed records.
// Members whom the coordinator assigns are in assigned_members.ts.

import { fromUtf8 } from "../../src/base/bytes.ts";
import { type Client, Consumer, KafkaError } from "../../src/client/mod.ts";
import { ErrorCode } from "../../src/protocol/mod.ts";
import type { Actor, Life } from "./actor.ts";
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
