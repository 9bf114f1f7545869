// What a consumer takes of large batches goes from the log's files to its socket, where a runtime
// can do that: the same bytes, for who takes them at once and for who does not, and while files go.

import { assert, assertEquals } from "@std/assert";
import { concatBytes } from "../../src/base/bytes.ts";
import { firstOf } from "../../src/base/items.ts";
import { Client, createTopic, deleteTopic } from "../../src/client/mod.ts";
import { decodeResponse, encodeRequest, Fetch, Produce } from "../../src/protocol/mod.ts";
import { baseOffsetOf, batchSizeOf, buildBatch, lastOffsetOf } from "../../src/records/mod.ts";
import { denoRuntime } from "../../src/runtime/deno.ts";
import { BrokerProcess } from "../harness/broker_process.ts";
import { untilAnswered } from "../harness/deadline.ts";
import { targetsHere } from "../harness/targets.ts";
import { checkProduced } from "../../scripts/bench/frames.ts";
import { runLoad } from "../../scripts/bench/load.ts";

const version = 11;
const topic = "parts";
const batches = 100;
const recordsOfBatch = 100;
/** Behind what the broker writes into a batch: its offset, length, epoch. */
const sentFrom = 16;

const batch = buildBatch({
  records: Array.from({ length: recordsOfBatch }, () => ({
    key: null,
    value: crypto.getRandomValues(new Uint8Array(1000)),
    headers: [],
  })),
  timestamp: 1_700_000_000_000,
});
const sent = batch.slice(sentFrom);
const origin = { correlationId: 1, clientId: "test" };

function produceRequest(): Uint8Array {
  return concatBytes(encodeRequest(Produce, 9, origin, {
    transactionalId: null,
    acks: 1,
    timeoutMs: 30_000,
    topicData: [{ name: topic, partitionData: [{ index: 0, records: batch }] }],
  }));
}

function fetchRequest(offset: number, bytesMax: number): Uint8Array {
  return concatBytes(encodeRequest(Fetch, version, origin, {
    replicaId: -1,
    maxWaitMs: 500,
    minBytes: 1,
    maxBytes: bytesMax,
    topics: [{
      topic,
      partitions: [{ partition: 0, fetchOffset: offset, partitionMaxBytes: bytesMax }],
    }],
    forgottenTopicsData: [],
  }));
}

async function readExactly(socket: Deno.Conn, into: Uint8Array): Promise<void> {
  for (let done = 0; done < into.length;) {
    const count = await socket.read(into.subarray(done));
    if (count === null) throw new Error("the broker hung up");
    done += count;
  }
}

async function readAnswer(socket: Deno.Conn): Promise<Uint8Array> {
  const size = new Uint8Array(4);
  await readExactly(socket, size);
  return recordsOf(await readFrame(socket, size));
}

async function readFrame(socket: Deno.Conn, size: Uint8Array): Promise<Uint8Array> {
  const frame = new Uint8Array(new DataView(size.buffer).getInt32(0));
  await readExactly(socket, frame);
  return frame;
}

function recordsOf(frame: Uint8Array): Uint8Array {
  const { message } = decodeResponse(Fetch, version, frame);
  const { errorCode, records } = firstOf(firstOf(message.responses).partitions);
  assertEquals(errorCode, 0);
  return records!;
}

/** From the first batch on; each batch is where it should be, and as it was sent. */
async function consume(port: number, bytesMax: number): Promise<void> {
  const socket = await Deno.connect({ port });
  for (let offset = 0; offset < batches * recordsOfBatch;) {
    await socket.write(fetchRequest(offset, bytesMax));
    offset = checked(await readAnswer(socket), offset);
  }
  socket.close();
}

/** The offset behind these batches. */
function checked(records: Uint8Array, from: number): number {
  assert(records.length > 0, `nothing at ${from}`);
  let offset = from;
  for (let position = 0; position < records.length;) {
    assertEquals(baseOffsetOf(records, position), offset);
    const size = batchSizeOf(records, position);
    const content = records.subarray(position + sentFrom, position + size);
    assertEquals(content.length, sent.length);
    assert(content.every((byte, i) => byte === sent[i]), `the batch at ${offset} is another`);
    offset = lastOffsetOf(records, position) + 1;
    position += size;
  }
  return offset;
}

async function withBroker(
  target: Awaited<ReturnType<typeof targetsHere>>[number],
  segmentBytes: number,
  use: (broker: BrokerProcess, client: Client) => Promise<void>,
): Promise<void> {
  const settings = {
    "log.segment.bytes": String(segmentBytes),
    "log.segment.delete.delay.ms": "0",
  };
  const broker = await BrokerProcess.start({ target, settings });
  try {
    const bootstrap = `127.0.0.1:${broker.port}`;
    const client = await Client.connect(denoRuntime(), { bootstrap });
    await createTopic(client, { name: topic, partitions: 1, replicationFactor: 1 });
    const frame = produceRequest();
    const load = { port: broker.port, connections: 1, inFlight: 1, durationMs: 0 };
    for (let i = 0; i < batches; i++) {
      await runLoad({ ...load, request: () => frame, check: checkProduced });
    }
    await use(broker, client);
    await client.close();
  } finally {
    await broker.close();
  }
}

for (const target of await targetsHere()) {
  Deno.test(`${target}: consumers are given what was produced, by as much as they ask for`, () =>
    withBroker(target, 3_000_000, async ({ port }) => {
      await consume(port, 1_000_000);
      await consume(port, 50_000_000);
    }));

  Deno.test(`${target}: an answer is whole though its topic goes before it is taken`, () =>
    withBroker(target, 100_000_000, async ({ port, dataDir }, client) => {
      const slow = await Deno.connect({ port });
      await slow.write(fetchRequest(0, 150_000));
      const next = checked(await readAnswer(slow), 0);
      // More than a socket has room for while nobody reads.
      await slow.write(fetchRequest(next, 50_000_000));
      const size = new Uint8Array(4);
      await readExactly(slow, size);
      await deleteTopic(client, topic);
      await gone(`${dataDir}/${topic}-0`);
      const records = recordsOf(await readFrame(slow, size));
      assertEquals(checked(records, next), batches * recordsOfBatch);
      slow.close();
    }));
}

async function gone(path: string): Promise<void> {
  await untilAnswered(async () => {
    const isThere = await Deno.stat(path).then(() => true, () => false);
    if (isThere) throw new Error(`${path} is still there`);
  }, 10_000);
}
