// The markers of ended transactions, written into the partitions that are led here (KIP-98).
//
//   coordinator ──> write(transaction, partitions) ──> a control batch in each ──> synced ──> codes
//
// A partition that has its marker lets read_committed consumers go on. Invariant: what is told to
// have worked is on disk: the coordinator forgets the transaction on the strength of it. A marker
// that was written before is written again, and ends nothing: whoever has lost an answer may ask
// once more.

import type { PartitionId, ProducerId } from "../base/ids.ts";
import { ErrorCode } from "../protocol/mod.ts";
import { buildEndTransactionMarker } from "../records/mod.ts";
import type { Clock } from "../runtime/ports.ts";
import { Partition } from "./partition.ts";
import type { Partitions } from "./partitions.ts";

/** A transaction whose end is decided. */
export interface EndedTransaction {
  readonly producerId: ProducerId;
  /** Of version 2: the one above that of the transaction's records. */
  readonly producerEpoch: number;
  readonly coordinatorEpoch: number;
  readonly committed: boolean;
  /** Of the protocol: 0 and 1, or 2 with an epoch of its own for each transaction (KIP-890). */
  readonly transactionVersion: number;
}

/** One partition that was written to. */
export interface TransactionPartition {
  readonly topic: string;
  readonly partition: PartitionId;
}

/**
 * What came of a partition's marker. INVALID_PRODUCER_EPOCH: the producer has written in a later
 * epoch since; TRANSACTION_COORDINATOR_FENCED: a later coordinator has. UNKNOWN_TOPIC_OR_PARTITION,
 * NOT_LEADER_OR_FOLLOWER, KAFKA_STORAGE_ERROR: it is not to be had here, or not now.
 */
export interface MarkedPartition extends TransactionPartition {
  readonly errorCode: ErrorCode;
}

interface MarkerServices {
  readonly partitions: Pick<Partitions, "find">;
  readonly clock: Pick<Clock, "now">;
}

export class TransactionMarkers {
  readonly #services: MarkerServices;

  constructor(services: MarkerServices) {
    this.#services = services;
  }

  /** Writes the markers of one transaction. Resolves once each is on disk, or has failed. */
  write(
    transaction: EndedTransaction,
    partitions: readonly TransactionPartition[],
  ): Promise<MarkedPartition[]> {
    return Promise.all(partitions.map(async (each) => ({
      ...each,
      errorCode: await this.#writeOne(transaction, each),
    })));
  }

  async #writeOne(
    transaction: EndedTransaction,
    { topic, partition: id }: TransactionPartition,
  ): Promise<ErrorCode> {
    const { partitions, clock } = this.#services;
    const partition = partitions.find(topic, id);
    if (!(partition instanceof Partition)) return partition;
    const errorCode = appendMarker(partition, transaction, clock.now());
    if (errorCode !== ErrorCode.NONE) return errorCode;
    const failed = await partition.acknowledged(partition.log.logEndOffset);
    return failed?.errorCode ?? ErrorCode.NONE;
  }
}

/** Appends the marker of `transaction` at once; NONE, or why it may not be. */
function appendMarker(
  partition: Partition,
  transaction: EndedTransaction,
  nowMs: number,
): ErrorCode {
  const { transactionVersion, ...marker } = transaction;
  const batch = buildEndTransactionMarker({ ...marker, timestamp: nowMs });
  const result = partition.append(batch, "coordinator", { transactionVersion });
  return result.ok ? ErrorCode.NONE : result.errorCode as ErrorCode;
}
