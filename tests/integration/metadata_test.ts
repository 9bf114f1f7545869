// What clients need to know of a cluster and of its topics: Metadata, DescribeCluster,
// DescribeTopicPartitions, and where the group coordinator is.

import { assert, assertEquals } from "@std/assert";
import { ZERO_UUID } from "../../src/base/ids.ts";
import {
  DescribeCluster,
  DescribeTopicPartitions,
  ErrorCode,
  FindCoordinator,
  Metadata,
  type ResponseOf,
} from "../../src/protocol/mod.ts";
import { BrokerProcess } from "../harness/broker_process.ts";
import { RawClient } from "../harness/raw_client.ts";
import { makeTopic } from "../harness/raw_requests.ts";
import { freshName, sharedBroker } from "../harness/shared_broker.ts";

const shared = sharedBroker();
type Page = ResponseOf<typeof DescribeTopicPartitions>;

const unknownId = "b3R0bGEtY29uZm9ybWFuYw";

Deno.test("version 0 asks for all topics with an empty list, later ones with null", async () => {
  using client = await shared.connect();
  const { name } = await makeTopic(client);
  const has = async (version: number, topics: { name: string }[] | null) => {
    const answer = await client.ask(Metadata, version, { topics });
    return answer.topics.some((topic) => topic.name === name);
  };
  assertEquals(await has(0, []), true);
  assertEquals(await has(1, []), false, "kafka-python asks for no topics like that");
  assertEquals(await has(1, null), true);
  assertEquals(await has(12, null), true);
  assertEquals((await client.ask(Metadata, 12, { topics: [] })).topics, []);
});

Deno.test("a topic that is named comes into being, and is in this very answer", async () => {
  using client = await shared.connect();
  for (const version of [0, 1, 3, 4, 5, 12]) {
    const name = freshName("made");
    const { topics } = await client.ask(Metadata, version, { topics: [{ name }] });
    const [{ errorCode, partitions }] = topics;
    assertEquals([errorCode, partitions.length], [ErrorCode.NONE, 1], `version ${version}`);
    const [{ leaderId, replicaNodes, isrNodes }] = partitions;
    assertEquals([leaderId, replicaNodes, isrNodes], [1, [1], [1]]);
  }
});

Deno.test("a topic is not made where the client does not allow it", async () => {
  using client = await shared.connect();
  const name = freshName("unmade");
  for (const _ of [1, 2]) {
    const { topics } = await client.ask(Metadata, 4, {
      topics: [{ name }],
      allowAutoTopicCreation: false,
    });
    assertEquals(topics[0].errorCode, ErrorCode.UNKNOWN_TOPIC_OR_PARTITION);
    assertEquals([topics[0].name, topics[0].partitions], [name, []]);
  }
});

Deno.test("a name that no topic can have is told apart from one that no topic has", async () => {
  using client = await shared.connect();
  for (const name of ["", "a b", "..", "x".repeat(250)]) {
    const { topics } = await client.ask(Metadata, 9, { topics: [{ name }] });
    assertEquals([topics[0].errorCode, topics[0].name], [ErrorCode.INVALID_TOPIC_EXCEPTION, name]);
  }
});

Deno.test("librdkafka looks topics up by id, with a null name", async () => {
  using client = await shared.connect();
  const { name, topicId } = await makeTopic(client, { partitions: 2 });
  for (const version of [12, 13]) {
    const { topics: [known, unknown] } = await client.ask(Metadata, version, {
      topics: [{ topicId, name: null }, { topicId: unknownId, name: null }],
    });
    assertEquals([known.name, known.topicId, known.partitions.length], [name, topicId, 2]);
    assertEquals(
      [unknown.errorCode, unknown.name, unknown.topicId],
      [ErrorCode.UNKNOWN_TOPIC_ID, null, unknownId],
    );
  }
});

Deno.test("broker, controller and coordinator are one node at one address", async () => {
  using client = await shared.connect();
  const { host, port } = shared.broker;
  for (const version of [1, 2, 9, 13]) {
    const { brokers, controllerId } = await client.ask(Metadata, version, { topics: [] });
    assertEquals(brokers, [{ nodeId: 1, host, port, rack: null }]);
    assertEquals(controllerId, 1);
  }
  const cluster = await client.ask(DescribeCluster, 1, {
    includeClusterAuthorizedOperations: true,
  });
  assertEquals(cluster.brokers.map((each) => [each.brokerId, each.host, each.port]), [
    [1, host, port],
  ]);
  const { clusterId } = await client.ask(Metadata, 2, { topics: [] });
  assertEquals([cluster.controllerId, cluster.clusterId], [1, clusterId!]);
  const coordinator = await client.ask(FindCoordinator, 2, { key: "group" });
  assertEquals([coordinator.nodeId, coordinator.host, coordinator.port], [1, host, port]);
});

Deno.test("node id, cluster id and topic ids stay what they were after a restart", async () => {
  await using broker = await BrokerProcess.start({ settings: { "node.id": "7" } });
  const identity = async () => {
    using client = await RawClient.connect(broker);
    const { brokers, clusterId, topics } = await client.ask(Metadata, 12, {
      topics: [{ name: "stable" }],
    });
    return [brokers[0].nodeId, clusterId, topics[0].topicId];
  };
  const before = await identity();
  await broker.restart();
  assertEquals(await identity(), before);
  await broker.kill();
  await broker.restart();
  assertEquals(await identity(), before);
  assertEquals(before[0], 7);
  assert(before[2] !== ZERO_UUID);
});

