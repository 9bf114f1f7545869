// Fetch (key 1). Record batches from an offset on, for consumers and for following replicas.
//
//   v1    throttle time
//   v2    message sets of magic 1 (KIP-32)
//   v3    a bound on the whole answer, filled in the order of the request (KIP-74)
//   v4    isolation level, aborted transactions, last stable offset, v2 batches (KIP-98)
//   v5    log start offset (KIP-107)
//   v6    may answer KAFKA_STORAGE_ERROR (KIP-112)
//   v7    fetch sessions (KIP-227)
//   v8    answered before throttling (KIP-219)
//   v9    current leader epoch, for fencing (KIP-320)
//   v10   batches may be compressed with zstd (KIP-110)
//   v11   the consumer's rack and the replica that it should read from (KIP-392)
//   v12   flexible; last fetched epoch against diverging logs (KIP-595)
//   v13   topic ids in place of names (KIP-516)
//   v14   may answer OFFSET_MOVED_TO_TIERED_STORAGE (KIP-405)
//   v15   replica id and epoch move into a tag (KIP-903)
//   v16   the new leader's address, as a tag (KIP-951)
//   v17   the follower's log directory (KIP-853)
//   v18   the high watermark that the follower knows (KIP-1166)

import { INT64_MAX } from "../../base/int64.ts";
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
  nullable,
  nullableString,
  offset,
  partitionId,
  producerId,
  records,
  type RequestOf,
  type ResponseOf,
  string,
  struct,
  tagged,
  until,
  uuid,
} from "../schema.ts";
import { leaderEpochErrors, leaderErrors, topicAccess } from "../shared_errors.ts";

const replicaState = {
  replicaId: about("The follower that asks; -1 is a consumer", defaultsTo(-1, brokerId)),
  replicaEpoch: about("The follower's registration; -1 is unknown", defaultsTo(-1, int64)),
};

const forgottenTopic = {
  topic: until(12, string),
  topicId: from(13, uuid),
  partitions: array(partitionId),
};

const epochEndOffset = {
  epoch: defaultsTo(-1, leaderEpoch),
  endOffset: defaultsTo(-1, offset),
};

const leaderIdAndEpoch = {
  leaderId: defaultsTo(-1, brokerId),
  leaderEpoch: defaultsTo(-1, leaderEpoch),
};

const snapshotId = {
  endOffset: defaultsTo(-1, offset),
  epoch: defaultsTo(-1, leaderEpoch),
};

const nodeEndpoint = { nodeId: brokerId, host: string, port: int32, rack: nullableString };

