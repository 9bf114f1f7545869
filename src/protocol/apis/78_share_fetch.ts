// ShareFetch (key 78). Acquires records of a share group, and acknowledges earlier ones (KIP-932).
//
//   v0    early access in Kafka 4.0
//   v1    the first stable version; bounds in records; records are never null
//   v2    how strictly the bound holds, renewing an acquisition (KIP-1206, KIP-1222)

import {
  api,
  array,
  boolean,
  brokerId,
  defaultsTo,
  errorCode,
  essential,
  from,
  int16,
  int32,
  int8,
  leaderEpoch,
  nullable,
  nullableString,
  nullableUntil,
  offset,
  partitionId,
  records,
  type RequestOf,
  type ResponseOf,
  string,
  struct,
  throttleTimeMs,
  until,
  uuid,
} from "../schema.ts";

export const ShareFetch = api({
  key: 78,
  name: "ShareFetch",
  versions: "0-2",
  flexible: "0+",
  request: {
    groupId: nullableString,
    memberId: nullable(string),
    shareSessionEpoch: int32,
    maxWaitMs: int32,
    minBytes: int32,
    maxBytes: defaultsTo(0x7fff_ffff, int32),
    maxRecords: from(1, essential(int32)),
    batchSize: from(1, essential(int32)),
    shareAcquireMode: from(2, int8),
    isRenewAck: from(2, essential(boolean)),
    topics: array({
      topicId: uuid,
      partitions: array({
        partitionIndex: partitionId,
        partitionMaxBytes: until(0, essential(int32)),
        acknowledgementBatches: array({
          firstOffset: offset,
          lastOffset: offset,
          acknowledgeTypes: array(int8),
        }),
      }),
    }),
    forgottenTopicsData: array({ topicId: uuid, partitions: array(partitionId) }),
  },
  response: {
    throttleTimeMs,
    errorCode,
    errorMessage: nullableString,
    acquisitionLockTimeoutMs: from(1, int32),
    responses: array({
      topicId: uuid,
      partitions: array({
        partitionIndex: partitionId,
        errorCode,
        errorMessage: nullableString,
        acknowledgeErrorCode: errorCode,
        acknowledgeErrorMessage: nullableString,
        currentLeader: struct({ leaderId: brokerId, leaderEpoch }),
        records: nullableUntil(0, records),
        acquiredRecords: array({ firstOffset: offset, lastOffset: offset, deliveryCount: int16 }),
      }),
    }),
    nodeEndpoints: array({ nodeId: brokerId, host: string, port: int32, rack: nullableString }),
  },
});

export type ShareFetchRequest = RequestOf<typeof ShareFetch>;
export type ShareFetchResponse = ResponseOf<typeof ShareFetch>;
