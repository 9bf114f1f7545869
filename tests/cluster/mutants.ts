// What can be wrong with a cluster: each of these takes one rule away, and the histories must
// notice within so many seeds.
//
// A mutant is the code with other methods for as long as its histories last. Rules that only one
// history in thousands needs are held by tests of their own: that what is proposed for the ISR
// holds the high watermark back, who may join it and by which fetches (led_replicas_test.ts), who
// is elected (partition_state_test.ts), that an answer of etcd which was lost is no refusal
// (tests/etcd/faults_test.ts).

import { PartitionReplication } from "../../src/broker/replication/partition_replication.ts";
import { Partition } from "../../src/broker/logs/partition.ts";
import { TransactionMarkers } from "../../src/broker/transactions/transaction_markers.ts";
import { PartitionLog } from "../../src/log/mod.ts";
import { ProducerState } from "../../src/log/producers/producer_state.ts";
import { wrongGetter, wrongly } from "../harness/wrong_methods.ts";
import type { HistoryOptions } from "./history.ts";

export interface ClusterMutant {
  /** Puts the wrong code in place; returns how to mend it. */
  readonly wrong?: () => () => void;
  /** What its histories have of their own. */
  readonly options?: Partial<HistoryOptions>;
  /** By then it must be found. */
  readonly seedsMax: number;
}

/** By the rule that is gone. */
export const clusterMutants: Readonly<Record<string, ClusterMutant>> = {
  "logs that diverge are not cut": {
    wrong: () =>
      wrongly(PartitionLog, "endOffsetForEpoch", () =>
        function (this: PartitionLog, leaderEpoch) {
          return { leaderEpoch, endOffset: this.logEndOffset };
        }),
    seedsMax: 20,
  },
  "acks=all does not wait for followers": {
    wrong: () =>
      wrongly(PartitionReplication, "acknowledged", () => () => Promise.resolve(undefined)),
    seedsMax: 10,
  },
  "acks=all does not wait for the disk": {
    options: { isSynced: true },
    wrong: () =>
      wrongGetter(PartitionLog, "keptEndOffset", function () {
        return this.logEndOffset;
      }),
    seedsMax: 20,
  },
  "a batch that is repeated is taken for a new one": {
    wrong: () => wrongly(ProducerState, "check", () => () => ({ duplicate: undefined })),
    seedsMax: 10,
  },
  "readers of committed records see what is open": {
    wrong: () =>
      wrongGetter(PartitionLog, "lastStableOffset", function () {
        return this.logEndOffset;
      }),
    seedsMax: 10,
  },
  "one partition of a transaction is told the other end": {
    wrong: () =>
      wrongly(
        TransactionMarkers,
        "write",
        (right) =>
          async function (this: TransactionMarkers, transaction, partitions) {
            const other = { ...transaction, committed: !transaction.committed };
            const first = await right.call(this, other, partitions.slice(0, 1));
            return [...first, ...await right.call(this, transaction, partitions.slice(1))];
          },
      ),
    seedsMax: 10,
  },
  "consumers read to the end of the log": {
    wrong: () =>
      wrongly(Partition, "visibleEnd", () =>
        function (this: Partition) {
          return this.log.logEndOffset;
        }),
    seedsMax: 10,
  },
};
