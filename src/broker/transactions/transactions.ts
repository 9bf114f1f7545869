// The transactions of this broker: the transaction coordinator
// (src/coordinator/transactions/transaction_table.ts) on the shards of __transaction_state.
//
//   handlers ──> Transactions ──> Shard ──> TransactionTable
//                                  └─ once loaded: sendMarkers, which completes what is prepared
//
// Here is what the machine cannot do: it takes a fresh producer id along where one is needed, and
// waits a little on behalf of a producer whose last transaction is still being completed, which
// would otherwise come again after a pause of its own (docs/decisions/0011).
//
// Differs from Kafka: AddPartitionsToTxn and AddOffsetsToTxn, too, wait for the end of the
// producer's previous transaction, for up to add.partitions.to.txn.retry.backoff.max.ms; Kafka
// answers CONCURRENT_TRANSACTIONS at once.

import type { ProducerId } from "../../base/ids.ts";
import type { MetadataStore } from "../../cluster/mod.ts";
import type {
  PlainResponse,
  ProducerResponse,
  TransactionRecord,
  TransactionResponse,
  TransactionTable,
} from "../../coordinator/mod.ts";
import { ErrorCode } from "../../protocol/mod.ts";
import {
  type MarkerSending,
  type PartitionLeaders,
  sendMarkers,
  type TransactionShard,
} from "./marker_sending.ts";
import type { ProducerIds } from "./producer_ids.ts";
import { Shard } from "../coordination/shard.ts";
import type { Shards } from "../coordination/shards.ts";
import type { TransactionPartition } from "./transaction_markers.ts";

/** Who says to write as the producer of a transactional id, and where. */
export interface TransactionClaim {
  readonly transactionalId: string;
  readonly producerId: ProducerId;
  readonly producerEpoch: number;
  readonly partitions: readonly TransactionPartition[];
}

/** How long a partition is tried to be added on behalf of a producer. */
export interface AddRetry {
  /** add.partitions.to.txn.retry.backoff.ms */
  readonly backoffMs: number;
  /** add.partitions.to.txn.retry.backoff.max.ms */
  readonly maxMs: number;
}

/** The shards of the transaction coordinator. */
type TransactionShards = Shards<TransactionTable, TransactionRecord, TransactionResponse>;

export interface TransactionsOptions extends Omit<MarkerSending, keyof PartitionLeaders> {
  readonly metadata: Pick<MetadataStore, "image" | "onChange">;
  readonly shards: TransactionShards;
  readonly addRetry: () => AddRetry;
  readonly producerIds: Pick<ProducerIds, "next">;
}

export class Transactions {
  readonly #options: TransactionsOptions;
  readonly #senders = new Set<Promise<void>>();
  /** Who waits for the transaction of an id to be complete. */
  readonly #waiting = new Map<string, Set<() => void>>();

  constructor(options: TransactionsOptions) {
    this.#options = options;
    options.shards.watch({ onLoaded: (shard) => this.#send(shard) });
  }

  /** Records that could not be decoded when their partition was loaded. */
  get recordsPassedOver(): number {
    return this.#options.shards.recordsPassedOver;
  }

  /** The shard that coordinates `transactionalId`, loaded; or why there is none. */
  async of(transactionalId: string): Promise<TransactionShard | ErrorCode> {
    return await this.#options.shards.of(transactionalId);
  }

  /** Every shard that can be loaded; none while the topic does not exist. */
  all(): Promise<TransactionShard[]> {
    return this.#options.shards.all();
  }

  /** Those that are loaded now. */
  loaded(): Iterable<TransactionShard> {
    return this.#options.shards.loaded();
  }

  /** InitProducerId with a transactional id; `expected`: who the producer says that it is. */
  async initProducerId(input: {
    readonly transactionalId: string;
    readonly timeoutMs: number;
    readonly expected: { readonly producerId: ProducerId; readonly epoch: number } | undefined;
  }): Promise<ProducerResponse> {
    const { transactionalId } = input;
    return await this.#withFreshId(transactionalId, {
      isNeeded: (table) => table.initWantsProducerId(input),
      submit: (shard, freshProducerId) =>
        shard.submit<ProducerResponse>((table, at) =>
          table.initProducerId({ ...input, freshProducerId }, at)
        ),
    });
  }

