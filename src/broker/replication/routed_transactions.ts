// A transaction across brokers: who leads one of its partitions asks the transaction's coordinator,
// and that has the markers written by who leads each partition, on whichever broker they are.
//
//   Produce at 2 ──verify, add──> the coordinator at 1        AddPartitionsToTxn
//   the coordinator at 1 ──markers──> the leaders at 2, 3     WriteTxnMarkers
//
// Who is asked is read off the metadata. Invariant: what comes from another broker is answered by
// the broker that it reached: nobody passes it on.

import type { BrokerId, PartitionId } from "../../base/ids.ts";
import type { MetadataImage } from "../../cluster/mod.ts";
import { WriteTxnMarkers } from "../../protocol/apis/27_write_txn_markers.ts";
import { AddPartitionsToTxn } from "../../protocol/apis/24_add_partitions_to_txn.ts";
import { ErrorCode } from "../../protocol/mod.ts";
import type { EndedTransaction } from "../transactions/end_marker.ts";
import type { Located } from "../coordination/shards.ts";
import type {
  MarkedPartition,
  TransactionMarkers,
  TransactionPartition,
} from "../transactions/transaction_markers.ts";
import type { TransactionCoordinator } from "../transactions/transaction_verification.ts";
import type { TransactionClaim } from "../transactions/transactions.ts";
import type { PeerRequests } from "./peers.ts";

export interface RoutedTransactionsOptions {
  /** This broker. */
  readonly nodeId: BrokerId;
  readonly peers: PeerRequests;
  readonly image: () => MetadataImage;
  /** Who coordinates a transactional id. */
  readonly locate: (transactionalId: string) => Promise<Located | ErrorCode>;
  /** What is coordinated, and led, here. */
  readonly coordinator: () => TransactionCoordinator;
  readonly markers: Pick<TransactionMarkers, "write">;
}

export class RoutedTransactions {
  readonly #options: RoutedTransactionsOptions;

  constructor(options: RoutedTransactionsOptions) {
    this.#options = options;
  }

  /** As Transactions.verify, wherever the transaction is coordinated. */
  async verify(claim: TransactionClaim): Promise<readonly ErrorCode[]> {
    const at = await this.#coordinatorOf(claim);
    if (at === undefined) return await this.#options.coordinator().verify(claim);
    return await this.#ask(claim, { at, verifyOnly: true });
  }

  /** As Transactions.add, wherever the transaction is coordinated. */
  async add(claim: TransactionClaim & { readonly clientVersion: number }): Promise<ErrorCode> {
    const at = await this.#coordinatorOf(claim);
    if (at === undefined) return await this.#options.coordinator().add(claim);
    const codes = await this.#ask(claim, { at, verifyOnly: false });
    return codes.find((each) => each !== ErrorCode.NONE) ?? ErrorCode.NONE;
  }

  /** As TransactionMarkers.write, wherever the partitions are led. */
  async write(
    transaction: EndedTransaction,
    partitions: readonly TransactionPartition[],
  ): Promise<MarkedPartition[]> {
    const written = await Promise.all(
      [...Map.groupBy(partitions, (each) => this.#leaderOf(each))].map(([leader, led]) =>
        leader === this.#options.nodeId
          ? this.#options.markers.write(transaction, led)
          : this.#writeAt(leader, transaction, led)
      ),
    );
    return written.flat();
  }

  /** Another broker that coordinates it; undefined: this one does, or nobody can tell. */
  async #coordinatorOf({ transactionalId }: TransactionClaim): Promise<Located | undefined> {
    const located = await this.#options.locate(transactionalId);
    const isElsewhere = typeof located !== "number" && located.nodeId !== this.#options.nodeId;
    return isElsewhere ? located : undefined;
  }

  /** This broker where nobody leads: it says so. */
  #leaderOf({ topic, partition }: TransactionPartition): BrokerId {
    const leader = this.#options.image().topic(topic)?.partitions[partition]?.leader ?? -1;
    return leader < 0 ? this.#options.nodeId : leader;
  }

  async #ask(
    { partitions, ...of }: TransactionClaim,
    { at, verifyOnly }: { readonly at: Located; readonly verifyOnly: boolean },
  ): Promise<ErrorCode[]> {
    const topics = byTopic(partitions).map(([name, ids]) => ({ name, partitions: ids }));
    const { transactionalId, producerId, producerEpoch } = of;
    const transaction = { transactionalId, producerId, producerEpoch, verifyOnly, topics };
    const answer = await this.#options.peers.request(
      at.nodeId,
      (peer) => peer.request(AddPartitionsToTxn, { transactions: [transaction] }),
      at.isStill,
    );
    const results = answer?.resultsByTransaction[0]?.topicResults ?? [];
    return partitions.map(({ topic, partition }) => {
      const found = results.find(({ name }) => name === topic)?.resultsByPartition
        .find(({ partitionIndex }) => partitionIndex === partition);
      return found?.partitionErrorCode ?? ErrorCode.COORDINATOR_NOT_AVAILABLE;
    });
  }

  async #writeAt(
    leader: BrokerId,
    { committed: transactionResult, ...transaction }: EndedTransaction,
    partitions: readonly TransactionPartition[],
  ): Promise<MarkedPartition[]> {
    const topics = byTopic(partitions).map(([name, partitionIndexes]) => {
      return { name, partitionIndexes };
    });
    const answer = await this.#options.peers.request(
      leader,
      (peer) =>
        peer.request(WriteTxnMarkers, { markers: [{ ...transaction, transactionResult, topics }] }),
      () => partitions.some((each) => this.#leaderOf(each) === leader),
    );
    const told = answer?.markers[0]?.topics ?? [];
    return partitions.map((each) => {
      const found = told.find(({ name }) => name === each.topic)?.partitions
        .find(({ partitionIndex }) => partitionIndex === each.partition);
      return { ...each, errorCode: found?.errorCode ?? ErrorCode.NOT_LEADER_OR_FOLLOWER };
    });
  }
}

function byTopic(partitions: readonly TransactionPartition[]): [string, PartitionId[]][] {
  return [...Map.groupBy(partitions, ({ topic }) => topic)]
    .map(([topic, of]) => [topic, of.map(({ partition }) => partition)]);
}
