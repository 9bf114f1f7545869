// EndTxn (key 26). Commits or aborts a producer's transaction (KIP-98).
//
//   v1    answered before throttling (KIP-219)
//   v2    may answer PRODUCER_FENCED (KIP-588)
//   v3    flexible (KIP-482)
//   v4    may answer TRANSACTION_ABORTABLE (KIP-890)
//   v5    each transaction ends with a new epoch, told in the answer (KIP-890)

import {
  api,
  boolean,
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

export const EndTxn = api({
  key: 26,
  name: "EndTxn",
  versions: "0-5",
  flexible: "3+",
  request: {
    transactionalId: string,
    producerId,
    producerEpoch: int16,
    committed: boolean,
  },
  response: {
    throttleTimeMs,
    errorCode,
    producerId: from(5, defaultsTo(-1, producerId)),
    producerEpoch: from(5, defaultsTo(-1, int16)),
  },
});

export type EndTxnRequest = RequestOf<typeof EndTxn>;
export type EndTxnResponse = ResponseOf<typeof EndTxn>;
