// A real broker process, killed with SIGKILL at random instants while an idempotent producer sends
// to it: no record is lost, moved or there twice.
//
//   send ... kill -9, start ... send ... kill -9, start ...      then read everything back
//
// The instants are random in real time, so a seed brings back the choices, not the race.

import { assertEquals } from "@std/assert";
import { fromUtf8 } from "../../src/base/bytes.ts";
import { Client, Consumer, createTopic, Producer } from "../../src/client/mod.ts";
import { denoRuntime } from "../../src/runtime/deno.ts";
import { SeededRandom } from "../../src/runtime/simulated_time.ts";
import { BrokerProcess } from "../harness/broker_process.ts";
import { within } from "../harness/deadline.ts";

const topic = "orders";
const partitions = 3;
/** Unacknowledged records at a time. */
const inFlightMax = 2_000;

/** What came of it. */
export interface KillCounts {
  readonly kills: number;
  readonly records: number;
}

/** Sends through `kills` kills, and judges what is there. */
export async function killBroker(seed: number, kills: number): Promise<KillCounts> {
  const random = new SeededRandom(seed, "kills");
  await using broker = await BrokerProcess.start({
    settings: { "log.flush.offset.checkpoint.interval.ms": "100" },
  });
  const client = await Client.connect(denoRuntime(), { bootstrap: broker.bootstrap });
  const configs = { "internal.segment.bytes": "200000" };
  await createTopic(client, { name: topic, partitions, configs });
  const producer = new Producer(client, { batchBytes: 8_000, deliveryTimeoutMs: 600_000 });
  let isKilling = true;
  const killing = (async () => {
    for (let i = 0; i < kills; i++) {
      await new Promise((go) => setTimeout(go, random.between(0, 120)));
      await broker.kill();
      await broker.restart();
    }
  })().finally(() => isKilling = false);
  const sent = await sendWhile(producer, () => isKilling);
  await killing;
  const what = () => `every acknowledgement\n${broker.output}`;
  await within(producer.close(), { ms: 120_000, what });
  const consumer = new Consumer(client, { autoOffsetReset: "earliest" });
  consumer.assign(sent.map((_, partition) => ({ topic, partition })));
  const held = await readAll(consumer, sent);
  await consumer.close();
  client.close();
  assertEquals(held, sent);
  return { kills, records: sent.reduce((sum, each) => sum + each.length, 0) };
}

/** Sends numbered records to each partition in turn; what was sent to which. */
async function sendWhile(producer: Producer, goOn: () => boolean): Promise<number[][]> {
  const sent: number[][] = Array.from({ length: partitions }, () => []);
  const acknowledged: Promise<unknown>[] = [];
  for (let i = 0; goOn(); i++) {
    const partition = i % partitions;
    sent[partition].push(i);
    acknowledged.push(producer.send({ topic, partition, value: `${i}`.padEnd(200, ".") }));
    if (i >= inFlightMax) await acknowledged[i - inFlightMax];
    // Not as fast as it goes: the broker should be killed at every point of its work.
    if (i % 50 === 0) await new Promise((go) => setTimeout(go, 1));
  }
  await Promise.all(acknowledged);
  return sent;
}

/** Numbers of the records by partition, in the order of their offsets; one more shows a repeat. */
async function readAll(consumer: Consumer, sent: readonly number[][]): Promise<number[][]> {
  const held: number[][] = sent.map(() => []);
  const missing = () => held.some((each, i) => each.length < sent[i].length);
  const reading = (async () => {
    for (let idle = 0; missing() || idle < 2;) {
      const records = await consumer.poll({ timeoutMs: 300 });
      for (const { partition, value } of records) {
        held[partition].push(parseInt(fromUtf8(value!), 10));
      }
      idle = records.length === 0 ? idle + 1 : 0;
    }
  })();
  const told = () =>
    `all records: ${held.map((each) => each.length)} of ${sent.map((e) => e.length)}`;
  await within(reading, { ms: 120_000, what: told });
  return held;
}
