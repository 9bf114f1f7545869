// EndTxn (key 26). Commits or aborts a producer's transaction (KIP-98).
//
//   v1    answered before throttling (KIP-219)
//   v2    may answer PRODUCER_FENCED (KIP-588)
//   v3    flexible (KIP-482)
//   v4    may answer TRANSACTION_ABORTABLE (KIP-890)
//   v5    each transaction ends with a new epoch, told in the answer (KIP-890)

import {
  about,
  api,
  defaultsTo,
  errorCode,
  from,
  int16,
  producerId,
  type RequestOf,
  type ResponseOf,
  string,
  throttleTimeMs,
} from "../schema.ts";
import { transactionErrors } from "../shared_errors.ts";
import { ending } from "../words.ts";

export const EndTxn = api({
  key: 26,
  name: "EndTxn",
  versions: "0-5",
  flexible: "3+",
  about: "Commits or aborts a producer's transaction.",
  errors: {
    response: {
      ...transactionErrors,
      INVALID_TXN_STATE: "no transaction is open, or it was ended the other way",
      UNKNOWN_SERVER_ERROR: "the coordinator could not store the change",
      KAFKA_STORAGE_ERROR: "a fresh producer id could not be written to disk",
    },
  },
  request: {
    transactionalId: about("The name of the producer over its restarts", string),
    producerId,
    producerEpoch: int16,
    committed: about("How it is to end", ending),
  },
  response: {
    throttleTimeMs,
    errorCode,
    producerId: about("The id to go on with", from(5, defaultsTo(-1, producerId))),
    producerEpoch: about("The epoch to go on with", from(5, defaultsTo(-1, int16))),
  },
});

export type EndTxnRequest = RequestOf<typeof EndTxn>;
export type EndTxnResponse = ResponseOf<typeof EndTxn>;
