// A share group in a cluster of three brokers: each leads some partitions, and most have their
// state kept by another, which is asked for it. What is accepted stays so whoever leads next.

import { assert, assertEquals } from "@std/assert";
import { fromUtf8 } from "../../src/base/bytes.ts";
import { createTopic, Producer, ShareConsumer } from "../../src/client/mod.ts";
import { alterConfigs } from "../../src/client/admin/configs.ts";
import { partitionOfKey } from "../../src/broker/coordination/shards.ts";
import { sharePartitionText } from "../../src/coordinator/mod.ts";
import { type ClusterScene, simulatedCluster } from "../harness/simulated_cluster.ts";

const topic = "orders";
const groupId = "emails";
/** By partition. States of partitions that follow each other are kept in turn: some elsewhere. */
const assignments = [[1, 2, 3], [1, 3, 2], [2, 3, 1], [2, 1, 3], [3, 1, 2], [3, 2, 1]];
const partitions = [...assignments.keys()];
const statesTopic = "__share_group_state";
const settings = { "min.insync.replicas": 2, "offsets.topic.num.partitions": 3 };

/** A member that accepts `count` records; their values. */
async function accept(scene: ClusterScene, count: number): Promise<string[]> {
  const consumer = new ShareConsumer(await scene.client(), {
    groupId,
    topics: [topic],
    fetchWaitMsMax: 50,
    recordsMax: 4,
    acknowledgement: "explicit",
  });
  const values: string[] = [];
  for await (const record of consumer) {
    record.accept();
    values.push(fromUtf8(record.value!));
    await consumer.commit();
    if (values.length === count) break;
  }
  await consumer.close();
  return values;
}

async function produce(scene: ClusterScene, from: number, to: number): Promise<string[]> {
  const producer = new Producer(await scene.client());
  const values = Array.from({ length: to - from }, (_, i) => `${from + i}`);
  await producer.send(values.map((value) => {
    return { topic, partition: Number(value) % partitions.length, value };
  }));
  await producer.close();
  return values;
}

/** The broker that keeps the state of a partition. */
function keeperOf({ metadata: { image }, partition }: ClusterScene, id: number): number {
  const name = sharePartitionText({ groupId, topicId: image.topic(topic)!.id, partition: id });
  return partition(statesTopic, partitionOfKey(name, image.topic(statesTopic)!.partitions.length))
    .leader;
}

function inOrder(values: readonly string[]): string[] {
  return [...values].sort((a, b) => Number(a) - Number(b));
}

Deno.test("a share group has each record once, and goes on when brokers are gone", async () => {
  await simulatedCluster({ brokers: 3, settings }, async (scene) => {
    const { client, partition, crash, stop, start, until } = scene;
    const asked = await client();
    await createTopic(asked, { name: topic, assignments });
    await alterConfigs(asked, { group: groupId }, {
      set: { "share.auto.offset.reset": "earliest" },
    });
    const isWhole = () => partitions.every((id) => partition(topic, id).isr.length === 3);

    const first = await produce(scene, 0, 60);
    assertEquals(inOrder(await accept(scene, 60)), first, "each once, from three brokers");
    const isElsewhere = (id: number) => keeperOf(scene, id) !== partition(topic, id).leader;
    assert(partitions.some(isElsewhere), "some states are kept by another broker");
    assertEquals(new Set(partitions.map((id) => partition(topic, id).leader)).size, 3);

    // Others lead its partitions, and keep its states: they know what was accepted.
    await stop(1);
    const second = await produce(scene, 60, 90);
    assertEquals(inOrder(await accept(scene, 30)), second, "nothing that was accepted comes again");
    await start(1);
    await until(isWhole);
    const third = await produce(scene, 90, 120);
    crash(2);
    assertEquals(inOrder(await accept(scene, 30)), third, "after a loss of power, too");
  });
});
