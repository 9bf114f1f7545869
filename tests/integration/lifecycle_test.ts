// The broker as a process: it ends when it is asked to, whoever is connected; it owns its data
// folder; it comes back from any end.

import { assert, assertEquals, assertLess, assertMatch } from "@std/assert";
import { Fetch, JoinGroup, Metadata, Produce } from "../../src/protocol/mod.ts";
import { BrokerProcess } from "../harness/broker_process.ts";
import { OttlaProgram } from "../harness/ottla_program.ts";
import { RawClient, request } from "../harness/raw_client.ts";
import {
  batchOf,
  fetchFrom,
  fetchRequest,
  makeTopic,
  produceRequest,
  produceTo,
  recordsOf,
} from "../harness/raw_requests.ts";
import { simulated } from "../harness/simulated_broker.ts";
import { targetsHere } from "../harness/targets.ts";
import { utf8 } from "../../src/base/bytes.ts";

/** Clients of every kind; `end` tells what the one that sends without a pause has been told. */
async function busyClients(connect: () => Promise<RawClient>) {
  const [idle, deaf, poller, member, producer, stalled] = await Promise.all([
    connect(),
    connect(),
    connect(),
    connect(),
    connect(),
    connect(),
  ]);
  const { name: topic } = await makeTopic(producer);
  const large = batchOf(["x".repeat(500_000)]);
  await produceTo(producer, { topic, records: large });
  await idle.assertServed();
  // Asks for more than fits into the socket buffers, and never reads an answer.
  const greedy = request(Fetch, 12, fetchRequest({ topic }));
  for (let i = 0; i < 100; i++) await deaf.send(greedy);
  await poller.send(request(Fetch, 12, fetchRequest({ topic, offset: 1, maxWaitMs: 600_000 })));
  // The first half of a request that never comes to its end.
  await stalled.send(request(Metadata, 9, { topics: null }).subarray(0, 9));
  await joinAndWait(connect, member);
  let acknowledged = 0;
  const producing = (async () => {
    try {
      for (;;) {
        const { errorCode } = await produceTo(producer, { topic, records: batchOf(["y"]) });
        if (errorCode === 0) acknowledged++;
      }
    } catch {
      // The end of the connection is what this waits for.
    }
  })();
  while (acknowledged < 20) await idle.assertServed();
  return {
    topic,
    async end() {
      await producing;
      for (const client of [idle, deaf, poller, member, producer, stalled]) {
        client[Symbol.dispose]();
      }
      return acknowledged;
    },
  };
}

/** A JoinGroup that waits for another member, which never rejoins. */
async function joinAndWait(
  connect: () => Promise<RawClient>,
  member: RawClient,
): Promise<void> {
  using other = await connect();
  const join = {
    groupId: "waiting",
    sessionTimeoutMs: 30_000,
    rebalanceTimeoutMs: 300_000,
    memberId: "",
    protocolType: "consumer",
    protocols: [{ name: "range", metadata: utf8("m") }],
  };
  await other.ask(JoinGroup, 3, join);
  await member.send(request(JoinGroup, 3, join));
}

Deno.test("a broker with every kind of client closes within two seconds", () =>
  simulated({}, async ({ broker, connect, nowMs }) => {
    const clients = await busyClients(connect);
    const beganMs = nowMs();
    await broker.close();
    assertLess(nowMs() - beganMs, 2_000);
    assert(await clients.end() >= 20);
  }));

for (const target of await targetsHere()) {
  for (const signal of ["SIGTERM", "SIGINT"] as const) {
    Deno.test(`${signal} ends it with every kind of client connected, on ${target}`, async () => {
      await using broker = await BrokerProcess.start({ target });
      const clients = await busyClients(() => RawClient.connect(broker));
      const { code } = await broker.stop(signal);
      const acknowledged = await clients.end();
      assertEquals(code, 0, broker.output);
      await broker.restart();
      using client = await RawClient.connect(broker);
      const { highWatermark } = await fetchFrom(client, { topic: clients.topic, offset: 1 });
      assert(highWatermark >= acknowledged + 1, "what was acknowledged is there");
    });
  }

  Deno.test(`an idle broker ends cleanly, on ${target}`, async () => {
    await using broker = await BrokerProcess.start({ target });
    using client = await RawClient.connect(broker);
    await client.assertServed();
    const { code } = await broker.stop();
    assertEquals(code, 0, broker.output);
    await client.assertClosed();
  });

  Deno.test(`a second broker on the same folder is refused, on ${target}`, async () => {
    await using broker = await BrokerProcess.start({ target });
    const args = ["--port", "0", "--data-dir", broker.dataDir];
    await using second = await OttlaProgram.run({ target, args });
    const { code, stderr } = await second.ended();
    assertEquals(code, 1);
    assertMatch(stderr, new RegExp(`process ${broker.pid}\\b`), "it names the process");
    assert(stderr.includes(broker.dataDir), "and the folder");
    assertEquals(stderr.trim().split("\n").length, 1, stderr);
    using client = await RawClient.connect(broker);
    await client.assertServed();
  });

  Deno.test(`a port that is taken is named, with what to do, on ${target}`, async () => {
    await using broker = await BrokerProcess.start({ target });
    const args = ["--host", "127.0.0.1", "--port", `${broker.port}`, "--ephemeral"];
    await using second = await OttlaProgram.run({ target, args });
    const { code, stderr } = await second.ended();
    assertEquals(code, 1);
    assertMatch(stderr, new RegExp(`127\\.0\\.0\\.1:${broker.port}`));
    assertMatch(stderr, /--port/);
  });

  Deno.test(`it sets unknown logs aside and nothing else, on ${target}`, async () => {
    await using broker = await BrokerProcess.start({ target });
    await broker.stop();
    const at = broker.dataDir;
    await Deno.mkdir(`${at}/my-app-2`);
    await Deno.writeTextFile(`${at}/my-app-2/debug.log`, "not a broker's");
    await Deno.writeTextFile(`${at}/notes-3`, "a file, which only sounds like a partition");
    await Deno.mkdir(`${at}/gone-0`);
    await Deno.writeTextFile(`${at}/gone-0/00000000000000000000.log`, "");
    await broker.restart();
    const names = [...Deno.readDirSync(at)].map((each) => each.name);
    const found = names.filter((each) => /^(my-app|notes|gone)-/.test(each)).sort();
    assertEquals(found.map((each) => each.replace(/\.[0-9a-f]+-/, ".-")), [
      "gone-0.-stray",
      "my-app-2",
      "notes-3",
    ]);
  });

  Deno.test(`after kill -9 it starts again on its folder, on ${target}`, async () => {
    await using broker = await BrokerProcess.start({ target });
    let topic: string;
    {
      using client = await RawClient.connect(broker);
      topic = (await makeTopic(client)).name;
      for (const value of ["a", "b"]) {
        await produceTo(client, { topic, records: batchOf([value]) });
      }
      // Nobody waits for this one: it may be there or not, and must not be in the way.
      await client.send(
        request(Produce, 9, produceRequest({ topic, records: batchOf(["c"]), acks: 0 })),
      );
    }
    await broker.kill();
    await broker.restart();
    using client = await RawClient.connect(broker);
    const records = recordsOf(await fetchFrom(client, { topic }));
    assertEquals(records.slice(0, 2), [[0, "a"], [1, "b"]]);
    const next = await produceTo(client, { topic, records: batchOf(["d"]) });
    assertEquals(next.baseOffset, records.length);
  });
}
