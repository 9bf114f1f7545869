// The promise of the log, at the level where a user would notice: a client sends while the broker
// is stopped and killed under it, and a group of consumers gets every record that was acknowledged.
//
//   send ... SIGTERM, start ... send ... kill -9, start ... send
//   three consumers of one group read beside it
//
// A record is its partition and its number in it. Consumers may read an offset twice (they resume
// from what was committed), so what is judged is the log as they saw it: one record an offset.
//
// Here a slice of it; `deno task test:restarts` sends 200,000.

import { assert, assertEquals } from "@std/assert";
import { type Consumer, Kafka, logLevel, type Producer } from "kafkajs";
import { BrokerProcess } from "../harness/broker_process.ts";
import { within } from "../harness/deadline.ts";
import { targetsHere } from "../harness/targets.ts";

const topic = "orders";
const partitions = 6;
const recordCount = Number(Deno.env.get("OTTLA_RESTART_RECORDS") ?? 40_000);
const recordsEach = Math.ceil(recordCount / partitions);
const recordsPerSend = 250;
const sends = Math.ceil(recordsEach / recordsPerSend);

/** What the consumers saw of the log: for each partition the record number at each offset. */
class SeenLog {
  readonly #numbers = Array.from({ length: partitions }, () => new Map<number, number>());
  readonly #distinct = Array.from({ length: partitions }, () => new Set<number>());
  readonly #complete = Promise.withResolvers<void>();

  get complete(): Promise<void> {
    return this.#complete.promise;
  }

  get progress(): string {
    return this.#distinct.map((numbers) => numbers.size).join(", ");
  }

  add(partition: number, offset: number, number: number): void {
    const known = this.#numbers[partition].get(offset);
    assert(known === undefined || known === number, `offset ${offset} of ${partition} changed`);
    this.#numbers[partition].set(offset, number);
    this.#distinct[partition].add(number);
    if (this.#distinct.every(({ size }) => size === recordsEach)) this.#complete.resolve();
  }

  /** Records that are at more than one offset. */
  get duplicates(): number {
    return this.#numbers.reduce((sum, each, i) => sum + each.size - this.#distinct[i].size, 0);
  }

  /** First occurrences, by offset, come in the order in which they were sent. */
  assertInOrder(): void {
    for (const numbers of this.#numbers) {
      let next = 0;
      for (const [, number] of [...numbers].sort(([a], [b]) => a - b)) {
        assert(number <= next, `record ${number} came before record ${next}`);
        if (number === next) next++;
      }
      assertEquals(next, recordsEach);
    }
  }
}

/** A client that keeps trying while the broker is away. */
function client(broker: BrokerProcess): Kafka {
  return new Kafka({
    clientId: "restart-test",
    brokers: [broker.bootstrap],
    logLevel: logLevel.NOTHING,
    retry: { initialRetryTime: 50, maxRetryTime: 400, retries: 1000 },
  });
}

function messages(partition: number, send: number) {
  const first = send * recordsPerSend;
  const count = Math.min(recordsPerSend, recordsEach - first);
  return Array.from({ length: count }, (_, i) => ({
    partition,
    key: `customer-${(first + i) % 97}`,
    value: JSON.stringify({ number: first + i, partition }),
    headers: { source: "restart-test", attempt: "1" },
  }));
}

/** Sends everything; `at` runs beside the sends, at a point of the way. */
async function sendAll(producer: Producer, at: ReadonlyMap<number, () => Promise<void>>) {
  let beside: Promise<void> = Promise.resolve();
  for (let send = 0; send < sends; send++) {
    const act = at.get(send);
    if (act !== undefined) {
      await beside;
      beside = act();
    }
    const lanes = Array.from(
      { length: partitions },
      (_, partition) => messages(partition, send),
    );
    await producer.send({ topic, acks: -1, messages: lanes.flat() });
  }
  await beside;
}

async function consume(kafka: Kafka, seen: SeenLog): Promise<Consumer> {
  const consumer = kafka.consumer({ groupId: "readers", sessionTimeout: 10_000 });
  await consumer.connect();
  await consumer.subscribe({ topic, fromBeginning: true });
  await consumer.run({
    eachBatch: ({ batch }) => {
      for (const { offset, value, key, headers } of batch.messages) {
        const { number, partition } = JSON.parse(value!.toString());
        assertEquals(partition, batch.partition);
        assertEquals(key!.toString(), `customer-${number % 97}`);
        assertEquals(headers!.source!.toString(), "restart-test");
        seen.add(partition, Number(offset), number);
      }
      return Promise.resolve();
    },
  });
  return consumer;
}

async function sendThroughRestarts(broker: BrokerProcess, idempotent: boolean): Promise<SeenLog> {
  const kafka = client(broker);
  const admin = kafka.admin();
  await admin.connect();
  await admin.createTopics({ topics: [{ topic, numPartitions: partitions }] });
  await admin.disconnect();
  const seen = new SeenLog();
  const consumers = await Promise.all([1, 2, 3].map(() => consume(kafka, seen)));
  const producer = kafka.producer({ idempotent, maxInFlightRequests: 1 });
  await producer.connect();
  try {
    const sending = sendAll(
      producer,
      new Map([
        [Math.floor(sends / 3), async () => {
          const { code } = await broker.stop();
          assertEquals(code, 0, broker.output);
          await broker.restart();
        }],
        [Math.floor((2 * sends) / 3), async () => {
          await broker.kill();
          await broker.restart();
        }],
      ]),
    );
    await within(sending, { ms: 180_000, what: () => `all records sent\n${broker.output}` });
    await within(seen.complete, {
      ms: 120_000,
      what: () => `all records consumed (${seen.progress} of ${recordsEach})\n${broker.output}`,
    });
  } finally {
    await Promise.all([producer.disconnect(), ...consumers.map((each) => each.disconnect())]);
  }
  return seen;
}

for (const target of await targetsHere()) {
  const name = `${recordCount} records survive a stop and a kill -9, in order, on ${target}`;
  Deno.test(name, async () => {
    await using broker = await BrokerProcess.start({ target });
    const seen = await sendThroughRestarts(broker, false);
    seen.assertInOrder();
  });

  Deno.test(`an idempotent producer's records are there once each, on ${target}`, async () => {
    await using broker = await BrokerProcess.start({ target });
    const seen = await sendThroughRestarts(broker, true);
    seen.assertInOrder();
    assertEquals(seen.duplicates, 0);
  });
}