  /** EndTxn; `clientVersion` 2: the producer takes a new epoch with each transaction (KIP-890). */
  async end(input: {
    readonly transactionalId: string;
    readonly producerId: ProducerId;
    readonly producerEpoch: number;
    readonly commit: boolean;
    readonly clientVersion: number;
  }): Promise<ProducerResponse> {
    return await this.#withFreshId(input.transactionalId, {
      isNeeded: (table) => table.endWantsProducerId(input),
      submit: (shard, freshProducerId) =>
        shard.submit<ProducerResponse>((table, at) => table.end({ ...input, freshProducerId }, at)),
    });
  }

  /**
   * Whether each of the partitions is part of the producer's open transaction, in order: NONE;
   * TRANSACTION_ABORTABLE for one that is not, or what speaks against the producer
   * (INVALID_PRODUCER_ID_MAPPING, PRODUCER_FENCED), or CONCURRENT_TRANSACTIONS, NOT_COORDINATOR,
   * COORDINATOR_NOT_AVAILABLE, with which to try again. What is told to be part of it is durable.
   */
  async verify(claim: TransactionClaim): Promise<readonly ErrorCode[]> {
    const shard = await this.of(claim.transactionalId);
    if (!(shard instanceof Shard)) return claim.partitions.map(() => shard);
    const errorCodes = shard.machine.verifyPartitions(claim);
    if (!errorCodes.includes(ErrorCode.NONE)) return errorCodes;
    const lost = await shard.durable();
    return lost === ErrorCode.NONE
      ? errorCodes
      : errorCodes.map((each) => each === ErrorCode.NONE ? ErrorCode.NOT_COORDINATOR : each);
  }

  /**
   * Adds the partitions to the producer's transaction, which begins with them where none is open.
   * NONE once that is durable; else one code for all of them, as `verify` has them.
   * `clientVersion`: 2 where the producer writes without having added them (KIP-890).
   */
  async add(claim: TransactionClaim & { readonly clientVersion: number }): Promise<ErrorCode> {
    const { addRetry, monotonic } = this.#options;
    const { backoffMs, maxMs } = addRetry();
    const untilMs = monotonic() + maxMs;
    for (;;) {
      const errorCode = await this.#addOnce(claim);
      const mayPass = errorCode === ErrorCode.CONCURRENT_TRANSACTIONS;
      if (!mayPass || monotonic() + backoffMs > untilMs) return errorCode;
      await this.#completion(claim.transactionalId, backoffMs);
    }
  }

  /** Resolves once the transaction of `transactionalId` is complete, at the latest after `ms`. */
  #completion(transactionalId: string, ms: number): Promise<void> {
    return new Promise((resolve) => {
      const waiting = this.#waiting.get(transactionalId) ?? new Set();
      const end = () => {
        timer.cancel();
        waiting.delete(end);
        if (waiting.size === 0) this.#waiting.delete(transactionalId);
        resolve();
      };
      const timer = this.#options.timers.after(ms, end);
      this.#waiting.set(transactionalId, waiting.add(end));
    });
  }

  /** Its shards have ended; what is prepared is completed after the next start. */
  async close(): Promise<void> {
    await Promise.all(this.#senders);
  }

  #leaders(): PartitionLeaders {
    const { metadata } = this.#options;
    const found = (topic: string, id: number) => metadata.image.topic(topic)?.partitions[id];
    return {
      exists: (topic, id) => found(topic, id) !== undefined,
      leaderOf: (topic, id) => found(topic, id)?.leader ?? -1,
      onLeaders: (listener) => metadata.onChange(listener),
    };
  }

  async #addOnce(
    { partitions, ...claim }: TransactionClaim & { readonly clientVersion: number },
  ): Promise<ErrorCode> {
    const shard = await this.of(claim.transactionalId);
    if (!(shard instanceof Shard)) return shard;
    if (shard.isResigned) return ErrorCode.NOT_COORDINATOR;
    const byTopic = new Map<string, Set<number>>();
    for (const { topic, partition } of partitions) {
      byTopic.set(topic, (byTopic.get(topic) ?? new Set()).add(partition));
    }
    const { errorCode } = await shard.submit<PlainResponse>((table, at) =>
      table.addPartitions({ ...claim, partitions: byTopic }, at)
    );
    return errorCode;
  }

  /** Asks the machine, with a fresh producer id where it needs one. */
  async #withFreshId(transactionalId: string, ask: {
    readonly isNeeded: (table: TransactionTable) => boolean;
    readonly submit: (
      shard: TransactionShard,
      freshProducerId: ProducerId | undefined,
    ) => ProducerResponse | Promise<ProducerResponse>;
  }): Promise<ProducerResponse> {
    let fresh: ProducerId | undefined;
    for (;;) {
      const shard = await this.of(transactionalId);
      if (!(shard instanceof Shard)) {
        return { errorCode: shard, producerId: -1, producerEpoch: -1 };
      }
      if (fresh !== undefined || !ask.isNeeded(shard.machine)) return ask.submit(shard, fresh);
      fresh = await this.#options.producerIds.next();
    }
  }

  #send(shard: TransactionShard): void {
    const sender = sendMarkers(
      shard,
      { ...this.#options, ...this.#leaders() },
      (transactionalId) => {
        for (const end of [...this.#waiting.get(transactionalId) ?? []]) end();
      },
    ).finally(() => this.#senders.delete(sender));
    this.#senders.add(sender);
  }
}

/** How many transactional ids there are in each state; those of shards that are loaded. */
export function countTransactionsByState(
  transactions: Pick<Transactions, "loaded">,
): Map<string, number> {
  const counts = new Map<string, number>();
  for (const { machine } of transactions.loaded()) {
    for (const state of machine.states()) counts.set(state, (counts.get(state) ?? 0) + 1);
  }
  return counts;
}
