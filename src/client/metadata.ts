// What the client knows of the cluster: brokers, and for each topic its partitions and their
// leaders. Plain values, replaced as a whole by each Metadata answer.

import type { BrokerId, LeaderEpoch, PartitionId, Uuid } from "../base/ids.ts";
import type { Metadata, ResponseOf } from "../protocol/mod.ts";

export interface BrokerMetadata {
  readonly id: BrokerId;
  readonly host: string;
  readonly port: number;
  readonly rack: string | null;
}

export interface PartitionMetadata {
  readonly partition: PartitionId;
  /** -1 while there is none. */
  readonly leader: BrokerId;
  readonly leaderEpoch: LeaderEpoch;
  readonly replicas: readonly BrokerId[];
  readonly isr: readonly BrokerId[];
}

export interface TopicMetadata {
  readonly name: string;
  readonly id: Uuid;
  /** Whether it is one of Kafka's own, such as `__consumer_offsets`. */
  readonly isInternal: boolean;
  /** Kafka's error code for the topic; 0 when it is well. */
  readonly errorCode: number;
  /** By partition index. */
  readonly partitions: readonly PartitionMetadata[];
}

export interface ClusterMetadata {
  readonly clusterId: string | null;
  readonly controller: BrokerId;
  readonly brokers: readonly BrokerMetadata[];
  readonly topics: readonly TopicMetadata[];
}

/** Reads a Metadata answer. */
export function clusterMetadata(answer: ResponseOf<typeof Metadata>): ClusterMetadata {
  return {
    clusterId: answer.clusterId,
    controller: answer.controllerId,
    brokers: answer.brokers.map(({ nodeId, host, port, rack }) => ({
      id: nodeId,
      host,
      port,
      rack,
    })),
    topics: answer.topics.map((topic) => ({
      name: topic.name ?? "",
      id: topic.topicId,
      isInternal: topic.isInternal,
      errorCode: topic.errorCode,
      partitions: topic.partitions
        .map((each) => ({
          partition: each.partitionIndex,
          leader: each.leaderId,
          leaderEpoch: each.leaderEpoch,
          replicas: each.replicaNodes,
          isr: each.isrNodes,
        }))
        .sort((a, b) => a.partition - b.partition),
    })),
  };
}
