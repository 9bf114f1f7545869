// What can be wrong with a cluster: each of these takes one rule away, and the histories must
// notice within so many seeds.
//
// A mutant is the code with other methods, or with another way to its metadata, for as long as its
// histories last. Rules that are here in vain, since another one holds what they hold:
//
//   the epoch of a leader's life is compared   a registration takes its broker out of what it leads
//                                              in the same change: only without both is it noticed
//   who may have lost its lease                what a coordinator answers waits for what it has
//   coordinates no more                        appended, and that for those in sync
//
// That a broker without a lease does not speak for itself (PartitionReplication.doubt) no sender of
// acks=all can notice either: self_fencing_test.ts holds it.

import { LedReplicas } from "../../src/broker/replication/led_replicas.ts";
import { PartitionReplication } from "../../src/broker/replication/partition_replication.ts";
import { FullDirectories } from "../../src/broker/metadata/full_directories.ts";
import { LedSharePartition } from "../../src/broker/share/led_share_partition.ts";
import { SharePartition } from "../../src/broker/share/share_partition.ts";
import { ErrorCode } from "../../src/protocol/mod.ts";
import { Partition } from "../../src/broker/logs/partition.ts";
import { Partitions } from "../../src/broker/logs/partitions.ts";
import { Storage } from "../../src/broker/logs/storage.ts";
import { Strays } from "../../src/broker/logs/strays.ts";
import { TransactionMarkers } from "../../src/broker/transactions/transaction_markers.ts";
import { PartitionLog } from "../../src/log/mod.ts";
import { ProducerState } from "../../src/log/producers/producer_state.ts";
import { EtcdClient } from "../../src/etcd/mod.ts";
import { wrongGetter, wrongly } from "../harness/wrong_methods.ts";
import type { HistoryOptions } from "./cast.ts";
import { believingCopies, eligibleStill, registrationsAlone, rolledBack } from "./wrong_homes.ts";

