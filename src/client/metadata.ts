// What the client knows of the cluster: brokers, and for each topic its partitions and their
// leaders. Plain values, replaced as a whole by each Metadata answer.

import type { BrokerId, LeaderEpoch, PartitionId, Uuid } from "../base/ids.ts";
import type { Metadata, ResponseOf } from "../protocol/mod.ts";

/** A broker as clients reach it. */
export interface BrokerMetadata {
  /** Its node id. */
  readonly id: BrokerId;
  /** The name or address that it is dialled by. */
  readonly host: string;
  /** The TCP port. */
  readonly port: number;
  /** Where it stands, if it says so. */
  readonly rack: string | null;
}

/** A partition and who serves it. */
export interface PartitionMetadata {
  /** Its index in the topic, from 0. */
  readonly partition: PartitionId;
  /** -1 while there is none. */
  readonly leader: BrokerId;
  /** The term of the leader; -1 where the broker does not tell. */
  readonly leaderEpoch: LeaderEpoch;
  /** The brokers that are to hold it. */
  readonly replicas: readonly BrokerId[];
  /** Those of them that have all that was acknowledged. */
  readonly isr: readonly BrokerId[];
}

/** A topic and its partitions. */
export interface TopicMetadata {
  /** Its name. */
  readonly name: string;
  /** Its id, which no later topic of the same name shares. */
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

/**
 * The topic as `answer` has it, but for partitions of which a later leader is known: the broker
 * that was asked may be behind.
 */
export function newest(answer: TopicMetadata, known: TopicMetadata | undefined): TopicMetadata {
  if (known === undefined || known.id !== answer.id) return answer;
  const isBehind = ({ partition, leaderEpoch }: PartitionMetadata) =>
    leaderEpoch < (known.partitions[partition]?.leaderEpoch ?? -1);
  if (!answer.partitions.some(isBehind)) return answer;
  const partitions = answer.partitions.map((each) =>
    isBehind(each) ? known.partitions[each.partition] ?? each : each
  );
  return { ...answer, partitions };
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
