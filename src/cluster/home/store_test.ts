// Metadata in memory, as several brokers of one process share it.

import { assert, assertEquals, assertRejects } from "@std/assert";
import { PartitionFault } from "../../base/faults.ts";
import { decideBootstrap, decideRegisterBroker } from "../brokers.ts";
import { MemoryMetadataStore } from "./store.ts";

const registration = (brokerId: number) => ({
  brokerId,
  incarnationId: "AAAAAAAAAAAAAAAAAAAAAg",
  endPoints: [{ name: "PLAINTEXT", host: "h", port: 9092, securityProtocol: 0 }],
  rack: null,
  directories: [],
  features: [],
});

Deno.test("brokers that share a store see each other's changes, in one order", async () => {
  const store = new MemoryMetadataStore();
  const seen: string[] = [];
  for (const name of ["one", "two"]) {
    store.onChange((changes) => seen.push(...changes.map(({ type }) => `${name} ${type}`)));
  }
  const stop = store.onChange(() => seen.push("never told"));
  stop();
  await store.join(7);
  await store.join(8);
  assertEquals([store.controllerId, store.isShared], [7, true]);
  const both = [7, 8].map((id) =>
    store.change((image) => {
      const { records } = decideRegisterBroker(image, registration(id));
      return { records, response: image.brokers().length };
    })
  );
  assertEquals(await Promise.all(both), [0, 1], "the second has seen the first");
  assertEquals(seen.slice(0, 4), [
    "one brokerChanged",
    "one brokerChanged",
    "two brokerChanged",
    "two brokerChanged",
  ]);
});

Deno.test("what is shown besides what is stored is gone when it is shown no more", async () => {
  const store = new MemoryMetadataStore();
  await store.append(decideBootstrap(store.image).records);
  await store.append(decideRegisterBroker(store.image, registration(1)).records);
  await store.show((image) => decideRegisterBroker(image, registration(2)).records);
  assertEquals(store.image.brokers().map(({ id }) => id), [1, 2]);
  await store.change((image) => ({
    records: decideRegisterBroker(image, registration(3)).records,
    response: undefined,
  }));
  await store.show(undefined);
  assertEquals(store.image.brokers().map(({ id }) => id), [1, 3]);
});

Deno.test("who joined first is the controller while it lives; its term ends with it", async () => {
  const store = new MemoryMetadataStore();
  let heard = 0;
  store.liveness.onChange(() => heard++);
  const [one, two] = [await store.join(1), await store.join(2)];
  const { brokerEpoch } = two;
  assertEquals([one.isController(), two.isController(), store.leaderEpoch], [true, false, 1]);
  assertEquals(store.liveness.alive(2), brokerEpoch);
  store.liveness.expire(1);
  await one.ended;
  assertEquals([one.isValid(), one.isController(), store.liveness.alive(1)], [
    false,
    false,
    undefined,
  ]);
  assertEquals([two.isController(), store.controllerId, store.leaderEpoch], [true, 2, 2]);
  assertEquals(heard, 3);
  const decided = (controllerEpoch: number) => () => ({
    ...decideRegisterBroker(store.image, registration(controllerEpoch)),
    controllerEpoch,
  });
  await assertRejects(() => store.change(decided(1)), PartitionFault, "controller of term 1");
  await store.change(decided(2));
  assertEquals(store.image.brokers().map(({ id }) => id), [2]);
  const again = await store.join(1);
  assert((again.brokerEpoch ?? 0) > (brokerEpoch ?? 0), "an epoch is never used twice");
});
