// Topics as tools and frameworks make and look at them: CreateTopics with everything it can refuse,
// CreatePartitions, DeleteTopics, and DescribeConfigs.

import { assert, assertEquals } from "@std/assert";
import { ZERO_UUID } from "../../src/base/ids.ts";
import {
  CreatePartitions,
  CreateTopics,
  DeleteTopics,
  DescribeConfigs,
  ErrorCode,
  Metadata,
  type RequestInput,
} from "../../src/protocol/mod.ts";
import { denoRuntime } from "../../src/runtime/deno.ts";
import { memoryFiles } from "../../src/runtime/memory_files.ts";
import type { RawClient } from "../harness/raw_client.ts";
import { batchOf, makeTopic, produceTo } from "../harness/raw_requests.ts";
import { freshName, sharedBroker } from "../harness/shared_broker.ts";
import { simulated } from "../harness/simulated_broker.ts";

const shared = sharedBroker();

type NewTopic = RequestInput<typeof CreateTopics>["topics"][number];

function newTopic(o: Partial<NewTopic> = {}): NewTopic {
  return {
    name: freshName("topic"),
    numPartitions: 1,
    replicationFactor: 1,
    assignments: [],
    configs: [],
    ...o,
  };
}

async function create(client: RawClient, topic: NewTopic, validateOnly = false) {
  const { topics } = await client.ask(CreateTopics, 7, { topics: [topic], validateOnly });
  assertEquals(topics.length, 1);
  return topics[0];
}

async function exists(client: RawClient, name: string): Promise<boolean> {
  const { topics } = await client.ask(Metadata, 9, {
    topics: [{ name }],
    allowAutoTopicCreation: false,
  });
  return topics[0].errorCode === ErrorCode.NONE;
}

Deno.test("a new topic takes records at once, and the answer tells what it is like", async () => {
  using client = await shared.connect();
  const topic = newTopic({
    numPartitions: 3,
    configs: [{ name: "retention.ms", value: "60000" }],
  });
  const made = await create(client, topic);
  assertEquals([made.errorCode, made.numPartitions, made.replicationFactor], [0, 3, 1]);
  assert(made.topicId !== ZERO_UUID);
  const retention = made.configs?.find(({ name }) => name === "retention.ms");
  assertEquals([retention?.value, retention?.configSource], ["60000", 1]);
  const answer = await produceTo(client, {
    topic: topic.name,
    partition: 2,
    records: batchOf(["at once"]),
  });
  assertEquals(answer.errorCode, ErrorCode.NONE);
});

Deno.test("-1 means the broker's defaults", async () => {
  using client = await shared.connect();
  const made = await create(client, newTopic({ numPartitions: -1, replicationFactor: -1 }));
  assertEquals([made.errorCode, made.numPartitions, made.replicationFactor], [0, 1, 1]);
});

Deno.test("validateOnly checks like a creation, and creates nothing", async () => {
  using client = await shared.connect();
  const topic = newTopic({ numPartitions: 2 });
  const checked = await create(client, topic, true);
  assertEquals([checked.errorCode, checked.numPartitions], [ErrorCode.NONE, 2]);
  assertEquals(await exists(client, topic.name), false);
  const refused = await create(client, newTopic({ numPartitions: 0 }), true);
  assertEquals(refused.errorCode, ErrorCode.INVALID_PARTITIONS);
});

const assignment = (partitionIndex: number, ...brokerIds: number[]) => ({
  partitionIndex,
  brokerIds,
});

const refusals: readonly { what: string; topic: Partial<NewTopic>; code: number }[] = [
  { what: "an empty name", topic: { name: "" }, code: ErrorCode.INVALID_TOPIC_EXCEPTION },
  { what: "a name with a space", topic: { name: "a b" }, code: ErrorCode.INVALID_TOPIC_EXCEPTION },
  { what: "no partitions", topic: { numPartitions: 0 }, code: ErrorCode.INVALID_PARTITIONS },
  {
    what: "more replicas than brokers",
    topic: { replicationFactor: 3 },
    code: ErrorCode.INVALID_REPLICATION_FACTOR,
  },
  {
    what: "no replicas",
    topic: { replicationFactor: 0 },
    code: ErrorCode.INVALID_REPLICATION_FACTOR,
  },
  {
    what: "a configuration key that there is not",
    topic: { configs: [{ name: "retention.msec", value: "1" }] },
    code: ErrorCode.INVALID_CONFIG,
  },
  {
    what: "a value that is no number",
    topic: { configs: [{ name: "retention.ms", value: "soon" }] },
    code: ErrorCode.INVALID_CONFIG,
  },
  {
    what: "a null value",
    topic: { configs: [{ name: "retention.ms", value: null }] },
    code: ErrorCode.INVALID_CONFIG,
  },
  {
    what: "a replica on a broker that there is not",
    topic: { numPartitions: -1, replicationFactor: -1, assignments: [assignment(0, 9)] },
    code: ErrorCode.INVALID_REPLICA_ASSIGNMENT,
  },
  {
    what: "an assignment and a partition count",
    topic: { numPartitions: 1, replicationFactor: -1, assignments: [assignment(0, 1)] },
    code: ErrorCode.INVALID_REQUEST,
  },
];

