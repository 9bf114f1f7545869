// TxnOffsetCommit (key 28). Offsets that count once the producer's transaction commits (KIP-98).
//
//   v1    answered before throttling (KIP-219)
//   v2    leader epoch of the record before the offset (KIP-320)
//   v3    flexible; the consumer's member id, instance id and generation, for fencing (KIP-447)
//   v4    may answer TRANSACTION_ABORTABLE (KIP-890)
//   v5    adds the group to the transaction as well (KIP-890)
//   v6    topic ids in place of names (KIP-1319)

import {
  api,
  array,
  defaultsTo,
  errorCode,
  essential,
  from,
  int16,
  int32,
  leaderEpoch,
  nullable,
  nullableString,
  offset,
  partitionId,
  producerId,
  type RequestOf,
  type ResponseOf,
  string,
  throttleTimeMs,
  until,
  uuid,
} from "../schema.ts";

export const TxnOffsetCommit = api({
  key: 28,
  name: "TxnOffsetCommit",
  versions: "0-6",
  flexible: "3+",
  request: {
    transactionalId: string,
    groupId: string,
    producerId,
    producerEpoch: int16,
    generationIdOrMemberEpoch: from(3, essential(defaultsTo(-1, int32))),
    memberId: from(3, essential(string)),
    groupInstanceId: from(3, essential(nullableString)),
    topics: array({
      name: until(5, string),
      topicId: from(6, uuid),
      partitions: array({
        partitionIndex: partitionId,
        committedOffset: offset,
        committedLeaderEpoch: from(2, defaultsTo(-1, leaderEpoch)),
        committedMetadata: nullable(string),
      }),
    }),
  },
  response: {
    throttleTimeMs,
    topics: array({
      name: until(5, string),
      topicId: from(6, uuid),
      partitions: array({ partitionIndex: partitionId, errorCode }),
    }),
  },
});

export type TxnOffsetCommitRequest = RequestOf<typeof TxnOffsetCommit>;
export type TxnOffsetCommitResponse = ResponseOf<typeof TxnOffsetCommit>;
