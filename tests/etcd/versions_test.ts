// Brokers of different ages in one cluster: a feature's level is what all of them can serve.

import { assert, assertEquals, assertRejects, assertStringIncludes } from "@std/assert";
import { UsageFault } from "../../src/base/faults.ts";
import type { MetadataRecordInput } from "../../src/cluster/mod.ts";
import { createTopic, Producer } from "../../src/client/mod.ts";
import { runCommand } from "../harness/command_in_process.ts";
import { readAll } from "../harness/read_all.ts";
import { etcdCluster } from "./simulated_brokers.ts";

/** The registration of a broker that serves nothing newer than level 20 of metadata.version. */
function olderBroker(brokerId: number): MetadataRecordInput {
  return {
    type: "RegisterBrokerRecord",
    version: 3,
    fields: {
      brokerId,
      incarnationId: "AAAAAAAAAAAAAAAAAAAAAw",
      brokerEpoch: 1,
      endPoints: [],
      features: [{ name: "metadata.version", minSupportedVersion: 7, maxSupportedVersion: 20 }],
      rack: null,
      fenced: true,
      logDirs: [],
    },
  };
}

function level(name: string, featureLevel: number): MetadataRecordInput {
  return { type: "FeatureLevelRecord", version: 0, fields: { name, featureLevel } };
}

Deno.test("a broker does not come into a cluster whose level it cannot serve", () =>
  etcdCluster(async ({ start, stop, machine }) => {
    const { store } = await start(1);
    const set = (record: MetadataRecordInput) =>
      store.change(() => ({ records: [record], response: undefined }));
    await set(level("metadata.version", 99));
    await assertRejects(() => start(2), UsageFault, "metadata.version is 99");
    assertEquals(machine(2).files.stat("/data/meta.properties"), undefined, "nothing is written");
    await set(level("metadata.version", 30));
    await set(level("shards.version", 1));
    await assertRejects(() => start(2), UsageFault, "serves no such feature: use a newer Ottla");
    await set(level("shards.version", 0));
    await start(2);
    await stop(2);
  }));

Deno.test("a level is raised once every broker can serve it, those that are away too", () =>
  etcdCluster(async ({ start, tool, client: clientOf }) => {
    const { store } = await start(1, { "ottla.metadata.version": 20 });
    await store.change(() => ({ records: [olderBroker(9)], response: undefined }));
    const raise = () =>
      runCommand(tool(), [
        ..."features upgrade metadata.version=30 --bootstrap 10.0.0.1:9092".split(" "),
      ]);
    const refused = await raise();
    assert(refused.code !== 0);
    assertStringIncludes(refused.stderr, "Broker 9 only supports versions 7-20");
    // It is brought up to date, and with it the cluster, while others are at work.
    const client = await clientOf(1);
    await createTopic(client, { name: "orders", partitions: 1, replicationFactor: 1 });
    const producer = new Producer(client);
    await producer.send({ topic: "orders", partition: 0, value: "before" });
    const unregister = {
      type: "UnregisterBrokerRecord",
      version: 0,
      fields: { brokerId: 9, brokerEpoch: 1 },
    } as const;
    await store.change(() => ({ records: [unregister], response: undefined }));
    const raised = await raise();
    assertEquals([raised.code, raised.stderr.includes("Broker 9")], [0, false], raised.stderr);
    await producer.send({ topic: "orders", partition: 0, value: "after" });
    await producer.close();
    assertEquals(await readAll(client, { topic: "orders", count: 2 }), ["before", "after"]);
    assertEquals(store.image.features.get("metadata.version"), 30);
  }));
