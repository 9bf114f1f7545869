// Brokers that do not answer, answer half, or answer what no broker should: what a client makes of
// it, in simulated time, to the second.

import { assert, assertEquals, assertRejects } from "@std/assert";
import { ConnectionFault, PlatformFault, UsageFault } from "../base/faults.ts";
import { fromUtf8 } from "../base/bytes.ts";
import { ErrorCode, ListGroups } from "../protocol/mod.ts";
import { readBatchHeader, readRecords } from "../records/mod.ts";
import { rudeHost, withRude } from "../../tests/harness/rude_broker.ts";
import {
  type Message,
  produced,
  type Script,
  type ScriptedBroker,
} from "../../tests/harness/scripted_broker.ts";
import { Consumer } from "./consumer/consumer.ts";
import { KafkaError } from "./faults.ts";
import { commitOffsets } from "./admin/group_offsets.ts";
import { Producer } from "./producer/producer.ts";
import { sleep } from "./retry.ts";

function valuesOf(records: Uint8Array): string[] {
  return readRecords(records).map(({ value }) => fromUtf8(value!));
}

const host = rudeHost;
const unknownCode = 9999;

Deno.test("metadata that never comes is asked for once more, by another connection", async () => {
  let asked = 0;
  const script = { Metadata: () => ++asked === 2 ? "silence" : undefined };
  await withRude(script, async ({ broker, connect, seconds }) => {
    const client = await connect({ requestTimeoutMs: 7000 });
    const { topics } = await client.fetchMetadata(["orders"]);
    assertEquals([topics.length, seconds(), broker.connections], [1, 7, 2]);
    client.close();
  });
});

Deno.test("a broker that takes connections and says nothing is given up", async () => {
  await withRude({ ApiVersions: () => "silence" }, async ({ connect, seconds }) => {
    const error = await assertRejects(() => connect({ connectTimeoutMs: 4000 }), PlatformFault);
    assert(error.message.includes("no connection within 4000 ms"), error.message);
    assertEquals(seconds(), 4);
  });
});

Deno.test("records without an answer are sent again until their time is over", async () => {
  let asked = 0;
  const script: Script = {
    Produce: () => {
      asked++;
      return "silence";
    },
  };
  await withRude(script, async ({ connect, seconds }) => {
    const client = await connect({ requestTimeoutMs: 10_000 });
    const producer = new Producer(client, { deliveryTimeoutMs: 25_000 });
    const sent = producer.send({ topic: "orders", value: "paid" });
    await assertRejects(() => sent, ConnectionFault, "no answer to Produce within 10000 ms");
    assertEquals([asked, seconds()], [3, 30], "begun within 25 seconds, and waited for");
    await producer.close();
    client.close();
  });
});

Deno.test("what cannot be delivered in time is given up with the last refusal", async () => {
  const script: Script = {
    Produce: (request) =>
      produced(request, () => ({ errorCode: ErrorCode.NOT_LEADER_OR_FOLLOWER, baseOffset: -1 })),
  };
  await withRude(script, async ({ connect, seconds }) => {
    const client = await connect();
    const producer = new Producer(client, { deliveryTimeoutMs: 20_000 });
    const sent = producer.send({ topic: "orders", partition: 0, value: "a" });
    await assertRejects(() => sent, KafkaError, "NOT_LEADER_OR_FOLLOWER");
    assert(seconds() <= 20, `${seconds()} seconds`);
    await producer.close();
    client.close();
  });
});

Deno.test("half of an answer ends the connection, and the next request has another", async () => {
  let asked = 0;
  const script: Script = {
    ListGroups: () => ({ errorCode: 0, groups: [], isCut: ++asked === 1 }),
  };
  await withRude(script, async ({ connect }) => {
    const client = await connect();
    const ask = () => client.request(ListGroups, {}, { to: "any" });
    await assertRejects(ask, ConnectionFault, "the broker closed in the middle of a response");
    assertEquals((await ask()).groups, []);
    client.close();
  });
});

