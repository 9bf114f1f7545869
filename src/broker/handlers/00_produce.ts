// Produce: appends record batches to partitions.
//
// Serves: 0-13.
// Behaviour: each partition succeeds or fails by itself. acks=1 is answered once the batch is in
//   the file, acks=-1 once an fdatasync covers it, acks=0 not at all: an error then closes the
//   connection, which is all that such a client can notice. Topics are created by Metadata alone.
// Versions: 0-2 message sets, stored as v2 batches (src/records/up_conversion.ts); 2
//   logAppendTimeMs; 3 one v2 batch for each partition and nothing else (KIP-98); 5
//   logStartOffset; 7 zstd (KIP-110); 8 errorMessage and recordErrors (KIP-467); 9 flexible; 10
//   currentLeader (KIP-951), which one node never needs to tell; 12 transactions v2 (KIP-890); 13
//   topic ids (KIP-516).
// Not done: transactions. A transactional batch is refused.
//
// Differs from Kafka: a duplicate is answered without a time where the topic has the producers'
// times; Kafka tells the batch's largest timestamp, which then stands for each of its records.
//
// Differs from Kafka: null records are refused; Kafka never answers them.

import { ConnectionFault } from "../../base/faults.ts";
import type { Offset, PartitionId } from "../../base/ids.ts";
import {
  ErrorCode,
  errorName,
  Produce,
  type RequestOf,
  type ResponseInput,
} from "../../protocol/mod.ts";
import {
  attributeBits,
  attributesOf,
  batchOverheadBytes,
  checkProducePayloadSliced,
  codecToLoad,
  compressionOf,
  type CompressionType,
  isHeavyPayload,
  loadCompression,
  magicOf,
  type ProducePayload,
  type Refusal,
} from "../../records/mod.ts";
import { framingRefusal } from "../../records/framing.ts";
import { needs } from "../authorizer.ts";
import { handler, type RequestContext } from "../handler.ts";
import type { PartitionLog } from "../../log/mod.ts";
import { Partition } from "../partition.ts";

type Request = RequestOf<typeof Produce>;
type Topic = Request["topicData"][number];
type PartitionData = Topic["partitionData"][number];
type Response = ResponseInput<typeof Produce>;
type TopicAnswer = Response["responses"][number];
type PartitionAnswer = TopicAnswer["partitionResponses"][number];

/** Since which version producers send v2 batches alone. */
const batchesFrom = 3;
/** No smaller batch holds the event loop for long. */
const heavyBytesMin = 16 * 1024;
/** Older clients cannot read zstd (KIP-110). */
const zstdFrom = 7;

type Context = RequestContext<"metadata" | "partitions" | "topics" | "memory">;

export const produce = handler(Produce, {
  serves: "0-13",
  authorise: [
    needs("topic write"),
    needs("transactionalId write", { when: "records of a transaction" }),
  ],

  pipelined: true,

  handle(request, context: Context) {
    if (request.acks < -1 || request.acks > 1) {
      return answerAll(request, ErrorCode.INVALID_REQUIRED_ACKS);
    }
    if (!needsPreparation(request, context)) return append(request, context, noneChecked);
    // Its records lie in the frame, and no later request may overtake it.
    const appended = prepare(request, context).then((checked) => {
      return { answer: append(request, context, checked) };
    });
    context.session.keepFrame(appended.then(() => {}, () => {}));
    return appended.then(({ answer }) => answer);
  },
});

/** What large batches came to, which were checked before the append. */
type Checked = ReadonlyMap<PartitionData, ProducePayload>;
const noneChecked: Checked = new Map();

function needsPreparation(request: Request, context: Context): boolean {
  return codecFor(request, context) !== undefined || heavyBatches(request, context).length > 0;
}

/**
 * Loads the codecs that the log will look into the batches with, and looks into those in slices
 * that would hold the event loop.
 */
async function prepare(request: Request, context: Context): Promise<Checked> {
  let codec = codecFor(request, context);
  for (; codec !== undefined; codec = codecFor(request, context)) await loadCompression(codec);
  const checked = new Map<PartitionData, ProducePayload>();
  for (const { data, records, log } of heavyBatches(request, context)) {
    const { rules, slices } = log.produceChecks;
    const memory = context.services.memory.work;
    if (slices === undefined) continue;
    checked.set(data, await checkProducePayloadSliced(records, { rules, slices, memory }));
  }
  return checked;
}

