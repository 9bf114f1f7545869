// Clients of Kafka 0.8 to 0.10 against clients of today, through one broker: what either writes,
// the other reads. Produce 0-2 and Fetch 0-3 carry message sets, everything later v2 batches.

import { assert, assertEquals } from "@std/assert";
import { fromUtf8, utf8 } from "../../src/base/bytes.ts";
import { type Int64, INT64_MAX } from "../../src/base/int64.ts";
import { ErrorCode, Fetch } from "../../src/protocol/mod.ts";
import {
  buildBatch,
  type CompressionType,
  compressionTypes,
  loadCompression,
  readAllRecords,
  readBatchHeader,
} from "../../src/records/mod.ts";
import { zlibCodecs as codecs } from "../../src/runtime/codecs.ts";
import { messageSetOf, messagesIn, shallowMessages } from "../harness/message_sets.ts";
import type { RawClient } from "../harness/raw_client.ts";
import { fetchFrom, type FetchOptions, makeTopic, produceTo } from "../harness/raw_requests.ts";
import { simulated } from "../harness/simulated_broker.ts";
import { sharedBroker } from "../harness/shared_broker.ts";

for (const type of compressionTypes) await loadCompression(type);

const shared = sharedBroker();
const legacyTypes = ["none", "gzip", "snappy", "lz4"] as const;
const now = Date.now();
const messages = ["one", "two", "three"].map((text, i) => ({
  timestamp: now + i,
  key: i === 1 ? null : utf8(`key of ${text}`),
  value: i === 2 ? null : utf8(text.repeat(100)),
}));

const magicOfProduce = (version: number) => version < 2 ? 0 : 1;
const magicOfFetch = (version: number) => version < 2 ? 0 : 1;

/** What a version's consumer should see of `messages`, from `baseOffset` on. */
function expected(magic: 0 | 1, baseOffset = 0) {
  return messages.map((message, i) => {
    return { ...message, offset: baseOffset + i, timestamp: magic === 0 ? -1 : message.timestamp };
  });
}

async function fetchSet(client: RawClient, options: FetchOptions & { version: number }) {
  const answer = await fetchFrom(client, options);
  assertEquals(answer.errorCode, ErrorCode.NONE);
  return answer.records!;
}

/** The stored batches as a consumer of today gets them. */
async function storedIn(client: RawClient, topic: string) {
  const { records } = await fetchFrom(client, { topic });
  return records!;
}

function codecOf(batch: Uint8Array): CompressionType {
  return compressionTypes[readBatchHeader(batch).attributes & 7];
}

for (const compression of legacyTypes) {
  Deno.test(`old producers' messages reach all consumers, compression ${compression}`, async () => {
    using client = await shared.connect();
    for (const version of [0, 1, 2]) {
      const { name: topic } = await makeTopic(client);
      const magic = magicOfProduce(version);
      for (const baseOffset of [0, 3]) {
        const records = messageSetOf(messages, { magic, compression });
        const answer = await produceTo(client, { topic, records, version });
        assertEquals([answer.errorCode, answer.baseOffset], [ErrorCode.NONE, baseOffset]);
      }
      const stored = await storedIn(client, topic);
      assertEquals(codecOf(stored), compression);
      const both = [...expected(magic), ...expected(magic, 3)];
      assertEquals(
        readAllRecords(stored, { codecs }),
        both.map((message) => ({ ...message, headers: [] })),
      );
      for (const fetch of [0, 1, 2, 3]) {
        const set = await fetchSet(client, { topic, version: fetch });
        const untimed = magicOfFetch(fetch) === 0 ? { timestamp: -1 } : {};
        assertEquals(messagesIn(set), both.map((message) => ({ ...message, ...untimed })));
      }
    }
  });

  Deno.test(`new producers' records reach old consumers, compression ${compression}`, async () => {
    using client = await shared.connect();
    const { name: topic } = await makeTopic(client);
    const headers = [{ key: "dropped", value: utf8("on the way") }];
    const records = messages.map((message) => ({ ...message, headers }));
    const batch = buildBatch({ records, compression }, codecs);
    await produceTo(client, { topic, records: batch });
    await produceTo(client, { topic, records: buildBatch({ records, compression }, codecs) });
    for (const version of [0, 1, 2, 3]) {
      const magic = magicOfFetch(version);
      const both = [...expected(magic), ...expected(magic, 3)];
      for (const offset of [0, 2, 4]) {
        const set = await fetchSet(client, { topic, offset, version });
        assertEquals(messagesIn(set), both.slice(offset));
        const { attributes } = shallowMessages(set)[0];
        assertEquals(compressionTypes[attributes & 7], compression);
      }
      assertEquals((await fetchSet(client, { topic, offset: 6, version })).length, 0);
    }
  });
}

