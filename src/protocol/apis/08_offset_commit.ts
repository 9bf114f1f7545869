// OffsetCommit (key 8). Stores how far a group has read.
//
//   v0    offsets that Kafka once kept in ZooKeeper
//   v1    member and generation, a timestamp per offset
//   v2    one retention time in place of the timestamps
//   v3    throttle time (KIP-124)
//   v4    answered before throttling (KIP-219)
//   v5    retention is the broker's affair (KIP-211)
//   v6    leader epoch of the offset (KIP-320)
//   v7    static members (KIP-345)
//   v8    flexible (KIP-482)
//   v9    consumer groups: the generation may be a member epoch (KIP-848)
//   v10   topic ids in place of names (KIP-848)

import {
  api,
  array,
  between,
  defaultsTo,
  errorCode,
  essential,
  from,
  int32,
  int64,
  leaderEpoch,
  nullable,
  nullableString,
  offset,
  partitionId,
  type RequestOf,
  type ResponseOf,
  string,
  until,
  uuid,
} from "../schema.ts";

export const OffsetCommit = api({
  key: 8,
  name: "OffsetCommit",
  versions: "0-10",
  flexible: "8+",
  request: {
    groupId: string,
    generationIdOrMemberEpoch: from(1, defaultsTo(-1, int32)),
    memberId: from(1, string),
    groupInstanceId: from(7, essential(nullableString)),
    retentionTimeMs: between(2, 4, defaultsTo(-1, int64)),
    topics: array({
      name: until(9, string),
      topicId: from(10, uuid),
      partitions: array({
        partitionIndex: partitionId,
        committedOffset: offset,
        committedLeaderEpoch: from(6, defaultsTo(-1, leaderEpoch)),
        commitTimestamp: between(1, 1, essential(defaultsTo(-1, int64))),
        committedMetadata: nullable(string),
      }),
    }),
  },
  response: {
    throttleTimeMs: from(3, int32),
    topics: array({
      name: until(9, string),
      topicId: from(10, uuid),
      partitions: array({ partitionIndex: partitionId, errorCode }),
    }),
  },
});

export type OffsetCommitRequest = RequestOf<typeof OffsetCommit>;
export type OffsetCommitResponse = ResponseOf<typeof OffsetCommit>;
