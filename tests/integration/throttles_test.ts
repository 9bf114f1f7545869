// Replicas that move are copied no faster than their throttle says, by the leader's or by the
// follower's, while those in sync are not held back; and a move can be cancelled.

import { assert, assertEquals } from "@std/assert";
import { type Client, createTopic, Producer } from "../../src/client/mod.ts";
import { IncrementalAlterConfigs } from "../../src/protocol/apis/44_incremental_alter_configs.ts";
import {
  AlterPartitionReassignments,
} from "../../src/protocol/apis/45_alter_partition_reassignments.ts";
import { ErrorCode } from "../../src/protocol/mod.ts";
import { type ClusterScene, simulatedCluster } from "../harness/simulated_cluster.ts";

const topic = "orders";
const settings = {
  "min.insync.replicas": 1,
  "offsets.topic.num.partitions": 3,
  "replica.fetch.max.bytes": 100_000,
  "replica.fetch.backoff.ms": 100,
};
const rate = 50_000;
const count = 100;
const valueBytes = 20_000;
/** What a burst may bring: eleven windows of a second, and one fetch more. */
const burstBytes = 12 * rate;

type Configs = readonly (readonly [name: string, value: string])[];

async function set(client: Client, resourceType: number, resourceName: string, given: Configs) {
  const configs = given.map(([name, value]) => ({ name, value, configOperation: 0 }));
  const request = { resources: [{ resourceType, resourceName, configs }], validateOnly: false };
  // A broker's own configuration is changed by that broker.
  const to = resourceType === 4 && resourceName !== "" ? Number(resourceName) : "any";
  const { responses } = await client.request(IncrementalAlterConfigs, request, { to });
  assertEquals(responses.map(({ errorCode }) => errorCode), [ErrorCode.NONE]);
}

async function move({ connect }: ClusterScene, replicas: readonly number[] | null) {
  using admin = await connect(1);
  const { responses } = await admin.ask(AlterPartitionReassignments, 0, {
    timeoutMs: 1_000,
    topics: [{ name: topic, partitions: [{ partitionIndex: 0, replicas }] }],
  });
  assertEquals(responses[0].partitions[0].errorCode, ErrorCode.NONE);
}

/** A topic of 2 MB on brokers 1 and 2. */
async function filled(scene: ClusterScene) {
  const { client, partition, until } = scene;
  const asked = await client();
  await createTopic(asked, { name: topic, assignments: [[1, 2]] });
  await until(() => partition(topic, 0).isr.length === 2);
  const producer = new Producer(asked, {});
  const send = () => producer.send({ topic, partition: 0, value: new Uint8Array(valueBytes) });
  for (let i = 0; i < count; i++) await send();
  return { asked, producer, send };
}

for (const role of ["leader", "follower"] as const) {
  Deno.test(`a move is as fast as the throttle of its ${role} lets it be`, async () => {
    await simulatedCluster({ brokers: 3, settings }, async (scene) => {
      const { partition, until, world } = scene;
      const { asked, producer, send } = await filled(scene);
      const [broker, replica] = role === "leader" ? ["1", "0:1"] : ["3", "0:3"];
      await set(asked, 4, broker, [[`${role}.replication.throttled.rate`, String(rate)]]);
      await set(asked, 2, topic, [[`${role}.replication.throttled.replicas`, replica]]);
      const begunMs = world.nowMs;
      await move(scene, [1, 2, 3]);
      // The replica that is in sync is not held back.
      await send();
      assert(world.nowMs - begunMs < 5_000, `${world.nowMs - begunMs}`);
      await until(() => partition(topic, 0).addingReplicas.length === 0);
      const leastMs = (count * valueBytes - burstBytes) / rate * 1000;
      assert(world.nowMs - begunMs >= leastMs, `${world.nowMs - begunMs} of ${leastMs}`);
      assertEquals(partition(topic, 0).isr, [1, 2, 3]);
      await producer.close();
    });
  });
}

Deno.test("what no throttle names moves as fast as it can", async () => {
  await simulatedCluster({ brokers: 3, settings }, async (scene) => {
    const { partition, until, world } = scene;
    const { asked, producer } = await filled(scene);
    await set(asked, 4, "", [["leader.replication.throttled.rate", "1"]]);
    await set(asked, 2, topic, [["leader.replication.throttled.replicas", "1:1,0:2"]]);
    const begunMs = world.nowMs;
    await move(scene, [1, 2, 3]);
    await until(() => partition(topic, 0).addingReplicas.length === 0);
    assert(world.nowMs - begunMs < 20_000, `${world.nowMs - begunMs}`);
    await producer.close();
  });
});

Deno.test("a move that its throttle has brought to a halt is cancelled", async () => {
  await simulatedCluster({ brokers: 3, settings }, async (scene) => {
    const { partition, until, pass } = scene;
    const { asked, producer, send } = await filled(scene);
    await set(asked, 4, "", [["follower.replication.throttled.rate", "1"]]);
    await set(asked, 2, topic, [["follower.replication.throttled.replicas", "*"]]);
    await move(scene, [3]);
    await pass(20_000);
    assertEquals(partition(topic, 0).addingReplicas, [3]);
    await move(scene, null);
    await until(() => partition(topic, 0).replicas.length === 2);
    assertEquals(partition(topic, 0).isr, [1, 2]);
    await send();
    await producer.close();
  });
});
