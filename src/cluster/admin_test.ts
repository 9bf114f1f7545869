import { assertEquals, assertMatch } from "@std/assert";
import { drained } from "../base/pieces.ts";
import { ZERO_UUID } from "../base/ids.ts";
import { firstOf, itemAt, missing } from "../base/items.ts";
import { ErrorCode } from "../protocol/mod.ts";
import { decideAlterClientQuotas, describeClientQuotas } from "./access/client_quotas.ts";
import { type ConfigRules, decideAlterConfigs, decideIncrementalAlterConfigs } from "./configs.ts";
import { decideElectLeaders, decideUnregisterBroker } from "./replicas/elections.ts";
import { decideUpdateFeatures } from "./features.ts";
import { ResourceType } from "./image/image.ts";
import { decideAlterReassignments, listReassignments } from "./replicas/reassignments.ts";
import type { MetadataRecordInput } from "./records/records.ts";
import { decideAlterScram, describeScram } from "./access/scram.ts";
import { type Decision, MemoryMetadataStore } from "./home/store.ts";

const topicId = "AAAAAAAAAAAAAAAAAAAAAg";

/** A store with broker 1 alive, broker 2 registered and away, and topic "t" on both. */
async function cluster(): Promise<MemoryMetadataStore> {
  const store = new MemoryMetadataStore();
  const broker = (brokerId: number): MetadataRecordInput => ({
    type: "RegisterBrokerRecord",
    version: 0,
    fields: {
      brokerId,
      incarnationId: ZERO_UUID,
      brokerEpoch: brokerId,
      endPoints: [],
      features: [],
      rack: null,
      fenced: brokerId === 2,
    },
  });
  const partition = (partitionId: number, more: { leader: number; isr: number[] }) => ({
    type: "PartitionRecord" as const,
    version: 0,
    fields: {
      partitionId,
      topicId,
      replicas: [2, 1],
      removingReplicas: [],
      addingReplicas: [],
      leaderEpoch: 0,
      partitionEpoch: 0,
      ...more,
    },
  });
  await store.append([
    broker(1),
    broker(2),
    { type: "TopicRecord", version: 0, fields: { name: "t", topicId } },
    partition(0, { leader: 1, isr: [1, 2] }),
    partition(1, { leader: -1, isr: [2] }),
  ]);
  return store;
}

async function apply<R>(store: MemoryMetadataStore, { records, response }: Decision<R>) {
  if (records.length > 0) await store.append(records);
  return response;
}

const anything: ConfigRules = {
  refusal: () => undefined,
  nameProblem: () => undefined,
  problem: () => undefined,
  listDefault: (_, name) => name === "list" ? "a" : undefined,
};

const operation = { set: 0, delete: 1, append: 2, subtract: 3 };

function incremental(...configs: [name: string, operation: number, value: string | null][]) {
  return {
    validateOnly: false,
    resources: [{
      resourceType: ResourceType.TOPIC,
      resourceName: "t",
      configs: configs.map(([name, configOperation, value]) => ({ name, configOperation, value })),
    }],
  };
}

Deno.test("single keys are set, deleted, appended to and subtracted from", async () => {
  const store = await cluster();
  const change = (...configs: Parameters<typeof incremental>) =>
    apply(
      store,
      drained(decideIncrementalAlterConfigs(store.image, incremental(...configs), anything)),
    );
  await change(["key", operation.set, "1"], ["list", operation.append, "b,c,a"]);
  assertEquals([...store.image.topicConfigs("t")], [["key", "1"], ["list", "a,b,c"]]);
  await change(["key", operation.delete, null], ["list", operation.subtract, "a,c"]);
  assertEquals([...store.image.topicConfigs("t")], [["list", "b"]]);
  const { responses } = await change(["key", operation.append, "x"]);
  assertEquals(firstOf(responses).errorCode, ErrorCode.INVALID_CONFIG);
});

Deno.test("what does not change writes no record", async () => {
  const store = await cluster();
  const request = incremental(["key", operation.set, "1"], ["list", operation.append, "b"]);
  const first = drained(decideIncrementalAlterConfigs(store.image, request, anything));
  await apply(store, first);
  const second = drained(decideIncrementalAlterConfigs(store.image, request, anything));
  assertEquals([first.records.length, second.records.length], [2, 0]);
});

