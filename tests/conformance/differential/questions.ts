// Questions made from the protocol tables: their shape is the API's own, their values come from
// pools by the field's name, so that most of them mean something.
//
//   table ─ fields of a version ─ pool of each field's name ─ seed ──> question
//
// Invariant: the same seed gives the same questions.

import fc from "fast-check";
import { ZERO_UUID } from "../../../src/base/ids.ts";
import type { AnyApi, Fields } from "../../../src/protocol/mod.ts";
import { defaultOf, type Field, inRange, type WireType } from "../../../src/protocol/schema.ts";
import { batch } from "./batches.ts";

/** What the pools take from the conversation at hand. */
export interface World {
  readonly topic: string;
  readonly topicId: string;
  readonly group: string;
}

/** A message, or a struct of it. */
export type Fielded = Record<string, unknown>;

type Pool = (world: World) => readonly unknown[];

const topicNames: Pool = ({ topic }) => [topic, topic, `${topic}-missing`, "a b", "", ".."];
const groupNames: Pool = ({ group }) => [group, group, `${group}-missing`];
/** Where nothing is kept: of the group with an empty name there is one for all conversations. */
const anyGroupName: Pool = (world) => [...groupNames(world), ""];
const partitions: Pool = () => [0, 0, 1, 2, -1];

/** Values by the name of their field; the pool of a list is that of its elements. */
const pools: Readonly<Record<string, Pool>> = {
  name: topicNames,
  topic: topicNames,
  topics: topicNames,
  topicName: topicNames,
  topicNames,
  topicId: ({ topicId }) => [topicId, topicId, ZERO_UUID, "AAAAAAAAAAAAAAAAAAAABQ"],
  partition: partitions,
  partitions,
  partitionIndex: partitions,
  partitionIndexes: partitions,
  index: partitions,
  partitionId: partitions,
  groupId: groupNames,
  groups: groupNames,
  groupIds: groupNames,
  groupsNames: groupNames,
  group: groupNames,
  key: groupNames,
  coordinatorKeys: groupNames,
  keyType: () => [0],
  memberId: () => ["", "somebody"],
  groupInstanceId: () => [null, "static"],
  generationId: () => [-1, 0, 5],
  generationIdOrMemberEpoch: () => [-1, 0, 5],
  memberEpoch: () => [-1, 0, 5],
  protocolType: () => ["consumer", "other", null],
  protocolName: () => ["range", null],
  timestamp: () => [-1, -2, -3, 0, 1000, 2n ** 62n],
  fetchOffset: () => [0, 1, 3, 4, -1, 2n ** 62n],
  offset: () => [0, 2, 3, 4, -1, -2],
  startOffset: () => [0, 1, 3, 100, -1],
  committedOffset: () => [0, 3, -1, 2n ** 62n],
  committedLeaderEpoch: () => [-1, 0, 3],
  committedMetadata: () => ["", "note", null],
  currentLeaderEpoch: () => [-1, -1, 0, 1],
  lastFetchedEpoch: () => [-1, -1, 0, 1],
  leaderEpoch: () => [-1, 0, 1],
  logStartOffset: () => [-1],
  replicaId: () => [-1],
  replicaEpoch: () => [-1],
  maxWaitMs: () => [0],
  minBytes: () => [0, 1],
  maxBytes: () => [1, 1_000_000],
  partitionMaxBytes: () => [1, 100, 1_000_000],
  isolationLevel: () => [0, 1],
  sessionId: () => [0],
  sessionEpoch: () => [-1],
  rackId: () => [""],
  timeoutMs: () => [1_000],
  timeout: () => [1_000],
  acks: () => [1, -1],
  transactionalId: () => [null],
  resourceType: () => [2, 2, 4, 8, 32, 0],
  resourceName: ({ topic }) => [topic, topic, `${topic}-missing`, "1", "", "a b"],
  configurationKeys: () => ["retention.ms", "cleanup.policy", "no.such.key"],
  configOperation: () => [0, 1, 2, 3],
  value: () => ["1000", "compact", "x", null],
  numPartitions: () => [1, 3, -1, 0],
  replicationFactor: () => [1, -1, 2],
  count: () => [1, 2, 3, 0, -1],
  brokerIds: () => [1, 2],
  electionType: () => [0, 1],
  entityType: () => ["user", "client-id", "ip", "x"],
  entityName: ({ group }) => [group, null],
  matchType: () => [0, 1, 2],
  match: ({ group }) => [group, null],
  ops: () => [],
  endpointType: () => [1, 1, 2, 3],
  producerId: () => [-1, -1, 5],
  producerEpoch: () => [-1, -1, 0],
  transactionTimeoutMs: () => [60_000],
  path: () => ["/nowhere", "relative"],
  replicas: () => [1, 2],
  // Other features are at other levels, as long as what they stand for is not served.
  feature: () => ["metadata.version", "no.such.feature"],
  maxVersionLevel: () => [0, 1, 2, 100],
  upgradeType: () => [0, 1, 2, 3],
  validateOnly: () => [true],
  retentionTimeMs: () => [-1],
  responsePartitionLimit: () => [2000, 1, 0],
};

