// Who may lead a partition when those in sync are gone, by min.insync.replicas and
// unclean.leader.election.enable, and who leads again by Kafka's ElectLeaders.

import { assert, assertEquals } from "@std/assert";
import { type Client, createTopic, loadNodeAdmin, Producer } from "../../src/client/mod.ts";
import { ElectLeaders } from "../../src/protocol/apis/43_elect_leaders.ts";
import { IncrementalAlterConfigs } from "../../src/protocol/apis/44_incremental_alter_configs.ts";
import { ErrorCode } from "../../src/protocol/mod.ts";
import { readAll } from "../harness/read_all.ts";
import { type ClusterScene, simulatedCluster } from "../harness/simulated_cluster.ts";

const topic = "orders";
const settings = { "min.insync.replicas": 2, "offsets.topic.num.partitions": 3 };

/** Sets a key of a topic, or deletes it with null. */
async function setTopic(client: Client, name: string, key: string, value: string | null) {
  const configs = [{ name: key, configOperation: value === null ? 1 : 0, value }];
  const resources = [{ resourceType: 2, resourceName: name, configs }];
  const request = { resources, validateOnly: false };
  const { responses } = await client.request(IncrementalAlterConfigs, request, { to: "any" });
  assertEquals(responses.map(({ errorCode }) => errorCode), [ErrorCode.NONE]);
}

/** A topic on brokers 2 and 3, led by 2, of which the follower is killed. */
async function withoutFollower(scene: ClusterScene, configs: Record<string, string> = {}) {
  const { client, partition, until, kill } = scene;
  const asked = await client();
  await createTopic(asked, { name: topic, assignments: [[2, 3]], configs });
  await until(() => partition(topic, 0).isr.length === 2);
  const producer = new Producer(asked, {});
  const send = (value: string) => producer.send({ topic, partition: 0, value });
  await send("both");
  kill(3);
  await until(() => partition(topic, 0).isr.length === 1);
  return { asked, producer, send };
}

Deno.test("nobody else is eligible from when fewer replicas in sync are enough", async () => {
  await simulatedCluster({ brokers: 3, settings }, async (scene) => {
    const { partition, kill, start, until, pass } = scene;
    const { asked, producer, send } = await withoutFollower(scene);
    assertEquals(partition(topic, 0).elr, [3]);
    await setTopic(asked, topic, "min.insync.replicas", "1");
    assertEquals(partition(topic, 0).elr, []);
    await send("one");
    kill(2);
    await start(3);
    await until(() => partition(topic, 0).leader < 0);
    await pass(20_000);
    assertEquals(partition(topic, 0).leader, -1);
    await start(2);
    await until(() => partition(topic, 0).leader === 2);
    assertEquals(await readAll(asked, { topic, count: 2 }), ["both", "one"]);
    await producer.close();
  });
});

Deno.test("what is eligible stays so while too few are in sync", async () => {
  await simulatedCluster({ brokers: 3, settings }, async (scene) => {
    const { partition, until, kill, start } = scene;
    const { asked, producer } = await withoutFollower(scene);
    await setTopic(asked, topic, "min.insync.replicas", "3");
    await setTopic(asked, topic, "min.insync.replicas", null);
    assertEquals(partition(topic, 0).elr, [3]);
    kill(2);
    await start(3);
    await until(() => partition(topic, 0).leader === 3);
    await start(2);
    await until(() => partition(topic, 0).isr.length === 2);
    assertEquals(partition(topic, 0).leader, 3);
    assertEquals(await readAll(asked, { topic, count: 1 }), ["both"]);
    await producer.close();
  });
});

