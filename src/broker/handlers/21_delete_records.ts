// DeleteRecords: moves the log start offset of partitions up; what lies below it is gone.
//
// Serves: 0-2.
// Behaviour: offset -1 means the high watermark. The new start is on disk before the answer;
//   segments that lie wholly below it are removed. Every replica in sync has it on disk by then,
//   and min.insync.replicas are in sync, so that whoever leads next shows no more;
//   REQUEST_TIMED_OUT where that does not come about in time.
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

type Context = RequestContext<"partitions" | "topics" | "noteUnreadable" | "slices">;

export const deleteRecords = handler(DeleteRecords, {
  serves: "0-2",
  authorise: [needs("topic delete")],
  // For replicas, as long as its client likes.
  waits: true,

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
    await Promise.all(
      topics.flatMap(({ name, partitions }) =>
        partitions.map((answer) => settle(answer, { name, services, timeoutMs: request.timeoutMs }))
      ),
    );
    return { topics };
  },
});

interface Answer {
  readonly partitionIndex: PartitionId;
  lowWatermark: Offset;
  errorCode: ErrorCode;
}

/** Waits until what is deleted stays so, whoever crashes; else the answer says why it may not. */
async function settle(
  answer: Answer,
  { name, services, timeoutMs }: {
    readonly name: string;
    readonly services: Context["services"];
    readonly timeoutMs: number;
  },
): Promise<void> {
  if (answer.errorCode !== ErrorCode.NONE) return;
  const partition = services.partitions.get(name, answer.partitionIndex);
  // Its directory says why.
  if (await partition?.log.start.keep() !== undefined) {
    Object.assign(answer, failure(ErrorCode.KAFKA_STORAGE_ERROR));
    return;
  }
  const untold = await partition?.replication?.trimmed(answer.lowWatermark, timeoutMs);
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
