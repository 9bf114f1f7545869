// A share group's members by our own client, against the real broker in simulated time: who is
// given which records, and what comes of what they say.

import { assert, assertEquals, assertRejects } from "@std/assert";
import { fromUtf8 } from "../../src/base/bytes.ts";
import { UsageFault } from "../../src/base/faults.ts";
import {
  type Client,
  createTopic,
  KafkaError,
  Producer,
  ShareConsumer,
  type ShareConsumerOptions,
  type ShareRecord,
} from "../../src/client/mod.ts";
import { allHandlers } from "../../src/broker/mod.ts";
import { createPartitions } from "../../src/client/admin/topics.ts";
import { ShareGroupHeartbeat } from "../../src/protocol/apis/76_share_group_heartbeat.ts";
import type { Network } from "../../src/runtime/ports.ts";
import { watchedNetwork } from "../simulation/wire.ts";
import { type ClusterScene, simulatedCluster } from "../harness/simulated_cluster.ts";

const count = 20;

interface Scene extends ClusterScene {
  readonly kafka: Client;
}

/** Records 0 to 19, of a group that reads from the beginning. */
function world(scenario: (scene: Scene) => Promise<void>): Promise<void> {
  const settings = { "group.share.record.lock.duration.ms": 15_000 };
  return simulatedCluster({ brokers: 1, settings }, async (scene) => {
    const kafka = await scene.client();
    await createTopic(kafka, { name: "orders", partitions: 2 });
    const { alterConfigs } = await import("../../src/client/admin/configs.ts");
    const set = { "share.auto.offset.reset": "earliest" };
    await alterConfigs(kafka, { group: "emails" }, { set });
    const producer = new Producer(kafka);
    await producer.send(Array.from({ length: count }, (_, i) => ({
      topic: "orders",
      partition: i % 2,
      value: `${i}`,
    })));
    await producer.close();
    await scenario({ ...scene, kafka });
  });
}

function member(kafka: Client, options: Partial<ShareConsumerOptions> = {}): ShareConsumer {
  return new ShareConsumer(kafka, {
    groupId: "emails",
    topics: ["orders"],
    fetchWaitMsMax: 50,
    ...options,
  });
}

/** Hands `consumer`'s records to `work`, until there has been none for a while. */
async function drain(
  consumer: ShareConsumer,
  work: (record: ShareRecord) => unknown,
  { pass }: { pass: (ms: number) => Promise<void> },
): Promise<string[]> {
  const seen: string[] = [];
  const end = new AbortController();
  let last = 0;
  const watch = (async () => {
    for (let quiet = 0; quiet < 3000; quiet += 100) {
      await pass(100);
      if (seen.length > last) quiet = 0;
      last = seen.length;
    }
    end.abort();
  })();
  for await (const record of consumer.records({ signal: end.signal })) {
    seen.push(fromUtf8(record.value!));
    await work(record);
  }
  await watch;
  return seen;
}

Deno.test("two members share the records, each of which is one's", () =>
  world(async ({ kafka, pass }) => {
    const members = [member(kafka, { recordsMax: 3 }), member(kafka, { recordsMax: 3 })];
    const slowly = () => pass(10);
    const seen = await Promise.all(members.map((each) => drain(each, slowly, { pass })));
    assertEquals(seen.flat().length, count);
    assertEquals(new Set(seen.flat()).size, count, "each once");
    await Promise.all(members.map((each) => each.close()));
    const late = member(kafka);
    assertEquals(await drain(late, () => {}, { pass }), [], "all were accepted");
    await late.close();
  }));

Deno.test("what is released comes back, what is rejected does not", () =>
  world(async ({ kafka, pass }) => {
    await using consumer = member(kafka);
    const deliveries = new Map<string, number>();
    const seen = await drain(consumer, (record) => {
      const value = fromUtf8(record.value!);
      deliveries.set(value, record.deliveryCount);
      if (value === "3") record.reject();
      else if (value === "4" && record.deliveryCount < 3) record.release();
      else record.accept();
    }, { pass });
    assertEquals(seen.length, count + 2);
    assertEquals([deliveries.get("3"), deliveries.get("4"), deliveries.get("5")], [1, 3, 1]);
  }));

