// Consumers that ask for much and do not take it: what they hold of the broker's memory is bounded,
// and others go on, a batch at a time, until there is room again.

import { assert, assertEquals } from "@std/assert";
import { Fetch, Produce } from "../../src/protocol/mod.ts";
import { BrokerProcess } from "../harness/broker_process.ts";
import { within } from "../harness/deadline.ts";
import { RawClient, request } from "../harness/raw_client.ts";
import { batchOf, makeTopic, produceRequest } from "../harness/raw_requests.ts";

const batches = 40;
const batchBytes = 500_000;
/** Beyond what the kernel buffers for a connection whose peer does not read. */
const hoarders = 6;

Deno.test("consumers that do not read leave room for the others", async () => {
  const settings = { "ottla.fetch.memory.bytes.max": "10000000" };
  await using broker = await BrokerProcess.start({ settings });
  using client = await RawClient.connect(broker);
  const { name: topic } = await makeTopic(client);
  const records = batchOf(["x".repeat(batchBytes)]);
  for (let i = 0; i < batches; i++) {
    await client.ask(Produce, 9, produceRequest({ topic, records: records.slice(), acks: 1 }));
  }
  const everything = {
    replicaId: -1,
    maxWaitMs: 0,
    minBytes: 0,
    maxBytes: 2 * batches * batchBytes,
    topics: [{
      topic,
      partitions: [{ partition: 0, fetchOffset: 0, partitionMaxBytes: 2 * batches * batchBytes }],
    }],
    forgottenTopicsData: [],
  };
  const fetchedBytes = async () => {
    const { responses } = await client.ask(Fetch, 11, everything);
    return responses[0].partitions[0].records?.length ?? 0;
  };
  /** Asks until the answer is of that size: others' answers come and go meanwhile. */
  const untilItIs = async (isRight: (bytes: number) => boolean) => {
    for (;;) if (isRight(await fetchedBytes())) return;
  };

  const all = await fetchedBytes();
  assert(all > 9_000_000 && all <= 10_000_000, `${all} bytes`);
  const waiting = await Promise.all(
    Array.from({ length: hoarders }, () => RawClient.connect(broker)),
  );
  for (const each of waiting) await each.send(request(Fetch, 11, everything));
  for (const each of waiting) await each.send(request(Fetch, 11, everything));
  await within(untilItIs((bytes) => bytes === records.length), {
    ms: 30_000,
    what: () => "an answer of one batch, since others hold what there is",
  });
  for (const each of waiting) each[Symbol.dispose]();
  await within(untilItIs((bytes) => bytes === all), {
    ms: 30_000,
    what: () => "an answer of all, since the others have gone",
  });
  assertEquals((await broker.stop()).code, 0);
});
