// Whether this broker is the one to ask about a partition. The fence of KIP-320: a client names the
// leader epoch that it believes in, and a broker whose epoch differs says which of the two is
// behind. -1 means that the client does not know, and passes. Who then still asks a broker that
// does not lead is told that, as in Kafka.

import type { LeaderEpoch } from "../../base/ids.ts";
import type { EpochEnd } from "../../log/mod.ts";
import { ErrorCode } from "../../protocol/mod.ts";
import type { Partition } from "../logs/partition.ts";

/**
 * NONE; FENCED_LEADER_EPOCH (the client is behind) or UNKNOWN_LEADER_EPOCH (we are);
 * NOT_LEADER_OR_FOLLOWER.
 */
export function checkLeader(partition: Partition, claimed: LeaderEpoch = -1): ErrorCode {
  if (claimed < 0 || claimed === partition.leaderEpoch) {
    return partition.isLeader ? ErrorCode.NONE : ErrorCode.NOT_LEADER_OR_FOLLOWER;
  }
  return claimed < partition.leaderEpoch
    ? ErrorCode.FENCED_LEADER_EPOCH
    : ErrorCode.UNKNOWN_LEADER_EPOCH;
}

/** After every epoch that there is: a broker that asks for it asks where the log ends. */
export const endOfLogEpoch: LeaderEpoch = 0x7fff_ffff;

/** The latest leader epoch in a partition's log, -1 in an empty one, and where the log ends. */
export function endOfLog({ log }: Partition): EpochEnd {
  const { logEndOffset: endOffset } = log;
  return { leaderEpoch: log.epochOfOffset(endOffset) ?? -1, endOffset };
}

/**
 * Where `epoch` ended in a partition's log; both -1 when that is not known. An epoch begins when
 * somebody leads in it: one in which nothing was written begins, and ends, where the log does.
 */
export function endOfEpoch({ log, leaderEpoch }: Partition, epoch: LeaderEpoch): EpochEnd {
  const { logEndOffset } = log;
  if (epoch === leaderEpoch) return { leaderEpoch: epoch, endOffset: logEndOffset };
  const known = log.endOffsetForEpoch(epoch);
  if (known.leaderEpoch >= 0 || epoch < 0 || epoch > leaderEpoch) return known;
  return { leaderEpoch: log.epochOfOffset(logEndOffset) ?? epoch, endOffset: logEndOffset };
}
