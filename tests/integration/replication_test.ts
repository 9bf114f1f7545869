// Three brokers of one cluster: what is acknowledged by all in-sync replicas outlives any of them.

import { assert, assertEquals } from "@std/assert";
import { movePartitions } from "../../src/client/admin/nodes.ts";
import { deleteRecords } from "../../src/client/admin/records.ts";
import { Consumer, createTopic, listOffsets, Producer } from "../../src/client/mod.ts";
import {
  AlterPartitionReassignments,
} from "../../src/protocol/apis/45_alter_partition_reassignments.ts";
import { readAll } from "../harness/read_all.ts";
import { type ClusterScene, simulatedCluster } from "../harness/simulated_cluster.ts";

const topic = "orders";
const settings = { "min.insync.replicas": 2, "offsets.topic.num.partitions": 3 };

function isWhole({ partition }: ClusterScene): boolean {
  return partition(topic, 0).isr.length === 3;
}

Deno.test("what acks=all has acknowledged is there after the leader is gone", async () => {
  await simulatedCluster({ brokers: 3, settings }, async (scene) => {
    const { client, partition, crash, start, until } = scene;
    const asked = await client();
    await createTopic(asked, { name: topic, partitions: 1, replicationFactor: 3 });
    assertEquals(partition(topic, 0).isr.length, 3);
    const producer = new Producer(asked, {});
    const sent: string[] = [];
    const send = async (count: number) => {
      for (let i = 0; i < count; i++) {
        const value = `value ${sent.length}`;
        await producer.send({ topic, partition: 0, value });
        sent.push(value);
      }
    };
    await send(50);
    const first = partition(topic, 0).leader;
    crash(first);
    await send(50);
    const second = partition(topic, 0).leader;
    assert(second !== first && second > 0);
    assertEquals(partition(topic, 0).isr.includes(first), false);
    await start(first);
    await until(() => isWhole(scene));
    crash(second);
    await send(50);
    await producer.close();
    assertEquals(await readAll(asked, { topic, count: sent.length }), sent);
  });
});

Deno.test("records that were deleted stay so when the leader is gone", async () => {
  await simulatedCluster({ brokers: 3, settings }, async (scene) => {
    const { client, partition, kill, until, pass } = scene;
    const asked = await client();
    await createTopic(asked, { name: topic, partitions: 1, replicationFactor: 3 });
    const producer = new Producer(asked, {});
    for (let i = 0; i < 20; i++) await producer.send({ topic, partition: 0, value: `${i}` });
    await producer.close();
    const place = { topic, partition: 0 };
    const [trimmed] = await deleteRecords(asked, [{ ...place, offset: 10 }]);
    assertEquals(trimmed.lowWatermark, 10);
    const { leader } = partition(topic, 0);
    kill(leader);
    await until(() => ![leader, -1].includes(partition(topic, 0).leader));
    // By then every broker has heard who leads.
    await pass(1_000);
    const [start] = await listOffsets(await client(), [place], { spec: "earliest" });
    assertEquals(start.offset, 10);
  });
});

for (const [what, isMoved] of [["is new", true], ["was away", false]] as const) {
  Deno.test(`a replica that ${what} copies a log that begins within a batch`, async () => {
    await simulatedCluster({ brokers: 3 }, async (scene) => {
      const { client, partition, kill, start, until, pass } = scene;
      const asked = await client();
      await createTopic(asked, { name: topic, assignments: [isMoved ? [1, 2] : [1, 3]] });
      if (!isMoved) {
        kill(3);
        await until(() => partition(topic, 0).isr.join() === "1");
      }
      const producer = new Producer(asked, { lingerMs: 10 });
      const place = { topic, partition: 0 };
      const values = Array.from({ length: 10 }, (_, i) => `${i}`);
      await Promise.all(values.map((value) => producer.send({ ...place, value })));
      await deleteRecords(asked, [{ ...place, offset: 6 }]);
      if (isMoved) await movePartitions(asked, [{ ...place, replicas: [1, 3] }]);
      else await start(3);
      await until(() => partition(topic, 0).isr.join() === "1,3");
      kill(1);
      await until(() => partition(topic, 0).leader === 3);
      // By then every broker has heard who leads.
      await pass(1_000);
      const [{ offset }] = await listOffsets(await client(), [place], { spec: "earliest" });
      assertEquals(offset, 6);
      await producer.send({ ...place, value: "10" });
      await producer.close();
      const rest = [...values.slice(6), "10"];
      assertEquals(await readAll(asked, { topic, count: rest.length }), rest);
    });
  });
}

Deno.test("a transaction over partitions of three brokers is committed whole", async () => {
  await simulatedCluster({ brokers: 3, settings }, async ({ client, partition }) => {
    const asked = await client();
    await createTopic(asked, { name: topic, partitions: 6, replicationFactor: 3 });
    const leaders = new Set([0, 1, 2, 3, 4, 5].map((id) => partition(topic, id).leader));
    assertEquals(leaders.size, 3);
    const producer = new Producer(asked, { transactionalId: "payments" });
    const sent: string[] = [];
    for (const isCommitted of [true, false, true]) {
      const values = [0, 1, 2, 3, 4, 5].map((id) => `${isCommitted} ${sent.length} ${id}`);
      const transaction = await producer.begin();
      await Promise.all(
        values.map((value, id) => transaction.send({ topic, partition: id, value })),
      );
      await (isCommitted ? transaction.commit() : transaction.abort());
      if (isCommitted) sent.push(...values);
    }
    await producer.close();
    const consumer = new Consumer(asked, {
      autoOffsetReset: "earliest",
      readCommitted: true,
    });
    consumer.assign([0, 1, 2, 3, 4, 5].map((id) => ({ topic, partition: id })));
    const read: string[] = [];
    while (read.length < sent.length) {
      for (const { value } of await consumer.poll()) read.push(new TextDecoder().decode(value!));
    }
    await consumer.close();
    assertEquals(read.sort(), sent.sort());
  });
});

Deno.test("replicas move to another broker, with all that there is", async () => {
  await simulatedCluster({ brokers: 4, settings }, async (scene) => {
    const { client, connect, partition, until } = scene;
    const asked = await client();
    await createTopic(asked, { name: topic, partitions: 1, replicationFactor: 3 });
    const producer = new Producer(asked, {});
    for (let i = 0; i < 20; i++) await producer.send({ topic, partition: 0, value: `${i}` });
    const before = partition(topic, 0).replicas;
    const added = [1, 2, 3, 4].find((id) => !before.includes(id))!;
    const replicas = [added, ...before.slice(1)];
    using admin = await connect(1);
    const { responses } = await admin.ask(AlterPartitionReassignments, 1, {
      timeoutMs: 1000,
      allowReplicationFactorChange: false,
      topics: [{ name: topic, partitions: [{ partitionIndex: 0, replicas }] }],
    });
    assertEquals(responses[0].partitions[0].errorCode, 0);
    await until(() => partition(topic, 0).addingReplicas.length === 0);
    assertEquals(partition(topic, 0).replicas, replicas);
    for (let i = 20; i < 40; i++) await producer.send({ topic, partition: 0, value: `${i}` });
    await producer.close();
    assertEquals(
      await readAll(asked, { topic, count: 40 }),
      Array.from({ length: 40 }, (_, i) => `${i}`),
    );
  });
});
