// Fetch: record batches from an offset on, waiting for them if need be.
//
// Serves: 0-18.
// Behaviour: long polling until minBytes are readable, maxWaitMs has passed, or a partition has an
//   error to tell. Whole batches only, and the first partition with data gives at least one however
//   large it is, so that a consumer always advances (KIP-74). Sessions (KIP-227) are answered with
//   session 0, "no session": each request is complete, and one that goes on with a session, of
//   another broker perhaps, learns that there is none. read_committed ends at the last stable
//   offset and lists the aborted transactions below it. While all answers together hold what they
//   may (answer_memory.ts), this one brings a batch only.
// Versions: 0-3 message sets, of magic 0 before 2 (message_sets.ts); before 3 there is no bound on
//   the answer, and each partition gives a batch; before 4 zstd is refused (KIP-110 did so before
//   10, where the topic has it, and Kafka 4 does no more); 4 isolation level (KIP-98); 5
//   logStartOffset; 7 sessions; 9 currentLeaderEpoch (KIP-320); 11 rack; 12 flexible,
//   divergingEpoch (KIP-595); 13 topic ids (KIP-516); 15 replicaState (KIP-903); 16 nodeEndpoints
//   (KIP-951); 17 directory ids (KIP-853); 18 high watermark (KIP-1166).
//
// Differs from Kafka: whole batches (before version 4: whole messages) are given only. Kafka fills
// the answer up to the consumer's bound with the beginning of one more, which every consumer throws
// away and asks for again.
//
// Differs from Kafka: a partition's offsets are told with its errors, too, so that a client can see
// its lag; Kafka tells -1.
//
// Not done: fetches by followers; their replica id is refused. Sessions: every answer is whole.

import type { LeaderEpoch, Offset } from "../../base/ids.ts";
import { saturated } from "../../base/int64.ts";
import { ErrorCode, Fetch, type RequestOf, type ResponseInput } from "../../protocol/mod.ts";
import type { LegacyMagic } from "../../records/mod.ts";
import { handler, type RequestContext } from "../handler.ts";
import { checkLeaderEpoch, endOfEpoch } from "../leader_epoch.ts";
import { readMessageSet, type SetReadResult } from "../message_sets.ts";
import { Partition } from "../partition.ts";

type Request = RequestOf<typeof Fetch>;
type Topic = Request["topics"][number];
type PartitionRequest = Topic["partitions"][number];
type Response = ResponseInput<typeof Fetch>;
type TopicAnswer = Response["responses"][number];
type PartitionAnswer = TopicAnswer["partitions"][number];

const noRecords = new Uint8Array(0);
const readCommitted = 1;
/** Since which version consumers read v2 batches, and bound their answers. */
const batchesFrom = 4;
const boundedFrom = 3;
/** A request of a later epoch names what has changed since: it means nothing without a session. */
const fullRequestEpoch = 0;

/** One pass over the partitions: what it found so far. */
interface Pass {
  readonly request: Request;
  readonly context: RequestContext;
  bytesLeft: number;
  bytes: number;
  failed: boolean;
  /** Partitions to wait for, each with the high watermark that this pass saw. */
  readonly seen: Map<Partition, Offset>;
}

export const fetch = handler(Fetch, {
  serves: "0-18",

  async handle(request, context) {
    const { broker, version, clientId } = context;
    const replicaId = version >= 15 ? request.replicaState.replicaId : request.replicaId;
    if (replicaId >= 0) return { errorCode: ErrorCode.INVALID_REQUEST, responses: [] };
    if (request.sessionEpoch > fullRequestEpoch) {
      return { errorCode: ErrorCode.FETCH_SESSION_ID_NOT_FOUND, responses: [] };
    }
    const deadlineMs = broker.clock.monotonic() + request.maxWaitMs;
    const bytesMax = Math.min(
      broker.config.get("fetch.max.bytes"),
      broker.quotas.meter(clientId)?.fetchBytesMax ?? Infinity,
    );
    for (;;) {
      const pass: Pass = {
        request,
        context,
        bytesLeft: Math.min(request.maxBytes, bytesMax),
        bytes: 0,
        failed: false,
        seen: new Map(),
      };
      let responses: TopicAnswer[];
      try {
        responses = await collect(pass);
      } finally {
        // From here on the connection counts them.
        broker.answerMemory.remove(pass.bytes);
      }
      const delayMs = deadlineMs - broker.clock.monotonic();
      const bytesMissing = request.minBytes - pass.bytes;
      if (bytesMissing <= 0 || pass.failed || delayMs <= 0 || broker.isClosing) {
        return { responses };
      }
      if (hasAdvanced(pass.seen)) continue;
      await broker.purgatory.wait([...pass.seen.keys()], { bytes: bytesMissing, delayMs });
    }
  },
});

async function collect(pass: Pass): Promise<TopicAnswer[]> {
  const responses: TopicAnswer[] = [];
  for (const topic of pass.request.topics) {
    if (topic.partitions.length === 0) continue;
    const partitions: PartitionAnswer[] = [];
    for (const each of topic.partitions) {
      const answer = read(each, locate(topic, each, pass), pass);
      partitions.push(answer instanceof Promise ? await answer : answer);
    }
    responses.push({ topic: topic.topic, topicId: topic.topicId, partitions });
  }
  return responses;
}

/** Whether an append came while the pass was reading cold data: waiting would miss it. */
function hasAdvanced(seen: ReadonlyMap<Partition, Offset>): boolean {
  for (const [partition, offset] of seen) if (partition.highWatermark > offset) return true;
  return false;
}

function locate(topic: Topic, each: PartitionRequest, pass: Pass): Partition | ErrorCode {
  const { broker, version } = pass.context;
  let name: string | undefined = topic.topic;
  if (version >= 13) {
    name = broker.metadata.image.topicById(topic.topicId)?.name;
    if (name === undefined) return ErrorCode.UNKNOWN_TOPIC_ID;
  }
  return broker.partitions.find(name, each.partition);
}

