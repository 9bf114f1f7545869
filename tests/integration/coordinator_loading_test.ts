// A coordinator that begins while too few replicas are in sync: it cannot promise what it has read,
// and must not wait for a client to ask again before it tries once more.

import { assertEquals } from "@std/assert";
import { createTopic, listOffsets, Producer } from "../../src/client/mod.ts";
import { simulatedCluster } from "../harness/simulated_cluster.ts";

const settings = {
  "min.insync.replicas": 2,
  "transaction.state.log.num.partitions": 1,
  "transaction.abort.timed.out.transaction.cleanup.interval.ms": 1_000,
  "auto.leader.rebalance.enable": "false",
};

Deno.test("a transaction ends, though its coordinator began with too few replicas", async () => {
  await simulatedCluster({ brokers: 3, settings }, async (scene) => {
    const { client, kill, start, partition, pass, until } = scene;
    const asked = await client();
    await createTopic(asked, { name: "debits", partitions: 1, replicationFactor: 3 });
    const left = await client();
    const producer = new Producer(left, {
      transactionalId: "teller",
      transactionTimeoutMs: 60_000,
    });
    const transaction = await producer.begin();
    await transaction.send({ topic: "debits", partition: 0, value: "open" });
    left.close();
    // Followers hear how far consumers may read, too.
    await pass(2_000);
    const { leader } = partition("__transaction_state", 0);
    const [next, other] = [1, 2, 3].filter((id) => id !== leader);
    kill(leader);
    kill(other);
    // It is the coordinator now, alone.
    await until(() => partition("__transaction_state", 0).leader === next);
    await pass(5_000);
    await start(leader);
    await start(other);
    await until(() => partition("debits", 0).isr.length === 3);
    await pass(120_000);
    const debits = [{ topic: "debits", partition: 0 }];
    const [end] = await listOffsets(asked, debits, { spec: "latest" });
    const [stable] = await listOffsets(asked, debits, { spec: "latest", readCommitted: true });
    // The record, and the marker that aborts it.
    assertEquals([end!.offset, stable!.offset], [2, 2]);
  });
});