export interface ClusterMutant {
  /** Puts the wrong code in place; returns how to mend it. */
  readonly wrong?: () => () => void;
  /** What its histories have of their own. */
  readonly options?: Partial<HistoryOptions>;
  /** Troubles that its rule is there for: with them alone it is noticed soonest. */
  readonly aim?: HistoryOptions["kinds"];
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
    aim: ["loses power"],
    options: { isSynced: true },
    wrong: () =>
      wrongGetter(PartitionLog, "keptEndOffset", function () {
        return this.logEndOffset;
      }),
    seedsMax: 60,
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
  "who registers leads on what it led before": {
    aim: ["loses power, and its successor dies"],
    options: { isSynced: false, storeOf: registrationsAlone },
    wrong: () =>
      wrongly(Partition, "follow", (right) =>
        function (this: Partition, leaderEpoch, state) {
          const isOwn = this.dataFolder === `/broker-${state?.leader}`;
          return isOwn ? this.lead(leaderEpoch, state) : right.call(this, leaderEpoch, state);
        }),
    seedsMax: 500,
  },
  "what was lost with the power is not missed": {
    aim: ["loses power, and its successor dies"],
    options: { isSynced: false },
    wrong: () => wrongGetter(Storage, "mayHaveLostWrites", () => false),
    seedsMax: 500,
  },
  "the high watermark moves while too few are in sync": {
    aim: ["is left alone, and dies"],
    wrong: () => wrongly(LedReplicas, "isIsrEnough", () => () => true),
    seedsMax: 500,
  },
  "an ISR that is asked for does not count": {
    aim: ["does not hear that its ISR has grown"],
    wrong: () => wrongly(LedReplicas, "propose", () => () => {}),
    seedsMax: 6_000,
  },
  "who joins may lack what was there as the epoch began": {
    aim: ["leads with an old end, and dies as its ISR grows"],
    wrong: () =>
      wrongly(LedReplicas, "expansion", (right) =>
        function (this: LedReplicas, id, terms) {
          const { epochStartOffset } = this;
          Object.assign(this, { epochStartOffset: 0 });
          const isr = right.call(this, id, terms);
          Object.assign(this, { epochStartOffset });
          return isr;
        }),
    seedsMax: 8_000,
  },
  "a fetch counts for every later life of a broker": {
    aim: ["is joined by who loses power"],
    options: { isSynced: false },
    wrong: () =>
      wrongly(LedReplicas, "noteFetch", (right) =>
        function (this: LedReplicas, id, fetch) {
          return right.call(this, id, { ...fetch, brokerEpoch: -1 });
        }),
    seedsMax: 6_000,
  },
  "what is not answered has not happened": {
    aim: ["does not hear that its ISR has grown"],
    options: { storeOf: rolledBack },
    seedsMax: 6_000,
  },
  "who was eligible stays so when fewer have to be in sync": {
    aim: ["goes on with fewer, and dies"],
    options: { storeOf: eligibleStill },
    seedsMax: 500,
  },
  "who lacks records may lead": {
    aim: ["dies, and leaves who fell behind"],
    options: { settings: { "unclean.leader.election.enable": "true" } },
    seedsMax: 500,
  },
  "a topic that is made anew goes on with the log of the one before": {
    aim: ["has a topic deleted and made anew"],
    wrong: () => wrongly(Partitions, "topicId", () => () => undefined),
    seedsMax: 60,
  },
  "what is left of a topic is in the way of the next one": {
    aim: ["has a topic deleted and made anew", "is killed", "loses power"],
    options: { healMs: 60_000 },
    wrong: () => wrongly(Strays, "setOtherAside", () => () => Promise.resolve(false)),
    seedsMax: 500,
  },
  "what was on a disk that is replaced is not missed": {
    aim: ["has a disk of several that fails", "is killed"],
    options: { hasDisks: true, healMs: 60_000 },
    wrong: () => {
      const mends = [
        wrongly(Storage, "hasLost", () => () => false),
        wrongly(Storage, "hasFolder", () => () => true),
      ];
      return () => mends.forEach((mend) => mend());
    },
    seedsMax: 500,
  },
  "who leads goes on leading with a full disk": {
    aim: ["has a full disk"],
    wrong: () => wrongly(FullDirectories, "look", () => () => []),
    seedsMax: 100,
  },
  "an older copy of a disk is taken for the disk": {
    aim: ["has its disk put back as it was"],
    options: { home: "etcd", storeOf: believingCopies },
    seedsMax: 500,
  },
  "an end that is older than another was is told": {
    wrong: () => wrongGetter(PartitionReplication, "isEndKnown", () => true),
    seedsMax: 500,
  },
  "what a member says of a record is answered before it is stored": {
    aim: ["is killed"],
    options: { isShared: true },
    wrong: () =>
      wrongly(
        LedSharePartition,
        "acknowledge",
        (right) =>
          async function (this: LedSharePartition, said) {
            // What it comes to nobody is told.
            right.call(this, said).catch(() => {});
            return await Promise.resolve(ErrorCode.NONE);
          },
      ),
    seedsMax: 60,
  },
  "what is done with before others is not stored": {
    aim: ["is killed"],
    options: { isShared: true },
    wrong: () =>
      wrongly(SharePartition, "beginWrite", (right) =>
        function (this: SharePartition) {
          const write = right.call(this);
          return write && { ...write, stateBatches: [] };
        }),
    seedsMax: 60,
  },
  "a share partition starts behind what nobody was given": {
    options: { isShared: true },
    wrong: () =>
      wrongly(SharePartition, "beginWrite", (right) =>
        function (this: SharePartition) {
          const write = right.call(this);
          return write && { ...write, startOffset: write.startOffset + 1 };
        }),
    seedsMax: 20,
  },
  "changes of the metadata are compared with nothing": {
    options: { home: "etcd" },
    wrong: () =>
      wrongly(EtcdClient, "settle", (right) =>
        function (this: EtcdClient, transaction, onRepeat) {
          return right.call(this, { ...transaction, compare: [] }, onRepeat);
        }),
    seedsMax: 100,
  },
};
