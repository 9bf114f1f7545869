// Fetch: record batches from an offset on, waiting for them if need be.
//
// Serves: 0-18.
// Behaviour: long polling until minBytes are readable, maxWaitMs has passed, or a partition has an
//   error to tell. Whole batches only, and the first partition with data gives at least one however
//   large it is, so that a consumer always advances (KIP-74). Sessions (KIP-227) are answered with
//   session 0, "no session": each request is complete, and one that goes on with a session, of
//   another broker perhaps, learns that there is none. read_committed ends at the last stable
//   offset and lists the aborted transactions below it. The more all answers together hold of what
//   they may (memory_budget.ts), the less this one brings; where next to nothing is left, a few
//   kilobytes are still brought at once, and for a batch that is larger it waits in turn.
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
/** While that much is left for answers, nobody has to wait. */
const roomBytesMin = 2 * 1024 * 1024;
/** What is left is for others, too. */
const roomParts = 4;
/** An answer of so much is always brought: it is little, and most are no more. */
const freeAnswerBytes = 32 * 1024;
/** How much heavier it is to read a byte into fresh memory than to look at it. */
const readWeight = 4;
/** A cold read brings as much more for whoever goes on. */
const coldBytes = 4 * 1024 * 1024;
/** A request of a later epoch names what has changed since: it means nothing without a session. */
const fullRequestEpoch = 0;

/** One pass over the partitions: what it found so far. */
interface Pass {
  readonly request: Request;
  readonly context: Context;
  bytesLeft: number;
  bytes: number;
  failed: boolean;
  /** Partitions to wait for, each with the high watermark that this pass saw. */
  readonly seen: Map<Partition, Offset>;
}

type Context = RequestContext<
  | "config"
  | "metadata"
  | "partitions"
  | "topics"
  | "purgatory"
  | "quotas"
  | "memory"
  | "slices"
  | "clock"
  | "codecs"
  | "isClosing"
  | "noteUnreadable"
>;