function heavyBatches(request: Request, context: Context) {
  const heavy: { data: PartitionData; records: Uint8Array; log: PartitionLog }[] = [];
  for (const topic of request.topicData) {
    for (const data of topic.partitionData) {
      const { records } = data;
      if (records === null || records.length < heavyBytesMin) continue;
      const name = topicName(topic, context);
      const partition = name && context.services.partitions.get(name, data.index);
      if (!partition || !isHeavyPayload(records, partition.log.produceChecks.rules)) continue;
      heavy.push({ data, records, log: partition.log });
    }
  }
  return heavy;
}

/** A codec to load before these batches can be appended; undefined when there is none. */
function codecFor(request: Request, context: Context): CompressionType | undefined {
  const { metadata, topics } = context.services;
  for (const topic of request.topicData) {
    const name = topicName(topic, context);
    if (name === undefined || metadata.image.topic(name) === undefined) continue;
    const { compression } = topics.logConfig(name);
    for (const { records } of topic.partitionData) {
      const codec = records === null ? undefined : codecToLoad(records, compression);
      if (codec !== undefined) return codec;
    }
  }
  return undefined;
}

function append(request: Request, context: Context, checked: Checked) {
  let waits = false;
  const asked = request.topicData.filter(({ partitionData }) => partitionData.length > 0);
  const topics = asked.map((topic) => {
    const name = topicName(topic, context);
    const answers = topic.partitionData.map((data) =>
      appendPartition(data, { request, name, context, checked })
    );
    waits ||= answers.some((answer) => answer instanceof Promise);
    return { topic, answers };
  });
  // Without acks=all nothing waits, and the answer is made in this very turn of the event loop.
  if (waits) {
    return Promise.all(topics.map(settle)).then((responses) => answerOf(request, responses));
  }
  const responses = topics.map(({ topic: { name, topicId }, answers }) => ({
    name,
    topicId,
    partitionResponses: answers as PartitionAnswer[],
  }));
  return answerOf(request, responses);
}

function answerOf({ acks }: Request, responses: TopicAnswer[]): Response | undefined {
  if (acks !== 0) return { responses };
  refuseSilently(responses);
  return undefined;
}

async function settle(
  { topic, answers }: { topic: Topic; answers: (PartitionAnswer | Promise<PartitionAnswer>)[] },
): Promise<TopicAnswer> {
  const { name, topicId } = topic;
  return { name, topicId, partitionResponses: await Promise.all(answers) };
}

function topicName(topic: Topic, { services, version }: Context): string | undefined {
  return version < 13 ? topic.name : services.metadata.image.topicById(topic.topicId)?.name;
}

interface PartitionContext {
  readonly request: Request;
  readonly name: string | undefined;
  readonly context: Context;
  readonly checked: Checked;
}

function appendPartition(
  data: PartitionData,
  o: PartitionContext,
): PartitionAnswer | Promise<PartitionAnswer> {
  const { services } = o.context;
  const { index } = data;
  if (o.name === undefined) return failure(index, ErrorCode.UNKNOWN_TOPIC_ID);
  const partition = services.partitions.find(o.name, index);
  if (!(partition instanceof Partition)) return failure(index, partition);
  if (o.request.transactionalId !== null || isTransactional(data.records)) {
    return failure(index, ErrorCode.INVALID_TXN_STATE, "transactions are not supported yet");
  }
  if (services.topics.isInternal(o.name)) {
    return failure(index, ErrorCode.INVALID_TOPIC_EXCEPTION, "internal topics take no clients");
  }
  if (o.request.acks === -1 && !hasEnoughReplicas(o.name, index, services)) {
    return failure(index, ErrorCode.NOT_ENOUGH_REPLICAS);
  }
  if (data.records === null) return failure(index, ErrorCode.INVALID_RECORD, "no records");
  if (o.context.version < zstdFrom && isZstd(data.records)) {
    return failure(index, ErrorCode.UNSUPPORTED_COMPRESSION_TYPE, "zstd needs Produce version 7");
  }
  const framing = framingRefusal(data.records, { oldFormats: o.context.version < batchesFrom });
  if (framing !== undefined) return failure(index, framing.errorCode, framing.message);
  const checked = o.checked.get(data);
  const result = partition.append(data.records, "client", { checked });
  if (!result.ok) return refused(index, result, partition);
  const answer: PartitionAnswer = {
    index,
    errorCode: ErrorCode.NONE,
    baseOffset: result.baseOffset,
    logAppendTimeMs: result.logAppendTimeMs,
    logStartOffset: result.logStartOffset,
  };
  if (o.request.acks === -1) return acknowledged(partition, result.lastOffset + 1, answer);
  // So much waits for the disk that an append might block on the kernel: producers wait for it.
  return partition.log.directory.withinBounds()?.then(() => answer) ?? answer;
}

