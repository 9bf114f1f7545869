// Where brokers keep their partitions, and how large these are, for tools. Loaded when it is asked
// for.

import type { BrokerId } from "../../base/ids.ts";
import type { Int64 } from "../../base/int64.ts";
import { DescribeLogDirs } from "../../protocol/apis/35_describe_log_dirs.ts";
import { ErrorCode, errorMessage } from "../../protocol/mod.ts";
import type { Client } from "../client.ts";
import { checkCode } from "../faults.ts";
import type { TopicPartition } from "../topic_partition.ts";

/** A partition in a log directory. */
export interface LogDirPartition extends TopicPartition {
  /** Bytes of its segments. */
  readonly sizeBytes: Int64;
  /** How many records it is behind its leader. */
  readonly offsetLag: Int64;
}

/** A log directory of a broker. */
export interface LogDir {
  /** Whose it is. */
  readonly broker: BrokerId;
  /** The absolute path. */
  readonly path: string;
  /** Why it cannot be used; undefined where it can. */
  readonly trouble: string | undefined;
  /** The size of its volume in bytes; -1 where that is unknown. */
  readonly totalBytes: Int64;
  /** What is free of the volume in bytes; -1 where that is unknown. */
  readonly usableBytes: Int64;
  /** What it holds. */
  readonly partitions: readonly LogDirPartition[];
}

/** The log directories of every broker. */
export async function describeLogDirs(client: Client): Promise<LogDir[]> {
  const { brokers } = await client.fetchMetadata([]);
  const described = await Promise.all(brokers.map(async ({ id }) => {
    const answer = await client.request(DescribeLogDirs, { topics: null }, { to: id });
    checkCode(answer.errorCode, `describe the log directories of broker ${id}`);
    return answer.results.map((each) => ({
      broker: id,
      path: each.logDir,
      trouble: each.errorCode === ErrorCode.NONE ? undefined : errorMessage(each.errorCode),
      totalBytes: each.totalBytes,
      usableBytes: each.usableBytes,
      partitions: each.topics.flatMap(({ name: topic, partitions }) =>
        partitions.map(({ partitionIndex: partition, partitionSize: sizeBytes, offsetLag }) => ({
          topic,
          partition,
          sizeBytes,
          offsetLag,
        }))
      ),
    }));
  }));
  return described.flat();
}
