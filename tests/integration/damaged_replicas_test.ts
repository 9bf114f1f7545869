// Replicas of which a start finds that records are missing which were on disk, where other brokers
// have them: nobody loses a record by it, and nobody has to repair anything.

import { assert, assertEquals } from "@std/assert";
import { movePartitions } from "../../src/client/admin/nodes.ts";
import { createTopic, deleteTopic, Producer } from "../../src/client/mod.ts";
import { readWholeFile, writeWholeFile } from "../../src/log/files/whole_file.ts";
import type { Files } from "../../src/runtime/ports.ts";
import { readAll } from "../harness/read_all.ts";
import { type ClusterScene, simulatedCluster } from "../harness/simulated_cluster.ts";

const topic = "orders";
const count = 20;

/** A topic, its records, and the checkpoints that speak of them. */
async function filled(
  { client, partition, until, pass }: ClusterScene,
  { replicas, minIsr = 1 }: { readonly replicas: readonly number[]; readonly minIsr?: number },
) {
  const asked = await client();
  const configs = { "min.insync.replicas": `${minIsr}` };
  await createTopic(asked, { name: topic, assignments: [[...replicas]], configs });
  const producer = new Producer(asked);
  const values = Array.from({ length: count }, (_, i) => `${i}`);
  for (const value of values) await producer.send({ topic, partition: 0, value });
  await producer.close();
  await until(() => partition(topic, 0).isr.length === replicas.length);
  await pass(2_000);
  return { asked, values };
}

const settings = { "log.flush.offset.checkpoint.interval.ms": 1_000 };

/** The half of a log is gone from the disk of a broker that does not run. */
function damage({ files }: ClusterScene, nodeId: number): void {
  const path = `/broker-${nodeId}/${topic}-0/00000000000000000000.log`;
  const file = files(nodeId).open(path, "append");
  file.truncate(Math.floor(file.size / 2));
  file.close();
}

function foldersOf({ files }: ClusterScene, nodeId: number): string[] {
  return files(nodeId).list(`/broker-${nodeId}`).filter((name) => name.startsWith(`${topic}-`));
}

Deno.test("a damaged replica is set aside and copied anew before it is in sync", async () => {
  await simulatedCluster({ brokers: 2, settings }, async (scene) => {
    const { asked, values } = await filled(scene, { replicas: [1, 2] });
    scene.kill(2);
    await scene.until(() => scene.partition(topic, 0).isr.join() === "1");
    damage(scene, 2);
    await scene.start(2);
    await scene.until(() => scene.partition(topic, 0).isr.join() === "1,2");
    const [folder, aside, ...more] = foldersOf(scene, 2);
    assertEquals([folder, more], [`${topic}-0`, []]);
    assert(aside?.endsWith("-stray"), aside);
    scene.kill(1);
    await scene.until(() => scene.partition(topic, 0).leader === 2);
    assertEquals(await readAll(asked, { topic, count }), values);
  });
});

/** What is done to files of a broker that does not run; `checkpointMs`: what it knew of them. */
const losses = [
  { what: "a half of its log", checkpointMs: 1_000, lose: damage },
  {
    what: "its folder, of which no checkpoint spoke yet",
    checkpointMs: 600_000,
    lose: ({ files }: ClusterScene, id: number) => files(id).remove(`/broker-${id}/${topic}-0`),
  },
];

for (const { what, checkpointMs, lose } of losses) {
  Deno.test(`a replica that lost ${what} does not lead where another was in sync`, async () => {
    const settings = { "log.flush.offset.checkpoint.interval.ms": checkpointMs };
    await simulatedCluster({ brokers: 3, settings }, async (scene) => {
      const { asked, values } = await filled(scene, { replicas: [2, 1], minIsr: 2 });
      scene.kill(2);
      await scene.until(() => scene.partition(topic, 0).isr.join() === "1");
      scene.kill(1);
      await scene.until(() => scene.partition(topic, 0).leader === -1);
      assertEquals(scene.partition(topic, 0).elr.toSorted(), [1, 2]);
      lose(scene, 2);
      await scene.start(2);
      await scene.until(() => scene.partition(topic, 0).elr.join() === "1");
      await scene.pass(1_000);
      assertEquals(scene.partition(topic, 0).leader, -1);
      await scene.start(1);
      await scene.until(() => scene.partition(topic, 0).isr.length === 2);
      assertEquals(scene.partition(topic, 0).leader, 1);
      assertEquals(await readAll(asked, { topic, count }), values);
    });
  });
}

/** What is below a folder, by its path. */
function contents(files: Files, folder: string): Map<string, Uint8Array | undefined> {
  const found = new Map<string, Uint8Array | undefined>();
  for (const name of files.list(folder)) {
    const path = `${folder}/${name}`;
    if (files.stat(path)?.isDirectory === true) {
      found.set(path, undefined);
      for (const [below, bytes] of contents(files, path)) found.set(below, bytes);
    } else found.set(path, readWholeFile(files, path)!);
  }
  return found;
}

