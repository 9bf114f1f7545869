// Changes to topics that exist: DeleteTopics and CreatePartitions.
//
// Differs from Kafka: internal topics can be neither deleted nor widened by clients. Their
// partition count is what assigns groups to coordinators, so either would lose every group's
// offsets.

import { type Uuid, ZERO_UUID } from "../base/ids.ts";
import {
  type CreatePartitions,
  type DeleteTopics,
  ErrorCode,
  errorMessage,
  type RequestOf,
  type ResponseInput,
} from "../protocol/mod.ts";
import { type CreateOptions, recordsPerRequestMax } from "./create_topics.ts";
import { recordVersions } from "./feature_levels.ts";
import type { MetadataImage, TopicImage } from "./image.ts";
import { assignmentProblem, partitionRecords, placeableBrokers } from "./partition_records.ts";
import { placeReplicas } from "./placement.ts";
import type { MetadataRecordInput } from "./records.ts";
import { type Refusal, refusal } from "./refusal.ts";
import type { Decision } from "./store.ts";

type DeleteRequest = RequestOf<typeof DeleteTopics>;
type DeleteResponse = ResponseInput<typeof DeleteTopics>;
type DeleteResult = DeleteResponse["responses"][number];
type PartitionsRequest = RequestOf<typeof CreatePartitions>;
type PartitionsResponse = ResponseInput<typeof CreatePartitions>;
type PartitionsTopic = PartitionsRequest["topics"][number];

/** Whether a topic of this name is kept by the cluster itself. */
type IsInternal = (name: string) => boolean;

/** A topic named by a request, by name or by id. */
interface Named {
  readonly name: string | null;
  readonly topicId: Uuid;
}

/** Answers DeleteTopics, in the order of the request. */
export function decideDeleteTopics(
  image: MetadataImage,
  request: DeleteRequest,
  options: {
    readonly version: number;
    readonly deleteTopicEnable: boolean;
    readonly isInternal: IsInternal;
  },
): Decision<DeleteResponse> {
  const wanted: Named[] = [
    ...request.topics,
    ...request.topicNames.map((name) => ({ name, topicId: ZERO_UUID })),
  ];
  if (!options.deleteTopicEnable) {
    const errorCode = options.version < 3
      ? ErrorCode.INVALID_REQUEST
      : ErrorCode.TOPIC_DELETION_DISABLED;
    const disabled = refusal(errorCode, "Topic deletion is disabled.");
    return { records: [], response: { responses: wanted.map((one) => ({ ...one, ...disabled })) } };
  }
  const records: MetadataRecordInput[] = [];
  const responses: DeleteResult[] = [];
  const twice = duplicates(image, wanted);
  const answered = new Set<string>();
  for (const one of wanted) {
    const key = keyOf(one);
    if (twice.has(key) && answered.has(key)) continue;
    answered.add(key);
    const found = findDeletable(image, one, { twice, isInternal: options.isInternal });
    if ("errorCode" in found) {
      responses.push({ ...one, ...found });
      continue;
    }
    records.push({ type: "RemoveTopicRecord", version: 0, fields: { topicId: found.id } });
    const { name, id: topicId } = found;
    responses.push({ name, topicId, errorCode: ErrorCode.NONE, errorMessage: null });
  }
  return { records, response: { responses }, spendsReserve: true };
}

function keyOf({ name, topicId }: Named): string {
  return name === null ? `id ${topicId}` : `name ${name}`;
}

/** Keys that are given twice, or that mean a topic which another key means too. */
function duplicates(image: MetadataImage, wanted: readonly Named[]): ReadonlySet<string> {
  const twice = new Set<string>();
  const keyOfTopic = new Map<Uuid, string>();
  const seen = new Set<string>();
  for (const one of wanted) {
    const key = keyOf(one);
    if (seen.has(key)) twice.add(key);
    seen.add(key);
    const topic = one.name === null ? image.topicById(one.topicId) : image.topic(one.name);
    if (topic === undefined) continue;
    const other = keyOfTopic.get(topic.id);
    if (other === undefined) keyOfTopic.set(topic.id, key);
    else if (other !== key) twice.add(key).add(other);
  }
  return twice;
}

function findDeletable(
  image: MetadataImage,
  one: Named,
  { twice, isInternal }: { readonly twice: ReadonlySet<string>; readonly isInternal: IsInternal },
): TopicImage | Refusal {
  const { name, topicId } = one;
  if (name === null && topicId === ZERO_UUID) {
    return refusal(ErrorCode.INVALID_REQUEST, "Neither topic name nor id were specified.");
  }
  if (name !== null && topicId !== ZERO_UUID) {
    return refusal(ErrorCode.INVALID_REQUEST, "You may not specify both topic name and topic id.");
  }
  if (twice.has(keyOf(one))) {
    const message = `Duplicate topic ${name === null ? "id" : "name"}.`;
    return refusal(ErrorCode.INVALID_REQUEST, message);
  }
  const topic = name === null ? image.topicById(topicId) : image.topic(name);
  if (topic === undefined) {
    const code = name === null ? ErrorCode.UNKNOWN_TOPIC_ID : ErrorCode.UNKNOWN_TOPIC_OR_PARTITION;
    return refusal(code, errorMessage(code));
  }
  return isInternal(topic.name) ? internal(topic.name, "deleted") : topic;
}

