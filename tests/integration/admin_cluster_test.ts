// What tools ask a broker about itself, and about changes that one node can make or must refuse.

import { assert, assertEquals } from "@std/assert";
import { ZERO_UUID } from "../../src/base/ids.ts";
import { AlterConfigs } from "../../src/protocol/apis/33_alter_configs.ts";
import { AlterReplicaLogDirs } from "../../src/protocol/apis/34_alter_replica_log_dirs.ts";
import { DescribeLogDirs } from "../../src/protocol/apis/35_describe_log_dirs.ts";
import { ElectLeaders } from "../../src/protocol/apis/43_elect_leaders.ts";
import {
  AlterUserScramCredentials,
} from "../../src/protocol/apis/51_alter_user_scram_credentials.ts";
import {
  DescribeUserScramCredentials,
} from "../../src/protocol/apis/50_describe_user_scram_credentials.ts";
import { DescribeQuorum } from "../../src/protocol/apis/55_describe_quorum.ts";
import { UpdateFeatures } from "../../src/protocol/apis/57_update_features.ts";
import { DescribeProducers } from "../../src/protocol/apis/61_describe_producers.ts";
import { IncrementalAlterConfigs } from "../../src/protocol/apis/44_incremental_alter_configs.ts";
import {
  GetTelemetrySubscriptions,
} from "../../src/protocol/apis/71_get_telemetry_subscriptions.ts";
import { PushTelemetry } from "../../src/protocol/apis/72_push_telemetry.ts";
import {
  ApiVersions,
  DescribeConfigs,
  ErrorCode,
  type ResponseOf,
} from "../../src/protocol/mod.ts";
import { zlibCodecs } from "../../src/runtime/codecs.ts";
import { BrokerProcess } from "../harness/broker_process.ts";
import { RawClient } from "../harness/raw_client.ts";
import { batchOf, makeTopic, produceTo } from "../harness/raw_requests.ts";
import { freshName, sharedBroker } from "../harness/shared_broker.ts";

const shared = sharedBroker();

Deno.test("log dirs tell each partition's size, and the room on the disk", async () => {
  using client = await shared.connect();
  const { name: topic } = await makeTopic(client);
  const records = batchOf(["x".repeat(1000)]);
  await produceTo(client, { topic, records });
  const topics = [{ topic, partitions: [0, 9] }, { topic: "missing", partitions: [0] }];
  const { results } = await client.ask(DescribeLogDirs, 4, { topics });
  assertEquals(results.map((dir) => dir.topics), [[{
    name: topic,
    partitions: [
      { partitionIndex: 0, partitionSize: records.length, offsetLag: 0, isFutureKey: false },
    ],
  }]]);
  const [{ logDir, totalBytes, usableBytes }] = results;
  assert(totalBytes >= usableBytes && usableBytes > 0);
  const all = await client.ask(DescribeLogDirs, 1, { topics: null });
  assert(all.results[0].topics.some(({ name }) => name === topic));

  const move = async (path: string, partition: number) => {
    const dirs = [{ path, topics: [{ name: topic, partitions: [partition] }] }];
    const answer = await client.ask(AlterReplicaLogDirs, 2, { dirs });
    return answer.results[0].partitions[0].errorCode;
  };
  assertEquals(await move(logDir, 0), ErrorCode.NONE);
  assertEquals(await move(logDir, 9), ErrorCode.UNKNOWN_TOPIC_OR_PARTITION);
  assertEquals(await move("/elsewhere", 0), ErrorCode.LOG_DIR_NOT_FOUND);
});

Deno.test("an election is not needed where the one broker leads", async () => {
  using client = await shared.connect();
  const { name: topic } = await makeTopic(client);
  const topicPartitions = [{ topic, partitions: [0] }];
  for (const electionType of [0, 1]) {
    const { replicaElectionResults } = await client.ask(ElectLeaders, 2, {
      electionType,
      topicPartitions,
    });
    const [{ errorCode }] = replicaElectionResults[0].partitionResult;
    assertEquals(errorCode, ErrorCode.ELECTION_NOT_NEEDED);
  }
});

Deno.test("the quorum is this node, and its log grows with each change", async () => {
  using client = await shared.connect();
  const describe = async () => {
    const partitions = [{ partitionIndex: 0 }];
    const topics = [{ topicName: "__cluster_metadata", partitions }];
    const answer = await client.ask(DescribeQuorum, 2, { topics });
    return { ...answer.topics[0].partitions[0], nodes: answer.nodes };
  };
  const before = await describe();
  await makeTopic(client);
  const after = await describe();
  assert(after.highWatermark > before.highWatermark);
  assertEquals(after.currentVoters.map((each) => each.replicaId), [1]);
  assert(after.leaderEpoch > 0 && after.currentVoters[0].replicaDirectoryId !== ZERO_UUID);
  assertEquals(after.nodes[0].listeners[0].port, shared.broker.port);
});

