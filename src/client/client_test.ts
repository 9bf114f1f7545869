// The client against a broker that follows a script: what it sends, and what it makes of answers,
// lost connections and silence. Over the runtime's real network, on free ports.

import { assertEquals, assertRejects } from "@std/assert";
import { fromUtf8, utf8 } from "../base/bytes.ts";
import { ConnectionFault, PlatformFault } from "../base/faults.ts";
import type { ProducerId } from "../base/ids.ts";
import { ErrorCode, Heartbeat, ListGroups, type ProduceRequest } from "../protocol/mod.ts";
import { readBatchHeader, readRecords } from "../records/mod.ts";
import { denoRuntime } from "../runtime/deno.ts";
import type { Timers } from "../runtime/ports.ts";
import { within } from "../../tests/harness/deadline.ts";
import { produced, ScriptedBroker } from "../../tests/harness/scripted_broker.ts";
import { firstOf } from "../base/items.ts";
import { Client } from "./client.ts";
import { BrokerConnection } from "./network/connection.ts";
import { KafkaError } from "./faults.ts";
import { Producer } from "./producer/producer.ts";

const runtime = denoRuntime();

function valuesOf(records: Uint8Array): string[] {
  return readRecords(records).map((record) => fromUtf8(record.value!));
}

const heartbeat = { groupId: "g", generationId: 1, memberId: "m" };

Deno.test("a client falls back to the ApiVersions that an old broker knows", async () => {
  const asked: number[] = [];
  await using broker = await ScriptedBroker.start({
    ApiVersions: (_, version) => {
      asked.push(version);
      if (version === 0) return undefined;
      const apiKeys = [{ apiKey: 18, minVersion: 0, maxVersion: 0 }];
      return { asVersion: 0, errorCode: ErrorCode.UNSUPPORTED_VERSION, apiKeys };
    },
  });
  const client = await broker.connect();
  assertEquals(asked, [4, 0]);
  client.close();
});

Deno.test("requests are pipelined, five at a time, and answered in order", async () => {
  const arrived = Promise.withResolvers<void>();
  let count = 0;
  await using broker = await ScriptedBroker.start({
    Heartbeat: () => {
      if (++count === 5) arrived.resolve();
      return count <= 5 ? "silence" : { errorCode: 0 };
    },
    ListGroups: () => ({ errorCode: 0, groups: [], throttleTimeMs: ++count }),
  });
  const client = await broker.connect();
  const ask = () => client.request(ListGroups, {}, { to: "any" });
  const answers = await Promise.all(Array.from({ length: 12 }, ask));
  assertEquals(answers.map((each) => each.throttleTimeMs), [1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12]);
  count = 0;
  const beats = Array.from(
    { length: 7 },
    () => client.request(Heartbeat, heartbeat, { to: "any" }).catch(() => "lost"),
  );
  await within(arrived.promise, { ms: 10_000, what: () => `five requests, not ${count}` });
  for (let turn = 0; turn < 20; turn++) await runtime.timers.turn();
  assertEquals(count, 5, "five wait for an answer, two for their turn");
  client.close();
  assertEquals(await Promise.all(beats), Array(7).fill("lost"));
});

Deno.test("a lost connection fails what was under way, and is replaced", async () => {
  let calls = 0;
  await using broker = await ScriptedBroker.start({
    Heartbeat: () => ++calls === 1 ? "silence" : calls === 2 ? "close" : { errorCode: 0 },
  });
  const client = await broker.connect();
  const lost = [1, 2].map(() => client.request(Heartbeat, heartbeat, { to: 1 }));
  for (const each of lost) await assertRejects(() => each, ConnectionFault);
  const answer = await client.request(Heartbeat, heartbeat, { to: 1 });
  assertEquals(answer.errorCode, 0);
  assertEquals(broker.connections, 2);
  client.close();
});

Deno.test("metadata is asked for once more when the connection ends under it", async () => {
  let asked = 0;
  await using broker = await ScriptedBroker.start({
    Metadata: () => ++asked === 2 ? "close" : undefined,
  });
  const client = await broker.connect();
  const { topics } = await client.fetchMetadata(["orders"]);
  assertEquals([topics.map(({ name }) => name), asked], [["orders"], 3]);
  client.close();
});