Deno.test("AlterConfigs removes what it does not name", async () => {
  const store = await cluster();
  const request = incremental(["key", operation.set, "1"], ["other", operation.set, "2"]);
  await apply(store, drained(decideIncrementalAlterConfigs(store.image, request, anything)));
  const resource = { resourceType: ResourceType.TOPIC, resourceName: "t" };
  const configs = [{ name: "key", value: "3" }];
  const replacing = { resources: [{ ...resource, configs }], validateOnly: false };
  await apply(store, drained(decideAlterConfigs(store.image, replacing, anything)));
  assertEquals([...store.image.topicConfigs("t")], [["key", "3"]]);
});

Deno.test("a resource that is named twice, or not there, fails without the others", async () => {
  const store = await cluster();
  const resource = firstOf(incremental(["key", operation.set, "1"]).resources);
  const gone = { ...resource, resourceName: "missing" };
  const broker = { ...resource, resourceType: ResourceType.BROKER, resourceName: "" };
  const request = { validateOnly: false, resources: [broker, resource, gone, resource] };
  const decision = drained(decideIncrementalAlterConfigs(store.image, request, anything));
  assertEquals(decision.response.responses.map(({ errorCode }) => errorCode), [
    ErrorCode.NONE,
    ErrorCode.INVALID_REQUEST,
    ErrorCode.UNKNOWN_TOPIC_OR_PARTITION,
    ErrorCode.INVALID_REQUEST,
  ]);
  assertEquals(decision.records.length, 1);
});

const user = (entityName: string | null) => ({ entityType: "user", entityName });
const client = (entityName: string | null) => ({ entityType: "client-id", entityName });
const ip = (entityName: string | null) => ({ entityType: "ip", entityName });

function quota(entity: ReturnType<typeof user>[], key: string, value: number, remove = false) {
  return { entity, ops: [{ key, value, remove }] };
}

Deno.test("quotas are kept by entity, in whatever order its parts come", async () => {
  const store = await cluster();
  const alter = (...entries: ReturnType<typeof quota>[]) =>
    apply(store, decideAlterClientQuotas(store.image, { entries, validateOnly: false }));
  await alter(quota([user("u"), client(null)], "producer_byte_rate", 1000));
  await alter(quota([client(null), user("u")], "consumer_byte_rate", 500));
  const [only = missing()] = store.image.clientQuotas();
  assertEquals([...only.values], [["producer_byte_rate", 1000], ["consumer_byte_rate", 500]]);
  await alter(
    quota([user("u"), client(null)], "producer_byte_rate", 0, true),
    quota([user("v")], "consumer_byte_rate", 0.5),
  );
  assertEquals(store.image.clientQuotas().map(({ values }) => [...values]), [[
    ["consumer_byte_rate", 500],
  ]]);
});

Deno.test("quotas that cannot be enforced are refused", async () => {
  const { image } = await cluster();
  const entries = [
    quota([ip("nobody")], "connection_creation_rate", 1),
    quota([ip("1.2.3")], "connection_creation_rate", 1),
    quota([ip("1.2.3.4")], "connection_creation_rate", 1.5),
    quota([ip("1.2.3.5")], "connection_creation_rate", 2 ** 31),
    quota([ip("1.2.3.6")], "producer_byte_rate", 1),
    quota([ip("1.2.3.7"), user("u")], "connection_creation_rate", 1),
    quota([user("w")], "connection_creation_rate", 1),
    quota([user("v")], "producer_byte_rate", -1),
    quota([user("")], "producer_byte_rate", 1),
    quota([], "producer_byte_rate", 1),
  ];
  const { records, response } = decideAlterClientQuotas(image, { entries, validateOnly: false });
  assertEquals(new Set(response.entries.map(({ errorCode }) => errorCode)), new Set([42]));
  assertEquals(records, []);
});

Deno.test("addresses have quotas of connections, and users of changes", async () => {
  const { image } = await cluster();
  const entries = [
    quota([ip("::1")], "connection_creation_rate", 1),
    quota([ip("255.0.0.1")], "connection_creation_rate", 7),
    quota([ip(null)], "connection_creation_rate", 0, true),
    quota([user("u")], "controller_mutation_rate", 0.5),
  ];
  const { records, response } = decideAlterClientQuotas(image, { entries, validateOnly: false });
  assertEquals(response.entries.map(({ errorCode }) => errorCode), [0, 0, 0, 0]);
  assertEquals(records.length, 3);
});

