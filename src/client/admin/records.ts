// Records that are no longer wanted, for tools: deleted from the beginning of a partition up to an
// offset. Loaded when it is asked for.

import type { Offset } from "../../base/ids.ts";
import { safeInt64 } from "../../base/int64.ts";
import { DeleteRecords } from "../../protocol/apis/21_delete_records.ts";
import type { Client } from "../client.ts";
import { checkCode } from "../faults.ts";
import { byLeader } from "./offsets.ts";
import {
  byTopic,
  nameOf,
  type TopicPartition,
  type TopicPartitionOffset,
} from "../topic_partition.ts";

/** A partition and the first offset that it still has. */
export interface TrimmedPartition extends TopicPartition {
  /** The first offset that all replicas still have. */
  readonly lowWatermark: Offset;
}

/**
 * Deletes what lies below the offsets given. Throws OFFSET_OUT_OF_RANGE where a log ends before
 * that, POLICY_VIOLATION for a topic that is only compacted.
 */
export function deleteRecords(
  client: Client,
  places: readonly TopicPartitionOffset[],
): Promise<TrimmedPartition[]> {
  return client.retrying(async () => {
    const trimmed: TrimmedPartition[] = [];
    for (const [leader, theirs] of await byLeader(client, places)) {
      const answer = await client.request(DeleteRecords, {
        topics: [...byTopic(theirs)].map(([name, partitions]) => ({
          name,
          partitions: partitions.map(({ partition, offset }) => ({
            partitionIndex: partition,
            offset,
          })),
        })),
        timeoutMs: client.options.requestTimeoutMs,
      }, { to: leader });
      for (const { name: topic, partitions } of answer.topics) {
        for (const { partitionIndex: partition, lowWatermark, errorCode } of partitions) {
          checkCode(errorCode, `delete records of ${nameOf({ topic, partition })}`);
          trimmed.push({ topic, partition, lowWatermark: safeInt64(lowWatermark) });
        }
      }
    }
    return trimmed;
  });
}
