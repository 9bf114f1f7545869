// Which replica a consumer had better read from (KIP-392): one in its own rack, so that its records
// cross no border between racks. The leader is asked first, and names that replica in place of
// records; the follower then gives what is below the high watermark as far as it knows it.
//
// Invariant: who is named is in sync, serves, and has the offset that the consumer asks for.

import type { BrokerId, Offset } from "../../base/ids.ts";
import type { MetadataImage } from "../../cluster/mod.ts";
import type { BrokerConfig } from "../config/mod.ts";
import type { Partition } from "../logs/partition.ts";

/** Whether consumers read from followers, by replica.selector.class. */
export function isReadFromFollowers(config: Pick<BrokerConfig, "get">): boolean {
  return config.get("replica.selector.class")?.endsWith(".RackAwareReplicaSelector") ?? false;
}

/** The replica to read from in the leader's place; undefined: there is none that is nearer. */
export function nearerReplica(
  { replication, log }: Pick<Partition, "replication" | "log">,
  { rack, offset, image, nodeId }: {
    readonly rack: string;
    readonly offset: Offset;
    readonly image: MetadataImage;
    /** This broker. */
    readonly nodeId: BrokerId;
  },
): BrokerId | undefined {
  const led = replication?.led;
  if (led === undefined || rack === "" || image.broker(nodeId)?.rack === rack) return undefined;
  if (offset < log.logStartOffset) return undefined;
  let nearest: { readonly id: BrokerId; readonly logEndOffset: Offset } | undefined;
  for (const { id, logStartOffset, logEndOffset } of led.followers()) {
    const broker = image.broker(id);
    const isThere = broker?.rack === rack && !broker.fenced && led.state.isr.includes(id);
    if (!isThere || offset < logStartOffset || offset > logEndOffset) continue;
    if (nearest === undefined || logEndOffset > nearest.logEndOffset) {
      nearest = { id, logEndOffset };
    }
  }
  return nearest?.id;
}