Deno.test("a connection that ends just as a request is to be written rejects it", async () => {
  await using broker = await ScriptedBroker.start({});
  const address = { host: "127.0.0.1", port: broker.port };
  const options = { clientId: "test", requestTimeoutMs: 1000, inFlightMax: 1 };
  const connection = await BrokerConnection.open(runtime, address, options);
  let verdict = "none";
  connection.request(ListGroups, {}).catch((error) => verdict = error.message);
  connection.close();
  for (let turn = 0; turn < 20; turn++) await runtime.timers.turn();
  assertEquals(verdict, "the connection was closed");
});

Deno.test("silence is not waited for longer than the request's timeout", async () => {
  await using broker = await ScriptedBroker.start({ Heartbeat: () => "silence" });
  const client = await broker.connect();
  await assertRejects(
    () => client.request(Heartbeat, heartbeat, { to: 1, timeoutMs: 20 }),
    ConnectionFault,
    "no answer to Heartbeat within 20 ms",
  );
  client.close();
});

Deno.test("a producer that has sent nothing asks for nothing, and closes at once", async () => {
  let asked = 0;
  await using broker = await ScriptedBroker.start({
    InitProducerId: () => {
      asked++;
      return "silence";
    },
  });
  const client = await broker.connect();
  const producer = new Producer(client);
  await producer.flush();
  // By then a question of its own connection would have come.
  for (let i = 0; i < 5; i++) await client.fetchMetadata([]);
  await producer.close();
  assertEquals(asked, 0);
  client.close();
});

Deno.test("after a throttle time nothing is sent until it is over, then in order", async () => {
  const throttleTimeMs = 4_711;
  let asked = 0;
  await using broker = await ScriptedBroker.start({
    ListGroups: () => ({ throttleTimeMs: asked++ === 0 ? throttleTimeMs : 0, groups: [] }),
  });
  let end = () => {};
  const timers: Timers = {
    ...runtime.timers,
    after: (ms, run) => {
      if (ms !== throttleTimeMs) return runtime.timers.after(ms, run);
      end = run;
      return { cancel() {} };
    },
  };
  const bootstrap = `127.0.0.1:${broker.port}`;
  const client = await Client.connect({ ...runtime, timers }, { bootstrap });
  const ask = (lane?: string) => client.request(ListGroups, {}, { to: "any", lane });
  await ask();
  const order: number[] = [];
  const later = [0, 1, 2].map((i) => ask().then(() => order.push(i)));
  // Another connection is not the one that waits, and its answer comes after theirs would have.
  await ask("other");
  assertEquals([asked, order], [2, []]);
  end();
  await Promise.all(later);
  assertEquals([asked, order], [5, [0, 1, 2]]);
  await ask();
  client.close();
});

Deno.test("a port where something else listens is told apart from a broker", async () => {
  const listener = await runtime.network.listen({ host: "127.0.0.1", port: 0 }, async (socket) => {
    await socket.write(utf8("HTTP/1.1 400 Bad Request\r\n\r\n"))?.catch(() => {});
  });
  const { port } = listener.address;
  await assertRejects(
    () => Client.connect(runtime, { bootstrap: `127.0.0.1:${port}` }),
    PlatformFault,
    "what listens there speaks HTTP, not Kafka's",
  );
  await listener.close();
  await assertRejects(
    () => Client.connect(runtime, { bootstrap: `127.0.0.1:${port}` }),
    PlatformFault,
    `cannot reach 127.0.0.1:${port}: connection refused`,
  );
});

Deno.test("a topic that does not exist is an error, not a wait", async () => {
  await using broker = await ScriptedBroker.start({});
  const client = await broker.connect();
  const fault = await assertRejects(() => client.topic("nowhere"), KafkaError);
  assertEquals(fault.code, "UNKNOWN_TOPIC_OR_PARTITION");
  client.close();
});

Deno.test("a producer repeats the same bytes after a lost connection, in order", async () => {
  const received: Uint8Array[] = [];
  const arrived = Promise.withResolvers<void>();
  await using broker = await ScriptedBroker.start({
    Produce: (request: ProduceRequest) => {
      received.push(firstOf(firstOf(request.topicData).partitionData).records!.slice());
      arrived.resolve();
      return received.length === 1 ? "close" : undefined;
    },
  });
  const client = await broker.connect();
  const producer = new Producer(client);
  const first = producer.send({ topic: "orders", partition: 0, value: "a" });
  await within(arrived.promise, { ms: 10_000, what: () => "a Produce request" });
  const second = producer.send({ topic: "orders", partition: 0, value: "b" });
  await Promise.all([first, second]);
  assertEquals(received.map(valuesOf), [["a"], ["a"], ["b"]]);
  assertEquals(received[1], received[0]);
  assertEquals(received.map((each) => readBatchHeader(each).baseSequence), [0, 0, 1]);
  await producer.close();
  client.close();
});

