// OffsetDelete (key 47). Deletes committed offsets of a group (KIP-496). One version, not flexible.

import {
  api,
  array,
  errorCode,
  partitionId,
  type RequestOf,
  type ResponseOf,
  string,
  throttleTimeMs,
} from "../schema.ts";

export const OffsetDelete = api({
  key: 47,
  name: "OffsetDelete",
  versions: "0",
  flexible: "none",
  request: {
    groupId: string,
    topics: array({
      name: string,
      partitions: array({ partitionIndex: partitionId }),
    }),
  },
  response: {
    errorCode,
    throttleTimeMs,
    topics: array({
      name: string,
      partitions: array({ partitionIndex: partitionId, errorCode }),
    }),
  },
});

export type OffsetDeleteRequest = RequestOf<typeof OffsetDelete>;
export type OffsetDeleteResponse = ResponseOf<typeof OffsetDelete>;
