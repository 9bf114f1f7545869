// How fast clients may come and change things, in simulated time: rates of connections by address
// and listener (KIP-612), who gives way where there are too many, changes of topics (KIP-599), and
// quotas of users who have logged in.

import { assert, assertEquals, assertGreaterOrEqual, assertLess } from "@std/assert";
import { utf8 } from "../../src/base/bytes.ts";
import { SaslHandshake } from "../../src/protocol/apis/17_sasl_handshake.ts";
import { SaslAuthenticate } from "../../src/protocol/apis/36_sasl_authenticate.ts";
import { AlterClientQuotas } from "../../src/protocol/apis/49_alter_client_quotas.ts";
import {
  CreatePartitions,
  CreateTopics,
  DeleteTopics,
  ErrorCode,
  Metadata,
  Produce,
} from "../../src/protocol/mod.ts";
import { type RawClient, request } from "../harness/raw_client.ts";
import { batchOf, makeTopic, produceRequest } from "../harness/raw_requests.ts";
import { simulated, type SimulatedScene } from "../harness/simulated_broker.ts";

type Entity = { entityType: string; entityName: string | null }[];

async function setQuota(
  client: RawClient,
  { entity, key, value }: { entity: Entity; key: string; value: number },
): Promise<void> {
  const ops = [{ key, value, remove: value === 0 }];
  const entries = [{ entity, ops }];
  const answer = await client.ask(AlterClientQuotas, 1, { entries, validateOnly: false });
  assertEquals(answer.entries[0].errorCode, ErrorCode.NONE, answer.entries[0].errorMessage ?? "");
}

const hello = () => request(Metadata, 12, { topics: [] });

/** How long after it was opened a connection is answered; undefined: it is closed. */
async function answeredAfterMs(
  { connectTo, nowMs }: SimulatedScene,
  port = 9092,
): Promise<{ client: RawClient; ms: number | undefined }> {
  const beganMs = nowMs();
  const client = await connectTo(port);
  await client.send(hello());
  const ms = await client.receive() === null ? undefined : nowMs() - beganMs;
  return { client, ms };
}

Deno.test("an address connects as fast as its quota says, and others do not wait", () =>
  simulated({ settings: { "quota.window.num": 2 } }, async (scene) => {
    using admin = await scene.connect();
    const stranger = scene.world.start("stranger");
    using other = await scene.connectFrom(stranger);
    await other.ask(Metadata, 12, { topics: [] });
    const [address = ""] = other.name.split(":");
    await setQuota(admin, {
      entity: [{ entityType: "ip", entityName: address }],
      key: "connection_creation_rate",
      value: 3,
    });
    const outcomes: boolean[] = [];
    for (let i = 0; i < 8; i++) {
      using next = await scene.connectFrom(stranger);
      await next.send(hello());
      outcomes.push(await next.receive() !== null);
    }
    // Three a second, and what a window of before has left; then they are kept out for a while.
    const isIn = outcomes.filter((each) => each).length;
    assert(isIn >= 3 && isIn <= 6, `${isIn} of 8 came in`);
    assert(!outcomes.at(-1), "the last one is one too many");
    const { client, ms } = await answeredAfterMs(scene);
    assertLess(ms!, 100, "another address is answered at once");
    client[Symbol.dispose]();
    await scene.pass(3_000);
    using again = await scene.connectFrom(stranger);
    await again.ask(Metadata, 12, { topics: [] });
  }));

Deno.test("the connections of a listener that come too fast wait for their turn", () =>
  simulated({
    settings: {
      "listeners": "PLAINTEXT://10.0.0.1:9092,SLOW://10.0.0.1:9093",
      "listener.security.protocol.map": "PLAINTEXT:PLAINTEXT,SLOW:PLAINTEXT",
      "listener.name.slow.max.connection.creation.rate": 2,
      "quota.window.num": 2,
    },
  }, async (scene) => {
    const beganMs = scene.nowMs();
    const answered = await Promise.all(
      Array.from({ length: 10 }, () => answeredAfterMs(scene, 9093)),
    );
    for (const { client, ms } of answered) {
      assert(ms !== undefined, "nobody is kept out");
      client[Symbol.dispose]();
    }
    // Two a second, but for a burst: what comes last has waited for seconds.
    assertGreaterOrEqual(scene.nowMs() - beganMs, 2_500);
    const { client, ms } = await answeredAfterMs(scene);
    assertLess(ms!, 100, "another listener is not waited for");
    client[Symbol.dispose]();
  }));

Deno.test("of too many, the one that was idle the longest makes room for a broker", () =>
  simulated({
    settings: {
      "listeners": "BROKERS://10.0.0.1:9092,OUTSIDE://10.0.0.1:9093",
      "listener.security.protocol.map": "BROKERS:PLAINTEXT,OUTSIDE:PLAINTEXT",
      "inter.broker.listener.name": "BROKERS",
      "max.connections": 3,
    },
  }, async ({ connectTo, pass }) => {
    using busy = await connectTo(9093);
    using idle = await connectTo(9093);
    using late = await connectTo(9093);
    for (const client of [busy, idle, late]) await client.ask(Metadata, 12, { topics: [] });
    for (let i = 0; i < 5; i++) {
      await pass(2_000);
      for (const client of [busy, late]) await client.ask(Metadata, 12, { topics: [] });
    }
    using refused = await connectTo(9093);
    await refused.assertClosed();
    using broker = await connectTo(9092);
    await broker.ask(Metadata, 12, { topics: [] });
    await idle.assertClosed();
    for (const client of [busy, late]) await client.ask(Metadata, 12, { topics: [] });
  }));

