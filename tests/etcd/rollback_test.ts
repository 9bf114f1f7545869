// etcd is restored from a backup, and knows less than brokers have acted upon: those that run stop,
// those that start refuse, and where their operator accepts it the logs say who has what, so that
// nothing that was acknowledged is lost.

import { assert, assertEquals, assertRejects } from "@std/assert";
import { UsageFault } from "../../src/base/faults.ts";
import { loadConfig, startBroker } from "../../src/broker/mod.ts";
import { createTopic, describeTopic, Producer } from "../../src/client/mod.ts";
import { readAll } from "../harness/read_all.ts";
import { etcdCluster, type EtcdScene } from "./simulated_brokers.ts";
import type { SimulatedState } from "./simulated_state.ts";

const topic = "orders";
const partitions = 3;
const settings = { "min.insync.replicas": 2, "offsets.topic.num.partitions": 1 };
const accept = "ottla.accept.metadata.rollback";

/** Three brokers, a backup of their etcd, and records under leaders that it does not know of. */
async function withBackup(scene: EtcdScene): Promise<{ backup: SimulatedState; sent: string[] }> {
  const { start, stop, client: clientOf } = scene;
  for (const id of [1, 2, 3]) await start(id);
  const client = await clientOf(1, 2, 3);
  await createTopic(client, { name: topic, partitions, replicationFactor: 3 });
  const sent: string[] = [];
  const send = async (count: number) => {
    const producer = new Producer(client);
    for (let i = 0; i < count; i++) {
      const value = `value ${sent.length}`;
      await producer.send({ topic, partition: i % partitions, value });
      sent.push(value);
    }
    await producer.close();
  };
  await send(6);
  const backup = scene.etcd.state.copy();
  // Each of them leads under an epoch that the backup lacks, and the last one has the most.
  for (const id of [1, 2]) {
    await stop(id);
    await send(6);
    await start(id);
    await inSync(scene);
  }
  await stop(1);
  await send(6);
  for (const id of [2, 3]) await stop(id);
  return { backup, sent };
}

async function inSync({ client: clientOf, pass }: EtcdScene): Promise<void> {
  const client = await clientOf(1, 2, 3);
  for (;;) {
    const { partitions: states } = await describeTopic(client, topic);
    if (states.every(({ isr }) => isr.length === 3)) return;
    await pass(100);
  }
}

/** What others write into etcd: revisions grow, and the cluster's keys do not change. */
function growTo(state: SimulatedState, revision: number): void {
  const put = { request_put: { key: btoa("/another/key"), value: btoa("value") } };
  const body = JSON.stringify({ success: [put] });
  while (state.revision < revision) state.request("/v3/kv/txn", body);
}

Deno.test("a broker does not start on an etcd that knows less than it has seen", () =>
  etcdCluster(async (scene) => {
    const { etcd, start, machine } = scene;
    const { backup } = await withBackup(scene);
    const { revision } = etcd.state;
    etcd.restore(backup);
    await assertRejects(() => start(1), UsageFault, "etcd has gone back: it is at revision");
    growTo(etcd.state, revision + 100);
    await assertRejects(() => start(2), UsageFault, "knows of a life");
    machine(3).files.remove("/data/.ottla_home");
    await assertRejects(() => start(3), UsageFault, "of later leader epochs: orders-");
  }, settings));

Deno.test("a broker of a cluster does not start alone, on the metadata that it had before", () =>
  etcdCluster(async (scene) => {
    const { start, stop, machine } = scene;
    await start(1);
    await stop(1);
    const { config } = loadConfig({
      flags: { host: "10.0.0.1", port: 9092, dataDir: "/data" },
      options: { "node.id": 1 },
    });
    const runtime = machine(1);
    const logger = runtime.logger({ level: "error", format: "text" });
    await assertRejects(
      () => startBroker({ runtime, config, logger }),
      UsageFault,
      'is of a broker of the cluster "c", whose metadata is in etcd',
    );
  }, settings));

Deno.test("brokers that accept an older etcd take the word of their logs, and lose nothing", () =>
  etcdCluster(async (scene) => {
    const { etcd, start, client: clientOf } = scene;
    const { backup, sent } = await withBackup(scene);
    etcd.restore(backup);
    // Of what is put once no late copy changes anything.
    const puts = new Map<string, number>();
    backup.onEvents((_, events) => {
      for (const { key, version } of events) {
        if (version.value === undefined || !key.includes("/seen/")) continue;
        puts.set(key, (puts.get(key) ?? 0) + 1);
      }
    });
    const all = { [accept]: "1,2,3" };
    const [one] = await Promise.all([1, 2, 3].map((id) => start(id, all)));
    assertEquals([...puts.values()], Array.from({ length: 7 }, () => 1));
    const client = await clientOf(1, 2, 3);
    await inSync(scene);
    const read = await readAll(client, { topic, count: sent.length, partitions });
    assertEquals(read.toSorted(), sent.toSorted());
    assert(Number(one!.store.image.nextProducerId) >= 1_000_000_000, "no id is given out twice");
    const producer = new Producer(client);
    for (let partition = 0; partition < partitions; partition++) {
      await producer.send({ topic, partition, value: "after" });
    }
    await producer.close();
    for (const id of [1, 2, 3]) await scene.stop(id);
    for (const id of [1, 2, 3]) await start(id);
    const again = await clientOf(1, 2, 3);
    const wanted = { topic, count: sent.length + partitions, partitions };
    const values = new Set(await readAll(again, wanted));
    assertEquals(values, new Set([...sent, "after"]));
  }, settings));

Deno.test("a broker that runs notices at once that its etcd has gone back", () =>
  etcdCluster(async ({ etcd, start, world }) => {
    const { lost } = await start(1);
    const backup = etcd.state.copy();
    await start(2);
    const atMs = world.nowMs;
    etcd.restore(backup);
    assertEquals(String(await lost).includes("it is older than it was"), true);
    // The watch of a lost revision would be silent for 6 s.
    assert(world.nowMs - atMs < 5_000);
  }, settings));
