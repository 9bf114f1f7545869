// New topics: what CreateTopics asks for, and the topics that the cluster needs itself.
//
//   name ok? -> new? -> config ok? -> assignment given, or placed
//     -> TopicRecord, a ConfigRecord for each override, a PartitionRecord for each partition
//
// Each topic succeeds or fails by itself; the records of all that succeed are appended as one.
// Error codes and their order are Kafka's.
// Differs from Kafka: two new topics of one request are refused if their names collide in metrics
// (`a.b` and `a_b`); Kafka compares with existing topics only. If a request asks for more
// partitions than one may create, its first topics are created; Kafka creates none.

import type { Uuid } from "../../base/ids.ts";
import type { Pieces } from "../../base/pieces.ts";
import {
  type CreateTopics,
  ErrorCode,
  type RequestOf,
  type ResponseInput,
} from "../../protocol/mod.ts";
import { recordVersions } from "../feature_levels.ts";
import { type MetadataImage, ResourceType } from "../image/image.ts";
import { type Admission, admissionProblem, replicasFor, sizeProblem } from "./new_partitions.ts";
import { assignmentProblem, partitionRecords, placeableBrokers } from "./partition_records.ts";
import { placeReplicas } from "./placement.ts";
import type { MetadataRecordInput } from "../records/records.ts";
import { type Refusal, refusal } from "../refusal.ts";
import type { Decision } from "../home/store.ts";
import { collidingName, metadataTopic, topicNameProblem } from "./topic_names.ts";

type Request = RequestOf<typeof CreateTopics>;
type CreatableTopic = Request["topics"][number];
type Response = ResponseInput<typeof CreateTopics>;
type Result = Response["topics"][number];

/** One configuration entry as a topic's creation answers it. */
export interface CreatedTopicConfig {
  readonly name: string;
  readonly value: string | null;
  readonly readOnly: boolean;
  readonly configSource: number;
  readonly isSensitive: boolean;
}

/** What the broker's configuration says about topics. */
export interface TopicDefaults {
  readonly numPartitions: number;
  readonly replicationFactor: number;
  /** Why these overrides cannot be set; undefined when they can. */
  configProblem(
    configs: readonly { readonly name: string; readonly value: string | null }[],
  ): string | undefined;
  /** A topic's whole configuration, given its overrides. */
  describeConfigs(overrides: ReadonlyMap<string, string>): readonly CreatedTopicConfig[];
}

/** What a client may do to topics, by their names. */
export interface CreateAccess {
  create(name: string): boolean;
  describeConfigs(name: string): boolean;
}

export interface CreateOptions extends Admission {
  readonly defaults: TopicDefaults;
  /** Of who asks; absent: everything. */
  readonly access?: CreateAccess;
  /** A fresh id at each call. */
  readonly newTopicId: () => Uuid;
}

/** A topic to be created, its configuration checked. */
interface NewTopic {
  readonly name: string;
  readonly configs: readonly { readonly name: string; readonly value: string }[];
  /** Replicas by partition. */
  readonly replicas: readonly (readonly number[])[];
}

/** To decide about one takes as long as to look at so many bytes. */
const topicWeight = 4096;
/** Each partition's replicas and its record, likewise. */
const partitionWeight = 2048;

/** Answers CreateTopics, topic by topic. With validateOnly there are no records. */
export function* decideCreateTopics(
  image: MetadataImage,
  request: Request,
  options: CreateOptions,
): Pieces<Decision<Response>> {
  const records: MetadataRecordInput[] = [];
  const topics: Result[] = [];
  const named = new Map<string, number>();
  for (const { name } of request.topics) named.set(name, (named.get(name) ?? 0) + 1);
  const taken = new Set<string>();
  const answered = new Set<string>();
  const describe = describedOnce(options.defaults);
  let placed = image.partitionCount;
  for (const topic of request.topics) {
    yield topicWeight;
    if (answered.has(topic.name)) continue;
    answered.add(topic.name);
    const isTwice = named.get(topic.name)! > 1;
    const plan = isTwice
      ? refusal(ErrorCode.INVALID_REQUEST, "Duplicate topic name.")
      : planTopic(image, topic, { options, taken, placed, recordCount: records.length });
    if ("errorCode" in plan) {
      topics.push({ ...plan, name: topic.name, configs: [] });
      continue;
    }
    yield plan.replicas.length * partitionWeight;
    const topicId = options.newTopicId();
    const common = collidingName(topic.name);
    if (common !== undefined) taken.add(common);
    placed += plan.replicas.length;
    records.push(...topicRecords(image, plan, topicId));
    const result = created(plan, topicId, describe);
    const isTold = options.access?.describeConfigs(topic.name) ?? true;
    topics.push(isTold ? result : withoutConfigs(result));
  }
  return { records: request.validateOnly ? [] : records, response: { topics } };
}

