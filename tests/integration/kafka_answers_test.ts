// Answers that were found to differ from Apache Kafka's (tests/conformance/differential_test.ts),
// held to what Kafka 4.3 says, for machines that have no Kafka.

import { assertEquals } from "@std/assert";
import { ZERO_UUID } from "../../src/base/ids.ts";
import {
  DescribeCluster,
  DescribeConfigs,
  DescribeTopicPartitions,
  ErrorCode,
  Fetch,
  InitProducerId,
  ListOffsets,
  Metadata,
} from "../../src/protocol/mod.ts";
import { batchOf, fetchRequest, makeTopic, produceTo } from "../harness/raw_requests.ts";
import { sharedBroker } from "../harness/shared_broker.ts";

const shared = sharedBroker();
const unknownId = "b3R0bGEtY29uZm9ybWFuYw";

Deno.test("a topic that is named twice is described once", async () => {
  using client = await shared.connect();
  const { name } = await makeTopic(client);
  const { topics } = await client.ask(Metadata, 12, { topics: [{ name }, { name }] });
  assertEquals(topics.map((topic) => topic.name), [name]);
});

Deno.test("an id counts before a name, and is none of version 11's", async () => {
  using client = await shared.connect();
  const { name } = await makeTopic(client);
  const topics = [{ name, topicId: unknownId }];
  const asked = { topics, allowAutoTopicCreation: false };
  const byId = await client.ask(Metadata, 12, asked);
  assertEquals(byId.topics[0].errorCode, ErrorCode.UNKNOWN_TOPIC_ID);
  const refused = await client.ask(Metadata, 11, asked);
  assertEquals(refused.topics[0].errorCode, ErrorCode.INVALID_REQUEST);
  assertEquals(refused.brokers, []);
});

Deno.test("a cursor must be at a partition of a topic that is asked for", async () => {
  using client = await shared.connect();
  const { name } = await makeTopic(client);
  for (const [topicName, partitionIndex] of [[name, -1], [`${name}-other`, 0]] as const) {
    const { topics } = await client.ask(DescribeTopicPartitions, 0, {
      topics: [{ name }],
      cursor: { topicName, partitionIndex },
    });
    assertEquals(topics.map(({ errorCode }) => errorCode), [ErrorCode.INVALID_REQUEST]);
    assertEquals(topics[0].topicId, ZERO_UUID);
  }
});

Deno.test("an epoch that the log never had is out of its range", async () => {
  using client = await shared.connect();
  const { name: topic, topicId } = await makeTopic(client);
  await produceTo(client, { topic, records: batchOf(["a"]) });
  const request = fetchRequest({ topic, offset: 0 });
  const topics = request.topics.map((each) => ({
    ...each,
    topicId,
    partitions: each.partitions.map((partition) => ({ ...partition, lastFetchedEpoch: 5 })),
  }));
  const { responses } = await client.ask(Fetch, 12, { ...request, topics });
  assertEquals(responses[0].partitions[0].errorCode, ErrorCode.OFFSET_OUT_OF_RANGE);
});

Deno.test("a partition whose offset is asked for twice has none", async () => {
  using client = await shared.connect();
  const { name } = await makeTopic(client);
  const partition = { partitionIndex: 0, timestamp: -1 };
  const { topics } = await client.ask(ListOffsets, 7, {
    replicaId: -1,
    topics: [{ name, partitions: [partition, partition] }],
  });
  const errors = topics[0].partitions.map(({ errorCode }) => errorCode);
  assertEquals(errors, [ErrorCode.INVALID_REQUEST]);
});

Deno.test("there are endpoints of brokers and of controllers, and no others", async () => {
  using client = await shared.connect();
  const ask = async (endpointType: number) => {
    const asked = { includeClusterAuthorizedOperations: false, endpointType };
    return (await client.ask(DescribeCluster, 1, asked)).errorCode;
  };
  assertEquals(await ask(2), ErrorCode.MISMATCHED_ENDPOINT_TYPE);
  assertEquals(await ask(3), ErrorCode.UNSUPPORTED_ENDPOINT_TYPE);
});

Deno.test("an empty list of keys asks for the whole configuration", async () => {
  using client = await shared.connect();
  const { name: resourceName } = await makeTopic(client);
  const count = async (configurationKeys: string[] | null) => {
    const resources = [{ resourceType: 2, resourceName, configurationKeys }];
    return (await client.ask(DescribeConfigs, 4, { resources })).results[0].configs.length;
  };
  assertEquals(await count([]), await count(null));
  assertEquals(await count(["retention.ms"]), 1);
});

Deno.test("half of a producer's identity is refused", async () => {
  using client = await shared.connect();
  const asked = { transactionalId: null, transactionTimeoutMs: 1000 };
  for (const half of [{ producerId: 5 }, { producerEpoch: 3 }]) {
    const answer = await client.ask(InitProducerId, 4, { ...asked, ...half });
    assertEquals([answer.errorCode, answer.producerId], [ErrorCode.INVALID_REQUEST, -1]);
  }
});

Deno.test("what breaks off before its end is no batch", async () => {
  using client = await shared.connect();
  const { name: topic } = await makeTopic(client);
  const whole = batchOf(["abc"]);
  for (const records of [whole.subarray(0, 5), whole.subarray(0, 40), whole.subarray(0, 65)]) {
    const { errorCode } = await produceTo(client, { topic, records });
    assertEquals(errorCode, ErrorCode.INVALID_RECORD);
  }
});