Deno.test("a refusal that may pass is repeated, one that cannot pass rejects", async () => {
  const codes = [ErrorCode.NOT_LEADER_OR_FOLLOWER, ErrorCode.NONE, ErrorCode.INVALID_RECORD];
  await using broker = await ScriptedBroker.start({
    Produce: (request) => produced(request, () => ({ errorCode: codes.shift()!, baseOffset: 5 })),
  });
  const client = await broker.connect();
  const producer = new Producer(client);
  assertEquals((await producer.send({ topic: "orders", partition: 1, value: "a" })).offset, 5);
  const fault = await assertRejects(
    () => producer.send({ topic: "orders", partition: 1, value: "b" }),
    KafkaError,
  );
  assertEquals(fault.code, "INVALID_RECORD");
  assertEquals(codes, []);
  await producer.close();
  client.close();
});

Deno.test("a producer that the broker has lost track of goes on under its next epoch", async () => {
  let ids = 0;
  const seen: [ProducerId, number, number][] = [];
  await using broker = await ScriptedBroker.start({
    InitProducerId: () => ({ errorCode: 0, producerId: ++ids, producerEpoch: 0 }),
    Produce: (request) =>
      produced(request, (records) => {
        const { producerId, producerEpoch, baseSequence } = readBatchHeader(records);
        seen.push([producerId, producerEpoch, baseSequence]);
        const isLost = producerEpoch === 0 && baseSequence > 0;
        const code = isLost ? ErrorCode.OUT_OF_ORDER_SEQUENCE_NUMBER : ErrorCode.NONE;
        return { errorCode: code, baseOffset: seen.length };
      }),
  });
  const client = await broker.connect();
  const producer = new Producer(client);
  for (const value of ["a", "b", "c"]) {
    await producer.send({ topic: "orders", partition: 0, value });
  }
  assertEquals(seen, [[1, 0, 0], [1, 0, 1], [1, 1, 0], [1, 1, 1]]);
  await producer.close();
  client.close();
});

Deno.test("a batch of unknown fate fails rather than risk a second copy", async () => {
  let attempts = 0;
  let ids = 0;
  await using broker = await ScriptedBroker.start({
    InitProducerId: () => ({ errorCode: 0, producerId: ++ids, producerEpoch: 0 }),
    Produce: (request) => {
      if (++attempts === 1) return "close";
      return produced(request, (records) => ({
        errorCode: readBatchHeader(records).producerEpoch === 0
          ? ErrorCode.UNKNOWN_PRODUCER_ID
          : ErrorCode.NONE,
        baseOffset: 0,
      }));
    },
  });
  const client = await broker.connect();
  const producer = new Producer(client);
  const fault = await assertRejects(
    () => producer.send({ topic: "orders", partition: 0, value: "a" }),
    KafkaError,
  );
  assertEquals(fault.code, "UNKNOWN_PRODUCER_ID");
  assertEquals((await producer.send({ topic: "orders", partition: 0, value: "b" })).offset, 0);
  assertEquals([attempts, ids], [3, 1]);
  await producer.close();
  client.close();
});

Deno.test("a batch that is too large goes out in halves", async () => {
  const received: string[][] = [];
  await using broker = await ScriptedBroker.start({
    Produce: (request) =>
      produced(request, (records) => {
        const values = valuesOf(records);
        received.push(values);
        const isLarge = values.length > 2;
        return {
          errorCode: isLarge ? ErrorCode.MESSAGE_TOO_LARGE : ErrorCode.NONE,
          baseOffset: received.length * 10,
        };
      }),
  });
  const client = await broker.connect();
  const producer = new Producer(client);
  const sent = await Promise.all(
    ["a", "b", "c", "d"].map((value) => producer.send({ topic: "orders", partition: 0, value })),
  );
  assertEquals(received, [["a", "b", "c", "d"], ["a", "b"], ["c", "d"]]);
  assertEquals(sent.map((each) => each.offset), [20, 21, 30, 31]);
  await producer.close();
  client.close();
});
