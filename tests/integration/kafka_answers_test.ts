// Answers that were found to differ from Apache Kafka's (tests/conformance/differential_test.ts),
// held to what Kafka 4.3 says, for machines that have no Kafka.

import { assertEquals } from "@std/assert";
import { ZERO_UUID } from "../../src/base/ids.ts";
import { IncrementalAlterConfigs } from "../../src/protocol/apis/44_incremental_alter_configs.ts";
import { DescribeClientQuotas } from "../../src/protocol/apis/48_describe_client_quotas.ts";
import { AlterClientQuotas } from "../../src/protocol/apis/49_alter_client_quotas.ts";
import {
  AlterUserScramCredentials,
} from "../../src/protocol/apis/51_alter_user_scram_credentials.ts";
import {
  CreateTopics,
  DescribeCluster,
  DescribeConfigs,
  DescribeTopicPartitions,
  ErrorCode,
  Fetch,
  FindCoordinator,
  InitProducerId,
  ListOffsets,
  Metadata,
  SyncGroup,
} from "../../src/protocol/mod.ts";
import { batchOf, fetchRequest, makeTopic, produceTo } from "../harness/raw_requests.ts";
import { sharedBroker } from "../harness/shared_broker.ts";

const shared = sharedBroker({ coordinates: true });
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

Deno.test("an empty user name is unacceptable before anything else is looked at", async () => {
  using client = await shared.connect();
  const one = {
    name: "",
    mechanism: 1,
    iterations: 4096,
    salt: new Uint8Array(8),
    saltedPassword: new Uint8Array(32),
  };
  const deletions = [{ name: "", mechanism: 1 }];
  const requests = [
    { deletions, upsertions: [] },
    { deletions: [{ name: "", mechanism: 9 }], upsertions: [] },
    { deletions: [], upsertions: [{ ...one, iterations: 1 }] },
    { deletions, upsertions: [one] },
    { deletions: [], upsertions: [one, one] },
  ];
  for (const request of requests) {
    const { results } = await client.ask(AlterUserScramCredentials, 0, request);
    assertEquals(results, [{
      user: "",
      errorCode: ErrorCode.UNACCEPTABLE_CREDENTIAL,
      errorMessage: "Username must not be empty",
    }]);
  }
});

Deno.test("a user's first problem is told, though a second change of it follows", async () => {
  using client = await shared.connect();
  const [salt, saltedPassword] = [new Uint8Array(8), new Uint8Array(32)];
  const one = { name: "nobody", mechanism: 1, iterations: 4096, salt, saltedPassword };
  const deletions = [{ name: one.name, mechanism: 1 }];
  const tries = [
    { deletions, upsertions: [one], expected: ErrorCode.RESOURCE_NOT_FOUND },
    { deletions: [...deletions, ...deletions], expected: ErrorCode.RESOURCE_NOT_FOUND },
    { upsertions: [{ ...one, iterations: 1 }, one], expected: ErrorCode.UNACCEPTABLE_CREDENTIAL },
    { upsertions: [one, { ...one, iterations: 1 }], expected: ErrorCode.DUPLICATE_RESOURCE },
  ];
  for (const { deletions = [], upsertions = [], expected } of tries) {
    const { results } = await client.ask(AlterUserScramCredentials, 0, { deletions, upsertions });
    assertEquals(results.map(({ user, errorCode }) => [user, errorCode]), [[one.name, expected]]);
  }
});

Deno.test("quotas are listed in Kafka's order of parts and of values", async () => {
  using client = await shared.connect();
  const part = (entityType: string, entityName: string | null) => ({ entityType, entityName });
  const entity = [part("user", "ann"), part("client-id", "app")];
  const ops = ["request_percentage", "producer_byte_rate", "consumer_byte_rate"].map((key) => {
    return { key, value: 50, remove: false };
  });
  const altered = await client.ask(AlterClientQuotas, 1, {
    entries: [{ entity, ops }],
    validateOnly: false,
  });
  const sorted = [part("client-id", "app"), part("user", "ann")];
  assertEquals(altered.entries[0].entity, sorted);
  const components = [{ entityType: "user", matchType: 0, match: "ann" }];
  const { entries } = await client.ask(DescribeClientQuotas, 1, { components, strict: false });
  assertEquals(entries?.map((each) => [each.entity, each.values.map(({ key }) => key)]), [
    [sorted, ["consumer_byte_rate", "request_percentage", "producer_byte_rate"]],
  ]);
});

Deno.test("a success has an empty message where Kafka's has one", async () => {
  using client = await shared.connect();
  const { name } = await makeTopic(client);
  const resources = [{ resourceType: 2, resourceName: name, configurationKeys: [] }];
  for (const version of [0, 1, 4]) {
    const { results } = await client.ask(DescribeConfigs, version, { resources });
    assertEquals([results[0].errorCode, results[0].errorMessage], [ErrorCode.NONE, ""]);
  }
  for (const version of [4, 6]) {
    const { coordinators } = await client.ask(FindCoordinator, version, { coordinatorKeys: ["g"] });
    assertEquals([coordinators[0].errorCode, coordinators[0].errorMessage], [ErrorCode.NONE, ""]);
  }
  assertEquals((await client.ask(FindCoordinator, 3, { key: "g" })).errorMessage, "NONE");
});

