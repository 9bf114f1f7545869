// What was acknowledged to be deleted never comes back, whoever leads next, and whatever ended who
// led before.

import { assertEquals } from "@std/assert";
import type { Offset } from "../../src/base/ids.ts";
import { deleteRecords } from "../../src/client/admin/records.ts";
import { type Client, createTopic, listOffsets, Producer } from "../../src/client/mod.ts";
import { DeleteRecords, ErrorCode } from "../../src/protocol/mod.ts";
import { type ClusterScene, simulatedCluster } from "../harness/simulated_cluster.ts";

const topic = "orders";
const place = { topic, partition: 0 };

// No checkpoint comes by itself.
const settings = { "log.flush.offset.checkpoint.interval.ms": 600_000 };

/** A topic of twenty records. */
async function filled(
  { client, partition, until }: ClusterScene,
  { replicas, minIsr = 1 }: { readonly replicas: readonly number[]; readonly minIsr?: number },
): Promise<Client> {
  const asked = await client({ requestTimeoutMs: 5_000 });
  const configs = { "min.insync.replicas": `${minIsr}` };
  await createTopic(asked, { name: topic, assignments: [[...replicas]], configs });
  const producer = new Producer(asked);
  for (let i = 0; i < 20; i++) await producer.send({ ...place, value: `${i}` });
  await producer.close();
  await until(() => partition(topic, 0).isr.length === replicas.length);
  return asked;
}

async function earliest({ client, pass }: ClusterScene): Promise<Offset> {
  // By then every broker has heard who leads.
  await pass(1_000);
  const [start] = await listOffsets(await client(), [place], { spec: "earliest" });
  return Number(start.offset);
}

Deno.test("deleted records stay so when who has heard of it ends, and leads next", async () => {
  await simulatedCluster({ brokers: 3, settings }, async (scene) => {
    const asked = await filled(scene, { replicas: [1, 2], minIsr: 2 });
    const [trimmed] = await deleteRecords(asked, [{ ...place, offset: 10 }]);
    assertEquals(trimmed.lowWatermark, 10);
    scene.kill(2);
    await scene.until(() => scene.partition(topic, 0).isr.join() === "1");
    scene.kill(1);
    await scene.until(() => scene.partition(topic, 0).leader === -1);
    await scene.start(2);
    await scene.until(() => scene.partition(topic, 0).leader === 2);
    assertEquals(await earliest(scene), 10);
  });
});

Deno.test("a replica is in sync once it has heard what was deleted while it was away", async () => {
  await simulatedCluster({ brokers: 3, settings }, async (scene) => {
    const asked = await filled(scene, { replicas: [1, 2] });
    scene.kill(2);
    await scene.until(() => scene.partition(topic, 0).isr.join() === "1");
    await deleteRecords(asked, [{ ...place, offset: 10 }]);
    const starting = scene.start(2);
    await scene.until(() => scene.partition(topic, 0).isr.length === 2);
    scene.kill(1);
    await starting;
    await scene.until(() => scene.partition(topic, 0).leader === 2);
    assertEquals(await earliest(scene), 10);
  });
});

Deno.test("nothing is said to be deleted while fewer are in sync than must be", async () => {
  await simulatedCluster({ brokers: 3, settings }, async (scene) => {
    const asked = await filled(scene, { replicas: [1, 2], minIsr: 2 });
    scene.kill(2);
    await scene.until(() => scene.partition(topic, 0).isr.join() === "1");
    assertEquals(scene.partition(topic, 0).elr, [2]);
    using leader = await scene.connect(1);
    const { topics: [answered] } = await leader.ask(DeleteRecords, 2, {
      topics: [{ name: topic, partitions: [{ partitionIndex: 0, offset: 10 }] }],
      timeoutMs: 1_000,
    });
    assertEquals(answered.partitions[0].errorCode, ErrorCode.REQUEST_TIMED_OUT);
    await scene.start(2);
    await scene.until(() => scene.partition(topic, 0).isr.length === 2);
    const [trimmed] = await deleteRecords(asked, [{ ...place, offset: 10 }]);
    assertEquals(trimmed.lowWatermark, 10);
    scene.kill(1);
    await scene.until(() => scene.partition(topic, 0).leader === 2);
    assertEquals(await earliest(scene), 10);
  });
});
