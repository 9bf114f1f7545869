// OffsetForLeaderEpoch (key 23). Where a leader epoch ends: how replicas and consumers notice that
// they diverged (KIP-101).
//
//   v1    the epoch that the end offset belongs to (KIP-279)
//   v2    current leader epoch, throttle time (KIP-320)
//   v3    replica id; -2 is a consumer that may see beyond the high watermark (KIP-392)
//   v4    flexible (KIP-482)

import {
  about,
  api,
  array,
  brokerId,
  defaultsTo,
  errorCode,
  from,
  int32,
  leaderEpoch,
  offset,
  partitionId,
  type RequestOf,
  type ResponseOf,
  string,
} from "../schema.ts";
import { leaderEpochErrors, leaderErrors, topicAccess } from "../shared_errors.ts";

export const OffsetForLeaderEpoch = api({
  key: 23,
  name: "OffsetForLeaderEpoch",
  versions: "0-4",
  flexible: "4+",
  about: "Tells where a leader epoch ends: how replicas and consumers notice that they diverged.",
  errors: { partitions: { ...topicAccess, ...leaderErrors, ...leaderEpochErrors } },
  request: {
    replicaId: about("The follower that asks; -1 is a consumer", from(3, defaultsTo(-2, brokerId))),
    topics: array({
      topic: string,
      partitions: array({
        partition: partitionId,
        currentLeaderEpoch: about(
          "The epoch that the reader believes in; -1 leaves it unchecked",
          from(2, defaultsTo(-1, leaderEpoch)),
        ),
        leaderEpoch: about("The epoch that is asked for", leaderEpoch),
      }),
    }),
  },
  response: {
    throttleTimeMs: from(2, int32),
    topics: array({
      topic: string,
      partitions: array({
        errorCode,
        partition: partitionId,
        leaderEpoch: about(
          "The largest epoch up to it that the log has; -1 is none",
          from(1, defaultsTo(-1, leaderEpoch)),
        ),
        endOffset: about("Where that epoch ends; -1 is unknown", defaultsTo(-1, offset)),
      }),
    }),
  },
});

export type OffsetForLeaderEpochRequest = RequestOf<typeof OffsetForLeaderEpoch>;
export type OffsetForLeaderEpochResponse = ResponseOf<typeof OffsetForLeaderEpoch>;