Deno.test("an old consumer's bound holds, but for the first message", async () => {
  using client = await shared.connect();
  const { name: topic } = await makeTopic(client);
  const records = Array.from(
    { length: 20 },
    () => ({ value: new Uint8Array(1000), timestamp: now }),
  );
  await produceTo(client, { topic, records: buildBatch({ records }) });
  for (const version of [0, 1, 2, 3]) {
    const seen: Int64[] = [];
    while (seen.length < records.length) {
      const offset = seen.length;
      const set = await fetchSet(client, { topic, offset, version, partitionMaxBytes: 3500 });
      assert(set.length > 0 && set.length <= 3500);
      seen.push(...messagesIn(set).map((message) => message.offset));
    }
    assertEquals(seen, records.map((_, i) => i));
    const first = await fetchSet(client, { topic, version, partitionMaxBytes: 10 });
    assertEquals(messagesIn(first).length, 1);
  }
});

Deno.test("zstd is refused to whoever cannot know it", async () => {
  using client = await shared.connect();
  const { name: topic } = await makeTopic(client);
  const zstd = () => buildBatch({ records: messages, compression: "zstd" }, codecs);
  const early = await produceTo(client, { topic, records: zstd(), version: 6 });
  assertEquals(early.errorCode, ErrorCode.UNSUPPORTED_COMPRESSION_TYPE);
  await produceTo(client, { topic, records: zstd(), version: 7 });
  for (const version of [0, 1, 2, 3]) {
    const { errorCode, records } = await fetchFrom(client, { topic, version });
    assertEquals([errorCode, records?.length], [ErrorCode.UNSUPPORTED_COMPRESSION_TYPE, 0]);
  }
  assertEquals(codecOf(await fetchSet(client, { topic, version: 4 })), "zstd");
  const { name: ofTopic } = await makeTopic(client, { configs: { "compression.type": "zstd" } });
  await produceTo(client, { topic: ofTopic, records: buildBatch({ records: messages }) });
  for (const [version, code] of [[3, 76], [4, 0], [9, 0], [10, 0]] as const) {
    const { errorCode } = await fetchFrom(client, { topic: ofTopic, version });
    assertEquals(errorCode, code, `Fetch ${version}`);
  }
});

Deno.test("message sets are for Produce 0 to 2 alone, which take v2 batches as well", async () => {
  using client = await shared.connect();
  const { name: topic } = await makeTopic(client);
  const late = await produceTo(client, {
    topic,
    records: messageSetOf(messages, { magic: 1 }),
    version: 3,
  });
  assertEquals(late.errorCode, ErrorCode.INVALID_RECORD);
  for (const [baseOffset, version] of [0, 1, 2].entries()) {
    const records = buildBatch({ records: [messages[0]] });
    const answer = await produceTo(client, { topic, records, version });
    assertEquals([answer.errorCode, answer.baseOffset], [ErrorCode.NONE, baseOffset]);
  }
});

for (const target of ["uncompressed", "gzip", "snappy", "lz4", "zstd"] as const) {
  Deno.test(`compression.type ${target} holds for whatever producers send`, async () => {
    using client = await shared.connect();
    const { name: topic } = await makeTopic(client, { configs: { "compression.type": target } });
    let count = 0;
    for (const compression of compressionTypes) {
      const records = buildBatch({ records: messages, compression }, codecs);
      const { errorCode, baseOffset } = await produceTo(client, { topic, records });
      assertEquals([errorCode, baseOffset], [ErrorCode.NONE, count]);
      count += messages.length;
    }
    const old = messageSetOf(messages, { magic: 1, compression: "gzip" });
    assertEquals((await produceTo(client, { topic, records: old, version: 2 })).baseOffset, count);
    const stored = await storedIn(client, topic);
    for (let position = 0, i = 0; position < stored.length; i++) {
      const header = readBatchHeader(stored, position);
      const codec = compressionTypes[header.attributes & 7];
      assertEquals(codec, target === "uncompressed" ? "none" : target, `batch ${i}`);
      position += header.sizeBytes;
    }
    const values = readAllRecords(stored, { codecs }).map(({ value }) => value && fromUtf8(value));
    const each = messages.map(({ value }) => value && fromUtf8(value));
    assertEquals(values, Array.from({ length: 6 }, () => each).flat());
  });
}

Deno.test("consumers see the broker's time where the topic says so", async () => {
  using client = await shared.connect();
  const { name: topic } = await makeTopic(client, {
    configs: { "message.timestamp.type": "LogAppendTime" },
  });
  for (const compression of legacyTypes) {
    const records = messageSetOf([{ ...messages[0], timestamp: 5 }], { magic: 1, compression });
    const answer = await produceTo(client, { topic, records, version: 2 });
    assert(answer.logAppendTimeMs >= now);
    const offset = answer.baseOffset;
    const set = await fetchSet(client, { topic, offset, version: 3 });
    assertEquals(messagesIn(set).map(({ timestamp }) => timestamp), [answer.logAppendTimeMs]);
    assertEquals(shallowMessages(set)[0].attributes & 8, 8);
    assertEquals(
      messagesIn(await fetchSet(client, { topic, offset, version: 1 }))[0].timestamp,
      -1,
    );
  }
});

