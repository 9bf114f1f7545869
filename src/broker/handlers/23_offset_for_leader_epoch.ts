// OffsetForLeaderEpoch: where a leader epoch ended, for clients that check whether what they have
// read still is in the log (KIP-320).
//
// Serves: 0-4.
// Behaviour: the largest epoch not above the one asked for, and the offset where the next began;
//   for the current epoch the high watermark. -1 and -1 when the log knows no such epoch.
// Versions: 1 the epoch in the answer; 2 currentLeaderEpoch; 3 replica id; 4 flexible.

import type { LeaderEpoch, PartitionId } from "../../base/ids.ts";
import { ErrorCode, OffsetForLeaderEpoch } from "../../protocol/mod.ts";
import type { Broker } from "../broker.ts";
import { handler } from "../handler.ts";
import { checkLeaderEpoch, endOfEpoch } from "../leader_epoch.ts";
import { Partition } from "../partition.ts";

interface Asked {
  readonly partition: PartitionId;
  readonly currentLeaderEpoch: LeaderEpoch;
  readonly leaderEpoch: LeaderEpoch;
}

export const offsetForLeaderEpoch = handler(OffsetForLeaderEpoch, {
  serves: "0-4",

  handle: (request, { broker }) => ({
    topics: request.topics.map(({ topic, partitions }) => ({
      topic,
      partitions: partitions.map((asked) => answer(broker, topic, asked)),
    })),
  }),
});

function answer(broker: Broker, topic: string, asked: Asked) {
  const { partition } = asked;
  const found = broker.partitions.find(topic, partition);
  if (!(found instanceof Partition)) return { partition, errorCode: found };
  const errorCode = checkLeaderEpoch(found, asked.currentLeaderEpoch);
  if (errorCode !== ErrorCode.NONE) return { partition, errorCode };
  const { leaderEpoch, endOffset } = endOfEpoch(found, asked.leaderEpoch);
  return { partition, errorCode, leaderEpoch, endOffset };
}