export const fetch = handler(Fetch, {
  serves: "0-18",

  async handle(request, context: Context) {
    const { services, version, clientId } = context;
    const replicaId = version >= 15 ? request.replicaState.replicaId : request.replicaId;
    if (replicaId >= 0) return { errorCode: ErrorCode.INVALID_REQUEST, responses: [] };
    if (request.sessionEpoch > fullRequestEpoch) {
      return { errorCode: ErrorCode.FETCH_SESSION_ID_NOT_FOUND, responses: [] };
    }
    const deadlineMs = services.clock.monotonic() + request.maxWaitMs;
    const bytesMax = Math.min(
      services.config.get("fetch.max.bytes"),
      services.quotas.meter(clientId)?.fetchBytesMax ?? Infinity,
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
        services.memory.answers.give(pass.bytes);
      }
      const delayMs = deadlineMs - services.clock.monotonic();
      const bytesMissing = request.minBytes - pass.bytes;
      if (bytesMissing <= 0 || pass.failed || delayMs <= 0 || services.isClosing) {
        return { responses };
      }
      if (hasAdvanced(pass.seen)) continue;
      await services.purgatory.wait([...pass.seen.keys()], { bytes: bytesMissing, delayMs });
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
  const { services, version } = pass.context;
  let name: string | undefined = topic.topic;
  if (version >= 13) {
    name = services.metadata.image.topicById(topic.topicId)?.name;
    if (name === undefined) return ErrorCode.UNKNOWN_TOPIC_ID;
  }
  return services.partitions.find(name, each.partition);
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
  const { version } = pass.context;
  const minOneBatch = pass.bytes === 0 || (version < boundedFrom && pass.bytesLeft > 0);
  const asked = Math.min(each.partitionMaxBytes, pass.bytesLeft);
  if (offset >= endOffset || (asked <= 0 && !minOneBatch)) return answer;
  const reading: Reading = { each, found, pass, answer, offset, endOffset };
  const { room } = pass.context.services.memory.answers;
  if (room < roomBytesMin) return readInTurn(reading, asked);
  const maxBytes = Math.min(asked, Math.max(roomBytesMin, Math.floor(room / roomParts)));
  return readUpTo(reading, { maxBytes, minOneBatch });
}

/** A partition's records, and what is told besides them. */
interface Reading {
  readonly each: PartitionRequest;
  readonly found: Partition;
  readonly pass: Pass;
  /** Without records. */
  readonly answer: PartitionAnswer;
  readonly offset: Offset;
  readonly endOffset: Offset;
}

/** Where memory for answers is short: what is small at once, one batch after a wait. */
async function readInTurn(reading: Reading, asked: number): Promise<PartitionAnswer> {
  const { found, pass, answer } = reading;
  const maxBytes = Math.min(asked, freeAnswerBytes);
  if (maxBytes > 0) {
    const small = await readUpTo(reading, { maxBytes, minOneBatch: false });
    if (small.records?.length !== 0 || small.errorCode !== ErrorCode.NONE) return small;
  }
  // Who holds an answer waits for no more of it.
  if (pass.bytes > 0) return answer;
  const { memory, topics, slices } = pass.context.services;
  const { maxMessageBytes } = topics.logConfig(found.topic);
  const claim = Math.min(Math.max(maxMessageBytes, freeAnswerBytes), memory.answers.bytesMax);
  const wait = memory.answers.take(claim);
  if (wait !== undefined && !await wait.granted) return answer;
  try {
    // Where many are let in at once, they read one after the other, and others go in between.
    slices.spend(claim * readWeight);
    if (slices.isOver) await slices.next();
    return await readUpTo(reading, { maxBytes: Math.min(asked, claim), minOneBatch: true, claim });
  } finally {
    memory.answers.give(claim);
  }
}

/** `claim`: what has been taken for it already. */
function readUpTo(
  { each, found, pass, answer, offset, endOffset }: Reading,
  range: { maxBytes: number; minOneBatch: boolean; claim?: number },
): PartitionAnswer | Promise<PartitionAnswer> {
  const { answers } = pass.context.services.memory;
  const answerWith = (result: SetReadResult): PartitionAnswer => {
    const { bytes: records, damage } = result;
    if (damage !== undefined) return unreadable(damage);
    if (result.errorCode !== undefined) {
      pass.failed = true;
      return { ...answer, errorCode: result.errorCode };
    }
    pass.bytes += records.length;
    pass.bytesLeft -= records.length;
    answers.add(records.length);
    const aborted = answer.abortedTransactions === null || records.length === 0
      ? answer.abortedTransactions
      : found.log.abortedTransactions(offset, endOffset);
    return { ...answer, records, abortedTransactions: aborted };
  };
  // One partition that cannot be read must not fail its neighbours.
  const unreadable = (reason: unknown): PartitionAnswer => {
    pass.failed = true;
    pass.context.services.noteUnreadable(found, reason);
    return failure(each.partition, ErrorCode.KAFKA_STORAGE_ERROR);
  };
  try {
    const { maxBytes, minOneBatch } = range;
    const read = { offset, endOffset, maxBytes, minOneBatch };
    const result = pass.context.version < batchesFrom
      ? readMessageSet(found.log, { ...read, ...setOptions(found, pass) })
      : found.log.read(read);
    if (!(result instanceof Promise)) return answerWith(result);
    const coming = range.claim === undefined ? Math.max(maxBytes, coldBytes) : 0;
    answers.add(coming);
    return result.finally(() => answers.give(coming)).then(answerWith).catch(unreadable);
  } catch (error) {
    return unreadable(error);
  }
}

/** How `found` is read for a consumer who knows message sets only. */
function setOptions({ topic }: Partition, { context: { services, version } }: Pass) {
  const { unpackedBytesMax } = services.topics.logConfig(topic);
  const magic: LegacyMagic = version < 2 ? 0 : 1;
  return { magic, unpackedBytesMax, codecs: services.codecs };
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
  { services, version }: Context,
): Position {
  if (version < batchesFrom && services.topics.logConfig(partition.topic).compression === "zstd") {
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
