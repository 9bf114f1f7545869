// Carries a plan out: appends what it has to write, in its order, and makes the answers.
//
// Invariant: all appends of a plan happen in one turn of the event loop, the one it was made in.
// What comes later is waiting for disks, and only answers wait.

import { ErrorCode, type Produce, type ResponseInput } from "../../protocol/mod.ts";
import type { Refusal } from "../../records/mod.ts";
import {
  acksAll,
  type PlannedPartition,
  type ProducePlan,
  type ProduceTopic,
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

/** Appends; a promise only where an answer has to wait for a disk. */
export function appendPlan(
  { acks, timeoutMs, topics }: ProducePlan,
): TopicAnswer[] | Promise<TopicAnswer[]> {
  let waits = false;
  const answered = topics.map(({ topic, partitions }) => {
    const answers = partitions.map((planned) => {
      const answer = carryOut(planned, { acks, timeoutMs });
      waits ||= answer instanceof Promise;
      return answer;
    });
    return { topic, answers };
  });
  return waits ? settled(answered) : answered.map(({ topic, answers }) => {
    return answerOf(topic, answers as PartitionAnswer[]);
  });
}

/** The answers of one topic, some of which wait. */
interface Waiting {
  readonly topic: ProduceTopic;
  readonly answers: readonly (PartitionAnswer | Promise<PartitionAnswer>)[];
}

/** One promise for what is mostly one answer. */
function settled(answered: readonly Waiting[]): Promise<TopicAnswer[]> {
  const [first, ...others] = answered;
  const [only, ...rest] = first?.answers ?? [];
  if (first !== undefined && only instanceof Promise && others.length + rest.length === 0) {
    return only.then((answer) => [answerOf(first.topic, [answer])]);
  }
  return Promise.all(answered.map(async ({ topic, answers }) => {
    return answerOf(topic, await Promise.all(answers));
  }));
}

function answerOf(
  { name, topicId }: ProduceTopic,
  partitionResponses: readonly PartitionAnswer[],
): TopicAnswer {
  return { name, topicId, partitionResponses };
}

function carryOut(
  planned: PlannedPartition,
  { acks, timeoutMs }: Pick<ProducePlan, "acks" | "timeoutMs">,
): PartitionAnswer | Promise<PartitionAnswer> {
  if ("errorCode" in planned) return refusalOf(planned);
  const { index, partition, payload: framed, checked, verification } = planned;
  const isAwaited = acks === acksAll;
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
  return wait?.then((failed) => failed === undefined ? answer : refusalOf({ index, ...failed })) ??
    answer;
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
