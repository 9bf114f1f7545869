// ListTransactions (key 66). The transactions of a coordinator, filtered (KIP-664).
//
//   v1    those that run longer than a duration (KIP-994)
//   v2    those whose id matches a pattern (KIP-1152)

import {
  api,
  array,
  defaultsTo,
  errorCode,
  essential,
  from,
  int64,
  nullableString,
  producerId,
  type RequestOf,
  type ResponseOf,
  string,
  throttleTimeMs,
} from "../schema.ts";

export const ListTransactions = api({
  key: 66,
  name: "ListTransactions",
  versions: "0-2",
  flexible: "0+",
  request: {
    stateFilters: array(string),
    producerIdFilters: array(producerId),
    durationFilter: from(1, essential(defaultsTo(-1, int64))),
    transactionalIdPattern: from(2, essential(nullableString)),
  },
  response: {
    throttleTimeMs,
    errorCode,
    unknownStateFilters: array(string),
    transactionStates: array({ transactionalId: string, producerId, transactionState: string }),
  },
});

export type ListTransactionsRequest = RequestOf<typeof ListTransactions>;
export type ListTransactionsResponse = ResponseOf<typeof ListTransactions>;
