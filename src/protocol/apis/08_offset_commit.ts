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
  about,
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
import { coordinatorErrors, groupAccess, memberErrors, topicAccess } from "../shared_errors.ts";

export const OffsetCommit = api({
  key: 8,
  name: "OffsetCommit",
  versions: "0-10",
  flexible: "8+",
  about: "Stores how far a group has read, so that whoever reads next goes on from there.",
  errors: {
    partitions: {
      ...groupAccess,
      ...topicAccess,
      ...coordinatorErrors,
      ...memberErrors,
      REBALANCE_IN_PROGRESS: "the group rebalances: rejoin, then commit",
      GROUP_ID_NOT_FOUND: "the group does not exist, and the commit names a generation",
      INVALID_GROUP_ID: "the group id is invalid",
      UNKNOWN_TOPIC_OR_PARTITION: "there is no such topic or partition",
      UNKNOWN_TOPIC_ID: "no topic has this id",
      OFFSET_METADATA_TOO_LARGE: "the metadata is longer than offset.metadata.max.bytes",
      INVALID_COMMIT_OFFSET_SIZE: "offset and metadata are too large to be stored",
      STALE_MEMBER_EPOCH: "the member has been given a newer epoch",
      UNSUPPORTED_VERSION: "a member of the consumer protocol needs version 9",
      KAFKA_STORAGE_ERROR: "the offset could not be written to disk",
    },
  },
  request: {
    groupId: string,
    generationIdOrMemberEpoch: about(
      "The generation that the member is of; -1 is a client that manages without",
      from(1, defaultsTo(-1, int32)),
    ),
    memberId: from(1, string),
    groupInstanceId: from(7, essential(nullableString)),
    retentionTimeMs: about(
      "How long to keep the offsets; -1 as the broker would",
      between(2, 4, defaultsTo(-1, int64)),
    ),
    topics: array({
      name: until(9, string),
      topicId: from(10, uuid),
      partitions: array({
        partitionIndex: partitionId,
        committedOffset: about("The next offset to be read", offset),
        committedLeaderEpoch: about(
          "The epoch of the last record that was read; -1 is unknown",
          from(6, defaultsTo(-1, leaderEpoch)),
        ),
        commitTimestamp: about(
          "When it was committed; -1 is now",
          between(1, 1, essential(defaultsTo(-1, int64))),
        ),
        committedMetadata: about("What the client wants to remember beside it", nullable(string)),
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
