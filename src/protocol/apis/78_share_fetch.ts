// ShareFetch (key 78). Acquires records of a share group, and acknowledges earlier ones (KIP-932).
//
//   v0    early access in Kafka 4.0
//   v1    the first stable version; bounds in records; records are never null
//   v2    how strictly the bound holds, renewing an acquisition (KIP-1206, KIP-1222)

import {
  about,
  acknowledgeType,
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
  leaderEpoch,
  nullable,
  nullableString,
  nullableUntil,
  offset,
  partitionId,
  records,
  type RequestOf,
  type ResponseOf,
  shareAcquireMode,
  string,
  struct,
  throttleTimeMs,
  until,
  uuid,
} from "../schema.ts";
import { sharePartitionErrors, shareSessionErrors } from "../shared_errors.ts";
import { shareSessionEpoch } from "../words.ts";

export const ShareFetch = api({
  key: 78,
  name: "ShareFetch",
  versions: "0-2",
  flexible: "0+",
  about: "Acquires records for a member of a share group, and acknowledges earlier ones.",
  errors: {
    response: {
      ...shareSessionErrors,
      SHARE_SESSION_LIMIT_REACHED: "the broker holds no more share sessions",
    },
    partitions: {
      ...sharePartitionErrors,
    },
  },
  request: {
    groupId: nullableString,
    memberId: nullable(string),
    shareSessionEpoch,
    maxWaitMs: about("How long to wait for minBytes", int32),
    minBytes: about("Answer as soon as there is this much", int32),
    maxBytes: about(
      "At most this much in all, but for a first batch that is larger",
      defaultsTo(0x7fff_ffff, int32),
    ),
    maxRecords: about(
      "At most so many records, but for the rest of a batch",
      from(1, essential(int32)),
    ),
    batchSize: about("Of how many records ranges should be", from(1, essential(int32))),
    shareAcquireMode: about(
      "Whether maxRecords is strict, or batches are acquired whole",
      from(2, shareAcquireMode),
    ),
    isRenewAck: about(
      "Whether some record is renewed: then nothing is read",
      from(2, essential(boolean)),
    ),
    topics: array({
      topicId: uuid,
      partitions: array({
        partitionIndex: partitionId,
        partitionMaxBytes: about(
          "At most this much of the partition",
          until(0, essential(int32)),
        ),
        acknowledgementBatches: array({
          firstOffset: offset,
          lastOffset: offset,
          acknowledgeTypes: array(acknowledgeType),
        }),
      }),
    }),
    forgottenTopicsData: about(
      "Partitions that the session no longer has",
      array({ topicId: uuid, partitions: array(partitionId) }),
    ),
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
        acknowledgeErrorCode: about("What became of the acknowledgements", errorCode),
        acknowledgeErrorMessage: about("The same, for people", nullableString),
        currentLeader: struct({ leaderId: brokerId, leaderEpoch }),
        records: nullableUntil(0, records),
        acquiredRecords: about(
          "The records that the member holds from now on",
          array({ firstOffset: offset, lastOffset: offset, deliveryCount: int16 }),
        ),
      }),
    }),
    nodeEndpoints: array({ nodeId: brokerId, host: string, port: int32, rack: nullableString }),
  },
});

export type ShareFetchRequest = RequestOf<typeof ShareFetch>;
export type ShareFetchResponse = ResponseOf<typeof ShareFetch>;
