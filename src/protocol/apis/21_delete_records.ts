// DeleteRecords (key 21). Moves the start of partitions up to an offset (KIP-107); -1 is the high
// watermark.
//
//   v1    answered before throttling (KIP-219)
//   v2    flexible (KIP-482)

import {
  api,
  array,
  errorCode,
  int32,
  offset,
  partitionId,
  type RequestOf,
  type ResponseOf,
  string,
  throttleTimeMs,
} from "../schema.ts";

export const DeleteRecords = api({
  key: 21,
  name: "DeleteRecords",
  versions: "0-2",
  flexible: "2+",
  request: {
    topics: array({
      name: string,
      partitions: array({ partitionIndex: partitionId, offset }),
    }),
    timeoutMs: int32,
  },
  response: {
    throttleTimeMs,
    topics: array({
      name: string,
      partitions: array({ partitionIndex: partitionId, lowWatermark: offset, errorCode }),
    }),
  },
});

export type DeleteRecordsRequest = RequestOf<typeof DeleteRecords>;
export type DeleteRecordsResponse = ResponseOf<typeof DeleteRecords>;
