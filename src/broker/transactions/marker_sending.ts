// Completes what one coordinator has prepared: the markers of each decided transaction, to every
// partition in it, until all are written.
//
//   takePrepared ──> write ──> told to the machine ──> Complete*
//                      ^  └─ some failed ─┐
//                      └── after a pause ─┘     which ends once another broker leads what is left
//
// A transaction that waits for a partition keeps no other one from being completed. What is written
// is told at once, so that DescribeTransactions names the partitions that keep a transaction open.
// A partition that is not there any more needs no marker, nor one whose producer has gone on in a
// later epoch: nothing of this transaction is open there.
// Invariant: it ends when its shard resigns, and whoever leads next finds in the log what is left.

import type { BrokerId } from "../../base/ids.ts";
import { RareLine } from "../../base/rare_line.ts";
import type {
  PartitionsByTopic,
  PlainResponse,
  PreparedResponse,
  PreparedTransaction,
  TransactionRecord,
  TransactionResponse,
  TransactionTable,
} from "../../coordinator/mod.ts";
import { ErrorCode, errorName } from "../../protocol/mod.ts";
import type { Logger, Timers } from "../../runtime/ports.ts";
import type {
  MarkedPartition,
  TransactionMarkers,
  TransactionPartition,
} from "./transaction_markers.ts";
import type { Shard } from "../coordination/shard.ts";

/** Transactions of one partition of their topic. */
export type TransactionShard = Shard<TransactionTable, TransactionRecord, TransactionResponse>;

/** Which partitions there are in the cluster, and who leads them. */
export interface PartitionLeaders {
  readonly exists: (topic: string, partition: number) => boolean;
  /** -1: nobody, as far as is known. */
  readonly leaderOf: (topic: string, partition: number) => BrokerId;
  /** Calls back whenever other brokers may lead; returns how to have that stop. */
  readonly onLeaders: (listener: () => void) => () => void;
}

/** What sending markers works with. */
export interface MarkerSending extends PartitionLeaders {
  /** Writes them; each partition's own leader does. */
  readonly markers: Pick<TransactionMarkers, "write">;
  readonly timers: Timers;
  readonly logger: Logger;
  /** Milliseconds of a clock that does not jump. */
  readonly monotonic: () => number;
}

/** So many transactions are written to at once; those that wait for their next try do not count. */
const writingMax = 500;
const firstPauseMs = 50;
const pauseMsMax = 5_000;

/** Completes what `shard` prepares, until it resigns; `onCompleted` is told of each. */
export async function sendMarkers(
  shard: TransactionShard,
  sending: MarkerSending,
  onCompleted: (transactionalId: string) => void,
): Promise<void> {
  const sender = new MarkerSender(shard, sending, onCompleted);
  while (!shard.isResigned) {
    const { errorCode, transactions } = await shard.submit<PreparedResponse>((table, at) =>
      table.takePrepared(at)
    );
    if (errorCode !== ErrorCode.NONE) break;
    for (const transaction of transactions) await sender.complete(transaction);
  }
  await sender.idle();
}

class MarkerSender {
  readonly #shard: TransactionShard;
  readonly #sending: MarkerSending;
  readonly #writing = new Set<Promise<void>>();
  readonly #waits: RareLine;
  readonly #onCompleted: (transactionalId: string) => void;

