// DeleteRecords: moves the log start offset of partitions up; what lies below it is gone.
//
// Serves: 0-2.
// Behaviour: offset -1 means the high watermark. The new start is checkpointed before the answer;
//   segments that lie wholly below it are removed. Every replica in sync has heard of it by then,
//   so that whoever leads next shows no more; REQUEST_TIMED_OUT where one does not in time.
// Versions: 2 flexible.

import { isStoreFault } from "../../base/faults.ts";
import type { Offset, PartitionId } from "../../base/ids.ts";
import { type Int64, saturated } from "../../base/int64.ts";
import { mapSliced } from "../../base/pieces.ts";
import { DeleteRecords, ErrorCode } from "../../protocol/mod.ts";
import { needs } from "../access/authorizer.ts";
import { handler, type RequestContext } from "../handler.ts";
import { checkLeader } from "../leader_epoch.ts";
import { Partition } from "../logs/partition.ts";

type Context = RequestContext<"partitions" | "topics" | "checkpoint" | "noteUnreadable" | "slices">;

export const deleteRecords = handler(DeleteRecords, {
  serves: "0-2",
  authorise: [needs("topic delete")],

  async handle(request, { services, may }: Context) {
    const topics = [];
    for (const { name, partitions } of request.topics) {
      if (!may("delete", { type: "topic", name })) {
        const refused = failure(ErrorCode.TOPIC_AUTHORIZATION_FAILED);
        const answers = partitions.map(({ partitionIndex }) => ({ partitionIndex, ...refused }));
        topics.push({ name, partitions: answers });
        continue;
      }
      const answers = await mapSliced(
        partitions,
        services.slices,
        async ({ partitionIndex, offset }) => {
          const answer = await deleteBefore(services, { name, partitionIndex, offset });
          return { partitionIndex, ...answer };
        },
      );
      topics.push({ name, partitions: answers });
    }
    const failed = await services.checkpoint();
    await Promise.all(
      topics.flatMap(({ name, partitions }) =>
        partitions.map((answer) => heard(answer, { name, services, timeoutMs: request.timeoutMs }))
      ),
    );
    if (failed.size === 0) return { topics };
    // The records are out of reach; that they stay so through a crash cannot be promised.
    for (const { name, partitions } of topics) {
      for (const answer of partitions) {
        const folder = services.partitions.get(name, answer.partitionIndex)?.dataFolder;
        if (answer.errorCode !== ErrorCode.NONE) continue;
        if (folder !== undefined && !failed.has(folder)) continue;
        answer.errorCode = ErrorCode.KAFKA_STORAGE_ERROR;
      }
    }
    return { topics };
  },
});

interface Answer {
  readonly partitionIndex: PartitionId;
  lowWatermark: Offset;
  errorCode: ErrorCode;
}

/** Waits until all in-sync replicas have deleted as much; else the answer says why not. */
async function heard(
  answer: Answer,
  { name, services, timeoutMs }: {
    readonly name: string;
    readonly services: Context["services"];
    readonly timeoutMs: number;
  },
): Promise<void> {
  if (answer.errorCode !== ErrorCode.NONE) return;
  const { replication } = services.partitions.get(name, answer.partitionIndex) ?? {};
  const untold = await replication?.trimmed(answer.lowWatermark, timeoutMs);
  if (untold !== undefined) Object.assign(answer, failure(untold.errorCode));
}

interface Asked {
  readonly name: string;
  readonly partitionIndex: PartitionId;
  readonly offset: Int64;
}

async function deleteBefore(
  services: Context["services"],
  { name, partitionIndex, offset }: Asked,
) {
  const partition = services.partitions.find(name, partitionIndex);
  if (!(partition instanceof Partition)) return failure(partition);
  const notLed = checkLeader(partition);
  if (notLed !== ErrorCode.NONE) return failure(notLed);
  if (partition.log.directory.frozenReason !== undefined) {
    return failure(ErrorCode.KAFKA_STORAGE_ERROR);
  }
  if (services.topics.isInternal(name)) return failure(ErrorCode.INVALID_TOPIC_EXCEPTION);
  if (!services.topics.logConfig(name).cleanupPolicy.includes("delete")) {
    return failure(ErrorCode.POLICY_VIOLATION);
  }
  const target = offset === -1 ? partition.highWatermark : saturated(offset);
  if (target < 0 || target > partition.highWatermark) {
    return failure(ErrorCode.OFFSET_OUT_OF_RANGE);
  }
  try {
    await partition.log.deleteRecordsBefore(target);
  } catch (error) {
    if (!isStoreFault(error)) throw error;
    services.noteUnreadable(partition, error);
    return failure(ErrorCode.KAFKA_STORAGE_ERROR);
  }
  return { lowWatermark: partition.log.logStartOffset, errorCode: ErrorCode.NONE as ErrorCode };
}

function failure(errorCode: ErrorCode): { lowWatermark: Offset; errorCode: ErrorCode } {
  return { lowWatermark: -1, errorCode };
}
