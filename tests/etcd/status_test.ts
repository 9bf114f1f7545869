// What an operator sees of a cluster that is in need, and how leaders come back where they belong.

import { assert, assertEquals, assertMatch, assertStringIncludes } from "@std/assert";
import { createTopic, describeTopic, Producer } from "../../src/client/mod.ts";
import { runCommand } from "../harness/command_in_process.ts";
import { readAll } from "../harness/read_all.ts";
import { etcdCluster, type EtcdScene } from "./simulated_brokers.ts";

const settings = { "min.insync.replicas": 2, "offsets.topic.num.partitions": 1 };

/** `ottla cluster WORDS` on a machine of its own. */
async function ottla({ tool }: EtcdScene, ...words: readonly string[]) {
  return await runCommand(tool(), ["cluster", ...words]);
}

/** Resolves once the leader of a partition, as brokers tell, is as wanted. */
async function untilLed(
  scene: EtcdScene,
  { by, topic, leader }: { by: number; topic: string; leader: number },
): Promise<void> {
  const client = await scene.client(by);
  for (;;) {
    const { partitions: [first] } = await describeTopic(client, topic);
    if (first!.leader === leader) return;
    await scene.pass(100);
  }
}

async function inSync(scene: EtcdScene, topic: string, count: number): Promise<void> {
  const client = await scene.client(1, 2, 3);
  for (;;) {
    const { partitions } = await describeTopic(client, topic);
    if (partitions.every(({ isr }) => isr.length === count)) return;
    await scene.pass(100);
  }
}

Deno.test("status says what is in need, in eighty columns, and how etcd is", () =>
  etcdCluster(async (scene) => {
    const { start, kill, etcd, world, pass } = scene;
    for (const id of [1, 2, 3]) await start(id);
    const client = await scene.client(1);
    await createTopic(client, { name: "orders", partitions: 3, replicationFactor: 3 });
    await createTopic(client, { name: "logs", assignments: [[3]] });
    await inSync(scene, "orders", 3);
    const cluster = `etcd://${etcd.names.map((name) => `${name}:2379`).join(",")}/c`;
    const calm = await ottla(scene, "status", "--cluster", cluster);
    assertStringIncludes(calm.stdout, "2 topics, 4 partitions: all is well");
    kill(3);
    world.kill(etcd.names[2]!);
    await untilLed(scene, { by: 1, topic: "logs", leader: -1 });
    await pass(1_000);
    const { stdout } = await ottla(scene, "status", "--cluster", cluster);
    assertStringIncludes(stdout, "1 without a leader, 4 under-replicated\n");
    assertStringIncludes(stdout, "Away: 1 of the brokers, 1 of these members of etcd.\n");
    assert(stdout.split("\n").every((line) => line.length <= 80), stdout);
    const lines = stdout.split("\n").map((each) => each.trim());
    const line = (start: string) => lines.find((each) => each.startsWith(start)) ?? "";
    assertEquals(line("3 ").split(/ +/).slice(2), ["-", "gone", "0", "4", "0"]);
    assertEquals(line("logs ").split(/ +/), ["logs", "0", "leaderless", "-", "3", "-", "3"]);
    assertStringIncludes(line(`http://${etcd.names[0]}`), "3.6.9");
    assertStringIncludes(line(`http://${etcd.names[2]}`), "does not answer");
    const json = JSON.parse(
      (await ottla(scene, "status", "--cluster", cluster, "--json")).stdout,
    );
    assertEquals(json.needs.length, 4);
    assertEquals([json.withoutLeader, json.underReplicated, json.tooFewInSync], [1, 4, 0]);
    assertEquals(json.brokers.map(({ inSync }: { inSync: number }) => inSync), [3, 3, 0]);
  }, settings));

Deno.test("status says whose disk is gone", () =>
  etcdCluster(async (scene) => {
    const { start, etcd, world } = scene;
    const disks = { "log.dirs": "/data/a,/data/b" };
    for (const id of [1, 2, 3]) await start(id, disks);
    const client = await scene.client(1, 2, 3);
    await createTopic(client, { name: "orders", assignments: [[1, 2, 3]] });
    await inSync(scene, "orders", 3);
    world.failSyncs("broker-3", 1);
    const producer = new Producer(client);
    await producer.send({ topic: "orders", partition: 0, value: "kept" });
    await producer.close();
    await inSync(scene, "orders", 2);
    const cluster = `etcd://${etcd.names[0]}:2379/c`;
    const { stdout } = await ottla(scene, "status", "--cluster", cluster);
    assertStringIncludes(stdout, "1 under-replicated, 1 with a disk gone");
    assertMatch(stdout, /^orders +0 +disk is gone +1 +1,2,3 +1,2 +-$/m);
    const json = JSON.parse(
      (await ottla(scene, "status", "--cluster", cluster, "--json")).stdout,
    );
    assertEquals(json.needs.map(({ offline }: { offline: number[] }) => offline), [[3]]);
  }, settings));

