// A change that takes several transactions, while etcd carries out late what nobody waits for any
// more: what was repeated since is not undone by it.

import { assertEquals } from "@std/assert";
import { PartitionFault } from "../../src/base/faults.ts";
import { decideAllocateProducerIds } from "../../src/cluster/mod.ts";
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

Deno.test("several who find a large change decided carry it out at the same time", async () => {
  const world = simulate(1);
  await world.drive((async () => {
    const etcd = await SimulatedEtcd.start(world, { members: 3 });
    const open = (machine: string) => openSimulated(world, machine, { etcd, operationsMax: 2 });
    const stores = [await open("a"), await open("b"), await open("c")];
    for (let topic = 0; topic < 10; topic++) {
      const records = topicRecords({
        name: `wide-${topic}`,
        topicId: `${topicId.slice(0, -2)}${topic}w`,
        partitions: 20,
      });
      await Promise.all(
        stores.map((store, i) =>
          store.change((image) =>
            i === topic % stores.length
              ? { records, response: undefined }
              : { ...decideAllocateProducerIds(image, 1), response: undefined }
          )
        ),
      );
    }
    const { timers } = world.start("watch");
    await new Promise<void>((go) => timers.after(1_000, go));
    const counts = stores.map(({ image }) => image.partitionCount);
    assertEquals(counts, stores.map(() => 200));
    for (const store of stores) await store.close();
  })());
});

Deno.test("a controller that cannot carry a large change out yet goes on", async () => {
  const world = simulate(1);
  await world.drive((async () => {
    const etcd = await SimulatedEtcd.start(world, { members: 3 });
    const { timers } = world.start("watch");
    const pass = (ms: number) => new Promise<void>((go) => timers.after(ms, go));
    const lost: unknown[] = [];
    const options = { etcd, operationsMax: 2, onLost: (error: unknown) => void lost.push(error) };
    const [a, b] = [
      await openSimulated(world, "a", options),
      await openSimulated(world, "b", options),
    ];
    const lease = await a.join(1);
    while (!lease.isController()) await pass(100);
    etcd.faults.slowMs = [900, 900];
    const records = topicRecords({ name: "wide", topicId, partitions: 40 });
    const made = b.change(() => ({ records, response: undefined }));
    while (a.image.topic("wide") === undefined) await pass(100);
    const waiting = a.change((image) => decideAllocateProducerIds(image, 1)).catch((error) => {
      if (!(error instanceof PartitionFault)) throw error;
    });
    // Meanwhile the controller wants to see to it, too.
    await pass(6_000);
    etcd.loseQuorum();
    await pass(40_000);
    etcd.regainQuorum();
    await Promise.all([made, waiting]);
    await pass(60_000);
    assertEquals(lost, []);
    assertEquals(a.image.topic("wide")?.partitions.length, 40);
    for (const store of [a, b]) await store.close();
  })());
});