/** A transaction that no request can end would keep read_committed consumers waiting for ever. */
function isTransactional(records: Uint8Array | null): boolean {
  return records !== null && records.length >= batchOverheadBytes && magicOf(records) === 2 &&
    (attributesOf(records) & attributeBits.transactional) !== 0;
}

/** A partition has no more replicas than it has, whatever min.insync.replicas says. */
function hasEnoughReplicas(
  name: string,
  index: PartitionId,
  services: Context["services"],
): boolean {
  const partition = services.metadata.image.topic(name)?.partitions[index];
  if (partition === undefined) return false;
  const wanted = Math.min(services.topics.minInSyncReplicas(name), partition.replicas.length);
  return partition.isr.length >= wanted;
}

function isZstd(records: Uint8Array): boolean {
  return records.length >= batchOverheadBytes && magicOf(records) === 2 &&
    compressionOf(attributesOf(records)) === "zstd";
}

/** Errors that Kafka tells without the start of the log. */
const withoutLogStart: ReadonlySet<ErrorCode> = new Set([
  ErrorCode.CORRUPT_MESSAGE,
  ErrorCode.MESSAGE_TOO_LARGE,
  ErrorCode.RECORD_LIST_TOO_LARGE,
  ErrorCode.KAFKA_STORAGE_ERROR,
]);

/** The log does not take the batch. Records at fault are named one by one (KIP-467). */
function refused(
  index: PartitionId,
  { errorCode, message, recordErrors = [] }: Refusal,
  { log }: Partition,
): PartitionAnswer {
  const logStartOffset = withoutLogStart.has(errorCode) ? -1 : log.logStartOffset;
  const named = recordErrors.map((error) => {
    return { batchIndex: error.batchIndex, batchIndexErrorMessage: error.message };
  });
  return { ...failure(index, errorCode, message), logStartOffset, recordErrors: named };
}

/** `answer`, once what lies below `end` is acknowledged. */
async function acknowledged(
  partition: Partition,
  end: Offset,
  answer: PartitionAnswer,
): Promise<PartitionAnswer> {
  const failed = await partition.acknowledged(end);
  return failed === undefined ? answer : failure(answer.index, failed.errorCode, failed.message);
}

function failure(index: number, errorCode: ErrorCode, errorMessage: string | null = null) {
  return {
    index,
    errorCode,
    baseOffset: -1,
    logAppendTimeMs: -1,
    logStartOffset: -1,
    errorMessage,
  };
}

function answerAll(request: Request, errorCode: ErrorCode): Response {
  return {
    responses: request.topicData.map((topic) => ({
      name: topic.name,
      topicId: topic.topicId,
      partitionResponses: topic.partitionData.map(({ index }) => failure(index, errorCode)),
    })),
  };
}

/** acks=0 has no answer, so a failure closes the connection: the client will look again. */
function refuseSilently(responses: readonly TopicAnswer[]): void {
  for (const { name, partitionResponses } of responses) {
    for (const { index, errorCode } of partitionResponses) {
      if (errorCode === ErrorCode.NONE) continue;
      throw new ConnectionFault(
        `Produce with acks=0 failed for ${name}-${index}: ${errorName(errorCode)}`,
      );
    }
  }
}
