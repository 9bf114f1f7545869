// What is set for topics and brokers takes effect at once, and is there after a restart.

import { assert, assertEquals, assertMatch } from "@std/assert";
import { AlterConfigs } from "../../src/protocol/apis/33_alter_configs.ts";
import { IncrementalAlterConfigs } from "../../src/protocol/apis/44_incremental_alter_configs.ts";
import { ListConfigResources } from "../../src/protocol/apis/74_list_config_resources.ts";
import { CreateTopics, DescribeConfigs, ErrorCode } from "../../src/protocol/mod.ts";
import { BrokerProcess } from "../harness/broker_process.ts";
import { within } from "../harness/deadline.ts";
import { RawClient } from "../harness/raw_client.ts";
import { batchOf, makeTopic, produceTo } from "../harness/raw_requests.ts";
import { sharedBroker } from "../harness/shared_broker.ts";

const shared = sharedBroker();

const type = { topic: 2, broker: 4, logger: 8, clientMetrics: 16, group: 32 };
const source = { topic: 1, broker: 2, cluster: 3, default: 5, clientMetrics: 7, group: 8 };

interface Named {
  readonly type: number;
  readonly name: string;
}

/** Sets keys of a resource; null deletes one. */
async function change(
  client: RawClient,
  { type: resourceType, name: resourceName }: Named,
  settings: Readonly<Record<string, string | null>>,
) {
  const configs = Object.entries(settings).map(([name, value]) => ({
    name,
    configOperation: value === null ? 1 : 0,
    value,
  }));
  const resources = [{ resourceType, resourceName, configs }];
  const { responses } = await client.ask(IncrementalAlterConfigs, 1, {
    resources,
    validateOnly: false,
  });
  return responses[0];
}

async function describe(client: RawClient, { type: resourceType, name: resourceName }: Named) {
  const { results } = await client.ask(DescribeConfigs, 4, {
    resources: [{ resourceType, resourceName, configurationKeys: null }],
    includeSynonyms: true,
    includeDocumentation: true,
  });
  assertEquals(results[0].errorCode, ErrorCode.NONE);
  return new Map(results[0].configs.map((config) => [config.name, config]));
}

Deno.test("a topic's largest batch is what was set last", async () => {
  using client = await shared.connect();
  const { name } = await makeTopic(client);
  const topic = { type: type.topic, name };
  const records = batchOf(["x".repeat(2000)]);
  const produce = async () => (await produceTo(client, { topic: name, records })).errorCode;
  assertEquals(await produce(), ErrorCode.NONE);
  await change(client, topic, { "max.message.bytes": "1000" });
  assertEquals(await produce(), ErrorCode.MESSAGE_TOO_LARGE);
  await change(client, topic, { "max.message.bytes": null });
  assertEquals(await produce(), ErrorCode.NONE);
});

Deno.test("a broker's dynamic key reaches topics that do not set their own", async () => {
  await using broker = await BrokerProcess.start();
  using client = await RawClient.connect(broker);
  const { name } = await makeTopic(client);
  const records = batchOf(["x".repeat(2000)]);
  const produce = async () => (await produceTo(client, { topic: name, records })).errorCode;
  const [cluster, one] = [{ type: type.broker, name: "" }, { type: type.broker, name: "1" }];
  await change(client, cluster, { "message.max.bytes": "1000" });
  assertEquals(await produce(), ErrorCode.MESSAGE_TOO_LARGE);
  // What is set for one broker lies above what is set for all.
  await change(client, one, { "message.max.bytes": "3000" });
  assertEquals(await produce(), ErrorCode.NONE);
  const described = (await describe(client, { type: type.topic, name })).get("max.message.bytes")!;
  assertEquals([described.value, described.configSource], ["3000", source.broker]);
  assertEquals(
    described.synonyms.map((synonym) => [synonym.name, synonym.value, synonym.source]),
    [
      ["message.max.bytes", "3000", source.broker],
      ["message.max.bytes", "1000", source.cluster],
      ["message.max.bytes", "1048588", source.default],
    ],
  );
  await change(client, one, { "message.max.bytes": null });
  assertEquals(await produce(), ErrorCode.MESSAGE_TOO_LARGE);
});

Deno.test("a group's settings keep to the broker's bounds and default to its values", async () => {
  const settings = {
    "group.consumer.min.session.timeout.ms": "1000",
    "group.consumer.session.timeout.ms": "2000",
    "group.consumer.max.session.timeout.ms": "3000",
  };
  await using broker = await BrokerProcess.start({ settings });
  using client = await RawClient.connect(broker);
  const group = { type: type.group, name: "g" };
  const key = "consumer.session.timeout.ms";
  const described = async () => {
    const { value, configSource, synonyms } = (await describe(client, group)).get(key)!;
    assertEquals(configSource, synonyms[0]?.source);
    return [value, ...synonyms.map((synonym) => `${synonym.value} ${synonym.source}`)];
  };
  // Kafka's sources: 8 the group's own, 4 the broker's file, 5 the default.
  assertEquals(await described(), ["2000", "2000 4", "45000 5"]);
  assertEquals((await change(client, group, { [key]: "45000" })).errorCode, 40);
  assertEquals((await change(client, group, { [key]: "1500" })).errorCode, 0);
  assertEquals(await described(), ["1500", "1500 8", "2000 4", "45000 5"]);
});

