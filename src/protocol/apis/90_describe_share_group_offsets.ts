// DescribeShareGroupOffsets (key 90). Where share groups start in their partitions (KIP-932).
//
//   v1    how far they lag (KIP-1226)

import {
  api,
  array,
  defaultsTo,
  errorCode,
  from,
  int64,
  leaderEpoch,
  nullable,
  nullableString,
  offset,
  partitionId,
  type RequestOf,
  type ResponseOf,
  string,
  throttleTimeMs,
  uuid,
} from "../schema.ts";

export const DescribeShareGroupOffsets = api({
  key: 90,
  name: "DescribeShareGroupOffsets",
  versions: "0-1",
  flexible: "0+",
  request: {
    groups: array({
      groupId: string,
      topics: nullable(array({ topicName: string, partitions: array(partitionId) })),
    }),
  },
  response: {
    throttleTimeMs,
    groups: array({
      groupId: string,
      topics: array({
        topicName: string,
        topicId: uuid,
        partitions: array({
          partitionIndex: partitionId,
          startOffset: offset,
          leaderEpoch,
          lag: from(1, defaultsTo(-1, int64)),
          errorCode,
          errorMessage: nullableString,
        }),
      }),
      errorCode,
      errorMessage: nullableString,
    }),
  },
});

export type DescribeShareGroupOffsetsRequest = RequestOf<typeof DescribeShareGroupOffsets>;
export type DescribeShareGroupOffsetsResponse = ResponseOf<typeof DescribeShareGroupOffsets>;
