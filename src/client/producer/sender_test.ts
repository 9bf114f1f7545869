// The sender against brokers that follow a script: several batches of a partition under way, and
// what becomes of their order when one of them is refused, or its answer is lost.

import { assert, assertEquals, assertRejects } from "@std/assert";
import { fromUtf8 } from "../../base/bytes.ts";
import { ErrorCode, type ProduceRequest } from "../../protocol/mod.ts";
import { readBatchHeader, readRecords } from "../../records/mod.ts";
import { within } from "../../../tests/harness/deadline.ts";
import { type Message, produced, ScriptedBroker } from "../../../tests/harness/scripted_broker.ts";
import { firstOf } from "../../base/items.ts";
import { denoRuntime } from "../../runtime/deno.ts";
import type { Clock } from "../../runtime/ports.ts";
import { Client } from "../client.ts";
import { KafkaError } from "../faults.ts";
import { Producer } from "./producer.ts";

const runtime = denoRuntime();

/** One record in each batch, so that as many are under way as may be. */
const single = { batchBytes: 1 };

function batchOf(request: ProduceRequest): Uint8Array {
  return firstOf(firstOf(request.topicData).partitionData).records!.slice();
}

/** A partition's log, as a broker keeps it that remembers so many batches of its producer. */
class SequencedLog {
  readonly values: string[] = [];
  #next = 0;
  #epoch = 0;
  #known: { sequence: number; offset: number }[] = [];
  remembered = 5;

  append(records: Uint8Array): { errorCode: number; baseOffset: number } {
    const { baseSequence, producerEpoch } = readBatchHeader(records);
    if (producerEpoch > this.#epoch) {
      this.#epoch = producerEpoch;
      this.#next = 0;
      this.#known = [];
    }
    this.#known = this.#known.slice(-this.remembered);
    const known = this.#known.find(({ sequence }) => sequence === baseSequence);
    if (known !== undefined) return { errorCode: ErrorCode.NONE, baseOffset: known.offset };
    if (baseSequence !== this.#next) {
      return { errorCode: ErrorCode.OUT_OF_ORDER_SEQUENCE_NUMBER, baseOffset: -1 };
    }
    const baseOffset = this.values.length;
    const values = readRecords(records).map(({ value }) => fromUtf8(value!));
    this.values.push(...values);
    this.#next += values.length;
    this.#known.push({ sequence: baseSequence, offset: baseOffset });
    return { errorCode: ErrorCode.NONE, baseOffset };
  }
}

const names = Array.from({ length: 12 }, (_, i) => `${i}`);

function sendAll(producer: Producer): Promise<number>[] {
  return names.map(async (value) =>
    (await producer.send({ topic: "orders", partition: 0, value })).offset
  );
}

Deno.test("five batches of a partition are under way, and no more", async () => {
  const five = Promise.withResolvers<void>();
  const log = new SequencedLog();
  const held: ProduceRequest[] = [];
  await using broker = await ScriptedBroker.start({
    Produce: (request) => {
      held.push(request);
      if (held.length === 5) five.resolve();
      return "silence";
    },
  });
  const client = await broker.connect();
  const producer = new Producer(client, { ...single, deliveryTimeoutMs: 1 });
  const sent = Promise.allSettled(sendAll(producer));
  await within(five.promise, { ms: 10_000, what: () => `five requests, not ${held.length}` });
  client.close();
  await sent;
  for (const request of held) log.append(batchOf(request));
  assertEquals(log.values, names.slice(0, 5));
  await producer.close();
});

Deno.test("what stands behind a batch that was refused goes out after it again", async () => {
  const log = new SequencedLog();
  const refusals = [ErrorCode.NOT_LEADER_OR_FOLLOWER, 0, 0, 0, 0, ErrorCode.NOT_ENOUGH_REPLICAS];
  await using broker = await ScriptedBroker.start({
    Produce: (request) =>
      produced(request, (records) => {
        const errorCode = refusals.shift() ?? 0;
        return errorCode === 0 ? log.append(records) : { errorCode, baseOffset: -1 };
      }),
  });
  const client = await broker.connect();
  const producer = new Producer(client, single);
  assertEquals(await Promise.all(sendAll(producer)), names.map(Number));
  assertEquals(log.values, names);
  await producer.close();
  client.close();
});

Deno.test("a broker that remembers the last batch alone tells that all are there", async () => {
  const log = new SequencedLog();
  let requests = 0;
  await using broker = await ScriptedBroker.start({
    Produce: (request) => {
      const answer = produced(request, (records) => log.append(records));
      // Appended, not answered, forgotten but for the last.
      if (++requests < 5) return "silence";
      if (requests > 5) return answer;
      log.remembered = 1;
      return "close";
    },
  });
  const client = await broker.connect();
  const producer = new Producer(client, single);
  const offsets = await Promise.all(sendAll(producer));
  assertEquals(log.values, names, "each is there once");
  assertEquals(offsets, [-1, -1, -1, -1, ...names.slice(4).map(Number)]);
  await producer.close();
  client.close();
});

