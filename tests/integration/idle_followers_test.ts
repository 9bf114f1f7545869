// A follower whose request waits at a broker that has no records for it, when there is more to
// follow there: what is written then is acknowledged at once, and not when that wait is over.

import { assert } from "@std/assert";
import { createTopic } from "../../src/client/mod.ts";
import { ErrorCode, Produce } from "../../src/protocol/mod.ts";
import { batchOf } from "../harness/raw_requests.ts";
import { type ClusterScene, simulatedCluster } from "../harness/simulated_cluster.ts";

const settings = { "replica.fetch.wait.max.ms": 10_000 };
/** Far less than that. */
const tookMsMax = 500;

/** How long it takes until a record is acknowledged to acks=all that broker 1 is sent. */
async function writeMs({ connect, runtime, pass }: ClusterScene, name: string): Promise<number> {
  using writer = await connect(1);
  const begunMs = runtime.clock.monotonic();
  for (;;) {
    const topicData = [{ name, partitionData: [{ index: 0, records: batchOf(["one"]) }] }];
    const asked = { transactionalId: null, acks: -1, timeoutMs: 5_000, topicData };
    const { responses } = await writer.ask(Produce, 12, asked);
    const { errorCode } = responses[0].partitionResponses[0];
    if (errorCode === ErrorCode.NONE) return runtime.clock.monotonic() - begunMs;
    await pass(1);
  }
}

Deno.test("who leads next is followed at once, where nothing else is written", async () => {
  await simulatedCluster({ brokers: 3, settings }, async (scene) => {
    const { client, partition, stop, until, pass } = scene;
    const asked = await client();
    await createTopic(asked, { name: "other", assignments: [[1, 2, 3]] });
    await createTopic(asked, { name: "orders", assignments: [[2, 1, 3]] });
    const isWhole = (name: string) => partition(name, 0).isr.length === 3;
    await until(() => isWhole("other") && isWhole("orders"));
    // By now each of them waits for records of the others.
    await pass(5_000);
    const stopping = stop(2);
    await until(() => partition("orders", 0).leader === 1);
    const tookMs = await writeMs(scene, "orders");
    assert(tookMs < tookMsMax, `it took ${tookMs} ms`);
    await stopping;
  });
});

Deno.test("so is who leads a new topic", async () => {
  await simulatedCluster({ brokers: 3, settings }, async (scene) => {
    const { client, partition, until, pass } = scene;
    const asked = await client();
    await createTopic(asked, { name: "other", assignments: [[1, 2, 3]] });
    await until(() => partition("other", 0).isr.length === 3);
    await pass(5_000);
    await createTopic(asked, { name: "orders", assignments: [[1, 2, 3]] });
    const tookMs = await writeMs(scene, "orders");
    assert(tookMs < tookMsMax, `it took ${tookMs} ms`);
  });
});
