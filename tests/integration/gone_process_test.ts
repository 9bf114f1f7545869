// A broker whose process is gone is missed at once: its machine refuses connections that it served
// a moment ago, and nobody waits until its session is over. One that does not answer may live.

import { assert, assertEquals } from "@std/assert";
import { createTopic, Producer } from "../../src/client/mod.ts";
import { machineOf, sessionMs } from "../harness/metadata_homes.ts";
import { type ClusterScene, simulatedCluster } from "../harness/simulated_cluster.ts";

/** Two refusals, a message to the home of the metadata, an election. */
const missedMsMax = 1_000;
const assignments = [[1, 2, 3], [2, 3, 1]];

/** A topic of which 1 leads a partition, and that all follow; a producer to it. */
async function prepare({ client, until, partition }: ClusterScene): Promise<Producer> {
  const asked = await client();
  await createTopic(asked, { name: "orders", assignments });
  await until(() => partition("orders", 0).isr.length === 3);
  const producer = new Producer(asked, {});
  await producer.send({ topic: "orders", partition: 0, value: "1" });
  return producer;
}

for (const home of ["memory", "etcd"] as const) {
  Deno.test(`others lead for a process that is gone, before its session is over (${home})`, () =>
    simulatedCluster({ brokers: 3, home }, async (scene) => {
      const { kill, until, partition, runtime: { clock }, start } = scene;
      const producer = await prepare(scene);
      const startMs = clock.monotonic();
      kill(1);
      await until(() => partition("orders", 0).leader > 1);
      assert(clock.monotonic() - startMs < missedMsMax, `${clock.monotonic() - startMs} ms`);
      await producer.send({ topic: "orders", partition: 0, value: "2" });
      await producer.close();
      await start(1);
      await until(() => partition("orders", 0).isr.length === 3);
    }));
}

Deno.test("a machine that is off proves nothing: its session has to end", () =>
  simulatedCluster({ brokers: 3 }, async (scene) => {
    const { crash, until, partition, pass } = scene;
    await prepare(scene);
    crash(1);
    await pass(sessionMs - 1_000);
    assertEquals(partition("orders", 0).leader, 1);
    await until(() => partition("orders", 0).leader > 1);
  }));

Deno.test("a broker that another cannot reach is not taken for dead", () =>
  simulatedCluster({ brokers: 3 }, async (scene) => {
    const { world, metadata, partition, pass } = scene;
    await prepare(scene);
    const { epoch } = metadata.image.broker(1)!;
    world.partition(machineOf(1), machineOf(2));
    world.cut(machineOf(1), machineOf(2));
    await pass(2 * sessionMs);
    world.heal(machineOf(1), machineOf(2));
    assertEquals([partition("orders", 0).leader, metadata.image.broker(1)?.epoch], [1, epoch]);
  }));