export const Fetch = api({
  key: 1,
  name: "Fetch",
  versions: "0-18",
  flexible: "12+",
  about: "Reads batches of records from an offset on, and may wait until there are enough.",
  errors: {
    response: {
      FETCH_SESSION_ID_NOT_FOUND: "the broker has no such fetch session: start a new one",
      INVALID_FETCH_SESSION_EPOCH: "a request of the fetch session was lost or repeated",
      FETCH_SESSION_TOPIC_ID_ERROR: "the session was begun with names and goes on with ids",
      INVALID_REQUEST: "the request contradicts itself",
      KAFKA_STORAGE_ERROR: "what was asked for cannot be read from disk",
    },
    partitions: {
      ...topicAccess,
      ...leaderErrors,
      ...leaderEpochErrors,
      OFFSET_OUT_OF_RANGE: "the log begins after the offset, or ends before it",
      OFFSET_NOT_AVAILABLE: "the replica does not know yet that so much is committed: ask again",
      UNKNOWN_TOPIC_ID: "no topic has this id",
      UNSUPPORTED_COMPRESSION_TYPE: "this version may not carry the batches' compression",
      CORRUPT_MESSAGE: "a batch on disk is damaged",
      MESSAGE_TOO_LARGE: "a batch is too large to be converted for this version",
      INVALID_REQUEST: "the partition stands in the request twice",
    },
  },
  request: {
    clusterId: about("The cluster that the follower takes this for", tagged(0, 12, nullableString)),
    replicaId: about(
      "The follower that asks; -1 is a consumer",
      until(14, essential(defaultsTo(-1, brokerId))),
    ),
    replicaState: about("The follower that asks", tagged(1, 15, essential(struct(replicaState)))),
    maxWaitMs: about("How long to wait for minBytes", int32),
    minBytes: about("Answer as soon as there is this much", int32),
    maxBytes: about(
      "At most this much in all, but for a first batch that is larger",
      from(3, defaultsTo(0x7fff_ffff, int32)),
    ),
    isolationLevel: about(
      "Whether to read what open transactions have written",
      from(4, isolationLevel),
    ),
    sessionId: about("The fetch session (KIP-227); 0 is none", from(7, int32)),
    sessionEpoch: about(
      "Counts the requests of the session; 0 begins one, -1 ends it",
      from(7, defaultsTo(-1, int32)),
    ),
    topics: about(
      "The topics to read; in a session, those that changed",
      array({
        topic: until(12, string),
        topicId: from(13, uuid),
        partitions: array({
          partition: partitionId,
          currentLeaderEpoch: about(
            "The epoch that the reader believes in; -1 leaves it unchecked",
            from(9, defaultsTo(-1, leaderEpoch)),
          ),
          fetchOffset: about("Read from this offset on", offset),
          lastFetchedEpoch: about(
            "The epoch of the follower's last record, to notice that logs diverge",
            from(12, essential(defaultsTo(-1, leaderEpoch))),
          ),
          logStartOffset: about(
            "The first offset that the follower still has",
            from(5, defaultsTo(-1, offset)),
          ),
          partitionMaxBytes: about("At most this much of the partition", int32),
          replicaDirectoryId: about("The log directory of the follower", tagged(0, 17, uuid)),
          highWatermark: about(
            "The high watermark that the follower knows",
            tagged(1, 18, defaultsTo(INT64_MAX, offset)),
          ),
        }),
      }),
    ),
    forgottenTopicsData: about(
      "What the session is to leave out from now on",
      from(7, essential(array(forgottenTopic))),
    ),
    rackId: about("The rack of the consumer, to read from a replica nearby", from(11, string)),
  },
  response: {
    throttleTimeMs: from(1, int32),
    errorCode: from(7, errorCode),
    sessionId: about("The fetch session (KIP-227); 0 is none", from(7, int32)),
    responses: array({
      topic: until(12, string),
      topicId: from(13, uuid),
      partitions: array({
        partitionIndex: partitionId,
        errorCode,
        highWatermark: about("Where what all in-sync replicas have ends", offset),
        lastStableOffset: about(
          "Where the first open transaction begins: read_committed ends here",
          from(4, defaultsTo(-1, offset)),
        ),
        logStartOffset: about(
          "The first offset that the partition still has",
          from(5, defaultsTo(-1, offset)),
        ),
        divergingEpoch: about(
          "Where the follower's log must be cut",
          tagged(0, 12, struct(epochEndOffset)),
        ),
        currentLeader: about(
          "Who leads the partition now, where it is not this broker",
          tagged(1, 12, struct(leaderIdAndEpoch)),
        ),
        snapshotId: about("Begin with this snapshot instead", tagged(2, 12, struct(snapshotId))),
        abortedTransactions: about(
          "Producers whose records in here are to be left out, and from which offset on",
          from(4, nullable(array({ producerId, firstOffset: offset }))),
        ),
        preferredReadReplica: about(
          "Read from this replica instead; -1 is none",
          from(11, defaultsTo(-1, brokerId)),
        ),
        records: about(
          "The batches, the first of which may begin before the offset",
          nullable(records),
        ),
      }),
    }),
    nodeEndpoints: about(
      "The addresses of the leaders named above",
      tagged(0, 16, array(nodeEndpoint)),
    ),
  },
});

export type FetchRequest = RequestOf<typeof Fetch>;
export type FetchResponse = ResponseOf<typeof Fetch>;
