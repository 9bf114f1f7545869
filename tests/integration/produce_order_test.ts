// Requests of one connection take effect in their order, though some have to wait before their
// append: for a codec that the broker has not loaded yet, or since they are large and looked at in
// slices. Each test has a broker of its own, which has loaded nothing.

import { assertEquals } from "@std/assert";
import { concatBytes } from "../../src/base/bytes.ts";
import type { Int64 } from "../../src/base/int64.ts";
import { ErrorCode, Produce } from "../../src/protocol/mod.ts";
import { type CompressionType, compressionTypes, loadCompression } from "../../src/records/mod.ts";
import { zlibCodecs as codecs } from "../../src/runtime/codecs.ts";
import { BrokerProcess } from "../harness/broker_process.ts";
import { RawClient, request } from "../harness/raw_client.ts";
import { makeTopic, produceRequest } from "../harness/raw_requests.ts";
import { buildBatch } from "../../src/records/build.ts";

for (const type of compressionTypes) await loadCompression(type);

interface Batches {
  readonly types?: readonly CompressionType[];
  readonly valueBytes?: number;
}

const mixed = ["lz4", "none", "snappy", "none", "lz4", "gzip", "none"] as const;
const inOrder = mixed.map((_, i) => i);

async function baseOffsets(
  client: RawClient,
  topic: string,
  { types = mixed, valueBytes = 100 }: Batches = {},
): Promise<Int64[]> {
  // Noise, which no codec makes small; platforms give 64 KiB of it at a time.
  const value = new Uint8Array(valueBytes);
  for (let at = 0; at < valueBytes; at += 65_536) {
    crypto.getRandomValues(value.subarray(at, at + 65_536));
  }
  const records = [{ value }];
  const frames = types.map((compression, i) => {
    const batch = buildBatch({ records, compression, timestamp: Date.now() }, codecs);
    return request(Produce, 9, produceRequest({ topic, records: batch }), i);
  });
  await client.send(concatBytes(frames));
  const offsets: Int64[] = [];
  for (const i of types.keys()) {
    const { responses: [{ partitionResponses: [answer] }] } = await client.answer(Produce, 9, i);
    assertEquals(answer.errorCode, ErrorCode.NONE);
    offsets.push(answer.baseOffset);
  }
  return offsets;
}

Deno.test("a batch that waits for its codec is not overtaken by the next one", async () => {
  await using broker = await BrokerProcess.start();
  using client = await RawClient.connect(broker);
  const { name: topic } = await makeTopic(client);
  assertEquals(await baseOffsets(client, topic), inOrder);
});

Deno.test("a batch that is looked at in slices is not overtaken by the next one", async () => {
  await using broker = await BrokerProcess.start();
  using client = await RawClient.connect(broker);
  const { name: topic } = await makeTopic(client);
  assertEquals(await baseOffsets(client, topic, { valueBytes: 700_000 }), inOrder);
  const types = ["zstd", "none", "gzip", "none"] as const;
  const more = await baseOffsets(client, topic, { types, valueBytes: 300_000 });
  assertEquals(more, [7, 8, 9, 10]);
});
