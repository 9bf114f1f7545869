// DescribeShareGroupOffsets (key 90). Where share groups start in their partitions (KIP-932).
//
//   v1    how far they lag (KIP-1226)

import {
  about,
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
import { coordinatorErrors, groupAccess, shareStateErrors, topicAccess } from "../shared_errors.ts";

export const DescribeShareGroupOffsets = api({
  key: 90,
  name: "DescribeShareGroupOffsets",
  versions: "0-1",
  flexible: "0+",
  about: "Tells where share groups start in their partitions, and how far they lag.",
  errors: {
    groups: {
      ...groupAccess,
      ...coordinatorErrors,
      GROUP_ID_NOT_FOUND: "there is no such share group",
      INVALID_GROUP_ID: "the group id is invalid",
      UNSUPPORTED_VERSION: "share groups are turned off",
    },
    partitions: { ...topicAccess, ...shareStateErrors },
  },
  request: {
    groups: array({
      groupId: string,
      topics: about(
        "The partitions to tell of; null is all that the group knows",
        nullable(array({ topicName: string, partitions: array(partitionId) })),
      ),
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
          lag: about(
            "Records from there on that the group is not done with; -1 is not known",
            from(1, defaultsTo(-1, int64)),
          ),
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
