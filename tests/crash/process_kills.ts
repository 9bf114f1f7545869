// A real broker process, killed with SIGKILL in the middle of its work, while producers send as
// fast as it takes: what it has acknowledged is there, at the offset that it named, in order.
//
//   send ... acknowledged: enough for this life -> kill -9 -> start [kill -9 -> start] -> send ...
//   at the end: read everything back
//
// Each producer has a topic of its own. With acks=all they are idempotent: each record is there
// once, and one of them repeats its last five batches all the time. With acks=1 a batch whose
// answer was lost is there twice, in one piece behind the first.
//
// The instants are random in real time, so a seed brings back the choices, not the race.

import { assert, assertEquals } from "@std/assert";
import { fromUtf8 } from "../../src/base/bytes.ts";
import {
  Client,
  Consumer,
  type ConsumerRecord,
  createTopic,
  listOffsets,
  Producer,
  type ProducerOptions,
} from "../../src/client/mod.ts";
import { denoRuntime } from "../../src/runtime/deno.ts";
import { SeededRandom } from "../../src/runtime/simulated_time.ts";
import { BrokerProcess } from "../harness/broker_process.ts";
import { within } from "../harness/deadline.ts";
import { RepeatingProducer } from "./repeats.ts";

const partitions = 4;
/** A life ends after at most so many acknowledgements. */
const acknowledgedPerLifeMax = 4_000;
const progressWithinMs = 60_000;
const readWithinMs = 120_000;
/** Small, so that recovery finds several segments behind its checkpoint. */
const topicConfigs = { "internal.segment.bytes": "1000000" };

const kinds: readonly (ProducerOptions & { readonly topic: string })[] = [
  { topic: "large-batches", acks: "all", batchBytes: 128 * 1024 },
  { topic: "small-batches", acks: "all", batchBytes: 8 * 1024, compression: "gzip" },
  { topic: "leader-only", acks: 1, batchBytes: 64 * 1024 },
];

/** What came of it. */
export interface KillCounts {
  readonly kills: number;
  /** Of those: before the broker was ready again. */
  readonly killsWhileStarting: number;
  /** Acknowledged, and found. */
  readonly records: number;
  /** Records under way at the kills, summed up: sent, and not answered. */
  readonly unanswered: number;
  /** Found once more with acks=1. */
  readonly repeated: number;
  /** Batches that were sent again after they were acknowledged, and known. */
  readonly known: number;
}

/** Sends through `kills` kills, and judges what is there. */
export async function killBroker(seed: number, kills: number): Promise<KillCounts> {
  const random = new SeededRandom(seed, "kills");
  await using broker = await BrokerProcess.start({
    settings: { "log.flush.offset.checkpoint.interval.ms": "100" },
  });
  const client = await Client.connect(denoRuntime(), { bootstrap: broker.bootstrap });
  const senders = kinds.map((kind) => new Sender(client, kind));
  for (const { topic } of senders) {
    await createTopic(client, { name: topic, partitions, configs: topicConfigs });
  }
  const repeats = { name: "repeats", partitions: 1, configs: topicConfigs };
  await createTopic(client, repeats);
  const repeating = await RepeatingProducer.start(client, repeats.name);
  let goOn = true;
  const killing = killAgainAndAgain(broker, { random, kills, senders }).finally(() => goOn = false);
  const sending = senders.map((sender) => sender.sendWhile(() => goOn));
  sending.push(repeatWhile(() => goOn, repeating));
  const [killed] = await Promise.all([killing, ...sending]);
  let records = 0;
  let repeated = 0;
  for (const sender of senders) {
    const what = () => `every answer to ${sender}\n${broker.output}`;
    await within(sender.finish(), { ms: progressWithinMs, what });
    repeated += await sender.judge();
    records += sender.acknowledged;
  }
  const found = await readAll(client, { topic: repeats.name, partition: 0 });
  assertEquals(found, repeating.sent.map((_, number) => number), repeats.name);
  records += found.length;
  client.close();
  return { ...killed, records, repeated, known: repeating.repeats };
}

/** Sends numbered records, two to a batch, and all of the last five batches again. */
async function repeatWhile(goOn: () => boolean, producer: RepeatingProducer): Promise<void> {
  while (goOn()) {
    const number = producer.sent.length;
    await producer.send([valueOf(number), valueOf(number + 1)]);
    if (number % 6 === 0) await producer.repeat();
  }
  await producer.repeat();
}

/** Lets each life of the broker acknowledge a random number of records, then kills it. */
async function killAgainAndAgain(
  broker: BrokerProcess,
  o: { random: SeededRandom; kills: number; senders: readonly Sender[] },
): Promise<Omit<KillCounts, "records" | "repeated" | "known">> {
  const { random, senders } = o;
  const acknowledged = () => senders.reduce((sum, each) => sum + each.acknowledged, 0);
  let [kills, killsWhileStarting, unanswered] = [0, 0, 0];
  while (kills < o.kills) {
    const target = acknowledged() + random.between(1, acknowledgedPerLifeMax);
    const what = () => `progress of ${senders.join(", ")}, kill ${kills}\n${broker.output}`;
    const progress = Promise.any(senders.map((each) => each.until(() => acknowledged() >= target)));
    await within(progress, { ms: progressWithinMs, what });
    await pause(random.between(0, 10));
    unanswered += senders.reduce((sum, each) => sum + each.unanswered, 0);
    await broker.kill();
    kills++;
    if (random.chance(0.2) && kills < o.kills) {
      await broker.killWhileStarting(random.between(0, 200));
      kills++;
      killsWhileStarting++;
    }
    await broker.restart();
  }
  return { kills, killsWhileStarting, unanswered };
}