Deno.test("an error code that nobody knows is told by its number, and not repeated", async () => {
  let fetches = 0;
  const script: Script = {
    Produce: (request) => produced(request, () => ({ errorCode: unknownCode, baseOffset: -1 })),
    Fetch: ({ topics: [{ topic }] }) => {
      fetches++;
      const none = { highWatermark: 0, records: new Uint8Array(0) };
      const partitions = [{ partitionIndex: 0, errorCode: unknownCode, ...none }];
      return { sessionId: 0, responses: [{ topic, partitions }] };
    },
  };
  await withRude(script, async ({ connect }) => {
    const client = await connect();
    const producer = new Producer(client);
    const sent = producer.send({ topic: "orders", value: "paid" });
    const refused = await assertRejects(() => sent, KafkaError, "Error code 9999 is not known.");
    assertEquals([refused.code, refused.isRetriable], ["ERROR_9999", false]);
    const consumer = new Consumer(client);
    consumer.assign([{ topic: "orders", partition: 0, at: 0 }]);
    await assertRejects(() => consumer.poll({ timeoutMs: 60_000 }), KafkaError, "ERROR_9999");
    assertEquals(fetches, 1);
    await producer.close();
    await consumer.close();
    client.close();
  });
});

Deno.test("a coordinator that has moved is looked for, one that loads waited for", async () => {
  const codes = [
    ErrorCode.NOT_COORDINATOR,
    ErrorCode.COORDINATOR_LOAD_IN_PROGRESS,
    ErrorCode.COORDINATOR_NOT_AVAILABLE,
    ErrorCode.NONE,
  ];
  const story: string[] = [];
  const script = (broker: () => ScriptedBroker): Script => ({
    FindCoordinator(request): Message {
      story.push("look");
      const [key] = request.coordinatorKeys;
      const found = { key, nodeId: 1, host, port: broker().port, errorCode: 0 };
      return { coordinators: [found] };
    },
    OffsetCommit({ topics: [{ name, partitions }] }): Message {
      const errorCode = codes.shift()!;
      story.push(`commit ${errorCode}`);
      const answers = partitions.map((each: Message) => ({ ...each, errorCode }));
      return { topics: [{ name, partitions: answers }] };
    },
  });
  let scripted: ScriptedBroker | undefined;
  await withRude(script(() => scripted!), async ({ broker, connect }) => {
    scripted = broker;
    const client = await connect();
    const offsets = [{ topic: "orders", partition: 0, offset: 4 }];
    await commitOffsets(client, "billing", { offsets });
    client.close();
  });
  assertEquals(story, [
    "look",
    "commit 16",
    "look",
    "commit 14",
    "look",
    "commit 15",
    "look",
    "commit 0",
  ]);
});

Deno.test("a leader that moves again and again is followed", async () => {
  let epoch = 1;
  const taken: number[] = [];
  const script = (broker: () => ScriptedBroker): Script => ({
    Produce(request) {
      const answer = produced(request, () => ({ errorCode: 0, baseOffset: taken.length }));
      if (epoch++ % 3 !== 0) {
        const [{ partitionResponses: [part] }] = answer.responses;
        part.errorCode = ErrorCode.NOT_LEADER_OR_FOLLOWER;
        part.currentLeader = { leaderId: 1, leaderEpoch: epoch };
        answer.nodeEndpoints = [{ nodeId: 1, host, port: broker().port, rack: null }];
      } else taken.push(epoch);
      return answer;
    },
  });
  let scripted: ScriptedBroker | undefined;
  await withRude(script(() => scripted!), async ({ broker, connect, seconds }) => {
    scripted = broker;
    const client = await connect();
    const producer = new Producer(client);
    for (let i = 0; i < 5; i++) await producer.send({ topic: "orders", partition: 0, value: "x" });
    assertEquals(taken.length, 5);
    assert(seconds() < 10, `${seconds()} seconds`);
    await producer.close();
    client.close();
  });
});

