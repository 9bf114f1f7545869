// A whole broker on a simulated machine that is killed and loses its power at will, time and again,
// while a client on another machine sends to it: every record is there once, in order, and every
// topic whose creation was acknowledged exists. Where acks=all waits for no sync, all of it holds
// for kills, and power is not lost. What an idempotent producer repeats, up to its last
// five batches, is there no second time.
//
//   broker: start > serve > doomed at some change of a file > start (recovery, doomed too) > ...
//   client: an idempotent producer with acks=all that tries again until each record is acknowledged
//
// Nothing here knows the broker's files: what is judged is what clients were told.

import { assertEquals } from "@std/assert";
import { fromUtf8 } from "../../src/base/bytes.ts";
import { loadConfig, startBroker } from "../../src/broker/mod.ts";
import { Client, Consumer, createTopic, KafkaError, Producer } from "../../src/client/mod.ts";
import { ErrorCode, Metadata } from "../../src/protocol/mod.ts";
import type { Runtime } from "../../src/runtime/ports.ts";
import { simulate } from "../../src/runtime/simulated.ts";
import { SeededRandom } from "../../src/runtime/simulated_time.ts";
import { startDoomed } from "./doomed_run.ts";
import type { CrashCounts } from "./log_crashes.ts";
import { RepeatingProducer } from "./repeats.ts";

const partitions = 2;
const topic = "orders";
const repeatsTopic = "repeats";

/** Runs the history of `seed`. Throws when a promise was broken. */
export async function crashBroker(
  seed: number,
  options: {
    readonly counts: CrashCounts;
    readonly lives: number;
    readonly trace?: (line: string) => void;
  },
): Promise<void> {
  const { counts, lives, trace } = options;
  const onLogLine = (_: string, line: string) => trace?.(line.trimEnd());
  const world = simulate(seed, { onLogLine });
  const random = new SeededRandom(seed, "broker history");
  const sender = world.start("client");
  // The broker's machine has the second address; the client's came first.
  const sync = random.chance(0.7) ? "always" : random.chance(0.5) ? "never" : "interval:20";
  const journal = random.chance(0.6) ? 0 : 4;
  const work = send(sender, { bootstrap: "10.0.0.2:9092", random, lives });
  let isSent = false;
  work.then(() => isSent = true, () => isSent = true);
  for (let life = 0; !isSent; life++) {
    const doomAt = life >= lives ? Infinity : Math.floor(random.between(1, 160));
    const how = sync === "always" && random.chance(0.75) ? "power loss" : "kill";
    const run = startDoomed(world, { machine: "broker", doomAt, how, random, trace });
    const end = await run.run(serve(run.runtime, { work, sync, journal }));
    if (end !== "done") counts.crashes++;
  }
  await work;
}

/** A broker that serves until the client has done its work. */
async function serve(
  runtime: Runtime,
  { work, sync, journal }: {
    readonly work: Promise<void>;
    readonly sync: string;
    readonly journal: number;
  },
): Promise<void> {
  const { config } = loadConfig({
    flags: { host: "0.0.0.0", port: 9092, dataDir: "/data" },
    options: {
      "log.flush.offset.checkpoint.interval.ms": 40,
      "offsets.topic.num.partitions": 1,
      "auto.create.topics.enable": false,
      "ottla.acks.all.sync": sync,
      "ottla.acks.all.journal.from.syncs": journal,
      // So small that there are snapshots, and deletions, in every life.
      "metadata.log.max.record.bytes.between.snapshots": 400,
      "metadata.max.retention.bytes": 1500,
    },
  });
  const logger = runtime.logger({ level: "info", format: "text" });
  const broker = await startBroker({ runtime, config, logger });
  await work;
  await broker.close();
}

interface Work {
  readonly bootstrap: string;
  readonly random: SeededRandom;
  readonly lives: number;
}

