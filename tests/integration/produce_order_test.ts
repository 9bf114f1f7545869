// Requests of one connection take effect in their order, though some have to wait before their
// append: for a codec that the broker has not loaded yet, or for a topic that is being made. Each
// test has a broker of its own, which has loaded nothing.

import { assertEquals } from "@std/assert";
import { concatBytes } from "../../src/base/bytes.ts";
import { ErrorCode, Produce } from "../../src/protocol/mod.ts";
import { type CompressionType, compressionTypes, loadCompression } from "../../src/records/mod.ts";
import { zlibCodecs as codecs } from "../../src/runtime/codecs.ts";
import { BrokerProcess } from "../harness/broker_process.ts";
import { RawClient, request } from "../harness/raw_client.ts";
import { makeTopic, produceRequest } from "../harness/raw_requests.ts";
import { buildBatch } from "../../src/records/build.ts";

for (const type of compressionTypes) await loadCompression(type);

async function baseOffsets(
  client: RawClient,
  topic: string,
  types: readonly CompressionType[],
): Promise<number[]> {
  const records = [{ value: new Uint8Array(100) }];
  const frames = types.map((compression, i) => {
    const batch = buildBatch({ records, compression, timestamp: Date.now() }, codecs);
    return request(Produce, 9, produceRequest({ topic, records: batch }), i);
  });
  await client.send(concatBytes(frames));
  const offsets: number[] = [];
  for (const i of types.keys()) {
    const { responses: [{ partitionResponses: [answer] }] } = await client.answer(Produce, 9, i);
    assertEquals(answer.errorCode, ErrorCode.NONE);
    offsets.push(answer.baseOffset);
  }
  return offsets;
}

const mixed = ["lz4", "none", "snappy", "none", "lz4", "gzip", "none"] as const;
const inOrder = mixed.map((_, i) => i);

Deno.test("a batch that waits for its codec is not overtaken by the next one", async () => {
  await using broker = await BrokerProcess.start();
  using client = await RawClient.connect(broker);
  const { name: topic } = await makeTopic(client);
  assertEquals(await baseOffsets(client, topic, mixed), inOrder);
});

Deno.test("a batch that waits for its topic is not overtaken by the next one", async () => {
  await using broker = await BrokerProcess.start();
  using client = await RawClient.connect(broker);
  assertEquals(await baseOffsets(client, "made-on-the-way", mixed), inOrder);
});