/** A topic that the cluster keeps its own state in. */
export interface InternalTopic {
  readonly name: string;
  readonly partitionCount: number;
  /** At most: capped at the number of brokers. */
  readonly replicationFactor: number;
  readonly configs: ReadonlyMap<string, string>;
}

/**
 * Creates an internal topic; nothing when it exists.
 * Differs from Kafka: if there are fewer brokers than an internal topic's replication factor, it
 * gets as many replicas as there are brokers, so that a single node with the default of 3 can have
 * groups.
 */
export function decideInternalTopic(
  image: MetadataImage,
  topic: InternalTopic,
  options: { readonly newTopicId: () => Uuid },
): Decision<Refusal | undefined> {
  if (image.topic(topic.name) !== undefined) return { records: [], response: undefined };
  const brokers = placeableBrokers(image);
  const placement = placeReplicas(brokers, {
    partitionCount: topic.partitionCount,
    replicationFactor: Math.min(topic.replicationFactor, Math.max(1, brokers.length)),
    start: image.partitionCount,
  });
  if ("problem" in placement) {
    const { problem } = placement;
    return { records: [], response: refusal(ErrorCode.INVALID_REPLICATION_FACTOR, problem) };
  }
  // Where there are fewer brokers than it wants replicas, all of those there are is enough.
  const replicaCount = placement.replicas[0]?.length ?? 1;
  const configs = [...topic.configs].map(([name, value]) =>
    name === "min.insync.replicas"
      ? { name, value: String(Math.min(Number(value), replicaCount)) }
      : { name, value }
  );
  const plan = { name: topic.name, configs, replicas: placement.replicas };
  return { records: topicRecords(image, plan, options.newTopicId()), response: undefined };
}

interface Planning {
  readonly options: CreateOptions;
  /** Colliding names of topics created by this request. */
  readonly taken: ReadonlySet<string>;
  /** Partitions placed before. */
  readonly placed: number;
  readonly recordCount: number;
}

function planTopic(
  image: MetadataImage,
  topic: CreatableTopic,
  planning: Planning,
): NewTopic | Refusal {
  const { name } = topic;
  if (planning.options.access?.create(name) === false) {
    return refusal(ErrorCode.TOPIC_AUTHORIZATION_FAILED, "Authorization failed.");
  }
  const nameError = checkName(image, name, planning.taken);
  if (nameError !== undefined) return nameError;
  const settings = settingsOf(topic);
  const configProblem = planning.options.defaults.configProblem(settings);
  if (configProblem !== undefined) return refusal(ErrorCode.INVALID_CONFIG, configProblem);
  const replicas = topic.assignments.length > 0
    ? assigned(image, topic)
    : place(image, topic, planning);
  if ("errorCode" in replicas) return replicas;
  const problem = sizeProblem(planning.recordCount + replicas.length) ??
    admissionProblem(replicas.length, planning.options);
  if (problem !== undefined) return problem;
  // configProblem has refused nulls.
  return { name, replicas, configs: settings.map((each) => ({ ...each, value: each.value! })) };
}

/** A key that is given twice takes its last value, which alone is judged, unless one is null. */
function settingsOf({ configs }: CreatableTopic) {
  const nulls = configs.filter(({ value }) => value === null);
  const last = new Map(configs.map(({ name, value }) => [name, value]));
  return nulls.length > 0 ? nulls : [...last].map(([name, value]) => ({ name, value }));
}

function checkName(
  image: MetadataImage,
  name: string,
  taken: ReadonlySet<string>,
): Refusal | undefined {
  if (name === metadataTopic) {
    const message = `Creation of internal topic ${metadataTopic} is prohibited.`;
    return refusal(ErrorCode.INVALID_REQUEST, message);
  }
  const problem = topicNameProblem(name);
  if (problem !== undefined) return refusal(ErrorCode.INVALID_TOPIC_EXCEPTION, problem);
  if (image.topic(name) !== undefined) {
    return refusal(ErrorCode.TOPIC_ALREADY_EXISTS, `Topic '${name}' already exists.`);
  }
  const other = image.collidingTopic(name);
  if (other !== undefined) {
    const message = `Topic '${name}' collides with existing topic: ${other}`;
    return refusal(ErrorCode.INVALID_TOPIC_EXCEPTION, message);
  }
  const common = collidingName(name);
  if (common === undefined || !taken.has(common)) return undefined;
  const message = `Topic '${name}' collides with another topic of this request.`;
  return refusal(ErrorCode.INVALID_TOPIC_EXCEPTION, message);
}

