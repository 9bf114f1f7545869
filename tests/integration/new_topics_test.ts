// Topics that come and go in a cluster: brokers hear of them one after the other, and a follower
// may ask a leader that has heard less than it has, or more.

import { assert, assertEquals } from "@std/assert";
import { createTopic, deleteTopic, Producer } from "../../src/client/mod.ts";
import { simulatedCluster } from "../harness/simulated_cluster.ts";

const partitions = 20;

for (const home of ["memory", "etcd"] as const) {
  Deno.test(`a topic that is deleted and made anew takes records at once (${home})`, () =>
    simulatedCluster({ brokers: 3, home }, async ({ client, lines, until, metadata, runtime }) => {
      const { clock } = runtime;
      const asked = await client();
      const producer = new Producer(asked, {});
      for (let round = 0; round < 5; round++) {
        await createTopic(asked, { name: "orders", partitions, replicationFactor: 3 });
        const createdMs = clock.monotonic();
        await Promise.all(
          Array.from(
            { length: partitions },
            (_, partition) => producer.send({ topic: "orders", partition, value: "first" }),
          ),
        );
        const tookMs = clock.monotonic() - createdMs;
        assert(tookMs < 500, `a follower was not asked for ${tookMs} ms`);
        await deleteTopic(asked, "orders");
        await until(() => metadata.image.topic("orders") === undefined);
      }
      await producer.close();
      assertEquals(lines.filter((line) => line.includes("refuses its follower")), []);
    }));
}
