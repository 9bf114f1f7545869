// The fence of KIP-320: a client names the leader epoch that it believes in, and a broker whose
// epoch differs says which of the two is behind. -1 means that the client does not know, and
// passes.

import type { LeaderEpoch } from "../base/ids.ts";
import { ErrorCode } from "../protocol/mod.ts";
import type { Partition } from "./partition.ts";

/** NONE, FENCED_LEADER_EPOCH (the client is behind) or UNKNOWN_LEADER_EPOCH (we are). */
export function checkLeaderEpoch(partition: Partition, claimed: LeaderEpoch): ErrorCode {
  if (claimed < 0 || claimed === partition.leaderEpoch) return ErrorCode.NONE;
  return claimed < partition.leaderEpoch
    ? ErrorCode.FENCED_LEADER_EPOCH
    : ErrorCode.UNKNOWN_LEADER_EPOCH;
}