Deno.test("status says whose disks are full, and what nobody has room for", () =>
  etcdCluster(async (scene) => {
    const { start, etcd, world, pass } = scene;
    for (const id of [1, 2, 3]) await start(id);
    const client = await scene.client(1, 2, 3);
    await createTopic(client, { name: "orders", assignments: [[1, 2, 3]] });
    await createTopic(client, { name: "logs", assignments: [[1]] });
    await inSync(scene, "orders", 3);
    world.leaveFree("broker-1", 1_000_000);
    await untilLed(scene, { by: 2, topic: "orders", leader: 2 });
    await pass(1_000);
    const cluster = `etcd://${etcd.names[0]}:2379/c`;
    const { stdout } = await ottla(scene, "status", "--cluster", cluster);
    assertStringIncludes(stdout, "2 topics, 2 partitions: 1 with a full disk\n");
    assertStringIncludes(stdout, "\nDisks are full: of broker 1.\n");
    assertMatch(stdout, /^logs +0 +disk is full +1 +1 +1 +-$/m);
    const elected = await ottla(scene, "elect", "orders", "0", "--bootstrap", "10.0.0.2:9092");
    assertStringIncludes(elected.stderr + elected.stdout, "The disk of broker 1 is full.");
    world.leaveFree("broker-1", Infinity);
    await pass(15_000);
    const after = await ottla(scene, "status", "--cluster", cluster);
    assertStringIncludes(after.stdout, "2 topics, 2 partitions: all is well\n");
    assert(!after.stdout.includes("full"));
  }, settings));

Deno.test("preferred leaders lead again, and what may lose records wants to be confirmed", () =>
  etcdCluster(async (scene) => {
    const { start, stop, kill } = scene;
    for (const id of [1, 2, 3]) await start(id);
    const client = await scene.client(1, 2, 3);
    await createTopic(client, { name: "orders", assignments: [[1, 2, 3]] });
    await inSync(scene, "orders", 3);
    await stop(1);
    await untilLed(scene, { by: 2, topic: "orders", leader: 2 });
    await start(1);
    await inSync(scene, "orders", 3);
    const bootstrap = ["--bootstrap", "10.0.0.2:9092,10.0.0.3:9092"];
    const elected = await ottla(scene, "elect", ...bootstrap);
    assertStringIncludes(elected.stderr, "1 of 1 partitions have another leader.");
    await untilLed(scene, { by: 2, topic: "orders", leader: 1 });
    const again = await ottla(scene, "elect", "orders", "0", "--json", ...bootstrap);
    assertEquals(JSON.parse(again.stdout), [{ topic: "orders", partition: 0, outcome: "kept" }]);

    // What broker 1 alone has acknowledged is gone with it.
    await createTopic(client, {
      name: "lone",
      assignments: [[1, 2]],
      configs: { "min.insync.replicas": "1" },
    });
    await stop(2);
    const producer = new Producer(client);
    await producer.send({ topic: "lone", partition: 0, value: "lost" });
    await producer.close();
    kill(1);
    await start(2);
    await untilLed(scene, { by: 3, topic: "lone", leader: -1 });
    const refused = await ottla(scene, "elect", "lone", "0", "--unclean", ...bootstrap);
    assertEquals(refused.code, 1);
    assertStringIncludes(refused.stderr, "lone-0 would be led by a replica that may lack");
    const unclean = await ottla(scene, "elect", "--unclean", "--yes", ...bootstrap);
    assertStringIncludes(unclean.stderr, "1 of 1 partitions have another leader.");
    await untilLed(scene, { by: 3, topic: "lone", leader: 2 });
  }, settings));

Deno.test("a broker with an empty disk takes the place of one that is gone for good", () =>
  etcdCluster(async (scene) => {
    const { start, kill, machine } = scene;
    for (const id of [1, 2, 3]) await start(id);
    const client = await scene.client(1, 2);
    await createTopic(client, { name: "orders", partitions: 3, replicationFactor: 3 });
    const producer = new Producer(client);
    for (let i = 0; i < 9; i++) {
      await producer.send({ topic: "orders", partition: i % 3, value: `value ${i}` });
    }
    await producer.close();
    await inSync(scene, "orders", 3);
    kill(3);
    machine(3).files.remove("/data");
    await inSync(scene, "orders", 2);
    await start(3);
    await inSync(scene, "orders", 3);
    kill(1);
    kill(2);
    await start(2);
    const last = await scene.client(2, 3);
    const read = await readAll(last, { topic: "orders", count: 9, partitions: 3 });
    assertEquals(new Set(read).size, 9);
  }, settings));
