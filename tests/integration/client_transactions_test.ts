// Transactions of our own client against the real broker in simulated time: what was committed is
// read, what was aborted is not, offsets go with the records, and of two producers of one
// transactional id the later one is right.

import { assert, assertEquals, assertRejects } from "@std/assert";
import { fromUtf8 } from "../../src/base/bytes.ts";
import { UsageFault } from "../../src/base/faults.ts";
import {
  type Client,
  committedOffsets,
  Consumer,
  createTopic,
  KafkaError,
  Producer,
} from "../../src/client/mod.ts";
import { UpdateFeatures } from "../../src/protocol/apis/57_update_features.ts";
import { simulatedCluster } from "../harness/simulated_cluster.ts";

/** The values of `count` records of `topic` that were committed, and whether there are no more. */
async function committed(client: Client, topic: string, count: number): Promise<string[]> {
  const consumer = new Consumer(client, { readCommitted: true, fetchWaitMsMax: 20 });
  consumer.assign([{ topic, partition: 0, at: "earliest" }]);
  const values: string[] = [];
  while (values.length < count) {
    for (const { value } of await consumer.poll()) values.push(fromUtf8(value!));
  }
  for (const { value } of await consumer.poll({ timeoutMs: 200 })) values.push(fromUtf8(value!));
  await consumer.close();
  return values;
}

/**
 * The scenario in both dialects: that of KIP-890, and the older one, which a cluster speaks as
 * long as it has not agreed on `transaction.version` 2.
 */
async function world(scenario: (client: Client) => Promise<void>): Promise<void> {
  for (const level of [2, 1]) {
    await simulatedCluster({ brokers: 1 }, async ({ client: connect }) => {
      await setLevel(await connect(), level);
      const client = await connect();
      await createTopic(client, { name: "orders", partitions: 1 });
      await createTopic(client, { name: "paid", partitions: 1 });
      await scenario(client);
    });
  }
}

async function setLevel(client: Client, maxVersionLevel: number): Promise<void> {
  const feature = "transaction.version";
  const { errorCode } = await client.request(UpdateFeatures, {
    timeoutMs: 1000,
    featureUpdates: [{ feature, maxVersionLevel, upgradeType: maxVersionLevel > 1 ? 1 : 2 }],
    validateOnly: false,
  }, { to: "controller" });
  assertEquals(errorCode, 0);
  const reached = await client.featureLevel(feature, { to: "any", lane: "asked anew" });
  assertEquals(reached, maxVersionLevel);
}

Deno.test("what a transaction has sent is read once it is committed, or not at all", () =>
  world(async (client) => {
    await using producer = new Producer(client, { transactionalId: "billing" });
    const answer = await producer.transaction(async (tx) => {
      await tx.send({ topic: "orders", value: "a" });
      tx.send([{ topic: "orders", value: "b" }, { topic: "paid", value: "c" }]);
      return 42;
    });
    assertEquals(answer, 42);
    const broken = producer.transaction(async (tx) => {
      await tx.send({ topic: "orders", value: "never" });
      throw new TypeError("a bug of the program");
    });
    await assertRejects(() => broken, TypeError, "a bug of the program");
    await producer.transaction(() => {});
    await producer.transaction((tx) => void tx.send({ topic: "orders", value: "d" }));
    assertEquals(await committed(client, "orders", 3), ["a", "b", "d"]);
    assertEquals(await committed(client, "paid", 1), ["c"]);
  }));

Deno.test("a transaction by hand is aborted unless it was committed", () =>
  world(async (client) => {
    const producer = new Producer(client, { transactionalId: "billing" });
    {
      await using tx = await producer.begin();
      await tx.send({ topic: "orders", value: "given up" });
      await assertRejects(() => producer.begin(), UsageFault, "one at a time");
    }
    {
      await using tx = await producer.begin();
      await tx.send({ topic: "orders", value: "kept" });
      await tx.commit();
      await assertRejects(() => tx.commit(), UsageFault, "the transaction is committed");
    }
    await (await producer.begin()).send({ topic: "orders", value: "open at the end" });
    await producer.close();
    assertEquals(await committed(client, "orders", 1), ["kept"]);
    await assertRejects(() => producer.begin(), UsageFault, "closed");
  }));

