// AlterReplicaLogDirs: moves replicas to another data folder of the same broker.
//
// Serves: 0-2.
// Behaviour: a replica that is in the folder already is fine there. LOG_DIR_NOT_FOUND for a folder
//   that is not one of this broker's, UNKNOWN_TOPIC_OR_PARTITION for a replica that it has not.
// Versions: 1 answered before throttling (KIP-219); 2 flexible.
// Not done: moving replicas between data directories. A request for that gets INVALID_REQUEST.

import { AlterReplicaLogDirs } from "../../protocol/apis/34_alter_replica_log_dirs.ts";
import { ErrorCode } from "../../protocol/mod.ts";
import { needs } from "../access/authorizer.ts";
import { handler, type RequestContext } from "../handler.ts";

type Context = RequestContext<"partitions" | "dataFolders">;

export const alterReplicaLogDirs = handler(AlterReplicaLogDirs, {
  serves: "0-2",
  authorise: [needs("cluster alter")],

  handle(request, { services }: Context) {
    const byTopic = new Map<string, { partitionIndex: number; errorCode: ErrorCode }[]>();
    for (const { path, topics } of request.dirs) {
      for (const { name, partitions } of topics) {
        const results = byTopic.get(name) ?? [];
        byTopic.set(name, results);
        for (const partitionIndex of partitions) {
          const errorCode = check(services, { path, name, partitionIndex });
          results.push({ partitionIndex, errorCode });
        }
      }
    }
    const results = [...byTopic].map(([topicName, partitions]) => ({ topicName, partitions }));
    return { results };
  },

  refuse: ({ dirs }, { errorCode }) => ({
    results: dirs.flatMap(({ topics }) =>
      topics.map(({ name: topicName, partitions }) => ({
        topicName,
        partitions: partitions.map((partitionIndex) => ({ partitionIndex, errorCode })),
      }))
    ),
  }),
});

function check(
  services: Context["services"],
  wanted: { readonly path: string; readonly name: string; readonly partitionIndex: number },
): ErrorCode {
  const { path, name, partitionIndex } = wanted;
  if (!services.dataFolders().some((folder) => folder.path === path)) {
    return ErrorCode.LOG_DIR_NOT_FOUND;
  }
  const partition = services.partitions.get(name, partitionIndex);
  if (partition === undefined) return ErrorCode.UNKNOWN_TOPIC_OR_PARTITION;
  return partition.dataFolder === path ? ErrorCode.NONE : ErrorCode.INVALID_REQUEST;
}
