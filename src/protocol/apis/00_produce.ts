// Produce (key 0). Record batches for partitions that this broker leads.
//
//   v0-2  message sets of magic 0 and 1; v1 answers with the throttle time, v2 with the append
//         time (KIP-32)
//   v3    transactional id; only v2 batches from here on (KIP-98)
//   v4    may answer KAFKA_STORAGE_ERROR (KIP-112)
//   v5    log start offset in the answer
//   v6    answered before throttling (KIP-219)
//   v7    batches may be compressed with zstd (KIP-110)
//   v8    which record was refused, and why (KIP-467)
//   v9    flexible (KIP-482)
//   v10   the new leader and its address, as tags (KIP-951)
//   v11   may answer TRANSACTION_ABORTABLE (KIP-890)
//   v12   adds the partition to the producer's transaction (KIP-890)
//   v13   topic ids in place of names (KIP-516)
//
// A batch is bytes here; src/records knows what is in it.

import {
  api,
  array,
  brokerId,
  defaultsTo,
  errorCode,
  essential,
  from,
  int16,
  int32,
  int64,
  leaderEpoch,
  nullable,
  nullableString,
  offset,
  partitionId,
  records,
  type RequestOf,
  type ResponseOf,
  string,
  struct,
  tagged,
  until,
  uuid,
} from "../schema.ts";

const batchIndexAndErrorMessage = { batchIndex: int32, batchIndexErrorMessage: nullableString };

const leaderIdAndEpoch = {
  leaderId: defaultsTo(-1, brokerId),
  leaderEpoch: defaultsTo(-1, leaderEpoch),
};

const nodeEndpoint = { nodeId: brokerId, host: string, port: int32, rack: nullableString };

export const Produce = api({
  key: 0,
  name: "Produce",
  versions: "0-13",
  flexible: "9+",
  request: {
    transactionalId: from(3, essential(nullableString)),
    acks: int16,
    timeoutMs: int32,
    topicData: array({
      name: until(12, string),
      topicId: from(13, uuid),
      partitionData: array({ index: partitionId, records: nullable(records) }),
    }),
  },
  response: {
    responses: array({
      name: until(12, string),
      topicId: from(13, uuid),
      partitionResponses: array({
        index: partitionId,
        errorCode,
        baseOffset: offset,
        logAppendTimeMs: from(2, defaultsTo(-1, int64)),
        logStartOffset: from(5, defaultsTo(-1, offset)),
        recordErrors: from(8, array(batchIndexAndErrorMessage)),
        errorMessage: from(8, nullableString),
        currentLeader: tagged(0, 10, struct(leaderIdAndEpoch)),
      }),
    }),
    throttleTimeMs: from(1, int32),
    nodeEndpoints: tagged(0, 10, array(nodeEndpoint)),
  },
});

export type ProduceRequest = RequestOf<typeof Produce>;
export type ProduceResponse = ResponseOf<typeof Produce>;