Deno.test("a raised feature level is told by ApiVersions, also after a restart", async () => {
  await using broker = await BrokerProcess.start();
  const software = { clientSoftwareName: "test", clientSoftwareVersion: "1" };
  const level = async (client: RawClient) => {
    const { finalizedFeatures } = await client.ask(ApiVersions, 3, software);
    return finalizedFeatures.find(({ name }) => name === "metadata.version")!.maxVersionLevel;
  };
  using client = await RawClient.connect(broker);
  const to = await level(client) + 1;
  const raise = (validateOnly: boolean) =>
    client.ask(UpdateFeatures, 1, {
      featureUpdates: [{ feature: "metadata.version", maxVersionLevel: to, upgradeType: 1 }],
      validateOnly,
    });
  assertEquals((await raise(true)).errorCode, ErrorCode.NONE);
  assertEquals(await level(client), to - 1);
  assertEquals((await raise(false)).errorCode, ErrorCode.NONE);
  assertEquals(await level(client), to);
  await broker.restart();
  using again = await RawClient.connect(broker);
  assertEquals(await level(again), to);
});

Deno.test("features that stay at level 0 are known, others are not", async () => {
  using client = await shared.connect();
  const update = async (feature: string, maxVersionLevel: number, upgradeType = 1) => {
    const featureUpdates = [{ feature, maxVersionLevel, upgradeType }];
    const answer = await client.ask(UpdateFeatures, 1, { featureUpdates, validateOnly: false });
    return [answer.errorCode, answer.results.length];
  };
  const names = ["kraft", "eligible.leader.replicas"];
  for (const name of names) {
    for (const type of [1, 2, 3]) {
      assertEquals(await update(`${name}.version`, 0, type), [ErrorCode.NONE, 1], name);
    }
    assertEquals(await update(`${name}.version`, 1), [ErrorCode.INVALID_UPDATE_VERSION, 0], name);
  }
  for (const level of [0, 1]) {
    assertEquals(await update("no.such", level), [ErrorCode.INVALID_UPDATE_VERSION, 0]);
  }
});

Deno.test("a new cluster has Kafka's newest level and min.insync.replicas for all", async () => {
  using client = await shared.connect();
  const software = { clientSoftwareName: "test", clientSoftwareVersion: "1" };
  const { finalizedFeatures } = await client.ask(ApiVersions, 3, software);
  assertEquals(finalizedFeatures.map(({ name, maxVersionLevel }) => [name, maxVersionLevel]), [
    ["group.version", 1],
    ["metadata.version", 30],
    ["share.version", 1],
    ["streams.version", 1],
    ["transaction.version", 2],
  ]);
  const { name } = await makeTopic(client);
  const configurationKeys = ["min.insync.replicas"];
  const { results } = await client.ask(DescribeConfigs, 4, {
    resources: [
      { resourceType: 2, resourceName: name, configurationKeys },
      { resourceType: 4, resourceName: "1", configurationKeys },
      { resourceType: 4, resourceName: "", configurationKeys },
    ],
    includeSynonyms: true,
  });
  const told = results.map(({ configs: [config] }) => {
    return [config.value, config.configSource, config.synonyms.map(({ source }) => source)];
  });
  // As a fresh Kafka 4.3: a dynamic default (3) above the default (5).
  assertEquals(told, [["1", 3, [3, 5]], ["1", 3, [3, 5]], ["1", 3, [3]]]);
});

Deno.test("an older level is a new cluster's where it is asked for", async () => {
  await using broker = await BrokerProcess.start({ settings: { "ottla.metadata.version": "21" } });
  using client = await RawClient.connect(broker);
  const software = { clientSoftwareName: "test", clientSoftwareVersion: "1" };
  const { finalizedFeatures } = await client.ask(ApiVersions, 3, software);
  assertEquals(finalizedFeatures.map(({ maxVersionLevel }) => maxVersionLevel), [21]);
  const resources = [{ resourceType: 4, resourceName: "", configurationKeys: null }];
  const { results } = await client.ask(DescribeConfigs, 4, { resources });
  assertEquals(results[0].configs, []);
});

Deno.test("a broker's configuration takes a topic's keys, as Kafka's does", async () => {
  using client = await shared.connect();
  const policy = { name: "cleanup.policy", value: "compact" };
  // What all brokers have stays: what AlterConfigs does not name is deleted.
  const both = [policy, { name: "min.insync.replicas", value: "1" }];
  for (const [resourceName, version, configs] of [["1", 1, [policy]], ["", 2, both]] as const) {
    const { responses } = await client.ask(AlterConfigs, version, {
      resources: [{ resourceType: 4, resourceName, configs }],
      validateOnly: true,
    });
    assertEquals(responses[0].errorCode, ErrorCode.NONE);
  }
});

