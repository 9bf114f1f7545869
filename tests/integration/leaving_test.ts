// A broker that stops: whoever writes to it is told who leads now, before it is gone. While the
// home of its cluster's metadata is away it goes all the same, soon, and says what it could not
// tell; its records are there when it comes back.

import { assert, assertEquals } from "@std/assert";
import { createTopic, Producer } from "../../src/client/mod.ts";
import { ErrorCode, Produce } from "../../src/protocol/mod.ts";
import { batchOf } from "../harness/raw_requests.ts";
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

Deno.test("who writes to a broker that stops is told by an answer who leads now", async () => {
  await simulatedCluster({ brokers: 3 }, async (scene) => {
    const { client, connect, partition, stop, until } = scene;
    await createTopic(await client(), { name: topic, assignments: [[2, 3, 1]] });
    await until(() => partition(topic, 0).isr.length === 3);
    using writer = await connect(2);
    const produce = async () => {
      const records = batchOf(["one"]);
      const topicData = [{ name: topic, partitionData: [{ index: 0, records }] }];
      const asked = { transactionalId: null, acks: -1, timeoutMs: 5_000, topicData };
      const { responses, nodeEndpoints } = await writer.ask(Produce, 12, asked);
      const { errorCode, currentLeader } = responses[0].partitionResponses[0];
      return { errorCode, leader: currentLeader.leaderId, known: nodeEndpoints.length };
    };
    assertEquals((await produce()).errorCode, ErrorCode.NONE);
    const stopping = stop(2);
    await until(() => partition(topic, 0).leader === 3);
    // The home has it; a moment later so has the broker.
    let told = await produce();
    while (told.errorCode === ErrorCode.NONE) told = await produce();
    assertEquals(told, { errorCode: ErrorCode.NOT_LEADER_OR_FOLLOWER, leader: 3, known: 1 });
    await stopping;
  });
});
