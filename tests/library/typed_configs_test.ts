// Configurations as the type system knows them: numbers and booleans are what they are, and a
// misspelt choice does not compile. Another broker may know other keys; of one that this program
// starts itself there are those of the tables and no others.

import assert from "node:assert/strict";
import { connect, KafkaError, type NewTopic, type TopicConfigs, UsageFault } from "../../client.ts";
import type { LocalClusterOptions } from "../../mod.ts";
import { Broker, type BrokerOptions, type Declaration } from "../../testing.ts";

Deno.test("configurations are given as what they are, and changed by their names", async () => {
  await using broker = await Broker.start();
  await using cluster = await connect({ bootstrap: broker.bootstrap });
  const { admin } = cluster;
  await admin.createTopic({
    name: "orders",
    configs: { "retention.ms": 3_600_000, "cleanup.policy": "compact,delete", preallocate: true },
  });
  await admin.alterConfigs({ topic: "orders" }, {
    set: { "retention.bytes": 2n ** 62n, "max.message.bytes": undefined },
    unset: ["preallocate"],
  });
  const names = ["retention.ms", "cleanup.policy", "preallocate", "retention.bytes"] as const;
  const entries = await admin.describeConfigs({ topic: "orders" }, { names });
  assert.deepEqual(Object.fromEntries(entries.map(({ name, value }) => [name, value])), {
    "cleanup.policy": "compact,delete",
    "preallocate": "false",
    "retention.bytes": "4611686018427387904",
    "retention.ms": "3600000",
  });

  const own = { "some.plugin.key": "x" };
  await assert.rejects(admin.alterConfigs({ topic: "orders" }, { set: own }), KafkaError);
  // deno-lint-ignore no-explicit-any
  const odd: any = { "retention.ms": {} };
  await assert.rejects(admin.createTopic({ name: "a", configs: odd }), UsageFault);
});

Deno.test("the type system finds a choice that is none", () => {
  // @ts-expect-error there is no such policy
  const wrongPolicy: TopicConfigs = { "cleanup.policy": "compacted" };
  // @ts-expect-error it is true or false
  const wrongFlag: NewTopic = { name: "orders", configs: { "preallocate": "yes" } };
  const dynamic: Record<string, string> = { "cleanup.policy": "delete" };
  const topic: NewTopic = { name: "orders", configs: dynamic };
  assert.ok([wrongPolicy, wrongFlag, topic].every((each) => each !== undefined));
});

Deno.test("groups and brokers have keys of their own, and are declared with them", async () => {
  await using broker = await Broker.start({
    config: { "num.partitions": 2, "message.max.bytes": 2_000n, "log.preallocate": undefined },
    topics: { jobs: { records: ["a", "b"] } },
    groups: { workers: { configs: { "share.auto.offset.reset": "earliest" } } },
  });
  await using cluster = await connect({ bootstrap: broker.bootstrap });
  const { admin } = cluster;
  const { partitions } = await admin.describeTopic("jobs");
  assert.equal(partitions.length, 2);
  const names = ["message.max.bytes"] as const;
  const [bytesMax] = await admin.describeConfigs({ broker: 1 }, { names });
  assert.equal(bytesMax?.value, "2000");

  const consumer = cluster.shareConsumer({ groupId: "workers", topics: ["jobs"] });
  const values: unknown[] = [];
  for await (const { value } of consumer) {
    values.push(new TextDecoder().decode(value!));
    if (values.length === 2) break;
  }
  assert.deepEqual(values.sort(), ["a", "b"]);
  await admin.alterConfigs({ group: "workers" }, { set: { "share.session.timeout.ms": 50_000 } });
  await admin.alterConfigs({ brokers: "all" }, { set: { "log.retention.ms": 60_000 } });
});

Deno.test("the type system finds a key of a broker that is none", () => {
  // @ts-expect-error there is no such key
  const misspelt: BrokerOptions = { config: { "num.partitons": 3 } };
  // @ts-expect-error nor for brokers of a cluster
  const ofCluster: LocalClusterOptions = { config: { "num.partitons": 3 } };
  // @ts-expect-error nor of a topic that is declared
  const ofTopic: Declaration = { topics: { orders: { configs: { "retention.millis": 1 } } } };
  // @ts-expect-error nor of a group
  const ofGroup: Declaration = { groups: { a: { configs: { "share.lock.ms": 1 } } } };
  // @ts-expect-error it is true or false
  const wrongFlag: BrokerOptions = { config: { "auto.create.topics.enable": "yes" } };
  const ofListener: BrokerOptions = { config: { "listener.name.in.ssl.client.auth": "required" } };
  const elsewhere: Record<string, string> = { "auto.create.topics.enable": "false" };
  const taken: BrokerOptions = { config: elsewhere as BrokerOptions["config"] };
  const all = [misspelt, ofCluster, ofTopic, ofGroup, wrongFlag, ofListener, taken];
  assert.ok(all.every((each) => each !== undefined));
});
