// A broker whose logs take so long to open that others take it for dead meanwhile, as on a machine
// that has much else to do: it registers anew, and serves. Were it to give up, the next process
// would take as long, and so for ever.

import { assert } from "@std/assert";
import { createTopic, Producer } from "../../src/client/mod.ts";
import { sessionMs } from "../harness/metadata_homes.ts";
import { simulatedCluster } from "../harness/simulated_cluster.ts";

for (const home of ["memory", "etcd"] as const) {
  Deno.test(`a broker that is taken for dead while it starts serves all the same (${home})`, () =>
    simulatedCluster({ brokers: 3, home }, async (scene) => {
      const { client, kill, start, pause, resume, until, pass, metadata, partition } = scene;
      const asked = await client();
      await createTopic(asked, { name: "orders", partitions: 1, replicationFactor: 3 });
      const producer = new Producer(asked, {});
      await producer.send({ topic: "orders", partition: 0, value: "1" });
      kill(3);
      await until(() => metadata.image.broker(3)?.fenced === true);
      const { epoch } = metadata.image.broker(3)!;
      const registered = Promise.withResolvers<void>();
      const stop = metadata.onChange(() => {
        if (metadata.image.broker(3)?.epoch !== epoch) registered.resolve();
      });
      const started = start(3);
      await registered.promise;
      stop();
      const first = metadata.image.broker(3)!;
      assert(first.fenced, "it has not served yet");
      pause(3);
      await pass(2 * sessionMs);
      resume(3);
      await started;
      await until(() => metadata.image.broker(3)?.fenced === false);
      await producer.send({ topic: "orders", partition: 0, value: "2" });
      await until(() => partition("orders", 0).isr.length === 3);
      await producer.close();
    }));
}
