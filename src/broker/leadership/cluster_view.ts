// The cluster as a client sees it that came in by one listener: which brokers it can reach, where,
// and which of them lead partitions.
//
//   image: brokers --unfenced, with an endpoint of the listener's name--> those that are told of
//          partitions --whose leader is among those------------------> leaders that are told of
//
// Invariant: all of it comes from the metadata image; only the address of this broker itself is
// that of its listener, which may be the very one that the client has reached.

import type { BrokerId } from "../../base/ids.ts";
import type { BrokerImage, PartitionImage } from "../../cluster/mod.ts";
import { ErrorCode } from "../../protocol/mod.ts";
import type { SessionListener } from "../network/session.ts";
import type { Services } from "../services.ts";

/** A broker as a client can reach it. */
export interface BrokerAddress {
  readonly nodeId: BrokerId;
  readonly host: string;
  readonly port: number;
  readonly rack: string | null;
  /** Shut out for now: it leads nothing. */
  readonly isFenced: boolean;
}

/** What is told of a partition's leader. */
export interface LeaderView {
  readonly errorCode: ErrorCode;
  /** -1 where there is none, or the client cannot reach it. */
  readonly leaderId: BrokerId;
  /** Replicas on brokers that are away, and on disks of this one that have failed. */
  readonly offlineReplicas: readonly BrokerId[];
}

type Seen = Pick<Services, "nodeId" | "metadata">;

export class ClusterView {
  readonly #nodeId: BrokerId;
  readonly #all = new Map<BrokerId, BrokerAddress | undefined>();

  /** As clients of `listener` see it at this moment. */
  constructor({ nodeId, metadata }: Seen, listener: SessionListener) {
    this.#nodeId = nodeId;
    for (const broker of metadata.image.brokers()) {
      this.#all.set(broker.id, addressOf(broker, { isSelf: broker.id === nodeId, listener }));
    }
  }

  /** The brokers that can be reached, by id; `fenced`: those that are shut out, too. */
  brokers({ fenced }: { readonly fenced: boolean } = { fenced: false }): BrokerAddress[] {
    return [...this.#all.values()].filter((each): each is BrokerAddress =>
      each !== undefined && (fenced || !each.isFenced)
    );
  }

  /** One that serves and can be reached. */
  broker(id: BrokerId): BrokerAddress | undefined {
    const found = this.#all.get(id);
    return found?.isFenced === false ? found : undefined;
  }

  /** Who leads a partition. `isOffline`: this broker's log of it is on a disk that has failed. */
  leaderOf(partition: PartitionImage, isOffline: boolean): LeaderView {
    const { leader, replicas } = partition;
    const isAway = (id: BrokerId) =>
      id === this.#nodeId ? isOffline : this.#all.get(id)?.isFenced ?? true;
    const offlineReplicas = replicas.filter(isAway);
    const isReached = this.broker(leader) !== undefined && !isAway(leader);
    if (isReached) return { errorCode: ErrorCode.NONE, leaderId: leader, offlineReplicas };
    return { errorCode: ErrorCode.LEADER_NOT_AVAILABLE, leaderId: -1, offlineReplicas };
  }
}

/** Where a broker is for clients of `listener`; undefined where it has no such listener. */
function addressOf(
  { id: nodeId, endPoints, rack, fenced: isFenced }: BrokerImage,
  { isSelf, listener }: { readonly isSelf: boolean; readonly listener: SessionListener },
): BrokerAddress | undefined {
  const at = isSelf ? listener.advertised : endPoints.find(({ name }) => name === listener.name);
  return at && { nodeId, host: at.host, port: at.port, rack, isFenced };
}
