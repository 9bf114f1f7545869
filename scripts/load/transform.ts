// kafkajs in a loop that consumes, transforms and produces, its offsets committed within the same
// transactions, some of which are aborted. Beside it one reads what was committed, and another all
// there is: the first sees each result once and nothing else, whenever he looks.

import { type Consumer, Kafka, logLevel, Partitioners, type Producer } from "kafkajs";
import { firstOf } from "../../src/base/items.ts";
import { BrokerProcess } from "../../tests/harness/broker_process.ts";
import { createTopic, until } from "./idle_groups.ts";

const partitionCount = 3;
const recordsPerSend = 1_000;
/** One transaction in so many is aborted, and its records are read again. */
const abortedOneIn = 5;

/** Prints what came of it; throws where a sum is not exact. */
export async function runTransform({ records }: { readonly records: number }): Promise<void> {
  await using broker = await BrokerProcess.start();
  for (const topic of ["from", "to"]) await createTopic(broker, { topic, partitionCount });
  const kafka = new Kafka({ brokers: [broker.bootstrap], logLevel: logLevel.NOTHING });
  await feed(kafka, records);
  const startMs = performance.now();
  const committed = new Reader(kafka, { readUncommitted: false });
  const all = new Reader(kafka, { readUncommitted: true });
  await Promise.all([committed.start(), all.start()]);
  const ends = { committed: 0, aborted: 0 };
  const copier = await transform(kafka, ends);
  await until(() => committed.seen.size >= records, 300_000);
  const tookMs = performance.now() - startMs;
  // What was read in vain comes once more, if at all.
  const sum = records * (records - 1);
  await until(() => all.count > committed.count, 10_000);
  await Promise.all([copier(), committed.stop(), all.stop()]);
  const isExact = committed.count === records && committed.sum === sum;
  console.log(
    `kafkajs: ${records} records through ${ends.committed} transactions, ${ends.aborted} more ` +
      `aborted, in ${(tookMs / 1_000).toFixed(1)} s: ${committed.count} committed records read, ` +
      `sum ${committed.sum} (${isExact ? "exact" : `not ${sum}`}); ${all.count} read of all`,
  );
  if (!isExact) throw new Error("what was committed is not what was sent");
}

async function feed(kafka: Kafka, records: number): Promise<void> {
  const producer = kafka.producer({ createPartitioner: Partitioners.DefaultPartitioner });
  await producer.connect();
  for (let first = 0; first < records; first += recordsPerSend) {
    const count = Math.min(recordsPerSend, records - first);
    const messages = Array.from({ length: count }, (_, i) => ({
      value: `${first + i}`,
      partition: (first + i) % partitionCount,
    }));
    await producer.send({ topic: "from", messages });
  }
  await producer.disconnect();
}

/** Doubles each value, on its way from one topic to the other; returns what ends it. */
async function transform(
  kafka: Kafka,
  ends: { committed: number; aborted: number },
): Promise<() => Promise<void>> {
  const producer: Producer = kafka.producer({
    createPartitioner: Partitioners.DefaultPartitioner,
    transactionalId: "doubler",
    idempotent: true,
    maxInFlightRequests: 1,
  });
  const groupId = "doublers";
  const consumer: Consumer = kafka.consumer({ groupId, maxBytesPerPartition: 10_000 });
  await Promise.all([producer.connect(), consumer.connect()]);
  await consumer.subscribe({ topic: "from", fromBeginning: true });
  let transactions = 0;
  await consumer.run({
    autoCommit: false,
    eachBatch: async ({ batch: { topic, partition, messages }, resolveOffset }) => {
      const transaction = await producer.transaction();
      await transaction.send({
        topic: "to",
        messages: messages.map(({ value }) => ({ value: `${2 * Number(value)}`, partition })),
      });
      const offset = `${Number(messages.at(-1)!.offset) + 1}`;
      const topics = [{ topic, partitions: [{ partition, offset }] }];
      await transaction.sendOffsets({ consumerGroupId: groupId, topics });
      if (++transactions % abortedOneIn === 0) {
        await transaction.abort();
        ends.aborted++;
        return consumer.seek({ topic, partition, offset: firstOf(messages).offset });
      }
      await transaction.commit();
      ends.committed++;
      resolveOffset(messages.at(-1)!.offset);
    },
  });
  return async () => {
    await consumer.disconnect();
    await producer.disconnect();
  };
}

/** Somebody who reads what arrives. */
class Reader {
  count = 0;
  sum = 0;
  readonly seen = new Set<string>();
  readonly #consumer: Consumer;

  constructor(kafka: Kafka, { readUncommitted }: { readUncommitted: boolean }) {
    const groupId = readUncommitted ? "reads-all" : "reads-committed";
    this.#consumer = kafka.consumer({ groupId, readUncommitted, maxWaitTimeInMs: 100 });
  }

  async start(): Promise<void> {
    await this.#consumer.connect();
    await this.#consumer.subscribe({ topic: "to", fromBeginning: true });
    await this.#consumer.run({
      eachMessage: ({ message: { value } }) => {
        this.count++;
        this.sum += Number(value);
        this.seen.add(`${value}`);
        return Promise.resolve();
      },
    });
  }

  stop(): Promise<void> {
    return this.#consumer.disconnect();
  }
}