for (const where of ["topic", "broker"]) {
  Deno.test(`who lacks records leads where the ${where} allows it, and nowhere else`, async () => {
    const key = "unclean.leader.election.enable";
    const one = { ...settings, "min.insync.replicas": 1 };
    const ofBrokers = where === "broker" ? { ...one, [key]: "true" } : one;
    await simulatedCluster({ brokers: 3, settings: ofBrokers }, async (scene) => {
      const { partition, until, kill, start, metadata } = scene;
      const { asked, producer, send } = await withoutFollower(scene, { [key]: "false" });
      await send("one");
      kill(2);
      await start(3);
      await until(() => partition(topic, 0).leader < 0 && !metadata.image.broker(3)!.fenced);
      assertEquals(partition(topic, 0).isr, []);
      await setTopic(asked, topic, key, where === "topic" ? "true" : null);
      await until(() => partition(topic, 0).leader === 3);
      assertEquals(await readAll(asked, { topic, count: 1 }), ["both"]);
      await until(() => !partition(topic, 0).recovering);
      await start(2);
      await until(() => partition(topic, 0).isr.length === 2);
      await producer.close();
    });
  });
}

Deno.test("ElectLeaders lets the first replica lead again, or one that lacks records", async () => {
  const one = { ...settings, "min.insync.replicas": 1 };
  await simulatedCluster({ brokers: 3, settings: one }, async (scene) => {
    const { partition, until, kill, start, metadata, connect } = scene;
    const { producer, send } = await withoutFollower(scene);
    using admin = await connect(1);
    const elect = async (electionType: number) => {
      const { replicaElectionResults } = await admin.ask(ElectLeaders, 2, {
        electionType,
        topicPartitions: [{ topic, partitions: [0] }],
        timeoutMs: 1_000,
      });
      return replicaElectionResults[0].partitionResult[0].errorCode;
    };
    await send("one");
    kill(2);
    await start(3);
    await until(() => partition(topic, 0).leader < 0 && !metadata.image.broker(3)!.fenced);
    assertEquals(await elect(0), ErrorCode.PREFERRED_LEADER_NOT_AVAILABLE);
    assertEquals(await elect(1), ErrorCode.NONE);
    assertEquals(partition(topic, 0).leader, 3);
    assertEquals(await elect(1), ErrorCode.ELECTION_NOT_NEEDED);
    await start(2);
    await until(() => partition(topic, 0).isr.length === 2);
    assertEquals(await elect(0), ErrorCode.NONE);
    assertEquals(partition(topic, 0).leader, 2);
    assertEquals(await elect(0), ErrorCode.ELECTION_NOT_NEEDED);
    await producer.close();
  });
});

Deno.test("leadership goes back by itself, unless it is told not to", async () => {
  for (const isOn of [true, false]) {
    const balanced = {
      ...settings,
      "auto.leader.rebalance.enable": String(isOn),
      "leader.imbalance.check.interval.seconds": 20,
    };
    await simulatedCluster({ brokers: 3, settings: balanced }, async (scene) => {
      const { client, partition, until, stop, start, pass } = scene;
      const asked = await client();
      const assignments = Array.from({ length: 20 }, () => [2, 3, 1]);
      await createTopic(asked, { name: topic, assignments });
      const ids = assignments.map((_, id) => id);
      const led = () => ids.filter((id) => partition(topic, id).leader === 2).length;
      await stop(2);
      await start(2);
      await until(() => ids.every((id) => partition(topic, id).isr.length === 3));
      assert(led() < 20);
      const before = led();
      await pass(60_000);
      assertEquals(led(), isOn ? 20 : before);
    });
  }
});

