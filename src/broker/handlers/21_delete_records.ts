// DeleteRecords: moves the log start offset of partitions up; what lies below it is gone.
//
// Serves: 0-2.
// Behaviour: offset -1 means the high watermark. The new start is on disk before the answer;
//   segments that lie wholly below it are removed. Every replica in sync has it on disk by then,
//   and min.insync.replicas are in sync, so that whoever leads next shows no more;
//   REQUEST_TIMED_OUT where that does not come about in time.
// Versions: 2 flexible.
//
// Differs from Kafka: it waits for the in-sync replicas, and for as many of them as
//   min.insync.replicas asks for. Kafka waits for all live replicas, and stores the new start of
//   the log only some time later, so that deleted records may come back after a crash.

import { isStoreFault } from "../../base/faults.ts";
import type { Offset, PartitionId } from "../../base/ids.ts";
import { type Int64, saturated } from "../../base/int64.ts";
import { mapSliced } from "../../base/pieces.ts";
import { DeleteRecords, ErrorCode } from "../../protocol/mod.ts";
import { needs } from "../access/authorizer.ts";
import { handler, type RequestContext } from "../handler.ts";
import { checkLeader } from "../leadership/leader_epoch.ts";
import { Partition } from "../logs/partition.ts";

type Context = RequestContext<"partitions" | "topics" | "noteUnreadable" | "slices">;

export const deleteRecords = handler(DeleteRecords, {
  serves: "0-2",
  authorise: [needs("topic delete")],
  // For replicas, as long as its client likes.
  waits: true,

  async handle(request, { services, may }: Context) {
    const topics = [];
    const deleted: Deleted[] = [];
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
          const done = await deleteBefore(services, { name, partitionIndex, offset });
          const isDone = done instanceof Partition;
          const answer: Answer = { partitionIndex, ...isDone ? startOf(done) : failure(done) };
          if (isDone) deleted.push({ partition: done, answer });
          return answer;
        },
      );
      topics.push({ name, partitions: answers });
    }
    await Promise.all(deleted.map((each) => settle(each, request.timeoutMs)));
    return { topics };
  },
});

interface Answer {
  readonly partitionIndex: PartitionId;
  lowWatermark: Offset;
  errorCode: ErrorCode;
}

interface Deleted {
  readonly partition: Partition;
  readonly answer: Answer;
}

/** Waits until what is deleted stays so, whoever crashes; else the answer says why it may not. */
async function settle({ partition, answer }: Deleted, timeoutMs: number): Promise<void> {
  const { log, replication } = partition;
  // Its directory says why.
  if (await log.start.keep() !== undefined) {
    Object.assign(answer, failure(ErrorCode.KAFKA_STORAGE_ERROR));
    return;
  }
  const untold = await replication?.trimmed(answer.lowWatermark, timeoutMs);
  if (untold !== undefined) Object.assign(answer, failure(untold.errorCode));
}

interface Asked {
  readonly name: string;
  readonly partitionIndex: PartitionId;
  readonly offset: Int64;
}

/** Resolves to the partition that has nothing below the offset any more, or to why it may. */
async function deleteBefore(
  services: Context["services"],
  { name, partitionIndex, offset }: Asked,
): Promise<Partition | ErrorCode> {
  const partition = services.partitions.find(name, partitionIndex);
  if (!(partition instanceof Partition)) return partition;
  const notLed = checkLeader(partition);
  if (notLed !== ErrorCode.NONE) return notLed;
  if (partition.log.directory.frozenReason !== undefined) {
    return ErrorCode.KAFKA_STORAGE_ERROR;
  }
  if (services.topics.isInternal(name)) return ErrorCode.INVALID_TOPIC_EXCEPTION;
  if (!services.topics.logConfig(name).cleanupPolicy.includes("delete")) {
    return ErrorCode.POLICY_VIOLATION;
  }
  const target = offset === -1 ? partition.highWatermark : saturated(offset);
  if (target < 0 || target > partition.highWatermark) {
    return ErrorCode.OFFSET_OUT_OF_RANGE;
  }
  try {
    await partition.log.deleteRecordsBefore(target);
  } catch (error) {
    if (!isStoreFault(error)) throw error;
    services.noteUnreadable(partition, error);
    return ErrorCode.KAFKA_STORAGE_ERROR;
  }
  return partition;
}

function startOf({ log }: Partition): { lowWatermark: Offset; errorCode: ErrorCode } {
  return { lowWatermark: log.logStartOffset, errorCode: ErrorCode.NONE };
}

function failure(errorCode: ErrorCode): { lowWatermark: Offset; errorCode: ErrorCode } {
  return { lowWatermark: -1, errorCode };
}
