// Quotas over the wire: who is over one is told for how long to pause, gets the answer all the
// same, and has to wait with the next request (KIP-219). Others do not notice.

import { assert, assertEquals } from "@std/assert";
import { AlterClientQuotas } from "../../src/protocol/apis/49_alter_client_quotas.ts";
import { encodeRequest, ErrorCode, Fetch, Metadata, Produce } from "../../src/protocol/mod.ts";
import { concatBytes } from "../../src/base/bytes.ts";
import { BrokerProcess } from "../harness/broker_process.ts";
import { RawClient } from "../harness/raw_client.ts";
import { batchOf, fetchRequest, makeTopic, produceRequest } from "../harness/raw_requests.ts";

// Windows of one second, of which two may be used at once: pauses are short, and tests quick.
const settings = { "quota.window.num": "3" };
const burstSeconds = 2;

const application = "raw-client";

async function setQuota(client: RawClient, key: string, value: number, entityName = application) {
  const entity = [{ entityType: "client-id", entityName }];
  const ops = [{ key, value, remove: value === 0 }];
  const { entries } = await client.ask(AlterClientQuotas, 1, {
    entries: [{ entity, ops }],
    validateOnly: false,
  });
  assertEquals(entries[0].errorCode, ErrorCode.NONE);
}

/** When `work` was begun and ended, in milliseconds. */
async function timed<T>(
  work: Promise<T>,
): Promise<{ result: T; beganMs: number; endedMs: number }> {
  const beganMs = performance.now();
  const result = await work;
  return { result, beganMs, endedMs: performance.now() };
}

Deno.test("a producer over its quota is answered at once, and its next request waits", async () => {
  await using broker = await BrokerProcess.start({ settings });
  using client = await RawClient.connect(broker);
  using other = await RawClient.connect(broker);
  const { name: topic } = await makeTopic(client);
  const records = batchOf(["x".repeat(10_000)]);
  await setQuota(client, "producer_byte_rate", 4_000);
  const request = produceRequest({ topic, records, acks: -1 });
  const { result: produced, beganMs } = await timed(client.ask(Produce, 9, request));
  assertEquals(produced.responses[0].partitionResponses[0].errorCode, ErrorCode.NONE);
  // 10 KB and a bit, of which 8 KB may be used at once: the rest costs half a second and more.
  const pauseMs = produced.throttleTimeMs;
  assert(pauseMs >= 500 && pauseMs <= 1_000, `${pauseMs} ms`);
  const metadata = { topics: [{ name: topic }] };
  const [own, others] = await Promise.all([
    timed(client.ask(Metadata, 9, metadata)),
    timed(metadataAs(other, "somebody-else", metadata)),
  ]);
  // The pause began after the request was sent, and before its answer was read.
  const waitedMs = own.endedMs - beganMs;
  assert(waitedMs >= pauseMs, `waited ${waitedMs} of ${pauseMs} ms`);
  assertEquals(own.result.throttleTimeMs, 0);
  assert(others.endedMs < own.endedMs, "another client waited, too");
});

/** Metadata from a client of another name. */
async function metadataAs(
  client: RawClient,
  clientId: string,
  message: { topics: { name: string }[] },
) {
  const origin = { correlationId: 7, clientId };
  await client.send(concatBytes(encodeRequest(Metadata, 9, origin, message)));
  return await client.answer(Metadata, 9);
}

Deno.test("a producer that wants no answer has to wait as well", async () => {
  await using broker = await BrokerProcess.start({ settings });
  using client = await RawClient.connect(broker);
  const { name: topic } = await makeTopic(client);
  await setQuota(client, "producer_byte_rate", 4_000);
  const records = batchOf(["x".repeat(10_000)]);
  const origin = { correlationId: 1, clientId: application };
  const silent = encodeRequest(Produce, 9, origin, produceRequest({ topic, records, acks: 0 }));
  const sentMs = performance.now();
  await client.send(concatBytes(silent));
  const { endedMs } = await timed(client.ask(Metadata, 9, { topics: [] }));
  assert(endedMs - sentMs > 500, `${endedMs - sentMs} ms`);
});

Deno.test("a consumer over its quota gets an empty answer, then its records", async () => {
  await using broker = await BrokerProcess.start({ settings });
  using client = await RawClient.connect(broker);
  const { name: topic } = await makeTopic(client);
  for (let i = 0; i < 3; i++) {
    const records = batchOf(["x".repeat(5_000)]);
    await client.ask(Produce, 9, produceRequest({ topic, records, acks: 1 }));
  }
  await setQuota(client, "consumer_byte_rate", 4_000);
  const fetch = async (offset: number) => {
    const { result, ...times } = await timed(
      client.ask(Fetch, 12, fetchRequest({ topic, offset })),
    );
    const bytes = result.responses[0]?.partitions[0].records?.length;
    return { bytes, pauseMs: result.throttleTimeMs, ...times };
  };
  // At most what may be used at once is given, in whole batches.
  const first = await fetch(0);
  assert(first.bytes! > 5_000 && first.bytes! <= burstSeconds * 4_000, `${first.bytes} bytes`);
  assertEquals(first.pauseMs, 0);
  const second = await fetch(1);
  assertEquals(second.bytes, undefined);
  assert(second.pauseMs > 0);
  for (let pause = second;;) {
    const again = await fetch(1);
    const waitedMs = again.endedMs - pause.beganMs;
    assert(waitedMs >= pause.pauseMs, `waited ${waitedMs} of ${pause.pauseMs} ms`);
    if (again.bytes !== undefined) break;
    pause = again;
  }
});

Deno.test("a quota of the event loop's time holds for every kind of request", async () => {
  await using broker = await BrokerProcess.start({ settings });
  using client = await RawClient.connect(broker);
  const { name: topic } = await makeTopic(client);
  await setQuota(client, "request_percentage", 0.001);
  const message = { topics: [{ name: topic }] };
  let pauseMs = 0;
  for (let i = 0; i < 20 && pauseMs === 0; i++) {
    pauseMs = (await client.ask(Metadata, 9, message)).throttleTimeMs;
  }
  assert(pauseMs > 0 && pauseMs <= 1_000, `${pauseMs} ms`);
  await setQuota(client, "request_percentage", 0);
  assertEquals((await client.ask(Metadata, 9, message)).throttleTimeMs, 0);
});

Deno.test("a broker with paused clients stops without waiting for them", async () => {
  await using broker = await BrokerProcess.start({ settings });
  using client = await RawClient.connect(broker);
  const { name: topic } = await makeTopic(client);
  await setQuota(client, "producer_byte_rate", 10);
  const records = batchOf(["x".repeat(10_000)]);
  const { throttleTimeMs } = await client.ask(Produce, 9, produceRequest({ topic, records }));
  assert(throttleTimeMs > 60_000);
  const { code } = await broker.stop();
  assertEquals(code, 0, broker.output);
});