/** Where an API has values of its own: `Api field`. */
const poolsOf: Readonly<Record<string, Pool>> = {
  "ConsumerGroupDescribe groupIds": anyGroupName,
  "ShareGroupDescribe groupIds": anyGroupName,
  "StreamsGroupDescribe groupIds": anyGroupName,
  "FindCoordinator key": anyGroupName,
  "FindCoordinator coordinatorKeys": anyGroupName,
  "Heartbeat groupId": anyGroupName,
  "LeaveGroup groupId": anyGroupName,
  "SyncGroup groupId": anyGroupName,
  // Of two that would have the same transaction verified at a time Kafka refuses one.
  "TxnOffsetCommit transactionalId": ({ group }) => [group],
  // Kafka fails as a whole over an id that is none.
  "Fetch topicId": ({ topicId }) => [topicId, topicId, "AAAAAAAAAAAAAAAAAAAABQ"],
  // Kafka refuses everything that is asked for beside a resource of an unknown type.
  "DescribeConfigs resourceType": () => [2, 2, 32],
  // Kafka looks addresses up by their names.
  "AlterClientQuotas entityType": () => ["user", "client-id", "x"],
  ...memberPools("ConsumerGroupHeartbeat"),
  ...memberPools("ShareGroupHeartbeat"),
  ...memberPools("StreamsGroupHeartbeat"),
  "ShareFetch memberId": () => ["AAAAAAAAAAAAAAAAAAAACQ", null, ""],
  "ShareFetch shareSessionEpoch": () => [0, 0, 1, -1],
  "ShareFetch maxRecords": () => [10],
  "ShareFetch batchSize": () => [10],
  "ShareAcknowledge memberId": () => ["AAAAAAAAAAAAAAAAAAAACQ", null, ""],
  "ShareAcknowledge shareSessionEpoch": () => [0, 0, 1, -1],
  // Kafka fails as a whole, or never answers, over partitions that are not there.
  "DescribeShareGroupOffsets topicName": ({ topic }) => [topic, `${topic}-missing`],
  "DescribeShareGroupOffsets partitions": () => [0, 1],
  "AlterShareGroupOffsets topicName": ({ topic }) => [topic, `${topic}-missing`],
  "AlterShareGroupOffsets partitionIndex": () => [0, 1],
  "WriteTxnMarkers producerId": () => [1000, 1001],
  "WriteTxnMarkers producerEpoch": () => [0, 1],
  "WriteTxnMarkers coordinatorEpoch": () => [0, 1, -1],
};

/** Who a member is, and what it says of itself. */
function memberPools(api: string): Record<string, Pool> {
  const pools: Record<string, Pool> = {
    memberId: () => ["one", "one", "two", ""],
    memberEpoch: () => [0, 0, 1, 2, -1, -2, -3],
    instanceId: () => [null, null, "static", ""],
    rackId: () => [null, "here", ""],
    rebalanceTimeoutMs: () => [60_000, 60_000, -1, 0],
    subscribedTopicRegex: () => [null, null, "["],
    serverAssignor: () => [null, "uniform", "range", "none"],
    processId: () => [null, "process"],
  };
  return Object.fromEntries(
    Object.entries(pools).map(([name, pool]) => [`${api} ${name}`, pool]),
  );
}

/** Names that mean something else in a list of configuration. */
const configNames: Pool = () => ["retention.ms", "cleanup.policy", "no.such.key"];

const emptyStruct = fc.constant({});

/** Any message of `fields`, with the values of the pools. */
function question(
  fields: Fields,
  o: At,
): fc.Arbitrary<Record<string, unknown>> {
  const parts: Record<string, fc.Arbitrary<unknown>> = {};
  for (const [name, field] of Object.entries(fields)) {
    if (!inRange(o.version, field.versions)) continue;
    parts[name] = answerable(name, field, o);
  }
  return Object.keys(parts).length === 0
    ? emptyStruct
    : fc.record(parts, { noNullPrototype: true });
}

/** Where in a question a field stands. */
interface At {
  readonly api: string;
  readonly version: number;
  readonly world: World;
  /** The list of structs that it is in; "" at the top. */
  readonly within: string;
  readonly nullable?: boolean;
}

function answerable(name: string, field: Field, at: At): fc.Arbitrary<unknown> {
  const mayBeAll = !neverAll.has(`${at.api} ${name}`);
  const nullable = mayBeAll && inRange(at.version, field.nullableVersions);
  const isList = field.wire.kind === "array";
  const plain = ofWire(name, field.wire, { ...at, nullable: nullable && !isList });
  return nullable && isList ? fc.oneof({ arbitrary: plain, weight: 5 }, fc.constant(null)) : plain;
}