Deno.test("producers are told with their last sequence number", async () => {
  using client = await shared.connect();
  const { name: topic } = await makeTopic(client);
  const ids = { producerId: 4711, producerEpoch: 3, baseSequence: 0 };
  await produceTo(client, { topic, records: batchOf(["a", "b", "c"], ids) });
  const asked = [{ name: topic, partitionIndexes: [0, 9] }];
  const { topics: [{ partitions }] } = await client.ask(DescribeProducers, 0, { topics: asked });
  const [{ producerId, producerEpoch, lastSequence }] = partitions[0].activeProducers;
  assertEquals([producerId, producerEpoch, lastSequence], [4711, 3, 2]);
  assertEquals(partitions[1].errorCode, ErrorCode.UNKNOWN_TOPIC_OR_PARTITION);
});

Deno.test("SCRAM credentials are there after a restart", async () => {
  await using broker = await BrokerProcess.start();
  using client = await RawClient.connect(broker);
  const secret = { salt: new Uint8Array(16).fill(1), saltedPassword: new Uint8Array(32).fill(2) };
  const upsertions = [1, 2].map((mechanism) => ({
    name: "alice",
    mechanism,
    iterations: 4096 * mechanism,
    ...secret,
  }));
  const { results } = await client.ask(AlterUserScramCredentials, 0, { deletions: [], upsertions });
  assertEquals(results, [{ user: "alice", errorCode: 0, errorMessage: null }]);
  await broker.restart();
  using again = await RawClient.connect(broker);
  const described = await again.ask(DescribeUserScramCredentials, 0, { users: null });
  assertEquals(described.results[0].credentialInfos, [
    { mechanism: 1, iterations: 4096 },
    { mechanism: 2, iterations: 8192 },
  ]);
});

/** `fields` of an OpenTelemetry message: each a field with a length. */
function message(...fields: [number: number, value: Uint8Array][]): Uint8Array {
  return new Uint8Array(fields.flatMap(([number, value]) => [
    (number << 3) | 2,
    value.length,
    ...value,
  ]));
}

const name = new TextEncoder().encode("org.apache.kafka.producer.connection.count");
const metrics = message([1, message([2, message([2, message([1, name])])])]);

type Subscription = ResponseOf<typeof GetTelemetrySubscriptions>;

async function subscribe(client: RawClient, settings: Record<string, string>) {
  const configs = Object.entries(settings).map(([key, value]) => ({
    name: key,
    configOperation: 0,
    value,
  }));
  const resources = [{ resourceType: 16, resourceName: freshName("metrics"), configs }];
  await client.ask(IncrementalAlterConfigs, 1, { resources, validateOnly: false });
}

Deno.test("a client whose name matches is asked for metrics, and its pushes are read", async () => {
  await using broker = await BrokerProcess.start();
  using client = await RawClient.connect(broker);
  await subscribe(client, { match: "client_id=nobody", metrics: "*", "interval.ms": "100" });
  const ask = (clientInstanceId: string) =>
    client.ask(GetTelemetrySubscriptions, 0, { clientInstanceId });
  const nothing = await ask(ZERO_UUID);
  assertEquals([nothing.requestedMetrics, nothing.pushIntervalMs], [[], 300_000]);
  await subscribe(client, {
    match: "client_id=raw-.*",
    metrics: "org.apache.",
    "interval.ms": "60000",
  });
  const wanted = await ask(nothing.clientInstanceId);
  assertEquals([wanted.requestedMetrics, wanted.pushIntervalMs], [["org.apache."], 60_000]);

  const push = async (to: Subscription, more: Record<string, unknown> = {}) => {
    const { clientInstanceId, subscriptionId } = to;
    const request = { clientInstanceId, subscriptionId, terminating: false };
    const body = { compressionType: 0, metrics };
    return (await client.ask(PushTelemetry, 0, { ...request, ...body, ...more })).errorCode;
  };
  assertEquals(await push(nothing), ErrorCode.UNKNOWN_SUBSCRIPTION_ID);
  assertEquals(await push(wanted, { compressionType: 9 }), ErrorCode.UNSUPPORTED_COMPRESSION_TYPE);
  assertEquals(
    await push(wanted, { metrics: new Uint8Array(5).fill(255) }),
    ErrorCode.INVALID_RECORD,
  );
  const tooLarge = { metrics: new Uint8Array(1 << 21) };
  assertEquals(await push(wanted, tooLarge), ErrorCode.TELEMETRY_TOO_LARGE);
  const bomb = { metrics: zlibCodecs.gzip(new Uint8Array(1 << 22)), compressionType: 1 };
  assertEquals(await push(wanted, bomb), ErrorCode.INVALID_RECORD);
  const packed = { metrics: zlibCodecs.gzip(metrics), compressionType: 1 };
  assertEquals(await push(wanted, packed), ErrorCode.NONE);
  assertEquals(await push(wanted), ErrorCode.THROTTLING_QUOTA_EXCEEDED);
  assertEquals(await push(wanted, { terminating: true }), ErrorCode.NONE);
  assertEquals(await push(wanted, { terminating: true }), ErrorCode.INVALID_REQUEST);
});
