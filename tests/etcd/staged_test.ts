// A change that takes several transactions, while etcd carries out late what nobody waits for any
// more: what was repeated since is not undone by it.

import { assertEquals } from "@std/assert";
import { simulate } from "../../src/runtime/simulated.ts";
import { openSimulated } from "./open_simulated.ts";
import { SimulatedEtcd } from "./simulated_etcd.ts";
import { topicRecords } from "./suite.ts";

const topicId = "qVNPd6uSQ9KXuwz2ybfVIw";
const partitions = 900;

Deno.test("a large change is whole, though its first request is carried out twice", async () => {
  const world = simulate(1);
  await world.drive((async () => {
    const etcd = await SimulatedEtcd.start(world, { members: 3 });
    const { timers } = world.start("watch");
    const pass = (ms: number) => new Promise<void>((go) => timers.after(ms, go));
    const [a, b] = [
      await openSimulated(world, "a", { etcd }),
      await openSimulated(world, "b", { etcd }),
    ];
    // Until then a change of a second or two is nothing special.
    etcd.faults.slowMs = [900, 900];
    etcd.faults.lateCopies = 1;
    const records = topicRecords({ name: "wide", topicId, partitions });
    const made = a.change(() => ({ records, response: undefined }));
    await pass(1_000);
    etcd.faults.lateCopies = 0;
    await made;
    etcd.faults.slowMs = [0, 0];
    while (b.image.topic("wide") === undefined) await pass(100);
    const c = await openSimulated(world, "c", { etcd });
    const counts = [a, b, c].map(({ image }) => image.topic("wide")?.partitions.length);
    assertEquals(counts, [partitions, partitions, partitions]);
    for (const store of [a, b, c]) await store.close();
  })());
});