  constructor(
    shard: TransactionShard,
    sending: MarkerSending,
    onCompleted: (transactionalId: string) => void,
  ) {
    this.#shard = shard;
    this.#sending = sending;
    this.#onCompleted = onCompleted;
    const { logger, monotonic } = sending;
    this.#waits = new RareLine({
      say: (reason, count) =>
        logger.log("warn", "transactions wait for partitions that cannot be written to", {
          reason,
          count,
        }),
      monotonic,
    });
  }

  /** Begins to complete `transaction`; resolves when there is room for the next one. */
  async complete(transaction: PreparedTransaction): Promise<void> {
    this.#try(transaction, firstPauseMs);
    while (this.#writing.size >= writingMax) await Promise.race(this.#writing);
  }

  /** Resolves once nothing is being written. */
  async idle(): Promise<void> {
    await Promise.all(this.#writing);
  }

  #try(transaction: PreparedTransaction, pauseMs: number): void {
    const attempt = this.#write(transaction).then((left) => {
      this.#writing.delete(attempt);
      if (left === undefined || this.#shard.isResigned) return;
      this.#afterPause(left, pauseMs, (isMoved) => {
        if (this.#shard.isResigned) return;
        this.#try(left, isMoved ? firstPauseMs : Math.min(2 * pauseMs, pauseMsMax));
      });
    });
    this.#writing.add(attempt);
  }

  /** Goes on `ms` later, or as soon as somebody else leads one of the partitions. */
  #afterPause(
    { partitions }: PreparedTransaction,
    ms: number,
    goOn: (isMoved: boolean) => void,
  ): void {
    const { timers, leaderOf, onLeaders } = this.#sending;
    const leaders = () =>
      listed(partitions).map(({ topic, partition }) => leaderOf(topic, partition));
    const before = leaders();
    const end = (isMoved: boolean) => {
      timer.cancel();
      stop();
      goOn(isMoved);
    };
    const timer = timers.after(ms, () => end(false));
    const stop = onLeaders(() => {
      if (leaders().some((leader, i) => leader >= 0 && leader !== before[i])) end(true);
    });
  }

  /** Writes and tells what can be written now. Returns what is left; undefined if nothing is. */
  async #write(transaction: PreparedTransaction): Promise<PreparedTransaction | undefined> {
    const { markers, exists } = this.#sending;
    const all = listed(transaction.partitions);
    const there = all.filter(({ topic, partition }) => exists(topic, partition));
    const marked = await markers.write({
      producerId: transaction.producerId,
      producerEpoch: transaction.producerEpoch,
      coordinatorEpoch: this.#shard.leaderEpoch,
      committed: transaction.commit,
      transactionVersion: transaction.transactionVersion,
    }, there);
    if (this.#shard.isResigned) return undefined;
    const left = marked.filter((each) => !isSettled(each));
    for (const { topic, partition, errorCode } of left) {
      this.#waits.note(`${topic}-${partition}: ${errorName(errorCode)}`);
    }
    const leftOver = byTopic(left);
    const done = byTopic(all.filter((each) => !isAmong(leftOver, each)));
    const { transactionalId, handedOut } = transaction;
    const { errorCode } = await this.#shard.submit<PlainResponse>((table, at) =>
      table.markersWritten([{ transactionalId, handedOut, partitions: done }], at)
    );
    if (errorCode === ErrorCode.NONE && left.length === 0) {
      this.#onCompleted(transactionalId);
      return undefined;
    }
    return { ...transaction, partitions: leftOver };
  }
}

/** Whether nothing of the transaction is open in the partition. */
function isSettled({ errorCode }: MarkedPartition): boolean {
  return errorCode === ErrorCode.NONE || errorCode === ErrorCode.INVALID_PRODUCER_EPOCH;
}

function listed(partitions: PartitionsByTopic): TransactionPartition[] {
  return [...partitions].flatMap(([topic, ids]) =>
    [...ids].map((partition) => ({ topic, partition }))
  );
}

function byTopic(partitions: readonly TransactionPartition[]): PartitionsByTopic {
  const result = new Map<string, Set<number>>();
  for (const { topic, partition } of partitions) {
    const ids = result.get(topic) ?? new Set();
    result.set(topic, ids.add(partition));
  }
  return result;
}

function isAmong(
  partitions: PartitionsByTopic,
  { topic, partition }: TransactionPartition,
): boolean {
  return partitions.get(topic)?.has(partition) === true;
}