function read(
  each: PartitionRequest,
  found: Partition | ErrorCode,
  pass: Pass,
): PartitionAnswer | Promise<PartitionAnswer> {
  if (!(found instanceof Partition)) {
    pass.failed = true;
    return failure(each.partition, found);
  }
  const { errorCode, divergingEpoch } = checkPosition(each, found, pass.context);
  const answer = emptyAnswer(each, found, { errorCode, request: pass.request });
  if (errorCode !== ErrorCode.NONE) {
    pass.failed = true;
    return { ...answer, abortedTransactions: null };
  }
  if (divergingEpoch !== undefined) {
    pass.failed = true;
    return { ...answer, divergingEpoch };
  }
  pass.seen.set(found, found.highWatermark);
  const offset = saturated(each.fetchOffset);
  const endOffset = readableEnd(found, pass.request);
  const { answerMemory } = pass.context.broker;
  const maxBytes = Math.min(each.partitionMaxBytes, pass.bytesLeft, answerMemory.room);
  const { version } = pass.context;
  const minOneBatch = pass.bytes === 0 || (version < boundedFrom && pass.bytesLeft > 0);
  if (offset >= endOffset || (maxBytes <= 0 && !minOneBatch)) return answer;
  const answerWith = (result: SetReadResult): PartitionAnswer => {
    const { bytes: records, damage } = result;
    if (damage !== undefined) return unreadable(damage);
    if (result.errorCode !== undefined) {
      pass.failed = true;
      return { ...answer, errorCode: result.errorCode };
    }
    pass.bytes += records.length;
    pass.bytesLeft -= records.length;
    answerMemory.add(records.length);
    const aborted = answer.abortedTransactions === null || records.length === 0
      ? answer.abortedTransactions
      : found.log.abortedTransactions(offset, endOffset);
    return { ...answer, records, abortedTransactions: aborted };
  };
  // One partition that cannot be read must not fail its neighbours.
  const unreadable = (reason: unknown): PartitionAnswer => {
    pass.failed = true;
    pass.context.broker.noteUnreadable(found, reason);
    return failure(each.partition, ErrorCode.KAFKA_STORAGE_ERROR);
  };
  try {
    const range = { offset, endOffset, maxBytes, minOneBatch };
    const result = version < batchesFrom
      ? readMessageSet(found.log, { ...range, ...setOptions(found, pass) })
      : found.log.read(range);
    if (!(result instanceof Promise)) return answerWith(result);
    answerMemory.add(maxBytes);
    return result.finally(() => answerMemory.remove(maxBytes)).then(answerWith).catch(unreadable);
  } catch (error) {
    return unreadable(error);
  }
}

/** How `found` is read for a consumer who knows message sets only. */
function setOptions({ topic }: Partition, { context: { broker, version } }: Pass) {
  const { unpackedBytesMax } = broker.topics.logConfig(topic);
  const magic: LegacyMagic = version < 2 ? 0 : 1;
  return { magic, unpackedBytesMax, codecs: broker.codecs };
}

function readableEnd(partition: Partition, { isolationLevel }: Request): Offset {
  return isolationLevel === readCommitted ? partition.lastStableOffset : partition.highWatermark;
}

/** The answer of a partition that has no records to give. */
function emptyAnswer(
  { partition: partitionIndex }: PartitionRequest,
  { log, highWatermark, lastStableOffset }: Partition,
  o: { errorCode: ErrorCode; request: Request },
): PartitionAnswer {
  return {
    partitionIndex,
    errorCode: o.errorCode,
    highWatermark,
    lastStableOffset,
    logStartOffset: log.logStartOffset,
    abortedTransactions: o.request.isolationLevel === readCommitted ? [] : null,
    records: noRecords,
  };
}

interface Position {
  readonly errorCode: ErrorCode;
  /** KIP-595: where the fetcher's last epoch ended here, if its records are not in this log. */
  readonly divergingEpoch?: { readonly epoch: LeaderEpoch; readonly endOffset: Offset };
}

function checkPosition(
  each: PartitionRequest,
  partition: Partition,
  { broker, version }: RequestContext,
): Position {
  if (version < batchesFrom && broker.topics.logConfig(partition.topic).compression === "zstd") {
    return { errorCode: ErrorCode.UNSUPPORTED_COMPRESSION_TYPE };
  }
  const errorCode = checkLeaderEpoch(partition, each.currentLeaderEpoch);
  if (errorCode !== ErrorCode.NONE) return { errorCode };
  const { fetchOffset, lastFetchedEpoch } = each;
  const { log, highWatermark } = partition;
  if (lastFetchedEpoch >= 0) {
    const { leaderEpoch: epoch, endOffset } = endOfEpoch(partition, lastFetchedEpoch);
    if (epoch < 0 || endOffset < 0) return { errorCode: ErrorCode.OFFSET_OUT_OF_RANGE };
    if (epoch !== lastFetchedEpoch || endOffset < fetchOffset) {
      return { errorCode: ErrorCode.NONE, divergingEpoch: { epoch, endOffset } };
    }
  }
  const inRange = fetchOffset >= log.logStartOffset && fetchOffset <= highWatermark;
  return { errorCode: inRange ? ErrorCode.NONE : ErrorCode.OFFSET_OUT_OF_RANGE };
}

function failure(partitionIndex: number, errorCode: ErrorCode): PartitionAnswer {
  return {
    partitionIndex,
    errorCode,
    highWatermark: -1,
    lastStableOffset: -1,
    logStartOffset: -1,
    abortedTransactions: [],
    records: noRecords,
  };
}
