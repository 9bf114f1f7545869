// How far logs go at each of their replicas, asked of the brokers that have them where nobody is
// left who surely has everything: of those that live the one that goes furthest lacks the least.
//
//   who decides --OffsetForLeaderEpoch(endOfLog)--> every broker with a replica
//               <-- its latest leader epoch, and where its log ends
//
// Invariant: who has not answered is not among those that were heard.

import type { BrokerId, LeaderEpoch, Offset, PartitionId, Uuid } from "../../base/ids.ts";
import type { Int64 } from "../../base/int64.ts";
import type { HeardReplica, LeaderlessPartition, MetadataImage } from "../../cluster/mod.ts";
import { OffsetForLeaderEpoch } from "../../protocol/mod.ts";
import { ErrorCode } from "../../protocol/mod.ts";
import { endOfLog, endOfLogEpoch } from "../leadership/leader_epoch.ts";
import type { Partitions } from "../logs/partitions.ts";
import type { PeerRequests } from "./peers.ts";

/** Partitions that one request asks about. */
const askedMax = 1_000;

export interface LogEndsOptions {
  /** This broker. */
  readonly nodeId: BrokerId;
  readonly image: () => MetadataImage;
  readonly partitions: Pick<Partitions, "get">;
  readonly peers: PeerRequests;
}

interface Replica {
  readonly topicId: Uuid;
  readonly topic: string;
  readonly partition: PartitionId;
}

export class LogEnds {
  readonly #options: LogEndsOptions;

  constructor(options: LogEndsOptions) {
    this.#options = options;
  }

  /** What each partition's replicas say that can be asked, with their brokers' lives. */
  async of(partitions: readonly LeaderlessPartition[]): Promise<HeardReplica[]> {
    const { image, nodeId } = this.#options;
    const byBroker = new Map<BrokerId, Replica[]>();
    for (const { topic, partition } of partitions) {
      for (const id of partition.replicas) {
        const broker = image().broker(id);
        if (broker === undefined || broker.fenced) continue;
        const asked = byBroker.get(id) ?? [];
        asked.push({ topicId: topic.id, topic: topic.name, partition: partition.id });
        byBroker.set(id, asked);
      }
    }
    const heard = await Promise.all([...byBroker].map(async ([id, replicas]) => {
      const epoch = image().broker(id)?.epoch ?? -1;
      if (id === nodeId) return this.#own(replicas, epoch);
      return await this.#ask({ id, epoch }, replicas);
    }));
    return heard.flat();
  }

  #own(replicas: readonly Replica[], brokerEpoch: Int64): HeardReplica[] {
    const { nodeId, partitions } = this.#options;
    return replicas.flatMap(({ topicId, topic, partition }) => {
      const found = partitions.get(topic, partition);
      if (found === undefined) return [];
      return [{ topicId, partition, brokerId: nodeId, brokerEpoch, ...endOfLog(found) }];
    });
  }

  async #ask(
    { id, epoch: brokerEpoch }: { readonly id: BrokerId; readonly epoch: Int64 },
    replicas: readonly Replica[],
  ): Promise<HeardReplica[]> {
    const { nodeId, peers } = this.#options;
    const heard: HeardReplica[] = [];
    for (let i = 0; i < replicas.length; i += askedMax) {
      const part = replicas.slice(i, i + askedMax);
      const question = {
        replicaId: nodeId,
        topics: [...Map.groupBy(part, ({ topic }) => topic)].map(([topic, of]) => ({
          topic,
          partitions: of.map(({ partition }) => ({ partition, leaderEpoch: endOfLogEpoch })),
        })),
      };
      const answer = await peers.request(
        id,
        (peer) => peer.request(OffsetForLeaderEpoch, question),
      );
      for (const { topic, partitions } of answer?.topics ?? []) {
        for (const { partition, errorCode, leaderEpoch, endOffset } of partitions) {
          const asked = part.find((each) => each.topic === topic && each.partition === partition);
          if (asked === undefined || errorCode !== ErrorCode.NONE) continue;
          const end = endOf(leaderEpoch, endOffset);
          heard.push({ topicId: asked.topicId, partition, brokerId: id, brokerEpoch, ...end });
        }
      }
    }
    return heard;
  }
}

function endOf(leaderEpoch: LeaderEpoch, endOffset: Int64): {
  leaderEpoch: LeaderEpoch;
  endOffset: Offset;
} {
  return { leaderEpoch, endOffset: Number(endOffset) };
}
