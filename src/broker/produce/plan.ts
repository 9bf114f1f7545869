// What there is to do for a Produce request, as data, from one walk over it.
//
//   a partition of it --> refused: an error code in its place
//                     \-> write: its payload, framed, and the partition that takes it
//                           due: a codec to load, all of it to check in slices, with memory for
//                           work, or its transaction to verify; nothing for most
//
// A partition is asked in this order: is there such a topic, may the client write to it, is it
// here, is the payload one at all, what does its transaction say, do the topic and its replicas
// take it. A batch that would begin a transaction in its partition is verified first, by who
// coordinates that (KIP-890). One producer writes all that a request has within transactions, and
// may do so: otherwise the request is refused as a whole.
//
// Invariant: a plan changes nothing but what is left of a slice, and holds in the turn of the event
// loop that it was made in. Whoever waits for what is due plans again, with what was `done`: by
// then the partition may be gone, or led elsewhere.

import type { PartitionId } from "../../base/ids.ts";
import { ErrorCode, type Produce, type RequestOf } from "../../protocol/mod.ts";
import {
  type BatchHeader,
  codecToLoad,
  type CompressionType,
  type FramedPayload,
  framePayload,
  isHeavyPayload,
  type PayloadFormats,
  type ProducePayload,
  unpackedBytesMost,
  unpackWeight,
} from "../../records/mod.ts";
import type { May } from "../access/authorizer.ts";
import { Partition } from "../logs/partition.ts";
import type { Verification } from "../../log/mod.ts";
import type { Services } from "../services.ts";
import type { TransactionProtocol } from "../transactions/transaction_verification.ts";

export type ProduceRequest = RequestOf<typeof Produce>;
type ProduceTopic = ProduceRequest["topicData"][number];
/** Of one partition: what the client sent for it. */
export type PartitionData = ProduceTopic["partitionData"][number];

/** Since which version producers send v2 batches alone. */
const batchesFrom = 3;
/** Older clients cannot read zstd (KIP-110). */
const zstdFrom = 7;
/** Since which version topics are named by their ids. */
const topicIdsFrom = 13;
/** Since which version producers know TRANSACTION_ABORTABLE, and the second protocol (KIP-890). */
const abortableFrom = 11;
const secondProtocolFrom = 12;
/** No smaller batch holds the event loop for long, unless it is packed. */
const heavyBytesMin = 16 * 1024;

/** What planning needs to know. */
export interface PlanContext {
  readonly services: Pick<Services, "metadata" | "partitions" | "topics">;
  readonly version: number;
  readonly may: May;
}

/** Every in-sync replica is to have it. */
export const acksAll = -1;

/** Takes nothing of what was sent for it. */
export interface Refused {
  readonly index: PartitionId;
  readonly errorCode: ErrorCode;
  readonly message: string | null;
}

/** What has to happen before a write can. */
export type Due =
  | { readonly kind: "load"; readonly codec: CompressionType }
  | { readonly kind: "check"; readonly batch: FramedPayload }
  | {
    readonly kind: "verify";
    readonly header: BatchHeader;
    readonly transactionalId: string;
    readonly protocol: TransactionProtocol;
  };

/** What a transaction's coordinator has said of a write. */
export type Verified =
  | { readonly verification: Verification | undefined }
  | Omit<Refused, "index">;

/** What was done for a write. */
export interface DoneFor {
  /** What its payload came to, where all of it was checked. */
  readonly checked?: ProducePayload;
  readonly verified?: Verified;
}

/** Takes a payload. */
export interface Write {
  readonly index: PartitionId;
  /** The client's own words, by which it is known in another plan. */
  readonly data: PartitionData;
  readonly partition: Partition;
  readonly payload: FramedPayload;
  /** What it came to, where all of it was checked before. */
  readonly checked: ProducePayload | undefined;
  /** What was verified of the transaction that begins with it. */
  readonly verification: Verification | undefined;
  readonly due: Due | undefined;
}

export type PlannedPartition = Refused | Write;

export interface PlannedTopic {
  readonly topic: ProduceTopic;
  readonly partitions: readonly PlannedPartition[];
}

