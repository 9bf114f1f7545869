// WriteTxnMarkers (key 27). From a transaction's coordinator to the leaders of its partitions:
// write the marker that commits or aborts it (KIP-98).
//
//   v1    flexible (KIP-482)
//   v2    the version of the transaction's protocol (KIP-1228)

import {
  about,
  api,
  array,
  errorCode,
  from,
  int16,
  int32,
  int8,
  partitionId,
  producerId,
  type RequestOf,
  type ResponseOf,
  string,
} from "../schema.ts";
import { leaderErrors } from "../shared_errors.ts";
import { ending } from "../words.ts";

export const WriteTxnMarkers = api({
  key: 27,
  name: "WriteTxnMarkers",
  versions: "0-2",
  flexible: "1+",
  about: "Writes the markers that commit or abort transactions, on behalf of their coordinator.",
  errors: {
    partitions: {
      ...leaderErrors,
      INVALID_PRODUCER_EPOCH:
        "the producer has gone on in a later epoch, or it or the epoch is none",
      TRANSACTION_COORDINATOR_FENCED: "a later coordinator has written to the partition",
      NOT_COORDINATOR: "the group's part of the transaction is coordinated elsewhere",
      COORDINATOR_NOT_AVAILABLE: "the coordinator of the group cannot answer for now",
      CLUSTER_AUTHORIZATION_FAILED: "only brokers and administrators may",
    },
  },
  request: {
    markers: about(
      "The transactions, one by one",
      array({
        producerId,
        producerEpoch: int16,
        transactionResult: about("How it has ended", ending),
        topics: array({ name: string, partitionIndexes: array(partitionId) }),
        coordinatorEpoch: about("The term of the coordinator", int32),
        transactionVersion: about("The protocol of the transaction: 2 is KIP-890", from(2, int8)),
      }),
    ),
  },
  response: {
    markers: about(
      "The transactions, as in the request",
      array({
        producerId,
        topics: array({
          name: string,
          partitions: array({ partitionIndex: partitionId, errorCode }),
        }),
      }),
    ),
  },
});

export type WriteTxnMarkersRequest = RequestOf<typeof WriteTxnMarkers>;
export type WriteTxnMarkersResponse = ResponseOf<typeof WriteTxnMarkers>;
