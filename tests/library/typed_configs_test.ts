// Configurations of topics as the type system knows them: numbers and booleans are what they are,
// a misspelt choice does not compile, and a key that only the broker knows does.

import assert from "node:assert/strict";
import { connect, KafkaError, type NewTopic, type TopicConfigs, UsageFault } from "../../client.ts";
import { Broker } from "../../testing.ts";

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
