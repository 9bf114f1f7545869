// DescribeLogDirs (key 35). A broker's log directories and the replicas in them (KIP-113).
//
//   v1    answered before throttling (KIP-219)
//   v2    flexible (KIP-482)
//   v3    an error of the whole request
//   v4    the volume's size and what is free of it (KIP-827)
//   v5    cordoned directories (KIP-1066)

import {
  api,
  array,
  boolean,
  defaultsTo,
  errorCode,
  from,
  int64,
  nullable,
  partitionId,
  type RequestOf,
  type ResponseOf,
  string,
  throttleTimeMs,
} from "../schema.ts";

export const DescribeLogDirs = api({
  key: 35,
  name: "DescribeLogDirs",
  versions: "0-5",
  flexible: "2+",
  request: {
    topics: nullable(array({ topic: string, partitions: array(partitionId) })),
  },
  response: {
    throttleTimeMs,
    errorCode: from(3, errorCode),
    results: array({
      errorCode,
      logDir: string,
      topics: array({
        name: string,
        partitions: array({
          partitionIndex: partitionId,
          partitionSize: int64,
          offsetLag: int64,
          isFutureKey: boolean,
        }),
      }),
      totalBytes: from(4, defaultsTo(-1, int64)),
      usableBytes: from(4, defaultsTo(-1, int64)),
      isCordoned: from(5, boolean),
    }),
  },
});

export type DescribeLogDirsRequest = RequestOf<typeof DescribeLogDirs>;
export type DescribeLogDirsResponse = ResponseOf<typeof DescribeLogDirs>;
