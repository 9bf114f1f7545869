// Whether a reader can go on where it says that it stands: the leader epoch that it believes in
// (KIP-320), the epoch of what it read last (KIP-595), and the offset itself.

import type { LeaderEpoch, Offset } from "../../base/ids.ts";
import type { Int64 } from "../../base/int64.ts";
import { ErrorCode } from "../../protocol/mod.ts";
import { checkLeader, endOfEpoch } from "../leadership/leader_epoch.ts";
import type { Partition } from "../logs/partition.ts";
import type { Isolation } from "./purgatory.ts";

/** Where a reader stands. Epochs are -1 where it does not know. */
export interface Position {
  readonly fetchOffset: Int64;
  readonly currentLeaderEpoch: LeaderEpoch;
  readonly lastFetchedEpoch: LeaderEpoch;
}

/** Where the reader's last epoch, or the one before it here, ended. */
export interface DivergingEpoch {
  readonly epoch: LeaderEpoch;
  readonly endOffset: Offset;
}

/** NONE, or why the reader cannot go on; where its log went another way, what to go back to. */
export function checkPosition(
  partition: Partition,
  { fetchOffset, currentLeaderEpoch, lastFetchedEpoch }: Position,
  { isolation, mayFollow = false }: {
    readonly isolation: Isolation;
    /** Whether it may be read where it is not led. */
    readonly mayFollow?: boolean;
  },
): ErrorCode | DivergingEpoch {
  const errorCode = checkLeader(partition, currentLeaderEpoch);
  const isFollower = mayFollow && errorCode === ErrorCode.NOT_LEADER_OR_FOLLOWER;
  if (errorCode !== ErrorCode.NONE && !isFollower) return errorCode;
  const { log, highWatermark } = partition;
  if (lastFetchedEpoch >= 0) {
    const { leaderEpoch: epoch, endOffset } = endOfEpoch(partition, lastFetchedEpoch);
    if (epoch < 0 || endOffset < 0) return ErrorCode.OFFSET_OUT_OF_RANGE;
    if (epoch !== lastFetchedEpoch || endOffset < fetchOffset) return { epoch, endOffset };
  }
  const { logStartOffset, logEndOffset } = log;
  const end = isolation === "logEnd" ? logEndOffset : highWatermark;
  if (fetchOffset >= logStartOffset && fetchOffset <= end) return ErrorCode.NONE;
  // What a follower has not heard of yet is no reason to look for another offset (KIP-392).
  if (isFollower && fetchOffset > end) return ErrorCode.OFFSET_NOT_AVAILABLE;
  // The reader may have been there already, with an earlier leader (KIP-207).
  const isToCome = fetchOffset > end && fetchOffset <= logEndOffset && !partition.isEndKnown;
  return isToCome ? ErrorCode.OFFSET_NOT_AVAILABLE : ErrorCode.OFFSET_OUT_OF_RANGE;
}
