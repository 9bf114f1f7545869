// Bounds on how fast replicas are copied, so that a move of them leaves room for clients (KIP-73):
// one for what this broker gives as a leader, one for what it takes as a follower.
//
//   leader.replication.throttled.rate       of a broker: bytes per second
//   leader.replication.throttled.replicas   of a topic: "*", or PARTITION:BROKER, with commas
//
// Who is in sync is never held back, so that acks=all does not wait for a move. Which replicas are
// bounded and how fast is read off the configuration each time: it may change at any moment.

import type { BrokerId, PartitionId } from "../../base/ids.ts";
import type { MetadataImage } from "../../cluster/mod.ts";
import type { BrokerConfig } from "../config/mod.ts";
import { type RateWindows, SampledRate } from "../limits/quota_rate.ts";

/** How fast, of a broker; of which replicas, by topic. */
const keys = {
  leader: {
    rate: "leader.replication.throttled.rate",
    replicas: "leader.replication.throttled.replicas",
  },
  follower: {
    rate: "follower.replication.throttled.rate",
    replicas: "follower.replication.throttled.replicas",
  },
} as const;

/** One replica, whose bytes are counted. */
interface Copied {
  readonly topic: string;
  readonly id: PartitionId;
}

export interface ReplicationThrottleOptions {
  readonly role: "leader" | "follower";
  /** This broker. */
  readonly nodeId: BrokerId;
  readonly config: Pick<BrokerConfig, "get">;
  readonly image: () => Pick<MetadataImage, "topic" | "topicConfigs">;
  readonly monotonic: () => number;
}

/** What is copied in one role. */
export class ReplicationThrottle {
  readonly #options: ReplicationThrottleOptions;
  readonly #rate: SampledRate;

  constructor(options: ReplicationThrottleOptions) {
    this.#options = options;
    this.#rate = new SampledRate(windowsOf(options.config), options.monotonic());
  }

  /** So many bytes of a partition were copied. */
  note(copied: Copied, bytes: number): void {
    if (bytes > 0 && this.#isBounded(copied)) this.#rate.add(bytes, this.#options.monotonic());
  }

  /** Whether no more of a partition is to be copied for now, by the replica at `follower`. */
  holds(copied: Copied, follower: BrokerId): boolean {
    const { role, config, image, monotonic } = this.#options;
    if (!this.#isBounded(copied)) return false;
    const isr = image().topic(copied.topic)?.partitions[copied.id]?.isr ?? [];
    const rateMax = config.get(keys[role].rate);
    return !isr.includes(follower) && this.#rate.excessMs(rateMax, monotonic()) > 0;
  }

  #isBounded({ topic, id }: Copied): boolean {
    const { role, nodeId, image } = this.#options;
    const text = image().topicConfigs(topic).get(keys[role].replicas);
    if (text === undefined || text === "") return false;
    return text === "*" || text.split(",").includes(`${id}:${nodeId}`);
  }
}

function windowsOf(config: Pick<BrokerConfig, "get">): RateWindows {
  return {
    count: config.get("replication.quota.window.num"),
    ms: config.get("replication.quota.window.size.seconds") * 1000,
  };
}