Deno.test("quotas are found by exact name, by default, and by any name", async () => {
  const store = await cluster();
  const entities = [[user("u")], [user(null)], [user("u"), client("c")]];
  const entries = entities.map((entity) => quota(entity, "request_percentage", 50));
  await apply(store, decideAlterClientQuotas(store.image, { entries, validateOnly: false }));
  const count = (strict: boolean, ...parts: [matchType: number, match: string | null][]) => {
    const components = parts.map(([matchType, match]) => ({
      entityType: "user",
      matchType,
      match,
    }));
    return describeClientQuotas(store.image, { components, strict }).entries!.length;
  };
  assertEquals(count(false), 3);
  assertEquals([count(false, [0, "u"]), count(true, [0, "u"])], [2, 1]);
  assertEquals([count(true, [1, null]), count(true, [2, null])], [1, 2]);
});

const hashesOf = () => ({
  hash: (bytes: Uint8Array) => bytes.slice().reverse(),
  hmac: (key: Uint8Array) => key,
});

function credential(name: string, mechanism: number, iterations = 4096) {
  const [salt, saltedPassword] = [new Uint8Array([1]), new Uint8Array([2, 3])];
  return { name, mechanism, iterations, salt, saltedPassword };
}

Deno.test("credentials keep keys and not the salted password", async () => {
  const store = await cluster();
  const upsertions = [credential("alice", 1), credential("alice", 2, 8192)];
  await apply(store, decideAlterScram(store.image, { deletions: [], upsertions }, { hashesOf }));
  const stored = store.image.scramCredentials("alice").get(1)!;
  assertEquals([[...stored.storedKey], [...stored.serverKey]], [[3, 2], [2, 3]]);
  const { results } = describeScram(store.image, { users: null });
  assertEquals(firstOf(results).credentialInfos, [
    { mechanism: 1, iterations: 4096 },
    { mechanism: 2, iterations: 8192 },
  ]);
  const deletions = [{ name: "alice", mechanism: 1 }, { name: "alice", mechanism: 2 }];
  await apply(store, decideAlterScram(store.image, { deletions, upsertions: [] }, { hashesOf }));
  assertEquals(store.image.scramUsers(), []);
});

Deno.test("one bad credential of a user keeps all of that user's from being stored", async () => {
  const { image } = await cluster();
  const upsertions = [
    credential("alice", 1),
    credential("alice", 2, 1),
    credential("bob", 1),
    credential("bob", 1),
    credential("carol", 9),
    credential("dave", 1, 20_000),
  ];
  const decision = decideAlterScram(image, { deletions: [], upsertions }, { hashesOf });
  assertEquals(decision.records, []);
  assertEquals(decision.response.results.map(({ user, errorCode }) => [user, errorCode]), [
    ["alice", ErrorCode.UNACCEPTABLE_CREDENTIAL],
    ["bob", ErrorCode.DUPLICATE_RESOURCE],
    ["carol", ErrorCode.UNSUPPORTED_SASL_MECHANISM],
    ["dave", ErrorCode.UNACCEPTABLE_CREDENTIAL],
  ]);
});

function features(maxVersionLevel: number, upgradeType = 1) {
  const update = { feature: "metadata.version", maxVersionLevel, allowDowngrade: false };
  return { timeoutMs: 0, featureUpdates: [{ ...update, upgradeType }], validateOnly: false };
}

Deno.test("a feature goes up within what is supported, and never down", async () => {
  const store = await cluster();
  const supported = [{ name: "metadata.version", minVersion: 7, maxVersion: 25 }];
  const update = (...of: Parameters<typeof features>) =>
    apply(
      store,
      decideUpdateFeatures(store.image, features(...of), { version: 1, supported }),
    );
  assertEquals((await update(20)).errorCode, ErrorCode.NONE);
  assertEquals(store.image.features.get("metadata.version"), 20);
  const refused = [[26, 1], [19, 1], [19, 2], [19, 3], [21, 2], [6, 1], [-1, 1], [21, 9]] as const;
  for (const [level, upgradeType] of refused) {
    const { errorCode } = await update(level, upgradeType);
    assertEquals(errorCode, ErrorCode.INVALID_UPDATE_VERSION, `${level} by ${upgradeType}`);
  }
  assertEquals(store.image.features.get("metadata.version"), 20);
});