const creatable = (name: string, numPartitions: number) => ({
  name,
  numPartitions,
  replicationFactor: 1,
  assignments: [],
  configs: [],
});

Deno.test("who changes topics too fast is refused for a while, and an older client pauses", () =>
  simulated({ settings: { "controller.quota.window.num": 2 } }, async (scene) => {
    using client = await scene.connect();
    await setQuota(client, {
      entity: [{ entityType: "user", entityName: "ANONYMOUS" }],
      key: "controller_mutation_rate",
      value: 5,
    });
    const create = (version: number, ...names: [name: string, partitions: number][]) =>
      client.ask(CreateTopics, version, {
        topics: names.map(([name, partitions]) => creatable(name, partitions)),
        timeoutMs: 10_000,
        validateOnly: false,
      });
    // Ten may be made at once, and whoever has some left may go below zero.
    const first = await create(7, ["a", 8], ["b", 6], ["c", 1], ["b", 1]);
    assertEquals(first.topics.map(({ name, errorCode }) => [name, errorCode]), [
      ["a", ErrorCode.NONE],
      ["b", ErrorCode.INVALID_REQUEST],
      ["c", ErrorCode.NONE],
    ]);
    assertEquals(first.throttleTimeMs, 0);
    const second = await create(7, ["d", 5], ["e", 1]);
    assertEquals(second.topics.map(({ errorCode }) => errorCode), [
      ErrorCode.NONE,
      ErrorCode.THROTTLING_QUOTA_EXCEEDED,
    ]);
    assertEquals(second.topics[1].errorMessage, "The throttling quota has been exceeded.");
    const { throttleTimeMs } = second;
    assert(throttleTimeMs > 500 && throttleTimeMs <= 800, `${throttleTimeMs} ms`);
    // Until then its connection waits, and then it may change things again.
    const beganMs = scene.nowMs();
    const grown = await client.ask(CreatePartitions, 3, {
      topics: [{ name: "a", count: 14, assignments: null }],
      timeoutMs: 10_000,
      validateOnly: false,
    });
    assertGreaterOrEqual(scene.nowMs() - beganMs, throttleTimeMs - 50);
    assertEquals(grown.results[0].errorCode, ErrorCode.NONE);
    const named = [{ name: "c", topicId: "AAAAAAAAAAAAAAAAAAAAAA" }];
    const deletion = { topics: named, topicNames: [], timeoutMs: 10_000 };
    const kept = await client.ask(DeleteTopics, 6, deletion as never);
    assertEquals(kept.responses[0].errorCode, ErrorCode.THROTTLING_QUOTA_EXCEEDED);
    assert(kept.throttleTimeMs > 0);
    // A client of before KIP-599 knows no such error.
    const old = await create(5, ["f", 20]);
    assertEquals(old.topics[0].errorCode, ErrorCode.NONE);
    assert(old.throttleTimeMs > 2_000, `${old.throttleTimeMs} ms`);
  }));

Deno.test("a topic that is made by naming it counts as well", () =>
  simulated({ settings: { "num.partitions": 10 } }, async ({ connect }) => {
    using client = await connect();
    await setQuota(client, {
      entity: [{ entityType: "user", entityName: null }],
      key: "controller_mutation_rate",
      value: 0.5,
    });
    const { topics, throttleTimeMs } = await client.ask(Metadata, 12, {
      topics: [{ topicId: "AAAAAAAAAAAAAAAAAAAAAA" as never, name: "made" }],
      allowAutoTopicCreation: true,
    });
    assertEquals(topics[0].errorCode, ErrorCode.NONE);
    assert(throttleTimeMs >= 8_000, `${throttleTimeMs} ms`);
  }));

Deno.test("a user's quota is that of who has logged in, by whatever connection", () => {
  const settings = {
    "listener.security.protocol.map": "PLAINTEXT:SASL_PLAINTEXT",
    "sasl.enabled.mechanisms": "PLAIN",
    "listener.name.plaintext.plain.sasl.jaas.config":
      "PlainLoginModule required user_alice=a-secret user_bob=b-secret;",
    "quota.window.num": 3,
  };
  return simulated({ settings }, async ({ connect }) => {
    const as = async (user: string) => {
      const client = await connect();
      await client.ask(SaslHandshake, 1, { mechanism: "PLAIN" });
      const authBytes = utf8(`\0${user}\0${user[0]}-secret`);
      const { errorCode } = await client.ask(SaslAuthenticate, 2, { authBytes });
      assertEquals(errorCode, ErrorCode.NONE);
      return client;
    };
    using bob = await as("bob");
    const { name: topic } = await makeTopic(bob);
    const entity = [{ entityType: "user", entityName: "alice" }];
    await setQuota(bob, { entity, key: "producer_byte_rate", value: 4_000 });
    const send = async (client: RawClient) => {
      const records = batchOf(["x".repeat(10_000)]);
      const answer = await client.ask(Produce, 9, produceRequest({ topic, records, acks: -1 }));
      return answer.throttleTimeMs;
    };
    using first = await as("alice");
    using second = await as("alice");
    assert(await send(first) > 0);
    const pauseMs = await send(second);
    assert(pauseMs > 2_500, `two connections of a user share its quota: ${pauseMs} ms`);
    assertEquals(await send(bob), 0);
  });
});
