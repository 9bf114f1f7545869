// A data directory that works again after a broker went on without it: what it has left lies there
// beside what has taken its place in another one. Of two folders of a name one is the log, and the
// other is set aside with what it holds.

import { assert, assertEquals } from "@std/assert";
import { movePartitions } from "../../src/client/admin/nodes.ts";
import { type Client, createTopic, deleteTopic, Producer } from "../../src/client/mod.ts";
import { readAll } from "../harness/read_all.ts";
import { type ClusterScene, simulatedCluster } from "../harness/simulated_cluster.ts";

const topic = "orders";
const folders = ["/data/a", "/data/b"];
const settings = { "log.dirs": folders.join(), "min.insync.replicas": 2 };
const at = { topic, partition: 0 };

const send = async (client: Client, count: number, prefix: string) => {
  const producer = new Producer(client, {});
  const values = Array.from({ length: count }, (_, i) => `${prefix} ${i}`);
  for (const value of values) await producer.send({ ...at, value });
  await producer.close();
  return values;
};

/** In which directories of a broker there are folders of the topic, with their names. */
function found({ files }: ClusterScene, id: number): string[] {
  return folders.flatMap((folder) =>
    files(id).list(folder).filter((name) => name.startsWith(`${topic}-`))
      .map((name) => `${folder}/${name.replace(/\.[0-9a-f]+-stray$/, " aside")}`)
  );
}

/** The topic on the first three brokers, and broker 1 without the disk that it was on. */
async function withoutDisk(scene: ClusterScene) {
  const { world, client, partition, until } = scene;
  const asked = await client();
  await createTopic(asked, { name: topic, assignments: [[2, 3, 1]] });
  await until(() => partition(topic, 0).isr.length === 3);
  const first = await send(asked, 10, "first");
  const [before] = found(scene, 1);
  const lost = folders.find((folder) => before === `${folder}/${topic}-0`)!;
  const other = folders.find((folder) => folder !== lost)!;
  world.failDisk("broker-1", "sync", true, lost);
  const second = await send(asked, 10, "second");
  await until(() => !partition(topic, 0).isr.includes(1));
  return { asked, lost, other, sent: [...first, ...second] };
}

/** Broker 1 starts again; `fails`: one of its disks does not work any more. */
async function startAgain(scene: ClusterScene, fails?: string): Promise<void> {
  scene.kill(1);
  for (const folder of folders) {
    for (const operation of ["sync", "read"] as const) {
      scene.world.failDisk("broker-1", operation, folder === fails, folder);
    }
  }
  await scene.start(1);
}

/** The topic made anew while the disk is away: in the other directory. */
async function remade(scene: ClusterScene) {
  const { partition, until } = scene;
  const { asked, lost, other } = await withoutDisk(scene);
  await deleteTopic(asked, topic);
  await createTopic(asked, { name: topic, assignments: [[2, 3, 1]] });
  await until(() => partition(topic, 0).isr.length === 3);
  const sent = await send(asked, 10, "anew");
  assertEquals(found(scene, 1), [`${lost}/${topic}-0`, `${other}/${topic}-0`].sort());
  return { asked, lost, other, sent };
}

/** The same topic, whose replica has gone away and come back while the disk is away. */
async function movedBack(scene: ClusterScene) {
  const { partition, until } = scene;
  const { asked, lost, other, sent } = await withoutDisk(scene);
  for (const replicas of [[2, 3, 4], [2, 3, 1]]) {
    await movePartitions(asked, [{ ...at, replicas }]);
    await until(() => {
      const { replicas: now, isr } = partition(topic, 0);
      return now.join() === replicas.join() && isr.length === 3;
    });
  }
  sent.push(...await send(asked, 10, "third"));
  assertEquals(found(scene, 1), [`${lost}/${topic}-0`, `${other}/${topic}-0`].sort());
  return { asked, lost, other, sent };
}

for (const [what, prepare] of Object.entries({ remade, "moved away and back": movedBack })) {
  Deno.test(`one that is ${what} while its disk is away goes on as it is`, () =>
    simulatedCluster({ brokers: 4, settings }, async (scene) => {
      const { partition, until, kill } = scene;
      const { asked, lost, other, sent } = await prepare(scene);
      await startAgain(scene);
      await until(() => partition(topic, 0).isr.length === 3);
      assertEquals(found(scene, 1), [`${lost}/${topic}-0 aside`, `${other}/${topic}-0`].sort());
      await movePartitions(asked, [{ ...at, replicas: [1, 2, 3] }]);
      kill(2);
      await until(() => partition(topic, 0).leader === 1 || partition(topic, 0).leader === 3);
      assertEquals(await readAll(asked, { topic, count: sent.length }), sent);
    }));

  Deno.test(`one that is ${what} is not found in what was away, while its own disk is`, () =>
    simulatedCluster({ brokers: 4, settings }, async (scene) => {
      const { partition, until, pass, kill, start, lines } = scene;
      const { asked, lost, other, sent } = await prepare(scene);
      kill(2);
      kill(3);
      await until(() => partition(topic, 0).leader < 0 || partition(topic, 0).leader === 1);
      await startAgain(scene, other);
      await pass(20_000);
      // It has less than it has acknowledged.
      assert(partition(topic, 0).leader !== 1, lines.slice(-20).join("\n"));
      await start(2);
      await start(3);
      await until(() => partition(topic, 0).isr.length >= 2);
      assertEquals(await readAll(asked, { topic, count: sent.length }), sent);
      await startAgain(scene);
      await until(() => partition(topic, 0).isr.length === 3);
      assert(found(scene, 1).length > 1, `nothing is deleted in ${lost}`);
    }));
}
