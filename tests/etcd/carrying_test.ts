// A cluster in etcd goes back to one of its brokers, and comes from it again, by the program's own
// commands: whenever they are interrupted, and whatever is tried too early.

import { assert, assertEquals, assertStringIncludes } from "@std/assert";
import { loadConfig, type RunningBroker, startBroker } from "../../src/broker/mod.ts";
import { Client, createTopic, describeTopic, Producer } from "../../src/client/mod.ts";
import { InitProducerId, OffsetCommit, OffsetFetch } from "../../src/protocol/mod.ts";
import type { Runtime } from "../../src/runtime/ports.ts";
import { runCommand } from "../harness/command_in_process.ts";
import { RawClient } from "../harness/raw_client.ts";
import { readAll } from "../harness/read_all.ts";
import { socketTransport } from "../harness/simulated_broker.ts";
import { etcdCluster, type EtcdScene } from "./simulated_brokers.ts";

const topic = "orders";
const group = "billing";
const address = { host: "10.0.0.1", port: 9092 };
const settings = { "min.insync.replicas": 2, "offsets.topic.num.partitions": 1 };

/** `ottla cluster WORD` about the data folder of machine 1, whose broker does not run. */
async function carry({ etcd, machine }: EtcdScene, word: "import" | "export") {
  const hosts = etcd.endpoints.map((endpoint) => endpoint.slice("http://".length));
  const cluster = `etcd://${hosts.join(",")}/c`;
  const words = ["cluster", word, "--cluster", cluster, "--data-dir", "/data"];
  const { code, stdout, stderr } = await runCommand(machine(1), words);
  return { code, text: stdout + stderr };
}

/** Broker 1 on its own metadata; resolves once it can be asked. */
async function startAlone(runtime: Runtime): Promise<RunningBroker> {
  const { config } = loadConfig({
    flags: { ...address, dataDir: "/data" },
    options: { "node.id": 1, "group.initial.rebalance.delay.ms": 0 },
  });
  const logger = runtime.logger({ level: "error", format: "text" });
  return await startBroker({ runtime, config, logger });
}

/** Runs `ask` with a connection of its own to broker 1. */
async function asked<T>(
  { runtime }: EtcdScene,
  ask: (client: RawClient) => Promise<T>,
): Promise<T> {
  using client = new RawClient(socketTransport(await runtime.network.connect(address)));
  return await ask(client);
}

function newProducerId(scene: EtcdScene): Promise<number> {
  return asked(scene, async (client) => {
    const request = {
      transactionalId: null,
      transactionTimeoutMs: 1_000,
      producerId: -1,
      producerEpoch: -1,
    };
    return Number((await client.ask(InitProducerId, 4, request)).producerId);
  });
}

function commit(scene: EtcdScene, committedOffset: number): Promise<unknown> {
  return asked(scene, async (client) => {
    await client.findCoordinator(group);
    return await client.ask(OffsetCommit, 8, {
      groupId: group,
      generationIdOrMemberEpoch: -1,
      memberId: "",
      groupInstanceId: null,
      topics: [{
        name: topic,
        partitions: [{ partitionIndex: 0, committedOffset, committedMetadata: "" }],
      }],
    });
  });
}

function committed(scene: EtcdScene): Promise<number> {
  return asked(scene, async (client) => {
    for (;;) {
      const { groups: [found] } = await client.ask(OffsetFetch, 8, {
        groups: [{ groupId: group, topics: [{ name: topic, partitionIndexes: [0] }] }],
        requireStable: false,
      });
      const offset = found!.topics[0]?.partitions[0]?.committedOffset;
      // Until its coordinator has loaded it is answered that it loads.
      if (found!.errorCode === 0) return Number(offset);
      await scene.pass(100);
    }
  });
}

/** A cluster of three that has stopped, broker 1 last; how many records it has. */
async function stopped(scene: EtcdScene): Promise<number> {
  for (const id of [1, 2, 3]) await scene.start(id);
  const client = await scene.client(1, 2, 3);
  await createTopic(client, { name: topic, partitions: 1, replicationFactor: 3 });
  await send(client, 10);
  for (const id of [3, 2, 1]) await scene.stop(id);
  return 10;
}

