// Offsets of transactions in a cluster: the group's coordinator asks another broker whether there
// is a transaction, while the marker of the last one is under way from there.

import { assertEquals } from "@std/assert";
import { createTopic, Producer } from "../../src/client/mod.ts";
import { committedOffsets } from "../../src/client/admin/group_offsets.ts";
import { simulatedCluster } from "../harness/simulated_cluster.ts";

const topic = "orders";
const settings = {
  "offsets.topic.num.partitions": 4,
  "transaction.state.log.num.partitions": 1,
};
const groups = ["a", "b", "c", "d", "e", "f"];
const transactionsOfEach = 15;

Deno.test("offsets are committed in one transaction right after the other", async () => {
  // What is asked may take longer than what is told.
  const world = { network: { latencyMs: [0.05, 20] } } as const;
  await simulatedCluster({ brokers: 3, settings, world }, async ({ client }) => {
    const asked = await client();
    await createTopic(asked, { name: topic, partitions: 1 });
    const producer = new Producer(asked, { transactionalId: "billing" });
    for (const groupId of groups) {
      for (let offset = 1; offset <= transactionsOfEach; offset++) {
        const transaction = await producer.begin();
        await transaction.sendOffsets({ groupId, offsets: [{ topic, partition: 0, offset }] });
        await transaction.commit();
      }
    }
    await producer.close();
    for (const groupId of groups) {
      const [committed] = await committedOffsets(asked, groupId, {
        partitions: [{ topic, partition: 0 }],
      });
      assertEquals(committed?.offset, transactionsOfEach, groupId);
    }
  });
});