function election(electionType: number, partitions: number[] | null) {
  const topicPartitions = partitions === null ? null : [{ topic: "t", partitions }];
  return { electionType, topicPartitions, timeoutMs: 0 };
}

Deno.test("an unclean election takes a replica that is alive and marks it", async () => {
  const store = await cluster();
  const response = await apply(store, decideElectLeaders(store.image, election(1, null)));
  assertEquals(firstOf(response.replicaElectionResults).partitionResult, [
    { partitionId: 1, errorCode: ErrorCode.NONE, errorMessage: null },
  ]);
  const { leader, leaderEpoch, isr, recovering } = itemAt(store.image.topic("t")!.partitions, 1);
  assertEquals({ leader, leaderEpoch, isr, recovering }, {
    leader: 1,
    leaderEpoch: 1,
    isr: [1],
    recovering: true,
  });
});

Deno.test("a preferred leader that is away is not elected", async () => {
  const { image } = await cluster();
  const { records, response } = decideElectLeaders(image, election(0, [0, 9]));
  const codes = firstOf(response.replicaElectionResults).partitionResult.map((one) =>
    one.errorCode
  );
  assertEquals(codes, [
    ErrorCode.PREFERRED_LEADER_NOT_AVAILABLE,
    ErrorCode.UNKNOWN_TOPIC_OR_PARTITION,
  ]);
  assertEquals(records, []);
});

function reassignment(replicas: number[] | null, allowReplicationFactorChange = true) {
  const topics = [{ name: "t", partitions: [{ partitionIndex: 0, replicas }] }];
  return { timeoutMs: 0, allowReplicationFactorChange, topics };
}

Deno.test("replicas in sync take over at once; others cannot", async () => {
  const store = await cluster();
  const reassign = async (...of: Parameters<typeof reassignment>) => {
    const decision = decideAlterReassignments(store.image, reassignment(...of));
    const { responses } = await apply(store, decision);
    return firstOf(firstOf(responses).partitions).errorCode;
  };
  assertEquals(await reassign([3]), ErrorCode.INVALID_REPLICA_ASSIGNMENT);
  assertEquals(await reassign(null), ErrorCode.NO_REASSIGNMENT_IN_PROGRESS);
  assertEquals(await reassign([1], false), ErrorCode.INVALID_REPLICATION_FACTOR);
  assertEquals(await reassign([1, 2]), ErrorCode.NONE);
  assertEquals(firstOf(store.image.topic("t")!.partitions).replicas, [1, 2]);
  assertEquals(await reassign([1]), ErrorCode.NONE);
  const { replicas, isr, leader } = firstOf(store.image.topic("t")!.partitions);
  assertEquals({ replicas, isr, leader }, { replicas: [1], isr: [1], leader: 1 });
  assertEquals(await reassign([1, 2]), ErrorCode.INVALID_REPLICA_ASSIGNMENT);
});

Deno.test("a reassignment that a folder brings along is listed and can be cancelled", async () => {
  const store = await cluster();
  const fields = { partitionId: 0, topicId, replicas: [2, 1, 3], addingReplicas: [3] };
  await store.append([{ type: "PartitionChangeRecord", version: 0, fields }]);
  const list = () => listReassignments(store.image, { timeoutMs: 0, topics: null }).topics;
  assertEquals(firstOf(firstOf(list()).partitions).addingReplicas, [3]);
  await apply(store, decideAlterReassignments(store.image, reassignment(null)));
  assertEquals([list(), firstOf(store.image.topic("t")!.partitions).replicas], [[], [2, 1]]);
});

Deno.test("a broker that leaves for good leaves in-sync replicas that have another", async () => {
  const store = await cluster();
  const unregister = (brokerId: number) =>
    apply(store, decideUnregisterBroker(store.image, { brokerId }, { self: 1 }));
  assertEquals((await unregister(7)).errorCode, ErrorCode.BROKER_ID_NOT_REGISTERED);
  assertMatch((await unregister(1)).errorMessage!, /is running/);
  assertEquals((await unregister(2)).errorCode, ErrorCode.NONE);
  assertEquals(store.image.broker(2), undefined);
  assertEquals(store.image.topic("t")!.partitions.map(({ isr }) => isr), [[1], [2]]);
});
