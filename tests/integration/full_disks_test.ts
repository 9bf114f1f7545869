// Brokers of a cluster whose disks fill up: others lead what they have room for, whoever copies on
// a full disk holds nobody up, and all is as before once there is room.

import { assert, assertEquals, assertRejects } from "@std/assert";
import { Consumer, createTopic, KafkaError, Producer } from "../../src/client/mod.ts";
import { readAll } from "../harness/read_all.ts";
import { type ClusterScene, simulatedCluster } from "../harness/simulated_cluster.ts";

const topic = "orders";
/** The usual first replica of everything leads again after so long. */
const balanceMs = 5_000;
const settings = {
  "min.insync.replicas": 2,
  "offsets.topic.num.partitions": 1,
  "transaction.state.log.num.partitions": 1,
  "leader.imbalance.check.interval.seconds": balanceMs / 1000,
};
/** Less than what is kept free, and enough for what brokers write themselves. */
const littleBytes = 20 * 1024 * 1024;

interface Sending {
  /** The longest that one record took. */
  readonly longestMs: () => number;
  readonly sent: readonly string[];
  send(count: number): Promise<void>;
  /** All of them are there, once each and in order. */
  check(): Promise<void>;
}

/** Records one after the other, each acknowledged by all in sync. */
async function sending(scene: ClusterScene): Promise<Sending> {
  const { client, runtime, partition, until } = scene;
  const asked = await client();
  await createTopic(asked, { name: topic, assignments: [[1, 2, 3]] });
  await until(() => partition(topic, 0).isr.length === 3);
  const producer = new Producer(asked, {});
  const sent: string[] = [];
  let longestMs = 0;
  return {
    sent,
    longestMs: () => longestMs,
    async send(count) {
      for (let i = 0; i < count; i++) {
        const value = `order ${sent.length}`;
        const startMs = runtime.clock.monotonic();
        await producer.send({ topic, partition: 0, value });
        longestMs = Math.max(longestMs, runtime.clock.monotonic() - startMs);
        sent.push(value);
      }
    },
    async check() {
      await producer.close();
      assertEquals(await readAll(asked, { topic, count: sent.length }), sent);
    },
  };
}

for (const free of [littleBytes, 0]) {
  Deno.test(`a leader with ${free} bytes left gives way, and leads again with room`, async () => {
    await simulatedCluster({ brokers: 3, settings }, async (scene) => {
      const { world, partition, until, pass, lines } = scene;
      const { send, check, longestMs } = await sending(scene);
      await send(5);
      assertEquals([partition(topic, 0).leader, partition(topic, 0).isr], [1, [1, 2, 3]]);
      world.leaveFree("broker-1", free);
      // It is in sync as long as there is nothing to copy, and nobody hands it back.
      await pass(3 * balanceMs);
      assertEquals(partition(topic, 0).isr, [1, 2, 3]);
      assertEquals([partition(topic, 0).leader, partition(topic, 0).leaderEpoch], [2, 1]);
      await send(20);
      const { leader, leaderEpoch, isr } = partition(topic, 0);
      assertEquals([leader, leaderEpoch, isr], [2, 1, [2, 3]]);
      assert(longestMs() < 3_000, `a record took ${longestMs()} ms`);
      const said = lines.find((line) => /led by others that have room/.test(line)) ?? "";
      assert(/broker-1 .*directories=1 handedOver=\d+ kept=0/.test(said), said);
      await pass(3 * balanceMs);
      await send(5);
      assertEquals([partition(topic, 0).leader, partition(topic, 0).leaderEpoch], [2, 1]);
      world.leaveFree("broker-1", Infinity);
      await until(() => partition(topic, 0).isr.length === 3);
      await until(() => partition(topic, 0).leader === 1);
      await send(5);
      await check();
    });
  });
}