/** All of a request, topics without partitions left out. */
export interface ProducePlan {
  readonly acks: number;
  /** For so long acks=all is waited for. */
  readonly timeoutMs: number;
  readonly topics: readonly PlannedTopic[];
  /** For which of the writes something is due. */
  readonly due: readonly Write[];
}

/** What was done for an earlier plan. */
export type Done = ReadonlyMap<PartitionData, DoneFor>;

const nothingDone: Done = new Map();
const nothingDoneFor: DoneFor = {};

/** What holds for all partitions of a topic. */
interface TopicTerms {
  /** Undefined: no topic has the id that the client names. */
  readonly name: string | undefined;
  readonly request: ProduceRequest;
  readonly context: PlanContext;
  readonly formats: PayloadFormats;
  readonly done: Done;
}

/** Plans `request`, for which what is in `done` was done before. */
export function planProduce(
  request: ProduceRequest,
  context: PlanContext,
  done: Done = nothingDone,
): ProducePlan {
  const { version } = context;
  const formats = { sets: version < batchesFrom, zstd: version >= zstdFrom };
  const topics: PlannedTopic[] = [];
  const due: Write[] = [];
  let producer: BatchHeader | undefined;
  let refusal: ErrorCode | undefined;
  for (const topic of request.topicData) {
    if (topic.partitionData.length === 0) continue;
    const name = nameOf(topic, context);
    const partitions = planTopic(topic, { name, request, context, formats, done });
    topics.push({ topic, partitions });
    for (const planned of partitions) {
      if (!("due" in planned)) continue;
      if (planned.due !== undefined) due.push(planned);
      const header = transactionalHeaderOf(planned.payload);
      if (header === undefined) continue;
      refusal ??= producerRefusal(header, { producer, request, context });
      producer ??= header;
    }
  }
  const { acks, timeoutMs } = request;
  if (refusal === undefined) return { acks, timeoutMs, topics, due };
  return { acks, timeoutMs, topics: topics.map(({ topic }) => allOf(topic, refusal)), due: [] };
}

function transactionalHeaderOf(payload: FramedPayload): BatchHeader | undefined {
  return payload.magic === 2 && payload.header.isTransactional ? payload.header : undefined;
}

/** Why nothing of a request may be written; `producer`: who writes within a transaction, too. */
function producerRefusal(
  { producerId, producerEpoch }: BatchHeader,
  { producer, request: { transactionalId: name }, context: { may } }: {
    readonly producer: BatchHeader | undefined;
    readonly request: ProduceRequest;
    readonly context: PlanContext;
  },
): ErrorCode | undefined {
  if (name === null || !may("write", { type: "transactionalId", name })) {
    return ErrorCode.TRANSACTIONAL_ID_AUTHORIZATION_FAILED;
  }
  const isOther = producer !== undefined &&
    (producer.producerId !== producerId || producer.producerEpoch !== producerEpoch);
  return isOther ? ErrorCode.INVALID_PRODUCER_ID_MAPPING : undefined;
}

function allOf(topic: ProduceTopic, errorCode: ErrorCode): PlannedTopic {
  return { topic, partitions: topic.partitionData.map(({ index }) => refuse(index, errorCode)) };
}

function nameOf(topic: ProduceTopic, { services, version }: PlanContext): string | undefined {
  return version < topicIdsFrom
    ? topic.name
    : services.metadata.image.topicById(topic.topicId)?.name;
}

function planTopic({ partitionData }: ProduceTopic, terms: TopicTerms): PlannedPartition[] {
  const { name, context: { may } } = terms;
  if (name === undefined) {
    return partitionData.map(({ index }) => refuse(index, ErrorCode.UNKNOWN_TOPIC_ID));
  }
  if (!may("write", { type: "topic", name })) {
    return partitionData.map(({ index }) => refuse(index, ErrorCode.TOPIC_AUTHORIZATION_FAILED));
  }
  const named = { ...terms, name };
  return partitionData.map((data) => planPartition(data, named));
}