function assigned(
  image: MetadataImage,
  topic: CreatableTopic,
): (readonly number[])[] | Refusal {
  if (topic.replicationFactor !== -1) {
    return refusal(
      ErrorCode.INVALID_REQUEST,
      "A manual partition assignment was specified, but replication factor was not set to -1.",
    );
  }
  if (topic.numPartitions !== -1) {
    return refusal(
      ErrorCode.INVALID_REQUEST,
      "A manual partition assignment was specified, but numPartitions was not set to -1.",
    );
  }
  const byPartition = new Map<number, readonly number[]>();
  const replicationFactor = topic.assignments[0]?.brokerIds.length ?? 0;
  for (const { partitionIndex, brokerIds } of topic.assignments) {
    const problem = byPartition.has(partitionIndex)
      ? `Found multiple manual partition assignments for partition ${partitionIndex}`
      : assignmentProblem(image, brokerIds, { partitionIndex, replicationFactor });
    if (problem !== undefined) return refusal(ErrorCode.INVALID_REPLICA_ASSIGNMENT, problem);
    byPartition.set(partitionIndex, brokerIds);
  }
  const replicas: (readonly number[])[] = [];
  for (let id = 0; id < byPartition.size; id++) {
    const brokerIds = byPartition.get(id);
    if (brokerIds === undefined) {
      return refusal(
        ErrorCode.INVALID_REPLICA_ASSIGNMENT,
        "partitions should be a consecutive 0-based integer sequence",
      );
    }
    replicas.push(brokerIds);
  }
  return replicas;
}

function place(
  image: MetadataImage,
  topic: CreatableTopic,
  planning: Planning,
): readonly (readonly number[])[] | Refusal {
  if (topic.replicationFactor < -1 || topic.replicationFactor === 0) {
    return refusal(
      ErrorCode.INVALID_REPLICATION_FACTOR,
      "Replication factor must be larger than 0, or -1 to use the default value.",
    );
  }
  if (topic.numPartitions < -1 || topic.numPartitions === 0) {
    return refusal(
      ErrorCode.INVALID_PARTITIONS,
      "Number of partitions was set to an invalid non-positive value.",
    );
  }
  const { defaults } = planning.options;
  const partitionCount = topic.numPartitions === -1 ? defaults.numPartitions : topic.numPartitions;
  const problem = sizeProblem(planning.recordCount + partitionCount);
  if (problem !== undefined) return problem;
  const replicationFactor = topic.replicationFactor === -1
    ? defaults.replicationFactor
    : topic.replicationFactor;
  return replicasFor(image, { partitionCount, replicationFactor, start: planning.placed });
}

function topicRecords(image: MetadataImage, plan: NewTopic, topicId: Uuid): MetadataRecordInput[] {
  const { name: resourceName } = plan;
  const records: MetadataRecordInput[] = [
    { type: "TopicRecord", version: 0, fields: { name: resourceName, topicId } },
  ];
  for (const { name, value } of plan.configs) {
    const fields = { resourceType: ResourceType.TOPIC, resourceName, name, value };
    records.push({ type: "ConfigRecord", version: 0, fields });
  }
  const { partition: version } = recordVersions(image);
  records.push(...partitionRecords(image, plan.replicas, { topicId, first: 0, version }));
  return records;
}

type Describe = (configs: NewTopic["configs"]) => readonly CreatedTopicConfig[];

/** Neighbours that are configured alike, as most are, share one description. */
function describedOnce(defaults: TopicDefaults): Describe {
  let lastKey: string | undefined;
  let last: readonly CreatedTopicConfig[] = [];
  return (configs) => {
    const key = JSON.stringify(configs);
    if (key !== lastKey) {
      last = defaults.describeConfigs(new Map(configs.map(({ name, value }) => [name, value])));
      lastKey = key;
    }
    return last;
  };
}

function created(plan: NewTopic, topicId: Uuid, describe: Describe): Result {
  return {
    name: plan.name,
    topicId,
    errorCode: ErrorCode.NONE,
    errorMessage: null,
    numPartitions: plan.replicas.length,
    replicationFactor: plan.replicas[0]?.length ?? 0,
    configs: describe(plan.configs),
  };
}

/** What is told to who may not see a topic's configuration (KIP-525). */
function withoutConfigs({ name, topicId, errorCode, errorMessage }: Result): Result {
  const topicConfigErrorCode = ErrorCode.TOPIC_AUTHORIZATION_FAILED;
  return { name, topicId, errorCode, errorMessage, topicConfigErrorCode, configs: [] };
}
