// Carries a plan out: appends what it has to write, in its order, and makes the answers.
//
// Invariant: all appends of a plan happen in one turn of the event loop, the one it was made in.
// What comes later is waiting for disks, and only answers wait.

import { ErrorCode, type Produce, type ResponseInput } from "../../protocol/mod.ts";
import type { Refusal } from "../../records/mod.ts";
import type { Unacknowledged } from "../replication/acknowledgements.ts";
import {
  acksAll,
  type PlannedPartition,
  type ProducePlan,
  type Refused,
  type Write,
} from "./plan.ts";

export type TopicAnswer = ResponseInput<typeof Produce>["responses"][number];
type PartitionAnswer = TopicAnswer["partitionResponses"][number];

/** Errors that Kafka tells without the start of the log. */
const withoutLogStart: ReadonlySet<ErrorCode> = new Set([
  ErrorCode.CORRUPT_MESSAGE,
  ErrorCode.MESSAGE_TOO_LARGE,
  ErrorCode.RECORD_LIST_TOO_LARGE,
  ErrorCode.KAFKA_STORAGE_ERROR,
]);

/** An answer that is good once a disk has what it is about. */
interface Waiting {
  readonly answer: PartitionAnswer;
  /** Resolves with why it has not. */
  readonly wait: Promise<Unacknowledged | undefined>;
}

/** Appends; what `finish` makes of the answers, later only where some have to wait for a disk. */
export function appendPlan<T>(
  { acks, timeoutMs, topics }: ProducePlan,
  finish: (responses: TopicAnswer[]) => T,
): T | Promise<T> {
  const waiting: Waiting[] = [];
  const terms = { isAwaited: acks === acksAll, timeoutMs, waiting };
  const responses = topics.map(({ topic: { name, topicId }, partitions }) => {
    const partitionResponses = partitions.map((planned) => carryOut(planned, terms));
    return { name, topicId, partitionResponses };
  });
  const [only] = waiting;
  if (only === undefined) return finish(responses);
  // Mostly it is one: each promise between a disk and its answer costs as much as a part of both.
  if (waiting.length === 1) {
    return only.wait.then((failed) => {
      if (failed !== undefined) refuse(only.answer, failed);
      return finish(responses);
    });
  }
  return Promise.all(waiting.map(async ({ answer, wait }) => {
    const failed = await wait;
    if (failed !== undefined) refuse(answer, failed);
  })).then(() => finish(responses));
}

/** Appends one batch; its answer, which is among those that wait where it has to. */
function carryOut(
  planned: PlannedPartition,
  { isAwaited, timeoutMs, waiting }: {
    readonly isAwaited: boolean;
    readonly timeoutMs: number;
    readonly waiting: Waiting[];
  },
): PartitionAnswer {
  if ("errorCode" in planned) return refusalOf(planned);
  const { index, partition, payload: framed, checked, verification } = planned;
  const known = { framed, checked, verification, isAwaited };
  const result = partition.append(framed.bytes, "client", known);
  if (!result.ok) return refusedByLog(planned, result);
  const answer: PartitionAnswer = {
    index,
    errorCode: ErrorCode.NONE,
    baseOffset: result.baseOffset,
    logAppendTimeMs: result.logAppendTimeMs,
    logStartOffset: result.logStartOffset,
  };
  const wait = partition.answerable(result.lastOffset + 1, isAwaited, timeoutMs);
  if (wait !== undefined) waiting.push({ answer, wait });
  return answer;
}

/** What was appended cannot be acknowledged: nobody has seen its answer yet. */
function refuse(answer: PartitionAnswer, failed: Unacknowledged): void {
  Object.assign(answer, refusalOf({ index: answer.index, ...failed }));
}

/** The log does not take the batch. Records at fault are named one by one (KIP-467). */
function refusedByLog(
  { index, partition }: Write,
  { errorCode, message, recordErrors = [] }: Refusal,
): PartitionAnswer {
  const logStartOffset = withoutLogStart.has(errorCode) ? -1 : partition.log.logStartOffset;
  const named = recordErrors.map((error) => {
    return { batchIndex: error.batchIndex, batchIndexErrorMessage: error.message };
  });
  return { ...refusalOf({ index, errorCode, message }), logStartOffset, recordErrors: named };
}

/** The answer for a partition that took nothing. */
export function refusalOf({ index, errorCode, message }: Refused): PartitionAnswer {
  return {
    index,
    errorCode,
    baseOffset: -1,
    logAppendTimeMs: -1,
    logStartOffset: -1,
    errorMessage: message,
  };
}
