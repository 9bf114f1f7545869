// WriteTxnMarkers (key 27). From a transaction's coordinator to the leaders of its partitions:
// write the marker that commits or aborts it (KIP-98).
//
//   v1    flexible (KIP-482)
//   v2    the version of the transaction's protocol (KIP-1228)

import {
  api,
  array,
  boolean,
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

export const WriteTxnMarkers = api({
  key: 27,
  name: "WriteTxnMarkers",
  versions: "0-2",
  flexible: "1+",
  request: {
    markers: array({
      producerId,
      producerEpoch: int16,
      transactionResult: boolean,
      topics: array({ name: string, partitionIndexes: array(partitionId) }),
      coordinatorEpoch: int32,
      transactionVersion: from(2, int8),
    }),
  },
  response: {
    markers: array({
      producerId,
      topics: array({
        name: string,
        partitions: array({ partitionIndex: partitionId, errorCode }),
      }),
    }),
  },
});

export type WriteTxnMarkersRequest = RequestOf<typeof WriteTxnMarkers>;
export type WriteTxnMarkersResponse = ResponseOf<typeof WriteTxnMarkers>;
