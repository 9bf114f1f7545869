// OffsetForLeaderEpoch: where a leader epoch ended, for clients that check whether what they have
// read still is in the log (KIP-320).
//
// Serves: 0-4.
// Behaviour: the largest epoch not above the one asked for, and the offset where the next began;
//   for the current epoch the high watermark. -1 and -1 when the log knows no such epoch. To a
//   broker of its cluster that asks for the last epoch of all: where the log ends here, whoever
//   leads.
// Versions: 1 the epoch in the answer; 2 currentLeaderEpoch; 3 replica id; 4 flexible.

import type { LeaderEpoch, PartitionId } from "../../base/ids.ts";
import { mapSliced } from "../../base/pieces.ts";
import { ErrorCode, OffsetForLeaderEpoch } from "../../protocol/mod.ts";
import { needs, theCluster } from "../access/authorizer.ts";
import { handler, type RequestContext } from "../handler.ts";
import { checkLeader, endOfEpoch, endOfLog, endOfLogEpoch } from "../leadership/leader_epoch.ts";
import { Partition } from "../logs/partition.ts";

interface Asked {
  readonly partition: PartitionId;
  readonly currentLeaderEpoch: LeaderEpoch;
  readonly leaderEpoch: LeaderEpoch;
  /** Whether it is a broker that asks. */
  readonly ofBroker: boolean;
}

type Context = RequestContext<"partitions" | "replication" | "slices">;

export const offsetForLeaderEpoch = handler(OffsetForLeaderEpoch, {
  serves: "0-4",
  authorise: [needs("topic describe", { or: "cluster clusterAction" })],

  async handle(request, { services, may }: Context) {
    const { slices } = services;
    const { replicaId } = request;
    const mayAll = may("clusterAction", theCluster);
    const isOfBroker = mayAll && replicaId >= 0 && services.replication !== undefined;
    const topics = await mapSliced(request.topics, slices, async ({ topic, partitions }) => {
      const isAllowed = mayAll || may("describe", { type: "topic", name: topic });
      const answers = await mapSliced(
        partitions,
        slices,
        (asked) =>
          isAllowed ? answer(services, topic, { ...asked, ofBroker: isOfBroker }) : {
            partition: asked.partition,
            errorCode: ErrorCode.TOPIC_AUTHORIZATION_FAILED,
          },
      );
      return { topic, partitions: answers };
    });
    return { topics };
  },
});

function answer(services: Context["services"], topic: string, asked: Asked) {
  const { partition } = asked;
  const found = services.partitions.find(topic, partition);
  if (!(found instanceof Partition)) return { partition, errorCode: found };
  if (asked.ofBroker && asked.leaderEpoch === endOfLogEpoch) {
    return { partition, errorCode: ErrorCode.NONE, ...endOfLog(found) };
  }
  const errorCode = checkLeader(found, asked.currentLeaderEpoch);
  if (errorCode !== ErrorCode.NONE) return { partition, errorCode };
  const { leaderEpoch, endOffset } = endOfEpoch(found, asked.leaderEpoch);
  return { partition, errorCode, leaderEpoch, endOffset };
}