Deno.test("internal topics are marked as such", async () => {
  using client = await shared.connect();
  await client.ask(FindCoordinator, 2, { key: "group" });
  const { topics } = await client.ask(Metadata, 9, { topics: null });
  const internal = topics.filter(({ isInternal }) => isInternal).map(({ name }) => name);
  assertEquals(internal, ["__consumer_offsets"]);
});

Deno.test("FindCoordinator answers several groups at once from version 4 on", async () => {
  using client = await shared.connect();
  const { coordinators } = await client.ask(FindCoordinator, 4, { coordinatorKeys: ["a", "b"] });
  assertEquals(
    coordinators.map(({ key, errorCode, nodeId }) => [key, errorCode, nodeId]),
    [["a", ErrorCode.NONE, 1], ["b", ErrorCode.NONE, 1]],
  );
});

Deno.test("FindCoordinator refuses types that it does not know, with a sentence", async () => {
  using client = await shared.connect();
  for (const keyType of [2, 9]) {
    const old = await client.ask(FindCoordinator, 2, { key: "payments", keyType });
    assertEquals([old.errorCode, old.nodeId], [ErrorCode.INVALID_REQUEST, -1]);
    assert(old.errorMessage !== null);
    const { coordinators } = await client.ask(FindCoordinator, 6, {
      coordinatorKeys: ["payments"],
      keyType,
    });
    assertEquals(coordinators[0].errorCode, ErrorCode.INVALID_REQUEST);
  }
});

Deno.test("DescribeTopicPartitions goes through topics page by page", async () => {
  using client = await shared.connect();
  const names: string[] = [];
  for (const partitions of [3, 1, 4]) names.push((await makeTopic(client, { partitions })).name);
  const sorted = [...names].sort();
  const pages: [string, number[]][][] = [];
  let cursor: Page["nextCursor"] = null;
  do {
    const { topics, nextCursor }: Page = await client.ask(DescribeTopicPartitions, 0, {
      topics: names.map((name) => ({ name })),
      responsePartitionLimit: 3,
      cursor,
    });
    pages.push(topics.map(({ name, partitions }) => [
      name!,
      partitions.map(({ partitionIndex }) => partitionIndex),
    ]));
    cursor = nextCursor;
  } while (cursor !== null && pages.length < 10);
  assert(pages.every((page) => page.flatMap(([, partitions]) => partitions).length <= 3));
  assertEquals(pages.length, 3);
  const seen = pages.flat().flatMap(([name, partitions]) => partitions.map((id) => [name, id]));
  const counts = new Map([[names[0], 3], [names[1], 1], [names[2], 4]]);
  const expected = sorted.flatMap((name) =>
    Array.from({ length: counts.get(name)! }, (_, id) => [name, id])
  );
  assertEquals(seen, expected, "each partition once, in order");
});

Deno.test("DescribeTopicPartitions of a topic that is not there makes none", async () => {
  using client = await shared.connect();
  const name = freshName("absent");
  for (const _ of [1, 2]) {
    const { topics } = await client.ask(DescribeTopicPartitions, 0, {
      topics: [{ name }],
      cursor: null,
    });
    assertEquals(
      [topics[0].name, topics[0].errorCode],
      [name, ErrorCode.UNKNOWN_TOPIC_OR_PARTITION],
    );
  }
});

Deno.test("a name that no topic can have is invalid, another is unknown", async () => {
  using client = await shared.connect();
  const { INVALID_TOPIC_EXCEPTION, UNKNOWN_TOPIC_OR_PARTITION } = ErrorCode;
  const missing = freshName("missing");
  const expected = [
    ["", INVALID_TOPIC_EXCEPTION],
    [missing, UNKNOWN_TOPIC_OR_PARTITION],
    ["x/y", INVALID_TOPIC_EXCEPTION],
  ];
  const topics = expected.map(([name]) => ({ name: name as string }));
  const codesOf = (answer: { topics: { name: string | null; errorCode: number }[] }) =>
    answer.topics.map(({ name, errorCode }) => [name, errorCode]);
  const asked = { topics, allowAutoTopicCreation: false };
  assertEquals(codesOf(await client.ask(Metadata, 9, asked)), expected);
  assertEquals(codesOf(await client.ask(DescribeTopicPartitions, 0, { topics })), expected);
  const creating = { topics: [{ name: "x/y" }], allowAutoTopicCreation: true };
  assertEquals(codesOf(await client.ask(Metadata, 9, creating)), [["x/y", 17]]);
});

Deno.test("a name that collides with another's is not created, and stays unknown", async () => {
  using client = await shared.connect();
  const { name } = await makeTopic(client);
  const ask = (version: number, topic: string) =>
    client.ask(Metadata, version, { topics: [{ name: topic }], allowAutoTopicCreation: true });
  const first = freshName("a_b");
  assertEquals((await ask(9, first)).topics[0].errorCode, ErrorCode.NONE);
  for (const version of [1, 4, 9, 13]) {
    const { topics: [collides] } = await ask(version, first.replace("_", "."));
    assertEquals(collides.errorCode, ErrorCode.UNKNOWN_TOPIC_OR_PARTITION);
  }
  assertEquals((await ask(9, name)).topics[0].errorCode, ErrorCode.NONE);
});
