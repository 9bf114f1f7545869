// A follower's connection to its leader that hangs while another one would get through, as when TCP
// repeats what was lost ever more rarely: the follower asks anew within seconds. A leader that is
// only slow is not asked the same ever again for it.

import { assert, assertEquals } from "@std/assert";
import { createTopic, Producer } from "../../src/client/mod.ts";
import { machineOf } from "../harness/metadata_homes.ts";
import { type ClusterScene, simulatedCluster } from "../harness/simulated_cluster.ts";

const topic = "orders";
const failed = "a leader cannot be fetched from";

/** A topic whose records reach a follower by a way that can be made slow. */
async function prepare({ client, partition, world, lines }: ClusterScene) {
  const asked = await client({ requestTimeoutMs: 120_000 });
  await createTopic(asked, { name: topic, partitions: 1, replicationFactor: 3 });
  const producer = new Producer(asked, { deliveryTimeoutMs: 600_000 });
  const send = (value: string) => producer.send({ topic, partition: 0, value });
  await send("before");
  const { leader, isr } = partition(topic, 0);
  const [from, to] = [leader, isr.find((id) => id !== leader)!].map(machineOf);
  return {
    send,
    close: () => producer.close(),
    /** What the leader sends to the follower takes so much longer from now on. */
    slow: (byMs: number) => world.slow(from, to, byMs),
    failures: () => lines.filter((each) => each.startsWith(to) && each.includes(failed)).length,
  };
}

Deno.test("a follower whose leader's answer hangs asks anew within seconds", () =>
  simulatedCluster({ brokers: 3 }, async (scene) => {
    const { partition, pass, runtime: { clock } } = scene;
    const { send, close, slow, failures } = await prepare(scene);
    slow(300_000);
    const sent = send("that the follower is not told of");
    await pass(1_000);
    slow(0);
    const healedMs = clock.monotonic();
    await sent;
    const tookMs = clock.monotonic() - healedMs;
    assert(tookMs < 6_000, `acks=all waited ${tookMs} ms for a follower that could be reached`);
    assertEquals([partition(topic, 0).isr.length, failures()], [3, 1]);
    await close();
  }));

Deno.test("a follower of a slow leader waits for its answers", () =>
  simulatedCluster({ brokers: 3 }, async (scene) => {
    const { pass, partition } = scene;
    const { send, close, slow, failures } = await prepare(scene);
    slow(8_000);
    const sent = Promise.all(["1", "2", "3"].map(send));
    await pass(120_000);
    const found = failures();
    assert(found > 0, "it has to find out how slow the leader is");
    await pass(600_000);
    assertEquals(failures(), found);
    await sent;
    assertEquals(partition(topic, 0).isr.length, 3);
    slow(0);
    await close();
  }));
