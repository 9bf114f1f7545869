// A cluster whose etcd is slow, and has one of its members frozen, killed or cut off every ten
// seconds, while brokers are restarted one after the other: as in a chaos run (tests/chaos).
// Nothing happens to a broker that runs, so none is taken for dead, and acknowledging goes on.

import { assert, assertEquals } from "@std/assert";
import { ConnectionFault, PlatformFault } from "../../src/base/faults.ts";
import { createTopic, KafkaError, Producer } from "../../src/client/mod.ts";
import { SeededRandom } from "../../src/runtime/simulated_time.ts";
import { type ClusterScene, simulatedCluster } from "../harness/simulated_cluster.ts";

const settings = { "min.insync.replicas": 2, "replica.lag.time.max.ms": 10_000 };
const ids = [1, 2, 3];
const topic = "orders";
const partitions = 6;
const everyMs = 10_000;
/** A broker's process that ends, and begins again, costs the more of it the slower etcd is. */
const gapMsMax = 20_000;

/** Sends one record after the other; the longest time without an acknowledgement once it stops. */
async function longestGap(
  { client, world, pass }: ClusterScene,
  isOver: () => boolean,
): Promise<number> {
  const terms = { deliveryTimeoutMs: 10_000 };
  const producer = new Producer(await client({ requestTimeoutMs: 5_000 }), terms);
  let lastMs = world.nowMs;
  let longestMs = 0;
  for (let n = 0; !isOver(); n++) {
    try {
      await producer.send({ topic, partition: n % partitions, value: `${n}` });
      longestMs = Math.max(longestMs, world.nowMs - lastMs);
      lastMs = world.nowMs;
    } catch (error) {
      if (!isOutage(error)) throw error;
    }
    await pass(100);
  }
  return Math.max(longestMs, world.nowMs - lastMs);
}

function isOutage(error: unknown): boolean {
  return error instanceof KafkaError || error instanceof ConnectionFault ||
    error instanceof PlatformFault;
}

/** Something happens to one member of etcd, and is over before the next thing. */
async function strike({ world, etcd, pass }: ClusterScene, random: SeededRandom): Promise<void> {
  const name = etcd!.names[Math.floor(random.between(0, 3))]!;
  const forMs = random.chance(0.3) ? random.between(100, 2_000) : random.between(2_000, 9_000);
  const kind = Math.floor(random.between(0, 3));
  // Where it has led, the others elect another.
  if (random.chance(1 / 3)) {
    etcd!.loseQuorum();
    etcd!.after(random.between(1_000, 2_000), () => etcd!.regainQuorum());
  }
  if (kind === 0) world.stop(name);
  else if (kind === 1) world.kill(name);
  else for (const id of ids) world.partition(`broker-${id}`, name);
  await pass(forMs);
  if (kind === 0) world.resume(name);
  else if (kind === 1) await etcd!.startMember(name);
  else for (const id of ids) world.heal(`broker-${id}`, name);
  await pass(everyMs - forMs);
}

async function strikes(scene: ClusterScene, random: SeededRandom): Promise<void> {
  for (let i = 0; i < 6; i++) await strike(scene, random);
}

async function restartAll({ stop, start, pass }: ClusterScene): Promise<void> {
  for (const id of ids) {
    await stop(id);
    await start(id);
    await pass(2_000);
  }
}

for (const seed of [1, 3]) {
  Deno.test(`brokers acknowledge on while etcd is slow and in unrest: seed ${seed}`, async () => {
    await simulatedCluster({ brokers: 3, settings, home: "etcd", seed }, async (scene) => {
      const random = new SeededRandom(seed, "unrest");
      await createTopic(await scene.client(), { name: topic, partitions, replicationFactor: 3 });
      scene.etcd!.faults.slowMs = [0, 2_000];
      let isOver = false;
      const gap = longestGap(scene, () => isOver);
      for (let round = 0; round < 8; round++) {
        await Promise.all([restartAll(scene), strikes(scene, random)]);
      }
      isOver = true;
      const longestMs = await gap;
      assert(longestMs < gapMsMax, `${longestMs} ms without an acknowledgement`);
      assertEquals(scene.lines.filter((line) => line.includes("taken this broker for dead")), []);
    });
  });
}