Deno.test("where no replica has room nobody takes over, and groups go on", async () => {
  await simulatedCluster({ brokers: 3, settings }, async (scene) => {
    const { world, partition, pass, client, metadata, until } = scene;
    const { send, sent, check } = await sending(scene);
    await send(5);
    const options = { groupId: "readers", autoOffsetReset: "earliest" } as const;
    const consumer = new Consumer(await client(), options);
    await consumer.subscribe([topic]);
    let read = 0;
    while (read < sent.length) read += (await consumer.poll()).length;
    for (const id of [1, 2, 3]) world.leaveFree(`broker-${id}`, littleBytes);
    await pass(5_000);
    const { leaderEpoch, leader, isr } = partition(topic, 0);
    const epochOfGroups = partition("__consumer_offsets", 0).leaderEpoch;
    assertEquals(isr, [1, 2, 3]);
    const refusing = new Producer(await client(), { deliveryTimeoutMs: 3_000 });
    const error = await assertRejects(
      () => refusing.send({ topic, partition: 0, value: "lost" }),
      KafkaError,
    );
    assert(/nearly full/.test(error.message), error.message);
    await consumer.commit();
    await pass(3 * balanceMs);
    assertEquals([partition(topic, 0).leader, partition(topic, 0).leaderEpoch], [
      leader,
      leaderEpoch,
    ]);
    assertEquals(partition("__consumer_offsets", 0).leaderEpoch, epochOfGroups);
    assertEquals(partition(topic, 0).isr, [1, 2, 3]);
    for (const id of [1, 2, 3]) world.leaveFree(`broker-${id}`, Infinity);
    await until(() => metadata.image.brokers().every((each) => each.fullDirectories.length === 0));
    await refusing.close();
    await consumer.close();
    await send(5);
    assertEquals(sent.length, 10);
    await check();
  });
});

Deno.test("groups and transactions go on without a byte left at their coordinator", async () => {
  await simulatedCluster({ brokers: 3, settings }, async (scene) => {
    const { world, partition, pass, client, until } = scene;
    const asked = await client();
    await createTopic(asked, { name: topic, assignments: [[1, 2, 3]] });
    const producer = new Producer(asked, { transactionalId: "orders" });
    const ordered = (value: string) =>
      producer.transaction(async (tx) => void await tx.send({ topic, partition: 0, value }));
    await ordered("first");
    const consumer = new Consumer(asked, { groupId: "readers", autoOffsetReset: "earliest" });
    consumer.subscribe([topic]);
    while ((await consumer.poll()).length === 0);
    const internal = ["__consumer_offsets", "__transaction_state"];
    const full = partition("__consumer_offsets", 0).leader;
    world.leaveFree(`broker-${full}`, 0);
    await until(() => internal.every((name) => partition(name, 0).leader !== full));
    await ordered("second");
    while ((await consumer.poll()).length === 0);
    await consumer.commit();
    await pass(3 * balanceMs);
    assert(internal.every((name) => partition(name, 0).leader !== full));
    await consumer.close();
    await producer.close();
    world.leaveFree(`broker-${full}`, Infinity);
    await until(() => [topic, ...internal].every((name) => partition(name, 0).isr.length === 3));
  });
});

Deno.test("a broker that starts on a full disk leads nothing others have room for", async () => {
  await simulatedCluster({ brokers: 3, settings }, async (scene) => {
    const { world, partition, pass, stop, start, metadata, until } = scene;
    const { send, check } = await sending(scene);
    await send(5);
    await stop(1);
    world.leaveFree("broker-1", littleBytes);
    await start(1);
    await until(() => partition(topic, 0).isr.length === 3);
    assertEquals(metadata.image.broker(1)!.fullDirectories.length, 1);
    await pass(3 * balanceMs);
    assert(partition(topic, 0).leader !== 1);
    await send(5);
    const asked = await scene.client();
    await createTopic(asked, { name: "bills", assignments: [[1, 2, 3]] });
    assertEquals(partition("bills", 0).leader, 2);
    world.leaveFree("broker-1", Infinity);
    await until(() => [topic, "bills"].every((name) => partition(name, 0).leader === 1));
    await send(5);
    await check();
  });
});
