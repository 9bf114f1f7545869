// A broker whose start takes so long that others take it for dead meanwhile, as on a machine that
// has much else to do: it registers anew, and serves. Were it to give up, the next process would
// take as long, and so for ever.

import { assert, assertEquals } from "@std/assert";
import { createTopic, Producer } from "../../src/client/mod.ts";
import { sessionMs } from "../harness/metadata_homes.ts";
import { type ClusterScene, simulatedCluster } from "../harness/simulated_cluster.ts";

const topic = "orders";

/** Resolves once a new process of broker 3 is registered. */
async function registered({ metadata }: ClusterScene): Promise<void> {
  const { epoch } = metadata.image.broker(3)!;
  const { promise, resolve } = Promise.withResolvers<void>();
  const stop = metadata.onChange(() => {
    if (metadata.image.broker(3)?.epoch !== epoch) resolve();
  });
  await promise;
  stop();
}

/** A topic with records, and broker 3 was killed and is out of sync. */
async function prepare(scene: ClusterScene): Promise<Producer> {
  const { client, kill, until, partition } = scene;
  const asked = await client();
  await createTopic(asked, { name: topic, partitions: 1, replicationFactor: 3 });
  const producer = new Producer(asked, {});
  await producer.send({ topic, partition: 0, value: "before" });
  kill(3);
  await until(() => !partition(topic, 0).isr.includes(3));
  return producer;
}

for (const home of ["memory", "etcd"] as const) {
  Deno.test(`a broker that is taken for dead while it starts serves all the same (${home})`, () =>
    simulatedCluster({ brokers: 3, home }, async (scene) => {
      const { start, pause, resume, until, pass, metadata, partition } = scene;
      const producer = await prepare(scene);
      const isRegistered = registered(scene);
      const started = start(3);
      await isRegistered;
      const first = metadata.image.broker(3)!;
      assert(first.fenced, "it has not served yet");
      pause(3);
      await pass(2 * sessionMs);
      resume(3);
      await started;
      await until(() => {
        const { fenced, epoch } = metadata.image.broker(3)!;
        return !fenced && epoch > first.epoch;
      });
      await producer.send({ topic, partition: 0, value: "after" });
      await until(() => partition(topic, 0).isr.length === 3);
      await producer.close();
    }));

  Deno.test(`whenever a broker that starts is stopped for long, it serves then (${home})`, () =>
    simulatedCluster({ brokers: 3, home }, async (scene) => {
      const { start, stop, pause, resume, until, pass, partition, lines } = scene;
      const producer = await prepare(scene);
      // A start takes some 30 ms of that time, mostly ways to the home of the metadata and back.
      for (let afterMs = 0; afterMs < 40; afterMs += 4) {
        const started = start(3);
        await pass(afterMs);
        pause(3);
        await pass(2 * sessionMs);
        resume(3);
        await started;
        await producer.send({ topic, partition: 0, value: `after ${afterMs} ms` });
        await until(() => partition(topic, 0).isr.length === 3);
        await stop(3);
      }
      const anew = lines.filter((line) => line.includes("it has registered anew"));
      assert(anew.length > 1, "it was taken for dead");
      assertEquals(lines.filter((line) => line.includes("this is a bug")), []);
      await start(3);
      await producer.close();
    }));
}