/** Sends through all outages, and reads back what is there. */
async function send(runtime: Runtime, work: Work): Promise<void> {
  const { random, bootstrap } = work;
  const client = await connect(runtime, bootstrap);
  const made = await makeTopic(client, topic);
  const producer = new Producer(client, { batchBytes: 900, deliveryTimeoutMs: 3_600_000 });
  const sent: string[][] = Array.from({ length: partitions }, () => []);
  const acknowledged: Promise<unknown>[] = [];
  made.push(...await makeTopic(client, repeatsTopic));
  const repeating = sendRepeatedly(runtime, work);
  // It is awaited below, unless something else fails before.
  repeating.catch(() => {});
  for (let i = 0; i < 40 * work.lives; i++) {
    const partition = i % partitions;
    const value = `${i} `.repeat(Math.ceil(random.between(1, 60)));
    sent[partition].push(value);
    acknowledged.push(producer.send({ topic, partition, value }));
    if (random.chance(0.3)) await acknowledged.at(-1);
    if (random.chance(0.02)) made.push(...await makeTopic(client, `topic-${i}`));
  }
  await Promise.all(acknowledged);
  await producer.close();
  const repeated = await repeating;
  // The broker may have been killed since the last answer: a request by itself is not repeated.
  const { topics } = await client.retrying(() =>
    client.request(Metadata, { topics: null }, { to: "any" })
  );
  const names = topics.map(({ name }) => name).filter((name) => !name?.startsWith("__"));
  assertEquals(names.sort(), made.sort(), "the topics whose creation was acknowledged");
  for (let partition = 0; partition < partitions; partition++) {
    const values = await readAll(client, { topic, partition, count: sent[partition].length });
    assertEquals(values, sent[partition], `partition ${partition}`);
  }
  const at = { topic: repeatsTopic, partition: 0, count: repeated.length };
  assertEquals(await readAll(client, at), repeated, "what was sent repeatedly");
  client.close();
}

/** Sends batches and repeats them, by a client of its own; what is to be found. */
async function sendRepeatedly(runtime: Runtime, work: Work): Promise<string[]> {
  const { random, bootstrap } = work;
  const client = await connect(runtime, bootstrap);
  const producer = await RepeatingProducer.start(client, repeatsTopic);
  for (let i = 0; i < 12 * work.lives; i++) {
    const text = `${i} `.repeat(Math.ceil(random.between(1, 150)));
    await producer.send(random.chance(0.3) ? [text, `${i} second`] : [text]);
    if (random.chance(0.5)) await producer.repeat();
  }
  client.close();
  return producer.sent;
}

async function connect(runtime: Runtime, bootstrap: string): Promise<Client> {
  for (;;) {
    try {
      return await Client.connect(runtime, { bootstrap, retryTimeoutMs: 3_600_000 });
    } catch {
      await new Promise<void>((go) => runtime.timers.after(20, go));
    }
  }
}

/** Creates a topic, however often that takes. */
async function makeTopic(client: Client, name: string): Promise<string[]> {
  // Few batches to a segment where they are repeated: what is known of them is in snapshots then.
  const segmentBytes = name === repeatsTopic ? "1500" : "6000";
  const configs = { "internal.segment.bytes": segmentBytes, "index.interval.bytes": "300" };
  for (;;) {
    try {
      await createTopic(client, { name, partitions, configs });
      return [name];
    } catch (error) {
      const isThere = error instanceof KafkaError &&
        error.errorCode === ErrorCode.TOPIC_ALREADY_EXISTS;
      if (isThere) return [name];
      await new Promise<void>((go) => client.ports.timers.after(20, go));
    }
  }
}

async function readAll(
  client: Client,
  wanted: { readonly topic: string; readonly partition: number; readonly count: number },
): Promise<string[]> {
  const { topic, partition, count } = wanted;
  const consumer = new Consumer(client, { autoOffsetReset: "earliest" });
  consumer.assign([{ topic, partition }]);
  const values: string[] = [];
  for (let idle = 0; idle < 3 && values.length <= count;) {
    const records = await consumer.poll({ timeoutMs: 200 });
    for (const { value } of records) values.push(fromUtf8(value!));
    idle = records.length === 0 ? idle + 1 : 0;
  }
  await consumer.close();
  return values;
}