Deno.test("closing is given up with its signal: what has no verdict fails at once", async () => {
  await withRude({ Produce: () => "silence" }, async ({ connect, seconds }) => {
    const client = await connect();
    const producer = new Producer(client, { lingerMs: 60_000 });
    const sent = producer.send({ topic: "orders", partition: 0, value: "paid" });
    const stop = new AbortController();
    const closing = producer.close({ signal: stop.signal });
    client.ports.timers.after(3000, () => stop.abort(new Error("no time for that")));
    await assertRejects(() => closing, Error, "no time for that");
    await assertRejects(() => sent, ConnectionFault);
    await assertRejects(() => producer.send({ topic: "orders", value: "late" }), UsageFault);
    const consumer = new Consumer(client);
    await assertRejects(() => consumer.close({ signal: stop.signal }), Error, "no time");
    assertEquals(seconds(), 3);
    client.close();
  });
});

Deno.test("an answer that is no answer ends the connection, whatever its length says", async () => {
  const garbage = [
    // As long as it says, and nothing that the version allows.
    new Uint8Array([0, 0, 0, 8, 0, 0, 0, 99, 1, 2, 3, 4]),
    // Two gigabytes, less than none, and more than there is any need for.
    new Uint8Array([0x7f, 0xff, 0xff, 0xff, 0, 0, 0, 0]),
    new Uint8Array([0xff, 0xff, 0xff, 0xff, 0, 0, 0, 0]),
    new Uint8Array([0x30, 0, 0, 0, 0, 0, 0, 0]),
  ];
  let asked = 0;
  const script: Script = {
    ListGroups: () => garbage[asked++] ?? { errorCode: 0, groups: [] },
  };
  await withRude(script, async ({ broker, connect }) => {
    const client = await connect();
    const ask = () => client.request(ListGroups, {}, { to: "any" });
    for (const _ of garbage) await assertRejects(ask, ConnectionFault);
    assertEquals((await ask()).groups, []);
    assertEquals(broker.connections, 1 + garbage.length);
    client.close();
  });
});

Deno.test("a producer that is throttled for long waits as long, and loses nothing", async () => {
  const values: string[] = [];
  const script: Script = {
    Produce: (request) => ({
      throttleTimeMs: values.length === 0 ? 30_000 : 0,
      ...produced(request, (records) => {
        values.push(...valuesOf(records));
        return { errorCode: 0, baseOffset: values.length - 1 };
      }),
    }),
  };
  await withRude(script, async ({ connect, seconds }) => {
    const client = await connect({ requestTimeoutMs: 10_000 });
    const producer = new Producer(client);
    const topic = { topic: "orders", partition: 0 };
    await producer.send({ ...topic, value: "a" });
    assertEquals(seconds(), 0, "the answer itself has come");
    await Promise.all(["b", "c"].map((value) => producer.send({ ...topic, value })));
    assertEquals([values, seconds()], [["a", "b", "c"], 30]);
    await producer.close();
    client.close();
  });
});

Deno.test("partitions that are added are sent to, once the metadata is old enough", async () => {
  let count = 2;
  const script = (broker: () => ScriptedBroker): Script => ({
    Metadata: () => ({
      brokers: [{ nodeId: 1, host, port: broker().port }],
      topics: [{
        errorCode: 0,
        name: "orders",
        partitions: Array.from(
          { length: count },
          (_, partitionIndex) => ({ errorCode: 0, partitionIndex, leaderId: 1 }),
        ),
      }],
    }),
  });
  let scripted: ScriptedBroker | undefined;
  await withRude(script(() => scripted!), async ({ broker, connect, seconds }) => {
    scripted = broker;
    const client = await connect({ metadataAgeMsMax: 60_000 });
    const producer = new Producer(client, { partitioner: "roundRobin" });
    const used = new Map<number, number>();
    for (let i = 0; i < 200; i++) {
      const { partition } = await producer.send({ topic: "orders", value: "paid" });
      if (!used.has(partition)) used.set(partition, seconds());
      count = 4;
      await sleep(client.ports.timers, 1000);
    }
    assertEquals([...used.keys()].sort(), [0, 1, 2, 3]);
    const late = [used.get(2)!, used.get(3)!];
    assert(late.every((second) => second >= 60 && second <= 70), `${late}`);
    await producer.close();
    client.close();
  });
});