Deno.test("a record that is refused for good takes nobody with it", async () => {
  const log = new SequencedLog();
  await using broker = await ScriptedBroker.start({
    Produce: (request) =>
      produced(request, (records) => {
        const { value } = firstOf(readRecords(records));
        if (fromUtf8(value!) !== "3") return log.append(records);
        return { errorCode: ErrorCode.INVALID_RECORD, baseOffset: -1 };
      }),
  });
  const client = await broker.connect();
  const producer = new Producer(client, single);
  const sent = await Promise.allSettled(sendAll(producer));
  assertEquals(sent.map(({ status }) => status).indexOf("rejected"), 3);
  assertEquals(sent.filter(({ status }) => status === "rejected").length, 1);
  assertEquals(log.values, names.filter((name) => name !== "3"));
  await producer.close();
  client.close();
});

Deno.test("what a leader may have appended before it moved is not numbered anew", async () => {
  const log = new SequencedLog();
  let requests = 0;
  await using broker = await ScriptedBroker.start({
    Produce: (request) => {
      const isFirst = ++requests === 1;
      return produced(request, (records) => {
        const { value } = firstOf(readRecords(records));
        // For its sake the producer goes on under its next epoch.
        if (fromUtf8(value!) === "bad") {
          return { errorCode: ErrorCode.INVALID_RECORD, baseOffset: -1 };
        }
        const answer = log.append(records);
        if (!isFirst) return answer;
        return { errorCode: ErrorCode.NOT_LEADER_OR_FOLLOWER, baseOffset: -1 };
      });
    },
  });
  const client = await broker.connect();
  const producer = new Producer(client);
  const [sent, refused] = await Promise.allSettled([
    producer.send({ topic: "orders", partition: 0, value: "good" }),
    producer.send({ topic: "orders", partition: 1, value: "bad" }),
  ]);
  assertEquals([sent.status, refused.status], ["fulfilled", "rejected"]);
  assertEquals(log.values, ["good"], "it is there once");
  await producer.close();
  client.close();
});

Deno.test("a refusal that names the new leader is followed without asking anybody", async () => {
  const asked = { metadata: 0, first: 0, second: 0 };
  await using second = await ScriptedBroker.start({
    Produce: (request) => {
      asked.second++;
      return produced(request, () => ({ errorCode: 0, baseOffset: 7 }));
    },
  });
  await using first = await ScriptedBroker.start({
    Metadata: () => {
      asked.metadata++;
      return undefined;
    },
    Produce: (request) => {
      asked.first++;
      const answer = produced(request, () => ({
        errorCode: ErrorCode.NOT_LEADER_OR_FOLLOWER,
        baseOffset: -1,
        currentLeader: { leaderId: 2, leaderEpoch: 9 },
      }));
      const endpoint = { nodeId: 2, host: "127.0.0.1", port: second.port, rack: null };
      return { ...answer, nodeEndpoints: [endpoint] };
    },
  });
  const client = await first.connect();
  const producer = new Producer(client);
  const { offset } = await producer.send({ topic: "orders", partition: 1, value: "x" });
  assertEquals(offset, 7);
  assertEquals(asked, { metadata: 2, first: 1, second: 1 });
  await producer.close();
  client.close();
});

Deno.test("many records are sent for the price of one promise", async () => {
  await using broker = await ScriptedBroker.start({
    Produce: (request) => produced(request, () => ({ errorCode: 0, baseOffset: 40 })),
  });
  const client = await broker.connect();
  const producer = new Producer(client);
  const records = [0, 1, 0].map((partition) => ({ topic: "orders", partition, value: "x" }));
  const sent = await producer.send(records);
  assertEquals(sent.map(({ partition, offset }) => [partition, offset]), [[0, 40], [1, 40], [
    0,
    41,
  ]]);
  assertEquals(await producer.send([]), []);
  const wrong = producer.send([records[0]!, { topic: "orders", partition: 2, value: "x" }]);
  await assertRejects(() => wrong, KafkaError, "the topic has partitions 0 to 1");
  await producer.close();
  client.close();
});

/** How often a client looks at the clock while two records go to each of so many partitions. */
async function looksFor(count: number): Promise<number> {
  let looks = 0;
  await using broker = await ScriptedBroker.start({
    Metadata: (request) => topicOf(count, { port: broker.port, request }),
    Produce: (request) => produced(request, () => ({ errorCode: 0, baseOffset: 0 })),
  });
  const clock: Clock = {
    now: () => runtime.clock.now(),
    monotonic() {
      looks++;
      return runtime.clock.monotonic();
    },
  };
  const bootstrap = `127.0.0.1:${broker.port}`;
  const client = await Client.connect({ ...runtime, clock }, { bootstrap });
  const producer = new Producer(client, { lingerMs: 1 });
  for (let round = 0; round < 2; round++) {
    const records = Array.from({ length: count }, (_, partition) => ({
      topic: "orders",
      partition,
      value: "x",
    }));
    await producer.send(records);
  }
  await producer.close();
  client.close();
  return looks;
}

function topicOf(count: number, { port, request }: { port: number; request: Message }): Message {
  const partitions = Array.from({ length: count }, (_, partitionIndex) => ({
    errorCode: 0,
    partitionIndex,
    leaderId: 1,
    replicaNodes: [1],
    isrNodes: [1],
  }));
  const topics = (request.topics ?? []).map(({ name }: Message) => ({
    errorCode: 0,
    name,
    partitions,
  }));
  return { brokers: [{ nodeId: 1, host: "127.0.0.1", port }], controllerId: 1, topics };
}

Deno.test("ten times the partitions cost ten times the work", async () => {
  const few = await looksFor(100);
  const many = await looksFor(1000);
  assert(many < 15 * few, `${many} looks for 1000 partitions, ${few} for 100`);
});
