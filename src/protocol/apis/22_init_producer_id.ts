// InitProducerId (key 22). A producer id and epoch for an idempotent or transactional producer
// (KIP-98).
//
//   v1    answered before throttling (KIP-219)
//   v2    flexible (KIP-482)
//   v3    the id and epoch that the producer has, to go on with (KIP-360)
//   v4    may answer PRODUCER_FENCED (KIP-588)
//   v5    may answer TRANSACTION_ABORTABLE (KIP-890)
//   v6    two-phase commit (KIP-939); Kafka marks it unstable: not to be advertised

import {
  api,
  boolean,
  defaultsTo,
  errorCode,
  essential,
  from,
  int16,
  int32,
  nullable,
  producerId,
  type RequestOf,
  type ResponseOf,
  string,
  throttleTimeMs,
} from "../schema.ts";

export const InitProducerId = api({
  key: 22,
  name: "InitProducerId",
  versions: "0-6",
  flexible: "2+",
  request: {
    transactionalId: nullable(string),
    transactionTimeoutMs: int32,
    producerId: from(3, essential(defaultsTo(-1, producerId))),
    producerEpoch: from(3, essential(defaultsTo(-1, int16))),
    enable2Pc: from(6, essential(boolean)),
    keepPreparedTxn: from(6, essential(boolean)),
  },
  response: {
    throttleTimeMs,
    errorCode,
    producerId: defaultsTo(-1, producerId),
    producerEpoch: int16,
    ongoingTxnProducerId: from(6, defaultsTo(-1, producerId)),
    ongoingTxnProducerEpoch: from(6, defaultsTo(-1, int16)),
  },
});

export type InitProducerIdRequest = RequestOf<typeof InitProducerId>;
export type InitProducerIdResponse = ResponseOf<typeof InitProducerId>;
