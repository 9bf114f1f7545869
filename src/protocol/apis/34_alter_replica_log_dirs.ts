// AlterReplicaLogDirs (key 34). Moves replicas between a broker's log directories (KIP-113).
//
//   v1    answered before throttling (KIP-219)
//   v2    flexible (KIP-482)

import {
  about,
  api,
  array,
  errorCode,
  partitionId,
  type RequestOf,
  type ResponseOf,
  string,
  throttleTimeMs,
} from "../schema.ts";
import { clusterAccess } from "../shared_errors.ts";

export const AlterReplicaLogDirs = api({
  key: 34,
  name: "AlterReplicaLogDirs",
  versions: "0-2",
  flexible: "2+",
  about: "Moves replicas between the log directories of a broker.",
  errors: {
    partitions: {
      ...clusterAccess,
      LOG_DIR_NOT_FOUND: "the broker has no such log directory",
      UNKNOWN_TOPIC_OR_PARTITION: "there is no such topic or partition",
      INVALID_REQUEST: "the partition stands in the request twice",
      KAFKA_STORAGE_ERROR: "the log directory cannot be used",
    },
  },
  request: {
    dirs: about(
      "Where to",
      array({
        path: about("The absolute path of the directory", string),
        topics: array({
          name: string,
          partitions: about("The numbers of the partitions", array(partitionId)),
        }),
      }),
    ),
  },
  response: {
    throttleTimeMs,
    results: array({
      topicName: string,
      partitions: about(
        "The numbers of the partitions",
        array({ partitionIndex: partitionId, errorCode }),
      ),
    }),
  },
});

export type AlterReplicaLogDirsRequest = RequestOf<typeof AlterReplicaLogDirs>;
export type AlterReplicaLogDirsResponse = ResponseOf<typeof AlterReplicaLogDirs>;
