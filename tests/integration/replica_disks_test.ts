// Brokers of a cluster with two data directories each, of which one fails: what lies on it is led
// by others from then on, what lies on the other one does not notice, a new disk is filled again.

import { assert, assertEquals } from "@std/assert";
import { DeleteRecords, ErrorCode } from "../../src/protocol/mod.ts";
import { createTopic, Producer } from "../../src/client/mod.ts";
import { readAll } from "../harness/read_all.ts";
import { type ClusterScene, simulatedCluster } from "../harness/simulated_cluster.ts";

const settings = {
  "log.dirs": "/data/a,/data/b",
  "min.insync.replicas": 2,
  "offsets.topic.num.partitions": 3,
};
const [topic, other] = ["orders", "bills"];

/** Two topics whose logs at each broker lie on different disks, with what `send` puts into them. */
async function twoTopics({ client, partition, until }: ClusterScene) {
  const asked = await client();
  const sent = new Map<string, string[]>();
  for (const name of [topic, other]) {
    await createTopic(asked, { name, partitions: 1, replicationFactor: 3 });
    sent.set(name, []);
    await until(() => partition(name, 0).isr.length === 3 && !/^A+$/.test(diskOf(name, 1)));
  }
  function diskOf(name: string, nodeId: number): string {
    const { replicas, directories } = partition(name, 0);
    return directories[replicas.indexOf(nodeId)] ?? "";
  }
  const producer = new Producer(asked, {});
  const send = async (name: string, count: number) => {
    const values = sent.get(name)!;
    for (let i = 0; i < count; i++) {
      const value = `${name} ${values.length}`;
      await producer.send({ topic: name, partition: 0, value });
      values.push(value);
    }
  };
  const checkAll = async () => {
    await producer.close();
    for (const [name, values] of sent) {
      assertEquals(await readAll(asked, { topic: name, count: values.length }), values);
    }
  };
  return { send, checkAll, diskOf };
}

Deno.test("a disk that fails takes its own partitions out of sync, and no others", async () => {
  await simulatedCluster({ brokers: 3, settings }, async (scene) => {
    const { world, partition, until, metadata, brokers } = scene;
    const { send, checkAll, diskOf } = await twoTopics(scene);
    const { leader } = partition(topic, 0);
    await send(topic, 10);
    await send(other, 10);
    assert(diskOf(topic, leader) !== diskOf(other, leader));
    world.failSyncs(`broker-${leader}`, 1);
    await send(topic, 10);
    await until(() => !partition(topic, 0).isr.includes(leader));
    assert(partition(topic, 0).leader !== leader);
    assertEquals(partition(topic, 0).isr.length, 2);
    await send(topic, 10);
    await send(other, 10);
    assertEquals(partition(other, 0).isr.length, 3);
    const { directories, fenced } = metadata.image.broker(leader)!;
    assertEquals([directories, fenced], [[diskOf(other, leader)], false]);
    assertEquals(brokers.get(leader)!.health.status, "degraded");
    await checkAll();
  });
});

for (const operation of ["read", "write"] as const) {
  Deno.test(`a leader that cannot ${operation} a disk leaves it to the others`, async () => {
    await simulatedCluster({ brokers: 3, settings }, async (scene) => {
      const { world, partition, until, metadata, brokers } = scene;
      const { send, checkAll, diskOf } = await twoTopics(scene);
      const { leader } = partition(topic, 0);
      const lost = diskOf(topic, leader);
      await send(topic, 10);
      world.failDisk(`broker-${leader}`, operation, true);
      const sent = send(topic, 1);
      await until(() => partition(topic, 0).leader !== leader);
      world.failDisk(`broker-${leader}`, operation, false);
      await sent;
      await send(topic, 10);
      await send(other, 10);
      assertEquals(partition(topic, 0).isr.includes(leader), false);
      assert(!metadata.image.broker(leader)!.directories.includes(lost));
      assertEquals(brokers.get(leader)!.health.status, "degraded");
      await checkAll();
    });
  });
}

Deno.test("the disk of a follower fails, and the leader goes on with the others", async () => {
  await simulatedCluster({ brokers: 3, settings }, async (scene) => {
    const { world, partition, until } = scene;
    const { send, checkAll } = await twoTopics(scene);
    const { leader, replicas } = partition(topic, 0);
    const follower = replicas.find((id) => id !== leader)!;
    await send(topic, 10);
    world.failSyncs(`broker-${follower}`, 1);
    await send(topic, 10);
    await until(() => !partition(topic, 0).isr.includes(follower));
    assertEquals([partition(topic, 0).leader, partition(topic, 0).isr.length], [leader, 2]);
    await send(topic, 10);
    await checkAll();
  });
});

Deno.test("a disk that was replaced is filled from the other replicas", async () => {
  await simulatedCluster({ brokers: 3, settings }, async (scene) => {
    const { world, partition, until, stop, start, files } = scene;
    const { send, checkAll, diskOf } = await twoTopics(scene);
    const { leader } = partition(topic, 0);
    await send(topic, 10);
    world.failSyncs(`broker-${leader}`, 1);
    await send(topic, 10);
    await until(() => partition(topic, 0).leader !== leader);
    const lost = diskOf(topic, leader);
    await stop(leader);
    const disk = files(leader);
    const folders = ["/data/a", "/data/b"];
    disk.remove(folders.find((each) => disk.list(each).includes(`${topic}-0`))!);
    await start(leader);
    await until(() => partition(topic, 0).isr.length === 3);
    assert(diskOf(topic, leader) !== lost);
    await send(topic, 10);
    await send(other, 10);
    await checkAll();
  });
});

