// ShareAcknowledge (key 79). Accepts, releases or rejects records of a share group (KIP-932).
//
//   v0    early access in Kafka 4.0
//   v1    the first stable version
//   v2    renewing an acquisition (KIP-1222)

import {
  about,
  acknowledgeType,
  api,
  array,
  boolean,
  brokerId,
  errorCode,
  essential,
  from,
  int32,
  leaderEpoch,
  nullable,
  nullableString,
  offset,
  partitionId,
  type RequestOf,
  type ResponseOf,
  string,
  struct,
  throttleTimeMs,
  uuid,
} from "../schema.ts";
import { sharePartitionErrors, shareSessionErrors } from "../shared_errors.ts";
import { shareSessionEpoch } from "../words.ts";

export const ShareAcknowledge = api({
  key: 79,
  name: "ShareAcknowledge",
  versions: "0-2",
  flexible: "0+",
  about: "Says what became of records that a member of a share group was given.",
  errors: {
    response: {
      ...shareSessionErrors,
    },
    partitions: {
      ...sharePartitionErrors,
    },
  },
  request: {
    groupId: nullableString,
    memberId: nullable(string),
    shareSessionEpoch,
    isRenewAck: about("Whether some record is renewed", from(2, essential(boolean))),
    topics: array({
      topicId: uuid,
      partitions: array({
        partitionIndex: partitionId,
        acknowledgementBatches: array({
          firstOffset: offset,
          lastOffset: offset,
          acknowledgeTypes: array(acknowledgeType),
        }),
      }),
    }),
  },
  response: {
    throttleTimeMs,
    errorCode,
    errorMessage: nullableString,
    acquisitionLockTimeoutMs: from(2, int32),
    responses: array({
      topicId: uuid,
      partitions: array({
        partitionIndex: partitionId,
        errorCode,
        errorMessage: nullableString,
        currentLeader: struct({ leaderId: brokerId, leaderEpoch }),
      }),
    }),
    nodeEndpoints: array({ nodeId: brokerId, host: string, port: int32, rack: nullableString }),
  },
});

export type ShareAcknowledgeRequest = RequestOf<typeof ShareAcknowledge>;
export type ShareAcknowledgeResponse = ResponseOf<typeof ShareAcknowledge>;