/** A producer with a topic of its own, and what it was promised. */
class Sender {
  readonly topic: string;
  acknowledged = 0;
  unanswered = 0;
  readonly #client: Client;
  readonly #producer: Producer;
  readonly #isIdempotent: boolean;
  /** By partition, for each record in order: the offset that was named, -1 for none. */
  readonly #promised: number[][] = Array.from({ length: partitions }, () => []);
  readonly #waits = new Set<() => void>();
  #failure: unknown;

  constructor(client: Client, { topic, ...options }: (typeof kinds)[number]) {
    this.topic = topic;
    this.#client = client;
    this.#isIdempotent = options.acks === "all";
    this.#producer = new Producer(client, {
      bufferBytesMax: 4 * 1024 * 1024,
      deliveryTimeoutMs: 600_000,
      ...options,
    });
  }

  /** Resolves at the first answer to this sender at which `isDue`. */
  until(isDue: () => boolean): Promise<void> {
    return new Promise((resolve) => {
      const wait = () => {
        if (!isDue()) return;
        this.#waits.delete(wait);
        resolve();
      };
      this.#waits.add(wait);
    });
  }

  /** Sends numbered records to each partition in turn, as many as the producer takes. */
  async sendWhile(goOn: () => boolean): Promise<void> {
    for (let i = 0; goOn() && this.#failure === undefined; i++) {
      this.#send(i % partitions);
      if (i % 64 !== 0) continue;
      await this.#producer.ready();
      await pause(0);
    }
  }

  async finish(): Promise<void> {
    await this.#producer.close();
    if (this.#failure !== undefined) throw this.#failure;
    assertEquals(this.unanswered, 0);
  }

  /** Reads the topic and holds it against what was promised; how many records were repeated. */
  async judge(): Promise<number> {
    const { topic } = this;
    let repeated = 0;
    for (const [partition, promised] of this.#promised.entries()) {
      const found = await readAll(this.#client, { topic, partition });
      const [first, repeats] = parted(found);
      repeated += repeats;
      assertEquals(first, promised.map((_, number) => number), `order of ${topic}-${partition}`);
      promised.forEach((offset, number) => {
        if (offset >= 0) assertEquals(found[offset], number, `${topic}-${partition} at ${offset}`);
      });
    }
    if (this.#isIdempotent) assertEquals(repeated, 0, `${topic} holds records twice`);
    return repeated;
  }

  toString(): string {
    return `${this.topic} (${this.acknowledged} acknowledged, ${this.unanswered} unanswered)`;
  }

  #send(partition: number): void {
    const { topic } = this;
    const offsets = this.#promised[partition];
    const number = offsets.push(-1) - 1;
    this.unanswered++;
    this.#producer.send({ topic, partition, value: valueOf(number) }).then(({ offset }) => {
      offsets[number] = offset;
      this.unanswered--;
      this.acknowledged++;
      for (const wait of this.#waits) wait();
    }, (error) => this.#failure ??= error);
  }
}

/** The numbers of a partition's records by offset. */
async function readAll(
  client: Client,
  at: { topic: string; partition: number },
): Promise<number[]> {
  const [{ offset: end }] = await listOffsets(client, [at], { spec: "latest" });
  await using consumer = new Consumer(client, { autoOffsetReset: "earliest" });
  consumer.assign([at]);
  const found: number[] = [];
  const reading = (async () => {
    while (found.length < end) {
      for (const record of await consumer.poll({ recordsMax: 10_000 })) {
        assertEquals(record.offset, found.length);
        found.push(numberOf(record));
      }
    }
  })();
  const what = () => `records of ${at.topic}-${at.partition}: ${found.length} of ${end}`;
  await within(reading, { ms: readWithinMs, what });
  return found;
}

/**
 * The numbers as they first came, and how many came again: the newest ones so far, all over from
 * one of them on.
 */
function parted(found: readonly number[]): [first: number[], repeats: number] {
  const first: number[] = [];
  let previous = -1;
  for (const [offset, number] of found.entries()) {
    const isNext = number === previous + 1;
    const isAgain = previous === first.length - 1 && number < first.length;
    assert(isNext || isAgain, `number ${number} at offset ${offset}, behind ${previous}`);
    if (number === first.length) first.push(number);
    previous = number;
  }
  return [first, found.length - first.length];
}

/** Between 100 and 1,000 bytes that tell the number, and whether one is missing. */
function valueOf(number: number): string {
  return `${number}.`.padEnd(100 + (number * 7919) % 901, "0123456789");
}

function numberOf({ value }: ConsumerRecord): number {
  const text = fromUtf8(value!);
  const number = parseInt(text, 10);
  assert(text === valueOf(number), `the record of number ${number} is another`);
  return number;
}

function pause(ms: number): Promise<void> {
  return new Promise((go) => setTimeout(go, ms));
}