/** Two of whom acks=all needs both; broker 2 is eligible, and the disk of that has failed. */
async function eligibleWithoutDisk(
  run: (scene: ClusterScene, sent: Promise<unknown>) => Promise<void>,
): Promise<void> {
  const left = new Map<number, string>();
  const settingsOf = (nodeId: number): Record<string, string> => {
    const folder = left.get(nodeId);
    return folder === undefined ? {} : { "log.dirs": folder };
  };
  await simulatedCluster({ brokers: 3, settings, settingsOf }, async (scene) => {
    const { client, world, partition, until, stop, files } = scene;
    const asked = await client();
    await createTopic(asked, { name: topic, assignments: [[1, 2]] });
    await createTopic(asked, { name: other, assignments: [[1, 2]] });
    await until(() => partition(topic, 0).isr.length + partition(other, 0).isr.length === 4);
    const producer = new Producer(asked, {});
    await producer.send({ topic, partition: 0, value: "kept" });
    world.failSyncs("broker-2", 1);
    const sent = producer.send({ topic, partition: 0, value: "late" }).catch(() => {});
    await until(() => partition(topic, 0).elr.includes(2));
    await stop(2);
    const disk = files(2);
    const folders = ["/data/a", "/data/b"];
    left.set(2, folders.find((each) => !disk.list(each).includes(`${topic}-0`))!);
    await run(scene, sent);
    await producer.close();
    assert((await readAll(asked, { topic, count: 1 })).includes("kept"));
  });
}

Deno.test("a broker without the disk of what it is eligible for copies it from who leads", () =>
  eligibleWithoutDisk(async ({ start, until, partition }, sent) => {
    await start(2);
    await until(() => partition(topic, 0).isr.length === 2);
    await sent;
  }));

Deno.test("a broker without the disk of what it is eligible for does not lead it", () =>
  eligibleWithoutDisk(async (scene, sent) => {
    const { start, kill, until, partition, metadata, pass, lines } = scene;
    kill(1);
    await until(() => partition(topic, 0).leader < 0);
    await start(2);
    await until(() => !metadata.image.broker(2)!.fenced);
    await pass(20_000);
    assertEquals(partition(topic, 0).leader, -1);
    assert(lines.some((line) => line.startsWith("broker-2") && /partition is offline/.test(line)));
    await start(1);
    await until(() => partition(topic, 0).isr.length === 2);
    await sent;
    assertEquals(partition(topic, 0).leader, 1);
    assert(lines.some((line) => line.startsWith("broker-2") && /begins anew/.test(line)));
  }));

Deno.test("a folder that somebody has removed is filled from the other replicas", async () => {
  const one = { ...settings, "log.dirs": "/data" };
  await simulatedCluster({ brokers: 3, settings: one }, async (scene) => {
    const { client, partition, until, stop, start, kill, files, pass, metadata } = scene;
    const asked = await client();
    await createTopic(asked, { name: topic, assignments: [[1, 2]] });
    await until(() => partition(topic, 0).isr.length === 2);
    const producer = new Producer(asked, {});
    await producer.send({ topic, partition: 0, value: "kept" });
    await stop(2);
    files(2).remove(`/data/${topic}-0`);
    kill(1);
    await until(() => partition(topic, 0).leader < 0);
    await start(2);
    await until(() => !metadata.image.broker(2)!.fenced);
    await pass(20_000);
    assertEquals(partition(topic, 0).leader, -1);
    await start(1);
    await until(() => partition(topic, 0).isr.length === 2);
    await producer.send({ topic, partition: 0, value: "more" });
    await producer.close();
    assertEquals(await readAll(asked, { topic, count: 2 }), ["kept", "more"]);
  });
});

Deno.test("a broker whose last disk fails stops, and others go on", async () => {
  const one = { ...settings, "log.dirs": "/data" };
  const fatal: number[] = [];
  const onFatal = (nodeId: number) => void fatal.push(nodeId);
  await simulatedCluster({ brokers: 3, settings: one, onFatal }, async (scene) => {
    const { world, client, partition, until, kill } = scene;
    const asked = await client();
    await createTopic(asked, { name: topic, partitions: 1, replicationFactor: 3 });
    const producer = new Producer(asked, {});
    const { leader } = partition(topic, 0);
    world.failSyncs(`broker-${leader}`, 1);
    const sent = producer.send({ topic, partition: 0, value: "kept" });
    await until(() => fatal.length > 0);
    assertEquals(fatal, [leader]);
    kill(leader);
    await sent;
    await producer.close();
    assert(partition(topic, 0).leader !== leader);
    assertEquals(await readAll(asked, { topic, count: 1 }), ["kept"]);
  });
});

Deno.test("what is deleted while the leader's disk fails is not said to be deleted", async () => {
  await simulatedCluster({ brokers: 3, settings }, async (scene) => {
    const { world, partition, connect } = scene;
    const { send } = await twoTopics(scene);
    const { leader } = partition(topic, 0);
    await send(topic, 10);
    using client = await connect(leader);
    world.failSyncs(`broker-${leader}`, 1);
    const { topics: [answered] } = await client.ask(DeleteRecords, 2, {
      topics: [{ name: topic, partitions: [{ partitionIndex: 0, offset: 5 }] }],
      timeoutMs: 5_000,
    });
    const { errorCode, lowWatermark } = answered.partitions[0];
    assertEquals([errorCode, lowWatermark], [ErrorCode.NOT_LEADER_OR_FOLLOWER, -1]);
  });
});
