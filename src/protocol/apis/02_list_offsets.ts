// ListOffsets (key 2). The offset that belongs to a timestamp, or to a place in the log that a
// negative timestamp names.
//
// -1 latest, -2 earliest, -3 the record with the largest timestamp (v7), -4 earliest on local disk
// (v8), -5 latest in tiered storage (v9), -6 earliest still to be uploaded (v11).
//
//   v0    starts of segments older than the timestamp, as a list
//   v1    one offset with its timestamp (KIP-79)
//   v2    isolation level, throttle time (KIP-98)
//   v3    answered before throttling (KIP-219)
//   v4    leader epochs (KIP-320)
//   v5    may answer OFFSET_NOT_AVAILABLE (KIP-207)
//   v6    flexible (KIP-482)
//   v7    timestamp -3 (KIP-734)
//   v8    timestamp -4 (KIP-405)
//   v9    timestamp -5 (KIP-1005)
//   v10   a timeout, for answers that need tiered storage (KIP-1075)
//   v11   timestamp -6 (KIP-1023)

import {
  api,
  array,
  brokerId,
  defaultsTo,
  errorCode,
  essential,
  from,
  int32,
  int64,
  int8,
  leaderEpoch,
  offset,
  partitionId,
  type RequestOf,
  type ResponseOf,
  string,
  until,
} from "../schema.ts";

export const ListOffsets = api({
  key: 2,
  name: "ListOffsets",
  versions: "0-11",
  flexible: "6+",
  request: {
    replicaId: brokerId,
    isolationLevel: from(2, essential(int8)),
    topics: array({
      name: string,
      partitions: array({
        partitionIndex: partitionId,
        currentLeaderEpoch: from(4, defaultsTo(-1, leaderEpoch)),
        timestamp: int64,
        maxNumOffsets: until(0, essential(defaultsTo(1, int32))),
      }),
    }),
    timeoutMs: from(10, int32),
  },
  response: {
    throttleTimeMs: from(2, int32),
    topics: array({
      name: string,
      partitions: array({
        partitionIndex: partitionId,
        errorCode,
        oldStyleOffsets: until(0, array(int64)),
        timestamp: from(1, defaultsTo(-1, int64)),
        offset: from(1, defaultsTo(-1, offset)),
        leaderEpoch: from(4, defaultsTo(-1, leaderEpoch)),
      }),
    }),
  },
});

export type ListOffsetsRequest = RequestOf<typeof ListOffsets>;
export type ListOffsetsResponse = ResponseOf<typeof ListOffsets>;
