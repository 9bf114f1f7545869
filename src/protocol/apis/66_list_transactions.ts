// ListTransactions (key 66). The transactions of a coordinator, filtered (KIP-664).
//
//   v1    those that run longer than a duration (KIP-994)
//   v2    those whose id matches a pattern (KIP-1152)

import {
  about,
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
import { transactionCoordinatorErrors } from "../shared_errors.ts";

export const ListTransactions = api({
  key: 66,
  name: "ListTransactions",
  versions: "0-2",
  flexible: "0+",
  about: "Lists the transactional ids that this broker coordinates.",
  errors: {
    response: {
      ...transactionCoordinatorErrors,
      INVALID_REGULAR_EXPRESSION: "the pattern is no regular expression",
    },
  },
  request: {
    stateFilters: about("Only those in one of these states; empty is any", array(string)),
    producerIdFilters: about("Only those of these producer ids; empty is any", array(producerId)),
    durationFilter: about(
      "Only those that are open for longer than these milliseconds; -1 is any",
      from(1, essential(defaultsTo(-1, int64))),
    ),
    transactionalIdPattern: about(
      "Only ids that match this regular expression; null is any",
      from(2, essential(nullableString)),
    ),
  },
  response: {
    throttleTimeMs,
    errorCode,
    unknownStateFilters: about("What is no state, of those asked for", array(string)),
    transactionStates: about(
      "The transactional ids, with their state",
      array({
        transactionalId: about("The name of the producer", string),
        producerId,
        transactionState: about("Empty, Ongoing, PrepareCommit, CompleteAbort and so on", string),
      }),
    ),
  },
});

export type ListTransactionsRequest = RequestOf<typeof ListTransactions>;
export type ListTransactionsResponse = ResponseOf<typeof ListTransactions>;
