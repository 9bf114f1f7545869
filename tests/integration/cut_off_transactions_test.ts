// Transactions while a machine is cut off: nobody who waits for its answer waits on once another
// broker leads, and who leads again is asked at once.

import { assert, assertEquals } from "@std/assert";
import { fromUtf8 } from "../../src/base/bytes.ts";
import { Consumer, createTopic, Producer, type Transaction } from "../../src/client/mod.ts";
import { type ClusterScene, simulatedCluster } from "../harness/simulated_cluster.ts";

const topic = "orders";
const transactions = "__transaction_state";
/** From the election to the reader: a marker's way, its copies, and the reader's questions. */
const completedMsMax = 1_000;
const settings = {
  "min.insync.replicas": 1,
  "transaction.state.log.num.partitions": 1,
  "auto.leader.rebalance.enable": "false",
};
/** The coordinator has nobody to wait for. */
const alone = { ...settings, "transaction.state.log.replication.factor": 1 };

interface Begun {
  /** Who coordinates the transaction, who leads the partition in it, and who has nothing to do. */
  readonly coordinator: number;
  readonly leader: number;
  readonly third: number;
  readonly producer: Producer;
  readonly transaction: Transaction;
}

/** A transaction of one record, the second of its producer. */
async function begin(
  { client, until, partition }: ClusterScene,
  replicasOf: (at: Pick<Begun, "coordinator" | "leader" | "third">) => readonly number[],
): Promise<Begun> {
  const asked = await client();
  const producer = new Producer(asked, { transactionalId: "billing" });
  await (await producer.begin()).abort();
  const coordinator = partition(transactions, 0).leader;
  const [leader = 0, third = 0] = [1, 2, 3].filter((id) => id !== coordinator);
  const replicas = replicasOf({ coordinator, leader, third });
  await createTopic(asked, { name: topic, assignments: [[...replicas]] });
  await until(() => partition(topic, 0).isr.length === replicas.length);
  const first = await producer.begin();
  await first.send({ topic, partition: 0, value: "ordered" });
  await first.commit();
  const transaction = await producer.begin();
  await transaction.send({ topic, partition: 0, value: "paid" });
  return { coordinator, leader, third, producer, transaction };
}

/** How many ms after now somebody reads what was committed. */
async function readAfterMs({ client, runtime: { clock } }: ClusterScene): Promise<number> {
  const beganMs = clock.monotonic();
  const consumer = new Consumer(await client(), { readCommitted: true, fetchWaitMsMax: 20 });
  consumer.assign([{ topic, partition: 0, at: "earliest" }]);
  const values: string[] = [];
  while (values.length < 2) {
    for (const { value } of await consumer.poll()) values.push(fromUtf8(value!));
  }
  const tookMs = clock.monotonic() - beganMs;
  await consumer.close();
  assertEquals(values, ["ordered", "paid"]);
  return tookMs;
}

Deno.test("a marker on its way to a leader that is cut off is written by the next one", () =>
  simulatedCluster({ brokers: 3, settings: alone }, async (scene) => {
    const begun = await begin(
      scene,
      ({ leader, third, coordinator }) => [leader, third, coordinator],
    );
    const { coordinator, leader, third, producer, transaction } = begun;
    scene.partitionNetwork([coordinator, third], [leader]);
    await transaction.commit();
    await scene.until(() => ![leader, -1].includes(scene.partition(topic, 0).leader));
    const tookMs = await readAfterMs(scene);
    assert(tookMs < completedMsMax, `${tookMs} ms`);
    scene.heal();
    await producer.close();
  }));

Deno.test("a marker for a partition that nobody leads is written as soon as somebody does", () =>
  simulatedCluster({ brokers: 3, settings: alone }, async (scene) => {
    const { leader, producer, transaction } = await begin(scene, ({ leader }) => [leader]);
    scene.kill(leader);
    await scene.until(() => scene.partition(topic, 0).leader === -1);
    await transaction.commit();
    // By now it is tried again every few seconds.
    await scene.pass(17_000);
    await scene.start(leader);
    await scene.until(() => scene.partition(topic, 0).leader === leader);
    const tookMs = await readAfterMs(scene);
    assert(tookMs < completedMsMax, `${tookMs} ms`);
    await producer.close();
  }));

Deno.test("a leader that has asked a coordinator that is cut off asks the next one", () =>
  simulatedCluster({ brokers: 3, settings }, async (scene) => {
    const { partition, runtime: { clock }, until } = scene;
    const begun = await begin(scene, ({ leader, third }) => [leader, third]);
    const { coordinator, leader, third, producer, transaction } = begun;
    await until(() => partition(transactions, 0).isr.length === 3);
    await transaction.commit();
    const next = await producer.begin();
    scene.partitionNetwork([leader, third], [coordinator]);
    const sent = next.send({ topic, partition: 0, value: "paid as well" });
    await until(() => ![coordinator, -1].includes(partition(transactions, 0).leader));
    const beganMs = clock.monotonic();
    await sent;
    const tookMs = clock.monotonic() - beganMs;
    assert(tookMs < completedMsMax, `${tookMs} ms`);
    scene.heal();
    await next.commit();
    await producer.close();
  }));