Deno.test("a transaction in which a record was refused is aborted, and the next one is well", () =>
  world(async (client) => {
    await createTopic(client, {
      name: "small",
      partitions: 1,
      configs: { "max.message.bytes": "1000" },
    });
    await using producer = new Producer(client, { transactionalId: "billing" });
    const refused = producer.transaction((tx) => {
      tx.send({ topic: "orders", value: "with the large one" });
      tx.send({ topic: "small", value: "x".repeat(5000) }).catch(() => {});
    });
    const fault = await assertRejects(() => refused, KafkaError);
    assertEquals(fault.code, "MESSAGE_TOO_LARGE");
    await producer.transaction(async (tx) => {
      await tx.send([{ topic: "orders", value: "next" }, { topic: "small", value: "y" }]);
    });
    assertEquals(await committed(client, "orders", 1), ["next"]);
    assertEquals(await committed(client, "small", 1), ["y"]);
  }));

Deno.test("offsets are committed with the records that were made of them", () =>
  world(async (client) => {
    const source = new Producer(client);
    await source.send(["1", "2", "3"].map((value) => ({ topic: "orders", value })));
    await source.close();
    await using producer = new Producer(client, { transactionalId: "billing" });
    const consumer = new Consumer(client, {
      groupId: "billing",
      autoOffsetReset: "earliest",
      autoCommitIntervalMs: 0,
    });
    consumer.subscribe(["orders"]);
    const step = (end: "well" | "badly") =>
      producer.transaction(async (tx) => {
        let records = await consumer.poll({ recordsMax: 1 });
        while (records.length === 0) records = await consumer.poll({ recordsMax: 1 });
        const value = `paid ${fromUtf8(records[0].value!)}`;
        await tx.send({ topic: "paid", value });
        await tx.sendOffsets(consumer);
        if (end === "badly") throw new Error("not this time");
      });
    const offset = async () => {
      const partitions = [{ topic: "orders", partition: 0 }];
      return (await committedOffsets(client, "billing", { partitions })).map((at) => at.offset);
    };
    await step("well");
    assertEquals(await offset(), [1]);
    await assertRejects(() => step("badly"), Error, "not this time");
    assertEquals(await offset(), [1]);
    consumer.seek({ topic: "orders", partition: 0, offset: 1 });
    await step("well");
    await step("well");
    assertEquals(await offset(), [3]);
    assertEquals(await committed(client, "paid", 3), ["paid 1", "paid 2", "paid 3"]);
    await consumer.close();
  }));

Deno.test("of two producers of one transactional id the first is told that it was fenced", () =>
  world(async (client) => {
    const first = new Producer(client, { transactionalId: "billing" });
    await first.transaction((tx) => void tx.send({ topic: "orders", value: "first" }));
    const open = await first.begin();
    await open.send({ topic: "orders", value: "cut off" });
    await using second = new Producer(client, { transactionalId: "billing" });
    await second.transaction((tx) => void tx.send({ topic: "orders", value: "second" }));
    const fault = await assertRejects(() => open.commit(), KafkaError);
    assertEquals(fault.code, "PRODUCER_FENCED");
    assert(fault.message.includes("another producer has taken over"), fault.message);
    assertEquals(await assertRejects(() => first.begin(), KafkaError), fault);
    await first.close();
    assertEquals(await committed(client, "orders", 2), ["first", "second"]);
  }));

Deno.test("transactions are a transactional producer's, and the other way about", () =>
  world(async (client) => {
    await using plain = new Producer(client);
    await assertRejects(() => plain.begin(), UsageFault, "transactionalId");
    await using producer = new Producer(client, { transactionalId: "billing" });
    const send = () => producer.send({ topic: "orders", value: "x" });
    await assertRejects(send, UsageFault, "sends by transaction");
  }));