Deno.test("records at fault are named one by one, and nothing of their batch is kept", async () => {
  using client = await shared.connect();
  const configs = { "cleanup.policy": "compact", "message.timestamp.after.max.ms": "1000" };
  const { name: topic } = await makeTopic(client, { configs });
  const key = utf8("k");
  const bad = [{ key }, { key: null }, { key }, { key: null }];
  for (const compression of compressionTypes) {
    const keyless = buildBatch({ records: bad, timestamp: now, compression }, codecs);
    const refused = await produceTo(client, { topic, records: keyless, version: 8 });
    assertEquals(refused.errorCode, ErrorCode.INVALID_RECORD);
    assertEquals(refused.recordErrors.map(({ batchIndex }) => batchIndex), [1, 3]);
    assert(refused.recordErrors.every(({ batchIndexErrorMessage }) => batchIndexErrorMessage));
    assert(refused.errorMessage);
    const times = [{ key, timestamp: now }, { key, timestamp: now + 3_600_000 }];
    const early = buildBatch({ records: times, compression }, codecs);
    const untimely = await produceTo(client, { topic, records: early, version: 8 });
    assertEquals(untimely.errorCode, ErrorCode.INVALID_TIMESTAMP);
    assertEquals(untimely.recordErrors.map(({ batchIndex }) => batchIndex), [1]);
  }
  assertEquals((await fetchFrom(client, { topic })).highWatermark, 0);
});

Deno.test("a fetch of several partitions gives an old consumer something of each", async () => {
  using client = await shared.connect();
  const { name: topic } = await makeTopic(client, { partitions: 3 });
  for (const partition of [0, 1, 2]) {
    await produceTo(client, { topic, partition, records: buildBatch({ records: messages }) });
  }
  const partitions = [0, 1, 2].map((partition) => {
    return { partition, fetchOffset: 0, partitionMaxBytes: 10 };
  });
  const { responses } = await client.ask(Fetch, 2, {
    maxWaitMs: 0,
    minBytes: 1,
    topics: [{ topic, partitions }],
    forgottenTopicsData: [],
  });
  assertEquals(responses[0].partitions.map(({ records }) => messagesIn(records!).length), [
    1,
    1,
    1,
  ]);
});

Deno.test("old messages may have any time, too, where the topic lets them", async () => {
  using client = await shared.connect();
  const [{ name: strict }, { name: topic }, { name: stamping }] = [
    await makeTopic(client),
    await makeTopic(client, { configs: { "message.timestamp.after.max.ms": `${INT64_MAX}` } }),
    await makeTopic(client, { configs: { "message.timestamp.type": "LogAppendTime" } }),
  ];
  const times: Int64[] = [2n ** 53n, 1_700_000_000_000_000_001n, INT64_MAX];
  for (const [i, compression] of legacyTypes.entries()) {
    const sent = times.map((timestamp) => ({ ...messages[0], timestamp }));
    const set = messageSetOf(sent, { magic: 1, compression });
    const send = (topic: string) => produceTo(client, { topic, records: set.slice(), version: 2 });
    assertEquals((await send(strict)).errorCode, ErrorCode.INVALID_TIMESTAMP);
    assertEquals((await send(stamping)).errorCode, ErrorCode.NONE);
    const { errorCode, baseOffset: offset } = await send(topic);
    assertEquals([errorCode, offset], [ErrorCode.NONE, i * times.length]);
    const seen = messagesIn(await fetchSet(client, { topic, offset, version: 3 }));
    assertEquals(seen.map(({ timestamp }) => timestamp), times);
  }
});

Deno.test("a batch that there is never memory to convert is too large for good", async () => {
  const settings = { "ottla.memory.bytes.max": `${64 << 20}`, "message.max.bytes": "50000000" };
  await simulated({ settings }, async ({ connect }) => {
    using client = await connect();
    const { NONE, MESSAGE_TOO_LARGE } = ErrorCode;
    for (const [megabytes, errorCode] of [[4, NONE], [12, MESSAGE_TOO_LARGE]] as const) {
      const { name: topic } = await makeTopic(client);
      const value = new Uint8Array(megabytes << 20);
      const records = buildBatch({
        records: [{ key: null, value, headers: [] }],
        compression: "gzip",
        timestamp: now,
      }, codecs);
      await produceTo(client, { topic, records });
      for (const version of [0, 3]) {
        const answer = await fetchFrom(client, { topic, version });
        assertEquals(answer.errorCode, errorCode, `${megabytes} MB, version ${version}`);
      }
      // Whoever reads batches gets it as it is.
      const { errorCode: today } = await fetchFrom(client, { topic });
      assertEquals(today, ErrorCode.NONE);
    }
  });
});