for (const { what, topic, code } of refusals) {
  Deno.test(`CreateTopics refuses ${what}, with a sentence`, async () => {
    using client = await shared.connect();
    const made = await create(client, newTopic(topic));
    assertEquals(made.errorCode, code);
    assert(made.errorMessage !== null && made.errorMessage.length > 10);
  });
}

Deno.test("one topic that is refused keeps no other from being made", async () => {
  using client = await shared.connect();
  const { name: taken } = await makeTopic(client);
  const fresh = newTopic();
  const { topics } = await client.ask(CreateTopics, 5, {
    topics: [newTopic({ name: taken }), fresh],
  });
  assertEquals(
    topics.map(({ name, errorCode }) => [name, errorCode]),
    [[taken, ErrorCode.TOPIC_ALREADY_EXISTS], [fresh.name, ErrorCode.NONE]],
  );
});

Deno.test("Kafka Streams and Connect make their internal topics", async () => {
  using client = await shared.connect();
  const streams = newTopic({
    name: `${freshName("app")}-count-repartition`,
    configs: [
      { name: "cleanup.policy", value: "delete" },
      { name: "segment.bytes", value: "52428800" },
      { name: "retention.ms", value: "-1" },
      { name: "message.timestamp.type", value: "CreateTime" },
    ],
  });
  const changelog = newTopic({
    configs: [
      { name: "cleanup.policy", value: "compact,delete" },
      { name: "retention.ms", value: "172800000" },
    ],
  });
  const connect = newTopic({ configs: [{ name: "cleanup.policy", value: "compact" }] });
  for (const topic of [streams, changelog, connect]) {
    assertEquals((await create(client, topic)).errorCode, ErrorCode.NONE);
  }
  const policy = async (name: string) =>
    (await describe(client, { resourceType: 2, resourceName: name })).get("cleanup.policy")?.value;
  assertEquals(await policy(connect.name), "compact", "Connect looks at it, and stops if not");
  assertEquals(await policy(changelog.name), "compact,delete");
});

Deno.test("a topic grows, and never shrinks", async () => {
  using client = await shared.connect();
  const { name } = await makeTopic(client, { partitions: 2 });
  const grow = async (count: number, validateOnly = false) => {
    const { results } = await client.ask(CreatePartitions, 3, {
      topics: [{ name, count, assignments: null }],
      timeoutMs: 1000,
      validateOnly,
    });
    return [results[0].name, results[0].errorCode];
  };
  const partitionCount = async () => {
    const { topics } = await client.ask(Metadata, 9, { topics: [{ name }] });
    return topics[0].partitions.length;
  };
  assertEquals(await grow(1), [name, ErrorCode.INVALID_PARTITIONS]);
  assertEquals(await grow(2), [name, ErrorCode.INVALID_PARTITIONS]);
  assertEquals(await grow(5, true), [name, ErrorCode.NONE]);
  assertEquals(await partitionCount(), 2);
  assertEquals(await grow(5), [name, ErrorCode.NONE]);
  assertEquals(await partitionCount(), 5);
});

Deno.test("a topic is deleted by name or by id, and its name is free at once", async () => {
  using client = await shared.connect();
  const { name, topicId } = await makeTopic(client);
  await produceTo(client, { topic: name, records: batchOf(["old"]) });
  const deleted = await client.ask(DeleteTopics, 6, {
    topics: [{ name: null, topicId }],
    timeoutMs: 1000,
  });
  assertEquals(
    deleted.responses.map((each) => [each.name, each.topicId, each.errorCode]),
    [[name, topicId, ErrorCode.NONE]],
  );
  assertEquals(await exists(client, name), false);
  const again = await create(client, newTopic({ name }));
  assertEquals(again.errorCode, ErrorCode.NONE);
  assert(again.topicId !== topicId);
  const produced = await produceTo(client, { topic: name, records: batchOf(["new"]) });
  assertEquals(produced.baseOffset, 0, "nothing is left of the old one");
  const byName = await client.ask(DeleteTopics, 5, { topicNames: [name, "none"], timeoutMs: 1 });
  assertEquals(
    byName.responses.map(({ errorCode }) => errorCode),
    [ErrorCode.NONE, ErrorCode.UNKNOWN_TOPIC_OR_PARTITION],
  );
  const byUnknownId = await client.ask(DeleteTopics, 6, {
    topics: [{ name: null, topicId }],
    timeoutMs: 1000,
  });
  assertEquals(byUnknownId.responses[0].errorCode, ErrorCode.UNKNOWN_TOPIC_ID);
});