Deno.test("whoever lacks the least leads where an operator has somebody lead", async () => {
  const settings = { "min.insync.replicas": 1, "offsets.topic.num.partitions": 1 };
  await simulatedCluster({ brokers: 3, settings }, async (scene) => {
    const { client: clientOf, partition, until, stop, start, kill, metadata } = scene;
    const client = await clientOf();
    await createTopic(client, { name: topic, assignments: [[1, 2, 3]] });
    await until(() => partition(topic, 0).isr.length === 3);
    const producer = new Producer(client);
    await producer.send({ topic, partition: 0, value: "first" });
    await stop(2);
    await producer.send({ topic, partition: 0, value: "second" });
    await stop(3);
    await producer.send({ topic, partition: 0, value: "lost" });
    await producer.close();
    kill(1);
    await start(2);
    await start(3);
    await until(() => partition(topic, 0).leader < 0 && !metadata.image.broker(3)!.fenced);
    const { electLeaders } = await loadNodeAdmin();
    const asked = await clientOf();
    const results = await electLeaders(asked, "unclean", [{ topic, partition: 0 }]);
    assertEquals(results.map(({ outcome }) => outcome), ["elected"]);
    assertEquals(partition(topic, 0).leader, 3);
    assertEquals(await readAll(asked, { topic, count: 2 }), ["first", "second"]);
  });
});

for (const strategy of ["balanced", "none"]) {
  const what = strategy === "none" ? "nobody leads" : "the replica that has the most leads";
  Deno.test(`when all have lost something and are back, ${what}: ${strategy}`, async () => {
    const settings = {
      "min.insync.replicas": 2,
      "offsets.topic.num.partitions": 1,
      "ottla.acks.all.sync": "never",
      "ottla.unclean.recovery.strategy": strategy,
    };
    await simulatedCluster({ brokers: 3, settings }, async (scene) => {
      const { client: clientOf, partition, until, start, crash, pass, lines } = scene;
      const client = await clientOf();
      await createTopic(client, { name: topic, assignments: [[1, 2]] });
      await until(() => partition(topic, 0).isr.length === 2);
      const producer = new Producer(client);
      const sent = Array.from({ length: 20 }, (_, i) => `value ${i}`);
      for (const value of sent) await producer.send({ topic, partition: 0, value });
      await producer.close();
      crash(1);
      crash(2);
      await until(() => partition(topic, 0).leader < 0);
      await start(1);
      await pass(10_000);
      assertEquals(partition(topic, 0).leader, -1);
      await start(2);
      if (strategy === "none") {
        await pass(30_000);
        assertEquals(partition(topic, 0).leader, -1);
        assertEquals(partition(topic, 0).lastKnownElr, [1, 2]);
        return;
      }
      await until(() => partition(topic, 0).isr.length === 2);
      assert(lines.some((line) => line.includes("a replica leads that may lack records")));
      const again = new Producer(client);
      await again.send({ topic, partition: 0, value: "after" });
      await again.close();
    });
  });
}

Deno.test("what others may have kept is waited for, but not for ever", async () => {
  const settings = {
    "min.insync.replicas": 2,
    "offsets.topic.num.partitions": 1,
    "ottla.acks.all.sync": "never",
  };
  for (const comes of [true, false]) {
    await simulatedCluster({ brokers: 4, settings }, async (scene) => {
      const { client: clientOf, partition, until, start, crash, kill, pass, metadata } = scene;
      const client = await clientOf();
      await createTopic(client, { name: topic, assignments: [[2, 3, 4]] });
      await until(() => partition(topic, 0).isr.length === 3);
      const producer = new Producer(client);
      const sent = Array.from({ length: 20 }, (_, i) => `value ${i}`);
      for (const value of sent) await producer.send({ topic, partition: 0, value });
      await producer.close();
      kill(4);
      await until(() => partition(topic, 0).isr.length === 2);
      crash(2);
      crash(3);
      await until(() => partition(topic, 0).leader < 0);
      await start(2);
      await start(3);
      await until(() => [2, 3].every((id) => !metadata.image.broker(id)!.fenced));
      assertEquals([partition(topic, 0).lastKnownElr, metadata.image.broker(4)!.fenced], [
        [2, 3],
        true,
      ]);
      await pass(10_000);
      assertEquals(partition(topic, 0).leader, -1);
      if (comes) await start(4);
      await until(() => partition(topic, 0).isr.length === (comes ? 3 : 2));
      if (comes) assertEquals(await readAll(client, { topic, count: 20 }), sent);
    });
  }
});