function planPartition(
  data: PartitionData,
  terms: TopicTerms & { readonly name: string },
): PlannedPartition {
  const { index, records } = data;
  const { services } = terms.context;
  const partition = services.partitions.find(terms.name, index);
  if (!(partition instanceof Partition)) return refuse(index, partition);
  if (!partition.isLeader) return refuse(index, ErrorCode.NOT_LEADER_OR_FOLLOWER);
  const doubt = partition.doubtOf(terms.request.acks === acksAll);
  if (doubt !== undefined) return { index, ...doubt };
  if (records === null) return refuse(index, ErrorCode.INVALID_RECORD, "no records");
  const payload = framePayload(records, terms.formats);
  if ("refusal" in payload) {
    return refuse(index, payload.refusal.errorCode, payload.refusal.message);
  }
  const refusal = topicRuleRefusal(index, terms);
  if (refusal !== undefined) return { index, ...refusal };
  const { checked, verified } = terms.done.get(data) ?? nothingDoneFor;
  if (verified !== undefined && "errorCode" in verified) return { index, ...verified };
  let due = checked === undefined ? dueFor(payload, partition, terms) : undefined;
  if (verified === undefined) due ??= verificationDue(payload, partition, terms);
  return { index, data, partition, payload, checked, verification: verified?.verification, due };
}

/** Whether the batch would begin a transaction in its partition, of which the log must be sure. */
function verificationDue(
  payload: FramedPayload,
  { log, topic }: Partition,
  { request: { transactionalId }, context: { services, version } }: TopicTerms,
): Due | undefined {
  const header = transactionalHeaderOf(payload);
  if (header === undefined || header.producerId < 0 || transactionalId === null) return undefined;
  if (log.producers.isInTransaction(header)) return undefined;
  const protocol = protocolOf(version);
  const isAsked = protocol === "second" ||
    services.topics.logConfig(topic).transactionsAreVerified;
  return isAsked ? { kind: "verify", header, transactionalId, protocol } : undefined;
}

function protocolOf(version: number): TransactionProtocol {
  if (version >= secondProtocolFrom) return "second";
  return version >= abortableFrom ? "abortable" : "older";
}

function topicRuleRefusal(
  index: PartitionId,
  { name, request, context }: TopicTerms & { readonly name: string },
) {
  const { services } = context;
  if (services.topics.isInternal(name)) {
    return {
      errorCode: ErrorCode.INVALID_TOPIC_EXCEPTION,
      message: "internal topics take no clients",
    };
  }
  if (request.acks === acksAll && !hasEnoughReplicas(name, index, services)) {
    return { errorCode: ErrorCode.NOT_ENOUGH_REPLICAS, message: null };
  }
  return undefined;
}

/** A partition has no more replicas than it has, whatever min.insync.replicas says. */
function hasEnoughReplicas(
  name: string,
  index: PartitionId,
  { metadata, topics }: PlanContext["services"],
): boolean {
  const partition = metadata.image.topic(name)?.partitions[index];
  if (partition === undefined) return false;
  const wanted = Math.min(topics.minInSyncReplicas(name), partition.replicas.length);
  return partition.isr.length >= wanted;
}

function dueFor(
  payload: FramedPayload,
  { log, topic }: Partition,
  { context: { services } }: TopicTerms,
): Due | undefined {
  const codec = codecToLoad(payload, services.topics.logConfig(topic).compression);
  if (codec !== undefined) return { kind: "load", codec };
  const isSmall = payload.compression === "none" && payload.bytes.length < heavyBytesMin;
  if (isSmall) return undefined;
  const { rules, slices } = log.produceChecks;
  if (slices === undefined) return undefined;
  if (isHeavyPayload(payload, rules)) return { kind: "check", batch: payload };
  const unpackedBytes = unpackedBytesMost(payload);
  if (unpackedBytes === 0) return undefined;
  // What is not heavy is unpacked when it is appended, as long as there is some of this slice.
  if (slices.isOver) return { kind: "check", batch: payload };
  slices.spend(unpackedBytes * unpackWeight);
  return undefined;
}

function refuse(
  index: PartitionId,
  errorCode: ErrorCode,
  message: string | null = null,
): Refused {
  return { index, errorCode, message };
}