Deno.test("what was set is there after a restart and a kill", async () => {
  await using broker = await BrokerProcess.start();
  const cluster = { type: type.broker, name: "" };
  const group = { type: type.group, name: "g" };
  using before = await RawClient.connect(broker);
  const { name } = await makeTopic(before);
  await change(before, { type: type.topic, name }, { "retention.ms": "86400000" });
  await change(before, cluster, { "log.retention.ms": "3600000" });
  await change(before, group, { "consumer.session.timeout.ms": "50000" });
  await broker.kill();
  await broker.restart();
  using after = await RawClient.connect(broker);
  const topic = await describe(after, { type: type.topic, name });
  assertEquals(topic.get("retention.ms")!.value, "86400000");
  assertEquals([...await describe(after, cluster)].map(([key, { value }]) => [key, value]), [
    ["log.retention.ms", "3600000"],
    // Every new cluster has it (KIP-966).
    ["min.insync.replicas", "1"],
  ]);
  const timeout = (await describe(after, group)).get("consumer.session.timeout.ms")!;
  assertEquals([timeout.value, timeout.configSource], ["50000", source.group]);
});

const refused: readonly [what: Named, settings: Record<string, string | null>, code: number][] = [
  [{ type: type.topic, name: "missing" }, { "retention.ms": "1" }, 3],
  [{ type: type.topic, name: "missing" }, { "retention.ms": "many" }, 40],
  [{ type: type.topic, name: "a b" }, { "retention.ms": "many" }, 17],
  [{ type: type.topic, name: "" }, { "retention.ms": "1" }, 42],
  [{ type: type.broker, name: "" }, { "log.dirs": "/elsewhere" }, 42],
  [{ type: type.broker, name: "1" }, { "message.max.bytes": "many" }, 42],
  [{ type: type.broker, name: "1" }, { "message.max.byte": "1000" }, 42],
  [{ type: type.broker, name: "9" }, { "message.max.bytes": "1000" }, 42],
  [{ type: type.broker, name: "x" }, { "message.max.bytes": "1000" }, 42],
  [{ type: type.broker, name: "" }, { "principal.builder.class": "x" }, 42],
  [{ type: type.broker, name: "1" }, { "min.insync.replicas": "1" }, 40],
  [{ type: type.broker, name: "" }, { "min.insync.replicas": null }, 40],
  [{ type: type.logger, name: "1" }, { "root": "DEBUG" }, 40],
  [{ type: type.logger, name: "9" }, { "root": "DEBUG" }, 42],
  [{ type: type.group, name: "g" }, { "consumer.session.timeout.ms": "1" }, 40],
  [{ type: type.group, name: "g" }, { "share.auto.offset.reset": "by_duration:1h" }, 40],
  [{ type: type.group, name: "g" }, { "session.timeout.ms": "1" }, 40],
  [{ type: type.clientMetrics, name: "m" }, { "interval.ms": "1" }, 42],
  [{ type: type.clientMetrics, name: "m" }, { "match": "client_id=(" }, 40],
  [{ type: type.clientMetrics, name: "m" }, { "match": "color=red" }, 40],
  [{ type: 99, name: "x" }, { "y": "z" }, 42],
];

Deno.test("what cannot be set is refused with a sentence", async (t) => {
  using client = await shared.connect();
  for (const [what, settings, code] of refused) {
    const label = `type ${what.type} "${what.name}" ${JSON.stringify(settings)}`;
    await t.step(label, async () => {
      const { errorCode, errorMessage } = await change(client, what, settings);
      assertEquals(errorCode, code);
      assertMatch(errorMessage!, /\w+ \w+/);
    });
  }
});

Deno.test("a sentence that quotes what is very long is cut, and the refusal arrives", async () => {
  using client = await shared.connect();
  const long = "9".repeat(32_767);
  const { name } = await makeTopic(client);
  const pairs: readonly [Named, key: string][] = [
    [{ type: type.topic, name }, "retention.ms"],
    [{ type: type.topic, name }, long],
    [{ type: type.topic, name: long }, "retention.ms"],
    [{ type: type.broker, name: "1" }, "message.max.bytes"],
    [{ type: type.broker, name: "1" }, long],
    [{ type: type.broker, name: long }, "message.max.bytes"],
    [{ type: type.group, name: "g" }, "consumer.session.timeout.ms"],
    [{ type: type.group, name: "g" }, long],
    [{ type: type.clientMetrics, name: "m" }, "match"],
    [{ type: type.clientMetrics, name: "m" }, long],
    [{ type: type.logger, name: "1" }, long],
  ];
  for (const [resource, key] of pairs) {
    const { errorCode } = await change(client, resource, { [key]: long });
    assert(errorCode !== ErrorCode.NONE, key.slice(0, 40));
  }
  const { topics } = await client.ask(CreateTopics, 7, {
    topics: [long, `${long.slice(1)} `, "short"].map((each) => ({
      name: each,
      numPartitions: 1,
      replicationFactor: 1,
      assignments: [],
      configs: [{ name: "retention.ms", value: long }],
    })),
    validateOnly: true,
  });
  for (const { errorCode } of topics) assert(errorCode !== ErrorCode.NONE);
});

