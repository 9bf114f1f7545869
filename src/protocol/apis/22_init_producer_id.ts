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
  about,
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
import { clusterAccess, transactionErrors } from "../shared_errors.ts";

export const InitProducerId = api({
  key: 22,
  name: "InitProducerId",
  versions: "0-6",
  flexible: "2+",
  about: "Gives a producer its id and epoch, which make that nothing is written twice.",
  errors: {
    response: {
      ...clusterAccess,
      ...transactionErrors,
      COORDINATOR_LOAD_IN_PROGRESS: "the broker cannot give ids yet: ask again",
      INVALID_REQUEST: "the request contradicts itself, or the transactional id is empty",
      INVALID_TRANSACTION_TIMEOUT:
        "the timeout is not positive, or over transaction.max.timeout.ms",
      UNKNOWN_SERVER_ERROR: "the coordinator could not store the change",
      KAFKA_STORAGE_ERROR: "the ids could not be written to disk",
    },
  },
  request: {
    transactionalId: about(
      "The name of the producer over its restarts; null is only idempotent",
      nullable(string),
    ),
    transactionTimeoutMs: about("A transaction that is open for longer is aborted", int32),
    producerId: about(
      "The id that the producer has, to go on with; -1 is none",
      from(3, essential(defaultsTo(-1, producerId))),
    ),
    producerEpoch: about(
      "The epoch that it has; -1 is none",
      from(3, essential(defaultsTo(-1, int16))),
    ),
    enable2Pc: about(
      "Whether another system decides about the transaction",
      from(6, essential(boolean)),
    ),
    keepPreparedTxn: about(
      "Whether to leave a prepared transaction open",
      from(6, essential(boolean)),
    ),
  },
  response: {
    throttleTimeMs,
    errorCode,
    producerId: about(
      "The id to send with every batch; -1 with an error",
      defaultsTo(-1, producerId),
    ),
    producerEpoch: about("The epoch to send with every batch", int16),
    ongoingTxnProducerId: about(
      "The id in the open transaction; -1 is none",
      from(6, defaultsTo(-1, producerId)),
    ),
    ongoingTxnProducerEpoch: about("The epoch in it", from(6, defaultsTo(-1, int16))),
  },
});

export type InitProducerIdRequest = RequestOf<typeof InitProducerId>;
export type InitProducerIdResponse = ResponseOf<typeof InitProducerId>;
