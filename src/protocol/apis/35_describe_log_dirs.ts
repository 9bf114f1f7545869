// DescribeLogDirs (key 35). A broker's log directories and the replicas in them (KIP-113).
//
//   v1    answered before throttling (KIP-219)
//   v2    flexible (KIP-482)
//   v3    an error of the whole request
//   v4    the volume's size and what is free of it (KIP-827)
//   v5    cordoned directories (KIP-1066)

import {
  about,
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
import { clusterAccess } from "../shared_errors.ts";

export const DescribeLogDirs = api({
  key: 35,
  name: "DescribeLogDirs",
  versions: "0-5",
  flexible: "2+",
  about: "Tells the log directories of a broker and how large the partitions in them are.",
  errors: {
    response: { ...clusterAccess },
    results: { KAFKA_STORAGE_ERROR: "the directory cannot be read or written" },
  },
  request: {
    topics: about(
      "The partitions to tell of; null is all",
      nullable(array({ topic: string, partitions: array(partitionId) })),
    ),
  },
  response: {
    throttleTimeMs,
    errorCode: from(3, errorCode),
    results: array({
      errorCode,
      logDir: about("The absolute path of the directory", string),
      topics: array({
        name: string,
        partitions: array({
          partitionIndex: partitionId,
          partitionSize: about("Bytes of its segments", int64),
          offsetLag: about("How many records it is behind", int64),
          isFutureKey: about("Whether it is a copy that is being moved here", boolean),
        }),
      }),
      totalBytes: about("The size of the volume; -1 is unknown", from(4, defaultsTo(-1, int64))),
      usableBytes: about("What is free of it; -1 is unknown", from(4, defaultsTo(-1, int64))),
      isCordoned: about("Whether it takes no new partitions", from(5, boolean)),
    }),
  },
});

export type DescribeLogDirsRequest = RequestOf<typeof DescribeLogDirs>;
export type DescribeLogDirsResponse = ResponseOf<typeof DescribeLogDirs>;
