// What the metrics of a cluster's brokers tell while one of them is away and comes back.

import { assert, assertEquals } from "@std/assert";
import { createTopic, Producer } from "../../src/client/mod.ts";
import { type ClusterScene, simulatedCluster } from "../harness/simulated_cluster.ts";

const topic = "orders";
const settings = { "min.insync.replicas": 2, "offsets.topic.num.partitions": 3 };

/** The samples of one broker without labels, and those with one as `name label`. */
async function metricsOf({ brokers }: ClusterScene, nodeId: number): Promise<Map<string, number>> {
  const samples = new Map<string, number>();
  for (const family of await brokers.get(nodeId)!.metrics()) {
    for (const [labels, value] of family.samples) {
      if (typeof value !== "number") continue;
      samples.set([family.name.replace(/^ottla_/, ""), ...labels].join(" "), value);
    }
  }
  return samples;
}

/** By then every broker has heard of what the metadata says. */
const heardMs = 1_000;

/** Picks those that a test is about. */
async function pick(scene: ClusterScene, nodeId: number, names: readonly string[]) {
  const samples = await metricsOf(scene, nodeId);
  return Object.fromEntries(names.map((name) => [name, samples.get(name)]));
}

Deno.test("a follower that is away shows at its leader and at the controller", async () => {
  await simulatedCluster({ brokers: 3, settings }, async (scene) => {
    const { client, partition, kill, start, metadata, pass } = scene;
    const until = async (holds: () => boolean) => {
      await scene.until(holds);
      await pass(heardMs);
    };
    const asked = await client();
    await createTopic(asked, { name: topic, partitions: 1, replicationFactor: 3 });
    await until(() => partition(topic, 0).isr.length === 3);
    const producer = new Producer(asked, {});
    const send = () => producer.send({ topic, partition: 0, value: "paid" });
    for (let i = 0; i < 10; i++) await send();
    const { leader, replicas } = partition(topic, 0);
    const [follower, other] = replicas.filter((id) => id !== leader);
    const ofLeader = [
      "led_partitions",
      "under_replicated_partitions",
      "at_min_isr_partitions",
      "under_min_isr_partitions",
      "isr_shrinks_total",
      "isr_expands_total",
    ];
    assertEquals(Object.values(await pick(scene, leader, ofLeader)), [1, 0, 0, 0, 0, 0]);
    // Each follower has told once what it wants.
    const sessions = await pick(scene, leader, ["fetch_sessions", "fetch_session_partitions"]);
    assertEquals(Object.values(sessions), [2, 2]);
    assert((await metricsOf(scene, follower!)).get("replica_copied_bytes_total")! > 0);

    kill(follower!);
    await until(() => partition(topic, 0).isr.length === 2);
    for (let i = 0; i < 5; i++) await send();
    assertEquals(Object.values(await pick(scene, leader, ofLeader)), [1, 1, 1, 0, 1, 0]);
    const lag = (await metricsOf(scene, leader)).get(`replica_lag_records ${follower}`)!;
    assert(lag >= 5, `${lag}`);
    const controller = metadata.controllerId;
    const ofCluster = ["controller", "brokers active", "brokers fenced", "offline_partitions"];
    assertEquals(Object.values(await pick(scene, controller, ofCluster)), [1, 2, 1, 0]);
    const rest = [leader, other!].find((id) => id !== controller);
    if (rest !== undefined) {
      const told = await pick(scene, rest, ofCluster);
      assertEquals(Object.values(told), [0, undefined, undefined, undefined]);
    }

    await start(follower!);
    await until(() => partition(topic, 0).isr.length === 3);
    assertEquals(Object.values(await pick(scene, leader, ofLeader)), [1, 0, 0, 0, 1, 1]);
    kill(leader);
    await until(() => partition(topic, 0).leader > 0 && partition(topic, 0).leader !== leader);
    await send();
    const next = partition(topic, 0).leader;
    const elected = ["leader_elections_total", "unclean_leader_elections_total", "fenced"];
    assertEquals(Object.values(await pick(scene, next, elected)), [1, 0, 0]);
    await producer.close();
  });
});

Deno.test("too few replicas in sync, and partitions without a leader, are counted", async () => {
  const unsafe = { ...settings, "min.insync.replicas": 1 };
  await simulatedCluster({ brokers: 3, settings: unsafe }, async (scene) => {
    const { client, partition, kill, until, metadata, pass } = scene;
    const asked = await client();
    const controller = metadata.controllerId;
    const others = [1, 2, 3].filter((id) => id !== controller);
    const configs = { "min.insync.replicas": "2" };
    await createTopic(asked, { name: "alone", assignments: [[others[0]!]] });
    await createTopic(asked, { name: topic, assignments: [[controller, others[1]!]], configs });
    for (const id of others) kill(id);
    await until(() => partition("alone", 0).leader < 0 && partition(topic, 0).isr.length === 1);
    await pass(heardMs);
    const told = await pick(scene, controller, ["offline_partitions", "under_min_isr_partitions"]);
    assertEquals(Object.values(told), [1, 1]);
  });
});
