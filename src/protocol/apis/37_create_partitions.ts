// CreatePartitions (key 37). Adds partitions to topics; `count` is the new total (KIP-195).
//
//   v1    answered before throttling (KIP-219)
//   v2    flexible (KIP-482)
//   v3    may answer THROTTLING_QUOTA_EXCEEDED (KIP-599)

import {
  api,
  array,
  boolean,
  brokerId,
  errorCode,
  int32,
  nullable,
  nullableString,
  type RequestOf,
  type ResponseOf,
  string,
  throttleTimeMs,
} from "../schema.ts";

export const CreatePartitions = api({
  key: 37,
  name: "CreatePartitions",
  versions: "0-3",
  flexible: "2+",
  request: {
    topics: array({
      name: string,
      count: int32,
      assignments: nullable(array({ brokerIds: array(brokerId) })),
    }),
    timeoutMs: int32,
    validateOnly: boolean,
  },
  response: {
    throttleTimeMs,
    results: array({ name: string, errorCode, errorMessage: nullableString }),
  },
});

export type CreatePartitionsRequest = RequestOf<typeof CreatePartitions>;
export type CreatePartitionsResponse = ResponseOf<typeof CreatePartitions>;
