// AlterReplicaLogDirs (key 34). Moves replicas between a broker's log directories (KIP-113).
//
//   v1    answered before throttling (KIP-219)
//   v2    flexible (KIP-482)

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

export const AlterReplicaLogDirs = api({
  key: 34,
  name: "AlterReplicaLogDirs",
  versions: "0-2",
  flexible: "2+",
  request: {
    dirs: array({
      path: string,
      topics: array({ name: string, partitions: array(partitionId) }),
    }),
  },
  response: {
    throttleTimeMs,
    results: array({
      topicName: string,
      partitions: array({ partitionIndex: partitionId, errorCode }),
    }),
  },
});

export type AlterReplicaLogDirsRequest = RequestOf<typeof AlterReplicaLogDirs>;
export type AlterReplicaLogDirsResponse = ResponseOf<typeof AlterReplicaLogDirs>;
