// Consumers that ask for much and do not take it: what they hold of the broker's memory is bounded,
// and those who take nothing are dropped once others wait for it.

import { assert, assertEquals } from "@std/assert";
import { Fetch, Produce } from "../../src/protocol/mod.ts";
import { BrokerProcess } from "../harness/broker_process.ts";
import { within } from "../harness/deadline.ts";
import { RawClient, request } from "../harness/raw_client.ts";
import { batchOf, makeTopic, produceRequest } from "../harness/raw_requests.ts";

const batches = 40;
const batchBytes = 500_000;
/** More than there is memory for a batch of: some of them wait for the others. */
const hoarders = 25;
/** Beyond what the kernel buffers for a connection whose peer does not read. */
const requests = 40;

Deno.test("consumers that do not read leave room for the others", async () => {
  const settings = { "ottla.fetch.memory.bytes.max": "10000000" };
  const slowOnes = Promise.withResolvers<void>();
  const onLine = (line: string) => {
    if (line.includes("whose peer is slow")) slowOnes.resolve();
  };
  await using broker = await BrokerProcess.start({ settings, onLine });
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
  assert(all > 2_000_000 && all <= 10_000_000, `${all} bytes`);
  const waiting = await Promise.all(
    Array.from({ length: hoarders }, () => RawClient.connect(broker)),
  );
  for (const each of waiting) {
    for (let i = 0; i < requests; i++) await each.send(request(Fetch, 11, everything));
  }
  await within(slowOnes.promise, {
    ms: 60_000,
    what: () => "a hoarder that is dropped, since others wait for what it holds",
  });
  for (const each of waiting) each[Symbol.dispose]();
  await within(untilItIs((bytes) => bytes === all), {
    ms: 30_000,
    what: () => "an answer as at first, since the others have gone",
  });
  assertEquals((await broker.stop()).code, 0);
});