Deno.test("a topic's bad values are refused, and leave it as it was", async () => {
  using client = await shared.connect();
  const { name } = await makeTopic(client);
  const topic = { type: type.topic, name };
  for (const value of ["-5", "soon"]) {
    const { errorCode } = await change(client, topic, { "retention.ms": value });
    assertEquals(errorCode, ErrorCode.INVALID_CONFIG);
  }
  const { errorCode } = await change(client, topic, { "retention": "5" });
  assertEquals(errorCode, ErrorCode.INVALID_CONFIG);
  assertEquals((await describe(client, topic)).get("retention.ms")!.configSource, source.default);
});

Deno.test("validateOnly tells what would happen and changes nothing", async () => {
  using client = await shared.connect();
  const { name } = await makeTopic(client);
  const configs = [{ name: "retention.ms", value: "1000000" }];
  const resources = [{ resourceType: type.topic, resourceName: name, configs }];
  const { responses } = await client.ask(AlterConfigs, 2, { resources, validateOnly: true });
  assertEquals(responses[0].errorCode, ErrorCode.NONE);
  const topic = await describe(client, { type: type.topic, name });
  assertEquals(topic.get("retention.ms")!.configSource, source.default);
});

Deno.test("every key is described by a sentence, and secrets stay hidden", async () => {
  using client = await shared.connect();
  const { name } = await makeTopic(client);
  const resources = [
    { type: type.topic, name },
    { type: type.broker, name: "1" },
    { type: type.group, name: "g" },
    { type: type.clientMetrics, name: "m" },
  ];
  for (const resource of resources) {
    const described = await describe(client, resource);
    assert(described.size > 2);
    for (const [key, { documentation, isSensitive, value }] of described) {
      assertMatch(documentation!, /\w.*[.)]$/, key);
      assert(!isSensitive || value === null, key);
    }
  }
  assertEquals(await describe(client, { type: type.logger, name: "1" }), new Map());
});

Deno.test("a throttle of a move is told of while it is set", async () => {
  using client = await shared.connect();
  const broker = { type: type.broker, name: "1" };
  const key = "follower.replication.throttled.rate";
  assertEquals((await describe(client, broker)).has(key), false);
  await change(client, broker, { [key]: "1000" });
  assertEquals((await describe(client, broker)).get(key)?.value, "1000");
  await change(client, broker, { [key]: null });
  assertEquals((await describe(client, broker)).has(key), false);
});

Deno.test("what has configuration is listed by type", async () => {
  using client = await shared.connect();
  const { name } = await makeTopic(client);
  await change(client, { type: type.clientMetrics, name: "listed" }, { "interval.ms": "1000" });
  const list = async (version: number, resourceTypes: number[]) => {
    const asked = version === 0 ? {} : { resourceTypes };
    return (await client.ask(ListConfigResources, version, asked)).configResources;
  };
  assertEquals((await list(0, [])).map((each) => each.resourceName), ["listed"]);
  const topics = await list(1, [type.topic]);
  assert(topics.some(({ resourceName }) => resourceName === name));
  assertEquals(new Set((await list(1, [])).map((each) => each.resourceType)).size >= 4, true);
});

Deno.test("a new topic's keys without effect are told in the log", async () => {
  const said = Promise.withResolvers<string>();
  const onLine = (line: string) => {
    if (line.includes("preallocate")) said.resolve(line);
  };
  await using broker = await BrokerProcess.start({ onLine });
  using client = await RawClient.connect(broker);
  const configs = [{ name: "preallocate", value: "true" }];
  const topic = { name: "t", numPartitions: 1, replicationFactor: 1, assignments: [], configs };
  await client.ask(CreateTopics, 7, { topics: [topic], timeoutMs: 1000, validateOnly: false });
  const line = await within(said.promise, { ms: 10_000, what: () => "a warning" });
  assertMatch(line, /WARN.*preallocate has no effect: .*topic=t/);
});

Deno.test("what has an effect at one listener is not told to have none", async () => {
  const said = Promise.withResolvers<string>();
  const onLine = (line: string) => {
    if (line.includes("has no effect")) said.resolve(line);
  };
  await using broker = await BrokerProcess.start({ onLine });
  using client = await RawClient.connect(broker);
  const one = { type: type.broker, name: "1" };
  await change(client, one, { "listener.name.plaintext.max.connections": "100" });
  await change(client, one, { "background.threads": "12" });
  const line = await within(said.promise, { ms: 60_000, what: () => "a warning" });
  assertMatch(line, /background\.threads has no effect/);
});
