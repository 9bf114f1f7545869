// Brokers that do not answer, answer half, or answer what no broker should: what a client makes of
// it, in simulated time, to the second.

import { assert, assertEquals, assertRejects } from "@std/assert";
import { ConnectionFault, PlatformFault, UsageFault } from "../base/faults.ts";
import { ErrorCode, ListGroups } from "../protocol/mod.ts";
import { simulate } from "../runtime/simulated.ts";
import {
  type Message,
  produced,
  type Script,
  ScriptedBroker,
} from "../../tests/harness/scripted_broker.ts";
import { inWorldTime } from "../../tests/harness/world_time.ts";
import { Client, type ClientOptions } from "./client.ts";
import { Consumer } from "./consumer/consumer.ts";
import { KafkaError } from "./faults.ts";
import { commitOffsets } from "./admin/group_offsets.ts";
import { Producer } from "./producer/producer.ts";

const host = "10.0.0.1";
const unknownCode = 9999;

interface Scene {
  readonly broker: ScriptedBroker;
  connect(options?: Partial<ClientOptions>): Promise<Client>;
  /** Simulated seconds that have passed. */
  seconds(): number;
}

/** Runs `scenario` with a broker that follows `script`, each on a machine of its own. */
async function withRude(script: Script, scenario: (at: Scene) => Promise<void>): Promise<void> {
  const world = simulate(1, { startMs: Date.now() });
  const { network } = world.start("broker");
  const machine = world.start("client");
  await inWorldTime({ world, clock: machine.clock }, async () => {
    await using broker = await ScriptedBroker.start(script, { network, host });
    const bootstrap = `${host}:${broker.port}`;
    await scenario({
      broker,
      connect: (options) => Client.connect(machine, { bootstrap, ...options }),
      seconds: () => Math.floor(world.nowMs / 1000),
    });
  });
}

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
