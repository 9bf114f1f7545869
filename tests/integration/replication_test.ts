// Three brokers of one cluster: what is acknowledged by all in-sync replicas outlives any of them.

import { assert, assertEquals } from "@std/assert";
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
