// The fence of KIP-320: a client names the leader epoch that it believes in, and a broker whose
// epoch differs says which of the two is behind. -1 means that the client does not know, and
// passes.

import type { LeaderEpoch } from "../base/ids.ts";
import type { EpochEnd } from "../log/mod.ts";
import { ErrorCode } from "../protocol/mod.ts";
import type { Partition } from "./partition.ts";

/** NONE, FENCED_LEADER_EPOCH (the client is behind) or UNKNOWN_LEADER_EPOCH (we are). */
export function checkLeaderEpoch(partition: Partition, claimed: LeaderEpoch): ErrorCode {
  if (claimed < 0 || claimed === partition.leaderEpoch) return ErrorCode.NONE;
  return claimed < partition.leaderEpoch
    ? ErrorCode.FENCED_LEADER_EPOCH
    : ErrorCode.UNKNOWN_LEADER_EPOCH;
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
