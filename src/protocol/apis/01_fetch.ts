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

const replicaState = {
  replicaId: defaultsTo(-1, brokerId),
  replicaEpoch: defaultsTo(-1, int64),
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
  request: {
    clusterId: tagged(0, 12, nullableString),
    replicaId: until(14, essential(defaultsTo(-1, brokerId))),
    replicaState: tagged(1, 15, essential(struct(replicaState))),
    maxWaitMs: int32,
    minBytes: int32,
    maxBytes: from(3, defaultsTo(0x7fff_ffff, int32)),
    isolationLevel: from(4, int8),
    sessionId: from(7, int32),
    sessionEpoch: from(7, defaultsTo(-1, int32)),
    topics: array({
      topic: until(12, string),
      topicId: from(13, uuid),
      partitions: array({
        partition: partitionId,
        currentLeaderEpoch: from(9, defaultsTo(-1, leaderEpoch)),
        fetchOffset: offset,
        lastFetchedEpoch: from(12, essential(defaultsTo(-1, leaderEpoch))),
        logStartOffset: from(5, defaultsTo(-1, offset)),
        partitionMaxBytes: int32,
        replicaDirectoryId: tagged(0, 17, uuid),
        highWatermark: tagged(1, 18, defaultsTo(INT64_MAX, offset)),
      }),
    }),
    forgottenTopicsData: from(7, essential(array(forgottenTopic))),
    rackId: from(11, string),
  },
  response: {
    throttleTimeMs: from(1, int32),
    errorCode: from(7, errorCode),
    sessionId: from(7, int32),
    responses: array({
      topic: until(12, string),
      topicId: from(13, uuid),
      partitions: array({
        partitionIndex: partitionId,
        errorCode,
        highWatermark: offset,
        lastStableOffset: from(4, defaultsTo(-1, offset)),
        logStartOffset: from(5, defaultsTo(-1, offset)),
        divergingEpoch: tagged(0, 12, struct(epochEndOffset)),
        currentLeader: tagged(1, 12, struct(leaderIdAndEpoch)),
        snapshotId: tagged(2, 12, struct(snapshotId)),
        abortedTransactions: from(4, nullable(array({ producerId, firstOffset: offset }))),
        preferredReadReplica: from(11, defaultsTo(-1, brokerId)),
        records: nullable(records),
      }),
    }),
    nodeEndpoints: tagged(0, 16, array(nodeEndpoint)),
  },
});

export type FetchRequest = RequestOf<typeof Fetch>;
export type FetchResponse = ResponseOf<typeof Fetch>;