function ofWire(name: string, wire: WireType, at: At): fc.Arbitrary<unknown> {
  if (wire.kind === "array") {
    const element = ofWire(name, wire.element, { ...at, nullable: false });
    const size = { minLength: neverAll.has(`${at.api} ${name}`) ? 1 : 0, maxLength: 2 };
    return mayRepeat.has(at.api)
      ? fc.array(element, size)
      : fc.uniqueArray(element, { ...size, selector: identityOf });
  }
  if (wire.kind === "struct") {
    return question(wire.fields, { ...at, within: name, nullable: false });
  }
  const isConfig = name === "name" && at.within === "configs";
  const own = poolsOf[`${at.api} ${name}`];
  const pool = isConfig
    ? configNames
    : own ?? (Object.hasOwn(pools, name) ? pools[name] : undefined);
  const fitting =
    pool?.(at.world).filter((value) => value === null ? at.nullable : fits(value, wire.kind)) ??
      [];
  if (fitting.length > 0) return fc.constantFrom(...fitting);
  switch (wire.kind) {
    case "bool":
      return fc.boolean();
    case "string":
      return fc.constantFrom("", "x");
    case "uuid":
      return fc.constantFrom(at.world.topicId, ZERO_UUID);
    case "bytes":
      return fc.constant(new Uint8Array(0));
    case "records":
      return fc.constantFrom(batch(["a"]), batch(["b", "c"]));
    case "float64":
      return fc.constantFrom(0, 1000);
    default:
      return fc.constantFrom(0, 1);
  }
}

function fits(value: unknown, kind: string): boolean {
  const isNumber = typeof value === "number" || typeof value === "bigint";
  return kind === "string" || kind === "uuid"
    ? typeof value === "string"
    : kind === "bool"
    ? typeof value === "boolean"
    : isNumber && (kind === "int64" || typeof value === "number");
}

/** Lists of which none, or an empty one, stands for all that the broker has: others' as well. */
const neverAll: ReadonlySet<string> = new Set([
  "Metadata topics",
  "DescribeTopicPartitions topics",
  "ElectLeaders topicPartitions",
  "DescribeConfigs configurationKeys",
  "ListPartitionReassignments topics",
  "DescribeLogDirs topics",
  "DescribeUserScramCredentials users",
  // Kafka never answers where there is none.
  "AddPartitionsToTxn transactions",
  "AddPartitionsToTxn topics",
  // Kafka fails over partitions of which there are none, or leaves them out.
  "DescribeShareGroupOffsets topics",
  "DescribeShareGroupOffsets partitions",
  "AlterShareGroupOffsets topics",
  "AlterShareGroupOffsets partitions",
  "WriteTxnMarkers topics",
  "WriteTxnMarkers partitionIndexes",
]);

/** APIs that have an error for what is named twice. For others it is how a map is filled. */
const mayRepeat: ReadonlySet<string> = new Set([
  "CreateTopics",
  "DeleteTopics",
  "CreatePartitions",
  "IncrementalAlterConfigs",
]);

/** The fields that say what an element of a list is about. */
const identities: readonly string[] = [
  "name",
  "user",
  "topic",
  "topicName",
  "topicId",
  "partition",
  "partitionIndex",
  "partitionId",
  "index",
  "groupId",
  "memberId",
  "groupInstanceId",
  "resourceType",
  "resourceName",
  "entityType",
  "entity",
];

/** What an element of a list is about, to be told from others. */
export function identityOf(element: unknown): string {
  if (typeof element !== "object" || element === null) return String(element);
  const fields = element as Record<string, unknown>;
  const known = identities.flatMap((each) => each in fields ? [[each, fields[each]]] : []);
  return JSON.stringify(known);
}

/** `count` questions to `api`, whole messages each. */
export function questionsOf(
  api: AnyApi,
  o: { version: number; world: World; seed: number; count: number },
): Fielded[] {
  const fields: Fields = api.request.fields;
  const at = { api: api.name, version: o.version, world: o.world, within: "" };
  const made = fc.sample(question(fields, at), { seed: o.seed, numRuns: o.count });
  const rest = Object.entries(fields);
  return made.map((each) =>
    named(api, {
      ...Object.fromEntries(rest.map(([name, field]) => [name, defaultOf(field)])),
      ...each,
    })
  );
}

/** Topics by name or by id: by both at once nobody asks, nor Metadata for some by each. */
function named({ name: api }: AnyApi, message: Fielded): Fielded {
  if (api !== "Metadata" && api !== "DeleteTopics") return message;
  if (!Array.isArray(message.topics)) return message;
  const topics = (message.topics as Fielded[]).map((topic) =>
    (topic.topicId ?? ZERO_UUID) === ZERO_UUID ? topic : { ...topic, name: null }
  );
  const byId = topics.filter(({ name }) => name === null);
  const mixed = api === "Metadata" && byId.length > 0 ? byId : topics;
  return { ...message, topics: mixed };
}
