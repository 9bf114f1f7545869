// A broker that takes requests and does not answer, as one whose machine is cut off: who closes
// does not wait for it much longer than for one that answers.

import { assert } from "@std/assert";
import { Client, Consumer, createTopic, ShareConsumer } from "../../src/client/mod.ts";
import { simulated, type SimulatedScene } from "../harness/simulated_broker.ts";

/** How long a close takes that begins while heartbeats get no answer. */
async function closingMs(
  { world, nowMs, pass }: SimulatedScene,
  open: (client: Client) => Promise<{ close(): Promise<void> }>,
): Promise<number> {
  const client = await Client.connect(world.start("reader"), { bootstrap: "10.0.0.1:9092" });
  await createTopic(client, { name: "orders", partitions: 1 });
  const consumer = await open(client);
  world.partition("broker", "reader");
  // By then a heartbeat is under way, and none of them has been given up.
  await pass(10_000);
  const begunMs = nowMs();
  await consumer.close();
  const tookMs = nowMs() - begunMs;
  world.heal("broker", "reader");
  client.close();
  return tookMs;
}

for (const groupProtocol of ["classic", "consumer"] as const) {
  Deno.test(`a ${groupProtocol} consumer closes though its heartbeats get no answer`, () =>
    simulated({}, async (scene) => {
      const tookMs = await closingMs(scene, async (client) => {
        const consumer = new Consumer(client, { groupId: "readers", groupProtocol });
        consumer.subscribe(["orders"]);
        while (consumer.assignment.length === 0) await consumer.poll({ timeoutMs: 100 });
        return consumer;
      });
      assert(tookMs <= 5_001, `${tookMs} ms`);
    }));
}

Deno.test("a share consumer closes though neither its fetch nor its heartbeat is answered", () =>
  simulated({}, async (scene) => {
    const tookMs = await closingMs(scene, async (client) => {
      const consumer = new ShareConsumer(client, { groupId: "workers", topics: ["orders"] });
      const reading = consumer.records().next();
      while (consumer.assignment.length === 0) await scene.pass(100);
      // It ends when the consumer is closed.
      reading.catch(() => {});
      return consumer;
    });
    assert(tookMs <= 6_501, `${tookMs} ms`);
  }));
