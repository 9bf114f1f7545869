// A broker that stops while the home of its cluster's metadata is away: it goes all the same, soon,
// and says what it could not tell; its records are there when it comes back.

import { assert, assertEquals } from "@std/assert";
import { createTopic, Producer } from "../../src/client/mod.ts";
import { simulatedCluster } from "../harness/simulated_cluster.ts";

const topic = "orders";

Deno.test("a broker that is cut off from the metadata stops within three seconds", async () => {
  await simulatedCluster({ brokers: 3 }, async (scene) => {
    const { client, partition, partitionNetwork, heal, stop, start, until, runtime, lines } = scene;
    const asked = await client();
    await createTopic(asked, { name: topic, partitions: 3, replicationFactor: 3 });
    const producer = new Producer(asked, {});
    await producer.send({ topic, partition: 0, value: "before" });
    partitionNetwork([1, 2], [3]);
    const begunMs = runtime.clock.monotonic();
    await stop(3);
    const tookMs = runtime.clock.monotonic() - begunMs;
    assert(tookMs <= 3_000, `it took ${tookMs} ms`);
    const told = lines.filter((line) => line.includes("could not be given to others"));
    assertEquals(told.length, 1);
    assert(told[0]!.startsWith("broker-3 "));
    heal();
    await until(() => [0, 1, 2].every((id) => [1, 2].includes(partition(topic, id).leader)));
    await start(3);
    await until(() => [0, 1, 2].every((id) => partition(topic, id).isr.length === 3));
    await producer.send({ topic, partition: 0, value: "after" });
    await producer.close();
  });
});