/** One resource's configuration by key. */
async function describe(
  client: RawClient,
  resource: { resourceType: number; resourceName: string },
  version = 4,
) {
  const { results } = await client.ask(DescribeConfigs, version, {
    resources: [{ ...resource, configurationKeys: null }],
    ...(version < 3 ? {} : { includeSynonyms: true, includeDocumentation: true }),
  });
  assertEquals([results[0].errorCode, results[0].resourceName], [0, resource.resourceName]);
  return new Map(results[0].configs.map((config) => [config.name, config]));
}

Deno.test("a topic's configuration says where each value comes from", async () => {
  using client = await shared.connect();
  const { name: resourceName } = await makeTopic(client, { configs: { "retention.ms": "1234" } });
  const configs = await describe(client, { resourceType: 2, resourceName });
  const set = configs.get("retention.ms")!;
  assertEquals([set.value, set.configSource, set.configType], ["1234", 1, 5]);
  assert(set.synonyms.length > 1 && set.documentation !== null);
  const unset = configs.get("segment.bytes")!;
  assertEquals([unset.value, unset.configSource], ["1073741824", 5]);
  assertEquals(
    (await describe(client, { resourceType: 2, resourceName }, 0)).get("retention.ms")
      ?.isDefault,
    false,
  );
});

Deno.test("kafka-ui and Kafdrop read the broker's configuration", async () => {
  using client = await shared.connect();
  const configs = await describe(client, { resourceType: 4, resourceName: "1" });
  assertEquals(configs.get("delete.topic.enable")?.value, "true");
  assertEquals(configs.get("group.initial.rebalance.delay.ms")?.value, "0");
  assertEquals(configs.get("group.initial.rebalance.delay.ms")?.configSource, 4);
});

Deno.test("configurations of what there is not are refused one by one", async () => {
  using client = await shared.connect();
  const { name } = await makeTopic(client);
  const { results } = await client.ask(DescribeConfigs, 4, {
    resources: [
      { resourceType: 2, resourceName: freshName("absent"), configurationKeys: null },
      { resourceType: 4, resourceName: "99", configurationKeys: null },
      { resourceType: 77, resourceName: "x", configurationKeys: null },
      { resourceType: 2, resourceName: name, configurationKeys: ["cleanup.policy", "none"] },
    ],
  });
  assertEquals(results.map(({ errorCode }) => errorCode), [
    ErrorCode.UNKNOWN_TOPIC_OR_PARTITION,
    ErrorCode.INVALID_REQUEST,
    ErrorCode.INVALID_REQUEST,
    ErrorCode.NONE,
  ]);
  assertEquals(results[3].configs.map((config) => config.name), ["cleanup.policy"]);
});

Deno.test("topics that go together share the syncs of their data directory", async () => {
  const files = memoryFiles({ clock: denoRuntime().clock });
  const syncFolder = files.syncFolder.bind(files);
  let syncs = 0;
  let syncing: () => Promise<void> = () => Promise.resolve();
  files.syncFolder = async (path) => {
    if (path === "/data") syncs++;
    await syncing();
    await syncFolder(path);
  };
  await simulated({ files }, async ({ connect, pass }) => {
    syncing = () => pass(1);
    using client = await connect();
    const topicNames = Array.from({ length: 60 }, (_, i) => `topic-${i}`);
    const topics = topicNames.map((name) => newTopic({ name, numPartitions: 2 }));
    await client.ask(CreateTopics, 7, { topics });
    syncs = 0;
    const { responses } = await client.ask(DeleteTopics, 5, { topicNames, timeoutMs: 10_000 });
    assertEquals(responses.map(({ errorCode }) => errorCode), topicNames.map(() => 0));
    // 120 logs go, sixteen at a time: each round has one sync, and one more in flight meanwhile.
    assertEquals(syncs, 16);
  });
});