Deno.test("texts that Kafka's tools and tests look for are Kafka's", async () => {
  using client = await shared.connect();
  const { name: topic } = await makeTopic(client);
  const records = batchOf(["a", "b"], { timestamp: Date.now() + 7_200_000 });
  const produced = await produceTo(client, { topic, records });
  assertEquals(
    [produced.errorCode, produced.errorMessage, produced.recordErrors.length],
    [
      ErrorCode.INVALID_TIMESTAMP,
      "One or more records have been rejected due to invalid timestamp",
      2,
    ],
  );
  for (const [configOperation, verb] of [[2, "APPEND"], [3, "SUBTRACT"]] as const) {
    const configs = [{ name: "retention.ms", configOperation, value: "1" }];
    const { responses } = await client.ask(IncrementalAlterConfigs, 1, {
      resources: [{ resourceType: 2, resourceName: topic, configs }],
      validateOnly: true,
    });
    assertEquals(
      responses[0].errorMessage,
      `Can't ${verb} to key retention.ms because its type is not LIST.`,
    );
  }
});

Deno.test("a time that a version does not know is told of a missing topic, too", async () => {
  using client = await shared.connect();
  const topics = [{ name: "nowhere", partitions: [{ partitionIndex: 0, timestamp: -3 }] }];
  const codes = [];
  for (const version of [6, 7]) {
    const answer = await client.ask(ListOffsets, version, { replicaId: -1, topics });
    codes.push(answer.topics[0].partitions[0].errorCode);
  }
  const { UNSUPPORTED_VERSION, UNKNOWN_TOPIC_OR_PARTITION } = ErrorCode;
  assertEquals(codes, [UNSUPPORTED_VERSION, UNKNOWN_TOPIC_OR_PARTITION]);
});

Deno.test("where a log diverges, no transactions are told", async () => {
  using client = await shared.connect();
  const { name: topic } = await makeTopic(client);
  await produceTo(client, { topic, records: batchOf(["a"]) });
  const request = { ...fetchRequest({ topic, offset: 5 }), isolationLevel: 1 };
  const topics = request.topics.map((each) => ({
    ...each,
    partitions: each.partitions.map((partition) => ({ ...partition, lastFetchedEpoch: 0 })),
  }));
  const { responses } = await client.ask(Fetch, 12, { ...request, topics });
  const { divergingEpoch, abortedTransactions } = responses[0].partitions[0];
  assertEquals(divergingEpoch, { epoch: 0, endOffset: 1 });
  assertEquals(abortedTransactions, null);
});

Deno.test("a member that names no protocol is told so before its group is looked at", async () => {
  using client = await shared.connect();
  const request = { groupId: "", generationId: 1, memberId: "m", assignments: [] };
  const { errorCode } = await client.ask(SyncGroup, 5, request);
  assertEquals(errorCode, ErrorCode.INCONSISTENT_GROUP_PROTOCOL);
});

Deno.test("of a key that a new topic is given twice the last value counts", async () => {
  using client = await shared.connect();
  const configs = ["many", "1000"].map((value) => ({ name: "retention.ms", value }));
  const { topics } = await client.ask(CreateTopics, 5, {
    topics: [{
      name: "given-twice",
      numPartitions: 1,
      replicationFactor: 1,
      assignments: [],
      configs,
    }],
  });
  assertEquals(topics[0].errorCode, ErrorCode.NONE);
  const retention = topics[0].configs!.find(({ name }) => name === "retention.ms")!;
  assertEquals(retention.value, "1000");
});

Deno.test("a type of entity that is none counts before what ip is combined with", async () => {
  using client = await shared.connect();
  const codes = [];
  for (const other of ["user", "color"]) {
    const components = ["ip", other].map((entityType) => {
      return { entityType, matchType: 1, match: null };
    });
    const answer = await client.ask(DescribeClientQuotas, 1, { components, strict: false });
    codes.push(answer.errorCode);
  }
  assertEquals(codes, [ErrorCode.INVALID_REQUEST, ErrorCode.UNSUPPORTED_VERSION]);
});

Deno.test("limits of a broker by address are read before they are kept", async () => {
  using client = await shared.connect();
  const name = "max.connections.per.ip.overrides";
  const codes = [];
  for (const value of ["nobody", "10.0.0.7:x", "10.0.0.7:20,[::1]:5", ""]) {
    const { responses } = await client.ask(IncrementalAlterConfigs, 1, {
      resources: [{
        resourceType: 4,
        resourceName: "",
        configs: [{ name, configOperation: 0, value }],
      }],
      validateOnly: true,
    });
    codes.push(responses[0].errorCode);
  }
  const { INVALID_REQUEST, NONE } = ErrorCode;
  assertEquals(codes, [INVALID_REQUEST, INVALID_REQUEST, NONE, NONE]);
});

Deno.test("each throttle of kafka-reassign-partitions can be set", async () => {
  using client = await shared.connect();
  const names = [
    "leader.replication.throttled.rate",
    "follower.replication.throttled.rate",
    "replica.alter.log.dirs.io.max.bytes.per.second",
  ];
  const configs = names.map((name) => ({ name, configOperation: 0, value: "5000" }));
  const { responses } = await client.ask(IncrementalAlterConfigs, 1, {
    resources: [{ resourceType: 4, resourceName: "1", configs }],
    validateOnly: true,
  });
  assertEquals(responses[0].errorCode, ErrorCode.NONE);
});
