// OffsetForLeaderEpoch (key 23). Where a leader epoch ends: how replicas and consumers notice that
// they diverged (KIP-101).
//
//   v1    the epoch that the end offset belongs to (KIP-279)
//   v2    current leader epoch, throttle time (KIP-320)
//   v3    replica id; -2 is a consumer that may see beyond the high watermark (KIP-392)
//   v4    flexible (KIP-482)

import {
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

export const OffsetForLeaderEpoch = api({
  key: 23,
  name: "OffsetForLeaderEpoch",
  versions: "0-4",
  flexible: "4+",
  request: {
    replicaId: from(3, defaultsTo(-2, brokerId)),
    topics: array({
      topic: string,
      partitions: array({
        partition: partitionId,
        currentLeaderEpoch: from(2, defaultsTo(-1, leaderEpoch)),
        leaderEpoch,
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
        leaderEpoch: from(1, defaultsTo(-1, leaderEpoch)),
        endOffset: defaultsTo(-1, offset),
      }),
    }),
  },
});

export type OffsetForLeaderEpochRequest = RequestOf<typeof OffsetForLeaderEpoch>;
export type OffsetForLeaderEpochResponse = ResponseOf<typeof OffsetForLeaderEpoch>;