Deno.test("what a member holds at its end is the others'; what it has renewed stays its own", () =>
  world(async ({ kafka, pass }) => {
    const first = member(kafka, { acknowledgement: "explicit" });
    const held: ShareRecord[] = [];
    await drain(first, (record) => held.push(record), { pass });
    assertEquals(held.length, count);
    const [kept, lost] = held as [ShareRecord, ShareRecord];
    await pass(8_000);
    await kept.renew();
    await pass(8_000);
    kept.accept();
    await first.commit();
    lost.accept();
    const fault = await assertRejects(() => first.commit(), KafkaError);
    assertEquals(fault.code, "INVALID_RECORD_STATE");
    await first.close();
    const second = member(kafka);
    const seen = await drain(second, () => {}, { pass });
    assertEquals(seen.length, count - 1);
    assert(!seen.includes(fromUtf8(kept.value!)));
    await second.close();
  }));

/** A member that holds all records of which it has said nothing. */
async function holding(kafka: Client, scene: { pass: (ms: number) => Promise<void> }) {
  const consumer = member(kafka, { acknowledgement: "explicit" });
  const held: ShareRecord[] = [];
  await drain(consumer, (record) => held.push(record), scene);
  assertEquals(held.length, count);
  return { consumer, held };
}

Deno.test("a commit tells that what went with a fetch was refused, once", () =>
  world(async ({ kafka, pass }) => {
    const { consumer, held } = await holding(kafka, { pass });
    await pass(16_000);
    held[0]!.accept();
    // Their time was up: all of them come again, with the fetch that says so too late.
    await drain(consumer, () => {}, { pass });
    const fault = await assertRejects(() => consumer.commit(), KafkaError);
    assertEquals(fault.code, "INVALID_RECORD_STATE");
    await consumer.commit();
    await consumer.close();
  }));

Deno.test("a commit tells that a session is over with which its records were held", () =>
  world(async ({ kafka, pass, kill, start }) => {
    const { consumer, held } = await holding(kafka, { pass });
    kill(1);
    await drain(consumer, () => {}, { pass });
    held[0]!.accept();
    const fault = await assertRejects(() => consumer.commit(), KafkaError);
    assertEquals(fault.code, "INVALID_RECORD_STATE");
    await start(1);
    await consumer.close();
  }));

Deno.test("a commit tells that the broker has died to whom it was said with a fetch", () =>
  world(async ({ kafka, pass, kill, start }) => {
    const { consumer, held } = await holding(kafka, { pass });
    held[0]!.accept();
    kill(1);
    await drain(consumer, () => {}, { pass });
    await assertRejects(() => consumer.commit());
    await start(1);
    await consumer.close();
  }));

Deno.test("whichever answer a member misses, it is told what it is to read", async () => {
  const apis = new Map((await allHandlers()).map(({ api }) => [api.key, api]));
  for (let missed = 1; missed <= 3; missed++) {
    await world(async ({ kafka, client, runtime, pass }) => {
      let heartbeats = -Infinity;
      const network = (network: Network) =>
        watchedNetwork(network, "reader", {
          apis,
          nowMs: () => 0,
          fateOf: ({ api }) =>
            api === ShareGroupHeartbeat && ++heartbeats === missed ? "unanswered" : "passes",
          lateMs: () => 0,
          onAsked: () => {},
          onAnswered: () => {},
          carrier: runtime,
        });
      await using consumer = member(await client({ network }));
      assertEquals((await drain(consumer, () => {}, { pass })).length, count);
      heartbeats = 0;
      await createPartitions(kafka, { topic: "orders", count: 3 });
      await pass(12_000);
      const producer = new Producer(kafka);
      await producer.send({ topic: "orders", partition: 2, value: "new" });
      await producer.close();
      await pass(12_000);
      assertEquals(await drain(consumer, () => {}, { pass }), ["new"], `without answer ${missed}`);
    });
  }
});

Deno.test("a share consumer needs a group and topics", () =>
  world(async ({ kafka }) => {
    const wrong = (options: unknown) => () =>
      Promise.reject(new ShareConsumer(kafka, options as ShareConsumerOptions));
    const refused = async (options: unknown, message: string) => {
      await assertRejects(async () => await wrong(options)(), UsageFault, message);
    };
    await refused({ topics: ["orders"] }, "needs a groupId");
    await refused({ groupId: "emails", topics: [] }, "needs a list of topics");
    await refused({ groupId: "emails", topic: "orders" }, "does not know the option topic");
  }));