async function send(client: Client, count: number): Promise<void> {
  const producer = new Producer(client);
  for (let i = 0; i < count; i++) {
    await producer.send({ topic, partition: 0, value: `value ${i}` });
  }
  await producer.close();
}

Deno.test("a broker goes on alone with what its cluster had, and becomes a cluster again", () =>
  etcdCluster(async (scene) => {
    const { start, stop, machine, etcd } = scene;
    await stopped(scene);
    await start(2);
    assertStringIncludes((await carry(scene, "export")).text, "broker 2 runs: stop all brokers");
    await stop(2);
    const exported = await carry(scene, "export");
    assertStringIncludes(exported.text, "Exported 1 topics with 1 partitions.");
    assertStringIncludes(exported.text, "min.insync.replicas of all topics is 1 now");
    assertEquals([...etcd.state.texts("/ottla/c/").keys()], ["/ottla/c/format"]);
    const early = await start(2).then(() => "started", String);
    assertStringIncludes(early, "was carried out of etcd, to the data folder of node 1");

    const alone = await startAlone(machine(1));
    const client = await Client.connect(scene.runtime, { bootstrap: "10.0.0.1:9092" });
    assertEquals((await readAll(client, { topic, count: 10 })).length, 10);
    assertEquals((await describeTopic(client, topic)).partitions[0]!.isr, [1]);
    await send(client, 5);
    await commit(scene, 12);
    const id = await newProducerId(scene);
    client.close();
    await alone.close();

    const imported = await carry(scene, "import");
    assertStringIncludes(imported.text, "Imported 2 topics with 51 partitions.");
    const again = await carry(scene, "import");
    assertStringIncludes(
      again.text,
      'is of a broker of the cluster "c", whose metadata is in etcd',
    );
    scene.kill(1);
    await start(1);
    await start(2);
    const both = await scene.client(1, 2);
    assertEquals((await readAll(both, { topic, count: 15 })).length, 15);
    assertEquals(await committed(scene), 12);
    assert(await newProducerId(scene) > id, "no producer id is given out twice");
  }, settings));

Deno.test("carrying may be interrupted at any moment, and is done by being tried again", () =>
  etcdCluster(async (scene) => {
    const { start, stop, pass, machine } = scene;
    let count = await stopped(scene);
    const interrupted = async (word: "import" | "export", afterMs: number) => {
      const running = carry(scene, word);
      await Promise.race([running, pass(afterMs)]);
      scene.kill(1);
      return await carry(scene, word);
    };
    for (const afterMs of [0.5, 2, 4, 6, 8, 10, 13, 16, 20, 30]) {
      const exported = await interrupted("export", afterMs);
      assertEquals(exported.code, 0, `export, cut off after ${afterMs} ms: ${exported.text}`);
      const alone = await startAlone(machine(1));
      const client = await Client.connect(scene.runtime, { bootstrap: "10.0.0.1:9092" });
      await send(client, 1);
      count++;
      assertEquals((await readAll(client, { topic, count })).length, count);
      client.close();
      await alone.close();
      const imported = await interrupted("import", afterMs);
      const isDone = imported.code === 0 || imported.text.includes("whose metadata is in etcd");
      assert(isDone, `import, cut off after ${afterMs} ms: ${imported.text}`);
      scene.kill(1);
      await start(1);
      assertEquals((await readAll(await scene.client(1), { topic, count })).length, count);
      await stop(1);
    }
  }, settings));

Deno.test("a broker that lacks what others have acknowledged does not go on alone", () =>
  etcdCluster(async (scene) => {
    const { start, stop } = scene;
    for (const id of [1, 2]) await start(id);
    const client = await scene.client(1, 2);
    await createTopic(client, { name: topic, partitions: 1, replicationFactor: 2 });
    await stop(1);
    await stop(2);
    const { code, text } = await carry(scene, "export");
    assertEquals(code, 1);
    assertStringIncludes(text, `broker 1 was not in sync of ${topic}-0`);
    await start(2);
    await start(1);
  }, { "offsets.topic.num.partitions": 1 }));
