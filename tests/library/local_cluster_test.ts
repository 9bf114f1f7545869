// Several brokers in one process, as a test suite of somebody else uses them, the same on Deno, Bun
// and Node: this file is run by each.

import assert from "node:assert/strict";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { test as register } from "node:test";
import { connect, LocalCluster, UsageFault } from "../../mod.ts";
import { within } from "../harness/deadline.ts";

function test(sentence: string, body: () => Promise<void>): void {
  register(sentence, () => within(body(), { ms: 60_000, what: () => `the end of: ${sentence}` }));
}

const topic = "orders";

test("what a cluster keeps in a folder is there for the next one, with a kill in it", async () => {
  const folder = mkdtempSync(`${tmpdir()}/ottla-cluster-`);
  const sent: string[] = [];
  try {
    for (const killed of [2, 3]) {
      await using cluster = await LocalCluster.start({ brokers: 3, dataDir: folder });
      await using client = await connect({ bootstrap: cluster.bootstrap });
      const producer = client.producer();
      const send = async () => {
        for (let i = 0; i < 20; i++) {
          await producer.send({ topic, value: `${sent.length}` });
          sent.push(`${sent.length}`);
        }
      };
      await send();
      cluster.kill(killed);
      await send();
      await cluster.restart(killed);
      await send();
      await producer.close();
      const consumer = client.consumer({ autoOffsetReset: "earliest" });
      consumer.assign([{ topic, partition: 0 }]);
      const read: string[] = [];
      while (read.length < sent.length) {
        for (const { value } of await consumer.poll()) read.push(new TextDecoder().decode(value!));
      }
      assert.deepEqual(read, sent);
      await consumer.close();
    }
    await assert.rejects(() => LocalCluster.start({ brokers: 2, dataDir: folder }), UsageFault);
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
});

test("what a cluster has acknowledged is read after a broker was killed", async () => {
  await using cluster = await LocalCluster.start({ brokers: 3 });
  await using client = await connect({ bootstrap: cluster.bootstrap });
  const producer = client.producer();
  const sent: string[] = [];
  const send = async (count: number) => {
    for (let i = 0; i < count; i++) {
      const value = `${sent.length}`;
      await producer.send({ topic, value });
      sent.push(value);
    }
  };
  await send(20);
  for (const id of [1, 2, 3]) {
    cluster.kill(id);
    assert.deepEqual(cluster.running.includes(id), false);
    await send(20);
    await cluster.restart(id);
    await send(20);
  }
  await producer.close();
  const consumer = client.consumer({ autoOffsetReset: "earliest", groupId: "readers" });
  consumer.subscribe([topic]);
  const read: string[] = [];
  while (read.length < sent.length) {
    for (const { value } of await consumer.poll()) read.push(new TextDecoder().decode(value!));
  }
  await consumer.close();
  assert.deepEqual(read.sort(), sent.sort());
});

test("the larger part of a parted cluster goes on, and the other catches up", async () => {
  await using cluster = await LocalCluster.start({ brokers: 3 });
  await using client = await connect({ bootstrap: cluster.bootstrap });
  const producer = client.producer();
  await producer.send({ topic, value: "whole" });
  for (const apart of [1, 2, 3]) {
    const [killed, kept] = [1, 2, 3].filter((id) => id !== apart);
    cluster.partition([apart], [killed!, kept!]);
    await producer.send({ topic, value: `without ${apart}` });
    cluster.heal();
    cluster.kill(killed!);
    // Acknowledged by two: the one that was kept, and the one that was apart.
    await producer.send({ topic, value: `with ${apart}` });
    await cluster.restart(killed!);
  }
  await producer.close();
});

test("what a cluster cannot be asked for is said", async () => {
  await assert.rejects(LocalCluster.start({ brokers: 0 }), UsageFault);
  await using cluster = await LocalCluster.start({ brokers: 1 });
  assert.throws(() => cluster.kill(2), UsageFault);
  await assert.rejects(cluster.restart(1), UsageFault);
});