Deno.test("a record that is too large fails alone, between its neighbours", async () => {
  const taken: string[] = [];
  let next = { epoch: 0, sequence: 0 };
  const script: Script = {
    Produce: (request) =>
      produced(request, (records) => {
        const values = valuesOf(records);
        const { producerEpoch: epoch, baseSequence } = readBatchHeader(records);
        if (epoch > next.epoch) next = { epoch, sequence: 0 };
        if (baseSequence !== next.sequence) {
          return { errorCode: ErrorCode.OUT_OF_ORDER_SEQUENCE_NUMBER, baseOffset: -1 };
        }
        if (values.includes("large")) {
          return { errorCode: ErrorCode.MESSAGE_TOO_LARGE, baseOffset: -1 };
        }
        taken.push(...values);
        next.sequence += values.length;
        return { errorCode: 0, baseOffset: taken.length - values.length };
      }),
  };
  await withRude(script, async ({ connect }) => {
    const client = await connect();
    const producer = new Producer(client);
    const sent = await Promise.allSettled(
      ["a", "b", "large", "c", "d"].map((value) =>
        producer.send({ topic: "orders", partition: 0, value })
      ),
    );
    assertEquals(sent.map(({ status }) => status === "fulfilled"), [true, true, false, true, true]);
    assertEquals((sent[2] as PromiseRejectedResult).reason.code, "MESSAGE_TOO_LARGE");
    assertEquals(taken, ["a", "b", "c", "d"]);
    await producer.close();
    client.close();
  });
});

Deno.test("a broker that nobody reaches where it says it is, is told of by that", async () => {
  const elsewhere = { nodeId: 1, host: "10.0.0.9", port: 9092 };
  const script: Script = {
    Metadata: () => ({
      brokers: [elsewhere],
      topics: [{
        errorCode: 0,
        name: "orders",
        partitions: [{ errorCode: 0, partitionIndex: 0, leaderId: 1 }],
      }],
    }),
  };
  await withRude(script, async ({ connect }) => {
    const client = await connect();
    const producer = new Producer(client, { deliveryTimeoutMs: 5000 });
    const place = "cannot reach broker 1 at 10.0.0.9:9092, where it says that it is";
    const send = () => producer.send({ topic: "orders", value: "paid" });
    await assertRejects(send, PlatformFault, place);
    const told: string[] = [];
    const consumer = new Consumer(client, {
      onTrouble: (trouble) => trouble && told.push(trouble.message),
    });
    consumer.assign([{ topic: "orders", partition: 0, at: 0 }]);
    assertEquals(await consumer.poll({ timeoutMs: 5000 }), []);
    assert(told[0]?.startsWith(place), told[0]);
    await producer.close();
    await consumer.close();
    client.close();
  });
});

Deno.test("brokers are reached by IPv6, and told of as they are written", async () => {
  const host = "fd00::1";
  await withRude({}, async ({ broker, connect }) => {
    const client = await connect({ bootstrap: `[${host}]:1, [${host}]:${broker.port}` });
    const producer = new Producer(client);
    assertEquals((await producer.send({ topic: "orders", value: "paid" })).offset, 0);
    await producer.close();
    client.close();
    const nobody = () => connect({ bootstrap: `[${host}]:1` });
    await assertRejects(nobody, PlatformFault, "cannot reach [fd00::1]:1: connection refused");
  }, { host });
});

Deno.test("a poll ends in its time, however long the group waits for a member", async () => {
  let joins = 0;
  const script = (broker: () => ScriptedBroker): Script => ({
    FindCoordinator: ({ coordinatorKeys: [key] }) => ({
      coordinators: [{ key, nodeId: 1, host, port: broker().port, errorCode: 0 }],
    }),
    JoinGroup: () => {
      joins++;
      return "silence";
    },
  });
  let scripted: ScriptedBroker | undefined;
  await withRude(script(() => scripted!), async ({ broker, connect, seconds }) => {
    scripted = broker;
    const client = await connect();
    const consumer = new Consumer(client, { groupId: "billing", rebalanceTimeoutMs: 60_000 });
    consumer.subscribe(["orders"]);
    for (const second of [2, 4, 6]) {
      assertEquals(await consumer.poll({ timeoutMs: 2000 }), []);
      assertEquals(seconds(), second);
    }
    assertEquals(joins, 1, "what was begun goes on");
    await consumer.close();
    client.close();
  });
});
