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
  about,
  api,
  array,
  brokerId,
  defaultsTo,
  errorCode,
  essential,
  from,
  int32,
  int64,
  isolationLevel,
  leaderEpoch,
  offset,
  partitionId,
  type RequestOf,
  type ResponseOf,
  string,
  timestampOrPlace,
  until,
} from "../schema.ts";
import { leaderEpochErrors, leaderErrors, topicAccess } from "../shared_errors.ts";

export const ListOffsets = api({
  key: 2,
  name: "ListOffsets",
  versions: "0-11",
  flexible: "6+",
  about: "Finds the offset that belongs to a timestamp, or the first or last of a partition.",
  errors: {
    partitions: {
      ...topicAccess,
      ...leaderErrors,
      ...leaderEpochErrors,
      OFFSET_NOT_AVAILABLE: "a new leader does not know yet how far others have told: ask again",
      LEADER_NOT_AVAILABLE: "the same, for versions that do not know that error",
      INVALID_REQUEST: "the partition stands in the request twice",
      UNSUPPORTED_VERSION: "this version has no such place in the log",
      UNSUPPORTED_FOR_MESSAGE_FORMAT: "the records are too old to have timestamps",
    },
  },
  request: {
    replicaId: about("The follower that asks; -1 is a consumer", brokerId),
    isolationLevel: about(
      "Whether latest means the high watermark or the last stable offset",
      from(2, essential(isolationLevel)),
    ),
    topics: array({
      name: string,
      partitions: array({
        partitionIndex: partitionId,
        currentLeaderEpoch: about(
          "The epoch that the reader believes in; -1 leaves it unchecked",
          from(4, defaultsTo(-1, leaderEpoch)),
        ),
        timestamp: about(
          "The earliest record at or after this time, or a place by its name",
          timestampOrPlace,
        ),
        maxNumOffsets: about("At most as many offsets", until(0, essential(defaultsTo(1, int32)))),
      }),
    }),
    timeoutMs: about("How long an answer that needs tiered storage may take", from(10, int32)),
  },
  response: {
    throttleTimeMs: from(2, int32),
    topics: array({
      name: string,
      partitions: array({
        partitionIndex: partitionId,
        errorCode,
        oldStyleOffsets: about(
          "Starts of segments before the timestamp, latest first",
          until(0, array(int64)),
        ),
        timestamp: about(
          "The time of the record found; -1 for a place",
          from(1, defaultsTo(-1, int64)),
        ),
        offset: about("The offset found; -1 is none", from(1, defaultsTo(-1, offset))),
        leaderEpoch: about("The epoch of the record found", from(4, defaultsTo(-1, leaderEpoch))),
      }),
    }),
  },
});

export type ListOffsetsRequest = RequestOf<typeof ListOffsets>;
export type ListOffsetsResponse = ResponseOf<typeof ListOffsets>;
