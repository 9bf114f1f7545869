// The markers of ended transactions, written into the partitions that are led here (KIP-98).
//
//   coordinator ──> write(transaction, partitions) ──> a control batch in each ──> synced ──> codes
//
// A partition that has its marker lets read_committed consumers go on. In the offsets topic a group
// shard does it, since there a transaction's end also decides what it has committed for groups.
//
// Invariant: what is told to have worked is on disk: the coordinator forgets the transaction on the
// strength of it. A marker that was written before is written again, and ends nothing: whoever has
// lost an answer may ask once more.

import type { PartitionId } from "../../base/ids.ts";
import { offsetsTopic } from "../../coordinator/mod.ts";
import { ErrorCode } from "../../protocol/mod.ts";
import type { Clock } from "../../runtime/ports.ts";
import { appendEndMarker, type EndedTransaction } from "./end_marker.ts";
import type { Groups } from "../coordination/groups.ts";
import { Partition } from "../logs/partition.ts";
import type { Partitions } from "../logs/partitions.ts";
import { Shard } from "../coordination/shard.ts";

/** One partition that was written to. */
export interface TransactionPartition {
  readonly topic: string;
  readonly partition: PartitionId;
}

/**
 * What came of a partition's marker. INVALID_PRODUCER_EPOCH: the producer has written in a later
 * epoch since, or there is no such id or epoch; TRANSACTION_COORDINATOR_FENCED: a later coordinator
 * has. UNKNOWN_TOPIC_OR_PARTITION, NOT_LEADER_OR_FOLLOWER, KAFKA_STORAGE_ERROR: it is not to be had
 * here, or not now.
 */
export interface MarkedPartition extends TransactionPartition {
  readonly errorCode: ErrorCode;
}

interface MarkerServices {
  readonly partitions: Pick<Partitions, "find">;
  readonly groups: Pick<Groups, "ofPartition">;
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
    const { partitions, groups, clock } = this.#services;
    const partition = partitions.find(topic, id);
    if (!(partition instanceof Partition)) return partition;
    // From a tool: a batch of no producer is no transaction's, and would be in the log for good.
    const { producerId, producerEpoch } = transaction;
    if (producerId < 0 || producerEpoch < 0) return ErrorCode.INVALID_PRODUCER_EPOCH;
    if (topic === offsetsTopic) {
      const shard = await groups.ofPartition(id);
      // Not the coordinator's own word for that, which it would take for its own state.
      if (!(shard instanceof Shard)) return ErrorCode.NOT_LEADER_OR_FOLLOWER;
      return await shard.endTransaction(transaction);
    }
    const errorCode = appendEndMarker(partition, transaction, clock.now());
    if (errorCode !== ErrorCode.NONE) return errorCode;
    const failed = await partition.acknowledged(partition.log.logEndOffset);
    return failed?.errorCode ?? ErrorCode.NONE;
  }
}
