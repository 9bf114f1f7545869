// DescribeTransactions (key 65). The state of transactions, by transactional id (KIP-664).

import {
  about,
  api,
  array,
  errorCode,
  int16,
  int32,
  int64,
  partitionId,
  producerId,
  type RequestOf,
  type ResponseOf,
  string,
  throttleTimeMs,
} from "../schema.ts";
import { transactionCoordinatorErrors } from "../shared_errors.ts";

export const DescribeTransactions = api({
  key: 65,
  name: "DescribeTransactions",
  versions: "0",
  flexible: "0+",
  about: "Tells of transactions by the ids of their producers.",
  errors: {
    transactionStates: {
      ...transactionCoordinatorErrors,
      INVALID_REQUEST: "the transactional id is empty",
      TRANSACTIONAL_ID_NOT_FOUND: "there is no such transactional id",
      TRANSACTIONAL_ID_AUTHORIZATION_FAILED: "the client may not see the transactional id",
    },
  },
  request: { transactionalIds: about("The names of the producers", array(string)) },
  response: {
    throttleTimeMs,
    transactionStates: about(
      "The transactions, as in the request",
      array({
        errorCode,
        transactionalId: about("The name of the producer", string),
        transactionState: about("Empty, Ongoing, PrepareCommit, CompleteAbort and so on", string),
        transactionTimeoutMs: about("A transaction that is open for longer is aborted", int32),
        transactionStartTimeMs: about("When it began, in milliseconds; -1 is not", int64),
        producerId,
        producerEpoch: int16,
        topics: array({
          topic: string,
          partitions: about("The numbers of the partitions in it", array(partitionId)),
        }),
      }),
    ),
  },
});

export type DescribeTransactionsRequest = RequestOf<typeof DescribeTransactions>;
export type DescribeTransactionsResponse = ResponseOf<typeof DescribeTransactions>;
