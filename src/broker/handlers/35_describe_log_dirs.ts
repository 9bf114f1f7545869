// DescribeLogDirs: the data folders, with the size of each partition and the room on their disks.
//
// Serves: 0-5.
// Behaviour: asked for named partitions it tells of those that are here; unknown ones are left out.
//   A size is that of the segments. The offset lag is what the log lacks up to the high watermark,
//   as a follower's leader has told it last.
// Versions: 1 answered before throttling (KIP-219); 2 flexible; 3 an error code of its own; 4 total
//   and usable bytes (KIP-827); 5 cordoned folders (KIP-1066), of which there are none.

import { DescribeLogDirs } from "../../protocol/apis/35_describe_log_dirs.ts";
import { ErrorCode, type RequestOf } from "../../protocol/mod.ts";
import { needs } from "../access/authorizer.ts";
import { handler, type RequestContext } from "../handler.ts";
import type { Partition } from "../logs/partition.ts";

type Request = RequestOf<typeof DescribeLogDirs>;

type Context = RequestContext<"partitions" | "dataFolders">;

export const describeLogDirs = handler(DescribeLogDirs, {
  serves: "0-5",
  authorise: [needs("cluster describe")],

  handle(request, { services }: Context) {
    const wanted = wantedBy(request);
    const partitions = [...services.partitions.all()].filter(wanted);
    const results = services.dataFolders().map(({ path, isOffline, freeBytes, totalBytes }) => ({
      errorCode: isOffline ? ErrorCode.KAFKA_STORAGE_ERROR : ErrorCode.NONE,
      logDir: path,
      topics: byTopic(partitions.filter(({ dataFolder }) => !isOffline && dataFolder === path)),
      totalBytes,
      usableBytes: freeBytes,
    }));
    return { errorCode: ErrorCode.NONE, results };
  },

  refuse: (_, { errorCode }) => ({ errorCode, results: [] }),
});

function wantedBy({ topics }: Request): (partition: Partition) => boolean {
  if (topics === null) return () => true;
  const wanted = new Map<string, Set<number>>();
  for (const { topic, partitions } of topics) {
    wanted.set(topic, new Set([...wanted.get(topic) ?? [], ...partitions]));
  }
  return ({ topic, id }) => wanted.get(topic)?.has(id) ?? false;
}

function byTopic(partitions: readonly Partition[]) {
  return [...Map.groupBy(partitions, ({ topic }) => topic)].map(([name, of]) => ({
    name,
    partitions: of.map(({ id: partitionIndex, log, replication }) => ({
      partitionIndex,
      partitionSize: log.sizeBytes,
      offsetLag: Math.max(0, (replication?.leaderHighWatermark ?? -1) - log.logEndOffset),
      isFutureKey: false,
    })),
  }));
}
