// Clients that reset their connections, at each moment of a conversation, against the program: what
// they leave behind is nothing, whoever comes after them is served, and it stops cleanly.

import { assertEquals } from "@std/assert";
import { Fetch, Metadata } from "../../src/protocol/mod.ts";
import { BrokerProcess } from "../harness/broker_process.ts";
import { within } from "../harness/deadline.ts";
import { RawClient, request } from "../harness/raw_client.ts";
import { batchOf, fetchRequest, makeTopic, produceTo } from "../harness/raw_requests.ts";
import { targetsWithNode } from "../harness/targets.ts";
import { connectRudely } from "../runtime/rude_peer.ts";

const connectionsMax = 20;
const resetsEach = 60;

/** It takes seconds, where nobody's place stays taken. */
const endsWithinMs = 60_000;

const metadata = bytes(request(Metadata, 9, { topics: null }));

function bytes(whole: Uint8Array): Uint8Array<ArrayBuffer> {
  return Uint8Array.from(whole);
}

/** What each of the rude ones sends before it resets. */
function openings(topic: string): Readonly<Record<string, Uint8Array<ArrayBuffer>>> {
  const fetch = (maxWaitMs: number) =>
    bytes(request(Fetch, 12, fetchRequest({ topic, offset: maxWaitMs > 0 ? 1 : 0, maxWaitMs })));
  const large = fetch(0);
  const manyLarge = new Uint8Array(20 * large.length);
  for (let i = 0; i < 20; i++) manyLarge.set(large, i * large.length);
  return {
    "nothing": new Uint8Array(0),
    "half a request": metadata.subarray(0, 9),
    "a request": metadata,
    "a request that waits for an hour": fetch(3_600_000),
    "requests whose answers it never reads": manyLarge,
  };
}

for (const target of await targetsWithNode()) {
  Deno.test(`clients that reset leave nothing behind, on ${target}`, async () => {
    const settings = { "max.connections": `${connectionsMax}` };
    const lines: string[] = [];
    const onLine = (line: string) => lines.push(line);
    await using broker = await BrokerProcess.start({ target, settings, onLine });
    const what = () => `an end of the rude ones\n${broker.output}`;
    await within(resetAlways(broker), { ms: endsWithinMs, what });
    const { code } = await broker.stop();
    assertEquals(code, 0, broker.output);
    assertEquals(lines.filter((line) => /TypeError|ERROR|bug/.test(line)), []);
    await broker.restart();
    assertEquals(lines.filter((line) => line.includes("unclean")), []);
  });
}

async function resetAlways(broker: BrokerProcess): Promise<void> {
  const topic = await topicWithOneLargeRecord(broker);
  const descriptors = countDescriptors(broker.pid);

  for (const opening of Object.values(openings(topic))) {
    // Accepted, perhaps answered, then reset.
    for (let i = 0; i < resetsEach; i += 10) {
      const peers = await Promise.all(
        Array.from({ length: 10 }, () => connectRudely(broker)),
      );
      for (const peer of peers) await peer.write(opening);
      await servedEventually(broker);
      for (const peer of peers) peer.reset();
      await servedEventually(broker);
    }
    // Reset before it can be accepted.
    Deno.kill(broker.pid, "SIGSTOP");
    for (let i = 0; i < resetsEach; i++) {
      const peer = await connectRudely(broker);
      await peer.write(opening);
      peer.reset();
    }
    Deno.kill(broker.pid, "SIGCONT");
    await servedEventually(broker);
  }

  // As many as may be open are let in: none of those that are gone counts.
  for (const client of await manyServed(broker, connectionsMax)) client[Symbol.dispose]();
  while (countDescriptors(broker.pid) > descriptors) await servedEventually(broker);
}

async function topicWithOneLargeRecord(broker: BrokerProcess): Promise<string> {
  using client = await RawClient.connect(broker);
  const { name: topic } = await makeTopic(client);
  await produceTo(client, { topic, records: batchOf(["x".repeat(500_000)]) });
  return topic;
}

/** Asks until one is served: those that are gone may have to be noticed first. */
async function servedEventually(broker: BrokerProcess): Promise<void> {
  for (;;) {
    using client = await RawClient.connect(broker);
    if (await isServed(client)) return;
  }
}

async function manyServed(broker: BrokerProcess, count: number): Promise<RawClient[]> {
  for (;;) {
    const clients: RawClient[] = [];
    for (let i = 0; i < count; i++) clients.push(await RawClient.connect(broker));
    const served = await Promise.all(clients.map(isServed));
    if (served.every((each) => each)) return clients;
    for (const client of clients) client[Symbol.dispose]();
  }
}

async function isServed(client: RawClient): Promise<boolean> {
  try {
    await client.assertServed();
    return true;
  } catch {
    return false;
  }
}

/** Open files and sockets of a process, where the system tells. */
function countDescriptors(pid: number): number {
  try {
    return [...Deno.readDirSync(`/proc/${pid}/fd`)].length;
  } catch {
    return 0;
  }
}