Deno.test("a disk that is put back from an older copy does not lead what others have", async () => {
  await simulatedCluster({ brokers: 3, settings, home: "etcd" }, async (scene) => {
    const { asked, values } = await filled(scene, { replicas: [2, 1], minIsr: 2 });
    await scene.stop(2);
    const folder = "/broker-2";
    const copy = contents(scene.files(2), folder);
    await scene.start(2);
    await scene.until(() => scene.partition(topic, 0).isr.length === 2);
    const producer = new Producer(asked);
    await producer.send({ topic, partition: 0, value: "later" });
    await producer.close();
    scene.kill(2);
    await scene.until(() => scene.partition(topic, 0).isr.join() === "1");
    scene.kill(1);
    await scene.until(() => scene.partition(topic, 0).leader === -1);
    const files = scene.files(2);
    for (const name of files.list(folder)) files.remove(`${folder}/${name}`);
    for (const [path, bytes] of copy) {
      if (bytes === undefined) files.makeFolder(path);
      else writeWholeFile(files, path, bytes);
    }
    await scene.start(2);
    await scene.pass(1_000);
    assertEquals([scene.partition(topic, 0).leader, scene.partition(topic, 0).elr], [-1, [1]]);
    await scene.start(1);
    await scene.until(() => scene.partition(topic, 0).isr.length === 2);
    assertEquals(await readAll(asked, { topic, count: count + 1 }), [...values, "later"]);
  });
});

Deno.test("a damaged replica that is the only one leads, and gives what is left", async () => {
  await simulatedCluster({ brokers: 2, settings }, async (scene) => {
    const { asked, values } = await filled(scene, { replicas: [2] });
    scene.kill(2);
    await scene.until(() => scene.partition(topic, 0).leader === -1);
    damage(scene, 2);
    await scene.start(2);
    await scene.until(() => scene.partition(topic, 0).leader === 2);
    assertEquals(await readAll(asked, { topic, count: 10 }), values.slice(0, 10));
    assertEquals(foldersOf(scene, 2), [`${topic}-0`]);
  });
});

for (const [who, id] of [["leader", 1], ["follower", 2]] as const) {
  Deno.test(`a ${who} whose files are removed gets them again from the others`, async () => {
    await simulatedCluster({ brokers: 2 }, async (scene) => {
      const { asked, values } = await filled(scene, { replicas: [1, 2] });
      scene.files(id).remove(`/broker-${id}/${topic}-0`);
      const producer = new Producer(asked);
      for (const value of ["late", "later"]) {
        await producer.send({ topic, partition: 0, value });
        values.push(value);
        await scene.pass(1_000);
      }
      await producer.close();
      await scene.until(() => foldersOf(scene, id).join() === `${topic}-0`);
      await scene.until(() => scene.partition(topic, 0).isr.join() === "1,2");
      assertEquals(scene.partition(topic, 0).leader, id === 1 ? 2 : 1);
      assertEquals(await readAll(asked, { topic, count: values.length }), values);
    });
  });
}

Deno.test("a replica that cannot be made where it is new is made once it can", async () => {
  // What else is written to a disk that fails ends it.
  const settings = { "log.flush.offset.checkpoint.interval.ms": 3_600_000 };
  await simulatedCluster({ brokers: 2, settings }, async (scene) => {
    const { world, partition, until, lines } = scene;
    const { asked, values } = await filled(scene, { replicas: [1] });
    world.failDisk("broker-2", "write", true);
    await movePartitions(asked, [{ topic, partition: 0, replicas: [1, 2] }]);
    const isOffline = (line: string) => /^broker-2 .* a partition is offline/.test(line);
    await until(() => lines.some(isOffline));
    await scene.pass(30_000);
    assertEquals(lines.filter(isOffline).length, 1, "it is said once");
    world.failDisk("broker-2", "write", false);
    await until(() => partition(topic, 0).isr.join() === "1,2");
    const { directories } = partition(topic, 0);
    assert(directories.every((id) => !/^A+$/.test(id)), "where it is, the metadata knows");
    scene.kill(1);
    await until(() => partition(topic, 0).leader === 2);
    assertEquals(await readAll(asked, { topic, count }), values);
  });
});

Deno.test("a topic that was made anew while its broker was away is copied there", async () => {
  await simulatedCluster({ brokers: 2, settings }, async (scene) => {
    const { partition, until } = scene;
    const { asked } = await filled(scene, { replicas: [1, 2] });
    scene.kill(2);
    await until(() => partition(topic, 0).isr.join() === "1");
    await deleteTopic(asked, topic);
    await createTopic(asked, { name: topic, assignments: [[1, 2]] });
    const producer = new Producer(asked);
    await producer.send({ topic, partition: 0, value: "new" });
    await producer.close();
    await scene.start(2);
    await until(() => partition(topic, 0).isr.join() === "1,2");
    const [folder, aside, ...more] = foldersOf(scene, 2);
    assertEquals([folder, more], [`${topic}-0`, []]);
    assert(aside?.endsWith("-stray"), aside);
    assertEquals(await readAll(asked, { topic, count: 1 }), ["new"]);
  });
});
