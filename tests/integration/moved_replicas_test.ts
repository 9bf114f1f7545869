// What a replica leaves behind where it was moved away: nothing, since that is what disks are
// emptied by. What a start finds is another matter: the metadata may be an old one.

import { assert, assertEquals } from "@std/assert";
import { movePartitions } from "../../src/client/admin/nodes.ts";
import { fromUtf8 } from "../../src/base/bytes.ts";
import { createTopic, Producer } from "../../src/client/mod.ts";
import { readWholeFile } from "../../src/log/files/whole_file.ts";
import { readAll } from "../harness/read_all.ts";
import { type ClusterScene, simulatedCluster } from "../harness/simulated_cluster.ts";

const topic = "orders";

/** Folders of the topic on the disk of a broker. */
function foldersOf({ files }: ClusterScene, nodeId: number): string[] {
  return files(nodeId).list(`/broker-${nodeId}`).filter((name) => name.startsWith(`${topic}-`));
}

/** A topic on the first two of three brokers, and its records. */
async function filled({ client, partition, until }: ClusterScene) {
  const asked = await client();
  await createTopic(asked, { name: topic, assignments: [[1, 2]] });
  const producer = new Producer(asked);
  const values = Array.from({ length: 20 }, (_, i) => `${i}`);
  for (const value of values) await producer.send({ topic, partition: 0, value });
  await producer.close();
  await until(() => partition(topic, 0).isr.length === 2);
  return { asked, values };
}

for (const [who, id, to] of [["leader", 1, [2, 3]], ["follower", 2, [1, 3]]] as const) {
  Deno.test(`a ${who} that is moved elsewhere leaves no files`, async () => {
    await simulatedCluster({ brokers: 3 }, async (scene) => {
      const { asked, values } = await filled(scene);
      assertEquals(foldersOf(scene, id), [`${topic}-0`]);
      await movePartitions(asked, [{ topic, partition: 0, replicas: to }]);
      await scene.until(() => scene.partition(topic, 0).replicas.join() === to.join());
      await scene.until(() => foldersOf(scene, id).length === 0);
      assertEquals(await readAll(asked, { topic, count: values.length }), values);
      scene.kill(id);
      await scene.start(id);
      assertEquals(foldersOf(scene, id), []);
    });
  });
}

Deno.test("what was moved while its broker was away is set aside with its records", async () => {
  await simulatedCluster({ brokers: 3 }, async (scene) => {
    const { asked } = await filled(scene);
    scene.kill(2);
    await movePartitions(asked, [{ topic, partition: 0, replicas: [1, 3] }]);
    await scene.until(() => scene.partition(topic, 0).replicas.join() === "1,3");
    await scene.start(2);
    const [folder, ...others] = foldersOf(scene, 2);
    assert(folder?.endsWith("-stray"), folder);
    assertEquals(others, []);
  });
});

Deno.test("one that is moved away and back is not held against what it was before", async () => {
  const settings = {
    "log.flush.offset.checkpoint.interval.ms": 20_000,
    // A batch at a time.
    "replica.fetch.max.bytes": 1,
  };
  await simulatedCluster({ brokers: 3, settings }, async (scene) => {
    const { asked, values } = await filled(scene);
    const checkpoints = "/broker-2/recovery-point-offset-checkpoint";
    const said = () => fromUtf8(readWholeFile(scene.files(2), checkpoints) ?? new Uint8Array());
    await scene.until(() => said().includes(`${topic} 0 ${values.length}`));
    await movePartitions(asked, [{ topic, partition: 0, replicas: [1, 3] }]);
    await scene.until(() => foldersOf(scene, 2).length === 0);
    await movePartitions(asked, [{ topic, partition: 0, replicas: [1, 2] }]);
    // Its copy has only just begun.
    await scene.until(() => foldersOf(scene, 2).length === 1);
    scene.kill(2);
    await scene.until(() => !scene.partition(topic, 0).isr.includes(2));
    await scene.start(2);
    await scene.until(() => scene.partition(topic, 0).isr.join() === "1,2");
    scene.kill(1);
    await scene.until(() => scene.partition(topic, 0).leader === 2);
    assertEquals(await readAll(asked, { topic, count: values.length }), values);
  });
});
