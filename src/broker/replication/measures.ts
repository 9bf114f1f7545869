// What there is to measure of replication, for metrics: what has happened, which is counted, and
// how things stand, which is read off the metadata and the partitions when somebody asks.
//
//   led by this broker     in sync or not, enough of them or not, how far followers are behind
//   known to each broker   who leads, which brokers serve: told by the controller, so that the sum
//                          over all brokers is right

import type { BrokerId } from "../../base/ids.ts";
import {
  type MetadataChange,
  type MetadataImage,
  minInSyncReplicas,
  type PartitionImage,
} from "../../cluster/mod.ts";
import type { Partition } from "../logs/partition.ts";

/** What has happened since the start. */
export class ReplicationCounters {
  /** Changes of the ISR of what this broker leads, by who has joined and who has left. */
  isrExpands = 0;
  isrShrinks = 0;
  /** Times that this broker came to lead a partition; of those, without all records. */
  elections = 0;
  uncleanElections = 0;
  /** Bytes of batches that were copied from leaders. */
  copiedBytes = 0;
  /** Fetches from leaders that came to nothing. */
  failedFetches = 0;
  /** Logs that were cut back to their leader's; of those, below what consumers may have seen. */
  cuts = 0;
  losses = 0;

  /** The metadata has changed, as broker `nodeId` sees it. */
  note(changes: readonly MetadataChange[], nodeId: BrokerId): void {
    for (const change of changes) {
      if (change.type !== "partitionChanged") continue;
      const { partition, previous } = change;
      if (previous === undefined || partition.leader !== nodeId) continue;
      if (hasMore(partition.isr, previous.isr)) this.isrExpands++;
      if (hasMore(previous.isr, partition.isr)) this.isrShrinks++;
      if (partition.leaderEpoch === previous.leaderEpoch) continue;
      if (previous.leader !== nodeId) this.elections++;
      if (partition.recovering && !previous.recovering) this.uncleanElections++;
    }
  }
}

function hasMore(ids: readonly BrokerId[], others: readonly BrokerId[]): boolean {
  return ids.some((id) => !others.includes(id));
}

/** How things stand. */
export interface ReplicationMeasures {
  /** Of partitions with several replicas or one. */
  readonly led: number;
  readonly underReplicated: number;
  readonly underMinIsr: number;
  readonly atMinIsr: number;
  readonly reassigning: number;
  /** Led elsewhere, though this broker is the first of their replicas. */
  readonly notPreferred: number;
  /** Records by which the slowest replica at each follower is behind. */
  readonly lagByFollower: ReadonlyMap<BrokerId, number>;
  /** Whether this broker's life is over as others see it. */
  readonly isFenced: boolean;
  /** Of the whole cluster; undefined where another broker is the controller. */
  readonly cluster: ClusterMeasures | undefined;
}

export interface ClusterMeasures {
  readonly withoutLeader: number;
  readonly active: number;
  readonly fenced: number;
}

/** Everything at once: a pass over all partitions. */
export function measure(
  { image, nodeId, isController, partitions }: {
    readonly image: MetadataImage;
    readonly nodeId: BrokerId;
    readonly isController: boolean;
    readonly partitions: Iterable<Partition>;
  },
): ReplicationMeasures {
  const counts = {
    led: 0,
    underReplicated: 0,
    underMinIsr: 0,
    atMinIsr: 0,
    reassigning: 0,
    notPreferred: 0,
  };
  let withoutLeader = 0;
  for (const topic of image.topics()) {
    const minIsr = minInSyncReplicas(image, topic.name);
    for (const partition of topic.partitions) {
      const { leader, replicas, isr } = partition;
      if (leader < 0) withoutLeader++;
      if (leader !== nodeId) {
        if (replicas[0] === nodeId) counts.notPreferred++;
        continue;
      }
      const enough = Math.min(minIsr, replicas.length);
      counts.led++;
      if (isr.length < wantedOf(partition)) counts.underReplicated++;
      if (isr.length < enough) counts.underMinIsr++;
      if (isr.length === enough) counts.atMinIsr++;
      if (partition.addingReplicas.length + partition.removingReplicas.length > 0) {
        counts.reassigning++;
      }
    }
  }
  const brokers = image.brokers();
  const fenced = brokers.filter((each) => each.fenced).length;
  return {
    ...counts,
    lagByFollower: lagOf(partitions),
    isFenced: image.broker(nodeId)?.fenced ?? true,
    cluster: isController ? { withoutLeader, fenced, active: brokers.length - fenced } : undefined,
  };
}

/** Replicas that should be in sync: what a move of replicas adds is not there yet. */
function wantedOf({ replicas, addingReplicas }: PartitionImage): number {
  return replicas.length - addingReplicas.length;
}

function lagOf(partitions: Iterable<Partition>): Map<BrokerId, number> {
  const lags = new Map<BrokerId, number>();
  for (const { log, replication } of partitions) {
    for (const { id, logEndOffset } of replication?.led?.followers() ?? []) {
      const lag = log.logEndOffset - Math.max(logEndOffset, log.logStartOffset);
      lags.set(id, Math.max(lags.get(id) ?? 0, lag));
    }
  }
  return lags;
}
