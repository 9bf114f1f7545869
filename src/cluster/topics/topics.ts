// Changes to topics that exist: DeleteTopics and CreatePartitions.
//
// Differs from Kafka: clients can neither delete internal topics nor add partitions to them. The
// partition count assigns groups to coordinators, so either would lose the offsets of groups.

import { type Uuid, ZERO_UUID } from "../../base/ids.ts";
import {
  type CreatePartitions,
  type DeleteTopics,
  ErrorCode,
  errorMessage,
  type RequestOf,
  type ResponseInput,
} from "../../protocol/mod.ts";
import { recordVersions } from "../feature_levels.ts";
import type { MetadataImage, TopicImage } from "../image/image.ts";
import {
  type Admission,
  admissionProblem,
  quotaExceeded,
  replicasFor,
  sizeProblem,
  type TakePartitions,
} from "./new_partitions.ts";
import { assignmentProblem, partitionRecords } from "./partition_records.ts";
import type { MetadataRecordInput } from "../records/records.ts";
import { type Refusal, refusal } from "../refusal.ts";
import type { Decision } from "../home/store.ts";

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

/** What a client may do to topics, by their names. */
export interface DeleteAccess {
  delete(name: string): boolean;
  describe(name: string): boolean;
}

const fullAccess: DeleteAccess = { delete: () => true, describe: () => true };

/** How topics are deleted. */
export interface DeleteOptions {
  readonly version: number;
  readonly deleteTopicEnable: boolean;
  readonly isInternal: IsInternal;
  /** Of who asks; absent: everything. */
  readonly access?: DeleteAccess;
  readonly take?: TakePartitions;
}

/** Answers DeleteTopics, in the order of the request. */
export function decideDeleteTopics(
  image: MetadataImage,
  request: DeleteRequest,
  options: DeleteOptions,
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
  const repeats = repeatsOf(image, wanted);
  const answered = new Set<string>();
  const { access = fullAccess } = options;
  for (const one of wanted) {
    const key = keyOf(one);
    if ((repeats.given.has(key) || repeats.meant.has(key)) && answered.has(key)) continue;
    answered.add(key);
    const { isInternal } = options;
    const found = findDeletable(image, one, { repeats, access, isInternal });
    if ("errorCode" in found) {
      responses.push({ ...one, ...found });
      continue;
    }
    if (options.take?.(found.partitions.length) === false) {
      responses.push({ ...one, ...quotaExceeded() });
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

/** Keys that are given twice, and those that mean a topic which another key means too. */
interface Repeats {
  readonly given: ReadonlySet<string>;
  readonly meant: ReadonlySet<string>;
}

function repeatsOf(image: MetadataImage, wanted: readonly Named[]): Repeats {
  const given = new Set<string>();
  const meant = new Set<string>();
  const keyOfTopic = new Map<Uuid, string>();
  const seen = new Set<string>();
  for (const one of wanted) {
    const key = keyOf(one);
    if (seen.has(key)) given.add(key);
    seen.add(key);
    const topic = one.name === null ? image.topicById(one.topicId) : image.topic(one.name);
    if (topic === undefined) continue;
    const other = keyOfTopic.get(topic.id);
    if (other === undefined) keyOfTopic.set(topic.id, key);
    else if (other !== key) meant.add(key).add(other);
  }
  return { given, meant };
}

/** The topic that is to go, or what is told of it: `name`, where it was found by its id. */
function findDeletable(
  image: MetadataImage,
  one: Named,
  { repeats, access, isInternal }: {
    readonly repeats: Repeats;
    readonly access: DeleteAccess;
    readonly isInternal: IsInternal;
  },
): TopicImage | Refusal & { readonly name?: string } {
  const { name, topicId } = one;
  if (name === null && topicId === ZERO_UUID) {
    return refusal(ErrorCode.INVALID_REQUEST, "Neither topic name nor id were specified.");
  }
  if (name !== null && topicId !== ZERO_UUID) {
    return refusal(ErrorCode.INVALID_REQUEST, "You may not specify both topic name and topic id.");
  }
  const duplicate = refusal(
    ErrorCode.INVALID_REQUEST,
    `Duplicate topic ${name === null ? "id" : "name"}.`,
  );
  if (repeats.given.has(keyOf(one))) return duplicate;
  if (name !== null && !access.describe(name)) return notAllowed();
  const topic = name === null ? image.topicById(topicId) : image.topic(name);
  if (topic === undefined) {
    const code = name === null ? ErrorCode.UNKNOWN_TOPIC_ID : ErrorCode.UNKNOWN_TOPIC_OR_PARTITION;
    return refusal(code, errorMessage(code));
  }
  if (!access.delete(topic.name)) {
    // A name is told to who may know it, whatever the request has.
    return access.describe(topic.name) ? { ...notAllowed(), name: topic.name } : notAllowed();
  }
  if (repeats.meant.has(keyOf(one))) return duplicate;
  return isInternal(topic.name) ? internal(topic.name, "deleted") : topic;
}

function notAllowed(): Refusal {
  const code = ErrorCode.TOPIC_AUTHORIZATION_FAILED;
  return refusal(code, errorMessage(code));
}

function internal(name: string, done: string): Refusal {
  return refusal(
    ErrorCode.INVALID_TOPIC_EXCEPTION,
    `Topic '${name}' is internal to the cluster and cannot be ${done}.`,
  );
}

/** What adding partitions goes by. */
interface Widening extends Admission {
  readonly isInternal: IsInternal;
  /** Of who asks; absent: every topic. */
  readonly mayAlter?: (name: string) => boolean;
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
      : options.mayAlter?.(name) === false
      ? notAllowed()
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
  const tooMany = sizeProblem(options.recordCount + count - first);
  if (tooMany !== undefined) return tooMany;
  const replicas = newReplicas(image, topic, wanted);
  if ("errorCode" in replicas) return replicas;
  const problem = admissionProblem(count - first, options);
  if (problem !== undefined) return problem;
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
    return replicasFor(image, { partitionCount, replicationFactor, start: image.partitionCount });
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
