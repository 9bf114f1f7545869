// A leader that stops while a change of its ISR is under way: whoever it has asked for may lead
// next, and nothing in it follows the metadata any more that would tell.

import { assertEquals } from "@std/assert";
import { PartitionFault } from "../../src/base/faults.ts";
import { createTopic, Producer } from "../../src/client/mod.ts";
import type { MetadataStore } from "../../src/cluster/mod.ts";
import { readAll } from "../harness/read_all.ts";
import { simulatedCluster } from "../harness/simulated_cluster.ts";

const topic = "orders";
const settings = { "min.insync.replicas": 2, "offsets.topic.num.partitions": 1 };

/** `store`, by which nothing but changes of partitions comes about, and that when `gate` opens. */
function slowed(store: MetadataStore, gate: () => Promise<void> | undefined): MetadataStore {
  const change: MetadataStore["change"] = async (decide) => {
    const waiting = gate();
    if (waiting === undefined) return await store.change(decide);
    const { records } = await decide(store.image);
    const isOfPartitions = records.every(({ type }) => type === "PartitionChangeRecord");
    if (!isOfPartitions) throw new PartitionFault("no answer");
    await waiting;
    return await store.change(decide);
  };
  return new Proxy(store, {
    get(_, key) {
      if (key === "change") return change;
      const value = Reflect.get(store, key, store);
      return typeof value === "function" ? value.bind(store) : value;
    },
  });
}

Deno.test("who stops acknowledges nothing without those that it has asked for", async () => {
  let gate: PromiseWithResolvers<void> | undefined;
  await simulatedCluster({
    brokers: 3,
    settings,
    storeOf: (store, { process }) =>
      process.bootId?.startsWith("broker-1 ") ? slowed(store, () => gate?.promise) : store,
  }, async (scene) => {
    const { client: clientOf, partition, until, start, stop, kill, pass, world, lines } = scene;
    const client = await clientOf({ requestTimeoutMs: 30_000 });
    await createTopic(client, { name: topic, assignments: [[1, 2, 3]] });
    await until(() => partition(topic, 0).isr.length === 3);
    const producer = new Producer(client);
    const send = (value: string) => producer.send({ topic, partition: 0, value });
    await send("all");
    kill(2);
    await until(() => partition(topic, 0).isr.length === 2);
    gate = Promise.withResolvers<void>();
    await start(2);
    await pass(1_000);
    // It has caught up and was asked for; what comes now it does not get.
    world.partition("broker-1", "broker-2");
    const sending = send("one and three");
    await pass(100);
    const stopping = stop(1);
    await until(() => lines.some((line) => line.includes("could not be given to others")));
    await pass(20);
    gate.resolve();
    await pass(2_000);
    gate = undefined;
    await stopping;
    scene.heal();
    await sending;
    await start(1);
    await until(() => partition(topic, 0).isr.length === 3);
    assertEquals(await readAll(client, { topic, count: 2 }), ["all", "one and three"]);
    await producer.close();
  });
});
