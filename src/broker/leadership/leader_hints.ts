// Who leads a partition that this broker does not lead, told with the refusal (KIP-951), so that
// the client goes there without asking anybody first.

import {
  type BrokerId,
  type LeaderEpoch,
  type PartitionId,
  type Uuid,
  ZERO_UUID,
} from "../../base/ids.ts";
import { ErrorCode } from "../../protocol/mod.ts";
import { ClusterView } from "./cluster_view.ts";
import type { SessionListener } from "../network/session.ts";
import type { Services } from "../services.ts";

type Seen = Pick<Services, "nodeId" | "metadata">;

/** A topic as a request names it: by its name, or by its id. */
interface AskedTopic {
  readonly name?: string;
  readonly topicId?: Uuid;
}

interface LeaderIdAndEpoch {
  readonly leaderId: BrokerId;
  readonly leaderEpoch: LeaderEpoch;
}

/** Whether a refusal with this code is a matter of who leads. */
export function isAboutLeader(errorCode: ErrorCode): boolean {
  return errorCode === ErrorCode.NOT_LEADER_OR_FOLLOWER ||
    errorCode === ErrorCode.FENCED_LEADER_EPOCH;
}

/** The leaders that one answer names. */
export class LeaderHints {
  readonly #services: Seen;
  readonly #listener: SessionListener;
  readonly #named = new Set<BrokerId>();

  constructor(services: Seen, listener: SessionListener) {
    this.#services = services;
    this.#listener = listener;
  }

  /** Who leads, as the image says; undefined where it knows no such partition, or nobody leads. */
  leaderOf(of: AskedTopic, partition: PartitionId): LeaderIdAndEpoch | undefined {
    const { image } = this.#services.metadata;
    const { name = "", topicId = ZERO_UUID } = of;
    const topic = name === "" ? image.topicById(topicId) : image.topic(name);
    const led = topic?.partitions[partition];
    if (led === undefined || led.leader < 0) return undefined;
    this.#named.add(led.leader);
    return { leaderId: led.leader, leaderEpoch: led.leaderEpoch };
  }

  /** The addresses of those that were named, at the client's listener. */
  get nodeEndpoints() {
    const view = new ClusterView(this.#services, this.#listener);
    return [...this.#named].flatMap((id) => {
      const found = view.broker(id);
      return found ? [{ nodeId: id, host: found.host, port: found.port, rack: found.rack }] : [];
    });
  }
}