function internal(name: string, done: string): Refusal {
  return refusal(
    ErrorCode.INVALID_TOPIC_EXCEPTION,
    `Topic '${name}' is internal to the cluster and cannot be ${done}.`,
  );
}

/** What adding partitions goes by. */
interface Widening extends Pick<CreateOptions, "roomProblem"> {
  readonly isInternal: IsInternal;
}

/** Answers CreatePartitions, in the order of the request. */
export function decideCreatePartitions(
  image: MetadataImage,
  request: PartitionsRequest,
  options: Widening,
): Decision<PartitionsResponse> {
  const records: MetadataRecordInput[] = [];
  const results: PartitionsResponse["results"][number][] = [];
  const counts = new Map<string, number>();
  for (const { name } of request.topics) counts.set(name, (counts.get(name) ?? 0) + 1);
  for (const name of counts.keys()) {
    const topic = request.topics.find((one) => one.name === name)!;
    const added = counts.get(name)! > 1
      ? refusal(ErrorCode.INVALID_REQUEST, "Duplicate topic name.")
      : addPartitions(image, topic, { ...options, recordCount: records.length });
    if ("errorCode" in added) {
      results.push({ name, ...added });
    } else {
      records.push(...added);
      results.push({ name, errorCode: ErrorCode.NONE, errorMessage: null });
    }
  }
  return { records: request.validateOnly ? [] : records, response: { throttleTimeMs: 0, results } };
}

function addPartitions(
  image: MetadataImage,
  wanted: PartitionsTopic,
  options: Widening & { readonly recordCount: number },
): MetadataRecordInput[] | Refusal {
  const topic = image.topic(wanted.name);
  if (topic === undefined) {
    const code = ErrorCode.UNKNOWN_TOPIC_OR_PARTITION;
    return refusal(code, errorMessage(code));
  }
  if (options.isInternal(topic.name)) return internal(topic.name, "widened");
  const first = topic.partitions.length;
  const { count } = wanted;
  if (count === first) {
    return refusal(ErrorCode.INVALID_PARTITIONS, `Topic already has ${first} partition(s).`);
  }
  if (count < first) {
    return refusal(
      ErrorCode.INVALID_PARTITIONS,
      `The topic ${topic.name} currently has ${first} partition(s); ${count} would not be an ` +
        "increase.",
    );
  }
  if (options.recordCount + count - first > recordsPerRequestMax) {
    return refusal(
      ErrorCode.POLICY_VIOLATION,
      `Unable to perform excessively large batch operation: at most ${recordsPerRequestMax} ` +
        "partitions can be created by one request.",
    );
  }
  const replicas = newReplicas(image, topic, wanted);
  if ("errorCode" in replicas) return replicas;
  const roomProblem = options.roomProblem(count - first);
  if (roomProblem !== undefined) return refusal(ErrorCode.KAFKA_STORAGE_ERROR, roomProblem);
  const { partition: version } = recordVersions(image);
  return partitionRecords(image, replicas, { topicId: topic.id, first, version });
}

function newReplicas(
  image: MetadataImage,
  topic: TopicImage,
  wanted: PartitionsTopic,
): readonly (readonly number[])[] | Refusal {
  const first = topic.partitions.length;
  const partitionCount = wanted.count - first;
  const replicationFactor = topic.partitions[0]?.replicas.length ?? 0;
  if (wanted.assignments === null) {
    const start = image.partitionCount;
    const placement = placeReplicas(placeableBrokers(image), {
      partitionCount,
      replicationFactor,
      start,
    });
    if ("replicas" in placement) return placement.replicas;
    return refusal(
      ErrorCode.INVALID_REPLICATION_FACTOR,
      `Unable to replicate the partition ${replicationFactor} time(s): ${placement.problem}`,
    );
  }
  const given = wanted.assignments.map(({ brokerIds }) => brokerIds);
  if (given.length !== partitionCount) {
    return refusal(
      ErrorCode.INVALID_REPLICA_ASSIGNMENT,
      `Attempted to add ${partitionCount} additional partition(s), but only ${given.length} ` +
        "assignment(s) were specified.",
    );
  }
  for (const [index, brokerIds] of given.entries()) {
    const expected = { partitionIndex: first + index, replicationFactor };
    const problem = assignmentProblem(image, brokerIds, expected);
    if (problem !== undefined) return refusal(ErrorCode.INVALID_REPLICA_ASSIGNMENT, problem);
  }
  return given;
}
